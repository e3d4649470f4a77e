//! What a key can sign of itself, and whether it did.

use pgp::packet::{PublicKey, PublicSubkey, Signature, SignatureType};
use pgp::types::Tag;

use crate::certificate::Name;

/// What a key has signed of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) enum About<'a> {
    /// The key.
    Key,
    /// One of its names.
    Name(&'a Name),
    /// One of its subkeys.
    Subkey(&'a PublicSubkey),
}

impl About<'_> {
    /// Whether the primary key has made the signature.
    pub(crate) fn is_proven(self, signature: &Signature, primary: &PublicKey) -> bool {
        let verified = match self {
            Self::Key => signature.verify_key(primary),
            Self::Name(Name::UserId(user)) => {
                signature.verify_certification(primary, Tag::UserId, user)
            }
            Self::Name(Name::UserAttribute(attribute)) => {
                signature.verify_certification(primary, Tag::UserAttribute, attribute)
            }
            Self::Subkey(subkey) => signature.verify_subkey_binding(primary, subkey),
        };
        verified.is_ok()
    }

    /// Whether a signature is of a kind that is about such things.
    pub(crate) fn is_of(self, signature: &Signature) -> bool {
        let Some(kind) = signature.typ() else {
            return false;
        };
        match self {
            Self::Key => matches!(kind, SignatureType::Key | SignatureType::KeyRevocation),
            Self::Name(_) => matches!(
                kind,
                SignatureType::CertGeneric
                    | SignatureType::CertPersona
                    | SignatureType::CertCasual
                    | SignatureType::CertPositive
                    | SignatureType::CertRevocation
            ),
            Self::Subkey(_) => matches!(
                kind,
                SignatureType::SubkeyBinding | SignatureType::SubkeyRevocation
            ),
        }
    }
}
