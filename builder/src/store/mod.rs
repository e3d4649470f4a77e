//! The content store: every input by its digest, every derived blob by the key of what it was made
//! from.
//!
//! Guarantees: a blob appears by rename, only after its digest and size were checked; a blob is
//! checked again before it is handed out; any number of processes may share a store, each thing is
//! made by one of them ([`Claimed`]), and nothing is removed while one of them runs ([`prune`]); what a
//! killed process left is removed by the next one.
//!
//! ```text
//! CACHEDIR.TAG            so that backups pass it over
//! v1/lock                 shared by all that run, exclusive while something is removed
//! v1/blobs/sha256/<hex>   inputs and derived blobs
//! v1/blobs/sha512/<hex>   inputs that are pinned by SHA-512
//! v1/derived/<key>.json   key of the inputs and the recipe → what was made of them
//! v1/claims/<name>.lock   one thing that one process makes, locked by it
//! v1/work/<random>/       scratch of one running process
//! v1/work/<random>.lock   locked while it runs
//! ```
//!
//! The time of modification of a blob or a record is when it was used last.
//!
//! `v1` is the schema version. It changes when the meaning of a path changes, also of one that is new:
//! programs of other versions then have a directory of their own beside. What every version has is
//! `lock` and `blobs/`, with the meaning that they have here, so that each can tell a store and remove
//! it unused ([`Selection::Everything`]). Nothing else of another version is touched.

mod blob;
mod claim;
mod derived;
mod holder;
mod inventory;
mod lock_file;
mod prune;
mod tag;
mod used;
mod work;

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use layers::Digest;
use thiserror::Error;

pub use blob::{BlobWriter, Expected, is_cached};
pub use claim::{Claim, Claimed};
pub use derived::{Derived, DerivedKey};
pub use holder::Holder;
pub use inventory::{Entry, Inventory, Kind};
pub use prune::{Pruned, Selection, prune, selected};
pub use work::WorkDirectory;

/// Bumped when the meaning of a path in the store changes; older versions are left alone.
const SCHEMA: &str = "v1";

/// A store that exists on disk, and is not pruned while this is open.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    verified: blob::Verified,
    work: WorkDirectory,
    // Last, so that the store is in use until the scratch is gone.
    _in_use: File,
}

/// What can go wrong with a store.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The file system refused.
    #[error("cannot {operation} `{}`", path.display())]
    Io {
        /// A verb, to be read before the path.
        operation: &'static str,
        /// What it was done to.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Bytes that were to become a blob are not those that were asked for.
    #[error("{name}: expected {}, found {}", expected, found)]
    Mismatch {
        /// What the bytes were to be, as a person knows it.
        name: String,
        /// Digest or size.
        expected: String,
        /// Digest or size.
        found: String,
    },
    /// A blob of the store has other bytes than its name says.
    #[error("cached file `{}`: expected {expected}, found {found}", path.display())]
    Corrupt {
        /// The blob's file.
        path: PathBuf,
        /// Its digest by name.
        expected: Box<Digest>,
        /// Its digest by content.
        found: Box<Digest>,
    },
    /// Something else stands where a file of the store should be.
    #[error("cached file `{}`: expected a file, found {found}", path.display())]
    NotAFile {
        /// Its path.
        path: PathBuf,
        /// What it is.
        found: &'static str,
    },
    /// No such blob.
    #[error("`{0}` is not in the cache")]
    Missing(Box<Digest>),
    /// Nothing may be removed now.
    #[error("the cache `{}` is in use by {}", path.display(), describe(processes))]
    InUse {
        /// The store's directory.
        path: PathBuf,
        /// Whoever is known to use it.
        processes: Vec<u32>,
    },
}

impl StoreError {
    pub(crate) fn io(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            operation,
            path,
            source,
        }
    }

    /// For a rename onto `path`, which replaces everything but a directory.
    fn cannot_replace(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |source| match file_metadata(path) {
            Err(error @ Self::NotAFile { .. }) => error,
            _ => Self::io("write", path)(source),
        }
    }

    /// The next action, where one is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotAFile { .. } => "remove it: it is fetched or made again",
            Self::InUse { .. } => {
                "try again when it has ended; `--dry-run` shows now what would be removed"
            }
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "`zookiln cache prune` makes room, `ZOOKILN_CACHE` names another place for the cache"
                }
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    "give it to this user or remove it; `ZOOKILN_CACHE` names another place for the cache"
                }
                _ => return None,
            },
            Self::Mismatch { .. } | Self::Corrupt { .. } | Self::Missing(_) => return None,
        };
        Some(hint.to_owned())
    }
}

