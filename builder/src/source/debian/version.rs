//! Debian version numbers and their order.
//!
//! A version is `[epoch:]upstream[-revision]`. The order is the one of `dpkg --compare-versions`
//! (Debian Policy §5.6.12): epochs as numbers, then upstream, then revision, each of the two in
//! alternating runs of non-digits and digits, where `~` sorts before everything, even the end.
//! The order decides which of several candidates is newest and whether a relationship such as
//! `libc6 (>= 2.38)` holds, so a plain string comparison would silently pick other bytes.
//!
//! Refused: what `dpkg` itself refuses (no digit at the start of the upstream part excepted: that is
//! a warning there and accepted here), so that a version can stand in file names and messages as is.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A version of a Debian package, such as `1:2.41-12+deb13u4`.
///
/// Two versions can be equal without being spelled alike (`1.0` and `0:1.0-0`), since the order says
/// so; [`fmt::Display`] gives back the spelling that was parsed.
#[derive(Debug, Clone)]
pub struct DebianVersion {
    text: String,
    epoch: u32,
    /// Byte offset in `text` where the upstream part begins.
    upstream_start: usize,
    /// Byte offset in `text` just after the upstream part.
    upstream_end: usize,
}

/// Why a text is not a Debian version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// There is nothing but an empty string.
    #[error("version is empty")]
    Empty,
    /// The part before the first colon is not a number that fits `dpkg`'s range.
    #[error("epoch of version `{0}` is not a number from 0 to 2147483647")]
    Epoch(String),
    /// Nothing stands between epoch and revision.
    #[error("version `{0}` has no upstream part")]
    NoUpstream(String),
    /// A hyphen ends the version.
    #[error("version `{0}` ends in a hyphen without a revision")]
    EmptyRevision(String),
    /// A character outside the allowed set.
    #[error("version `{version}` has the character {character:?}, which is not allowed there")]
    Character {
        /// The whole version.
        version: String,
        /// The first offender.
        character: char,
    },
}

impl DebianVersion {
    /// The number before the colon, 0 when there is none.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The part without epoch and revision.
    pub fn upstream(&self) -> &str {
        &self.text[self.upstream_start..self.upstream_end]
    }

    /// The part after the last hyphen; empty for a native package, which orders as `0`.
    pub fn revision(&self) -> &str {
        self.text.get(self.upstream_end + 1..).unwrap_or("")
    }

    /// The version as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for DebianVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        if text.is_empty() {
            return Err(VersionError::Empty);
        }
        let (epoch, upstream_start) = match text.split_once(':') {
            None => (0, 0),
            Some((digits, _)) => (parse_epoch(digits, text)?, digits.len() + 1),
        };
        let rest = &text[upstream_start..];
        // The last hyphen is the border: the upstream part itself may have hyphens.
        let upstream_end = match rest.rfind('-') {
            None => text.len(),
            Some(position) => upstream_start + position,
        };
        if upstream_end == upstream_start {
            return Err(VersionError::NoUpstream(text.to_owned()));
        }
        if upstream_end + 1 == text.len() {
            return Err(VersionError::EmptyRevision(text.to_owned()));
        }
        let refuse = |part: &str, allowed: &str| match part
            .chars()
            .find(|c| !c.is_ascii_alphanumeric() && !allowed.contains(*c))
        {
            None => Ok(()),
            Some(character) => Err(VersionError::Character {
                version: text.to_owned(),
                character,
            }),
        };
        refuse(&text[upstream_start..upstream_end], ".+~-:")?;
        refuse(text.get(upstream_end + 1..).unwrap_or(""), ".+~")?;
        Ok(Self {
            text: text.to_owned(),
            epoch,
            upstream_start,
            upstream_end,
        })
    }
}

impl Ord for DebianVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| compare_parts(self.upstream(), other.upstream()))
            .then_with(|| compare_parts(self.revision(), other.revision()))
    }
}

impl PartialOrd for DebianVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for DebianVersion {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for DebianVersion {}

impl fmt::Display for DebianVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

fn parse_epoch(digits: &str, version: &str) -> Result<u32, VersionError> {
    let error = || VersionError::Epoch(version.to_owned());
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(error());
    }
    // dpkg keeps the epoch in a C int.
    digits
        .parse::<i32>()
        .ok()
        .and_then(|epoch| u32::try_from(epoch).ok())
        .ok_or_else(error)
}

/// Compares two upstream parts or two revisions, as `verrevcmp` in dpkg's `lib/dpkg/version.c` does.
fn compare_parts(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.as_bytes(), right.as_bytes());
    while !left.is_empty() || !right.is_empty() {
        let (left_text, left_rest) = split_run(left, |byte| !byte.is_ascii_digit());
        let (right_text, right_rest) = split_run(right, |byte| !byte.is_ascii_digit());
        let (left_digits, left_rest) = split_run(left_rest, |byte| byte.is_ascii_digit());
        let (right_digits, right_rest) = split_run(right_rest, |byte| byte.is_ascii_digit());
        let order = compare_text(left_text, right_text)
            .then_with(|| compare_digits(left_digits, right_digits));
        if order != Ordering::Equal {
            return order;
        }
        (left, right) = (left_rest, right_rest);
    }
    Ordering::Equal
}

/// Splits off the longest run of bytes at the start for which `belongs` holds.
fn split_run(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let end = bytes
        .iter()
        .position(|byte| !belongs(*byte))
        .unwrap_or(bytes.len());
    bytes.split_at(end)
}

