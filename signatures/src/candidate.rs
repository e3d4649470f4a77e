//! One signature over data that may count: its key is known and allowed, its hash believed.

use digest::DynDigest;
use pgp::packet::Signature as Packet;

use crate::error::Refusal;
use crate::fingerprint::Issuer;
use crate::policy::{self, CLOCK_TOLERANCE};
use crate::standing::{Key, Times};
use crate::statement::{Statement, issuer};
use crate::verify::{Judged, Occasion, Signature, Trust};

/// A signature over data on its way to a verdict.
pub(crate) struct Candidate<'a> {
    statement: Statement<'a>,
    /// That may have signed, the one that is named first: key ids are short enough to have doubles.
    keys: Vec<Key<'a>>,
    hasher: Hasher,
}

type Hasher = Box<dyn DynDigest + Send>;

impl<'a> Candidate<'a> {
    /// Reads a signature and looks for its key.
    ///
    /// # Errors
    /// Why it cannot count, whatever the content is.
    pub(crate) fn of(
        packet: &'a Packet,
        trust: Trust<'a>,
        occasion: Occasion,
    ) -> Result<Self, Refusal> {
        let issuer = issuer(packet);
        let unusable = |reason| Refusal::Unusable {
            key: issuer,
            reason,
        };
        let keys = find_keys(issuer, trust)?;
        let statement = Statement::of(packet).map_err(unusable)?;
        if statement.kind() != occasion.kind {
            return Err(unusable("it is not for this kind of content"));
        }
        let hash = statement.hash();
        if !policy::believes_of_data(hash) {
            return Err(Refusal::WeakHash {
                key: issuer,
                hash: hash.to_string(),
            });
        }
        let hasher = (hash.new_hasher()).map_err(|_| unusable("its hash is unknown"))?;
        Ok(Self {
            statement,
            keys,
            hasher,
        })
    }

    /// Takes the next part of the content.
    pub(crate) fn update(&mut self, content: &[u8]) {
        self.hasher.update(content);
    }

    /// Judges the signature, once it has got all of the content.
    ///
    /// The content comes first: what is not signed at all is worse than what is signed by a key that
    /// has expired, and the verdict over several signatures depends on it.
    ///
    /// # Errors
    /// Why the signature does not count.
    pub(crate) fn judge(self, occasion: Occasion) -> Result<Signature, Refusal> {
        let statement = self.statement;
        let keys = that_signed(statement, &self.keys, self.hasher)?;
        let verdicts = keys
            .into_iter()
            .map(|key| judge_key(key, statement, occasion));
        // A stranger's subkey can be put into any certificate: it counts where it is bound.
        verdicts
            .reduce(|first, other| {
                if first.is_ok() {
                    first
                } else {
                    other.or(first)
                }
            })
            .expect("there is at least one key")
    }
}

fn judge_key(
    key: Key<'_>,
    statement: Statement<'_>,
    occasion: Occasion,
) -> Result<Signature, Refusal> {
    let (fingerprint, made) = (key.fingerprint(), statement.made);
    let latest = occasion.now.saturating_add(CLOCK_TOLERANCE);
    if made > latest {
        return Err(Refusal::Future {
            key: fingerprint,
            made,
        });
    }
    if let Some(expired) = statement.expires().filter(|end| *end <= occasion.now) {
        return Err(Refusal::Expired {
            key: fingerprint,
            expired,
        });
    }
    let judged = match occasion.keys_are_judged {
        Judged::AtPresent => occasion.now,
        Judged::WhenSigned => made,
    };
    key.check(Times {
        made,
        judged,
        latest,
    })?;
    Ok(Signature {
        signer: key.signer(),
        key: fingerprint,
        made,
    })
}

/// The keys of allowed signers that the issuer may be; at least one.
fn find_keys<'a>(issuer: Issuer, trust: Trust<'a>) -> Result<Vec<Key<'a>>, Refusal> {
    let named = (trust.keyring.certificates())
        .flat_map(Key::all)
        .filter(|key| issuer.may_be(&key.fingerprint()));
    let (allowed, strange): (Vec<_>, Vec<_>) =
        named.partition(|key| trust.signers.contains(&key.signer()));
    if !allowed.is_empty() {
        return Ok(allowed);
    }
    if let Some(key) = strange.first() {
        return Err(Refusal::NotAllowed {
            signer: key.signer(),
            key: key.fingerprint(),
        });
    }
    let missing = (trust.signers.iter()).find(|signer| issuer.may_be(signer));
    Err(missing.map_or(Refusal::UnknownKey(issuer), |signer| {
        Refusal::KeyMissing(*signer)
    }))
}

/// Those of the keys whose signature this is; at least one.
fn that_signed<'a>(
    statement: Statement<'_>,
    keys: &[Key<'a>],
    hasher: Hasher,
) -> Result<Vec<Key<'a>>, Refusal> {
    let digest = finish(statement, hasher);
    let mut refusal = None;
    let mut signed = Vec::new();
    for key in keys {
        if let Err(weak) = key.check_strength() {
            refusal.get_or_insert(weak);
        } else if (digest.as_ref()).is_some_and(|digest| is_by(*key, statement, digest)) {
            signed.push(*key);
        } else {
            // One that should have signed and did not weighs more than one that is weak.
            refusal = Some(Refusal::Bad {
                key: key.fingerprint(),
            });
        }
    }
    match refusal {
        Some(refusal) if signed.is_empty() => Err(refusal),
        _ => Ok(signed),
    }
}

fn is_by(key: Key<'_>, statement: Statement<'_>, digest: &[u8]) -> bool {
    let beginning = statement.signature.signed_hash_value();
    key.algorithm() == statement.config.pub_alg
        && beginning.is_some_and(|beginning| digest.starts_with(&beginning))
        && key.signed(statement.hash(), digest, statement.bytes)
}

/// The hash over content and signature (RFC 9580 §5.2.4).
fn finish(statement: Statement<'_>, mut hasher: Hasher) -> Option<Box<[u8]>> {
    let length = statement.config.hash_signature_data(&mut hasher).ok()?;
    hasher.update(&statement.config.trailer(length).ok()?);
    Some(hasher.finalize())
}
