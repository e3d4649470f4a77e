//! Looking into a jar, which is a zip: what classes it has, and the content of a small one.
//!
//! Source: PKWARE's APPNOTE.TXT, sections 4.3.7 (local header), 4.3.12 (central directory) and 4.3.16 (its end).
//! It refuses everything that the jars of a release are not: encrypted entries, other methods than deflate, zip64.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use zlib_rs::{Inflate, InflateFlush, Status};

/// The end record without its comment, and the longest comment.
const END: usize = 22;
const COMMENT: u64 = 0xffff;
/// The parts of the headers before the name.
const CENTRAL: usize = 46;
const LOCAL: usize = 30;
/// The most that is read of a directory or an entry: ZooKeeper's has a thousand entries, and what is of interest
/// in it a few hundred bytes.
const LARGEST: usize = 4 << 20;

/// An opened jar.
#[derive(Debug)]
pub struct Jar {
    file: File,
    directory: Vec<u8>,
}

/// Where an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    method: u16,
    compressed: usize,
    size: usize,
    offset: u64,
}

impl Jar {
    /// Reads the directory of the jar `path`.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let tail = length.min(COMMENT + END as u64);
        let mut end = vec![0; usize::try_from(tail).map_err(invalid)?];
        file.read_exact_at(&mut end, length - tail)?;
        let (offset, size) = directory(&end).ok_or_else(|| malformed("no end of a zip"))?;
        let mut directory = vec![0; capped(size)?];
        file.read_exact_at(&mut directory, u64::from(offset))?;
        Ok(Self { file, directory })
    }

    /// Whether it has the class `org.example.Name`.
    pub fn has_class(&self, class: &str) -> bool {
        find(&self.directory, &entry_name(class)).is_some()
    }

    /// The compiled form of the class `org.example.Name`.
    pub fn class(&self, class: &str) -> io::Result<Vec<u8>> {
        let entry = find(&self.directory, &entry_name(class)).ok_or(io::ErrorKind::NotFound)?;
        let mut header = [0; LOCAL];
        self.file.read_exact_at(&mut header, entry.offset)?;
        let skipped = LOCAL as u64
            + u64::from(number16(&header, 26).unwrap_or_default())
            + u64::from(number16(&header, 28).unwrap_or_default());
        let mut packed = vec![0; entry.compressed];
        self.file
            .read_exact_at(&mut packed, entry.offset + skipped)?;
        unpacked(&packed, entry)
    }
}

fn entry_name(class: &str) -> String {
    format!("{}.class", class.replace('.', "/"))
}

/// Offset and size of the directory, by the record at the end of the file.
fn directory(tail: &[u8]) -> Option<(u32, u32)> {
    let start = tail.windows(4).rposition(|four| four == b"PK\x05\x06")?;
    let record = &tail[start..];
    Some((number32(record, 16)?, number32(record, 12)?))
}

fn find(directory: &[u8], name: &str) -> Option<Entry> {
    let mut rest = directory;
    while rest.starts_with(b"PK\x01\x02") {
        let length = |at| number16(rest, at).map(usize::from);
        let after_name = CENTRAL + length(28)?;
        if rest.get(CENTRAL..after_name)? == name.as_bytes() {
            return Some(Entry {
                method: number16(rest, 10)?,
                compressed: capped(number32(rest, 20)?).ok()?,
                size: capped(number32(rest, 24)?).ok()?,
                offset: u64::from(number32(rest, 42)?),
            });
        }
        rest = rest.get(after_name + length(30)? + length(32)?..)?;
    }
    None
}

fn unpacked(packed: &[u8], entry: Entry) -> io::Result<Vec<u8>> {
    match entry.method {
        0 => Ok(packed.to_vec()),
        8 => {
            // One byte more than promised, for an entry that holds more to be noticed.
            let mut content = vec![0; entry.size + 1];
            let mut inflate = Inflate::new(false, 15);
            let status = inflate
                .decompress(packed, &mut content, InflateFlush::Finish)
                .map_err(|error| malformed(error.as_str()))?;
            if status != Status::StreamEnd || inflate.total_out() != entry.size as u64 {
                return Err(malformed("an entry of another size than it says"));
            }
            content.truncate(entry.size);
            Ok(content)
        }
        _ => Err(malformed("an entry packed in another way than by deflate")),
    }
}

