//! How single values are written in a lock.

use layers::{Algorithm, Digest};
use serde::{Deserialize, Deserializer, Serializer, de::Error};

/// SHA-256 as bare hexadecimal digits.
pub(super) mod sha256 {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        digest: &Digest,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(digest.hex())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Digest, D::Error> {
        digest(Algorithm::Sha256, deserializer)
    }
}

/// SHA-512 as bare hexadecimal digits.
pub(super) mod sha512 {
    use super::*;

    pub(crate) use super::sha256::serialize;

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Digest, D::Error> {
        digest(Algorithm::Sha512, deserializer)
    }
}

/// A time as RFC 3339, in whole seconds.
pub(super) mod time {
    use std::time::SystemTime;

    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        time: &SystemTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_rfc3339_seconds(*time))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SystemTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_rfc3339(&text).map_err(|_| {
            D::Error::custom(format!("`{text}` is no time like `2026-01-01T00:00:00Z`"))
        })
    }
}

fn digest<'de, D: Deserializer<'de>>(
    algorithm: Algorithm,
    deserializer: D,
) -> Result<Digest, D::Error> {
    let hex = String::deserialize(deserializer)?;
    Digest::new(algorithm, &hex).map_err(|_| {
        let length = algorithm.hex_length();
        D::Error::custom(format!("`{hex}` is not {length} hexadecimal digits"))
    })
}
