//! Why signed material is not believed: one enum for the whole, one for each signature on it.

use std::fmt;
use std::io;
use std::time::{Duration, UNIX_EPOCH};

use crate::fingerprint::{Fingerprint, Issuer};

/// Why signed material is not believed.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// There is no signature at all.
    #[error("there is no signature")]
    NoSignature,
    /// The clear-signed envelope is cut or has something around it.
    #[error("the clear-signed envelope is damaged: {0}")]
    Envelope(#[from] EnvelopeError),
    /// What should be signatures cannot be read.
    #[error("the signature is damaged: {0}")]
    Damaged(String),
    /// More than anybody who is honest sends.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// `the signature` or `the clear-signed text`.
        what: &'static str,
        /// In bytes.
        limit: usize,
    },
    /// More signatures than anybody who is honest makes.
    #[error("there are more than {limit} signatures")]
    TooMany {
        /// How many are looked at.
        limit: usize,
    },
    /// What is signed could not be read.
    #[error("cannot read what is signed")]
    Unreadable(#[source] io::Error),
    /// No signature counts; all reasons, in the order of the signatures.
    #[error("{}", Listed(.0))]
    Refused(Vec<Refusal>),
}

/// What is wrong with a clear-signed envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Something stands before the first line.
    #[error("text stands before it")]
    TextBefore,
    /// Something stands after the last line: another message, for instance.
    #[error("text stands after it")]
    TextAfter,
    /// A header other than `Hash`, in which fields could hide.
    #[error("it has a header other than `Hash`")]
    Header,
    /// Cut before the text begins.
    #[error("it ends within its headers")]
    EndsInHeaders,
    /// Cut within the text.
    #[error("it has no signature")]
    NoSignature,
    /// Cut within the signature.
    #[error("its signature has no end")]
    NoEnd,
    /// A hyphen at the beginning of a line that was not escaped: no writer does that.
    #[error("a line begins with an unescaped hyphen")]
    Hyphen,
    /// Not UTF-8.
    #[error("its text is not UTF-8")]
    Encoding,
    /// A character that programs disagree on: is it the end of a line?
    #[error("its text has a carriage return within a line")]
    CarriageReturn,
}

