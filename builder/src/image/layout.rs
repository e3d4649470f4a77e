//! An OCI image layout on disk: read with distrust, replaced in one step.
//!
//! New blobs go in by rename, `index.json` is renamed last as the only commit, then blobs that nothing
//! refers to go. A build that is killed in between leaves the old image whole.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use layers::{Algorithm, Digest, DigestWriter};
use serde_json::{Value, json};
use thiserror::Error;

use super::record::Record;
use crate::file::{self, TemporaryFile};
use crate::json;

const LAYOUT_FILE: &str = "oci-layout";
const INDEX_FILE: &str = "index.json";
/// How temporary files begin.
const TEMPORARY: &str = ".tmp";
/// No manifest, index or config of a real image comes near.
const DOCUMENT_LIMIT: u64 = 4 << 20;

/// A directory that is a layout, or is to become one.
#[derive(Debug)]
pub struct Layout {
    path: PathBuf,
}

/// What is wrong with a layout, or with the place for one.
#[derive(Debug, Error)]
pub enum LayoutError {
    /// The directory holds something else.
    #[error("`{}` is not empty and not an image that zookiln has written", .0.display())]
    Foreign(PathBuf),
    /// No image can be put there.
    #[error("cannot write to `{}`", path.display())]
    Unwritable {
        /// The nearest directory that exists.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no layout.
    #[error("`{}` is not an image layout: it has no `{missing}`", path.display())]
    NotALayout {
        /// The directory.
        path: PathBuf,
        /// The file that makes it one.
        missing: &'static str,
    },
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
    /// A blob is not what its descriptor says.
    #[error("blob `{}`: expected {expected}, found {found}", path.display())]
    Mismatch {
        /// The blob's file.
        path: PathBuf,
        /// Digest or size.
        expected: String,
        /// Digest or size.
        found: String,
    },
    /// A document that is not what it should be.
    #[error("`{}`: {reason}", path.display())]
    Document {
        /// The file.
        path: PathBuf,
        /// One clause.
        reason: String,
    },
}

impl LayoutError {
    pub(crate) fn io(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            operation,
            path,
            source,
        }
    }
}

