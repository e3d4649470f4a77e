//! Whether a key may sign: what its owner says of it, as far as it is proven.
//!
//! - **The owner's last word counts**: of the self-signatures that verify and were made by `now`, the
//!   newest says until when the key is good and what it is for, even of a time before it was made.
//!   (Tools throw away the older ones: a rule that asks what was said at the time would refuse good
//!   keys.) Of several made in the same second, the strictest counts. Where a key speaks both of itself
//!   and of its names, the newest of either kind counts, and the stricter of the two.
//! - **A revocation is never taken back.** One that says that the key is superseded or retired spares
//!   the signatures made before it; any other one spares none.
//! - **A subkey needs both signatures**: the binding by the primary key, with the purpose of signing,
//!   and the one by itself inside of it. Without the latter anybody could adopt a stranger's subkey and
//!   what it has signed.

use std::cmp::Reverse;

use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::packet::{PublicKey, PublicSubkey, Signature, SignatureType};
use pgp::types::{KeyDetails as _, PublicParams, SignatureBytes, Tag, VerifyingKey as _};

use crate::certificate::{Certificate, Name, Own, Part};
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
    /// The present: what was said later is not heard.
    pub(crate) now: u64,
}

/// A key of a certificate.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Key<'a> {
    /// The primary key.
    Primary(&'a Certificate),
    /// One of its subkeys.
    Subkey(&'a Certificate, &'a Part<PublicSubkey>),
}

/// What a key has signed of itself.
#[derive(Debug, Clone, Copy)]
enum About<'a> {
    Key,
    Name(&'a Name),
    Subkey(&'a PublicSubkey),
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
    let primary = &certificate.primary.content;
    check_revocations(&certificate.primary, About::Key, primary, key, times)?;
    let words = words_of_primary(certificate, times);
    if words.is_empty() {
        return Err(Refusal::NoSelfSignature { key });
    }
    let created = primary.created_at().as_secs().into();
    for word in &words {
        word.check_hash(key)?;
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
    let about = About::Subkey(&subkey.content);
    check_revocations(subkey, about, primary, key, times)?;
    let bindings = statements(subkey, |kind| kind == SignatureType::SubkeyBinding);
    let word = newest(bindings.map(|binding| (binding, about)), primary, times)
        .ok_or(Refusal::Unbound { signer, key })?;
    let created = subkey.content.created_at().as_secs().into();
    word.check_hash(key)?;
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
fn words_of_primary<'a>(certificate: &'a Certificate, times: Times) -> Vec<Word<'a>> {
    let primary = &certificate.primary.content;
    let of_itself = statements(&certificate.primary, |kind| kind == SignatureType::Key)
        .map(|statement| (statement, About::Key));
    let of_names = certificate.names.iter().flat_map(|name| {
        let about = About::Name(&name.content);
        let taken_back = (revocations(name, about, primary).map(|(made, _)| made)).max();
        statements(name, |kind| kind != SignatureType::CertRevocation)
            .filter(move |statement| taken_back.is_none_or(|time| time < statement.made))
            .map(move |statement| (statement, about))
    });
    [
        newest(of_itself, primary, times),
        newest(of_names, primary, times),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The newest of the statements that are proven, by whichever hash.
fn newest<'a>(
    statements: impl Iterator<Item = (Statement<'a>, About<'a>)>,
    primary: &PublicKey,
    times: Times,
) -> Option<Word<'a>> {
    let mut statements: Vec<_> = statements
        .filter(|(statement, _)| is_of_the_time(statement, times))
        .collect();
    // Newest first, so that hardly more than one has to be proven.
    statements.sort_by_key(|(statement, _)| Reverse(statement.made));
    let mut word: Vec<Statement<'a>> = Vec::new();
    for (statement, about) in statements {
        if word
            .first()
            .is_some_and(|newest| newest.made > statement.made)
        {
            break;
        }
        if about.is_proven(statement.signature, primary) {
            word.push(statement);
        }
    }
    (!word.is_empty()).then_some(Word(word))
}

/// Whether it was said by now and holds at the time in question.
fn is_of_the_time(statement: &Statement<'_>, times: Times) -> bool {
    statement.made <= times.now && statement.expires().is_none_or(|end| times.judged < end)
}

fn is_believed(statement: &Statement<'_>) -> bool {
    policy::believes_of_itself(statement.hash(), statement.made)
}

fn statements<T>(
    part: &Part<T>,
    of_kind: impl Fn(SignatureType) -> bool,
) -> impl Iterator<Item = Statement<'_>> {
    (part.signatures.iter())
        .filter_map(|own| Statement::of(&own.signature).ok())
        .filter(move |statement| of_kind(statement.kind()))
}

/// When the part was revoked, and by which signature. By whichever hash, and with whatever else in it:
/// see [`policy`].
fn revocations<'a, T>(
    part: &'a Part<T>,
    about: About<'a>,
    primary: &'a PublicKey,
) -> impl Iterator<Item = (u64, &'a Signature)> {
    let revokes = move |own: &&Own| {
        own.signature.typ() == Some(about.revocation()) && about.is_proven(&own.signature, primary)
    };
    part.signatures.iter().filter(revokes).map(|own| {
        let made = own.signature.created().map_or(0, |made| made.as_secs());
        (made.into(), &own.signature)
    })
}

fn check_revocations<'a, T>(
    part: &'a Part<T>,
    about: About<'a>,
    primary: &'a PublicKey,
    key: Fingerprint,
    times: Times,
) -> Result<(), Refusal> {
    let mut counting = revocations(part, about, primary).filter_map(|(revoked, signature)| {
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

impl About<'_> {
    /// The kind of signature that takes it back.
    fn revocation(self) -> SignatureType {
        match self {
            Self::Key => SignatureType::KeyRevocation,
            Self::Name(_) => SignatureType::CertRevocation,
            Self::Subkey(_) => SignatureType::SubkeyRevocation,
        }
    }

    /// Whether the primary key has made the signature.
    fn is_proven(self, signature: &Signature, primary: &PublicKey) -> bool {
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
}

impl Word<'_> {
    /// Whether the key is for signing, if anything is said of what it is for.
    fn may_sign(&self) -> Option<bool> {
        let said = self.0.iter().filter_map(Statement::flags);
        said.map(pgp::packet::KeyFlags::sign).min()
    }

    /// Refuses a key whose last word is by a hash that is not believed. To fall back to an older word
    /// would be to pass over what the owner says now.
    fn check_hash(&self, key: Fingerprint) -> Result<(), Refusal> {
        match self.0.iter().find(|statement| !is_believed(statement)) {
            None => Ok(()),
            Some(statement) => Err(Refusal::WeakSelfSignature {
                key,
                hash: statement.hash().to_string(),
                made: statement.made,
            }),
        }
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
