//! What a primary key signs.

use super::*;

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
