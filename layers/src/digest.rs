//! Content digests as OCI writes them: `sha256:` and lowercase hexadecimal.
//!
//! A [`Digest`] can only be built well-formed, so it may be used as a file name below `blobs/`
//! without looking at it again. Uppercase hexadecimal is refused, as the image specification asks.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::Hasher;

/// A hash function a digest may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// What registries and layouts use.
    Sha256,
    /// What Apache publishes next to its releases.
    Sha512,
}

impl Algorithm {
    /// The name before the colon.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// How many hexadecimal digits a digest of this algorithm has.
    pub fn hex_length(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The digest of some bytes: an algorithm and lowercase hexadecimal of its length.
///
/// Written and parsed as `sha256:…` or `sha512:…`; serialised as that string.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest {
    algorithm: Algorithm,
    hex: Box<str>,
}

impl Digest {
    /// A digest from its two parts; `hex` must be lowercase and of the algorithm's length.
    pub fn new(algorithm: Algorithm, hex: &str) -> Result<Self, ParseDigestError> {
        if hex.len() != algorithm.hex_length() {
            return Err(ParseDigestError::Length {
                algorithm,
                expected: algorithm.hex_length(),
                found: hex.len(),
            });
        }
        if let Some(found) = hex.chars().find(|c| !matches!(c, '0'..='9' | 'a'..='f')) {
            return Err(ParseDigestError::Character { found });
        }
        Ok(Self {
            algorithm,
            hex: hex.into(),
        })
    }

    /// The SHA-256 of bytes that are in memory; for streams there is [`crate::DigestWriter`].
    pub fn sha256_of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        hasher.update(bytes);
        hasher.finish()
    }

    /// From the raw output of a hash function.
    pub(crate) fn from_hash(algorithm: Algorithm, hash: &[u8]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
        let hex: String = hash
            .iter()
            .flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)])
            .collect();
        debug_assert_eq!(hex.len(), algorithm.hex_length());
        Self {
            algorithm,
            hex: hex.into(),
        }
    }

    /// The hash function.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The hexadecimal part: safe as a file name.
    pub fn hex(&self) -> &str {
        &self.hex
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.algorithm, self.hex)
    }
}

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, hex) = text.split_once(':').ok_or(ParseDigestError::NoAlgorithm)?;
        let algorithm = match name {
            "sha256" => Algorithm::Sha256,
            "sha512" => Algorithm::Sha512,
            _ => return Err(ParseDigestError::Algorithm { name: name.into() }),
        };
        Self::new(algorithm, hex)
    }
}

impl TryFrom<String> for Digest {
    type Error = ParseDigestError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

/// The digest of a layer's *uncompressed* tar, as an image configuration lists it.
///
/// A type of its own because the digest of the compressed blob looks the same and goes elsewhere:
/// confusing the two gives an image that pulls and then fails to unpack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DiffId(pub Digest);

impl fmt::Display for DiffId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Why a text is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseDigestError {
    /// No colon.
    #[error("a digest begins with its algorithm, as in `sha256:…`")]
    NoAlgorithm,
    /// A hash function this crate does not compute.
    #[error("`{}` is not a digest algorithm known here: `sha256` or `sha512`", name.escape_debug())]
    Algorithm {
        /// What stood before the colon.
        name: String,
    },
    /// Too few or too many digits.
    #[error("a {algorithm} digest has {expected} hexadecimal digits, not {found}")]
    Length {
        /// The hash function named.
        algorithm: Algorithm,
        /// Digits it has.
        expected: usize,
        /// Digits found.
        found: usize,
    },
    /// Something that is not `0-9a-f`.
    #[error("a digest is written in lowercase hexadecimal, without `{}`", found.escape_debug())]
    Character {
        /// The first such character.
        found: char,
    },
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn digest_of_nothing_is_the_known_one() {
        let digest = Digest::sha256_of(b"");
        assert_eq!(digest.to_string(), format!("sha256:{EMPTY}"));
        assert_eq!(
            (digest.algorithm(), digest.hex()),
            (Algorithm::Sha256, EMPTY)
        );
    }

    #[test]
    fn refuses_what_is_no_digest() {
        let upper = EMPTY.to_uppercase();
        let cases = [
            (EMPTY.to_owned(), "begins with its algorithm"),
            (format!("md5:{EMPTY}"), "`md5`"),
            (format!("sha512:{EMPTY}"), "128 hexadecimal digits, not 64"),
            (format!("sha256:{upper}"), "without `E`"),
            (format!("sha256:../{}", &EMPTY[3..]), "without `.`"),
            ("sha256:".to_owned(), "not 0"),
        ];
        for (text, expected) in cases {
            let error = text.parse::<Digest>().unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_refused_and_a_digest_survives_its_text(text in ".*", bytes: Vec<u8>) {
            let _ = text.parse::<Digest>();
            let digest = Digest::sha256_of(&bytes);
            prop_assert_eq!(digest.to_string().parse(), Ok(digest));
        }
    }
}
