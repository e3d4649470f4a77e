//! Keys made from a seed, and what they sign: for tests, behind the feature `testing`.
//!
//! Everything is Ed25519 and nothing is random: the same seed, times and content give the same bytes, so
//! that transcripts stay as they are. A seed is no secret, so that nothing here is for real use.
//!
//! ```
//! use std::collections::BTreeSet;
//! use signatures::{Keyring, Trust, testing::Signer, verify_cleartext};
//!
//! let signer = Signer::new(1, 1_600_000_000);
//! let envelope = signer.clear_sign("Origin: Debian\n", 1_700_000_000);
//!
//! let keyring = Keyring::parse(signer.armored_certificate().as_bytes());
//! let signers = BTreeSet::from([signer.fingerprint()]);
//! let trust = Trust { keyring: &keyring, signers: &signers };
//! let signed = verify_cleartext(envelope.as_bytes(), trust, 1_700_000_001)?;
//! assert_eq!(signed.text, "Origin: Debian\n");
//! # Ok::<(), signatures::SignatureError>(())
//! ```

use pgp::crypto::ed25519::{Mode, SecretKey as Ed25519};
use pgp::crypto::eddsa_legacy::SecretKey as EdDsa;
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::packet::{
    KeyFlags, PacketTrait, PubKeyInner, PublicKey, PublicSubkey, RevocationCode, SecretKey,
    SecretSubkey, SignatureConfig, SignatureType, Subpacket, SubpacketData, UserId,
};
use pgp::types::{
    Duration, KeyDetails, KeyVersion, PacketHeaderVersion, Password, PlainSecretParams,
    PublicParams, SecretParams, SigningKey, Tag, Timestamp,
};

use crate::armor::{self, Kind};
use crate::error::RevocationReason;
use crate::fingerprint::Fingerprint;
use crate::statement::version4;

mod framing;
mod keys;

use keys::*;

pub use framing::{Bare, Framing, reframed};

/// A key that signs, and its certificate. Data is signed by its subkey where it has one.
#[derive(Debug, Clone)]
pub struct Signer {
    primary: SecretKey,
    said: Vec<Word>,
    revoked: Option<(u64, RevocationReason)>,
    name_revoked: Option<u64>,
    subkey: Option<(SecretSubkey, Subkey)>,
}

/// What a key says of itself, or of its subkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// When, in seconds since 1970.
    pub made: u64,
    /// Until when the key is good, in seconds since 1970.
    pub key_expires: Option<u64>,
    /// What the key is for.
    pub purpose: Purpose,
    /// Until when this word itself holds, in seconds since 1970.
    pub holds_until: Option<u64>,
    /// Whether it has a critical part that nobody knows.
    pub is_strange: bool,
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To sign data.
    Sign,
    /// To certify, and so to do something else.
    Certify,
    /// Nothing is said.
    Unsaid,
}

/// How a subkey belongs to its primary key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subkey {
    /// When it was made, in seconds since 1970.
    pub created: u64,
    /// What the primary key says of it: nothing, if it has not bound it.
    pub said: Vec<Word>,
    /// Whether the subkey has signed that it belongs to the primary key.
    pub has_back_signature: bool,
    /// When it has, if not with each word; in seconds since 1970.
    pub back_signed: Option<u64>,
    /// When and why the primary key has taken it back.
    pub revoked: Option<(u64, RevocationReason)>,
}

/// How to sign: at which time, in seconds since 1970, and until when. A mere number is the former.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signing {
    /// When.
    pub made: u64,
    /// Until when the signature is good.
    pub expires: Option<u64>,
}

impl From<u64> for Signing {
    fn from(made: u64) -> Self {
        let expires = None;
        Self { made, expires }
    }
}

impl Word {
    /// Meant to sign data, without an end.
    pub fn at(made: u64) -> Self {
        Self {
            made,
            key_expires: None,
            purpose: Purpose::Sign,
            holds_until: None,
            is_strange: false,
        }
    }
}

impl Subkey {
    /// As it should be: bound when it was made, meant to sign, with the back-signature.
    pub fn made_at(created: u64) -> Self {
        Self {
            created,
            said: vec![Word::at(created)],
            has_back_signature: true,
            back_signed: None,
            revoked: None,
        }
    }
}

