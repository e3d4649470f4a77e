//! What cannot be read of a certificate, and what is not by its key: neither makes a key good that its
//! owner has taken back, nor can strangers hide a key behind what they add.

use std::collections::BTreeSet;

use signatures::testing::{Bare, Framing, Signer, Subkey, Word};
use signatures::{Keyring, RevocationReason, Trust, verify_detached};

const CREATED: u64 = 1_500_000_000;
const MADE: u64 = 1_600_000_000;
const NOW: u64 = 1_700_000_000;

const SIGNATURE: u8 = 2;

fn signer() -> Signer {
    Signer::new(1, CREATED).with_subkey(7, Subkey::made_at(CREATED))
}

fn key_is_good(keyring: &Keyring) -> bool {
    let signer = signer();
    let signers = BTreeSet::from([signer.fingerprint()]);
    let trust = Trust {
        keyring,
        signers: &signers,
    };
    let signature = signer.sign_content(b"content", MADE);
    verify_detached(&b"content"[..], &signature, trust, NOW).is_ok()
}

/// A signature of a kind, by whom its body says, that has no numbers.
fn unreadable(kind: u8, key: &Signer) -> Vec<u8> {
    let fingerprint = key.fingerprint();
    let id = [&[9, 16][..], &fingerprint.as_bytes()[12..]].concat();
    let body = [&[4, kind, 1, 8, 0, 0, 0, 10][..], &id].concat();
    Bare {
        tag: SIGNATURE,
        body,
    }
    .framed(Framing::Old)
}

#[test]
fn an_unreadable_revocation_is_one() {
    let (signer, other) = (signer(), Signer::new(2, CREATED));
    let certificate = signer.certificate();
    let version9 = Bare {
        tag: SIGNATURE,
        body: vec![9, 1, 2],
    };
    // What is added, whether it is refused for it.
    let rows = [
        ("of the key", unreadable(0x20, &signer), true),
        ("of the subkey", unreadable(0x28, &signer), true),
        ("of a name", unreadable(0x30, &signer), true),
        ("a certification", unreadable(0x10, &signer), false),
        ("a binding", unreadable(0x18, &signer), false),
        ("a revocation by another", unreadable(0x30, &other), false),
        (
            "a certification by another",
            unreadable(0x13, &other),
            false,
        ),
        ("of no known version", version9.framed(Framing::New), true),
    ];
    for (name, packet, is_refused) in rows {
        let doubted = [&certificate[..], &packet].concat();
        let keyring = Keyring::parse(&doubted);
        assert_eq!(key_is_good(&keyring), !is_refused, "{name}");
        let complaints = keyring.unreadable();
        assert_eq!(complaints.len(), 1, "{name}: {complaints:?}");
        let told = complaints[0].contains("that may be a revocation and cannot be read");
        assert_eq!(told, is_refused, "{name}: {complaints:?}");
        // Nor is it believed by another copy.
        for copies in [[&doubted, &certificate], [&certificate, &doubted]] {
            let copies = copies.map(|copy| copy.to_vec()).concat();
            assert_eq!(key_is_good(&Keyring::parse(&copies)), !is_refused, "{name}");
        }
    }
}

/// What was cut off may have been a revocation. Other certificates stay.
#[test]
fn a_certificate_that_is_cut_is_not_believed() {
    let other = Signer::new(2, CREATED);
    let certificate = signer().certificate();
    let revocation = unreadable(0x28, &signer());
    let whole = [&certificate[..], &revocation].concat();
    for damage in [
        whole[..whole.len() - 1].to_vec(),
        whole[..certificate.len() + 1].to_vec(),
        [&certificate[..], b"text"].concat(),
    ] {
        let keyring = Keyring::parse(&[other.certificate(), damage].concat());
        assert!(!key_is_good(&keyring));
        let found: Vec<_> = keyring.fingerprints().collect();
        assert_eq!(found, [other.fingerprint()]);
        let expected = format!("packets: key {} does not end: ", signer().fingerprint());
        assert_eq!(keyring.unreadable().len(), 1);
        assert!(keyring.unreadable()[0].starts_with(&expected));
    }
}