fn number16(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?;
    Some(u16::from_le_bytes(bytes.try_into().ok()?))
}

fn number32(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

fn capped(size: u32) -> io::Result<usize> {
    let size = usize::try_from(size).map_err(invalid)?;
    if size > LARGEST {
        return Err(malformed("a part that is too large"));
    }
    Ok(size)
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

fn invalid(error: std::num::TryFromIntError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use zlib_rs::{Deflate, DeflateFlush};

    /// A jar of these classes, the first of them stored as it is and the others packed.
    pub(crate) fn jar(classes: &[(&str, &[u8])]) -> Vec<u8> {
        let (mut file, mut directory) = (Vec::new(), Vec::new());
        for (place, (class, content)) in classes.iter().enumerate() {
            let name = entry_name(class);
            let method = if place == 0 { 0_u16 } else { 8 };
            let packed = if place == 0 {
                content.to_vec()
            } else {
                packed(content)
            };
            let mut common = [20_u16.to_le_bytes(), [0; 2], method.to_le_bytes()].concat();
            common.extend([0; 8]);
            common.extend(u32::try_from(packed.len()).unwrap().to_le_bytes());
            common.extend(u32::try_from(content.len()).unwrap().to_le_bytes());
            common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
            let offset = u32::try_from(file.len()).unwrap().to_le_bytes();
            file.extend([&b"PK\x03\x04"[..], &common, &3_u16.to_le_bytes()].concat());
            file.extend([name.as_bytes(), b"xtr", &packed].concat());
            directory.extend([&b"PK\x01\x02\x14\0"[..], &common, &[0; 12], &offset].concat());
            directory.extend(name.as_bytes());
        }
        let count = u16::try_from(classes.len()).unwrap().to_le_bytes();
        let size = u32::try_from(directory.len()).unwrap().to_le_bytes();
        let offset = u32::try_from(file.len()).unwrap().to_le_bytes();
        file.extend(directory);
        let record = [
            &b"PK\x05\x06"[..],
            &[0; 4],
            &count,
            &count,
            &size,
            &offset,
            &[4, 0],
        ];
        file.extend(record.concat());
        file.extend(b"note");
        file
    }

    fn packed(content: &[u8]) -> Vec<u8> {
        let mut packed = vec![0; content.len() + 64];
        let mut deflate = Deflate::new(6, false, 15);
        let status = deflate.compress(content, &mut packed, DeflateFlush::Finish);
        assert_eq!(status, Ok(Status::StreamEnd));
        packed.truncate(usize::try_from(deflate.total_out()).unwrap());
        packed
    }

    fn opened(bytes: &[u8]) -> io::Result<Jar> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        Jar::open(file.path())
    }

    #[test]
    fn classes_are_found_and_read() {
        let long = [b'x'; 5000];
        let jar = opened(&jar(&[
            ("a.B", b"stored"),
            ("a.C", b"packed"),
            ("D", &long),
        ]))
        .unwrap();
        assert_eq!(jar.class("a.B").unwrap(), b"stored");
        assert_eq!(jar.class("a.C").unwrap(), b"packed");
        assert_eq!(jar.class("D").unwrap(), long);
        assert!(jar.has_class("a.C") && !jar.has_class("a.c"));
        let missing = jar.class("a.E").unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn what_is_no_jar_is_refused() {
        let whole = jar(&[("A", b""), ("B", b"packed")]);
        for bytes in [&b""[..], b"PK", &whole[..whole.len() - 10]] {
            assert_eq!(
                opened(bytes).unwrap_err().kind(),
                io::ErrorKind::InvalidData
            );
        }
        let mut cut = whole.clone();
        let content = cut.windows(3).position(|three| three == b"xtr").unwrap();
        let second = content
            + 1
            + cut[content + 1..]
                .windows(3)
                .position(|three| three == b"xtr")
                .unwrap();
        cut[second + 3] = 0xff;
        assert!(opened(&cut).unwrap().class("B").is_err());
    }

    proptest! {
        #[test]
        fn reading_never_panics(noise: Vec<u8>, at: prop::sample::Index, byte: u8) {
            let mut bytes = jar(&[("A", &noise), ("B", &noise)]);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(jar) = opened(&bytes) {
                let _ = jar.class("B");
            }
            let _ = opened(&noise);
        }
    }
}
