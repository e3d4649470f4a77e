//! Public keys: the material that signatures are checked with.
//!
//! Material decides nothing: whose signature counts are the fingerprints of the catalog. So keys may
//! come from anywhere, and those that nobody names do no harm.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use signatures::{Fingerprint, Keyring};
use thiserror::Error;

use super::limited::Limited;
use crate::file;

/// The keys this program was built with.
pub const EMBEDDED_KEYS: &[u8] = include_bytes!("../../../versions.keys");

/// Of key material; Apache's list of all who ever signed a ZooKeeper has 200 KB.
pub const LARGEST_KEYS: u64 = 4 << 20;

/// The built-in keys, and those of a file beside the catalog.
#[derive(Debug, Clone, Default)]
pub struct KeyFile {
    /// It need not exist; `None` where the catalog is built in.
    pub path: Option<PathBuf>,
    /// Whether nothing may be added to it.
    pub is_read_only: bool,
}

/// Why keys cannot be read or kept.
#[derive(Debug, Error)]
#[error("cannot {operation} `{}`", path.display())]
pub struct KeysError {
    operation: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl KeyFile {
    /// Reads all of them.
    pub fn read(&self) -> Result<Keyring, KeysError> {
        let mut material = EMBEDDED_KEYS.to_vec();
        if let Some(path) = &self.path {
            material.push(b'\n');
            material.extend(read_if_there(path)?);
        }
        Ok(Keyring::parse(&material))
    }

    /// The same for whoever only looks.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.is_read_only = true;
        self
    }

    /// Adds a key to the file, which others can then do without its source. Where there is no file to
    /// be written, nothing is kept.
    pub fn keep(&self, keys: &Keyring, fingerprint: Fingerprint) -> Result<(), KeysError> {
        let path = self.path.as_ref().filter(|_| !self.is_read_only);
        let (Some(path), Some(armored)) = (path, keys.armored(&fingerprint)) else {
            return Ok(());
        };
        let mut material = read_if_there(path)?;
        if !material.is_empty() {
            material.push(b'\n');
        }
        material.extend(format!("{fingerprint}\n{armored}").into_bytes());
        file::replace(path, |file| file.write_all(&material)).map_err(|source| KeysError {
            operation: "write",
            path: path.clone(),
            source,
        })
    }
}

fn read_if_there(path: &Path) -> Result<Vec<u8>, KeysError> {
    let error = |source| KeysError {
        operation: "read",
        path: path.to_owned(),
        source,
    };
    if matches!(fs::metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound) {
        return Ok(Vec::new());
    }
    let mut material = Vec::new();
    let reader = File::open(path).map_err(error)?;
    let left = LARGEST_KEYS;
    (Limited { reader, left }.read_to_end(&mut material)).map_err(error)?;
    Ok(material)
}
