//! What those sign who are not allowed, and what they take for their own.

use super::*;

#[test]
fn a_stranger_does_not_sign() {
    let (allowed, stranger) = (signer(), Signer::new(2, CREATED));
    let both = [allowed.certificate(), stranger.certificate()].concat();
    let subkeyed = Signer::new(3, CREATED).with_subkey(7, Subkey::made_at(CREATED));
    let only = |signer: &Signer| BTreeSet::from([signer.fingerprint()]);
    let unknown = Refusal::UnknownKey(signatures::Issuer::Fingerprint(stranger.fingerprint()));
    let not_allowed = Refusal::NotAllowed {
        signer: stranger.fingerprint(),
        key: stranger.fingerprint(),
    };
    let missing = Refusal::KeyMissing(stranger.fingerprint());
    // The subkey's own fingerprint on the list allows nothing: the list is of primary keys.
    let subkey_not_allowed = Refusal::NotAllowed {
        signer: subkeyed.fingerprint(),
        key: subkeyed.signing_fingerprint(),
    };
    let rows = [
        (
            "not known",
            &stranger,
            allowed.certificate(),
            only(&allowed),
            unknown,
        ),
        ("not allowed", &stranger, both, only(&allowed), not_allowed),
        (
            "not there",
            &stranger,
            allowed.certificate(),
            only(&stranger),
            missing,
        ),
        (
            "a subkey on the list",
            &subkeyed,
            subkeyed.certificate(),
            BTreeSet::from([subkeyed.signing_fingerprint()]),
            subkey_not_allowed,
        ),
    ];
    for (name, signer, material, signers, refusal) in rows {
        let keyring = Keyring::parse(&material);
        let trust = Trust {
            keyring: &keyring,
            signers: &signers,
        };
        let envelope = signer.clear_sign(TEXT, MADE);
        let cleartext = verify_cleartext(envelope.as_bytes(), trust, NOW).map(|_| ());
        let detached = signer.sign_detached(TEXT.as_bytes(), MADE);
        let detached = verify_detached(TEXT.as_bytes(), detached.as_bytes(), trust, NOW);
        for verdict in [cleartext, detached.map(|_| ())] {
            assert_eq!(
                only_refusal(verdict.unwrap_err()),
                refusal.to_string(),
                "{name}"
            );
        }
    }
}

/// A subkey that somebody else has put into a certificate of theirs signs for neither: its owner has not
/// said that it belongs there.
#[test]
fn a_subkey_cannot_be_adopted() {
    let owner = signer().with_subkey(7, Subkey::made_at(CREATED));
    let thief = Signer::new(2, CREATED).with_subkey(
        7,
        Subkey {
            has_back_signature: false,
            ..Subkey::made_at(CREATED)
        },
    );
    let signature = owner.sign_detached(b"content", MADE);
    let judge = |material: &[u8], signers: &[&Signer]| {
        let keyring = Keyring::parse(material);
        let signers = signers.iter().map(|signer| signer.fingerprint()).collect();
        let trust = Trust {
            keyring: &keyring,
            signers: &signers,
        };
        verify_detached(&b"content"[..], signature.as_bytes(), trust, NOW)
    };
    let refused = only_refusal(judge(&thief.certificate(), &[&thief]).unwrap_err());
    let expected = Refusal::NoBackSignature {
        signer: thief.fingerprint(),
        key: owner.signing_fingerprint(),
    };
    assert_eq!(refused, expected.to_string());
    // Nor does it hinder the owner, in whichever order the two are found.
    for order in [[&owner, &thief], [&thief, &owner]] {
        let material = order.map(Signer::certificate).concat();
        let found = judge(&material, &order).unwrap();
        assert_eq!(found.signer, owner.fingerprint());
    }
}
