//! Members of an `ar` archive, and the compressions that Debian packages use for theirs.
//!
//! `ar` has several dialects; a `.deb` uses the common one without long names (deb(5)): a header of
//! 60 bytes, then the contents, then a line feed if their size is odd. Nothing else is read here.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::StreamingDecoder;

use super::archive::ArchiveError;

/// The strongest preset of `xz` needs 65 MiB to decompress; a block that asks for more is hostile.
const XZ_MEMORY_KIB: u32 = 128 << 10;

/// The header of a member; its contents come next in the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// Printable ASCII, without the slash that some writers end it with.
    pub(super) name: String,
    /// How many bytes its contents have.
    size: u64,
}

/// How a member's contents are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Xz,
    Zstandard,
}

impl Member {
    /// Reads what every `ar` archive begins with and returns its length.
    pub(super) fn read_magic(reader: &mut impl Read) -> Result<u64, ArchiveError> {
        const MAGIC: &[u8; 8] = b"!<arch>\n";
        let mut magic = [0; MAGIC.len()];
        match reader.read_exact(&mut magic) {
            Ok(()) if magic == *MAGIC => Ok(MAGIC.len() as u64),
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(ArchiveError::Read {
                member: "debian-binary".to_owned(),
                source: error,
            }),
            Ok(()) | Err(_) => Err(ArchiveError::NotAr),
        }
    }

    /// Reads the next header; `None` at the end of the archive. `offset` is where it begins and is
    /// moved on past the member, for messages.
    pub(super) fn read(
        reader: &mut impl Read,
        offset: &mut u64,
    ) -> Result<Option<Self>, ArchiveError> {
        const LENGTH: usize = 60;
        let damaged = |problem| ArchiveError::Header {
            offset: *offset,
            problem,
        };
        let mut header = Vec::with_capacity(LENGTH);
        reader
            .take(LENGTH as u64)
            .read_to_end(&mut header)
            .map_err(|source| ArchiveError::Read {
                member: format!("header at byte {offset}"),
                source,
            })?;
        if header.is_empty() {
            return Ok(None);
        }
        if header.len() < LENGTH {
            return Err(damaged("the archive ends within it"));
        }
        if header[58..] != *b"`\n" {
            return Err(damaged("it does not end as it must"));
        }
        let name = header[..16].trim_ascii_end();
        let name = name.strip_suffix(b"/").unwrap_or(name);
        if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
            return Err(damaged("it has no plain name"));
        }
        let digits = header[48..58].trim_ascii_end();
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return Err(damaged("its size is no number"));
        }
        let size = digits
            .iter()
            .fold(0, |size, digit| size * 10 + u64::from(digit - b'0'));
        // Ten digits at most, so that this cannot overflow for any number of members read.
        *offset += LENGTH as u64 + size + size % 2;
        Ok(Some(Self {
            name: String::from_utf8_lossy(name).into_owned(),
            size,
        }))
    }

    /// The contents. Unlike [`Read::take`], an archive that ends too early is an error: an
    /// uncompressed tar has no other sign of it.
    pub(super) fn contents<R: Read>(&self, reader: R) -> Contents<R> {
        Contents {
            reader,
            left: self.size,
        }
    }

    /// Reads the byte that fills an odd size up; some writers leave it out at the very end.
    pub(super) fn skip_padding(&self, reader: &mut impl Read) -> Result<(), ArchiveError> {
        let mut padding = [0];
        match reader.read_exact(&mut padding[..usize::from(self.size % 2 == 1)]) {
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(ArchiveError::Read {
                member: self.name.clone(),
                source: error,
            }),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// The bytes of a member.
pub(super) struct Contents<R> {
    reader: R,
    left: u64,
}

impl<R: Read> Read for Contents<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.by_ref().take(self.left).read(buffer)?;
        if count == 0 && self.left > 0 && !buffer.is_empty() {
            let problem = "the archive ends within the member";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, problem));
        }
        self.left -= count as u64;
        Ok(count)
    }
}

/// A reader of the decompressed contents, to the end of `packed`: whatever follows the compressed
/// data and is no further stream of the same format is an error.
pub(super) fn decompress<'a>(
    packed: impl BufRead + 'a,
    compression: Compression,
) -> Box<dyn Read + 'a> {
    match compression {
        Compression::None => Box::new(packed),
        Compression::Gzip => Box::new(MultiGzDecoder::new(packed)),
        Compression::Xz => Box::new(XzReader::new_mem_limit(packed, true, XZ_MEMORY_KIB)),
        Compression::Zstandard => Box::new(ZstandardFrames {
            state: Frames::Before(packed),
        }),
    }
}

/// Decodes one Zstandard frame after the other: the decoder of `ruzstd` stops after the first.
struct ZstandardFrames<R: BufRead> {
    state: Frames<R>,
}

enum Frames<R: BufRead> {
    /// Before the first frame, which must be there: an empty member is a cut one.
    Before(R),
    /// After a frame, where another one or the end can be.
    Between(R),
    Within(Box<StreamingDecoder<R, ruzstd::decoding::FrameDecoder>>),
    /// The end of the member, or an error.
    Done,
}

impl<R: BufRead> Read for ZstandardFrames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(&mut self.state, Frames::Done) {
                Frames::Done => return Ok(0),
                Frames::Between(mut packed) => {
                    if packed.fill_buf()?.is_empty() {
                        return Ok(0);
                    }
                    self.state = Frames::Before(packed);
                }
                Frames::Before(packed) => {
                    let decoder = StreamingDecoder::new(packed).map_err(io::Error::other)?;
                    self.state = Frames::Within(Box::new(decoder));
                }
                Frames::Within(mut decoder) => match decoder.read(buffer)? {
                    0 => self.state = Frames::Between(decoder.into_inner()),
                    count => {
                        self.state = Frames::Within(decoder);
                        return Ok(count);
                    }
                },
            }
        }
    }
}
