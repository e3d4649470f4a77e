//! What is believed and what is not: each key by a clear-signed text, judged for the present, and by a
//! detached signature, judged for when it was made.

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

#[test]
fn a_primary_key_signs() {
    let made = Signing::from(MADE);
    let expired = |expired| Refusal::KeyExpired {
        key: key(),
        expired,
    };
    let future = Refusal::Future {
        key: key(),
        made: LATEST + 1,
    };
    let older = Refusal::OlderThanKey {
        key: key(),
        made: CREATED - 1,
    };
    let over = |expired| Refusal::Expired {
        key: key(),
        expired,
    };
    let until = |end| Signing {
        made: MADE,
        expires: Some(end),
    };
    let may_not = Refusal::MayNotSign { key: key() };
    let silent = Refusal::NoSelfSignature { key: key() };
    check(vec![
        ("as it should be", signer(), made, [Good, Good]),
        ("just now", signer(), NOW.into(), [Good, Good]),
        ("as late as may be", signer(), LATEST.into(), [Good, Good]),
        (
            "in the future",
            signer(),
            (LATEST + 1).into(),
            always(&future),
        ),
        ("as old as its key", signer(), CREATED.into(), [Good, Good]),
        (
            "older than its key",
            signer(),
            (CREATED - 1).into(),
            always(&older),
        ),
        (
            "good for one second more",
            signer(),
            until(NOW + 1),
            [Good, Good],
        ),
        ("over since now", signer(), until(NOW), always(&over(NOW))),
        (
            "over long ago",
            signer(),
            until(MADE + 1),
            always(&over(MADE + 1)),
        ),
        (
            "key good for one second more",
            signer().expires(NOW + 1),
            made,
            [Good, Good],
        ),
        (
            "key expired since",
            signer().expires(NOW),
            made,
            [Refused(expired(NOW)), Good],
        ),
        (
            "key expired when it signed",
            signer().expires(MADE),
            made,
            always(&expired(MADE)),
        ),
        (
            "key meant to certify",
            signer().meant_to(Purpose::Certify),
            made,
            always(&may_not),
        ),
        (
            "key of no purpose",
            signer().meant_to(Purpose::Unsaid),
            made,
            [Good, Good],
        ),
        (
            "key without a word",
            signer().silent(),
            made,
            always(&silent),
        ),
    ]);
}

#[test]
fn the_last_word_counts() {
    let made = Signing::from(MADE);
    let until = |made, end| Word {
        key_expires: Some(end),
        ..Word::at(made)
    };
    let expired = |expired| Refusal::KeyExpired {
        key: key(),
        expired,
    };
    let certify = Word {
        purpose: Purpose::Certify,
        ..Word::at(CREATED + 2)
    };
    let may_not = Refusal::MayNotSign { key: key() };
    let silent = Refusal::NoSelfSignature { key: key() };
    check(vec![
        (
            "extended in time",
            signer().expires(MADE + 1).saying(Word::at(MADE)),
            made,
            [Good, Good],
        ),
        (
            "extended after it had expired and signed all the same",
            signer().expires(MADE - 1).saying(Word::at(MADE + 5)),
            made,
            [Good, Good],
        ),
        (
            "shortened",
            signer().saying(until(MADE + 5, MADE - 5)),
            made,
            always(&expired(MADE - 5)),
        ),
        (
            "shortened in the future",
            signer().saying(until(LATEST + 1, MADE - 5)),
            made,
            [Good, Good],
        ),
        (
            "the older word after the newer one",
            signer()
                .silent()
                .saying(Word::at(MADE))
                .saying(until(CREATED, CREATED + 1)),
            made,
            [Good, Good],
        ),
        (
            "of two in one second the stricter",
            signer().saying(until(CREATED, MADE - 5)),
            made,
            always(&expired(MADE - 5)),
        ),
        (
            "a newer word that holds no longer",
            signer().saying(Word {
                holds_until: Some(MADE),
                ..until(CREATED + 2, CREATED + 3)
            }),
            made,
            [Good, Good],
        ),
        (
            "a word that held when it signed",
            signer().silent().saying(Word {
                holds_until: Some(NOW),
                ..Word::at(CREATED)
            }),
            made,
            [Refused(silent.clone()), Good],
        ),
        (
            "a word that is not understood",
            signer().saying(strange(CREATED + 1)),
            made,
            always(&not_understood(key(), CREATED + 1)),
        ),
        (
            "a word that is not understood, then one that is",
            signer()
                .saying(strange(CREATED + 1))
                .saying(Word::at(CREATED + 2)),
            made,
            [Good, Good],
        ),
        (
            "one of two in one second that is not understood",
            signer().saying(strange(CREATED)),
            made,
            always(&not_understood(key(), CREATED)),
        ),
        (
            "a name taken back",
            signer().name_revoked(CREATED),
            made,
            always(&silent),
        ),
        (
            "a name taken back and given again",
            signer().name_revoked(CREATED).saying(Word::at(CREATED + 1)),
            made,
            [Good, Good],
        ),
        (
            "put to another purpose",
            signer().saying(certify),
            made,
            always(&may_not),
        ),
        (
            "only a word from the future",
            signer().silent().saying(Word::at(LATEST + 1)),
            made,
            always(&silent),
        ),
    ]);
}

