//! `.deb` files: an `ar` archive of `debian-binary`, `control.tar` and `data.tar` (deb(5)).
//!
//! The archive is read once, front to back, as it comes: opening reads up to the end of
//! `control.tar`, which is small and kept; `data.tar` is then decompressed straight into a writer.
//! Nothing is unpacked here and no name out of the archive becomes a path of this host.
//!
//! What is written was only decompressed, not verified: the caller hashes the `.deb` before it
//! opens it, and distrusts the names in the tar nonetheless.
//!
//! Refused: another format than 2.0, members in another order, compressions that Debian does not
//! use, and whatever exceeds the given bounds when decompressed.

use std::io::{self, BufReader, Read, Write};

use super::archive_member::{Compression, Member, decompress};

/// `control.tar` of the largest packages has a few megabytes, nearly all of them checksums.
const LARGEST_CONTROL: u64 = 16 << 20;

/// The version line is 4 bytes long; anything much longer is no `debian-binary`.
const LARGEST_VERSION: u64 = 64;

/// A `.deb` whose `control.tar` has been read and whose `data.tar` comes next.
#[derive(Debug)]
pub struct DebArchive<R> {
    reader: R,
    control: ControlFiles,
    /// The member that the reader stands at.
    data: Member,
    compression: Compression,
}

/// The files of `control.tar` that matter without a package manager.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ControlFiles {
    /// `control`: one paragraph of fields.
    pub control: String,
    /// `md5sums`: a line per file of `data.tar`; some packages have none.
    pub md5sums: Option<String>,
}

