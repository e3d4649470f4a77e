//! Names of keys: the fingerprint, and the key id that old signatures have instead.

use std::fmt;
use std::str::FromStr;

/// Fingerprint of an OpenPGP version 4 key, primary or subkey: SHA-1 over the public key.
///
/// Displayed as 40 upper-case hexadecimal digits, and parsed from exactly that.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 20]);

/// Why a text is no [`Fingerprint`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseFingerprintError {
    /// Not as long as a fingerprint.
    #[error("a fingerprint has 40 digits, not {0}")]
    Length(usize),
    /// Something other than `0`–`9` and `A`–`F`.
    #[error("a fingerprint has no `{0}`, only 0-9 and A-F")]
    Digit(char),
}

impl Fingerprint {
    /// From its bytes.
    pub const fn new(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

impl FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let foreign = |digit: &char| !matches!(digit, '0'..='9' | 'A'..='F');
        if let Some(digit) = text.chars().find(foreign) {
            return Err(ParseFingerprintError::Digit(digit));
        }
        let mut bytes = [0; 20];
        if text.len() != 2 * bytes.len() {
            return Err(ParseFingerprintError::Length(text.len()));
        }
        let value = |digit: u8| match digit {
            b'0'..=b'9' => digit - b'0',
            _ => digit - b'A' + 10,
        };
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = value(pair[0]) << 4 | value(pair[1]);
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_digits(formatter, &self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// What a signature says of who made it. Nobody vouches for it: it is where to look for the key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Issuer {
    /// The fingerprint of the key, primary or subkey.
    Fingerprint(Fingerprint),
    /// The last 8 bytes of the fingerprint.
    KeyId([u8; 8]),
    /// The signature names none, or one of another version of OpenPGP.
    Nobody,
}

impl Issuer {
    /// Whether this may be the key with the fingerprint.
    pub(crate) fn may_be(&self, fingerprint: &Fingerprint) -> bool {
        match self {
            Self::Fingerprint(named) => named == fingerprint,
            Self::KeyId(id) => fingerprint.0.ends_with(id),
            Self::Nobody => false,
        }
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fingerprint(fingerprint) => write!(formatter, "{fingerprint}"),
            Self::KeyId(id) => write_digits(formatter, id),
            Self::Nobody => formatter.write_str("of no name"),
        }
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

fn write_digits(formatter: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes
        .iter()
        .try_for_each(|byte| write!(formatter, "{byte:02X}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "BBE7232D7991050B54C8EA0ADC08637CA615D22C";

    #[test]
    fn takes_forty_upper_case_digits_and_nothing_else() {
        assert_eq!(TEXT.parse::<Fingerprint>().unwrap().to_string(), TEXT);
        let table = [
            (&TEXT[1..], ParseFingerprintError::Length(39)),
            ("", ParseFingerprintError::Length(0)),
            (
                "bbe7232d7991050b54c8ea0adc08637ca615d22c",
                ParseFingerprintError::Digit('b'),
            ),
            (
                "0xBBE7232D7991050B54C8EA0ADC08637CA615D2",
                ParseFingerprintError::Digit('x'),
            ),
            (
                "BBE7 232D 7991 050B 54C8  EA0A DC08 637C",
                ParseFingerprintError::Digit(' '),
            ),
            ("ü", ParseFingerprintError::Digit('ü')),
        ];
        for (text, error) in table {
            assert_eq!(text.parse::<Fingerprint>(), Err(error), "{text}");
        }
    }

    #[test]
    fn a_key_id_is_the_end_of_a_fingerprint() {
        let fingerprint: Fingerprint = TEXT.parse().unwrap();
        let id = [0xDC, 0x08, 0x63, 0x7C, 0xA6, 0x15, 0xD2, 0x2C];
        assert!(Issuer::KeyId(id).may_be(&fingerprint));
        assert!(!Issuer::KeyId([0; 8]).may_be(&fingerprint));
        assert!(Issuer::Fingerprint(fingerprint).may_be(&fingerprint));
        assert!(!Issuer::Fingerprint(Fingerprint::new([0; 20])).may_be(&fingerprint));
        assert!(!Issuer::Nobody.may_be(&fingerprint));
        assert_eq!(Issuer::KeyId(id).to_string(), "DC08637CA615D22C");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read(bytes in any::<[u8; 20]>(), text in "\\PC{0,50}") {
            let fingerprint = Fingerprint::new(bytes);
            prop_assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
            if let Ok(read) = text.parse::<Fingerprint>() {
                prop_assert_eq!(read.to_string(), text);
            }
        }
    }
}
