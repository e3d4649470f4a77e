//! The content store: every input by its digest, every derived blob by the key of what it was made
//! from.
//!
//! Guarantees: a blob appears by rename, only after its digest and size were checked; a blob is
//! checked again before it is handed out; two processes may share a store; what a killed process
//! left in `work/` is removed by the next one.
//!
//! ```text
//! v1/blobs/sha256/<hex>   inputs and derived blobs
//! v1/blobs/sha512/<hex>   inputs that are pinned by SHA-512
//! v1/derived/<key>.json   key of the inputs and the recipe → what was made of them
//! v1/work/<random>/       scratch of one running process, locked while it runs
//! ```

mod blob;
mod derived;
mod work;

use std::fs;
use std::path::{Path, PathBuf};

use layers::Digest;
use thiserror::Error;

pub use blob::{BlobWriter, Expected};
pub use derived::DerivedKey;
pub use work::WorkDirectory;

/// Bumped when the meaning of a path in the store changes; older versions are left alone.
const SCHEMA: &str = "v1";

/// A store that exists on disk.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    work: WorkDirectory,
    verified: blob::Verified,
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
        source: std::io::Error,
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
    /// No such blob.
    #[error("`{0}` is not in the cache")]
    Missing(Box<Digest>),
}

impl StoreError {
    pub(crate) fn io(operation: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            operation,
            path,
            source,
        }
    }
}

impl Store {
    /// Opens the store below `cache`, making it where it is not.
    pub fn open(cache: &Path) -> Result<Self, StoreError> {
        let root = cache.join(SCHEMA);
        for directory in ["blobs/sha256", "blobs/sha512", "derived", "work"] {
            let path = root.join(directory);
            fs::create_dir_all(&path).map_err(StoreError::io("create", &path))?;
        }
        let work = WorkDirectory::create(&root.join("work"))?;
        Ok(Self {
            root,
            work,
            verified: blob::Verified::default(),
        })
    }

    /// Scratch space on the store's file system, gone when the store is dropped.
    #[must_use]
    pub fn work(&self) -> &WorkDirectory {
        &self.work
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use layers::Algorithm;

    use super::*;

    fn expected(bytes: &[u8]) -> Expected {
        Expected {
            digest: Digest::sha256_of(bytes),
            size: bytes.len() as u64,
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
            let mut writer = store.writer(Algorithm::Sha256, wanted.size).unwrap();
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
}