/// Why one signature does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No key with this name is in the material.
    #[error("signed by key {0}, which is not known")]
    UnknownKey(Issuer),
    /// The key is there, but nobody said that it may sign.
    #[error("signed by key {key} of {signer}, which is not among the allowed signers")]
    NotAllowed {
        /// The primary key.
        signer: Fingerprint,
        /// The key that is named by the signature.
        key: Fingerprint,
    },
    /// The signer is allowed, but its public key is not there.
    #[error("signed by {0}, whose public key is not there")]
    KeyMissing(Fingerprint),
    /// The content is not what was signed, or the signature is not by this key.
    #[error("bad signature by {key}: the content differs")]
    Bad {
        /// That should have signed.
        key: Fingerprint,
    },
    /// The key had expired.
    #[error("signed by key {key}, which expired on {}", Day(*expired))]
    KeyExpired {
        /// That expired.
        key: Fingerprint,
        /// When, in seconds since 1970.
        expired: u64,
    },
    /// The key was taken back.
    #[error("signed by key {key}, which was revoked on {} ({reason})", Day(*revoked))]
    KeyRevoked {
        /// That was revoked.
        key: Fingerprint,
        /// When, in seconds since 1970.
        revoked: u64,
        /// Why.
        reason: RevocationReason,
    },
    /// The signature is older than its key.
    #[error("signed by key {key} on {}, before the key was made", Day(*made))]
    OlderThanKey {
        /// That signed.
        key: Fingerprint,
        /// When it was signed, in seconds since 1970.
        made: u64,
    },
    /// The primary key has no signature by itself that counts.
    #[error("signed by key {key}, which has no valid signature by itself")]
    NoSelfSignature {
        /// The primary key.
        key: Fingerprint,
    },
    /// What the owner says of the key is by a hash that can be broken, and made when others were usual.
    #[error("signed by key {key}, whose signature on itself is over a weak hash ({hash}, {})", Day(*made))]
    WeakSelfSignature {
        /// The primary key, or the subkey that it is about.
        key: Fingerprint,
        /// The hash.
        hash: String,
        /// When it was made, in seconds since 1970.
        made: u64,
    },
    /// The owner's last word of the key has a critical part that this crate does not know.
    #[error("signed by key {key}, which said of itself on {} what is not understood", Day(*made))]
    NotUnderstood {
        /// The primary key, or the subkey that it is about.
        key: Fingerprint,
        /// When it was said, in seconds since 1970.
        made: u64,
    },
    /// Nobody but the material says that the subkey belongs to the primary key.
    #[error("signed by subkey {key}, which {signer} has not bound to itself")]
    Unbound {
        /// The primary key.
        signer: Fingerprint,
        /// The subkey.
        key: Fingerprint,
    },
    /// The subkey does not say that it belongs to the primary key.
    #[error("signed by subkey {key}, which has not signed that it belongs to {signer}")]
    NoBackSignature {
        /// The primary key.
        signer: Fingerprint,
        /// The subkey.
        key: Fingerprint,
    },
    /// The key has other purposes.
    #[error("signed by key {key}, which is not meant to sign data")]
    MayNotSign {
        /// That signed.
        key: Fingerprint,
    },
    /// A key that can be broken, or of a kind that is not believed.
    #[error("signed by key {key}, which is too weak ({algorithm})")]
    WeakKey {
        /// That signed.
        key: Fingerprint,
        /// Kind and size.
        algorithm: String,
    },
    /// A hash that can be broken.
    #[error("signed by key {key} over a weak hash ({hash})")]
    WeakHash {
        /// That signed.
        key: Issuer,
        /// The hash.
        hash: String,
    },
    /// The signer set an end to the signature.
    #[error("signature by {key} expired on {}", Day(*expired))]
    Expired {
        /// That signed.
        key: Fingerprint,
        /// When it expired, in seconds since 1970.
        expired: u64,
    },
    /// Made after the present: one of the clocks is wrong.
    #[error("signature by {key} was made on {}, which is in the future", Moment(*made))]
    Future {
        /// That signed.
        key: Fingerprint,
        /// When it was made, in seconds since 1970.
        made: u64,
    },
    /// A signature for another purpose, or one that says what this crate does not understand.
    #[error("signature by {key} cannot be used: {reason}")]
    Unusable {
        /// That signed.
        key: Issuer,
        /// Why.
        reason: &'static str,
    },
}

/// Why a key was revoked, by its owner's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RevocationReason {
    /// Another key has taken its place: older signatures stay good.
    Superseded,
    /// It is not used any more: older signatures stay good.
    Retired,
    /// Somebody else may have it: nothing is believed, whenever it was signed.
    Compromised,
    /// No reason, or another one: the same.
    Unspecified,
}

impl RevocationReason {
    /// Whether signatures made before the revocation stay good.
    pub fn spares_the_past(self) -> bool {
        matches!(self, Self::Superseded | Self::Retired)
    }
}

impl fmt::Display for RevocationReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Superseded => "superseded",
            Self::Retired => "retired",
            Self::Compromised => "compromised",
            Self::Unspecified => "no reason given",
        })
    }
}

struct Listed<'a>(&'a [Refusal]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, refusal) in self.0.iter().enumerate() {
            let separator = if place == 0 { "" } else { "; " };
            write!(formatter, "{separator}{refusal}")?;
        }
        Ok(())
    }
}

/// Seconds since 1970 as a date.
struct Day(u64);

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = Moment(self.0).to_string();
        formatter.write_str(moment.split('T').next().unwrap_or(&moment))
    }
}

/// Seconds since 1970 as a date and time.
struct Moment(u64);

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // OpenPGP's times are sums of two 32-bit numbers; what is later is not one.
        let seconds = self.0.min(u64::from(u32::MAX) * 2);
        let moment = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds));
        write!(formatter, "{moment}")
    }
}
