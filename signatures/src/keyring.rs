//! Public keys by fingerprint.

use std::collections::{BTreeMap, BTreeSet};

use crate::armor::{self, Kind};
use crate::assembly::{Assembly, Refused};
use crate::certificate::Certificate;
use crate::fingerprint::Fingerprint;
use crate::packets;
use crate::policy;

/// Public keys by the fingerprint of their primary key.
///
/// To be in a keyring means nothing: who may sign is said by [`Trust::signers`](crate::Trust::signers).
#[derive(Debug, Default)]
pub struct Keyring {
    certificates: BTreeMap<Fingerprint, Certificate>,
    /// Of which a copy lacks nobody knows what.
    refused: BTreeSet<Fingerprint>,
    unreadable: Vec<String>,
}

impl Keyring {
    /// Reads armored blocks, ignoring the text between them, or binary packets. Copies of one
    /// certificate are put together.
    ///
    /// What cannot be read is told by [`unreadable`](Self::unreadable) and does no other harm: files of
    /// keys that many people add to have keys of all times. But where it may be a revocation by the key
    /// itself, or where binary packets are cut within a certificate, that key is not believed, in
    /// whichever copy. At most 16 MiB are read.
    pub fn parse(material: &[u8]) -> Self {
        let mut keyring = Self::default();
        if material.len() > policy::MATERIAL {
            let limit = policy::MATERIAL;
            keyring.complain(format!("the keys are larger than {limit} bytes"));
        } else if packets::are_binary(material) {
            keyring.add(material, "packets");
        } else {
            keyring.add_blocks(material);
        }
        keyring
    }

    /// What could not be read and why, one line each.
    pub fn unreadable(&self) -> &[String] {
        &self.unreadable
    }

    /// The primary keys that were read, in their order.
    pub fn fingerprints(&self) -> impl Iterator<Item = Fingerprint> {
        self.certificates.keys().copied()
    }

    /// One certificate, for keeping: the key, its names and subkeys and its own signatures, without
    /// those by others.
    pub fn armored(&self, fingerprint: &Fingerprint) -> Option<String> {
        let certificate = self.certificates.get(fingerprint)?;
        Some(armor::encode(Kind::PublicKeys, &certificate.to_bytes()))
    }

    /// All certificates, in the order of their fingerprints.
    pub(crate) fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.certificates.values()
    }

    fn add_blocks(&mut self, material: &[u8]) {
        let blocks = armor::blocks(Kind::PublicKeys, material);
        if blocks.is_empty() && !material.trim_ascii().is_empty() {
            self.complain("there is no block of public keys".to_owned());
        }
        for block in blocks {
            let place = format!("block at line {}", block.line);
            match block.content {
                Ok(content) => self.add(&content, &place),
                Err(error) => self.complain(format!("{place}: {error}")),
            }
        }
    }

    fn add(&mut self, content: &[u8], place: &str) {
        let mut assembly = Assembly::default();
        for frame in packets::frames(content) {
            match frame {
                Ok(frame) => assembly.take(frame),
                Err(error) => assembly.break_off(error),
            }
        }
        assembly.finish();
        for complaint in assembly.complaints {
            self.complain(format!("{place}: {complaint}"));
        }
        for finished in assembly.finished {
            if let Err(refused) = finished.and_then(|certificate| self.insert(certificate)) {
                self.refuse(refused, place);
            }
        }
    }

    fn insert(&mut self, certificate: Certificate) -> Result<(), Refused> {
        let fingerprint = certificate.fingerprint;
        if self.refused.contains(&fingerprint) {
            return Ok(());
        }
        let Some(known) = self.certificates.get_mut(&fingerprint) else {
            self.certificates.insert(fingerprint, certificate);
            return Ok(());
        };
        (known.merge(certificate)).map_err(|error| Refused { fingerprint, error })
    }

    /// Which of its parts to believe is anybody's guess, and other copies may lack the same.
    fn refuse(&mut self, refused: Refused, place: &str) {
        self.certificates.remove(&refused.fingerprint);
        self.refused.insert(refused.fingerprint);
        self.complain(format!("{place}: {}", refused.error));
    }

    fn complain(&mut self, complaint: String) {
        self.unreadable.push(complaint);
    }
}
