//! A certificate (RFC 9580 §10.1): a primary key with its names and subkeys, and what the key itself
//! has signed of them.
//!
//! Signatures by others are left out: nobody here asks who knows whom, and popular keys have
//! thousands. Nothing is verified here; that is for [`standing`](crate::standing).

use pgp::packet::{
    Packet, PublicKey, PublicSubkey, Signature, SignatureType, UserAttribute, UserId,
};
use pgp::types::KeyDetails as _;

use crate::fingerprint::{Fingerprint, Issuer};
use crate::packets::{
    Frame, PUBLIC_KEY, PUBLIC_SUBKEY, SECRET_KEY, SIGNATURE, USER_ATTRIBUTE, USER_ID,
};
use crate::policy;
use crate::statement::{issuer, version4};

/// A primary key and what belongs to it.
#[derive(Debug)]
pub(crate) struct Certificate {
    /// The fingerprint of the primary key.
    pub(crate) fingerprint: Fingerprint,
    /// With its direct-key signatures and revocations.
    pub(crate) primary: Part<PublicKey>,
    /// With their certifications and revocations.
    pub(crate) names: Vec<Part<Name>>,
    /// With their bindings and revocations.
    pub(crate) subkeys: Vec<Part<PublicSubkey>>,
}

/// A part of a certificate and the primary key's own signatures on it.
#[derive(Debug)]
pub(crate) struct Part<T> {
    /// The part.
    pub(crate) content: T,
    /// As it stood in the material.
    packet: Vec<u8>,
    /// By the primary key, by their own words.
    pub(crate) signatures: Vec<Own>,
}

/// A signature by the key itself, by its own words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Own {
    /// The signature.
    pub(crate) signature: Signature,
    packet: Vec<u8>,
}

/// What a certification is about.
#[derive(Debug)]
pub(crate) enum Name {
    /// A name and an address, mostly.
    UserId(UserId),
    /// A picture, mostly.
    UserAttribute(UserAttribute),
}

/// A certificate has more parts than anybody who is honest needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("key {0} has more parts than the {limit} of a kind that are read", limit = policy::PARTS)]
pub(crate) struct TooManyParts(Fingerprint);

impl<T> Part<T> {
    fn new(content: T, frame: Frame<'_>) -> Self {
        Self {
            content,
            packet: frame.whole.to_vec(),
            signatures: Vec::new(),
        }
    }

    fn sign(&mut self, own: Own) {
        if !self.signatures.contains(&own) {
            self.signatures.push(own);
        }
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.packet);
        for own in &self.signatures {
            bytes.extend_from_slice(&own.packet);
        }
    }
}

impl Certificate {
    /// All of it, packet after packet.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.primary.write(&mut bytes);
        self.names.iter().for_each(|name| name.write(&mut bytes));
        (self.subkeys.iter()).for_each(|subkey| subkey.write(&mut bytes));
        bytes
    }

    /// Adds what another copy of the same certificate has more: a revocation counts wherever it stands.
    ///
    /// # Errors
    /// Together they have too many parts.
    pub(crate) fn merge(&mut self, other: Self) -> Result<(), TooManyParts> {
        merge(std::slice::from_mut(&mut self.primary), vec![other.primary]);
        let names = merge(&mut self.names, other.names);
        self.names.extend(names);
        let subkeys = merge(&mut self.subkeys, other.subkeys);
        self.subkeys.extend(subkeys);
        self.check_size()
    }

    fn check_size(&self) -> Result<(), TooManyParts> {
        let signatures = [self.primary.signatures.len()]
            .into_iter()
            .chain(self.names.iter().map(|name| name.signatures.len()))
            .chain(self.subkeys.iter().map(|subkey| subkey.signatures.len()));
        let largest = signatures
            .chain([self.names.len(), self.subkeys.len()])
            .max();
        match largest {
            Some(count) if count > policy::PARTS => Err(TooManyParts(self.fingerprint)),
            _ => Ok(()),
        }
    }
}

/// Gives known parts the signatures of the others, and returns the parts that were not known.
fn merge<T>(known: &mut [Part<T>], others: Vec<Part<T>>) -> Vec<Part<T>> {
    let mut new = Vec::new();
    for other in others {
        match known.iter_mut().find(|part| part.packet == other.packet) {
            Some(part) => other.signatures.into_iter().for_each(|own| part.sign(own)),
            None => new.push(other),
        }
    }
    new
}

/// Puts packets together to certificates.
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    open: Option<Certificate>,
    /// To what the next signature belongs.
    place: Place,
    /// Signatures of the open certificate that could not be read.
    unreadable: usize,
    /// Whole certificates.
    pub(crate) finished: Vec<Certificate>,
    /// What could not be read, for people.
    pub(crate) complaints: Vec<String>,
}