#[test]
fn a_revoked_key_does_not_sign() {
    use RevocationReason::{Compromised, Retired, Superseded, Unspecified};
    let made = Signing::from(MADE);
    let revoked = |revoked, reason| Refusal::KeyRevoked {
        key: key(),
        revoked,
        reason,
    };
    let mut rows = Vec::new();
    for reason in [Superseded, Retired] {
        let of = |time| signer().revoked(time, reason);
        let refused = |time| revoked(time, reason);
        rows.extend([
            (
                "retired since",
                of(MADE + 1),
                made,
                [Refused(refused(MADE + 1)), Good],
            ),
            (
                "retired when it signed",
                of(MADE),
                made,
                always(&refused(MADE)),
            ),
            (
                "retired before",
                of(MADE - 1),
                made,
                always(&refused(MADE - 1)),
            ),
        ]);
    }
    for reason in [Compromised, Unspecified] {
        for time in [MADE + 1, MADE - 1, NOW + 1] {
            let signer = signer().revoked(time, reason);
            rows.push(("compromised", signer, made, always(&revoked(time, reason))));
        }
    }
    // No word after it brings it back.
    let signer = signer()
        .revoked(MADE - 1, Superseded)
        .saying(Word::at(MADE));
    let refused = always(&revoked(MADE - 1, Superseded));
    rows.push(("revoked, then spoken of as good", signer, made, refused));
    check(rows);
}

#[test]
fn a_subkey_signs() {
    use RevocationReason::{Compromised, Retired};
    let made = Signing::from(MADE);
    let with = |subkey: Subkey| signer().with_subkey(7, subkey);
    let good = Subkey::made_at(CREATED + 5);
    let (primary, key) = (key(), with(good.clone()).signing_fingerprint());
    assert_ne!(primary, key);
    let said = |words: &[Word]| Subkey {
        said: words.to_vec(),
        ..good.clone()
    };
    let bound = |word: Word| said(&[word]);
    let revoked = |time, reason| Subkey {
        revoked: Some((time, reason)),
        ..good.clone()
    };
    let until = |end| Word {
        key_expires: Some(end),
        ..Word::at(CREATED + 5)
    };
    let meant_to = |purpose| Word {
        purpose,
        ..Word::at(CREATED + 5)
    };
    let back = Subkey {
        has_back_signature: false,
        ..good.clone()
    };
    let back_in_future = Subkey {
        back_signed: Some(LATEST + 1),
        ..good.clone()
    };
    let unbound = Refusal::Unbound {
        signer: primary,
        key,
    };
    let no_back = Refusal::NoBackSignature {
        signer: primary,
        key,
    };
    let expired = |key, expired| Refusal::KeyExpired { key, expired };
    let taken = |revoked, reason| Refusal::KeyRevoked {
        key,
        revoked,
        reason,
    };
    let whole_taken = Refusal::KeyRevoked {
        key: primary,
        revoked: MADE - 1,
        reason: Retired,
    };
    let may_not = Refusal::MayNotSign { key };
    let older = Refusal::OlderThanKey {
        key,
        made: CREATED + 4,
    };
    check(vec![
        ("as it should be", with(good.clone()), made, [Good, Good]),
        (
            "under a primary key that only certifies",
            with(good.clone()).meant_to(Purpose::Certify),
            made,
            [Good, Good],
        ),
        ("not bound", with(said(&[])), made, always(&unbound)),
        (
            "bound in the future",
            with(bound(Word::at(LATEST + 1))),
            made,
            always(&unbound),
        ),
        (
            "bound by what is not understood",
            with(said(&[Word::at(CREATED + 5), strange(CREATED + 6)])),
            made,
            always(&not_understood(key, CREATED + 6)),
        ),
        (
            "bound later",
            with(bound(Word::at(MADE + 1))),
            made,
            [Good, Good],
        ),
        ("without back-signature", with(back), made, always(&no_back)),
        (
            "with a back-signature from the future",
            with(back_in_future),
            made,
            always(&no_back),
        ),
        (
            "meant to certify",
            with(bound(meant_to(Purpose::Certify))),
            made,
            always(&may_not),
        ),
        (
            "of no purpose",
            with(bound(meant_to(Purpose::Unsaid))),
            made,
            always(&may_not),
        ),
        (
            "expired since",
            with(bound(until(NOW))),
            made,
            [Refused(expired(key, NOW)), Good],
        ),
        (
            "expired when it signed",
            with(bound(until(MADE))),
            made,
            always(&expired(key, MADE)),
        ),
        (
            "expired, then extended",
            with(said(&[until(MADE), Word::at(MADE + 1)])),
            made,
            [Good, Good],
        ),
        (
            "of an expired primary key",
            with(good.clone()).expires(MADE),
            made,
            always(&expired(primary, MADE)),
        ),
        (
            "of a revoked primary key",
            with(good.clone()).revoked(MADE - 1, Retired),
            made,
            always(&whole_taken),
        ),
        (
            "retired since",
            with(revoked(MADE + 1, Retired)),
            made,
            [Refused(taken(MADE + 1, Retired)), Good],
        ),
        (
            "retired before",
            with(revoked(MADE - 1, Retired)),
            made,
            always(&taken(MADE - 1, Retired)),
        ),
        (
            "compromised since",
            with(revoked(MADE + 1, Compromised)),
            made,
            always(&taken(MADE + 1, Compromised)),
        ),
        (
            "older than its key",
            with(good),
            (CREATED + 4).into(),
            always(&older),
        ),
    ]);
}

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