fn describe(processes: &[u32]) -> String {
    let numbers: Vec<String> = processes.iter().map(u32::to_string).collect();
    match numbers.as_slice() {
        [] => "another process".to_owned(),
        [process] => format!("process {process}"),
        several => format!("processes {}", several.join(", ")),
    }
}

impl Store {
    /// Opens the store below `cache`, making it where it is not. Waits while somebody prunes it.
    pub fn open(cache: &Path) -> Result<Self, StoreError> {
        let root = cache.join(SCHEMA);
        let create = |path: &Path| fs::create_dir_all(path).map_err(StoreError::io("create", path));
        create(&root)?;
        let in_use = lock_file::shared(&root.join("lock"))?;
        for directory in ["blobs/sha256", "blobs/sha512", "derived", "claims", "work"] {
            create(&root.join(directory))?;
        }
        let work = WorkDirectory::create(&root.join("work"))?;
        claim::sweep(&root.join("claims"));
        tag::write(cache, work.path());
        Ok(Self {
            root,
            verified: blob::Verified::default(),
            work,
            _in_use: in_use,
        })
    }

    /// Scratch space on the store's file system, gone when the store is dropped.
    #[must_use]
    pub fn work(&self) -> &WorkDirectory {
        &self.work
    }
}

impl Drop for Store {
    /// What outlived a process that was killed, such as its jlink, may have written after this one had
    /// swept.
    fn drop(&mut self) {
        work::sweep(&self.root.join("work"));
    }
}

