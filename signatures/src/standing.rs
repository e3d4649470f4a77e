//! Whether a key may sign: what its owner says of it, as far as it is proven.
//!
//! - **The owner's last word counts**: of the self-signatures that were made by now, the newest says until when the key is good and what it is for, even of a time before it was made.
//!   (Tools throw away the older ones: a rule that asks what was said at the time would refuse good
//!   keys.) Of several made in the same second, the strictest counts. Where a key speaks both of itself
//!   and of its names, the newest of either kind counts, and the stricter of the two.
//! - **A last word that is not understood refuses the key**: one by a weak hash, or with a critical part
//!   that is unknown. An older word is not what the owner says now.
//! - **A revocation is never taken back.** One that says that the key is superseded or retired spares
//!   the signatures made before it; any other one spares none.
//! - **A subkey needs both signatures**: the binding by the primary key, with the purpose of signing,
//!   and the one by itself inside of it. Without the latter anybody could adopt a stranger's subkey and
//!   what it has signed.

use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::packet::{PublicKey, PublicSubkey, Signature, SignatureType};
use pgp::types::{KeyDetails as _, PublicParams, SignatureBytes, VerifyingKey as _};

use crate::certificate::{Certificate, Part};
use crate::error::Refusal;
use crate::fingerprint::Fingerprint;
use crate::policy;
use crate::statement::{Statement, revocation_reason, version4};

/// The times that matter, in seconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// When the data was signed, by the signature's own words.
    pub(crate) made: u64,
    /// For when the key is judged.
    pub(crate) judged: u64,
    /// The present and a little more: what was said later is not heard.
    pub(crate) latest: u64,
}

/// A key of a certificate.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Key<'a> {
    /// The primary key.
    Primary(&'a Certificate),
    /// One of its subkeys.
    Subkey(&'a Certificate, &'a Part<PublicSubkey>),
}

/// The newest that a key says of itself: statements of the same second, at least one.
#[derive(Debug)]
struct Word<'a>(Vec<Statement<'a>>);

impl<'a> Key<'a> {
    /// The keys of a certificate.
    pub(crate) fn all(certificate: &'a Certificate) -> impl Iterator<Item = Self> {
        let subkeys = certificate.subkeys.iter();
        std::iter::once(Self::Primary(certificate))
            .chain(subkeys.map(move |subkey| Self::Subkey(certificate, subkey)))
    }

    /// The primary key's fingerprint.
    pub(crate) fn signer(&self) -> Fingerprint {
        let (Self::Primary(certificate) | Self::Subkey(certificate, _)) = self;
        certificate.fingerprint
    }

    /// The key's own fingerprint.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        match self {
            Self::Primary(certificate) => certificate.fingerprint,
            Self::Subkey(_, subkey) => version4(&subkey.content.fingerprint())
                .expect("only subkeys of version 4 are taken into a certificate"),
        }
    }

    /// Of which kind it is.
    pub(crate) fn algorithm(&self) -> PublicKeyAlgorithm {
        match self {
            Self::Primary(certificate) => certificate.primary.content.algorithm(),
            Self::Subkey(_, subkey) => subkey.content.algorithm(),
        }
    }

    /// Whether the numbers are this key's signature over this hash.
    pub(crate) fn signed(
        &self,
        hash: HashAlgorithm,
        digest: &[u8],
        bytes: &SignatureBytes,
    ) -> bool {
        let verified = match self {
            Self::Primary(certificate) => certificate.primary.content.verify(hash, digest, bytes),
            Self::Subkey(_, subkey) => subkey.content.verify(hash, digest, bytes),
        };
        verified.is_ok()
    }

    /// Refuses a key that is weak, whatever it says.
    ///
    /// # Errors
    /// [`Refusal::WeakKey`], naming the key or its primary key.
    pub(crate) fn check_strength(&self) -> Result<(), Refusal> {
        let (Self::Primary(certificate) | Self::Subkey(certificate, _)) = self;
        let check = |key: Fingerprint, parameters: &PublicParams| {
            policy::believes_key(parameters)
                .map_err(|algorithm| Refusal::WeakKey { key, algorithm })
        };
        check(
            certificate.fingerprint,
            certificate.primary.content.public_params(),
        )?;
        match self {
            Self::Primary(_) => Ok(()),
            Self::Subkey(_, subkey) => check(self.fingerprint(), subkey.content.public_params()),
        }
    }

    /// Refuses a key that may not sign, or not at this time.
    ///
    /// # Errors
    /// The first reason.
    pub(crate) fn check(&self, times: Times) -> Result<(), Refusal> {
        match self {
            Self::Primary(certificate) => {
                let words = check_primary(certificate, times)?;
                let key = certificate.fingerprint;
                // A key from before purposes were written down has all of them.
                words.iter().try_for_each(|word| match word.may_sign() {
                    Some(false) => Err(Refusal::MayNotSign { key }),
                    Some(true) | None => Ok(()),
                })
            }
            Self::Subkey(certificate, subkey) => {
                check_primary(certificate, times)?;
                check_subkey(certificate, subkey, self.fingerprint(), times)
            }
        }
    }
}

fn check_primary<'a>(certificate: &'a Certificate, times: Times) -> Result<Vec<Word<'a>>, Refusal> {
    let key = certificate.fingerprint;
    check_revocations(&certificate.primary, key, times)?;
    let words = words_of_primary(certificate, times);
    if words.is_empty() {
        return Err(Refusal::NoSelfSignature { key });
    }
    let created = certificate.primary.content.created_at();
    let created = created.as_secs().into();
    for word in &words {
        word.check_form(key)?;
        word.check_life(key, created, times)?;
    }
    Ok(words)
}