impl Layout {
    /// A layout for reading.
    pub fn open(path: &Path) -> Result<Self, LayoutError> {
        for file in [LAYOUT_FILE, INDEX_FILE] {
            if !path.join(file).is_file() {
                return Err(LayoutError::NotALayout {
                    path: path.to_owned(),
                    missing: file,
                });
            }
        }
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// What may once have been a layout, for whoever wants to know what is wrong with it.
    pub(crate) fn open_damaged(path: &Path) -> Result<Self, LayoutError> {
        let has = |name| path.join(name).symlink_metadata().is_ok();
        match Self::open(path) {
            Err(LayoutError::NotALayout { .. }) if has(LAYOUT_FILE) || has(INDEX_FILE) => {
                Ok(Self {
                    path: path.to_owned(),
                })
            }
            result => result,
        }
    }

    /// Whether a layout could be written there; leaves nothing behind. Worth asking before minutes of
    /// work.
    pub fn check_place(path: &Path) -> Result<(), LayoutError> {
        Self::check_free(path)?;
        file::check_place(path).map_err(|(path, source)| LayoutError::Unwritable { path, source })
    }

    /// Whether nobody else has put anything there. Looks only.
    pub fn check_free(path: &Path) -> Result<(), LayoutError> {
        refuse_foreign(path)
    }

    /// A place for a layout: made where it is not, refused where it holds something else.
    pub fn create(path: &Path) -> Result<Self, LayoutError> {
        refuse_foreign(path)?;
        let blobs = path.join("blobs/sha256");
        fs::create_dir_all(&blobs).map_err(LayoutError::io("create", &blobs))?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until no other build writes here; held until the file is dropped.
    pub fn lock(&self) -> Result<File, LayoutError> {
        let blobs = self.path.join("blobs");
        let file = File::open(&blobs).map_err(LayoutError::io("open", &blobs))?;
        file.lock().map_err(LayoutError::io("lock", &blobs))?;
        Ok(file)
    }

    /// Waits until no build writes here, which none does until the file is dropped. `None` where there
    /// is nothing to be written to.
    pub(crate) fn lock_shared(&self) -> Option<File> {
        let file = File::open(self.path.join("blobs")).ok()?;
        file.lock_shared().ok().map(|()| file)
    }

    /// What the build wrote down; `None` where somebody else made this layout.
    pub fn record(&self) -> Result<Option<Record>, LayoutError> {
        Ok(Record::of(&self.index()?))
    }

    /// `index.json`.
    pub fn index(&self) -> Result<Value, LayoutError> {
        parse_document(&self.path.join(INDEX_FILE), &self.file_bytes(INDEX_FILE)?)
    }

    /// The bytes of a file beside the blobs.
    pub(crate) fn file_bytes(&self, name: &str) -> Result<Vec<u8>, LayoutError> {
        let path = self.path.join(name);
        let mut bytes = Vec::new();
        open_file(&path)?
            .take(DOCUMENT_LIMIT + 1)
            .read_to_end(&mut bytes)
            .map_err(LayoutError::io("read", &path))?;
        if bytes.len() as u64 > DOCUMENT_LIMIT {
            let reason = format!("more than {DOCUMENT_LIMIT} bytes are too many for a document");
            return Err(LayoutError::Document { path, reason });
        }
        Ok(bytes)
    }

    /// The file of a blob.
    #[must_use]
    pub fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.path
            .join("blobs")
            .join(digest.algorithm().as_str())
            .join(digest.hex())
    }

    /// A blob for reading. A pipe in its place would be waited for without end.
    pub fn open_blob(&self, digest: &Digest) -> Result<File, LayoutError> {
        open_file(&self.blob_path(digest))
    }

    /// A blob that is a JSON document, checked against the descriptor that named it.
    pub fn document(&self, digest: &Digest, size: u64) -> Result<Value, LayoutError> {
        Ok(self.document_with_bytes(digest, size)?.1)
    }

    /// As [`Self::document`], with the bytes it is written in.
    pub fn document_with_bytes(
        &self,
        digest: &Digest,
        size: u64,
    ) -> Result<(Vec<u8>, Value), LayoutError> {
        let bytes = self.document_bytes(digest, size)?;
        let value = parse_document(&self.blob_path(digest), &bytes)?;
        Ok((bytes, value))
    }

    /// The bytes alone, checked like them.
    pub(crate) fn document_bytes(
        &self,
        digest: &Digest,
        size: u64,
    ) -> Result<Vec<u8>, LayoutError> {
        let path = self.blob_path(digest);
        if size > DOCUMENT_LIMIT {
            return Err(LayoutError::Document {
                path,
                reason: format!("{size} bytes are too many for a document"),
            });
        }
        let mut bytes = Vec::new();
        self.open_blob(digest)?
            .take(size + 1)
            .read_to_end(&mut bytes)
            .map_err(LayoutError::io("read", &path))?;
        let found = Digest::sha256_of(&bytes);
        if found != *digest || bytes.len() as u64 != size {
            return Err(LayoutError::Mismatch {
                path,
                expected: digest.to_string(),
                found: found.to_string(),
            });
        }
        Ok(bytes)
    }

    /// Whether every blob is there with its size. Their bytes are not read.
    #[must_use]
    pub fn is_complete(&self, blobs: &BTreeMap<Digest, u64>) -> bool {
        blobs.iter().all(|(digest, size)| {
            fs::metadata(self.blob_path(digest))
                .is_ok_and(|metadata| metadata.is_file() && metadata.len() == *size)
        })
    }

    /// Puts a blob in, unless the right one is there.
    pub fn add_blob(
        &self,
        digest: &Digest,
        size: u64,
        mut content: impl Read,
    ) -> Result<(), LayoutError> {
        let path = self.blob_path(digest);
        if is_intact(&path, digest, size) {
            return Ok(());
        }
        let parent = path.parent().unwrap_or(&self.path);
        let mut file =
            TemporaryFile::new_in(parent).map_err(LayoutError::io("create a file in", parent))?;
        let mut writer = DigestWriter::new(digest.algorithm(), file.as_file_mut());
        io::copy(&mut content, &mut writer).map_err(LayoutError::io("write", &path))?;
        let (found, _) = writer.finish();
        if found != *digest {
            return Err(LayoutError::Mismatch {
                path,
                expected: digest.to_string(),
                found: found.to_string(),
            });
        }
        file.persist(&path).map_err(LayoutError::io("write", &path))
    }

    /// Makes `descriptor` the layout's one image; `referenced` are all blobs it needs. Everything else
    /// goes afterwards.
    pub fn commit(
        &self,
        descriptor: Value,
        record: &Record,
        referenced: &BTreeMap<Digest, u64>,
    ) -> Result<(), LayoutError> {
        self.write_file(LAYOUT_FILE, &json!({ "imageLayoutVersion": "1.0.0" }))?;
        self.write_file(INDEX_FILE, &record.document(&descriptor))?;
        self.remove_unreferenced(&referenced.keys().map(Digest::hex).collect())
    }

    fn write_file(&self, name: &str, value: &Value) -> Result<(), LayoutError> {
        // Beside the blobs: what a killed build leaves there, the next one sweeps.
        let blobs = self.path.join("blobs/sha256");
        let mut file =
            TemporaryFile::new_in(&blobs).map_err(LayoutError::io("create a file in", &blobs))?;
        file.as_file_mut()
            .write_all(&json::canonical(value))
            .map_err(LayoutError::io("write", &blobs))?;
        let path = self.path.join(name);
        file.persist(&path).map_err(LayoutError::io("write", &path))
    }

    fn remove_unreferenced(&self, referenced: &BTreeSet<&str>) -> Result<(), LayoutError> {
        let blobs = self.path.join("blobs/sha256");
        let entries = fs::read_dir(&blobs).map_err(LayoutError::io("read", &blobs))?;
        for entry in entries.flatten() {
            let name = entry.file_name();
            if !name.to_str().is_some_and(|name| referenced.contains(name)) {
                fs::remove_file(entry.path()).map_err(LayoutError::io("remove", &entry.path()))?;
            }
        }
        Ok(())
    }
}

/// A directory with anything but a layout of ours in it is somebody's work.
fn refuse_foreign(path: &Path) -> Result<(), LayoutError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(LayoutError::io("read", path)(error)),
    };
    // A build that was killed before its first commit has left no index, and these alone; where files
    // cannot be without a name, a temporary one may be the probe of another build that starts just now.
    let begun = |name: &OsStr| {
        name == "blobs" || name == LAYOUT_FILE || name.to_string_lossy().starts_with(TEMPORARY)
    };
    let ours = match Layout::open(path) {
        // A second image has been put in by somebody else, who wants to keep it.
        Ok(layout) => {
            let one = |index: &Value| {
                index["manifests"]
                    .as_array()
                    .is_some_and(|all| all.len() == 1)
            };
            layout.record().is_ok_and(|record| record.is_some())
                && layout.index().is_ok_and(|index| one(&index))
        }
        Err(_) => entries.flatten().all(|entry| begun(&entry.file_name())),
    };
    let ours = ours
        && has_only_blobs(&path.join("blobs"), "sha256")
        && has_only_blobs(&path.join("blobs/sha256"), "");
    if ours {
        Ok(())
    } else {
        Err(LayoutError::Foreign(path.to_owned()))
    }
}

