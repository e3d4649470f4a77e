//! Public keys: the material that signatures are checked with.
//!
//! Material decides nothing: whose signature counts are the fingerprints of the catalog. So keys may
//! come from anywhere, and those that nobody names do no harm.

use std::collections::BTreeSet;
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
}

/// A public key that is worth keeping.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NewKey {
    /// Of the primary key.
    pub fingerprint: Fingerprint,
    /// One certificate.
    pub armored: String,
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
        Ok(Keyring::parse(&self.material()?))
    }

    /// The same as text, to be read together with other keys.
    pub fn material(&self) -> Result<Vec<u8>, KeysError> {
        let mut material = EMBEDDED_KEYS.to_vec();
        if let Some(path) = &self.path {
            material.push(b'\n');
            material.extend(read_if_there(path)?);
        }
        Ok(material)
    }

    /// Adds keys to the file, which others can then do without their source. Where the catalog is
    /// built in, there is none.
    pub fn keep(&self, keys: &BTreeSet<NewKey>) -> Result<(), KeysError> {
        let Some(path) = self.path.as_ref().filter(|_| !keys.is_empty()) else {
            return Ok(());
        };
        let mut material = read_if_there(path)?;
        for key in keys {
            if !material.is_empty() {
                material.push(b'\n');
            }
            material.extend(format!("{}\n{}", key.fingerprint, key.armored).into_bytes());
        }
        let written = match material.len() as u64 {
            // What cannot be read back must not be written.
            LARGEST_KEYS.. => Err(io::Error::other("the keys are larger than any real ones")),
            _ => file::replace(path, |file| file.write_all(&material)),
        };
        written.map_err(|source| KeysError {
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
    match fs::metadata(path) {
        // A pipe would be waited for without end.
        Ok(metadata) if !metadata.is_file() => {
            return Err(error(io::Error::other("it is no regular file")));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        _ => {}
    }
    let mut material = Vec::new();
    let reader = File::open(path).map_err(error)?;
    let left = LARGEST_KEYS;
    (Limited { reader, left }.read_to_end(&mut material)).map_err(error)?;
    Ok(material)
}
