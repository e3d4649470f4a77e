//! What the lock keeps of signatures: who vouched for an input, and when.

use std::time::SystemTime;

use layers::Digest;
use serde::{Deserialize, Serialize};
use signatures::Fingerprint;

use super::fields;
use crate::store::Expected;

/// The signed list of lists that a suite's packages were resolved from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedSuite {
    /// When Debian made it. An older one is refused from then on.
    #[serde(with = "fields::time")]
    pub date: SystemTime,
    /// Of the file `InRelease`.
    #[serde(with = "fields::sha256")]
    pub sha256: Digest,
    /// Primary fingerprints of the keys whose signatures were good.
    pub signers: Vec<Fingerprint>,
}

/// The official archive of a release of ZooKeeper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedRelease {
    /// Below the root of a mirror of Apache's releases.
    pub path: String,
    /// Size and SHA-512.
    pub tarball: Expected,
    /// `None` where it could not be checked: then the SHA-512 of the catalog vouches alone.
    pub signature: Option<LockedSignature>,
}

/// A detached signature that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedSignature {
    /// Primary fingerprint.
    pub signer: Fingerprint,
    /// The key that signed: the primary one or a subkey of it.
    pub key: Fingerprint,
    /// When, by the signature itself.
    #[serde(with = "fields::time")]
    pub made: SystemTime,
}