/// Whether a directory, where there is one, is real and holds only blobs, what a killed build leaves of
/// them, and `also`.
fn has_only_blobs(directory: &Path, also: &str) -> bool {
    match fs::symlink_metadata(directory) {
        Err(error) => error.kind() == io::ErrorKind::NotFound,
        Ok(metadata) if !metadata.is_dir() => false,
        Ok(_) => fs::read_dir(directory).is_ok_and(|entries| {
            entries.flatten().all(|entry| {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                let is_blob = Digest::new(Algorithm::Sha256, &name).is_ok();
                is_blob || name.starts_with(TEMPORARY) || (!also.is_empty() && name == also)
            })
        }),
    }
}

fn is_intact(path: &Path, digest: &Digest, size: u64) -> bool {
    let Ok(mut file) = File::open(path) else {
        return false;
    };
    if !file
        .metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.len() == size)
    {
        return false;
    }
    let mut hasher = DigestWriter::new(digest.algorithm(), io::sink());
    io::copy(&mut file, &mut hasher).is_ok() && hasher.finish().0 == *digest
}

fn open_file(path: &Path) -> Result<File, LayoutError> {
    let metadata = fs::metadata(path).map_err(LayoutError::io("open", path))?;
    if !metadata.is_file() {
        return Err(LayoutError::Document {
            path: path.to_owned(),
            reason: "it is no file".to_owned(),
        });
    }
    File::open(path).map_err(LayoutError::io("open", path))
}

