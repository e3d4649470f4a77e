//! Derived blobs: what was made of inputs, found again by a key over inputs and recipe.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use layers::Digest;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Expected, Store, StoreError, file_metadata, used};
use crate::json;

/// SHA-256 over the canonical JSON of everything a derived blob depends on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DerivedKey(Digest);

/// What is to be known of a derived blob without reading it.
pub trait Derived: Serialize + DeserializeOwned {
    /// The blob.
    fn blob(&self) -> Expected;
}

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
    /// What was recorded for `key`, if it is still what was written and its blob is there; then both
    /// count as used. A record that is not is as good as none: what it stood for is made again. The
    /// blob's bytes are not looked at.
    pub fn derived<T: Derived>(&self, key: &DerivedKey) -> Result<Option<T>, StoreError> {
        let path = self.derived_path(key);
        let Some(metadata) = file_metadata(&path)? else {
            return Ok(None);
        };
        let bytes = fs::read(&path).map_err(StoreError::io("read", &path))?;
        let value: Option<T> =
            unseal(&bytes).and_then(|record| serde_json::from_value(record.value).ok());
        let value = value.filter(|value| self.contains(&value.blob()));
        if value.is_some() {
            used::mark(&path, &metadata);
        }
        Ok(value)
    }

    /// Records what was made for `key`; its blob must be in the store already. `name` is for people.
    pub fn record_derived(
        &self,
        key: &DerivedKey,
        name: &str,
        value: &impl Derived,
    ) -> Result<(), StoreError> {
        let path = self.derived_path(key);
        let directory = self.work().path();
        let temporary = tempfile::NamedTempFile::new_in(directory)
            .map_err(StoreError::io("create a file in", directory))?;
        fs::write(temporary.path(), seal(name, value))
            .map_err(StoreError::io("write", temporary.path()))?;
        temporary
            .persist(&path)
            .map_err(|error| StoreError::cannot_replace(&path)(error.error))
            .map(drop)
    }

    fn derived_path(&self, key: &DerivedKey) -> PathBuf {
        self.root.join("derived").join(format!("{key}.json"))
    }
}

/// Whether a file below `derived/` has a name that a record may have.
pub(super) fn is_record(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let key = name.and_then(|name| name.strip_suffix(".json"));
    key.is_some_and(|key| Digest::new(layers::Algorithm::Sha256, key).is_ok())
}

/// A record as a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    /// `layer base for linux/amd64`
    pub(super) name: String,
    /// What goes when the record goes.
    pub(super) blob: Expected,
    value: Value,
}

/// A record with its own digest: layers go by what it says without reading their blobs.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    sha256: Digest,
    record: Record,
}

fn seal(name: &str, value: &impl Derived) -> Vec<u8> {
    let record = Record {
        name: name.to_owned(),
        blob: value.blob(),
        value: serde_json::to_value(value).expect("strings and numbers are JSON"),
    };
    json::canonical(&Sealed {
        sha256: Digest::sha256_of(&json::canonical(&record)),
        record,
    })
}

/// `None` where it is not what [`seal`] has written.
pub(super) fn unseal(bytes: &[u8]) -> Option<Record> {
    let sealed: Sealed = serde_json::from_slice(bytes).ok()?;
    let found = Digest::sha256_of(&json::canonical(&sealed.record));
    (found == sealed.sha256).then_some(sealed.record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    struct Layer {
        size: u64,
    }

    impl Derived for Layer {
        fn blob(&self) -> Expected {
            Expected {
                digest: Digest::sha256_of(b"layer"),
                size: Some(self.size),
            }
        }
    }

    #[test]
    fn no_flipped_byte_of_a_record_is_believed() {
        let sealed = seal("layer base", &Layer { size: 5 });
        let intact = unseal(&sealed).unwrap();
        assert_eq!(intact.name, "layer base");
        assert_eq!(intact.blob.size, Some(5));
        for position in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[position] ^= 1;
            assert!(unseal(&damaged).is_none(), "byte {position}");
        }
    }

    #[test]
    fn a_record_without_its_blob_is_as_good_as_none() {
        let cache = tempfile::tempdir().unwrap();
        let store = Store::open(cache.path()).unwrap();
        let key = DerivedKey::of("layer", &"recipe");
        let layer = Layer { size: 5 };
        store.record_derived(&key, "layer base", &layer).unwrap();
        assert_eq!(store.derived::<Layer>(&key).unwrap(), None);
        store.insert(b"layer").unwrap();
        assert_eq!(store.derived(&key).unwrap(), Some(layer));
    }

    #[test]
    fn names_of_records_are_keys() {
        let key = DerivedKey::of("layer", &"recipe");
        assert!(is_record(Path::new(&format!("derived/{key}.json"))));
        for name in ["notes.json", ".json", "README", &key.to_string()] {
            assert!(!is_record(Path::new(name)), "{name}");
        }
    }
}
