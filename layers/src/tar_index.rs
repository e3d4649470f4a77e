//! An uncompressed tar archive on the host as a tree, without copying contents.
//!
//! Every member becomes a range of the archive. Understood are ustar, GNU long names and PAX. What a
//! layer could not carry faithfully is refused with the name of the member rather than dropped:
//! devices, sparse files, capabilities. The archive is untrusted: what is read of it into memory is
//! capped, sizes are held against its length, and no name of it decides a path on the host.

use std::{
    cell::Cell,
    collections::BTreeSet,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::Arc,
};

use tar::{Archive, EntryType};

use crate::{Content, Entry, ImagePath, ImagePathError, Node, Tree, TreeError};

/// The most that is read for the headers of one member: a path and a link of 4 KiB each, with room
/// for extended attributes, which are skipped.
const METADATA_LIMIT: u64 = 1 << 20;
/// The one extended attribute that changes what a program may do.
const CAPABILITY: &str = "SCHILY.xattr.security.capability";

impl Tree {
    /// The tree of an uncompressed archive, whose contents stay in it and are read when the layer is
    /// written.
    ///
    /// The root directory, which packages list as `./`, is skipped. Times, names of users and
    /// extended attributes other than capabilities are ignored.
    ///
    /// # Errors
    /// [`IndexError`], with the member at fault as far as there is one.
    pub fn from_tar(path: &Path) -> Result<Self, IndexError> {
        let file = File::open(path).map_err(|source| IndexError::Open {
            archive: path.to_owned(),
            source,
        })?;
        Self::from_tar_reader(file, path)
    }

    /// As [`Tree::from_tar`], for an archive that is already open; `path` is where contents will be
    /// read later.
    ///
    /// # Errors
    /// As [`Tree::from_tar`].
    pub fn from_tar_reader(mut archive: impl Read + Seek, path: &Path) -> Result<Self, IndexError> {
        let broken = |source| IndexError::Read {
            archive: path.to_owned(),
            source,
        };
        let length = archive.seek(SeekFrom::End(0)).map_err(broken)?;
        archive.rewind().map_err(broken)?;

        let budget = Cell::new(METADATA_LIMIT);
        let mut archive = Archive::new(Capped {
            inner: archive,
            budget: &budget,
        });
        let location = Location {
            path: path.into(),
            length,
        };
        let mut tree = Self::new();
        for member in archive.entries_with_seek().map_err(broken)? {
            let mut member = member.map_err(broken)?;
            insert_member(&mut tree, &mut member, &location).map_err(|source| {
                IndexError::Member {
                    archive: path.to_owned(),
                    member: String::from_utf8_lossy(&member.path_bytes()).into_owned(),
                    source,
                }
            })?;
            budget.set(METADATA_LIMIT);
        }
        Ok(tree)
    }
}

/// The archive that contents will be read from.
struct Location {
    path: Arc<Path>,
    length: u64,
}

fn insert_member<R: Read>(
    tree: &mut Tree,
    member: &mut tar::Entry<'_, R>,
    location: &Location,
) -> Result<(), MemberError> {
    check_extensions(member)?;
    let header = member.header();
    let kind = header.entry_type();
    let name = text(&member.path_bytes())?;
    if kind.is_pax_global_extensions() {
        return Ok(());
    }
    // Archives older than ustar mark directories by the slash alone.
    let directory = kind.is_dir() || (kind.is_file() && name.ends_with('/'));
    if directory && matches!(name.as_str(), "." | "./" | "/") {
        return Ok(());
    }

    let path: ImagePath = name.parse()?;
    let node = if directory {
        Node::Directory
    } else {
        match kind {
            EntryType::Regular => Node::File(range(member, location)?),
            EntryType::Symlink => Node::Symlink(link_name(member)?),
            EntryType::Link => Node::HardLink(link_name(member)?.parse()?),
            other => return Err(MemberError::Kind(kind_in_words(other))),
        }
    };
    if !matches!(node, Node::File(_)) && member.size() != 0 {
        return Err(MemberError::UnexpectedContent);
    }

    let number = |value: u64| u32::try_from(value).map_err(|_| MemberError::Owner(value));
    let entry = Entry {
        node,
        mode: header.mode().map_err(MemberError::Header)? & 0o7777,
        uid: number(header.uid().map_err(MemberError::Header)?)?,
        gid: number(header.gid().map_err(MemberError::Header)?)?,
    };
    Ok(tree.insert(path, entry)?)
}

