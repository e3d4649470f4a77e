//! What is believed and what is not: each key by a clear-signed text, judged for the present, and by a
//! detached signature, judged for when it was made.

mod primary;
mod strangers;
mod subkeys;

use std::collections::BTreeSet;

use signatures::testing::{Purpose, Signer, Signing, Subkey, Word};
use signatures::{
    CLOCK_TOLERANCE, Fingerprint, Keyring, Refusal, RevocationReason, Signature, SignatureError,
    Trust, verify_cleartext, verify_detached,
};

/// When keys are made, in seconds since 1970.
const CREATED: u64 = 1_500_000_000;
/// When data is signed.
const MADE: u64 = 1_600_000_000;
/// The present.
const NOW: u64 = 1_700_000_000;
/// The latest that is not the future: the clock may be slow.
const LATEST: u64 = NOW + CLOCK_TOLERANCE;

const TEXT: &str = "Origin: Debian\n- a list\nSuite: stable\n";

/// Verdicts over clear-signed text and over a detached signature, with nobody else about.
fn verdicts(signer: &Signer, signing: impl Into<Signing>) -> [Result<Signature, String>; 2] {
    let signing = signing.into();
    let keyring = Keyring::parse(&signer.certificate());
    assert_eq!(keyring.unreadable(), [""; 0]);
    let signers = BTreeSet::from([signer.fingerprint()]);
    let trust = Trust {
        keyring: &keyring,
        signers: &signers,
    };
    let envelope = signer.clear_sign(TEXT, signing);
    let cleartext = verify_cleartext(envelope.as_bytes(), trust, NOW).map(|signed| {
        assert_eq!(signed.text, TEXT);
        assert_eq!(signed.signatures.len(), 1);
        signed.signatures[0]
    });
    let detached = signer.sign_detached(TEXT.as_bytes(), signing);
    let detached = verify_detached(TEXT.as_bytes(), detached.as_bytes(), trust, NOW);
    [cleartext, detached].map(|verdict| verdict.map_err(only_refusal))
}

fn only_refusal(error: SignatureError) -> String {
    match error {
        SignatureError::Refused(refusals) if refusals.len() == 1 => refusals[0].to_string(),
        error => panic!("one refusal was expected, not: {error}"),
    }
}

/// What a row of a table expects.
enum Expected {
    Good,
    Refused(Refusal),
}
use Expected::{Good, Refused};

fn check(rows: Vec<(&str, Signer, Signing, [Expected; 2])>) {
    for (name, signer, signing, expected) in rows {
        let good = Signature {
            signer: signer.fingerprint(),
            key: signer.signing_fingerprint(),
            made: signing.made,
        };
        let found = verdicts(&signer, signing);
        for (how, expected, found) in ["cleartext", "detached"]
            .into_iter()
            .zip(expected)
            .zip(found)
            .map(|((how, expected), found)| (how, expected, found))
        {
            let expected = match expected {
                Good => Ok(good),
                Refused(refusal) => Err(refusal.to_string()),
            };
            assert_eq!(found, expected, "{name}, {how}");
        }
    }
}

fn signer() -> Signer {
    Signer::new(1, CREATED)
}

fn key() -> Fingerprint {
    signer().fingerprint()
}

/// A word that the owner wants to be understood, and nobody does.
fn strange(made: u64) -> Word {
    Word {
        is_strange: true,
        ..Word::at(made)
    }
}

fn not_understood(key: Fingerprint, made: u64) -> Refusal {
    Refusal::NotUnderstood { key, made }
}

/// The refusal in either way.
fn always(refusal: &Refusal) -> [Expected; 2] {
    [Refused(refusal.clone()), Refused(refusal.clone())]
}
