//! Reading a layer as it is: every member with all that its header says, and every rule that it
//! breaks.
//!
//! [`Tree::from_tar`](crate::Tree::from_tar) takes what it can use of an archive; this shows what is
//! there. Nothing is normalised away, and where an archive could have been written otherwise than
//! [`write_layer`](crate::write_layer) writes it, that is a [`Violation`]: each header is held
//! against the one that this crate makes of the same values. The archive is untrusted: it is read in
//! one pass, in memory that does not grow with its contents, and what is kept of names is capped.

mod checker;
mod encoding;
mod header;
mod member;
mod records;
mod rule;
mod stream;
mod text;
mod walk;

use std::{borrow::Cow, collections::BTreeMap, io::Read};

use crate::{DiffId, Digest};

pub use encoding::Encoding;
pub use rule::{Rule, Violation};
pub use text::printable;

/// The largest file that a [`Visitor`] is given the bytes of.
pub const CONTENT_LIMIT: u64 = 4 << 20;
/// How many violations are kept; those beyond are counted.
pub const VIOLATION_LIMIT: usize = 1000;

/// One entry of a layer as its header and extended headers say.
///
/// Texts are the bytes of the archive in a form that can be printed: what is not UTF-8, not
/// printable, or a backslash is escaped by a backslash, so that different bytes are different texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectedEntry {
    /// The name; of a directory without the slash at its end.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// All bits of the header, permissions and others.
    pub mode: u32,
    /// Numeric owner.
    pub uid: u64,
    /// Numeric group.
    pub gid: u64,
    /// Seconds since 1970.
    pub mtime: u64,
    /// Bytes of content.
    pub size: u64,
    /// The target of a symbolic or hard link.
    pub link: Option<String>,
    /// The owner's name; empty if there is none.
    pub user_name: String,
    /// The group's name; empty if there is none.
    pub group_name: String,
    /// Major and minor number.
    pub device: (u64, u64),
    /// The dialect of its header.
    pub format: HeaderFormat,
    /// Its extended headers, which have taken effect above as far as there is a place for them.
    pub pax: BTreeMap<String, String>,
    /// Of a file's content; `None` for anything else, and before the content was read.
    pub digest: Option<Digest>,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// Another name of a file.
    HardLink,
    /// Anything else, by the byte in the header: `3` is a character device.
    Other(u8),
}

/// The dialects of headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HeaderFormat {
    /// POSIX, the one that layers are written in.
    Ustar,
    /// That of GNU.
    Gnu,
    /// From before either.
    Old,
}

/// Is shown the entries of an archive, in its order.
///
/// A closure that takes entries is a visitor that wants no contents.
pub trait Visitor {
    /// Whether the bytes of this file are wanted; asked before they are read.
    fn wants_content(&mut self, entry: &InspectedEntry) -> bool {
        let _ = entry;
        false
    }

    /// Takes an entry; with its bytes if they were wanted and are at most [`CONTENT_LIMIT`].
    fn visit(&mut self, entry: InspectedEntry, content: Option<Vec<u8>>);
}

impl<F: FnMut(InspectedEntry)> Visitor for F {
    fn visit(&mut self, entry: InspectedEntry, _: Option<Vec<u8>>) {
        self(entry);
    }
}

/// What an archive came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// Of all bytes of the uncompressed archive.
    pub diff_id: DiffId,
    /// The number of these bytes.
    pub size: u64,
    /// How many entries it has.
    pub entries: u64,
    /// Broken rules in the order they were found, [`VIOLATION_LIMIT`] at most.
    pub violations: Vec<Violation>,
    /// How many more there are.
    pub further_violations: u64,
}

/// Reads a whole uncompressed archive and shows its entries to `visitor`.
///
/// # Errors
/// An archive that readers could understand differently or not at all; the entries before that have
/// been visited.
pub fn inspect_archive(
    reader: impl Read,
    visitor: &mut dyn Visitor,
) -> Result<Inspected, InspectError> {
    walk::walk(reader, visitor)
}