fn check_subkey(
    certificate: &Certificate,
    subkey: &Part<PublicSubkey>,
    key: Fingerprint,
    times: Times,
) -> Result<(), Refusal> {
    let signer = certificate.fingerprint;
    let primary = &certificate.primary.content;
    check_revocations(subkey, key, times)?;
    let word = newest(statements(subkey), times).ok_or(Refusal::Unbound { signer, key })?;
    let created = subkey.content.created_at().as_secs().into();
    word.check_form(key)?;
    word.check_life(key, created, times)?;
    if word.may_sign() != Some(true) {
        return Err(Refusal::MayNotSign { key });
    }
    if !word.has_back_signatures(&subkey.content, primary, times) {
        return Err(Refusal::NoBackSignature { signer, key });
    }
    Ok(())
}

/// What the key says of itself, and what it says beside its names, other than those it has taken back.
fn words_of_primary(certificate: &Certificate, times: Times) -> Vec<Word<'_>> {
    let of_names = certificate.names.iter().flat_map(|name| {
        let taken_back = revocations(name).map(|(made, _)| made).max();
        statements(name)
            .filter(move |statement| taken_back.is_none_or(|time| time < statement.made))
    });
    [
        newest(statements(&certificate.primary), times),
        newest(of_names, times),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The newest of the statements, by whichever hash.
fn newest<'a>(statements: impl Iterator<Item = Statement<'a>>, times: Times) -> Option<Word<'a>> {
    let mut statements: Vec<_> = statements
        .filter(|statement| is_of_the_time(statement, times))
        .collect();
    let newest = statements.iter().map(|statement| statement.made).max()?;
    statements.retain(|statement| statement.made == newest);
    Some(Word(statements))
}

/// Whether it was said by now and holds at the time in question.
fn is_of_the_time(statement: &Statement<'_>, times: Times) -> bool {
    statement.made <= times.latest && statement.expires().is_none_or(|end| times.judged < end)
}

fn is_believed(statement: &Statement<'_>) -> bool {
    policy::believes_of_itself(statement.hash(), statement.made)
}

/// What is said of the part, other than that it is taken back.
fn statements<T>(part: &Part<T>) -> impl Iterator<Item = Statement<'_>> {
    (part.signatures.iter())
        .filter_map(|own| Statement::read(&own.signature).ok())
        .filter(|statement| !is_revocation(statement.signature))
}

/// When the part was revoked, and by which signature. By whichever hash, and with whatever else in it:
/// see [`policy`].
fn revocations<T>(part: &Part<T>) -> impl Iterator<Item = (u64, &Signature)> {
    let all = part.signatures.iter().map(|own| &own.signature);
    all.filter(|signature| is_revocation(signature))
        .map(|signature| {
            let made = signature.created().map_or(0, |made| made.as_secs());
            (made.into(), signature)
        })
}

fn is_revocation(signature: &Signature) -> bool {
    matches!(
        signature.typ(),
        Some(
            SignatureType::KeyRevocation
                | SignatureType::SubkeyRevocation
                | SignatureType::CertRevocation
        )
    )
}

fn check_revocations<T>(part: &Part<T>, key: Fingerprint, times: Times) -> Result<(), Refusal> {
    let mut counting = revocations(part).filter_map(|(revoked, signature)| {
        let reason = revocation_reason(signature);
        (!reason.spares_the_past() || revoked <= times.judged).then_some((revoked, reason))
    });
    match counting.next() {
        None => Ok(()),
        Some((revoked, reason)) => Err(Refusal::KeyRevoked {
            key,
            revoked,
            reason,
        }),
    }
}

impl Word<'_> {
    /// Whether the key is for signing, if anything is said of what it is for.
    fn may_sign(&self) -> Option<bool> {
        let said = self.0.iter().filter_map(Statement::flags);
        said.map(pgp::packet::KeyFlags::sign).min()
    }

    /// Refuses a key whose last word is by a hash that is not believed, or says what is not understood.
    /// To fall back to an older word would be to pass over what the owner says now.
    fn check_form(&self, key: Fingerprint) -> Result<(), Refusal> {
        self.0.iter().try_for_each(|statement| {
            let made = statement.made;
            if !is_believed(statement) {
                let hash = statement.hash().to_string();
                return Err(Refusal::WeakSelfSignature { key, hash, made });
            }
            match statement.is_understood() {
                true => Ok(()),
                false => Err(Refusal::NotUnderstood { key, made }),
            }
        })
    }

    /// Refuses a key that was not yet, or not any more.
    fn check_life(&self, key: Fingerprint, created: u64, times: Times) -> Result<(), Refusal> {
        if times.made < created {
            let made = times.made;
            return Err(Refusal::OlderThanKey { key, made });
        }
        let lifetime = self.0.iter().filter_map(Statement::key_lifetime).min();
        match lifetime.map(|lifetime| created + lifetime) {
            Some(expired) if expired <= times.judged => Err(Refusal::KeyExpired { key, expired }),
            _ => Ok(()),
        }
    }

    /// Whether the subkey has signed, within each of the bindings, that it belongs to the primary key.
    fn has_back_signatures(
        &self,
        subkey: &PublicSubkey,
        primary: &PublicKey,
        times: Times,
    ) -> bool {
        self.0.iter().all(|binding| {
            binding.embedded().any(|signature| {
                let counts = |it: &Statement<'_>| is_believed(it) && is_of_the_time(it, times);
                Statement::of(signature).is_ok_and(|statement| counts(&statement))
                    && signature
                        .verify_primary_key_binding(subkey, primary)
                        .is_ok()
            })
        })
    }
}
