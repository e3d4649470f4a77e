//! Signatures over data: read, hashed, judged.
//!
//! All signatures are read first, so that a content is read once, and not at all where no signature can
//! count. Each of them that may count has a hasher of its own, which it ends by itself: most contents
//! have one signature, and none has more than sixteen.

use std::collections::BTreeSet;
use std::io::{self, Read};

use pgp::packet::{Packet, SignatureType};

use crate::armor::{self, Kind};
use crate::candidate::Candidate;
use crate::envelope::Envelope;
use crate::error::{Refusal, SignatureError};
use crate::fingerprint::Fingerprint;
use crate::keyring::Keyring;
use crate::packets::{self, SIGNATURE};
use crate::policy;

/// Whose signatures count.
#[derive(Debug, Clone, Copy)]
pub struct Trust<'a> {
    /// Where the public keys are.
    pub keyring: &'a Keyring,
    /// The primary keys that may sign. Keys of the keyring that are not among them are strangers.
    pub signers: &'a BTreeSet<Fingerprint>,
}

/// A good signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature {
    /// The primary key, one of [`Trust::signers`].
    pub signer: Fingerprint,
    /// The key that signed: the primary key or a subkey.
    pub key: Fingerprint,
    /// When, by the signer's clock, in seconds since 1970.
    pub made: u64,
}

/// Clear-signed text: what is signed, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedText {
    /// What the signatures cover, and nothing else: lines that end in LF, without blanks before it.
    pub text: String,
    /// The good signatures, by the fingerprints of their signers, each once; at least one.
    pub signatures: Vec<Signature>,
}

/// What the signatures must be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Occasion {
    /// What they cover.
    pub(crate) kind: SignatureType,
    /// For when keys are judged.
    pub(crate) keys_are_judged: Judged,
    /// The present, in seconds since 1970.
    pub(crate) now: u64,
}

/// For when a key is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judged {
    /// For the present.
    AtPresent,
    /// For when the data was signed.
    WhenSigned,
}

/// Takes clear-signed text out of its envelope, if an allowed signer signed it. The signer's key must be
/// good at `now`, in seconds since 1970.
///
/// # Errors
/// The envelope is damaged or larger than 16 MiB, or no signature counts.
pub fn verify_cleartext(
    envelope: &[u8],
    trust: Trust<'_>,
    now: u64,
) -> Result<SignedText, SignatureError> {
    check_size("the clear-signed text", envelope, policy::CLEARTEXT)?;
    let Some(envelope) = Envelope::open(envelope)? else {
        return Err(SignatureError::NoSignature);
    };
    let packets = read_packets(envelope.signatures.as_bytes())?;
    let occasion = Occasion {
        kind: SignatureType::Text,
        keys_are_judged: Judged::AtPresent,
        now,
    };
    let signatures = judge(&packets, &envelope.covered[..], trust, occasion)?;
    Ok(SignedText {
        text: envelope.into_text(),
        signatures,
    })
}

/// Judges a detached signature, armored or binary, over a content that is read once and to its end.
/// The signer's key is judged at the time when the signature was made, which must not be after `now`,
/// in seconds since 1970, by more than [`CLOCK_TOLERANCE`](crate::CLOCK_TOLERANCE).
///
/// Where several signatures count, the one by the first of their signers' fingerprints is returned.
///
/// # Errors
/// The signature is damaged, larger than 64 KiB or does not count, or the content cannot be read.
pub fn verify_detached(
    content: impl Read,
    signature: &[u8],
    trust: Trust<'_>,
    now: u64,
) -> Result<Signature, SignatureError> {
    let packets = read_packets(signature)?;
    let occasion = Occasion {
        kind: SignatureType::Binary,
        keys_are_judged: Judged::WhenSigned,
        now,
    };
    let good = judge(&packets, content, trust, occasion)?;
    good.first().copied().ok_or(SignatureError::NoSignature)
}

/// The verdict over several signatures, as the crate's documentation has it; the good ones in order.
fn judge(
    packets: &[pgp::packet::Signature],
    content: impl Read,
    trust: Trust<'_>,
    occasion: Occasion,
) -> Result<Vec<Signature>, SignatureError> {
    let mut candidates: Vec<_> = (packets.iter())
        .map(|packet| Candidate::of(packet, trust, occasion))
        .collect();
    hash(content, candidates.iter_mut().flatten()).map_err(SignatureError::Unreadable)?;
    let mut good = BTreeSet::new();
    let mut refusals = Vec::new();
    for candidate in candidates {
        match candidate.and_then(|candidate| candidate.judge(occasion)) {
            Ok(signature) => {
                good.insert(signature);
            }
            Err(refusal) => refusals.push(refusal),
        }
    }
    let is_bad = |refusal: &Refusal| matches!(refusal, Refusal::Bad { .. });
    if good.is_empty() || refusals.iter().any(is_bad) {
        return Err(SignatureError::Refused(refusals));
    }
    Ok(good.into_iter().collect())
}

/// Reads the content to its end, if there is a signature that it matters for.
fn hash<'a, 'b: 'a>(
    mut content: impl Read,
    candidates: impl Iterator<Item = &'a mut Candidate<'b>>,
) -> io::Result<()> {
    let mut candidates: Vec<_> = candidates.collect();
    if candidates.is_empty() {
        return Ok(());
    }
    let mut buffer = vec![0; 64 << 10];
    loop {
        let length = match content.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let read = &buffer[..length];
        candidates.iter_mut().for_each(|it| it.update(read));
    }
}

/// The signature packets, and nothing but signature packets.
fn read_packets(signature: &[u8]) -> Result<Vec<pgp::packet::Signature>, SignatureError> {
    check_size("the signature", signature, policy::SIGNATURE)?;
    if signature.trim_ascii().is_empty() {
        return Err(SignatureError::NoSignature);
    }
    let damaged = |reason: String| SignatureError::Damaged(reason);
    let bytes = match packets::are_binary(signature) {
        true => signature.to_vec(),
        false => {
            armor::single(Kind::Signature, signature).map_err(|error| damaged(error.to_string()))?
        }
    };
    let mut signatures = Vec::new();
    for frame in packets::frames(&bytes) {
        let frame = frame.map_err(|error| damaged(error.to_string()))?;
        if frame.tag != SIGNATURE {
            return Err(damaged("a packet in it is no signature".to_owned()));
        }
        if signatures.len() == policy::SIGNATURES {
            let limit = policy::SIGNATURES;
            return Err(SignatureError::TooMany { limit });
        }
        match frame.read() {
            Ok(Packet::Signature(signature)) => signatures.push(signature),
            Ok(_) => return Err(damaged("a packet in it is no signature".to_owned())),
            Err(error) => return Err(damaged(error)),
        }
    }
    if signatures.is_empty() {
        return Err(SignatureError::NoSignature);
    }
    Ok(signatures)
}

fn check_size(what: &'static str, bytes: &[u8], limit: usize) -> Result<(), SignatureError> {
    match bytes.len() > limit {
        true => Err(SignatureError::TooLarge { what, limit }),
        false => Ok(()),
    }
}