/// Refuses PAX records that readers disagree about or that carry what would be lost.
fn check_extensions<R: Read>(member: &mut tar::Entry<'_, R>) -> Result<(), MemberError> {
    let global = member.header().entry_type().is_pax_global_extensions();
    let Some(extensions) = member.pax_extensions().map_err(MemberError::Header)? else {
        return Ok(());
    };
    let mut seen = BTreeSet::new();
    for extension in extensions {
        let extension = extension.map_err(MemberError::Header)?;
        let key = text(extension.key_bytes())?;
        let value = extension.value_bytes();
        let refuse = |why| MemberError::Extension {
            key: key.clone(),
            why,
        };
        let shapes_member = matches!(key.as_str(), "path" | "linkpath" | "size" | "uid" | "gid");
        if global && shapes_member {
            return Err(refuse("is set for all members at once"));
        }
        if key.starts_with("GNU.sparse.") || key == CAPABILITY {
            return Err(refuse("cannot be carried into a layer"));
        }
        let is_number = std::str::from_utf8(value).is_ok_and(|it| it.parse::<u64>().is_ok());
        if matches!(key.as_str(), "size" | "uid" | "gid") && !is_number {
            return Err(refuse("is not a number"));
        }
        if shapes_member && !seen.insert(key.clone()) {
            return Err(refuse("is given twice"));
        }
    }
    Ok(())
}

/// Where the content of a file is; the archive must be long enough to hold it.
fn range<R: Read>(member: &tar::Entry<'_, R>, location: &Location) -> Result<Content, MemberError> {
    let (offset, size) = (member.raw_file_position(), member.size());
    match offset.checked_add(size) {
        Some(end) if end <= location.length => Ok(Content::Range {
            path: location.path.clone(),
            offset,
            size,
        }),
        _ => Err(MemberError::Truncated {
            size,
            left: location.length.saturating_sub(offset),
        }),
    }
}

fn link_name<R: Read>(member: &tar::Entry<'_, R>) -> Result<String, MemberError> {
    text(&member.link_name_bytes().ok_or(MemberError::NoTarget)?)
}

fn text(bytes: &[u8]) -> Result<String, MemberError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| MemberError::NotUtf8)
}

fn kind_in_words(kind: EntryType) -> String {
    match kind {
        EntryType::Char => "a character device".into(),
        EntryType::Block => "a block device".into(),
        EntryType::Fifo => "a named pipe".into(),
        EntryType::GNUSparse => "a sparse file".into(),
        other => format!("of unknown kind `{}`", other.as_byte().escape_ascii()),
    }
}

/// A reader that gives up when more was read than headers need.
///
/// Contents are skipped by seeking, so that only headers and their extensions are read at all; an
/// extension of some gigabytes would otherwise go to memory.
struct Capped<'budget, R> {
    inner: R,
    budget: &'budget Cell<u64>,
}

impl<R: Read> Read for Capped<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        match self.budget.get().checked_sub(length as u64) {
            Some(left) => self.budget.set(left),
            None => return Err(io::Error::other("headers of a member beyond 1 MiB")),
        }
        Ok(length)
    }
}

impl<R: Seek> Seek for Capped<'_, R> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.inner.seek(position)
    }
}

/// Why an archive is no tree.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The host could not open it.
    #[error("cannot open archive `{}`", archive.display())]
    Open {
        /// The archive on the host.
        archive: PathBuf,
        /// What the host said.
        source: io::Error,
    },
    /// It cannot be read as a tar archive.
    #[error("cannot read `{}` as a tar archive", archive.display())]
    Read {
        /// The archive on the host.
        archive: PathBuf,
        /// What is wrong, or what the host said.
        source: io::Error,
    },
    /// One member has no place in a layer.
    #[error("member `{}` of `{}` cannot be in a layer", member.escape_debug(), archive.display())]
    Member {
        /// The archive on the host.
        archive: PathBuf,
        /// The name of the member as the archive spells it.
        member: String,
        /// What is wrong with it.
        source: MemberError,
    },
}

/// What is wrong with a member of an archive.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MemberError {
    /// Its name, or the target of a hard link, is no path of an image.
    #[error(transparent)]
    Path(#[from] ImagePathError),
    /// It does not go with what came before it.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A header that makes no sense.
    #[error("its header is malformed")]
    Header(#[source] io::Error),
    /// A name that is not text.
    #[error("it has a name that is not UTF-8")]
    NotUtf8,
    /// A kind of file that images do not have.
    #[error("it is {0}")]
    Kind(String),
    /// A link without target.
    #[error("it is a link without target")]
    NoTarget,
    /// A link or directory with bytes, which readers skip or do not.
    #[error("it is no file and yet has content")]
    UnexpectedContent,
    /// An owner that does not fit 32 bits.
    #[error("its owner or group {0} is out of range")]
    Owner(u64),
    /// The archive ends within its content.
    #[error("the archive ends within it: {size} bytes were announced, {left} are left")]
    Truncated {
        /// Size according to its header.
        size: u64,
        /// Bytes from its content's begin to the end of the archive.
        left: u64,
    },
    /// A PAX record that is not understood as it was meant.
    #[error("its extended header `{}` {why}", key.escape_debug())]
    Extension {
        /// The key of the record.
        key: String,
        /// Why, to follow the key in a sentence.
        why: &'static str,
    },
}
