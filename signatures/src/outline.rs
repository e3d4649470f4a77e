//! What the bytes of a signature packet say of it, whether or not `pgp` can read the rest.
//!
//! Files of keys have signatures that nobody can read any more: by algorithms that are gone, by
//! programs that were wrong. What others have certified is passed over. What may be the key's own
//! revocation is not: not to see one is to believe a key that its owner has taken back.

use crate::fingerprint::{Fingerprint, Issuer};

/// Types of signatures that take something back (RFC 9580 §5.2.1): a key, a subkey, a certification.
const REVOCATIONS: [u8; 3] = [0x20, 0x28, 0x30];
/// Where the hashed area of a version 4 signature begins, behind its length.
const HASHED: usize = 6;
const ISSUER_KEY_ID: u8 = 16;
const ISSUER_FINGERPRINT: u8 = 33;

/// Whether the body of a signature that cannot be read may be one by which this key takes something
/// back: it is of such a type or of none that can be told, and does not name somebody else.
pub(crate) fn may_revoke(body: &[u8], key: &Fingerprint) -> bool {
    match body {
        [2 | 3, _, kind, rest @ ..] => {
            let issuer = rest.get(4..12).and_then(key_id);
            REVOCATIONS.contains(kind) && issuer.is_none_or(|issuer| issuer.may_be(key))
        }
        [4, kind, ..] => {
            let others = issuers(body).filter(|issuers| !issuers.is_empty());
            REVOCATIONS.contains(kind)
                && others.is_none_or(|issuers| issuers.iter().any(|issuer| issuer.may_be(key)))
        }
        // By keys of version 5 and 6 alone, which are strangers here.
        [5 | 6, ..] => false,
        _ => true,
    }
}

/// The part of a signature's body that is itself signed; of old versions all of it. Two signatures by
/// one key with the same say the same, whatever else is in them.
pub(crate) fn signed_part(body: &[u8]) -> &[u8] {
    let end = match body {
        [4, ..] => areas(body).map(|(hashed, _)| HASHED + hashed.len()),
        _ => None,
    };
    &body[..end.unwrap_or(body.len())]
}

/// The hashed and the unhashed area of a version 4 signature.
fn areas(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let (hashed, rest) = area(body.get(HASHED - 2..)?)?;
    let (unhashed, _) = area(rest)?;
    Some((hashed, unhashed))
}

fn area(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u16::from_be_bytes(*length).into())
}

/// Whoever is named as the maker; nothing where the areas cannot be read.
fn issuers(body: &[u8]) -> Option<Vec<Issuer>> {
    let (hashed, unhashed) = areas(body)?;
    let mut issuers = Vec::new();
    for mut area in [hashed, unhashed] {
        while !area.is_empty() {
            let (part, rest) = subpacket(area)?;
            let (kind, content) = part.split_first()?;
            issuers.extend(match (kind & 0x7f, content) {
                (ISSUER_KEY_ID, id) => key_id(id),
                (ISSUER_FINGERPRINT, [4, fingerprint @ ..]) => (fingerprint.try_into().ok())
                    .map(|bytes| Issuer::Fingerprint(Fingerprint::new(bytes))),
                _ => None,
            });
            area = rest;
        }
    }
    Some(issuers)
}

/// The first subpacket (RFC 9580 §5.2.3.7) without its length, and what is behind it.
fn subpacket(area: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match *area {
        [one @ 0..192, ref rest @ ..] => (usize::from(one), rest),
        [one @ 192..=254, two, ref rest @ ..] => (
            (usize::from(one) - 192) * 256 + usize::from(two) + 192,
            rest,
        ),
        [255, a, b, c, d, ref rest @ ..] => {
            (u32::from_be_bytes([a, b, c, d]).try_into().ok()?, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

fn key_id(bytes: &[u8]) -> Option<Issuer> {
    let id = bytes.try_into().ok()?;
    (id != [0; 8]).then_some(Issuer::KeyId(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: Fingerprint = Fingerprint::new([7; 20]);

    /// A version 4 signature by an algorithm and a hash that nobody knows.
    fn version4(kind: u8, hashed: &[u8], unhashed: &[u8]) -> Vec<u8> {
        let length = |area: &[u8]| u16::try_from(area.len()).unwrap().to_be_bytes();
        let head = [4, kind, 99, 99];
        let areas = [&length(hashed)[..], hashed, &length(unhashed), unhashed];
        [&head[..], &areas.concat(), &[1, 2, 3]].concat()
    }

    #[test]
    fn what_may_be_the_keys_own_revocation() {
        let id = |byte| [&[9, ISSUER_KEY_ID][..], &[byte; 8]].concat();
        let fingerprint = |byte| [&[22, ISSUER_FINGERPRINT | 0x80, 4][..], &[byte; 20]].concat();
        let version3 = |kind, byte| [&[3, 5, kind, 0, 0, 0, 0][..], &[byte; 8], &[99]].concat();
        let table = [
            (version4(0x20, &id(7), &[]), true),
            (version4(0x28, &[], &id(7)), true),
            (version4(0x30, &fingerprint(7), &id(8)), true),
            (version4(0x20, &fingerprint(8), &id(8)), false),
            (version4(0x30, &[], &id(8)), false),
            (version4(0x10, &fingerprint(7), &[]), false),
            (version4(0x18, &[], &id(7)), false),
            // By nobody, by a wildcard, by areas that are cut.
            (version4(0x20, &[], &[]), true),
            (version4(0x20, &id(0), &[]), true),
            (version4(0x20, &[200], &id(8)), true),
            (version4(0x20, &id(8), &[])[..12].to_vec(), true),
            (version4(0x10, &id(8), &[])[..12].to_vec(), false),
            (version3(0x20, 7), true),
            (version3(0x20, 8), false),
            (version3(0x20, 7)[..9].to_vec(), true),
            (version3(0x10, 7), false),
            (vec![], true),
            (vec![4], true),
            (vec![6, 0x20], false),
            (vec![9, 0x10], true),
        ];
        for (body, expected) in table {
            assert_eq!(may_revoke(&body, &KEY), expected, "{body:?}");
        }
    }

    #[test]
    fn what_is_not_signed_does_not_make_another() {
        let one = version4(0x18, &[1, 2], &[1, 3]);
        let other = version4(0x18, &[1, 2], &[]);
        assert_eq!(signed_part(&one), signed_part(&other));
        assert_ne!(
            signed_part(&one),
            signed_part(&version4(0x18, &[1, 4], &[]))
        );
        assert_eq!(signed_part(&one[..9]), &one[..9]);
        assert_eq!(signed_part(&[3, 5, 0]), [3, 5, 0]);
    }

    proptest! {
        #[test]
        fn never_panics(mut body in any::<Vec<u8>>(), version in 2_u8..7, kind in 0_usize..3) {
            let _ = (may_revoke(&body, &KEY), signed_part(&body));
            body.splice(0..body.len().min(2), [version, REVOCATIONS[kind]]);
            let _ = (may_revoke(&body, &KEY), signed_part(&body));
        }
    }
}
