//! Several signatures on one text: at least one good by an allowed signer, none bad by one.

use std::collections::BTreeSet;

use signatures::testing::{Signer, armored_signatures, envelope};
use signatures::{Keyring, SignatureError, SignedText, Trust, verify_cleartext, verify_detached};

const CREATED: u64 = 1_500_000_000;
const MADE: u64 = 1_600_000_000;
const NOW: u64 = 1_700_000_000;
const TEXT: &str = "Origin: Debian\n";

/// Two allowed signers, one of them with a key that has expired, one that is known and not allowed, and
/// one that nobody knows.
struct People {
    allowed: Signer,
    other: Signer,
    expired: Signer,
    strange: Signer,
    unknown: Signer,
}

fn people() -> People {
    let signer = |seed| Signer::new(seed, CREATED);
    People {
        allowed: signer(1),
        other: signer(2),
        expired: signer(3).expires(MADE + 1),
        strange: signer(4),
        unknown: signer(5),
    }
}

fn judge(signatures: &[Vec<u8>]) -> Result<SignedText, SignatureError> {
    let people = people();
    let known = [
        &people.allowed,
        &people.other,
        &people.expired,
        &people.strange,
    ];
    let keyring = Keyring::parse(&known.map(Signer::certificate).concat());
    let signers = BTreeSet::from([
        people.allowed.fingerprint(),
        people.other.fingerprint(),
        people.expired.fingerprint(),
    ]);
    let trust = Trust {
        keyring: &keyring,
        signers: &signers,
    };
    verify_cleartext(envelope(TEXT, signatures).as_bytes(), trust, NOW)
}

#[test]
fn one_good_signature_is_enough() {
    let people = people();
    let good = people.allowed.sign_text(TEXT, MADE);
    let other = people.other.sign_text(TEXT, MADE + 1);
    let expired = people.expired.sign_text(TEXT, MADE);
    let strange = people.strange.sign_text(TEXT, MADE);
    let unknown = people.unknown.sign_text(TEXT, MADE);
    let bad_of_a_stranger = people.strange.sign_text("Origin: Evil\n", MADE);
    let rows: [(&str, Vec<&Vec<u8>>, usize); 7] = [
        ("alone", vec![&good], 1),
        ("both", vec![&good, &other], 2),
        ("twice the same", vec![&good, &good], 1),
        ("beside an expired key's", vec![&expired, &good], 1),
        ("beside strangers'", vec![&strange, &unknown, &good], 1),
        (
            "beside a stranger's bad one",
            vec![&bad_of_a_stranger, &good],
            1,
        ),
        ("the other way round", vec![&good, &bad_of_a_stranger], 1),
    ];
    for (name, signatures, count) in rows {
        let signatures: Vec<_> = signatures.into_iter().cloned().collect();
        let signed = judge(&signatures).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(signed.text, TEXT);
        assert_eq!(signed.signatures.len(), count, "{name}");
        assert!(signed.signatures.is_sorted(), "{name}");
    }
}

#[test]
fn one_bad_signature_spoils_all() {
    let people = people();
    let good = people.allowed.sign_text(TEXT, MADE);
    for evil in [&people.allowed, &people.other, &people.expired] {
        let bad = evil.sign_text("Origin: Evil\n", MADE);
        for signatures in [[good.clone(), bad.clone()], [bad, good.clone()]] {
            let error = judge(&signatures).unwrap_err();
            let fingerprint = evil.fingerprint();
            let expected = format!("bad signature by {fingerprint}: the content differs");
            assert_eq!(error.to_string(), expected);
        }
    }
}

#[test]
fn the_error_has_all_reasons() {
    let people = people();
    let signatures = [
        people.unknown.sign_text(TEXT, MADE),
        people.expired.sign_text(TEXT, MADE),
        people.strange.sign_text(TEXT, MADE),
    ];
    let (unknown, expired, strange) = (
        people.unknown.fingerprint(),
        people.expired.fingerprint(),
        people.strange.fingerprint(),
    );
    let expected = format!(
        "signed by key {unknown}, which is not known; \
         signed by key {expired}, which expired on 2020-09-13; \
         signed by key {strange} of {strange}, which is not among the allowed signers"
    );
    assert_eq!(judge(&signatures).unwrap_err().to_string(), expected);
}

#[test]
fn a_detached_signature_may_be_several() {
    let people = people();
    let content = b"content";
    let signatures = [
        people.unknown.sign_content(content, MADE),
        people.other.sign_content(content, MADE),
    ];
    let keyring = Keyring::parse(&people.other.certificate());
    let signers = BTreeSet::from([people.other.fingerprint()]);
    let trust = Trust {
        keyring: &keyring,
        signers: &signers,
    };
    for signature in [
        armored_signatures(&signatures).into_bytes(),
        signatures.concat(),
    ] {
        let found = verify_detached(&content[..], &signature, trust, NOW).unwrap();
        assert_eq!(found.signer, people.other.fingerprint());
    }
}

#[test]
fn there_is_a_limit() {
    let good = people().allowed.sign_text(TEXT, MADE);
    assert!(judge(&vec![good.clone(); 16]).is_ok());
    let error = judge(&vec![good; 17]).unwrap_err();
    assert_eq!(error.to_string(), "there are more than 16 signatures");
}
