//! Copies of one certificate, and parts that stand twice in one: a revocation counts wherever it stands
//! and whoever wrote it.

use std::collections::BTreeSet;

use signatures::testing::{Bare, Framing, Signer, Subkey, Word, reframed};
use signatures::{Keyring, RevocationReason, Trust, verify_detached};

const CREATED: u64 = 1_500_000_000;
const MADE: u64 = 1_600_000_000;
const NOW: u64 = 1_700_000_000;

fn signer() -> Signer {
    Signer::new(1, CREATED)
}

/// `good`, or why not, for what the signer signed and this material.
fn judge(signer: &Signer, material: &[u8]) -> String {
    let keyring = Keyring::parse(material);
    assert_eq!(keyring.unreadable(), [""; 0]);
    let signers = BTreeSet::from([signer.fingerprint()]);
    let trust = Trust {
        keyring: &keyring,
        signers: &signers,
    };
    let signature = signer.sign_content(b"content", MADE);
    match verify_detached(&b"content"[..], &signature, trust, NOW) {
        Ok(_) => "good".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// The copies one after another, each as another program writes it, both ways round.
fn in_all_framings(copies: &[&Signer]) -> Vec<Vec<u8>> {
    use Framing::{New, Old};
    let framed = |framings: [Framing; 2]| -> Vec<u8> {
        (copies.iter().zip(framings.into_iter().cycle()))
            .flat_map(|(copy, framing)| reframed(&copy.certificate(), framing))
            .collect()
    };
    let as_made = copies.iter().flat_map(|copy| copy.certificate()).collect();
    vec![
        as_made,
        framed([Old, Old]),
        framed([Old, New]),
        framed([New, Old]),
    ]
}

/// A revocation in any copy counts, and a renewal in any copy counts, in whichever order they stand.
#[test]
fn puts_copies_together() {
    let old = signer().expires(MADE - 1);
    let renewed = old.clone().saying(Word::at(MADE - 2));
    let revoked = old.clone().revoked(MADE - 1, RevocationReason::Compromised);
    let rows: [(&[&Signer], &str); 6] = [
        (&[&old], "expired"),
        (&[&renewed], "good"),
        (&[&old, &renewed], "good"),
        (&[&renewed, &old, &renewed], "good"),
        (&[&renewed, &revoked], "revoked"),
        (&[&revoked, &renewed], "revoked"),
    ];
    for (copies, expected) in rows {
        for material in in_all_framings(copies) {
            let verdict = judge(&old, &material);
            assert!(verdict.contains(expected), "{expected}: {verdict}");
        }
    }
}

#[test]
fn a_subkey_revoked_in_one_copy_signs_by_none() {
    let good = signer().with_subkey(7, Subkey::made_at(CREATED));
    let revoked = signer().with_subkey(7, revoked_subkey());
    for copies in [[&good, &revoked], [&revoked, &good]] {
        for material in in_all_framings(&copies) {
            let verdict = judge(&good, &material);
            assert!(verdict.contains("revoked"), "{verdict}");
        }
    }
}

#[test]
fn a_subkey_that_stands_twice_is_one() {
    use Framing::{New, Old};
    let good = signer().with_subkey(7, Subkey::made_at(CREATED));
    let revoked = signer().with_subkey(7, revoked_subkey());
    let [once, again] = [&good, &revoked].map(|signer| Bare::all(&signer.certificate()));
    let subkey = (again.iter().position(|packet| packet.tag == 14)).expect("it has a subkey");
    for framings in [[Old, Old], [Old, New], [New, Old]] {
        let material = [
            (once.iter().flat_map(|it| it.framed(framings[0]))).collect::<Vec<u8>>(),
            (again[subkey..].iter().flat_map(|it| it.framed(framings[1]))).collect(),
        ];
        let verdict = judge(&good, &material.concat());
        assert!(verdict.contains("revoked"), "{verdict}");
    }
}

/// What it takes back in one place is not believed in another.
#[test]
fn a_name_that_stands_twice_is_one() {
    let good = signer();
    let taken_back = signer().name_revoked(CREATED + 1);
    for copies in [[&good, &taken_back], [&taken_back, &good]] {
        for material in in_all_framings(&copies) {
            let verdict = judge(&good, &material);
            assert!(
                verdict.contains("no valid signature by itself"),
                "{verdict}"
            );
        }
    }
}

fn revoked_subkey() -> Subkey {
    Subkey {
        revoked: Some((MADE - 1, RevocationReason::Compromised)),
        ..Subkey::made_at(CREATED)
    }
}

/// A subkey's binding without a back-signature is not made up for by one that has it.
#[test]
fn copies_that_say_different_things_of_a_subkey() {
    let with = |has_back_signature| {
        let subkey = Subkey {
            has_back_signature,
            ..Subkey::made_at(CREATED)
        };
        signer().with_subkey(7, subkey)
    };
    let (good, bad) = (with(true), with(false));
    for copies in [[&good, &bad], [&bad, &good]] {
        for material in in_all_framings(&copies) {
            let verdict = judge(&good, &material);
            let reason = "has not signed that it belongs to";
            assert!(verdict.contains(reason), "{verdict}");
        }
    }
}

#[test]
fn copies_that_are_the_same_are_one() {
    let signer = signer().with_subkey(7, Subkey::made_at(CREATED));
    let again = reframed(&signer.certificate(), Framing::Old);
    let material = [signer.certificate(), again, signer.certificate()].concat();
    let kept = Keyring::parse(&material).armored(&signer.fingerprint());
    assert_eq!(kept.unwrap(), signer.armored_certificate());
}
