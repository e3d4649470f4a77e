//! Blobs: written through a hasher, checked whenever they are read.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use layers::{Algorithm, Digest, DigestWriter, Hasher};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::{SCHEMA, Store, StoreError, file_metadata, used};

/// What a blob must turn out to be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Expected {
    /// Digest of all bytes.
    pub digest: Digest,
    /// Bytes; `None` where only the digest is known.
    pub size: Option<u64>,
}

/// The most that a blob may have of which only the digest is known: several times what a release
/// archive has.
const LARGEST_UNKNOWN: u64 = 256 << 20;

impl Expected {
    /// For sums: a size that is not known counts for nothing.
    #[must_use]
    pub fn known_size(&self) -> u64 {
        self.size.unwrap_or_default()
    }

    /// The most that may be read of it.
    #[must_use]
    pub fn limit(&self) -> u64 {
        self.size.unwrap_or(LARGEST_UNKNOWN)
    }

    /// Whether that many bytes may be it.
    pub(crate) fn may_have(&self, size: u64) -> bool {
        self.size.is_none_or(|expected| expected == size)
    }
}

/// Blobs that this process has checked already: once per process is enough, since a blob is never
/// written to.
#[derive(Debug, Default)]
pub(super) struct Verified(Mutex<BTreeSet<Digest>>);

impl Verified {
    fn contains(&self, digest: &Digest) -> bool {
        self.0.lock().is_ok_and(|set| set.contains(digest))
    }

    fn insert(&self, digest: Digest) {
        if let Ok(mut set) = self.0.lock() {
            set.insert(digest);
        }
    }
}

/// A blob on its way into the store. Dropped, it leaves nothing.
#[derive(Debug)]
pub struct BlobWriter<'store> {
    store: &'store Store,
    file: NamedTempFile,
    hasher: Hasher,
    size: u64,
    limit: u64,
}

impl Store {
    /// Starts a blob that may have up to `limit` bytes.
    pub fn writer(&self, algorithm: Algorithm, limit: u64) -> Result<BlobWriter<'_>, StoreError> {
        let directory = self.work.path();
        let file = NamedTempFile::new_in(directory)
            .map_err(StoreError::io("create a file in", directory))?;
        Ok(BlobWriter {
            store: self,
            file,
            hasher: Hasher::new(algorithm),
            size: 0,
            limit,
        })
    }

    /// Whether a blob of this digest and size is there; then it counts as used. Its bytes are not
    /// looked at.
    #[must_use]
    pub fn contains(&self, expected: &Expected) -> bool {
        let path = self.blob_path(&expected.digest);
        match file_metadata(&path) {
            Ok(Some(metadata)) if expected.may_have(metadata.len()) => {
                used::mark(&path, &metadata);
                true
            }
            // What is in its place is refused when it is read, or replaced.
            _ => false,
        }
    }

    /// The blob's file, after all of its bytes were checked. A blob that fails is removed, so that
    /// the next attempt makes it again.
    pub fn verified_path(&self, digest: &Digest) -> Result<PathBuf, StoreError> {
        let path = self.blob_path(digest);
        let metadata =
            file_metadata(&path)?.ok_or_else(|| StoreError::Missing(Box::new(digest.clone())))?;
        if !self.verified.contains(digest) {
            verify(&path, digest)?;
            self.verified.insert(digest.clone());
        }
        used::mark(&path, &metadata);
        Ok(path)
    }

    /// Takes a blob of another store, which keeps it. Where the file system can, both have one file.
    pub(crate) fn adopt(&self, other: &Self, digest: &Digest) -> Result<(), StoreError> {
        let (from, to) = (other.verified_path(digest)?, self.blob_path(digest));
        match fs::hard_link(&from, &to) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(_) => (fs::copy(&from, &to))
                .map(drop)
                .map_err(StoreError::io("write", &to)),
        }
    }

    /// Puts bytes that are already in memory into the store.
    pub fn insert(&self, bytes: &[u8]) -> Result<Expected, StoreError> {
        let size = bytes.len() as u64;
        let mut writer = self.writer(Algorithm::Sha256, size)?;
        let directory = self.work.path();
        writer
            .write_all(bytes)
            .map_err(StoreError::io("write a file in", directory))?;
        let digest = writer.commit_as_found()?;
        Ok(Expected {
            digest,
            size: Some(size),
        })
    }

    fn blob_path(&self, digest: &Digest) -> PathBuf {
        blob_path(&self.root, digest)
    }
}

/// Whether a store below `cache` has a blob of this digest and size. Unlike [`Store::contains`] this
/// needs no store, makes none, and is no use of the blob: it is for listings.
#[must_use]
pub fn is_cached(cache: &Path, expected: &Expected) -> bool {
    let path = blob_path(&cache.join(SCHEMA), &expected.digest);
    file_metadata(&path)
        .is_ok_and(|metadata| metadata.is_some_and(|it| expected.may_have(it.len())))
}

fn blob_path(root: &Path, digest: &Digest) -> PathBuf {
    root.join("blobs")
        .join(digest.algorithm().as_str())
        .join(digest.hex())
}

/// Reads all of a blob; removes it where it is not what its name says.
fn verify(path: &Path, digest: &Digest) -> Result<(), StoreError> {
    let mut file = File::open(path).map_err(StoreError::io("open", path))?;
    let mut hasher = DigestWriter::new(digest.algorithm(), io::sink());
    io::copy(&mut file, &mut hasher).map_err(StoreError::io("read", path))?;
    let (found, _) = hasher.finish();
    if found == *digest {
        return Ok(());
    }
    fs::remove_file(path).map_err(StoreError::io("remove", path))?;
    Err(StoreError::Corrupt {
        path: path.to_owned(),
        expected: Box::new(digest.clone()),
        found: Box::new(found),
    })
}

impl BlobWriter<'_> {
    /// Checks digest and size and moves the blob into place. `name` is for the message.
    pub fn commit(self, name: &str, expected: &Expected) -> Result<(), StoreError> {
        let mismatch = |expected: String, found: String| StoreError::Mismatch {
            name: name.to_owned(),
            expected,
            found,
        };
        if let Some(size) = expected.size.filter(|size| *size != self.size) {
            return Err(mismatch(
                format!("{size} bytes"),
                format!("{} bytes", self.size),
            ));
        }
        let found = self.hasher.clone().finish();
        if found != expected.digest {
            return Err(mismatch(expected.digest.to_string(), found.to_string()));
        }
        self.commit_as_found().map(drop)
    }

    /// Moves the blob into place under the digest it turned out to have.
    pub fn commit_as_found(self) -> Result<Digest, StoreError> {
        let digest = self.hasher.finish();
        let path = self.store.blob_path(&digest);
        // No fsync: a blob that a crash of the machine truncates fails its check and is made again.
        let file = self
            .file
            .persist(&path)
            .map_err(|error| StoreError::cannot_replace(&path)(error.error))?;
        drop(file);
        self.store.verified.insert(digest.clone());
        Ok(digest)
    }
}

impl Write for BlobWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.size + bytes.len() as u64 > self.limit {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("more than the expected {} bytes", self.limit),
            ));
        }
        // Not through the temporary file, whose errors name it: nobody has asked for that path.
        let count = self.file.as_file_mut().write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
