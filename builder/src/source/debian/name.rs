//! Names of Debian packages.
//!
//! A name becomes a key of the catalog and the lock, a part of file names and of messages, so it is
//! checked once, where it enters (Debian Policy §5.6.7).

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

/// The name of a real or virtual package, such as `libstdc++6`: lower-case letters, digits, `+`,
/// `-` and `.`, at least two characters, the first a letter or a digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageName(String);

/// A text that is no package name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a package name")]
pub struct NameError(String);

impl PackageName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PackageName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = text.as_bytes();
        let valid = bytes.len() >= 2
            && plain(bytes[0])
            && bytes
                .iter()
                .all(|byte| plain(*byte) || b"+-.".contains(byte));
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError(super::control::excerpt(text)))
        }
    }
}

/// So that a map keyed by names can be asked with a `&str`.
impl Borrow<str> for PackageName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accepts_names_and_nothing_else() {
        for name in [
            "libc6",
            "libstdc++6",
            "0ad",
            "g++-14",
            "openjdk-21-jre-headless",
            "lib.x",
        ] {
            assert_eq!(name.parse::<PackageName>().unwrap().as_str(), name);
        }
        for text in [
            "", "a", "-ab", "+ab", ".ab", "Bash", "a_b", "a b", "../a", "a/b", "äö",
        ] {
            assert!(text.parse::<PackageName>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = text.parse::<PackageName>();
        }
    }
}
