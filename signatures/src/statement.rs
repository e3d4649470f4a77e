//! What a signature packet says of itself: when, by whom, of what kind, for how long.
//!
//! Only the hashed part counts, since only that is signed. Two things may stand in the other part,
//! because they prove themselves: the name of the key, which is where to look for it, and the
//! back-signature of a subkey, which is a signature of its own.

use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{
    KeyFlags, RevocationCode, Signature, SignatureConfig, SignatureType, SignatureVersion,
    SubpacketData,
};
use pgp::types::{Fingerprint as PgpFingerprint, SignatureBytes};

use crate::error::RevocationReason;
use crate::fingerprint::{Fingerprint, Issuer};

/// A version 4 signature that says when it was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Statement<'a> {
    /// The packet.
    pub(crate) signature: &'a Signature,
    /// Its readable part.
    pub(crate) config: &'a SignatureConfig,
    /// Its number or numbers.
    pub(crate) bytes: &'a SignatureBytes,
    /// When it was made, by its own words, in seconds since 1970.
    pub(crate) made: u64,
}

impl<'a> Statement<'a> {
    /// Reads a packet that says nothing which this crate does not understand.
    ///
    /// # Errors
    /// Why it cannot be used, for people.
    pub(crate) fn of(signature: &'a Signature) -> Result<Self, &'static str> {
        let statement = Self::read(signature)?;
        match statement.is_understood() {
            true => Ok(statement),
            false => Err("it has a critical part that is unknown"),
        }
    }

    /// Reads a packet, whatever else it says.
    ///
    /// # Errors
    /// Why it cannot be used, for people.
    pub(crate) fn read(signature: &'a Signature) -> Result<Self, &'static str> {
        let (Some(config), Some(bytes)) = (signature.config(), signature.signature()) else {
            return Err("its version is unknown");
        };
        if config.version() != SignatureVersion::V4 {
            return Err("it is not of version 4");
        }
        let made = config.created().ok_or("it does not say when it was made")?;
        Ok(Self {
            signature,
            config,
            bytes,
            made: made.as_secs().into(),
        })
    }

    /// Whether all is understood of it that its maker calls critical.
    pub(crate) fn is_understood(&self) -> bool {
        (self.config.hashed_subpackets()).all(|part| !part.is_critical || is_understood(&part.data))
    }

    pub(crate) fn kind(&self) -> SignatureType {
        self.config.typ
    }

    pub(crate) fn hash(&self) -> HashAlgorithm {
        self.config.hash_alg
    }

    /// When it ends, in seconds since 1970.
    pub(crate) fn expires(&self) -> Option<u64> {
        let seconds = self.signature.signature_expiration_time()?.as_secs();
        (seconds != 0).then(|| self.made + u64::from(seconds))
    }

    /// For how many seconds the key that it is about is good, counted from when the key was made.
    pub(crate) fn key_lifetime(&self) -> Option<u64> {
        let seconds = self.signature.key_expiration_time()?.as_secs();
        (seconds != 0).then(|| u64::from(seconds))
    }

    /// What the key that it is about is for, if it says so.
    pub(crate) fn flags(&self) -> Option<&'a KeyFlags> {
        self.config
            .hashed_subpackets()
            .find_map(|part| match &part.data {
                SubpacketData::KeyFlags(flags) => Some(flags),
                _ => None,
            })
    }

    /// The signatures inside: back-signatures.
    pub(crate) fn embedded(&self) -> impl Iterator<Item = &'a Signature> {
        embedded(self.config)
    }
}

/// The signatures inside of a signature.
pub(crate) fn embedded(config: &SignatureConfig) -> impl Iterator<Item = &Signature> {
    (config.hashed_subpackets())
        .chain(config.unhashed_subpackets())
        .filter_map(|part| match &part.data {
            SubpacketData::EmbeddedSignature(signature) => Some(&**signature),
            _ => None,
        })
}

/// Why a key was revoked.
pub(crate) fn revocation_reason(revocation: &Signature) -> RevocationReason {
    match revocation.revocation_reason_code() {
        Some(RevocationCode::KeySuperseded) => RevocationReason::Superseded,
        Some(RevocationCode::KeyRetired) => RevocationReason::Retired,
        Some(RevocationCode::KeyCompromised) => RevocationReason::Compromised,
        _ => RevocationReason::Unspecified,
    }
}

