//! What is believed: hashes, keys and sizes.
//!
//! **Data** is believed by SHA-256, SHA-384, SHA-512, SHA3-256 and SHA3-512. Whoever can make two
//! contents with one hash has one signed and sends the other: collisions are enough, and SHA-1, MD5
//! and RIPEMD-160 have them or are near.
//!
//! **What a key says of itself**, self-signatures, bindings of subkeys and back-signatures, is believed
//! by these hashes, and by SHA-1 if it was made before [`SHA1_ENDS`]. Here a collision is of no use,
//! since the owner alone decides what is hashed: the key, its subkeys, its names. A forger would need a
//! second preimage of something that the owner has signed, and for SHA-1 nobody can make one. Nor would
//! a stricter rule buy anything: the fingerprint by which the caller pins the primary key *is* SHA-1,
//! and stands on the same ground. `pgp` computes SHA-1 with the detection of known collision attacks.
//! The date is no defence, since a forger would write an earlier one; it keeps those from going on who
//! could do better, and is the one after which Sequoia's standard policy refuses too.
//! This rule is needed: release managers of Apache have keys whose only self-signatures are by SHA-1.
//!
//! **Revocations** are believed by every hash that can be computed: to doubt a key without need does
//! less harm than to believe it without right.
//!
//! **Keys** that sign are RSA of 2048 bits or more, Ed25519, Ed448 or ECDSA over a NIST curve. DSA is
//! gone from FIPS 186-5, and Elgamal was never one to sign with.
//!
//! **Sizes**: all input is bounded before it is looked at, so that what comes from outside costs little
//! time and memory. What is larger than these bounds is not cut but refused.

use pgp::crypto::hash::HashAlgorithm;
use pgp::ser::Serialize as _;
use pgp::types::{EcdsaPublicParams, EddsaLegacyPublicParams, PublicParams};

/// By how many seconds the clock of this host may be slow. What was made later than that after now is
/// of the future, and refused. Nothing that ends is good for longer.
pub const CLOCK_TOLERANCE: u64 = 3600;

/// 2023-02-01: from then on a key says nothing by SHA-1.
pub(crate) const SHA1_ENDS: u64 = 1_675_209_600;

/// Bytes of key material: twenty times what the largest project of Apache has.
pub(crate) const MATERIAL: usize = 16 << 20;
/// Bytes of clear-signed text: a hundred times an `InRelease`.
pub(crate) const CLEARTEXT: usize = 16 << 20;
/// Bytes of a detached signature, and of the armored part of an envelope.
pub(crate) const SIGNATURE: usize = 64 << 10;
/// Signatures that are looked at; Debian has up to three.
pub(crate) const SIGNATURES: usize = 16;
/// Names of a certificate, and subkeys, and a key's own signatures on each and on itself.
pub(crate) const PARTS: usize = 64;
/// Signatures in the name of a key that are tried, in one copy of its certificate: anybody can write
/// some that are not by it.
pub(crate) const PROOFS: usize = 1024;

/// Whether a signature over data by this hash is believed.
pub(crate) fn believes_of_data(hash: HashAlgorithm) -> bool {
    matches!(
        hash,
        HashAlgorithm::Sha256
            | HashAlgorithm::Sha384
            | HashAlgorithm::Sha512
            | HashAlgorithm::Sha3_256
            | HashAlgorithm::Sha3_512
    )
}

/// Whether a key is believed what it said of itself at this time, in seconds since 1970, by this hash.
pub(crate) fn believes_of_itself(hash: HashAlgorithm, made: u64) -> bool {
    believes_of_data(hash) || (hash == HashAlgorithm::Sha1 && made < SHA1_ENDS)
}

/// Whether a key of this kind and size is believed at all.
///
/// # Errors
/// Kind and size, for people.
pub(crate) fn believes_key(parameters: &PublicParams) -> Result<(), String> {
    let weak = |name: &str| Err(name.to_owned());
    match parameters {
        PublicParams::RSA(_) => match leading_number_bits(parameters) {
            2048.. => Ok(()),
            bits => Err(format!("RSA of {bits} bits")),
        },
        PublicParams::Ed25519(_) | PublicParams::Ed448(_) => Ok(()),
        PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Ed25519 { .. }) => Ok(()),
        PublicParams::ECDSA(
            EcdsaPublicParams::P256 { .. }
            | EcdsaPublicParams::P384 { .. }
            | EcdsaPublicParams::P521 { .. },
        ) => Ok(()),
        PublicParams::ECDSA(_) => weak("ECDSA over a curve that is not NIST's"),
        PublicParams::EdDSALegacy(_) => weak("EdDSA over an unknown curve"),
        PublicParams::DSA(_) => weak("DSA"),
        PublicParams::Elgamal(_) => weak("Elgamal"),
        _ => weak("not a kind that signs"),
    }
}

/// How long the first number of the parameters is, which stands before it: of RSA, the modulus.
fn leading_number_bits(parameters: &PublicParams) -> u16 {
    let mut bytes = Vec::new();
    match parameters.to_writer(&mut bytes) {
        Ok(()) if bytes.len() >= 2 => u16::from_be_bytes([bytes[0], bytes[1]]),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pgp::crypto::public_key::PublicKeyAlgorithm;

    #[test]
    fn sha1_ends_where_it_says() {
        let day = humantime::parse_rfc3339("2023-02-01T00:00:00Z").unwrap();
        let seconds = day.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        assert_eq!(SHA1_ENDS, seconds);
    }

    #[test]
    fn a_hash_is_believed_by_what_it_is_for() {
        use HashAlgorithm::*;
        let table = [
            // Of data, of itself in 2020, of itself in 2024.
            (Sha256, true, true, true),
            (Sha384, true, true, true),
            (Sha512, true, true, true),
            (Sha3_256, true, true, true),
            (Sha3_512, true, true, true),
            (Sha1, false, true, false),
            (Sha224, false, false, false),
            (Md5, false, false, false),
            (Ripemd160, false, false, false),
            (None, false, false, false),
            (Other(200), false, false, false),
        ];
        for (hash, data, before, after) in table {
            assert_eq!(believes_of_data(hash), data, "{hash}");
            assert_eq!(believes_of_itself(hash, SHA1_ENDS - 1), before, "{hash}");
            assert_eq!(believes_of_itself(hash, SHA1_ENDS), after, "{hash}");
        }
    }

    #[test]
    fn a_short_modulus_is_not_believed() {
        for (bits, believed) in [(1024_u16, false), (2047, false), (2048, true), (4096, true)] {
            let mut modulus = vec![0xff; usize::from(bits).div_ceil(8)];
            if bits % 8 != 0 {
                modulus[0] >>= 8 - bits % 8;
            }
            let exponent = [0, 17, 1, 0, 1];
            let number = [&bits.to_be_bytes()[..], &modulus, &exponent].concat();
            let length = Some(number.len());
            let parameters =
                PublicParams::try_from_reader(PublicKeyAlgorithm::RSA, length, &number[..])
                    .unwrap();
            let expected = match believed {
                true => Ok(()),
                false => Err(format!("RSA of {bits} bits")),
            };
            assert_eq!(believes_key(&parameters), expected);
        }
    }
}
