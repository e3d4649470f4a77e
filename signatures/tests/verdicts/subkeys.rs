//! What a subkey signs.

use super::*;

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
