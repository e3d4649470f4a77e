//! A directory on the host as a tree.
//!
//! Of the host's metadata only the executable bit counts: owner, umask and the order in which the
//! host lists names differ between checkouts of the same files. Hard links become files of their
//! own for the same reason.

use std::{
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use walkdir::WalkDir;

use crate::{Content, Entry, ImagePath, ImagePathError, Tree, TreeError};

/// The owner of everything that comes from a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ownership {
    /// Numeric owner.
    pub uid: u32,
    /// Numeric group.
    pub gid: u32,
}

impl Ownership {
    /// Owned by root.
    pub const ROOT: Self = Self { uid: 0, gid: 0 };
}

impl Tree {
    /// The tree of everything below `root`, which itself is not an entry.
    ///
    /// Directories and executable files have mode `0755`, other files `0644`; symbolic links are
    /// kept as they are. Contents stay on the host and are read when the layer is written.
    ///
    /// # Errors
    /// A name or target that is no path of an image, something that is no file, directory or link,
    /// or a directory the host cannot list.
    pub fn from_directory(root: &Path, owner: Ownership) -> Result<Self, DirectoryError> {
        let mut tree = Self::new();
        for found in WalkDir::new(root).min_depth(1) {
            let found = found.map_err(|error| DirectoryError::Read {
                path: error.path().unwrap_or(root).to_owned(),
                source: error.into(),
            })?;
            let path = image_path(root, found.path())?;
            let entry = entry(&found)?.owned_by(owner.uid, owner.gid);
            tree.insert(path, entry)?;
        }
        Ok(tree)
    }
}

fn image_path(root: &Path, host: &Path) -> Result<ImagePath, DirectoryError> {
    let relative = host.strip_prefix(root).unwrap_or(host);
    let text = relative.to_str().ok_or_else(|| not_utf8(host))?;
    text.parse().map_err(|source| DirectoryError::Name {
        path: host.to_owned(),
        source,
    })
}

fn entry(found: &walkdir::DirEntry) -> Result<Entry, DirectoryError> {
    let host = found.path();
    let failed = |source| DirectoryError::Read {
        path: host.to_owned(),
        source,
    };
    let kind = found.file_type();
    if kind.is_dir() {
        Ok(Entry::directory(0o755))
    } else if kind.is_symlink() {
        let target = std::fs::read_link(host).map_err(failed)?;
        let target = target.to_str().ok_or_else(|| not_utf8(host))?;
        Ok(Entry::symlink(target))
    } else if kind.is_file() {
        let metadata = found.metadata().map_err(|error| failed(error.into()))?;
        let executable = metadata.permissions().mode() & 0o111 != 0;
        let content = Content::File {
            path: host.into(),
            size: metadata.len(),
        };
        Ok(Entry::file(if executable { 0o755 } else { 0o644 }, content))
    } else {
        Err(DirectoryError::Kind {
            path: host.to_owned(),
        })
    }
}

fn not_utf8(path: &Path) -> DirectoryError {
    DirectoryError::NotUtf8 {
        path: path.to_owned(),
    }
}

/// Why a directory is no tree.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// The host could not list or look at it.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The path on the host.
        path: PathBuf,
        /// What the host said.
        source: io::Error,
    },
    /// A name that an image cannot have.
    #[error("`{}` cannot be in an image", path.display())]
    Name {
        /// The path on the host.
        path: PathBuf,
        /// The rule it breaks.
        source: ImagePathError,
    },
    /// A name or a link target that is not text.
    #[error("`{}` has a name or target that is not UTF-8", path.display())]
    NotUtf8 {
        /// The path on the host.
        path: PathBuf,
    },
    /// A device, pipe or socket.
    #[error("`{}` is neither file, directory nor symbolic link", path.display())]
    Kind {
        /// The path on the host.
        path: PathBuf,
    },
    /// An entry that no tree takes.
    #[error("the directory cannot be a layer")]
    Tree(#[from] TreeError),
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, Permissions},
        os::unix::{fs::symlink, net::UnixListener},
    };

    use super::*;

    #[test]
    fn keeps_the_executable_bit_and_nothing_else_of_the_host() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("d")).unwrap();
        fs::write(at("d/plain"), "12").unwrap();
        fs::write(at("run"), "345").unwrap();
        symlink("../outside", at("link")).unwrap();
        for (name, mode) in [("d", 0o700), ("d/plain", 0o666), ("run", 0o4510)] {
            fs::set_permissions(at(name), Permissions::from_mode(mode)).unwrap();
        }

        let tree = Tree::from_directory(directory.path(), Ownership { uid: 1, gid: 2 }).unwrap();
        let listing: Vec<_> = tree
            .iter()
            .map(|(path, e)| format!("{path} {:o} {}:{} {}", e.mode, e.uid, e.gid, e.node))
            .collect();
        assert_eq!(
            listing,
            [
                "d 755 1:2 a directory",
                "d/plain 644 1:2 a file",
                "link 777 1:2 a link to `../outside`",
                "run 755 1:2 a file",
            ]
        );
    }

    #[test]
    fn refuses_what_has_no_place_in_an_image() {
        let directory = tempfile::tempdir().unwrap();
        let fails = || Tree::from_directory(directory.path(), Ownership::ROOT).unwrap_err();

        let whiteout = directory.path().join(".wh.x");
        fs::write(&whiteout, "").unwrap();
        assert!(matches!(fails(), DirectoryError::Name { .. }));
        fs::remove_file(whiteout).unwrap();

        let socket = directory.path().join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        assert!(matches!(fails(), DirectoryError::Kind { path } if path == socket));

        let missing = Tree::from_directory(&directory.path().join("no"), Ownership::ROOT);
        assert!(matches!(missing, Err(DirectoryError::Read { .. })));
    }
}