/// Who made it, by its own words.
pub(crate) fn issuer(signature: &Signature) -> Issuer {
    let fingerprint = signature
        .issuer_fingerprint()
        .into_iter()
        .find_map(version4);
    let key_id = || {
        (signature.issuer_key_id().into_iter()).find_map(|id| {
            let id = id.as_ref().try_into().ok()?;
            (id != [0; 8]).then_some(id)
        })
    };
    match fingerprint {
        Some(fingerprint) => Issuer::Fingerprint(fingerprint),
        None => key_id().map_or(Issuer::Nobody, Issuer::KeyId),
    }
}

/// The fingerprint, if it is of a version 4 key.
pub(crate) fn version4(fingerprint: &PgpFingerprint) -> Option<Fingerprint> {
    match fingerprint {
        PgpFingerprint::V4(bytes) => Some(Fingerprint::new(*bytes)),
        _ => None,
    }
}

/// Critical means: whoever does not understand it must not believe the rest.
fn is_understood(part: &SubpacketData) -> bool {
    !matches!(
        part,
        SubpacketData::Notation(_) | SubpacketData::Experimental(..) | SubpacketData::Other(..)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use pgp::crypto::public_key::PublicKeyAlgorithm;
    use pgp::packet::{Notation, PacketHeader, Subpacket};
    use pgp::types::{KeyId, Tag, Timestamp};

    const MADE: u32 = 1_600_000_000;

    fn with(parts: Vec<Subpacket>) -> Signature {
        Signature::v4(
            PacketHeader::new_fixed(Tag::Signature, 0),
            SignatureType::Binary,
            PublicKeyAlgorithm::RSA,
            HashAlgorithm::Sha256,
            [0, 0],
            SignatureBytes::Mpis(Vec::new()),
            parts,
            Vec::new(),
        )
    }

    fn made() -> Subpacket {
        let made = SubpacketData::SignatureCreationTime(Timestamp::from_secs(MADE));
        Subpacket::regular(made).unwrap()
    }

    #[test]
    fn what_is_critical_must_be_understood() {
        let notation = SubpacketData::Notation(Notation {
            readable: true,
            name: "issuer@example.org".into(),
            value: "x".into(),
        });
        let unknown = SubpacketData::Other(60, vec![1].into());
        let experimental = SubpacketData::Experimental(101, vec![1].into());
        for data in [notation, unknown, experimental] {
            let regular = with(vec![made(), Subpacket::regular(data.clone()).unwrap()]);
            assert_eq!(Statement::of(&regular).unwrap().made, u64::from(MADE));
            let critical = with(vec![made(), Subpacket::critical(data).unwrap()]);
            let reason = "it has a critical part that is unknown";
            assert_eq!(Statement::of(&critical).unwrap_err(), reason);
        }
        let understood = with(vec![Subpacket::critical(made().data).unwrap()]);
        assert!(Statement::of(&understood).is_ok());
    }

    #[test]
    fn only_version_4_with_a_time_is_read() {
        let timeless = Statement::of(&with(Vec::new())).map(|it| it.made);
        assert_eq!(timeless, Err("it does not say when it was made"));
        let old = Signature::v3(
            PacketHeader::new_fixed(Tag::Signature, 0),
            SignatureType::Binary,
            PublicKeyAlgorithm::RSA,
            HashAlgorithm::Sha256,
            Timestamp::from_secs(MADE),
            KeyId::WILDCARD,
            [0, 0],
            SignatureBytes::Mpis(Vec::new()),
        );
        assert_eq!(
            Statement::of(&old).map(|it| it.made),
            Err("it is not of version 4")
        );
    }

    #[test]
    fn the_issuer_is_where_to_look() {
        let part = |data| Subpacket::regular(data).unwrap();
        let fingerprint = Fingerprint::new([7; 20]);
        let by_fingerprint = SubpacketData::IssuerFingerprint(PgpFingerprint::V4([7; 20]));
        let by_newer = SubpacketData::IssuerFingerprint(PgpFingerprint::V6([7; 32]));
        let by_id = SubpacketData::IssuerKeyId(KeyId::from([8; 8]));
        let by_nobody = SubpacketData::IssuerKeyId(KeyId::WILDCARD);
        let table = [
            (vec![], Issuer::Nobody),
            (vec![by_nobody], Issuer::Nobody),
            (vec![by_newer.clone()], Issuer::Nobody),
            (vec![by_newer, by_id.clone()], Issuer::KeyId([8; 8])),
            (vec![by_id.clone()], Issuer::KeyId([8; 8])),
            (
                vec![by_id, by_fingerprint],
                Issuer::Fingerprint(fingerprint),
            ),
        ];
        for (parts, expected) in table {
            let signature = with(parts.into_iter().map(part).collect());
            assert_eq!(issuer(&signature), expected);
        }
    }
}