impl Signer {
    /// A key made at this time, in seconds since 1970, that signs and has no end.
    pub fn new(seed: u64, created: u64) -> Self {
        let (parameters, secret) = parts_of(seed, 0);
        let key = PublicKey::from_inner(inner(parameters, created)).expect(FITS);
        Self {
            primary: SecretKey::new(key, secret).expect(FITS),
            said: vec![Word::at(created)],
            revoked: None,
            name_revoked: None,
            subkey: None,
        }
    }

    /// The same key, good until this time, in seconds since 1970.
    #[must_use]
    pub fn expires(mut self, end: u64) -> Self {
        for word in &mut self.said {
            word.key_expires = Some(end);
        }
        self
    }

    /// The same key, for this.
    #[must_use]
    pub fn meant_to(mut self, purpose: Purpose) -> Self {
        for word in &mut self.said {
            word.purpose = purpose;
        }
        self
    }

    /// The same key, which says this too. A key that says nothing: [`Self::silent`].
    #[must_use]
    pub fn saying(mut self, word: Word) -> Self {
        self.said.push(word);
        self
    }

    /// The same key without any self-signature.
    #[must_use]
    pub fn silent(mut self) -> Self {
        self.said.clear();
        self
    }

    /// The same key, revoked at this time, in seconds since 1970.
    #[must_use]
    pub fn revoked(mut self, made: u64, reason: RevocationReason) -> Self {
        self.revoked = Some((made, reason));
        self
    }

    /// The same key, which has taken its name back at this time, in seconds since 1970.
    #[must_use]
    pub fn name_revoked(mut self, made: u64) -> Self {
        self.name_revoked = Some(made);
        self
    }

    /// The same key, which signs data with a subkey. Its seed is its own, so that two signers can have the
    /// same subkey.
    #[must_use]
    pub fn with_subkey(mut self, seed: u64, subkey: Subkey) -> Self {
        let (parameters, secret) = parts_of(seed, 1);
        let key = PublicSubkey::from_inner(inner(parameters, subkey.created)).expect(FITS);
        let key = SecretSubkey::new(key, secret).expect(FITS);
        self.subkey = Some((key, subkey));
        self
    }

