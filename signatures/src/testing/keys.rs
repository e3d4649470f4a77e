//! Keys, their packets and the configuration of what they sign.

use super::*;

pub(super) const FITS: &str = "a key of this kind and size can be written";
pub(super) const SIGNS: &str = "a key that was made here signs";

/// Numbers from a seed: not random, but as good as any for a test.
pub(super) fn parts_of(seed: u64, which: u8) -> (PublicParams, SecretParams) {
    let mut bytes = [which; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let secret = Ed25519::try_from_bytes(bytes, Mode::EdDSALegacy).expect("any 32 bytes are a key");
    // GnuPG 2.2 knows Ed25519 only by its old number.
    let public = PublicParams::EdDSALegacy((&secret).into());
    let secret = SecretParams::Plain(PlainSecretParams::EdDSALegacy(EdDsa::Ed25519(secret)));
    (public, secret)
}

pub(super) fn inner(parameters: PublicParams, created: u64) -> PubKeyInner {
    PubKeyInner::new(
        KeyVersion::V4,
        PublicKeyAlgorithm::EdDSALegacy,
        Timestamp::from_secs(short(created)),
        None,
        parameters,
    )
    .expect(FITS)
}

pub(super) fn config(
    kind: SignatureType,
    key: &impl SigningKey,
    parts: Vec<SubpacketData>,
) -> SignatureConfig {
    let short = "a part of a signature is short";
    let regular = |part| Subpacket::regular(part).expect(short);
    let part = |part| match part {
        SubpacketData::Experimental(..) => Subpacket::critical(part).expect(short),
        part => regular(part),
    };
    let mut config = SignatureConfig::v4(kind, key.algorithm(), HashAlgorithm::Sha256);
    config.hashed_subpackets = parts.into_iter().map(part).collect();
    let issuer = SubpacketData::IssuerFingerprint(key.fingerprint());
    config.hashed_subpackets.push(regular(issuer));
    let key_id = SubpacketData::IssuerKeyId(key.legacy_key_id());
    config.unhashed_subpackets = vec![regular(key_id)];
    config
}

pub(super) fn revocation(made: u64, reason: RevocationReason) -> Vec<SubpacketData> {
    let code = match reason {
        RevocationReason::Superseded => RevocationCode::KeySuperseded,
        RevocationReason::Retired => RevocationCode::KeyRetired,
        RevocationReason::Compromised => RevocationCode::KeyCompromised,
        RevocationReason::Unspecified => RevocationCode::NoReason,
    };
    vec![
        made_at(made),
        SubpacketData::RevocationReason(code, Vec::new().into()),
    ]
}

pub(super) fn made_at(made: u64) -> SubpacketData {
    SubpacketData::SignatureCreationTime(Timestamp::from_secs(short(made)))
}

pub(super) fn short(seconds: u64) -> u32 {
    seconds.try_into().expect("OpenPGP counts seconds to 2106")
}

pub(super) fn fingerprint(key: &impl KeyDetails) -> Fingerprint {
    version4(&key.fingerprint()).expect("all keys here are of version 4")
}

pub(super) fn packet(packet: &impl PacketTrait) -> Vec<u8> {
    let mut bytes = Vec::new();
    (packet.to_writer_with_header(&mut bytes)).expect("memory can be written");
    bytes
}

pub(super) fn open() -> Password {
    Password::empty()
}
