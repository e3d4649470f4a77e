//! `index.json`: the one descriptor, and what the build wrote down of itself.
//!
//! No digest covers this file, so it carries one of its own: a changed byte in it is found by whoever
//! looks, without the catalog and lock that the image was built from.

use layers::Digest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::json;
use crate::plan::{Parts, Source};

/// The annotation with the digest over everything else in `index.json`.
const SEAL: &str = "zookiln.seal";

/// What this program wrote down of its build, in the annotations of `index.json`, so that the next
/// build knows what is there without reading a blob or asking the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// [`crate::plan::Plan::identity`].
    #[serde(rename = "zookiln.identity")]
    pub identity: Digest,
    /// Where ZooKeeper came from.
    #[serde(rename = "zookiln.source")]
    pub source: Source,
    /// `SOURCE_DATE_EPOCH` as it took effect: seconds since 1970.
    #[serde(rename = "zookiln.created")]
    pub created: String,
    /// Of what the identity is; `None` in layouts of versions that did not write it.
    #[serde(flatten)]
    pub parts: Option<Parts>,
}

impl Record {
    /// Of an `index.json`; `None` where somebody else made it.
    pub(crate) fn of(document: &Value) -> Option<Self> {
        let annotations = document.get("annotations")?;
        serde_json::from_value(annotations.clone()).ok()
    }

    /// The `index.json` of a layout whose one image is at `descriptor`.
    pub(super) fn document(&self, descriptor: &Value) -> Value {
        let mut document = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [descriptor],
            "annotations": self,
        });
        document["annotations"][SEAL] = json!(seal(&document));
        document
    }
}

/// What an `index.json` says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seal {
    /// It is as it was written.
    Intact,
    /// Something in it is not.
    Broken,
    /// It has none.
    Missing,
}

impl Seal {
    pub(crate) fn of(document: &Value) -> Self {
        let mut rest = document.clone();
        let annotations = rest.get_mut("annotations").and_then(Value::as_object_mut);
        match annotations.and_then(|annotations| annotations.remove(SEAL)) {
            None => Self::Missing,
            Some(found) if found == json!(seal(&rest)) => Self::Intact,
            Some(_) => Self::Broken,
        }
    }
}

fn seal(document: &Value) -> String {
    Digest::sha256_of(&json::canonical(document)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(text: &str) -> Digest {
        Digest::sha256_of(text.as_bytes())
    }

    fn record(parts: Option<Parts>) -> Record {
        Record {
            identity: digest("identity"),
            source: Source::Tarball,
            created: "7".to_owned(),
            parts,
        }
    }

    fn parts() -> Parts {
        Parts {
            catalog: digest("catalog"),
            lock: digest("lock"),
            program: digest("program"),
        }
    }

    #[test]
    fn a_record_comes_back_with_its_parts_or_without() {
        for record in [record(None), record(Some(parts()))] {
            let document = record.document(&json!({ "digest": "sha256:00" }));
            assert_eq!(Record::of(&document), Some(record));
        }
        assert_eq!(Record::of(&json!({ "annotations": {} })), None);
        assert_eq!(Record::of(&json!({})), None);
    }

    #[test]
    fn no_changed_byte_of_an_index_goes_unnoticed() {
        let document = record(Some(parts())).document(&json!({ "digest": "sha256:00" }));
        assert_eq!(Seal::of(&document), Seal::Intact);
        let bytes = json::canonical(&document);
        for position in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[position] ^= 1;
            if let Ok(damaged) = serde_json::from_slice(&damaged) {
                assert_ne!(Seal::of(&damaged), Seal::Intact, "byte {position}");
            }
        }
        assert_eq!(Seal::of(&json!({ "annotations": {} })), Seal::Missing);
        assert_eq!(Seal::of(&json!([])), Seal::Missing);
    }
}
