//! A header block, field by field.

use std::ops::Range;

use super::{EntryKind, HeaderFormat, InspectError, stream::Block};

/// A field by the name that errors use, and where it is.
pub(super) type Field = (&'static str, Range<usize>);

pub(super) const NAME: Field = ("name", 0..100);
pub(super) const MODE: Field = ("mode", 100..108);
pub(super) const UID: Field = ("user id", 108..116);
pub(super) const GID: Field = ("group id", 116..124);
pub(super) const SIZE: Field = ("size", 124..136);
pub(super) const MTIME: Field = ("time", 136..148);
pub(super) const CHECKSUM: Field = ("checksum", 148..156);
pub(super) const KIND: Field = ("kind", 156..157);
pub(super) const LINK: Field = ("link", 157..257);
pub(super) const MAGIC: Field = ("magic", 257..265);
pub(super) const USER_NAME: Field = ("user name", 265..297);
pub(super) const GROUP_NAME: Field = ("group name", 297..329);
pub(super) const DEVICE_MAJOR: Field = ("device major", 329..337);
pub(super) const DEVICE_MINOR: Field = ("device minor", 337..345);
pub(super) const PREFIX: Field = ("prefix", 345..500);
pub(super) const PADDING: Field = ("padding", 500..512);

/// All but the checksum, which differs where any of them does.
pub(super) const FIELDS: [Field; 15] = [
    NAME,
    MODE,
    UID,
    GID,
    SIZE,
    MTIME,
    KIND,
    LINK,
    MAGIC,
    USER_NAME,
    GROUP_NAME,
    DEVICE_MAJOR,
    DEVICE_MINOR,
    PREFIX,
    PADDING,
];

/// A block that has the checksum of a header.
pub(super) struct RawHeader {
    pub(super) block: Block,
    /// Where it begins in the archive.
    pub(super) offset: u64,
}

impl RawHeader {
    pub(super) fn new(block: Block, offset: u64) -> Result<Self, InspectError> {
        let header = Self { block, offset };
        let sum: u64 = (header.block.iter().enumerate())
            .map(|(position, byte)| match CHECKSUM.1.contains(&position) {
                true => u64::from(b' '),
                false => u64::from(*byte),
            })
            .sum();
        match octal(header.field(&CHECKSUM)) {
            Some(found) if found == sum => Ok(header),
            _ => Err(InspectError::Checksum { offset }),
        }
    }

    pub(super) fn field(&self, field: &Field) -> &[u8] {
        &self.block[field.1.clone()]
    }

    /// A field up to its first zero byte.
    pub(super) fn text(&self, field: &Field) -> &[u8] {
        until_zero(self.field(field))
    }

    pub(super) fn number(&self, field: &Field) -> Result<u64, InspectError> {
        number(self.field(field)).ok_or(InspectError::Number {
            offset: self.offset,
            field: field.0,
        })
    }

    pub(super) fn format(&self) -> HeaderFormat {
        match self.field(&MAGIC) {
            b"ustar  \0" => HeaderFormat::Gnu,
            magic if magic.starts_with(b"ustar\0") => HeaderFormat::Ustar,
            _ => HeaderFormat::Old,
        }
    }

    /// The byte that says what the member is.
    pub(super) fn kind_byte(&self) -> u8 {
        self.block[KIND.1.start]
    }

    /// The name, joined of both fields in the dialect that has two.
    pub(super) fn name(&self) -> Vec<u8> {
        let name = self.text(&NAME);
        let prefix = match self.format() {
            HeaderFormat::Ustar => self.text(&PREFIX),
            HeaderFormat::Gnu | HeaderFormat::Old => &[],
        };
        match prefix {
            [] => name.to_vec(),
            prefix => [prefix, b"/", name].concat(),
        }
    }

    /// What a member of that name is: archives older than ustar mark directories by the slash alone.
    pub(super) fn kind(&self, name: &[u8]) -> EntryKind {
        match self.kind_byte() {
            0 | b'0' if name.ends_with(b"/") => EntryKind::Directory,
            0 | b'0' => EntryKind::File,
            b'1' => EntryKind::HardLink,
            b'2' => EntryKind::Symlink,
            b'5' => EntryKind::Directory,
            other => EntryKind::Other(other),
        }
    }
}

pub(super) fn until_zero(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|byte| *byte == 0);
    &bytes[..end.unwrap_or(bytes.len())]
}

/// Octal digits, or a binary number in the form that GNU added. Nothing is 0.
fn number(bytes: &[u8]) -> Option<u64> {
    match bytes {
        [0x80, rest @ ..] => rest.iter().try_fold(0_u64, |value, byte| {
            Some(value.checked_mul(256)? | u64::from(*byte))
        }),
        _ => octal(bytes),
    }
}

fn octal(bytes: &[u8]) -> Option<u64> {
    let digits = bytes.trim_ascii_start();
    let end = digits.iter().position(|byte| matches!(byte, 0 | b' '));
    let (digits, rest) = digits.split_at(end.unwrap_or(digits.len()));
    if !rest.iter().all(|byte| matches!(byte, 0 | b' ')) {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, digit| match digit {
        b'0'..=b'7' => Some(value.checked_mul(8)? | u64::from(digit - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_all_their_forms() {
        let table: [(&[u8], Option<u64>); 10] = [
            (b"0000644\0", Some(0o644)),
            (b" 644 \0\0\0", Some(0o644)),
            (b"00006440", Some(0o6440)),
            (b"\0\0\0\0\0\0\0\0", Some(0)),
            (b"0000648\0", None),
            (b"64 4\0\0\0\0", None),
            (b"-000001\0", None),
            (b"\x80\0\0\0\0\0\x01\0", Some(256)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff", None),
            (b"\x80\0\0\x01\0\0\0\0\0\0\0\0", None),
        ];
        for (bytes, expected) in table {
            assert_eq!(number(bytes), expected, "{}", bytes.escape_ascii());
        }
    }
}
