//! Packets taken apart and framed anew, as other programs write them.

use crate::packets;

/// How the header of a packet is written (RFC 9580 §4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// As GnuPG does it.
    Old,
    /// As Sequoia does it.
    New,
}

/// A packet without its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bare {
    /// Its kind: 2 is a signature, 6 a primary key, 13 a name, 14 a subkey.
    pub tag: u8,
    /// Its content.
    pub body: Vec<u8>,
}

impl Bare {
    /// The packets in the bytes, which must be whole.
    pub fn all(bytes: &[u8]) -> Vec<Self> {
        let frames = packets::frames(bytes).map(|frame| frame.expect("the packets are whole"));
        frames
            .map(|frame| Self {
                tag: frame.tag,
                body: frame.body.to_vec(),
            })
            .collect()
    }

    /// The packet with such a header. Old ones have room for tags below 16.
    pub fn framed(&self, framing: Framing) -> Vec<u8> {
        let tag = match framing {
            Framing::Old => 0x80 | self.tag << 2 | 2,
            Framing::New => 0xc0 | self.tag,
        };
        let length = u32::try_from(self.body.len()).expect("packets in tests are short");
        let marker: &[u8] = match framing {
            Framing::Old => &[],
            Framing::New => &[255],
        };
        [&[tag], marker, &length.to_be_bytes(), &self.body].concat()
    }
}

/// The same packets with such headers.
pub fn reframed(bytes: &[u8], framing: Framing) -> Vec<u8> {
    let packets = Bare::all(bytes).into_iter();
    packets.flat_map(|packet| packet.framed(framing)).collect()
}
