//! A fingerprint in a document is its digits.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::fingerprint::Fingerprint;

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let invalid = |error| D::Error::custom(format!("`{text}` is no fingerprint: {error}"));
        text.parse().map_err(invalid)
    }
}
