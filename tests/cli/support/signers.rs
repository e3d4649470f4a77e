//! Whose signatures the fixture has: keys made from seeds, the same in every run.

use std::sync::LazyLock;
use std::time::UNIX_EPOCH;

use signatures::testing::Signer;

/// Debian's archive.
pub(crate) static ARCHIVE: LazyLock<Person> = LazyLock::new(|| Person::new(1));
/// Who makes ZooKeeper's releases.
pub(crate) static RELEASES_MANAGER: LazyLock<Person> = LazyLock::new(|| Person::new(2));
/// Nobody whom the catalog names.
pub(crate) static STRANGER: LazyLock<Person> = LazyLock::new(|| Person::new(3));

/// When all keys were made, and when everything is signed.
const KEYS_MADE: &str = "2025-01-01T00:00:00Z";
const SIGNED: &str = "2026-01-03T10:00:00Z";

pub(crate) struct Person(Signer);

impl Person {
    fn new(seed: u64) -> Self {
        Self(Signer::new(seed, seconds(KEYS_MADE)))
    }

    pub(crate) fn fingerprint(&self) -> String {
        self.0.fingerprint().to_string()
    }

    /// Its public key, armored.
    pub(crate) fn keys(&self) -> Vec<u8> {
        self.0.armored_certificate().into_bytes()
    }

    /// As Debian signs an InRelease.
    pub(crate) fn sign_text(&self, text: &str) -> Vec<u8> {
        self.0.clear_sign(text, seconds(SIGNED)).into_bytes()
    }

    /// As Apache signs an archive: a file beside it.
    pub(crate) fn sign_file(&self, content: &[u8]) -> Vec<u8> {
        self.0.sign_detached(content, seconds(SIGNED)).into_bytes()
    }
}

fn seconds(time: &str) -> u64 {
    let time = humantime::parse_rfc3339(time).unwrap();
    time.duration_since(UNIX_EPOCH).unwrap().as_secs()
}
