//! One block: the input with the dictionary before it, and the output it compresses to.

use std::io;

use zlib_rs::{Deflate, DeflateFlush, Status, compress_bound};

/// How far back deflate can refer (RFC 1951), so more dictionary than this is of no use.
const WINDOW: usize = 32 * 1024;
/// The base-2 logarithm of [`WINDOW`].
const WINDOW_BITS: u8 = 15;
/// Room for the empty stored block of a sync flush, which `compress_bound` does not count.
const FLUSH_BOUND: usize = 64;

/// Both buffers are kept when a block is used again, so compressing allocates for a fixed number of
/// blocks only.
#[derive(Default)]
pub(super) struct Block {
    /// The dictionary, then the data.
    input: Vec<u8>,
    dictionary: usize,
    /// Whether the deflate stream ends with this block.
    pub(super) is_last: bool,
    /// At least the worst case long; only `compressed` bytes of it mean something.
    output: Vec<u8>,
    compressed: usize,
    checksum: crc32fast::Hasher,
}

impl Block {
    /// Empties this block and takes the end of `previous` as dictionary.
    pub(super) fn follow(&mut self, previous: &Self) {
        let window = previous.input.len().saturating_sub(WINDOW);
        self.input.clear();
        self.input.extend_from_slice(&previous.input[window..]);
        self.dictionary = self.input.len();
        self.is_last = false;
    }

    /// How many bytes of data are in it.
    pub(super) fn len(&self) -> usize {
        self.input.len() - self.dictionary
    }

    pub(super) fn append(&mut self, data: &[u8]) {
        self.input.extend_from_slice(data);
    }

    /// Compresses the data, by exactly one call of a fresh state.
    pub(super) fn compress(&mut self, level: u8) -> io::Result<()> {
        let (dictionary, data) = self.input.split_at(self.dictionary);
        let bound = compress_bound(data.len()) + FLUSH_BOUND;
        if self.output.len() < bound {
            self.output.resize(bound, 0);
        }

        let mut deflate = Deflate::new(level.into(), false, WINDOW_BITS);
        if !dictionary.is_empty() {
            deflate
                .set_dictionary(dictionary)
                .map_err(|error| io::Error::other(error.as_str()))?;
        }
        let (flush, expected) = match self.is_last {
            true => (DeflateFlush::Finish, Status::StreamEnd),
            false => (DeflateFlush::SyncFlush, Status::Ok),
        };
        // A larger buffer than the bound, left over from a larger block, must not show in the bytes.
        let status = deflate
            .compress(data, &mut self.output[..bound], flush)
            .map_err(|error| io::Error::other(error.as_str()))?;
        self.compressed = deflate.total_out() as usize;
        let consumed = deflate.total_in() == data.len() as u64;
        if status != expected || !consumed || self.compressed == bound {
            return Err(io::Error::other(
                "deflate did not finish a block in one call",
            ));
        }

        self.checksum = crc32fast::Hasher::new();
        self.checksum.update(data);
        Ok(())
    }

    /// The piece of the deflate stream, once compressed.
    pub(super) fn compressed(&self) -> &[u8] {
        &self.output[..self.compressed]
    }

    /// Of the data, once compressed.
    pub(super) fn checksum(&self) -> &crc32fast::Hasher {
        &self.checksum
    }
}
