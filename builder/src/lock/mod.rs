//! The pins: `versions.lock`, written by `zookiln update` and read by everything else.
//!
//! Guarantees: every Debian package and jar that a build can need is named with version, size and
//! SHA-256, so that the same lock means the same bytes.

mod text;

use std::collections::BTreeMap;

use layers::Digest;
use serde::{Deserialize, Serialize};

use crate::catalog::{Coordinates, Platform};
use crate::store::Expected;

pub use text::EMBEDDED_LOCK;

/// Of the file; a lock of another format is refused.
const FORMAT: u32 = 1;

/// The whole lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// By codename.
    pub debian: BTreeMap<String, DebianLock>,
    /// By coordinates.
    pub jars: BTreeMap<Coordinates, Expected>,
}

/// The packages of one Debian release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebianLock {
    /// When this was resolved, as the snapshot archive writes it: `20260101T000000Z`.
    pub snapshot: String,
    /// By set: the digest of what of the catalog it was resolved from.
    pub resolved: BTreeMap<String, Digest>,
    /// In order of platform, set and name.
    pub packages: Vec<LockedPackage>,
}

/// One package of one architecture.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedPackage {
    /// The platform it is needed on.
    pub platform: Platform,
    /// What it belongs to: `base`, `shell` or `java` with the catalog's key, like `java.21`.
    pub set: String,
    /// `libc6`
    pub name: String,
    /// `2.41-12`
    pub version: String,
    /// `trixie-security`
    pub suite: String,
    /// Below the archive's root: `pool/main/g/glibc/…`
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// 64 hexadecimal digits.
    #[serde(with = "text::sha256")]
    pub sha256: Digest,
}

impl LockedPackage {
    /// What the file must be.
    #[must_use]
    pub fn expected(&self) -> Expected {
        Expected {
            digest: self.sha256.clone(),
            size: self.size,
        }
    }

    /// The last component of its path.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}
