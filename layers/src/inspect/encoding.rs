//! A compressed blob as the archive in it, with what its compression says beside.
//!
//! A layer is one gzip member or one Zstandard frame. All of them are read, since other programs
//! write several and the archive is whole only with them; a second one, and whatever follows the
//! last, is a broken rule.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use flate2::bufread::GzDecoder;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

use super::Rule;

/// How a layer blob is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    Plain,
    /// Gzip.
    Gzip,
    /// Zstandard.
    Zstandard,
}

impl Encoding {
    /// The encoding of a layer of an OCI media type.
    pub fn of_media_type(media_type: &str) -> Option<Self> {
        match media_type.strip_prefix("application/vnd.oci.image.layer.v1.tar")? {
            "" => Some(Self::Plain),
            "+gzip" => Some(Self::Gzip),
            "+zstd" => Some(Self::Zstandard),
            _ => None,
        }
    }
}

const GZIP_HEADER: usize = 10;

/// All gzip members of a blob, one after the other.
pub(super) struct GzipMembers<R: Read> {
    state: Gzip<BufReader<R>>,
    members: u32,
    rules: Vec<Rule>,
}

enum Gzip<R: BufRead> {
    Between(R),
    Within(Box<GzDecoder<Chain<Cursor<[u8; GZIP_HEADER]>, R>>>),
    Done,
}

impl<R: Read> GzipMembers<R> {
    pub(super) fn new(blob: R) -> Self {
        Self {
            state: Gzip::Between(BufReader::new(blob)),
            members: 0,
            rules: Vec::new(),
        }
    }

    /// Known once everything is read.
    pub(super) fn broken_rules(self) -> Vec<Rule> {
        self.rules
    }

    fn begin(&mut self, mut blob: BufReader<R>) -> io::Result<()> {
        if !goes_on(&mut blob, 0x1f, self.members, &mut self.rules)? {
            return Ok(());
        }
        let mut header = [0; GZIP_HEADER];
        blob.read_exact(&mut header)?;
        self.members += 1;
        match self.members {
            1 => check_gzip_header(header, &mut self.rules),
            2 => self.rules.push(Rule::SecondMember),
            _ => {}
        }
        let member = Cursor::new(header).chain(blob);
        self.state = Gzip::Within(Box::new(GzDecoder::new(member)));
        Ok(())
    }
}

impl<R: Read> Read for GzipMembers<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(&mut self.state, Gzip::Done) {
                Gzip::Done => return Ok(0),
                Gzip::Between(blob) => self.begin(blob)?,
                Gzip::Within(mut member) => match member.read(buffer)? {
                    0 => self.state = Gzip::Between(member.into_inner().into_inner().1),
                    length => {
                        self.state = Gzip::Within(member);
                        return Ok(length);
                    }
                },
            }
        }
    }
}

/// RFC 1952, 2.3: no flags, so no name and no comment; no time; operating system unknown.
fn check_gzip_header(header: [u8; GZIP_HEADER], rules: &mut Vec<Rule>) {
    let [_, _, _, flags, t0, t1, t2, t3, extra_flags, system] = header;
    let fields = [
        ("flags", flags.into(), 0),
        ("time", u32::from_le_bytes([t0, t1, t2, t3]), 0),
        ("extra flags", extra_flags.into(), 0),
        ("operating system", system.into(), 255),
    ];
    for (field, found, expected) in fields {
        if found != expected {
            rules.push(Rule::GzipHeader {
                field,
                found,
                expected,
            });
        }
    }
}

/// All Zstandard frames of a blob, one after the other. A skippable one, which no writer of layers
/// makes, is what comes after the last, or no frame at all.
pub(super) struct ZstandardFrames<R: Read> {
    state: Zstandard<BufReader<R>>,
    frames: u32,
    rules: Vec<Rule>,
}

enum Zstandard<R: Read> {
    Between(R),
    Within(Box<StreamingDecoder<R, FrameDecoder>>),
    Done,
}

impl<R: Read> ZstandardFrames<R> {
    pub(super) fn new(blob: R) -> Self {
        Self {
            state: Zstandard::Between(BufReader::new(blob)),
            frames: 0,
            rules: Vec::new(),
        }
    }

    /// Known once everything is read.
    pub(super) fn broken_rules(self) -> Vec<Rule> {
        self.rules
    }

    fn begin(&mut self, mut blob: BufReader<R>) -> io::Result<()> {
        if !goes_on(&mut blob, 0x28, self.frames, &mut self.rules)? {
            return Ok(());
        }
        self.frames += 1;
        if self.frames == 2 {
            self.rules.push(Rule::SecondMember);
        }
        let frame = StreamingDecoder::new(blob).map_err(io::Error::other)?;
        self.state = Zstandard::Within(Box::new(frame));
        Ok(())
    }
}

impl<R: Read> Read for ZstandardFrames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(&mut self.state, Zstandard::Done) {
                Zstandard::Done => return Ok(0),
                Zstandard::Between(blob) => self.begin(blob)?,
                Zstandard::Within(mut frame) => match frame.read(buffer)? {
                    0 => self.state = Zstandard::Between(frame.into_inner()),
                    length => {
                        self.state = Zstandard::Within(frame);
                        return Ok(length);
                    }
                },
            }
        }
    }
}

/// Whether another piece begins, which the first always does; whatever else is there is counted.
fn goes_on(
    blob: &mut impl BufRead,
    magic: u8,
    pieces: u32,
    rules: &mut Vec<Rule>,
) -> io::Result<bool> {
    let next = blob.fill_buf()?.first().copied();
    if pieces == 0 || next == Some(magic) {
        return Ok(true);
    }
    match io::copy(blob, &mut io::sink())? {
        0 => {}
        bytes => rules.push(Rule::AfterMember { bytes }),
    }
    Ok(false)
}