    /// The fingerprint of the primary key.
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint(self.primary.public_key())
    }

    /// The fingerprint of the key that signs data.
    pub fn signing_fingerprint(&self) -> Fingerprint {
        match &self.subkey {
            Some((key, _)) => fingerprint(key.public_key()),
            None => self.fingerprint(),
        }
    }

    /// The certificate, packet after packet.
    pub fn certificate(&self) -> Vec<u8> {
        let primary = self.primary.public_key();
        let mut bytes = packet(primary);
        if let Some((made, reason)) = self.revoked {
            let config = self.config(SignatureType::KeyRevocation, revocation(made, reason));
            let signature = config.sign_key(&self.primary, &open(), primary);
            bytes.extend(packet(&signature.expect(SIGNS)));
        }
        bytes.extend(packet(&self.name()));
        if let Some(made) = self.name_revoked {
            let parts = vec![made_at(made)];
            bytes.extend(self.sign_name_of(self, SignatureType::CertRevocation, parts));
        }
        for word in &self.said {
            let parts = self.life(*word, primary.created_at());
            bytes.extend(self.sign_name_of(self, SignatureType::CertPositive, parts));
        }
        if let Some((key, subkey)) = &self.subkey {
            bytes.extend(self.subkey_packets(key, subkey));
        }
        bytes
    }

    /// The certificate as text.
    pub fn armored_certificate(&self) -> String {
        armor::encode(Kind::PublicKeys, &self.certificate())
    }

    /// The packet by which one certifies another's name, as friends do.
    pub fn certify(&self, other: &Self, made: u64) -> Vec<u8> {
        self.sign_name_of(other, SignatureType::CertGeneric, vec![made_at(made)])
    }

    /// A clear-signed text, which ends in LF.
    pub fn clear_sign(&self, text: &str, signing: impl Into<Signing>) -> String {
        envelope(text, &[self.sign_text(text, signing)])
    }

    /// A detached signature as text.
    pub fn sign_detached(&self, content: &[u8], signing: impl Into<Signing>) -> String {
        armored_signatures(&[self.sign_content(content, signing)])
    }

    /// The packet that goes into an [`envelope`].
    pub fn sign_text(&self, text: &str, signing: impl Into<Signing>) -> Vec<u8> {
        let lines: Vec<_> = (text.strip_suffix('\n').unwrap_or(text).split('\n'))
            .map(|line| line.trim_end_matches([' ', '\t']))
            .collect();
        self.sign(SignatureType::Text, lines.join("\r\n").as_bytes(), signing)
    }

    /// The packet of a detached signature.
    pub fn sign_content(&self, content: &[u8], signing: impl Into<Signing>) -> Vec<u8> {
        self.sign(SignatureType::Binary, content, signing)
    }

    fn sign(&self, kind: SignatureType, content: &[u8], signing: impl Into<Signing>) -> Vec<u8> {
        let signing = signing.into();
        let mut parts = vec![made_at(signing.made)];
        if let Some(end) = signing.expires {
            let seconds = Duration::from_secs(short(end - signing.made));
            parts.push(SubpacketData::SignatureExpirationTime(seconds));
        }
        packet(&match &self.subkey {
            Some((key, _)) => config(kind, key, parts)
                .sign(key, &open(), content)
                .expect(SIGNS),
            None => config(kind, &self.primary, parts)
                .sign(&self.primary, &open(), content)
                .expect(SIGNS),
        })
    }

    fn name(&self) -> UserId {
        let digits = self.fingerprint().to_string();
        let name = format!("Test {} <test@example.org>", &digits[..8]);
        UserId::from_str(PacketHeaderVersion::New, name).expect(FITS)
    }

    fn sign_name_of(
        &self,
        other: &Self,
        kind: SignatureType,
        parts: Vec<SubpacketData>,
    ) -> Vec<u8> {
        let signature = self.config(kind, parts).sign_certification_third_party(
            &self.primary,
            &open(),
            other.primary.public_key(),
            Tag::UserId,
            &other.name(),
        );
        packet(&signature.expect(SIGNS))
    }

    fn subkey_packets(&self, key: &SecretSubkey, subkey: &Subkey) -> Vec<u8> {
        let (primary, public) = (self.primary.public_key(), key.public_key());
        let mut bytes = packet(public);
        if let Some((made, reason)) = subkey.revoked {
            let config = self.config(SignatureType::SubkeyRevocation, revocation(made, reason));
            let signature = config.sign_subkey_binding(&self.primary, primary, &open(), public);
            bytes.extend(packet(&signature.expect(SIGNS)));
        }
        for word in &subkey.said {
            let mut parts = self.life(*word, public.created_at());
            if subkey.has_back_signature {
                let made = subkey.back_signed.unwrap_or(word.made);
                let inside = config(SignatureType::KeyBinding, key, vec![made_at(made)])
                    .sign_primary_key_binding(key, public, &open(), primary)
                    .expect(SIGNS);
                parts.push(SubpacketData::EmbeddedSignature(Box::new(inside)));
            }
            let signature = self
                .config(SignatureType::SubkeyBinding, parts)
                .sign_subkey_binding(&self.primary, primary, &open(), public);
            bytes.extend(packet(&signature.expect(SIGNS)));
        }
        bytes
    }

    /// What a self-signature says of how long and for what a key is good.
    fn life(&self, word: Word, created: Timestamp) -> Vec<SubpacketData> {
        let mut parts = vec![made_at(word.made)];
        if let Some(end) = word.key_expires {
            let seconds = Duration::from_secs(short(end) - created.as_secs());
            parts.push(SubpacketData::KeyExpirationTime(seconds));
        }
        if let Some(end) = word.holds_until {
            let seconds = Duration::from_secs(short(end - word.made));
            parts.push(SubpacketData::SignatureExpirationTime(seconds));
        }
        if word.is_strange {
            parts.push(SubpacketData::Experimental(100, Vec::new().into()));
        }
        let mut flags = KeyFlags::default();
        match word.purpose {
            Purpose::Sign => flags.set_sign(true),
            Purpose::Certify => flags.set_certify(true),
            Purpose::Unsaid => return parts,
        }
        parts.push(SubpacketData::KeyFlags(flags));
        parts
    }

    fn config(&self, kind: SignatureType, parts: Vec<SubpacketData>) -> SignatureConfig {
        config(kind, &self.primary, parts)
    }
}

/// Puts a text and the packets of its signatures into an envelope.
pub fn envelope(text: &str, signatures: &[Vec<u8>]) -> String {
    let mut envelope = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n".to_owned();
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        let escape = if line.starts_with('-') { "- " } else { "" };
        envelope.push_str(&format!("{escape}{line}\n"));
    }
    envelope + &armored_signatures(signatures)
}

/// Packets of signatures as text.
pub fn armored_signatures(signatures: &[Vec<u8>]) -> String {
    armor::encode(Kind::Signature, &signatures.concat())
}
