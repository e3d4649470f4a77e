//! OpenPGP signatures over text and files, judged by pinned fingerprints.

mod armor;
mod candidate;
mod certificate;
mod envelope;
mod error;
mod fingerprint;
mod keyring;
mod packets;
mod policy;
mod standing;
mod statement;
#[cfg(feature = "testing")]
pub mod testing;
mod verify;

pub use error::{EnvelopeError, Refusal, RevocationReason, SignatureError};
pub use fingerprint::{Fingerprint, Issuer, ParseFingerprintError};
pub use keyring::Keyring;
pub use verify::{Signature, SignedText, Trust, verify_cleartext, verify_detached};