#[derive(Debug, Default, Clone, Copy)]
enum Place {
    /// After a part that could not be read.
    #[default]
    Nowhere,
    Primary,
    Name,
    Subkey,
}

impl Assembly {
    /// Takes the next packet.
    pub(crate) fn take(&mut self, frame: Frame<'_>) {
        match frame.tag {
            PUBLIC_KEY | SECRET_KEY => self.begin(frame),
            USER_ID | USER_ATTRIBUTE | PUBLIC_SUBKEY => self.add(frame),
            SIGNATURE => self.sign(frame),
            // Marks of trust, padding, what is to come: no part of a certificate.
            _ => {}
        }
    }

    /// Ends the last certificate.
    pub(crate) fn finish(&mut self) {
        let unreadable = std::mem::take(&mut self.unreadable);
        let Some(certificate) = self.open.take() else {
            return;
        };
        if unreadable > 0 {
            let fingerprint = certificate.fingerprint;
            (self.complaints).push(format!(
                "{unreadable} signatures of key {fingerprint} cannot be read"
            ));
        }
        match certificate.check_size() {
            Ok(()) => self.finished.push(certificate),
            Err(error) => self.complaints.push(error.to_string()),
        }
    }

    fn begin(&mut self, frame: Frame<'_>) {
        self.finish();
        self.place = Place::Nowhere;
        let complaint = match frame.read() {
            Ok(Packet::PublicKey(key)) => match version4(&key.fingerprint()) {
                Some(fingerprint) => {
                    self.place = Place::Primary;
                    self.open = Some(Certificate {
                        fingerprint,
                        primary: Part::new(key, frame),
                        names: Vec::new(),
                        subkeys: Vec::new(),
                    });
                    return;
                }
                None => "a key is not of version 4".to_owned(),
            },
            Ok(_) => "a key is a private one".to_owned(),
            Err(error) => format!("a key cannot be read: {error}"),
        };
        self.complaints.push(complaint);
    }

    fn add(&mut self, frame: Frame<'_>) {
        self.place = Place::Nowhere;
        let Some(certificate) = &mut self.open else {
            return;
        };
        let name = |name| Part::new(name, frame);
        match frame.read() {
            Ok(Packet::UserId(user)) => {
                certificate.names.push(name(Name::UserId(user)));
                self.place = Place::Name;
            }
            Ok(Packet::UserAttribute(attribute)) => {
                certificate.names.push(name(Name::UserAttribute(attribute)));
                self.place = Place::Name;
            }
            Ok(Packet::PublicSubkey(subkey)) if version4(&subkey.fingerprint()).is_some() => {
                certificate.subkeys.push(Part::new(subkey, frame));
                self.place = Place::Subkey;
            }
            Ok(_) => {}
            Err(error) => {
                let fingerprint = certificate.fingerprint;
                (self.complaints).push(format!(
                    "a part of key {fingerprint} cannot be read: {error}"
                ));
            }
        }
    }

    fn sign(&mut self, frame: Frame<'_>) {
        let Some(certificate) = &mut self.open else {
            return;
        };
        let Ok(Packet::Signature(signature)) = frame.read() else {
            self.unreadable += 1;
            return;
        };
        let issuer = issuer(&signature);
        if issuer != Issuer::Nobody && !issuer.may_be(&certificate.fingerprint) {
            return;
        }
        let kind = signature.typ();
        let own = Own {
            signature,
            packet: frame.whole.to_vec(),
        };
        match (kind, self.place) {
            // Some tools write revocations at the end.
            (Some(SignatureType::Key | SignatureType::KeyRevocation), _) => {
                certificate.primary.sign(own);
            }
            (
                Some(SignatureType::SubkeyBinding | SignatureType::SubkeyRevocation),
                Place::Subkey,
            ) => sign_last(&mut certificate.subkeys, own),
            (Some(kind), Place::Name) if is_about_names(kind) => {
                sign_last(&mut certificate.names, own);
            }
            _ => {}
        }
    }
}

fn sign_last<T>(parts: &mut [Part<T>], own: Own) {
    if let Some(last) = parts.last_mut() {
        last.sign(own);
    }
}

fn is_about_names(kind: SignatureType) -> bool {
    matches!(
        kind,
        SignatureType::CertGeneric
            | SignatureType::CertPersona
            | SignatureType::CertCasual
            | SignatureType::CertPositive
            | SignatureType::CertRevocation
    )
}