/// What the system knows of a file of the store; `None` where nothing is. Whatever else is in its
/// place is refused: opening a pipe would wait without end, and a link's target is not the store's.
fn file_metadata(path: &Path) -> Result<Option<Metadata>, StoreError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(Some(metadata)),
        Ok(metadata) => Err(StoreError::NotAFile {
            path: path.to_owned(),
            found: if metadata.is_dir() {
                "a directory"
            } else if metadata.is_symlink() {
                "a symbolic link"
            } else {
                "a pipe, socket or device"
            },
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io("open", path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::time::{Duration, SystemTime};

    use layers::Algorithm;
    use serde::{Deserialize, Serialize};

    use super::*;

    /// The least that a record can say.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub(super) struct Layer(pub(super) Expected);

    impl Derived for Layer {
        fn blob(&self) -> Expected {
            self.0.clone()
        }
    }

    /// As if a file had not been used for so many days.
    pub(super) fn make_old(path: &Path, days: u32) {
        let time = SystemTime::now() - days * Duration::from_secs(86400);
        File::open(path).unwrap().set_modified(time).unwrap();
    }

    pub(super) fn expected(bytes: &[u8]) -> Expected {
        Expected {
            digest: Digest::sha256_of(bytes),
            size: Some(bytes.len() as u64),
        }
    }

    #[test]
    fn only_the_expected_bytes_become_a_blob() {
        let cache = tempfile::tempdir().unwrap();
        let store = Store::open(cache.path()).unwrap();
        let wanted = expected(b"right");
        let table: [(&[u8], &str); 3] = [
            (b"wrong", "sha256:"),
            (b"r", "5 bytes, found 1 bytes"),
            (b"right", ""),
        ];
        for (bytes, message) in table {
            let mut writer = store.writer(Algorithm::Sha256, wanted.limit()).unwrap();
            writer.write_all(bytes).unwrap();
            match writer.commit("file.deb", &wanted) {
                Ok(()) => assert_eq!(bytes, b"right"),
                Err(error) => {
                    let text = error.to_string();
                    assert!(
                        text.starts_with("file.deb: expected ") && text.contains(message),
                        "{text}"
                    );
                    assert!(!store.contains(&wanted));
                }
            }
        }
        assert_eq!(
            fs::read(store.verified_path(&wanted.digest).unwrap()).unwrap(),
            b"right"
        );
    }

    #[test]
    fn a_blob_of_another_store_is_taken_if_it_is_intact() {
        let caches = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let [from, to] =
            [0, 1].map(|position: usize| Store::open(caches[position].path()).unwrap());
        let wanted = from.insert(b"right").unwrap();
        to.adopt(&from, &wanted.digest).unwrap();
        to.adopt(&from, &wanted.digest).unwrap();
        assert_eq!(
            fs::read(to.verified_path(&wanted.digest).unwrap()).unwrap(),
            b"right"
        );
        assert!(from.contains(&wanted));
        let other = Digest::sha256_of(b"other");
        assert!(matches!(
            to.adopt(&from, &other),
            Err(StoreError::Missing(_))
        ));
    }

    #[test]
    fn a_writer_takes_no_more_than_its_limit() {
        let cache = tempfile::tempdir().unwrap();
        let store = Store::open(cache.path()).unwrap();
        let mut writer = store.writer(Algorithm::Sha256, 4).unwrap();
        let error = writer.write_all(b"endless").unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn a_blob_that_went_bad_is_removed_and_named() {
        let cache = tempfile::tempdir().unwrap();
        let wanted = Store::open(cache.path()).unwrap().insert(b"right").unwrap();
        let path = cache
            .path()
            .join("v1/blobs/sha256")
            .join(wanted.digest.hex());
        fs::write(&path, "wrong").unwrap();
        let store = Store::open(cache.path()).unwrap();
        let text = store.verified_path(&wanted.digest).unwrap_err().to_string();
        assert!(
            text.contains(&wanted.digest.to_string())
                && text.contains(&expected(b"wrong").digest.to_string())
        );
        assert!(!path.exists());
        assert!(matches!(
            store.verified_path(&wanted.digest),
            Err(StoreError::Missing(_))
        ));
    }

    /// Puts something else in place of a file and calls `check` with what it is.
    fn with_others_in_place_of(path: &Path, check: impl Fn(&str)) {
        let elsewhere = path.with_extension("elsewhere");
        fs::rename(path, &elsewhere).unwrap();
        symlink(&elsewhere, path).unwrap();
        check("a symbolic link");
        fs::remove_file(path).unwrap();
        // A socket's own path must be short.
        let directory = tempfile::tempdir().unwrap();
        let socket = UnixListener::bind(directory.path().join("socket")).unwrap();
        fs::rename(directory.path().join("socket"), path).unwrap();
        check("a pipe, socket or device");
        drop(socket);
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
        check("a directory");
    }

    #[test]
    fn a_blob_that_is_no_file_is_refused_and_named() {
        let cache = tempfile::tempdir().unwrap();
        let wanted = Store::open(cache.path()).unwrap().insert(b"right").unwrap();
        let path = cache
            .path()
            .join("v1/blobs/sha256")
            .join(wanted.digest.hex());
        with_others_in_place_of(&path, |found| {
            let store = Store::open(cache.path()).unwrap();
            assert!(!store.contains(&wanted));
            let error = store.verified_path(&wanted.digest).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "cached file `{}`: expected a file, found {found}",
                    path.display()
                )
            );
            assert!(error.hint().is_some());
        });
    }

    #[test]
    fn what_stands_in_the_place_of_a_blob_is_replaced_or_named() {
        let cache = tempfile::tempdir().unwrap();
        let store = Store::open(cache.path()).unwrap();
        let wanted = store.insert(b"right").unwrap();
        let path = store.verified_path(&wanted.digest).unwrap();
        let outside = cache.path().join("outside");
        fs::write(&outside, "outside").unwrap();

        fs::remove_file(&path).unwrap();
        symlink(&outside, &path).unwrap();
        store.insert(b"right").unwrap();
        assert_eq!(fs::read(&outside).unwrap(), b"outside");
        assert_eq!(store.verified_path(&wanted.digest).unwrap(), path);

        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let error = store.insert(b"right").unwrap_err();
        assert!(matches!(error, StoreError::NotAFile { .. }), "{error}");
    }

    #[test]
    fn a_record_that_is_no_file_is_refused_and_named() {
        let cache = tempfile::tempdir().unwrap();
        let store = Store::open(cache.path()).unwrap();
        let key = DerivedKey::of("layer", &"recipe");
        let layer = Layer(store.insert(b"right").unwrap());
        store.record_derived(&key, "layer base", &layer).unwrap();
        let path = cache.path().join(format!("v1/derived/{key}.json"));
        with_others_in_place_of(&path, |found| {
            let error = store.derived::<Layer>(&key).unwrap_err();
            assert!(error.to_string().ends_with(found), "{error}");
        });
    }

    #[test]
    fn a_lock_that_is_no_file_is_refused_and_named() {
        let cache = tempfile::tempdir().unwrap();
        drop(Store::open(cache.path()).unwrap());
        let path = cache.path().join("v1/lock");
        with_others_in_place_of(&path, |found| {
            let error = Store::open(cache.path()).unwrap_err();
            assert!(error.to_string().ends_with(found), "{error}");
        });
    }

    #[test]
    fn a_blob_that_vanishes_after_it_was_verified_is_missing() {
        let cache = tempfile::tempdir().unwrap();
        let store = Store::open(cache.path()).unwrap();
        let wanted = store.insert(b"right").unwrap();
        fs::remove_file(store.verified_path(&wanted.digest).unwrap()).unwrap();
        assert!(matches!(
            store.verified_path(&wanted.digest),
            Err(StoreError::Missing(_))
        ));
    }
}