/// Why a file is no package, or no whole one.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file does not begin as an `ar` archive does.
    #[error("not a Debian package: no `ar` archive")]
    NotAr,
    /// A member's header is damaged.
    #[error("`ar` header at byte {offset} is damaged: {problem}")]
    Header {
        /// Where the header begins.
        offset: u64,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The archive ends before a member that every package has.
    #[error("package ends before `{0}`")]
    MissingMember(&'static str),
    /// Another member than the format demands.
    #[error("member `{found}` stands where `{expected}` belongs")]
    Order {
        /// What belongs here.
        expected: &'static str,
        /// What is here.
        found: String,
    },
    /// The version of the format is another one.
    #[error("package has format `{0}` instead of `2.0`")]
    Version(String),
    /// The name of the member ends in a compression that is not supported.
    #[error("compression of member `{0}` is none of `.xz`, `.gz`, `.zst`")]
    Compression(String),
    /// The package cannot be read, or a member's compressed data is damaged or cut.
    #[error("cannot read member `{member}`")]
    Read {
        /// The member.
        member: String,
        /// What happened.
        source: io::Error,
    },
    /// The writer refused.
    #[error("cannot write the contents of member `{member}`")]
    Write {
        /// The member.
        member: String,
        /// What happened.
        source: io::Error,
    },
    /// A member is larger than it may be, decompressed.
    #[error("member `{member}` is larger than {limit} bytes")]
    TooLarge {
        /// The member.
        member: String,
        /// The bound.
        limit: u64,
    },
    /// `control.tar` has no such file.
    #[error("member `{member}` has no file `control`")]
    NoControl {
        /// The member.
        member: String,
    },
    /// `control.tar` has a file twice.
    #[error("member `{member}` has two files `{file}`")]
    TwoFiles {
        /// The member.
        member: String,
        /// The file.
        file: &'static str,
    },
    /// A control file is not UTF-8.
    #[error("file `{file}` in member `{member}` is not UTF-8")]
    Encoding {
        /// The member.
        member: String,
        /// The file.
        file: &'static str,
    },
}

impl<R: Read> DebArchive<R> {
    /// Reads a package up to its `data.tar`.
    ///
    /// # Errors
    /// The file is no package of format 2.0, is cut, or cannot be read.
    pub fn open(mut reader: R) -> Result<Self, ArchiveError> {
        let mut offset = Member::read_magic(&mut reader)?;
        let (version, _) = next(&mut reader, &mut offset, "debian-binary")?;
        let mut text = Vec::new();
        version.copy(&mut reader, Compression::None, LARGEST_VERSION, &mut text)?;
        if text != b"2.0\n" {
            let text = String::from_utf8_lossy(&text).trim_end().to_owned();
            return Err(ArchiveError::Version(super::control::excerpt(&text)));
        }
        version.skip_padding(&mut reader)?;

        let (member, compression) = next(&mut reader, &mut offset, "control.tar")?;
        let mut tar = Vec::new();
        member.copy(&mut reader, compression, LARGEST_CONTROL, &mut tar)?;
        member.skip_padding(&mut reader)?;
        let control = read_control(&tar, &member.name)?;

        let (data, compression) = next(&mut reader, &mut offset, "data.tar")?;
        Ok(Self {
            reader,
            control,
            data,
            compression,
        })
    }

    /// The files that describe the package.
    pub fn control(&self) -> &ControlFiles {
        &self.control
    }

    /// Decompresses `data.tar` into a writer and returns how many bytes it has.
    ///
    /// Members after it are left alone: deb(5) keeps the place for future ones.
    ///
    /// # Errors
    /// The member is cut, damaged or decompresses to more than `limit` bytes, of which the writer
    /// then has seen no more than that; or the writer fails.
    pub fn copy_data_tar(
        mut self,
        writer: &mut impl Write,
        limit: u64,
    ) -> Result<u64, ArchiveError> {
        self.data
            .copy(&mut self.reader, self.compression, limit, writer)
    }
}

impl Member {
    /// Decompresses the whole member into a writer.
    fn copy(
        &self,
        reader: &mut impl Read,
        compression: Compression,
        limit: u64,
        writer: &mut impl Write,
    ) -> Result<u64, ArchiveError> {
        let failed = |source| ArchiveError::Read {
            member: self.name.clone(),
            source,
        };
        let contents = BufReader::with_capacity(1 << 16, self.contents(reader));
        let mut decoder = decompress(contents, compression);
        let mut buffer = vec![0; 1 << 16];
        let mut written = 0;
        loop {
            let count = match decoder.read(&mut buffer) {
                Ok(0) => return Ok(written),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(failed(error)),
            };
            written += count as u64;
            if written > limit {
                return Err(ArchiveError::TooLarge {
                    member: self.name.clone(),
                    limit,
                });
            }
            writer
                .write_all(&buffer[..count])
                .map_err(|source| ArchiveError::Write {
                    member: self.name.clone(),
                    source,
                })?;
        }
    }
}

/// Reads the header of the next member, which must be `expected` but for its compression.
fn next(
    reader: &mut impl Read,
    offset: &mut u64,
    expected: &'static str,
) -> Result<(Member, Compression), ArchiveError> {
    loop {
        let member = Member::read(reader, offset)?.ok_or(ArchiveError::MissingMember(expected))?;
        // deb(5): members whose names begin with an underscore may stand before the two tars, and
        // a program that does not know them ignores them.
        if member.name.starts_with('_') && expected != "debian-binary" {
            let failed = |source| ArchiveError::Read {
                member: member.name.clone(),
                source,
            };
            io::copy(&mut member.contents(&mut *reader), &mut io::sink()).map_err(failed)?;
            member.skip_padding(reader)?;
            continue;
        }
        let Some(ending) = member.name.strip_prefix(expected) else {
            return Err(ArchiveError::Order {
                expected,
                found: member.name,
            });
        };
        let compression = match ending {
            "" => Compression::None,
            ".xz" if expected != "debian-binary" => Compression::Xz,
            ".gz" if expected != "debian-binary" => Compression::Gzip,
            ".zst" if expected != "debian-binary" => Compression::Zstandard,
            _ => return Err(ArchiveError::Compression(member.name)),
        };
        return Ok((member, compression));
    }
}

/// Finds the control files in the decompressed `control.tar`.
fn read_control(tar: &[u8], member: &str) -> Result<ControlFiles, ArchiveError> {
    let failed = |source| ArchiveError::Read {
        member: member.to_owned(),
        source,
    };
    let (mut control, mut md5sums) = (None, None);
    for entry in tar::Archive::new(tar).entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        let (file, place) = match &*entry.path_bytes() {
            b"control" | b"./control" => ("control", &mut control),
            b"md5sums" | b"./md5sums" => ("md5sums", &mut md5sums),
            _ => continue,
        };
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(failed)?;
        // The tar is in memory, but an entry may claim more than there is: that is a cut one.
        if bytes.len() as u64 != entry.size() {
            return Err(failed(io::ErrorKind::UnexpectedEof.into()));
        }
        let text = String::from_utf8(bytes).map_err(|_| ArchiveError::Encoding {
            member: member.to_owned(),
            file,
        })?;
        if place.replace(text).is_some() {
            return Err(ArchiveError::TwoFiles {
                member: member.to_owned(),
                file,
            });
        }
    }
    let control = control.ok_or_else(|| ArchiveError::NoControl {
        member: member.to_owned(),
    })?;
    Ok(ControlFiles { control, md5sums })
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use std::error::Error;

    const CONTROL: &str = "Package: demo\nVersion: 1\n";

    fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, contents) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(contents.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, path, *contents).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstandard(bytes: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
    }

    /// An `.xz` stream of one block with uncompressed chunks, after the specification of the format:
    /// the encoder of `lzma-rust2` is not compiled in.
    fn xz(bytes: &[u8]) -> Vec<u8> {
        let checked = |part: &[u8]| [part, &crc32(part).to_le_bytes()].concat();
        // Stream header: check type 1 is CRC-32.
        let mut out = [b"\xfd7zXZ\0".as_slice(), &checked(&[0, 1])].concat();
        // Block header of 12 bytes: one filter, LZMA2 (0x21) with the smallest dictionary.
        let block = checked(&[2, 0, 0x21, 1, 0, 0, 0, 0]);
        let mut data = Vec::new();
        for chunk in bytes.chunks(1 << 16) {
            data.push(1);
            data.extend(u16::try_from(chunk.len() - 1).unwrap().to_be_bytes());
            data.extend(chunk);
        }
        data.push(0);
        let unpadded = block.len() + data.len() + 4;
        data.resize(data.len().next_multiple_of(4), 0);
        out.extend([block, data, crc32(bytes).to_le_bytes().to_vec()].concat());
        let mut index = vec![0, 1];
        for mut number in [unpadded, bytes.len()] {
            while number >= 0x80 {
                index.push((number & 0x7f) as u8 | 0x80);
                number >>= 7;
            }
            index.push(number as u8);
        }
        index.resize(index.len().next_multiple_of(4), 0);
        let index = checked(&index);
        let backward = u32::try_from(index.len() / 4 - 1).unwrap().to_le_bytes();
        let footer = [backward.as_slice(), &[0, 1]].concat();
        out.extend(
            [
                index,
                crc32(&footer).to_le_bytes().to_vec(),
                footer,
                b"YZ".to_vec(),
            ]
            .concat(),
        );
        out
    }

    fn crc32(bytes: &[u8]) -> u32 {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        crc.sum()
    }

    fn ar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut out = b"!<arch>\n".to_vec();
        for (name, contents) in members {
            let length = contents.len();
            out.extend(
                format!("{name:<16}0           0     0     100644  {length:<10}`\n").bytes(),
            );
            out.extend(*contents);
            out.extend((length % 2 == 1).then_some(b'\n'));
        }
        out
    }

    fn control_tar() -> Vec<u8> {
        tar_of(&[
            ("./postinst", b"exit 1"),
            ("./control", CONTROL.as_bytes()),
            ("./md5sums", b"0  a\n"),
        ])
    }

    /// A package with this member in the place of `data.tar`.
    fn package(data_name: &str, data: &[u8]) -> Vec<u8> {
        let control = gzip(&control_tar());
        ar_of(&[
            ("debian-binary", b"2.0\n"),
            ("control.tar.gz", &control),
            (data_name, data),
        ])
    }

    /// The control files and `data.tar`, or the error with its causes.
    fn read(bytes: &[u8], limit: u64) -> Result<(ControlFiles, Vec<u8>), String> {
        let mut data = Vec::new();
        let result = DebArchive::open(bytes).and_then(|archive| {
            let control = archive.control().clone();
            let count = archive.copy_data_tar(&mut data, limit)?;
            assert_eq!(count, data.len() as u64);
            Ok(control)
        });
        assert!(data.len() as u64 <= limit);
        match result {
            Ok(control) => Ok((control, data)),
            Err(error) => match error.source() {
                None => Err(error.to_string()),
                Some(source) => Err(format!("{error}: {source}")),
            },
        }
    }

    #[test]
    fn reads_every_compression() {
        let data: Vec<u8> = (0..200_001_u32).map(|number| (number / 7) as u8).collect();
        let packed = [
            ("data.tar", data.clone()),
            ("data.tar.gz", gzip(&data)),
            ("data.tar.xz", xz(&data)),
            ("data.tar.zst", zstandard(&data)),
            // Each format allows one stream after the other.
            ("data.tar.gz", [gzip(&data[..9]), gzip(&data[9..])].concat()),
            ("data.tar.xz", [xz(&data[..9]), xz(&data[9..])].concat()),
            (
                "data.tar.zst",
                [zstandard(&data[..9]), zstandard(&data[9..])].concat(),
            ),
        ];
        for (name, bytes) in packed {
            let (control, found) = read(&package(name, &bytes), 1 << 20).unwrap();
            assert!(found == data, "{name}");
            assert_eq!(control.control, CONTROL);
            assert_eq!(control.md5sums.as_deref(), Some("0  a\n"));
        }
    }

    #[test]
    fn members_of_the_future_are_ignored_where_they_may_stand() {
        let control = control_tar();
        let members: [(&str, &[u8]); 6] = [
            ("debian-binary", b"2.0\n"),
            ("_signature", b"odd"),
            ("control.tar/", &control),
            ("_x", b""),
            ("data.tar", b"x"),
            ("later", b"y"),
        ];
        assert_eq!(read(&ar_of(&members), 9).unwrap().1, b"x");
    }

    #[test]
    fn says_what_is_wrong() {
        let good = package("data.tar", b"abc");
        let control = control_tar();
        let version: (&str, &[u8]) = ("debian-binary", b"2.0\n");
        let only = |files: &[(&str, &[u8])]| ar_of(&[version, ("control.tar", &tar_of(files))]);
        let table = [
            (
                b"PK\x03\x04".to_vec(),
                "not a Debian package: no `ar` archive",
            ),
            (Vec::new(), "not a Debian package: no `ar` archive"),
            (b"!<arch>\n".to_vec(), "package ends before `debian-binary`"),
            (
                b"!<arch>\ndebian".to_vec(),
                "`ar` header at byte 8 is damaged: the archive ends within it",
            ),
            (
                good.iter()
                    .map(|byte| if *byte == b'`' { b'x' } else { *byte })
                    .collect(),
                "`ar` header at byte 8 is damaged: it does not end as it must",
            ),
            (
                ar_of(&[("debian-binary", b"3.0\n")]),
                "package has format `3.0` instead of `2.0`",
            ),
            (
                ar_of(&[("debian-binary", &[b'2'; 99])]),
                "member `debian-binary` is larger than 64 bytes",
            ),
            (ar_of(&[version]), "package ends before `control.tar`"),
            (
                ar_of(&[version, ("data.tar", b"")]),
                "member `data.tar` stands where `control.tar` belongs",
            ),
            (
                ar_of(&[version, ("control.tar.lzma", b"")]),
                "compression of member `control.tar.lzma` is none of `.xz`, `.gz`, `.zst`",
            ),
            (
                ar_of(&[version, ("control.tar", &control)]),
                "package ends before `data.tar`",
            ),
            (
                only(&[("./md5sums", b"")]),
                "member `control.tar` has no file `control`",
            ),
            (
                only(&[("control", b""), ("./control", b"")]),
                "member `control.tar` has two files `control`",
            ),
            (
                only(&[("control", b"\xff")]),
                "file `control` in member `control.tar` is not UTF-8",
            ),
            (
                good[..good.len() - 2].to_vec(),
                "cannot read member `data.tar`: the archive ends within the member",
            ),
            (
                package("data.tar", b"0123456789"),
                "member `data.tar` is larger than 9 bytes",
            ),
            (
                package("data.tar.xz", &xz(&[7; 99])),
                "member `data.tar.xz` is larger than 9 bytes",
            ),
        ];
        for (bytes, message) in table {
            assert_eq!(read(&bytes, 9).unwrap_err(), message);
        }
    }

    #[test]
    fn cut_or_trailing_data_is_an_error_in_every_compression() {
        let data = vec![7; 1000];
        for (name, packed) in [
            ("data.tar.gz", gzip(&data)),
            ("data.tar.xz", xz(&data)),
            ("data.tar.zst", zstandard(&data)),
        ] {
            let message = format!("cannot read member `{name}`: ");
            for end in 0..packed.len() {
                let error = read(&package(name, &packed[..end]), 1 << 20).unwrap_err();
                assert!(error.starts_with(&message), "{end} {error}");
            }
            let error = read(
                &package(name, &[&packed, "garbage".as_bytes()].concat()),
                1 << 20,
            );
            assert!(error.unwrap_err().starts_with(&message));
        }
    }

    proptest! {
        #[test]
        fn never_panics_on_noise(bytes in any::<Vec<u8>>()) {
            let _ = read(&bytes, 1 << 16);
            let _ = read(&[b"!<arch>\n".as_slice(), &bytes].concat(), 1 << 16);
        }

        #[test]
        fn never_panics_on_a_changed_package(
            which in 0_usize..4,
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
            cut in proptest::option::of(any::<prop::sample::Index>()),
        ) {
            let data = vec![7; 3000];
            let mut bytes = match which {
                0 => package("data.tar", &data),
                1 => package("data.tar.gz", &gzip(&data)),
                2 => package("data.tar.xz", &xz(&data)),
                _ => package("data.tar.zst", &zstandard(&data)),
            };
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            let _ = read(&bytes, 1 << 16);
        }
    }
}
