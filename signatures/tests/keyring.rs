//! What is read of files of keys, and what is kept of a certificate.

use std::collections::BTreeSet;

use signatures::testing::{Signer, Subkey, Word};
use signatures::{Keyring, RevocationReason};

const CREATED: u64 = 1_500_000_000;
const MADE: u64 = 1_600_000_000;

#[test]
fn finds_keys_between_words() {
    let (one, other) = (Signer::new(1, CREATED), Signer::new(2, CREATED));
    let (first, second) = (one.armored_certificate(), other.armored_certificate());
    let both = [one.certificate(), other.certificate()].concat();
    let expected = BTreeSet::from([one.fingerprint(), other.fingerprint()]);
    let latin: &[u8] = b"uid J\xfcrgen\n";
    let rows = [
        format!("{first}{second}").into_bytes(),
        format!("This file has keys.\n\npub 4096R\n{first}\n--\npub 2048R\n{second}bye\n")
            .into_bytes(),
        format!("{first}{second}")
            .replace('\n', "\r\n")
            .into_bytes(),
        [latin, first.as_bytes(), latin, second.as_bytes()].concat(),
        [first.as_bytes(), first.as_bytes(), second.as_bytes()].concat(),
        both,
    ];
    for material in rows {
        let keyring = Keyring::parse(&material);
        assert_eq!(keyring.fingerprints().collect::<BTreeSet<_>>(), expected);
        assert_eq!(keyring.unreadable(), [""; 0]);
    }
    assert_eq!(Keyring::default().fingerprints().count(), 0);
    assert_eq!(Keyring::parse(b" \n").unreadable(), [""; 0]);
}

#[test]
fn tells_what_it_cannot_read() {
    let signer = Signer::new(1, CREATED);
    let block = signer.armored_certificate();
    let certificate = signer.certificate();
    let cut = &certificate[..certificate.len() - 1];
    let cut_key = format!(
        "packets: key {} does not end: a packet is cut",
        signer.fingerprint()
    );
    let version3 = [&[0x98, 9, 3][..], &[0; 8]].concat();
    let unknown_version = [&[0x98, 2, 9, 9][..], &certificate].concat();
    let rows: [(&str, Vec<u8>, &str, usize); 7] = [
        (
            "no key",
            b"<html>".to_vec(),
            "there is no block of public keys",
            0,
        ),
        (
            "a block without an end",
            format!("{}\n{block}", block.replace("-----END", "")).into_bytes(),
            "block at line 1: its last line is missing",
            1,
        ),
        (
            "a block that is no Base64",
            format!("{}{block}", block.replace("\n\n", "\n\n?")).into_bytes(),
            "block at line 1: it is not Base64",
            1,
        ),
        ("half a packet", cut.to_vec(), &cut_key, 0),
        ("an old key", version3, "packets: a key", 0),
        (
            "a new key",
            unknown_version,
            "packets: a key cannot be read",
            1,
        ),
        (
            "too much",
            vec![0x99; (16 << 20) + 1],
            "the keys are larger than 16777216 bytes",
            0,
        ),
    ];
    for (name, material, expected, count) in rows {
        let keyring = Keyring::parse(&material);
        let complaints = keyring.unreadable();
        assert_eq!(complaints.len(), 1, "{name}: {complaints:?}");
        assert!(
            complaints[0].starts_with(expected),
            "{name}: {complaints:?}"
        );
        assert!(!complaints[0].contains('\n'), "{name}");
        assert_eq!(keyring.fingerprints().count(), count, "{name}");
    }
}

#[test]
fn keeps_a_certificate_as_it_was() {
    let signer = Signer::new(1, CREATED)
        .revoked(MADE, RevocationReason::Retired)
        .with_subkey(7, Subkey::made_at(CREATED));
    let keyring = Keyring::parse(&signer.certificate());
    let kept = keyring.armored(&signer.fingerprint()).unwrap();
    assert_eq!(kept, signer.armored_certificate());
    assert_eq!(keyring.armored(&signer.signing_fingerprint()), None);
}

/// What others have signed of a key is not kept: it is of no use here and can be made by anybody.
#[test]
fn leaves_out_what_others_have_signed() {
    let (signer, other) = (Signer::new(1, CREATED), Signer::new(2, CREATED));
    let foreign = other.certify(&signer, MADE);
    let certificate = [signer.certificate(), foreign].concat();
    let kept = Keyring::parse(&certificate).armored(&signer.fingerprint());
    assert_eq!(kept.unwrap(), signer.armored_certificate());
}

#[test]
fn a_certificate_has_a_size() {
    let many = |count| {
        (1..count).fold(Signer::new(1, CREATED), |it, n| {
            it.saying(Word::at(CREATED + n))
        })
    };
    let keyring = Keyring::parse(&many(64).certificate());
    assert_eq!(
        (keyring.fingerprints().count(), keyring.unreadable().len()),
        (1, 0)
    );
    let large = many(65);
    let keyring = Keyring::parse(&large.certificate());
    assert_eq!(keyring.fingerprints().count(), 0);
    let expected = format!(
        "packets: key {} has more parts than the 64 of a kind that are read",
        large.fingerprint()
    );
    assert_eq!(keyring.unreadable().join("\n"), expected);
    // Nor has it more in several copies than in one, and a further copy does not bring it back.
    let silent = Signer::new(1, CREATED).silent();
    let other = (1..40).fold(silent, |it, n| it.saying(Word::at(MADE + n)));
    let copies = [many(40).certificate(), other.certificate()].concat();
    for material in [copies.clone(), [copies, many(1).certificate()].concat()] {
        let keyring = Keyring::parse(&material);
        assert_eq!(keyring.fingerprints().count(), 0);
        assert_eq!(keyring.unreadable().join("\n"), expected);
    }
}
