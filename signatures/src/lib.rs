//! OpenPGP signatures over text and files, judged by pinned fingerprints.
//!
//! Whom to believe is the caller's to say: a list of fingerprints of primary keys ([`Trust::signers`]).
//! Where the public keys come from does not matter then: from a web page, from a package, from a
//! repository. There is no web of trust, no key server, no home directory. Nor is there a network, a
//! clock or a line of output: the time is an argument, and so is the material.
//!
//! # What is checked of a signature
//!
//! The cryptography is `pgp`'s; what follows is this crate's.
//!
//! 1. The key, primary or subkey, is one of an allowed signer, and the public key is there.
//! 2. The hash is strong, the key is strong, and the content is what was signed.
//! 3. The signature was not made in the future ([`CLOCK_TOLERANCE`]), nor before its key, and has not
//!    expired.
//! 4. The primary key is not revoked, has signed itself, and had not expired. All that it says of itself
//!    and calls critical is understood.
//! 5. A subkey is bound to its primary key by signatures of both, not revoked, not expired.
//! 6. The key that signed is meant to sign data.
//!
//! [`verify_cleartext`] judges keys for the present: an archive's key that has expired signs nothing
//! new. [`verify_detached`] judges them for when the signature was made: a release stays good when its
//! key expires later. A key that was revoked as superseded or retired is treated alike; one that was
//! revoked as compromised, or without a reason, is refused at any time, since whoever has it can write
//! any date.
//!
//! # The verdict over several signatures
//!
//! Files are signed by several keys when keys change. They are believed if **at least one** signature by
//! an allowed signer is good and **none** by an allowed signer is bad, that is, over another content.
//! Signatures by strangers are passed over, and so are those of allowed signers whose key has expired,
//! for example. If no signature counts, the error has the reasons of all.
//!
//! Which hashes and keys are believed, and why SHA-1 sometimes is, stands at the top of `policy.rs`.
//!
//! ```
//! use std::collections::BTreeSet;
//! use signatures::{Keyring, SignatureError, Trust, verify_detached};
//!
//! let keyring = Keyring::parse(b"the KEYS file of a project");
//! assert_eq!(keyring.unreadable(), ["there is no block of public keys"]);
//! let signers = BTreeSet::from(["3F7A1D16FA4217B1DC75E1C9FFE35B7F15DFA1BA".parse()?]);
//! let trust = Trust { keyring: &keyring, signers: &signers };
//! let verdict = verify_detached(&b"a release"[..], b"", trust, 1_700_000_000);
//! assert!(matches!(verdict, Err(SignatureError::NoSignature)));
//! # Ok::<(), signatures::ParseFingerprintError>(())
//! ```

mod about;
mod armor;
mod assembly;
mod candidate;
mod certificate;
mod document;
mod envelope;
mod error;
mod fingerprint;
mod keyring;
mod outline;
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
pub use policy::CLOCK_TOLERANCE;
pub use verify::{Signature, SignedText, Trust, verify_cleartext, verify_detached};
