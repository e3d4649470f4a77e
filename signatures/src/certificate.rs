//! A certificate (RFC 9580 §10.1): a primary key with its names and subkeys, and what the key itself
//! has signed of them.
//!
//! Signatures by others are left out: nobody here asks who knows whom, and popular keys have
//! thousands. What is in a certificate has been proven by [`assembly`](crate::assembly); what it means is
//! said by [`standing`](crate::standing).
//!
//! Copies of one certificate are put together, whoever wrote them: one packet can be framed in several
//! ways, and a signature can carry things that it does not cover. So a key is known again by its
//! fingerprint, a name by its content, and a signature by what it covers.

use pgp::packet::{PublicKey, PublicSubkey, Signature, UserAttribute, UserId};

use crate::fingerprint::Fingerprint;
use crate::outline::signed_part;
use crate::packets::{Frame, FrameError};
use crate::policy;
use crate::statement::embedded;

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
    /// By what it is known again among parts of its kind.
    identity: Vec<u8>,
    /// As it stood in the material.
    packet: Vec<u8>,
    /// By the primary key.
    pub(crate) signatures: Vec<Own>,
}

/// A signature by the key itself.
#[derive(Debug)]
pub(crate) struct Own {
    /// The signature.
    pub(crate) signature: Signature,
    packet: Vec<u8>,
    signed_part: Vec<u8>,
}

/// What a certification is about.
#[derive(Debug)]
pub(crate) enum Name {
    /// A name and an address, mostly.
    UserId(UserId),
    /// A picture, mostly.
    UserAttribute(UserAttribute),
}

/// Why a certificate is refused as a whole: what it lacks could be a revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CertificateError {
    /// More than anybody who is honest needs.
    #[error("key {0} has more parts than the {limit} of a kind that are read", limit = policy::PARTS)]
    TooManyParts(Fingerprint),
    /// To try them all would take too long.
    #[error("key {0} has more than {limit} signatures in its name", limit = policy::PROOFS)]
    TooManySignatures(Fingerprint),
    /// The owner may have taken it back.
    #[error("key {0} has a signature that may be a revocation and cannot be read")]
    UnreadableRevocation(Fingerprint),
    /// Nobody knows what comes after.
    #[error("key {0} does not end: {1}")]
    NoEnd(Fingerprint, FrameError),
}

impl<T> Part<T> {
    /// A part that nobody has signed yet.
    pub(crate) fn new(content: T, identity: Vec<u8>, frame: Frame<'_>) -> Self {
        Self {
            content,
            identity,
            packet: frame.whole.to_vec(),
            signatures: Vec::new(),
        }
    }

    /// Whether the part would not gain by this signature.
    pub(crate) fn has(&self, own: &Own) -> bool {
        (self.signatures.iter()).any(|known| known.says_the_same(own) && !own.carries_more(known))
    }

    /// Adds a signature that is proven.
    pub(crate) fn sign(&mut self, own: Own) {
        match (self.signatures.iter_mut()).find(|known| known.says_the_same(&own)) {
            None => self.signatures.push(own),
            Some(known) if own.carries_more(known) => *known = own,
            Some(_) => {}
        }
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.packet);
        for own in &self.signatures {
            bytes.extend_from_slice(&own.packet);
        }
    }
}

impl Own {
    /// A signature and how it stood in the material.
    pub(crate) fn new(signature: Signature, frame: Frame<'_>) -> Self {
        Self {
            signature,
            packet: frame.whole.to_vec(),
            signed_part: signed_part(frame.body).to_vec(),
        }
    }

    fn says_the_same(&self, other: &Self) -> bool {
        self.signed_part == other.signed_part
    }

    /// Whether it has back-signatures that the other one lacks: they need not be covered.
    fn carries_more(&self, other: &Self) -> bool {
        let count = |own: &Self| (own.signature.config()).map_or(0, |it| embedded(it).count());
        count(self) > count(other)
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
    pub(crate) fn merge(&mut self, other: Self) -> Result<(), CertificateError> {
        (other.primary.signatures.into_iter()).for_each(|own| self.primary.sign(own));
        for name in other.names {
            place(&mut self.names, name);
        }
        for subkey in other.subkeys {
            place(&mut self.subkeys, subkey);
        }
        self.check_size()
    }

    /// Refuses a certificate that is too large. Parts that the key has not signed do not count: anybody
    /// can add some.
    ///
    /// # Errors
    /// [`CertificateError::TooManyParts`], or [`CertificateError::TooManySignatures`] where one copy
    /// could not have them all.
    pub(crate) fn check_size(&self) -> Result<(), CertificateError> {
        let names = self.names.iter().map(|name| name.signatures.len());
        let subkeys = self.subkeys.iter().map(|subkey| subkey.signatures.len());
        let signatures = std::iter::once(self.primary.signatures.len())
            .chain(names.clone())
            .chain(subkeys.clone());
        if signatures.clone().sum::<usize>() > policy::PROOFS {
            return Err(CertificateError::TooManySignatures(self.fingerprint));
        }
        let parts = [
            names.filter(|count| *count > 0).count(),
            subkeys.filter(|count| *count > 0).count(),
        ];
        match signatures.chain(parts).max() {
            Some(count) if count > policy::PARTS => {
                Err(CertificateError::TooManyParts(self.fingerprint))
            }
            _ => Ok(()),
        }
    }
}

/// Puts a part among those of its kind, once, and tells where it is. Of parts that nobody has signed the
/// last ones stay.
pub(crate) fn place<T>(parts: &mut Vec<Part<T>>, part: Part<T>) -> usize {
    let known = (parts.iter()).position(|known| known.identity == part.identity);
    if let Some(index) = known {
        (part.signatures.into_iter()).for_each(|own| parts[index].sign(own));
        return index;
    }
    let unsigned = |part: &Part<T>| part.signatures.is_empty();
    if parts.iter().filter(|part| unsigned(part)).count() >= policy::PARTS
        && let Some(first) = parts.iter().position(unsigned)
    {
        parts.remove(first);
    }
    parts.push(part);
    parts.len() - 1
}
