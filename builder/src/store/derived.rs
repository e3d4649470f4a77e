//! Derived blobs: what was made of inputs, found again by a key over inputs and recipe.

use std::fmt;
use std::fs;
use std::io;

use layers::Digest;
use serde::Serialize;
use serde::de::DeserializeOwned;

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
    /// What was recorded for `key`, if anything that can still be read. The blobs it names are not
    /// looked at.
    pub fn derived<T: DeserializeOwned>(&self, key: &DerivedKey) -> Result<Option<T>, StoreError> {
        let path = self.derived_path(key);
        match fs::read(&path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
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
        fs::write(temporary.path(), json::canonical(value))
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