/// Anybody can write signatures in the name of the key. They are no part of the certificate.
#[test]
fn forged_signatures_do_not_crowd_out_the_key() {
    let chatty = (1..1000).fold(Signer::new(1, CREATED).silent(), |it, n| {
        it.saying(Word::at(CREATED + n))
    });
    let forged: Vec<Vec<u8>> = (Bare::all(&chatty.certificate()).into_iter())
        .filter(|packet| packet.tag == SIGNATURE)
        .map(|mut packet| {
            *packet.body.last_mut().expect("it has numbers") ^= 1;
            packet.framed(Framing::Old)
        })
        .collect();
    let packets = Bare::all(&signer().certificate());
    // Behind the key, behind its name, behind its subkey.
    for place in [1, 2, packets.len()] {
        let framed = |packets: &[Bare]| -> Vec<u8> {
            (packets.iter().flat_map(|it| it.framed(Framing::New))).collect()
        };
        let [before, after] = [framed(&packets[..place]), framed(&packets[place..])];
        for count in [65, forged.len()] {
            let material = [before.clone(), forged[..count].concat(), after.clone()].concat();
            let keyring = Keyring::parse(&material);
            assert!(key_is_good(&keyring), "{:?}", keyring.unreadable());
            let kept = keyring.armored(&signer().fingerprint()).unwrap();
            assert_eq!(kept, armored(&framed(&packets)));
        }
    }
}

/// The same in a form that another copy has.
fn armored(certificate: &[u8]) -> String {
    (Keyring::parse(certificate).armored(&signer().fingerprint())).expect("the key is there")
}

/// What one signature carries beside what it covers does not make many of it.
#[test]
fn a_signature_with_other_trimmings_is_the_same() {
    let packets = Bare::all(&signer().certificate());
    let own = (packets.iter().position(|it| it.tag == SIGNATURE)).expect("it has a self-signature");
    let hashed = 6 + usize::from(packets[own].body[5]);
    let with = |number: u8| {
        let mut packet = packets[own].clone();
        // A notation of nobody's, as an experiment.
        packet.body.splice(hashed + 2..hashed + 2, [2, 100, number]);
        packet.body[hashed + 1] += 3;
        packet.framed(Framing::New)
    };
    let many: Vec<u8> = (0..100).flat_map(with).collect();
    let framed = |packets: &[Bare]| -> Vec<u8> {
        (packets.iter().flat_map(|it| it.framed(Framing::New))).collect()
    };
    let material = [framed(&packets[..=own]), many, framed(&packets[own + 1..])].concat();
    let keyring = Keyring::parse(&material);
    assert_eq!(keyring.unreadable(), [""; 0]);
    assert!(key_is_good(&keyring));
    let kept = keyring.armored(&signer().fingerprint()).unwrap();
    assert_eq!(kept, armored(&framed(&packets)));
}

/// To try them costs time, so that there is an end to it.
#[test]
fn too_many_forged_signatures_are_not_tried() {
    let signer = Signer::new(1, CREATED).revoked(MADE, RevocationReason::Retired);
    let packets = Bare::all(&signer.certificate());
    let mut forged = packets[1].clone();
    *forged.body.last_mut().expect("it has numbers") ^= 1;
    let again = forged.framed(Framing::New).repeat(1025);
    let material = [packets[0].framed(Framing::New), again].concat();
    let keyring = Keyring::parse(&material);
    assert_eq!(keyring.fingerprints().count(), 0);
    let expected = format!(
        "packets: key {} has more than 1024 signatures in its name",
        signer.fingerprint()
    );
    assert_eq!(keyring.unreadable(), [expected]);
}

/// Names and subkeys that the key has not signed can be added by anybody.
#[test]
fn unsigned_parts_do_not_crowd_out_the_key() {
    let packets = Bare::all(&signer().certificate());
    let foreign = |number: u64| {
        let name = Bare {
            tag: 13,
            body: number.to_be_bytes().to_vec(),
        };
        let subkeyed = Signer::new(2, CREATED).with_subkey(100 + number, Subkey::made_at(CREATED));
        let subkey = (Bare::all(&subkeyed.certificate()).into_iter())
            .find(|packet| packet.tag == 14)
            .expect("it has a subkey");
        [name, subkey]
            .map(|packet| packet.framed(Framing::New))
            .concat()
    };
    let foreign: Vec<u8> = (0..200).flat_map(foreign).collect();
    let certificate = signer().certificate();
    let primary = packets[0].framed(Framing::New);
    for material in [
        [certificate.clone(), foreign.clone()].concat(),
        [primary, foreign.clone(), certificate[..].to_vec()].concat(),
    ] {
        let keyring = Keyring::parse(&material);
        assert_eq!(keyring.unreadable(), [""; 0]);
        assert!(key_is_good(&keyring));
    }
}
