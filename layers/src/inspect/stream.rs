//! The bytes of an archive in blocks, hashed and counted as they come.

use std::io::{ErrorKind, Read};

use super::InspectError;
use crate::{Algorithm, Digest, Hasher, ustar::BLOCK};

/// A layer of this size would not be pulled by anybody; a blob that becomes one is an attack.
const ARCHIVE_LIMIT: u64 = 64 << 30;
/// How much is read at a time.
const READ_AT_ONCE: usize = 64 * 1024;

pub(super) type Block = [u8; BLOCK];

pub(super) struct Stream<R> {
    reader: R,
    hasher: Hasher,
    position: u64,
    buffer: Vec<u8>,
}

impl<R: Read> Stream<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            hasher: Hasher::new(Algorithm::Sha256),
            position: 0,
            buffer: vec![0; READ_AT_ONCE],
        }
    }

    /// How many bytes were read.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// The next block; `None` at the end of the archive, which may only be between blocks.
    pub(super) fn block(&mut self) -> Result<Option<Block>, InspectError> {
        let offset = self.position;
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while filled < BLOCK {
            match read(&mut self.reader, &mut block[filled..])? {
                0 if filled == 0 => return Ok(None),
                0 => return Err(InspectError::Truncated { offset }),
                length => filled += length,
            }
        }
        self.took(&block)?;
        Ok(Some(block))
    }

    /// Hands the next `size` bytes to `take`, in pieces. `offset` is that of the member, for errors.
    pub(super) fn content(
        &mut self,
        size: u64,
        offset: u64,
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), InspectError> {
        let mut left = size;
        let mut buffer = std::mem::take(&mut self.buffer);
        while left > 0 {
            let limit = usize::try_from(left).map_or(READ_AT_ONCE, |left| left.min(READ_AT_ONCE));
            let length = read(&mut self.reader, &mut buffer[..limit])?;
            if length == 0 {
                return Err(InspectError::Truncated { offset });
            }
            self.took(&buffer[..length])?;
            take(&buffer[..length]);
            left -= length as u64;
        }
        self.buffer = buffer;
        Ok(())
    }

    /// Reads to the end of all bytes and says how many there were.
    pub(super) fn rest(&mut self) -> Result<u64, InspectError> {
        let begin = self.position;
        let mut buffer = std::mem::take(&mut self.buffer);
        loop {
            match read(&mut self.reader, &mut buffer)? {
                0 => break,
                length => self.took(&buffer[..length])?,
            }
        }
        self.buffer = buffer;
        Ok(self.position - begin)
    }

    pub(super) fn finish(self) -> (Digest, u64) {
        (self.hasher.finish(), self.position)
    }

    fn took(&mut self, bytes: &[u8]) -> Result<(), InspectError> {
        self.hasher.update(bytes);
        self.position += bytes.len() as u64;
        if self.position > ARCHIVE_LIMIT {
            let limit = ARCHIVE_LIMIT;
            return Err(InspectError::TooLarge { limit });
        }
        Ok(())
    }
}

fn read(reader: &mut impl Read, buffer: &mut [u8]) -> Result<usize, InspectError> {
    loop {
        match reader.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return Ok(result?),
        }
    }
}
