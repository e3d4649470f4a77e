//! Derived blobs: what was made of inputs, found again by a key over inputs and recipe.

use std::fmt;
use std::fs;
use std::io;

use layers::Digest;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Store, StoreError};
use crate::json;

/// SHA-256 over the canonical JSON of everything a derived blob depends on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DerivedKey(Digest);

impl DerivedKey {
    /// The key of a recipe: its kind, and all that shapes its bytes.
    pub fn of(kind: &str, recipe: &impl Serialize) -> Self {
        Self(Digest::sha256_of(&json::canonical(&(kind, recipe))))
    }
}

impl fmt::Display for DerivedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.hex())
    }
}

impl Store {
    /// What was recorded for `key`, if it is still what was written. A record that is not is as good
    /// as none: what it stood for is made again. The blobs it names are not looked at.
    pub fn derived<T: DeserializeOwned>(&self, key: &DerivedKey) -> Result<Option<T>, StoreError> {
        let path = self.derived_path(key);
        match fs::read(&path) {
            Ok(bytes) => Ok(unseal(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io("read", &path)(error)),
        }
    }

    /// Records what was made for `key`; the blobs it names must be in the store already.
    pub fn record_derived(
        &self,
        key: &DerivedKey,
        value: &impl Serialize,
    ) -> Result<(), StoreError> {
        let path = self.derived_path(key);
        let directory = self.work().path();
        let temporary = tempfile::NamedTempFile::new_in(directory)
            .map_err(StoreError::io("create a file in", directory))?;
        fs::write(temporary.path(), seal(value))
            .map_err(StoreError::io("write", temporary.path()))?;
        temporary
            .persist(&path)
            .map_err(|error| StoreError::io("write", &path)(error.error))
            .map(drop)
    }

    fn derived_path(&self, key: &DerivedKey) -> std::path::PathBuf {
        self.root.join("derived").join(format!("{key}.json"))
    }
}

/// A record with its own digest: layers go by what it says without reading their blobs.
#[derive(Serialize, Deserialize)]
struct Sealed {
    sha256: Digest,
    value: Value,
}

fn seal(value: &impl Serialize) -> Vec<u8> {
    let bytes = json::canonical(value);
    let value = serde_json::from_slice(&bytes).expect("it was written as JSON a line above");
    json::canonical(&Sealed {
        sha256: Digest::sha256_of(&bytes),
        value,
    })
}

fn unseal<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let sealed: Sealed = serde_json::from_slice(bytes).ok()?;
    let intact = Digest::sha256_of(&json::canonical(&sealed.value)) == sealed.sha256;
    intact.then(|| serde_json::from_value(sealed.value).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flipped_byte_of_a_record_is_believed() {
        let value = ("layer".to_owned(), 42);
        let sealed = seal(&value);
        assert_eq!(unseal(&sealed), Some(value.clone()));
        for position in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[position] ^= 1;
            let found: Option<(String, i32)> = unseal(&damaged);
            assert!(
                found.is_none() || found.as_ref() == Some(&value),
                "byte {position}"
            );
        }
    }
}