/// Orders two non-digit runs: `~`, then the end, then letters, then everything else.
fn compare_text(left: &[u8], right: &[u8]) -> Ordering {
    let weight = |bytes: &[u8], position: usize| match bytes.get(position) {
        Some(b'~') => -1,
        None => 0,
        Some(letter) if letter.is_ascii_alphabetic() => i32::from(*letter),
        Some(other) => i32::from(*other) + 256,
    };
    (0..left.len().max(right.len()))
        .map(|position| weight(left, position).cmp(&weight(right, position)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// Orders two digit runs as numbers of any length: dates such as `20250131` would overflow nothing,
/// but a hostile index may carry hundreds of digits.
fn compare_digits(left: &[u8], right: &[u8]) -> Ordering {
    let (_, left) = split_run(left, |byte| byte == b'0');
    let (_, right) = split_run(right, |byte| byte == b'0');
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn version(text: &str) -> DebianVersion {
        text.parse().unwrap()
    }

    #[test]
    fn orders_as_dpkg_does() {
        use Ordering::{Equal, Greater, Less};
        let table = [
            ("1.0", "1.0", Equal),
            ("1.0", "0:1.0-0", Equal),
            ("1.0", "1.00", Equal),
            ("1.0-1", "1.0-01", Equal),
            ("1.0", "1.0-0", Equal),
            ("1.0", "1.0-0.0", Less),
            ("1.0", "1.0-1", Less),
            ("1:0.1", "9.9", Greater),
            ("1.0~rc1", "1.0", Less),
            ("1.0~~", "1.0~~a", Less),
            ("1.0~~a", "1.0~", Less),
            ("1.0~", "1.0", Less),
            ("1.0", "1.0a", Less),
            ("1.0a", "1.0+", Less),
            ("1.0+", "1.0.", Less),
            ("1.2", "1.10", Less),
            ("1.0A", "1.0a", Less),
            ("1-1-1", "1-1-2", Less),
            ("1-2-1", "1-1-2", Greater),
            ("5.2.37-2+b9", "5.2.37-2+b10", Less),
            ("2.41-12+deb13u4", "2.41-12", Greater),
            ("21.0.12.1+1-1~deb13u1", "21.0.13.1+2-1~deb13u1", Less),
            ("99999999999999999999998", "99999999999999999999999", Less),
            ("1.001", "1.1", Equal),
            ("0", "0~", Greater),
            ("a", "1", Greater),
        ];
        for (left, right, expected) in table {
            assert_eq!(
                version(left).cmp(&version(right)),
                expected,
                "{left} {right}"
            );
            assert_eq!(
                version(right).cmp(&version(left)),
                expected.reverse(),
                "{right} {left}"
            );
        }
    }

    #[test]
    fn splits_into_parts() {
        let table = [
            ("1.0", 0, "1.0", ""),
            ("1:2:3-4-5", 1, "2:3-4", "5"),
            ("0:1-1~x", 0, "1", "1~x"),
        ];
        for (text, epoch, upstream, revision) in table {
            let parsed = version(text);
            assert_eq!(
                (parsed.epoch(), parsed.upstream(), parsed.revision()),
                (epoch, upstream, revision)
            );
            assert_eq!(parsed.to_string(), text);
        }
    }

    #[test]
    fn refuses_what_dpkg_refuses() {
        let table = [
            ("", "version is empty"),
            (
                ":1",
                "epoch of version `:1` is not a number from 0 to 2147483647",
            ),
            (
                "a:1",
                "epoch of version `a:1` is not a number from 0 to 2147483647",
            ),
            (
                "-1:1",
                "epoch of version `-1:1` is not a number from 0 to 2147483647",
            ),
            (
                "2147483648:1",
                "epoch of version `2147483648:1` is not a number from 0 to 2147483647",
            ),
            ("1:", "version `1:` has no upstream part"),
            ("-1", "version `-1` has no upstream part"),
            ("1-", "version `1-` ends in a hyphen without a revision"),
            (
                "1_0",
                "version `1_0` has the character '_', which is not allowed there",
            ),
            (
                "1-1:2",
                "epoch of version `1-1:2` is not a number from 0 to 2147483647",
            ),
            (
                "0:1-1:2",
                "version `0:1-1:2` has the character ':', which is not allowed there",
            ),
            (
                "1.0 ",
                "version `1.0 ` has the character ' ', which is not allowed there",
            ),
            (
                "1/0",
                "version `1/0` has the character '/', which is not allowed there",
            ),
        ];
        for (text, message) in table {
            assert_eq!(
                text.parse::<DebianVersion>().unwrap_err().to_string(),
                message,
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = text.parse::<DebianVersion>();
        }

        #[test]
        fn is_a_total_order(
            a in "([0-9]:)?[0-2a~+.-]{1,6}",
            b in "([0-9]:)?[0-2a~+.-]{1,6}",
            c in "([0-9]:)?[0-2a~+.-]{1,6}",
        ) {
            let parsed: Result<Vec<DebianVersion>, _> = [a, b, c].iter().map(|t| t.parse()).collect();
            if let Ok(mut versions) = parsed {
                versions.sort();
                prop_assert!(versions[0] <= versions[1] && versions[1] <= versions[2]);
                prop_assert!(versions[0] <= versions[2]);
                prop_assert_eq!(versions[0].cmp(&versions[2]), versions[2].cmp(&versions[0]).reverse());
            }
        }
    }
}
