//! The pins: `versions.lock`, written by `zookiln update` and read by everything else.
//!
//! Guarantees: every release archive, Debian package and jar that a build can need is named with
//! version, size and digest, with whose signature vouched for it, and with what wrote the layers. With
//! the catalog and the program of the same commit, the same lock means the same bytes.

mod fields;
mod signed;
mod text;

use std::collections::BTreeMap;

use layers::Digest;
use serde::{Deserialize, Serialize};

use crate::catalog::{Coordinates, Platform};
use crate::store::Expected;

pub use signed::{LockedRelease, LockedSignature, LockedSuite};

pub use text::EMBEDDED_LOCK;

/// Of the file; a lock of another format is refused.
const FORMAT: u32 = 2;

/// The whole lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// What writes the layers.
    pub output: OutputFormat,
    /// By codename.
    pub debian: BTreeMap<String, DebianLock>,
    /// By version.
    pub releases: BTreeMap<String, LockedRelease>,
    /// By coordinates.
    pub jars: BTreeMap<Coordinates, Expected>,
}

/// What shapes the bytes of a layer beside its inputs. A program that writes others says so before it
/// writes an image whose digest nobody expects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OutputFormat {
    /// Of tar and gzip, see `layers::FORMAT_VERSION`.
    pub layer_format: u32,
    /// Name and version of the compressor: `zlib-rs 0.6.8`.
    pub compressor: String,
}

impl OutputFormat {
    /// That of this program.
    #[must_use]
    pub fn current() -> Self {
        Self {
            layer_format: layers::FORMAT_VERSION,
            compressor: layers::COMPRESSOR.to_owned(),
        }
    }
}

/// The packages of one Debian release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebianLock {
    /// When this was resolved, as the snapshot archive writes it: `20260101T000000Z`.
    pub snapshot: String,
    /// By name: what vouched for the package lists.
    pub suites: BTreeMap<String, LockedSuite>,
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
    #[serde(with = "fields::sha256")]
    pub sha256: Digest,
}

impl LockedPackage {
    /// What the file must be.
    #[must_use]
    pub fn expected(&self) -> Expected {
        Expected {
            digest: self.sha256.clone(),
            size: Some(self.size),
        }
    }

    /// The last component of its path.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}
