//! Packets (RFC 9580 §4): where one ends and the next begins.
//!
//! The frames are cut here and not by `pgp`, so that one packet that it cannot read costs that packet
//! and not the rest, and so that a certificate is kept byte for byte.

use pgp::packet::{Packet, PacketParser};

/// Tag of a signature.
pub(crate) const SIGNATURE: u8 = 2;
/// Tag of a primary key's private half.
pub(crate) const SECRET_KEY: u8 = 5;
/// Tag of a primary key.
pub(crate) const PUBLIC_KEY: u8 = 6;
/// Tag of a name.
pub(crate) const USER_ID: u8 = 13;
/// Tag of a subkey.
pub(crate) const PUBLIC_SUBKEY: u8 = 14;
/// Tag of a picture, mostly.
pub(crate) const USER_ATTRIBUTE: u8 = 17;

/// One packet as it stands in the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// Its kind.
    pub(crate) tag: u8,
    /// All of it.
    pub(crate) whole: &'a [u8],
    /// Without its header, which can be written in several ways.
    pub(crate) body: &'a [u8],
}

/// Why the bytes are no packets. What comes after cannot be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("a packet does not begin where the last one ends")]
    NoPacket,
    #[error("a packet is cut")]
    Cut,
    #[error("a packet does not say how long it is")]
    Length,
}

/// The packets in the bytes, up to the first error.
pub(crate) fn frames(bytes: &[u8]) -> impl Iterator<Item = Result<Frame<'_>, FrameError>> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest.take().filter(|bytes| !bytes.is_empty())?;
        Some(first(bytes).map(|(frame, behind)| {
            rest = Some(behind);
            frame
        }))
    })
}

/// Whether bytes begin as packets do, and no text does.
pub(crate) fn are_binary(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|byte| byte & 0x80 != 0)
}

impl Frame<'_> {
    /// The content by `pgp`, or why it cannot read it, in one line.
    pub(crate) fn read(&self) -> Result<Packet, String> {
        match PacketParser::new(self.whole).next() {
            Some(Ok(packet)) => Ok(packet),
            Some(Err(error)) => Err(one_line(&error.to_string())),
            None => Err("it is empty".to_owned()),
        }
    }
}

fn first(bytes: &[u8]) -> Result<(Frame<'_>, &[u8]), FrameError> {
    let (&octet, after) = bytes.split_first().ok_or(FrameError::Cut)?;
    if octet & 0x80 == 0 {
        return Err(FrameError::NoPacket);
    }
    let old = octet & 0x40 == 0;
    let tag = if old {
        (octet & 0x3c) >> 2
    } else {
        octet & 0x3f
    };
    let (header, length) = if old {
        old_length(octet & 3, after)?
    } else {
        new_length(after)?
    };
    let begin = 1 + header;
    let (whole, behind) = (bytes.split_at_checked(begin + length)).ok_or(FrameError::Cut)?;
    let body = &whole[begin..];
    Ok((Frame { tag, whole, body }, behind))
}

/// Octets of the length, and the length.
fn old_length(kind: u8, after: &[u8]) -> Result<(usize, usize), FrameError> {
    let octets = match kind {
        0 => 1,
        1 => 2,
        2 => 4,
        // To the end of the file: nothing that is signed or certified is written so.
        _ => return Err(FrameError::Length),
    };
    Ok((
        octets,
        big_endian(after.get(..octets).ok_or(FrameError::Cut)?),
    ))
}

fn new_length(after: &[u8]) -> Result<(usize, usize), FrameError> {
    match *after {
        [] => Err(FrameError::Cut),
        [one @ 0..192, ..] => Ok((1, usize::from(one))),
        [one @ 192..224, two, ..] => {
            Ok((2, (usize::from(one) - 192) * 256 + usize::from(two) + 192))
        }
        [192..224] => Err(FrameError::Cut),
        [255, ..] => Ok((5, big_endian(after.get(1..5).ok_or(FrameError::Cut)?))),
        // In parts: allowed for data only.
        [224..255, ..] => Err(FrameError::Length),
    }
}

fn big_endian(octets: &[u8]) -> usize {
    (octets.iter()).fold(0, |number, octet| number << 8 | usize::from(*octet))
}

/// At most 100 characters of one line: these words come from outside, and some are pages long.
fn one_line(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(100) {
        Some((place, _)) => format!("{}…", &words[..place]),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cuts_every_kind_of_header() {
        let long = vec![7; 300];
        let table: [(&[u8], u8, usize); 6] = [
            (&[0x88, 1], SIGNATURE, 1),
            (&[0x89, 1, 44], SIGNATURE, 300),
            (&[0x8a, 0, 0, 1, 44], SIGNATURE, 300),
            (&[0xc2, 1], SIGNATURE, 1),
            (&[0xce, 192, 108], PUBLIC_SUBKEY, 300),
            (&[0xcd, 255, 0, 0, 1, 44], USER_ID, 300),
        ];
        for (header, tag, length) in table {
            let packet = [header, &long[..length]].concat();
            let twice = packet.repeat(2);
            let found: Vec<_> = frames(&twice).collect();
            let frame = Ok(Frame {
                tag,
                whole: &packet,
                body: &long[..length],
            });
            assert_eq!(found, [frame, frame], "{header:?}");
            for cut in 1..packet.len() {
                assert_eq!(frames(&packet[..cut]).next(), Some(Err(FrameError::Cut)));
            }
        }
    }

    #[test]
    fn ends_with_the_first_error() {
        let table: [(&[u8], FrameError); 4] = [
            (b"text", FrameError::NoPacket),
            (&[0x8b, 1, 1], FrameError::Length),
            (&[0xc2, 230, 1], FrameError::Length),
            (&[0xc2, 255, 255, 255, 255, 255, 1], FrameError::Cut),
        ];
        for (bytes, error) in table {
            let all = [&[0x88, 1, 1], bytes].concat();
            let found: Vec<_> = frames(&all).collect();
            assert_eq!(found.len(), 2, "{bytes:?}");
            assert_eq!(found[1], Err(error), "{bytes:?}");
        }
    }

    #[test]
    fn foreign_words_are_short() {
        assert_eq!(one_line("a\n  b"), "a b");
        assert_eq!(one_line(&"ü".repeat(200)), format!("{}…", "ü".repeat(100)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_frames_or_an_error(bytes in any::<Vec<u8>>()) {
            let mut length = 0;
            for frame in frames(&bytes) {
                let Ok(frame) = frame else { return Ok(()) };
                length += frame.whole.len();
                let _ = frame.read();
            }
            prop_assert_eq!(length, bytes.len());
        }
    }
}