/// The archive in a layer blob, as [`inspect_blob`] reads it: all gzip members or Zstandard frames, and
/// nothing of what follows them.
pub fn decompressed<'a>(reader: impl Read + 'a, encoding: Encoding) -> Box<dyn Read + 'a> {
    match encoding {
        Encoding::Plain => Box::new(reader),
        Encoding::Gzip => Box::new(encoding::GzipMembers::new(reader)),
        Encoding::Zstandard => Box::new(encoding::ZstandardFrames::new(reader)),
    }
}

/// Reads a whole layer blob. Broken rules of the compression come after those of the archive.
///
/// # Errors
/// As [`inspect_archive`], and where the blob cannot be decompressed.
pub fn inspect_blob(
    reader: impl Read,
    encoding: Encoding,
    visitor: &mut dyn Visitor,
) -> Result<Inspected, InspectError> {
    match encoding {
        Encoding::Plain => inspect_archive(reader, visitor),
        Encoding::Gzip => {
            let mut members = encoding::GzipMembers::new(reader);
            let inspected = walk::walk(&mut members, visitor)?;
            Ok(with_rules(inspected, members.broken_rules()))
        }
        Encoding::Zstandard => {
            let mut frames = encoding::ZstandardFrames::new(reader);
            let inspected = walk::walk(&mut frames, visitor)?;
            Ok(with_rules(inspected, frames.broken_rules()))
        }
    }
}

fn with_rules(mut inspected: Inspected, rules: Vec<Rule>) -> Inspected {
    let violations = rules.into_iter().map(|rule| Violation { path: None, rule });
    inspected.violations.extend(violations);
    inspected
}

/// What an entry's path is in a root whose `/bin`, `/lib`, `/lib64` and `/sbin` are links into
/// `/usr`: entries of several layers with the same one are in each other's way.
pub fn usr_merged(path: &str) -> Cow<'_, str> {
    match checker::merged(path.as_bytes()) {
        Some(_) => format!("usr/{path}").into(),
        None => path.into(),
    }
}

/// Why an archive cannot be read to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InspectError {
    /// The reader, or the decompression in it, failed.
    #[error("the layer cannot be read or decompressed")]
    Read(#[from] std::io::Error),
    /// It ends within a member.
    #[error("the archive ends within the member at byte {offset}")]
    Truncated {
        /// Where the member's header begins.
        offset: u64,
    },
    /// A header that is none.
    #[error("there is no valid header at byte {offset}")]
    Checksum {
        /// Where it should begin.
        offset: u64,
    },
    /// A number that is none, or too large for what it counts.
    #[error("`{field}` is no number in the header at byte {offset}")]
    Number {
        /// Where the header begins.
        offset: u64,
        /// What is to be counted.
        field: &'static str,
    },
    /// Extended headers that cannot be told apart.
    #[error("the extended header at byte {offset} is malformed")]
    Records {
        /// Where its own header begins.
        offset: u64,
    },
    /// Readers disagree whether bytes follow.
    #[error("the member at byte {offset} is no file and yet has content")]
    UnexpectedContent {
        /// Where its header begins.
        offset: u64,
    },
    /// A file with holes, in GNU's dialect.
    #[error("the member at byte {offset} is a sparse file")]
    Sparse {
        /// Where its header begins.
        offset: u64,
    },
    /// Something after one zero block, where some readers stop and others go on.
    #[error("the archive goes on after the single zero block at byte {offset}")]
    LoneZeroBlock {
        /// Where the zero block begins.
        offset: u64,
    },
    /// Extended headers without a member.
    #[error("the archive ends after an extended header")]
    NoMember,
    /// A compressed blob can become anything.
    #[error("the archive has more than {limit} bytes")]
    TooLarge {
        /// Bytes that are read at most.
        limit: u64,
    },
    /// Names and extended headers are kept in memory.
    #[error("the names and extended headers of the archive have more than {limit} bytes")]
    TooManyNames {
        /// Bytes that are kept at most.
        limit: u64,
    },
    /// What holds for all members that follow is looked through for each of them.
    #[error("the archive has more than {limit} global records")]
    TooManyGlobalRecords {
        /// Records that are taken at most.
        limit: usize,
    },
}