fn parse_document(path: &Path, bytes: &[u8]) -> Result<Value, LayoutError> {
    serde_json::from_slice(bytes).map_err(|error| LayoutError::Document {
        path: path.to_owned(),
        reason: format!("not JSON: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Source;

    fn record() -> Record {
        Record {
            identity: Digest::sha256_of(b"plan"),
            source: Source::Maven,
            created: "7".to_owned(),
            parts: None,
        }
    }

    fn commit(layout: &Layout, content: &[u8]) -> Digest {
        let digest = Digest::sha256_of(content);
        let size = content.len() as u64;
        layout.add_blob(&digest, size, content).unwrap();
        let descriptor = json!({ "digest": digest.to_string(), "size": size });
        layout
            .commit(
                descriptor,
                &record(),
                &BTreeMap::from([(digest.clone(), size)]),
            )
            .unwrap();
        digest
    }

    #[test]
    fn a_commit_replaces_the_image_and_sweeps_the_old_blobs() {
        let directory = tempfile::tempdir().unwrap();
        let layout = Layout::create(directory.path()).unwrap();
        let old = commit(&layout, b"old");
        // What a killed build leaves.
        fs::write(directory.path().join("blobs/sha256/.tmpXYZ"), "half").unwrap();
        let new = commit(&layout, b"new");
        assert!(!layout.blob_path(&old).exists());
        assert!(!directory.path().join("blobs/sha256/.tmpXYZ").exists());
        assert_eq!(fs::read(layout.blob_path(&new)).unwrap(), b"new");
        assert_eq!(
            Layout::open(directory.path()).unwrap().record().unwrap(),
            Some(record())
        );
    }

    #[test]
    fn a_blob_with_other_bytes_does_not_get_in_and_a_bad_one_is_mended() {
        let directory = tempfile::tempdir().unwrap();
        let layout = Layout::create(directory.path()).unwrap();
        let digest = Digest::sha256_of(b"right");
        let error = layout.add_blob(&digest, 5, &b"wrong"[..]).unwrap_err();
        assert!(error.to_string().contains(&digest.to_string()), "{error}");
        assert!(!layout.blob_path(&digest).exists());

        fs::write(layout.blob_path(&digest), "wrong").unwrap();
        layout.add_blob(&digest, 5, &b"right"[..]).unwrap();
        assert_eq!(fs::read(layout.blob_path(&digest)).unwrap(), b"right");
    }

    #[test]
    fn somebody_elses_directory_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("thesis.tex"), "work").unwrap();
        for result in [
            Layout::create(directory.path()).map(drop),
            Layout::check_place(directory.path()),
        ] {
            assert!(matches!(result.unwrap_err(), LayoutError::Foreign(_)));
        }
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn asking_for_a_place_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        Layout::check_place(&directory.path().join("images/a")).unwrap();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
