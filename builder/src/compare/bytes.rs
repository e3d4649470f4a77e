//! The first byte in which two streams differ: the last word where nothing else is to be said.

use std::io::{self, BufRead, BufReader, Read};

use layers::inspect::decompressed;

use super::layers::{LayerNote, Unexplained};
use super::read::{CompareError, LayerReference, ReadImage};

/// The offset of the first different byte, counted from 0: the length of the shorter stream if the other
/// begins with it, `None` for equal streams.
pub(super) fn first_difference(old: impl Read, new: impl Read) -> io::Result<Option<u64>> {
    const AT_ONCE: usize = 64 * 1024;
    let mut old = BufReader::with_capacity(AT_ONCE, old);
    let mut new = BufReader::with_capacity(AT_ONCE, new);
    let mut offset = 0_u64;
    loop {
        let (before, after) = (filled(&mut old)?, filled(&mut new)?);
        let length = before.len().min(after.len());
        let same = (before.iter().zip(after)).take_while(|(one, other)| one == other);
        let same = same.count();
        offset += same as u64;
        if same < length || before.is_empty() != after.is_empty() {
            return Ok(Some(offset));
        }
        if length == 0 {
            return Ok(None);
        }
        old.consume(length);
        new.consume(length);
    }
}

/// What is buffered, or read now.
fn filled(reader: &mut impl BufRead) -> io::Result<&[u8]> {
    // Twice, since the first result would be borrowed while it is looked at.
    while let Err(error) = reader.fill_buf() {
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    reader.fill_buf()
}

/// Where two layers differ, by their bytes.
pub(super) fn explain(
    (old_image, old): (&ReadImage, &LayerReference),
    (new_image, new): (&ReadImage, &LayerReference),
    what: Unexplained,
) -> Result<LayerNote, CompareError> {
    let (before, after) = (old_image.open(old)?, new_image.open(new)?);
    let first = match what {
        Unexplained::Compression => first_difference(before, after),
        Unexplained::Archive => first_difference(
            decompressed(before, old.encoding),
            decompressed(after, new.encoding),
        ),
    };
    let first_different_byte = first
        .map_err(|source| CompareError::Bytes {
            old: old.blob.digest.clone(),
            new: new.blob.digest.clone(),
            source,
        })?
        .unwrap_or_default();
    Ok(match what {
        Unexplained::Archive => LayerNote::ArchiveBytes {
            first_different_byte,
        },
        Unexplained::Compression => LayerNote::CompressedBytes {
            first_different_byte,
        },
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives at most `piece` bytes at a time.
    struct Slow<'a> {
        bytes: &'a [u8],
        piece: usize,
    }

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.piece.min(buffer.len()).min(self.bytes.len());
            self.bytes.read(&mut buffer[..length])
        }
    }

    #[test]
    fn the_first_different_byte_is_found_in_streams_of_all_lengths() {
        let long = vec![7; 200_000];
        let mut other = long.clone();
        other[150_000] = 8;
        let cases: [(&[u8], &[u8], Option<u64>); 7] = [
            (b"", b"", None),
            (b"abc", b"abc", None),
            (b"abc", b"abd", Some(2)),
            (b"abc", b"ab", Some(2)),
            (b"", b"a", Some(0)),
            (&long, &other, Some(150_000)),
            (&long, &long[..100_000], Some(100_000)),
        ];
        for (old, new, expected) in cases {
            assert_eq!(first_difference(old, new).unwrap(), expected);
        }
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(
            old in prop::collection::vec(0..2_u8, 0..20),
            new in prop::collection::vec(0..2_u8, 0..20),
            pieces in (1..5_usize, 1..5_usize),
        ) {
            let expected = (0..old.len().max(new.len())).find(|&at| old.get(at) != new.get(at));
            let found = first_difference(
                Slow { bytes: &old, piece: pieces.0 },
                Slow { bytes: &new, piece: pieces.1 },
            );
            prop_assert_eq!(found.unwrap(), expected.map(|at| at as u64));
        }
    }
}
