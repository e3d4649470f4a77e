//! Block gzip: compression on several threads whose bytes depend on the input alone.
//!
//! The output of a deflate implementation depends on how its input is cut into calls and on how much
//! room its output buffer has. So both are fixed here: the input is cut into blocks of one size, each
//! is compressed by one call of a fresh state into a buffer that holds the worst case, with the 32
//! KiB before it as dictionary, so that blocks can be compressed at the same time and the ratio
//! hardly suffers. Every block but the last ends with a sync flush, which puts it on a byte border;
//! the pieces are simply joined, as `pigz` does.
//!
//! The result is *one* gzip member: several consumers stop reading after the first. Its header has
//! no time, no name, and 255 ("unknown") as operating system.

mod block;
mod pool;

use std::{
    io::{self, Write},
    num::NonZeroUsize,
    thread,
};

use block::Block;
use pool::Pool;

/// What decides the bytes of the output, apart from the input and the version of the compressor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    /// Bytes of input that are compressed together.
    pub block_size: NonZeroUsize,
    /// The deflate level, 1 to 9.
    pub level: u8,
}

/// The parameters of every layer; `docs/layers.md` has the measurement behind them.
///
/// A change bumps [`crate::FORMAT_VERSION`].
pub const FORMAT: Parameters = Parameters {
    block_size: NonZeroUsize::new(512 * 1024).expect("not zero"),
    level: 7,
};

/// Compresses what `produce` writes into one gzip member on `output`.
///
/// `threads` decides the speed and the memory, about five block sizes for each, never the bytes.
/// With one thread everything happens on the calling one. `output` is only used by the calling
/// thread.
///
/// # Errors
/// Whatever `produce` returns; an error of `output` reaches it through its writer, and is returned
/// as `E` where it occurs after `produce`.
pub fn compress<T, E: From<io::Error>>(
    parameters: &Parameters,
    threads: NonZeroUsize,
    output: &mut dyn Write,
    produce: impl FnOnce(&mut dyn Write) -> Result<T, E>,
) -> Result<T, E> {
    thread::scope(|scope| {
        let pool = Pool::start(scope, threads, parameters.level)?;
        let mut writer = BlockWriter::begin(parameters, pool, output)?;
        let produced = produce(&mut writer)?;
        writer.finish()?;
        Ok(produced)
    })
}

/// Cuts what is written to it into blocks and writes the compressed blocks in order.
struct BlockWriter<'output> {
    block_size: usize,
    current: Block,
    /// Blocks that were written and whose buffers can be filled again.
    idle: Vec<Block>,
    pool: Pool,
    output: &'output mut dyn Write,
    /// Of all blocks written so far; counts their bytes as well.
    checksum: crc32fast::Hasher,
}

impl<'output> BlockWriter<'output> {
    fn begin(
        parameters: &Parameters,
        pool: Pool,
        output: &'output mut dyn Write,
    ) -> io::Result<Self> {
        output.write_all(&header(parameters.level))?;
        Ok(Self {
            block_size: parameters.block_size.get(),
            current: Block::default(),
            idle: Vec::new(),
            pool,
            output,
            checksum: crc32fast::Hasher::new(),
        })
    }

    fn finish(mut self) -> io::Result<()> {
        let mut last = std::mem::take(&mut self.current);
        last.is_last = true;
        if let Some(done) = self.pool.submit(last)? {
            self.write_block(done)?;
        }
        while let Some(done) = self.pool.collect()? {
            self.write_block(done)?;
        }
        // The length field counts modulo 2^32 by definition (RFC 1952, 2.3.1).
        let length = self.checksum.total_len() as u32;
        self.output
            .write_all(&self.checksum.finalize().to_le_bytes())?;
        self.output.write_all(&length.to_le_bytes())
    }

    /// Hands over the current block and begins the next.
    fn rotate(&mut self) -> io::Result<()> {
        let mut next = self.idle.pop().unwrap_or_default();
        next.follow(&self.current);
        let full = std::mem::replace(&mut self.current, next);
        match self.pool.submit(full)? {
            Some(done) => self.write_block(done),
            None => Ok(()),
        }
    }

    fn write_block(&mut self, block: Block) -> io::Result<()> {
        self.output.write_all(block.compressed())?;
        self.checksum.combine(block.checksum());
        self.idle.push(block);
        Ok(())
    }
}

impl Write for BlockWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        // Only when more input comes is it known that a full block is not the last.
        if self.current.len() == self.block_size {
            self.rotate()?;
        }
        let room = self.block_size - self.current.len();
        let taken = &bytes[..bytes.len().min(room)];
        self.current.append(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        // Flushing would put a block border where the caller happens to flush.
        Ok(())
    }
}

/// The header of RFC 1952, 2.3: no flags, no time, operating system unknown.
fn header(level: u8) -> [u8; 10] {
    let extra_flags = match level {
        9 => 2,
        1 => 4,
        _ => 0,
    };
    [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, extra_flags, 255]
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, io::Read};

    use proptest::prelude::*;

    use super::*;

    fn gzip(parameters: &Parameters, threads: usize, pieces: &[&[u8]]) -> Vec<u8> {
        let mut output = Vec::new();
        let threads = NonZeroUsize::new(threads).unwrap();
        compress(parameters, threads, &mut output, |writer| {
            pieces.iter().try_for_each(|piece| writer.write_all(piece))
        })
        .unwrap();
        output
    }

    /// Reads the first member only and insists that it is the whole input.
    fn gunzip(mut member: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        flate2::bufread::GzDecoder::new(&mut member)
            .read_to_end(&mut bytes)
            .unwrap();
        assert!(member.is_empty(), "one member and nothing after it");
        bytes
    }

    fn parameters(block_size: usize, level: u8) -> Parameters {
        Parameters {
            block_size: NonZeroUsize::new(block_size).unwrap(),
            level,
        }
    }

    #[test]
    fn blocks_join_to_one_member_at_every_border() {
        let text: Vec<u8> = (0..40_000_u32)
            .flat_map(|n| (n * n / 7).to_le_bytes())
            .collect();
        for length in [0, 1, 4095, 4096, 4097, 8192, 70_000, 131_072, 160_000] {
            for block_size in [4096, 65_536] {
                let compressed = gzip(&parameters(block_size, 6), 2, &[&text[..length]]);
                assert_eq!(
                    gunzip(&compressed),
                    &text[..length],
                    "{length} {block_size}"
                );
            }
        }
    }

    #[test]
    fn the_header_says_nothing_about_the_host() {
        for (level, flags) in [(1, 4), (6, 0), (9, 2)] {
            let compressed = gzip(&parameters(4096, level), 1, &[b"x"]);
            assert_eq!(compressed[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, flags, 255]);
        }
    }

    #[test]
    fn an_error_of_the_producer_ends_all_threads() {
        #[derive(Debug, PartialEq)]
        enum Failure {
            Mine,
            Io,
        }
        impl From<io::Error> for Failure {
            fn from(_: io::Error) -> Self {
                Self::Io
            }
        }
        let threads = NonZeroUsize::new(3).unwrap();
        let result: Result<Infallible, _> =
            compress(&parameters(4096, 6), threads, &mut io::sink(), |writer| {
                writer.write_all(&[1; 100_000])?;
                Err(Failure::Mine)
            });
        assert_eq!(result, Err(Failure::Mine));
    }

    proptest! {
        #[test]
        fn bytes_depend_on_the_input_alone(
            seed in prop::collection::vec(any::<u8>(), 0..600),
            repeats in 1_usize..200,
            noise in prop::collection::vec(any::<u8>(), 0..20_000),
            threads in 2_usize..9,
            piece in 1_usize..30_000,
            level in 1_u8..10,
        ) {
            let mut input = seed.repeat(repeats);
            input.extend_from_slice(&noise);
            let parameters = parameters(8192, level);
            let alone = gzip(&parameters, 1, &[&input]);
            prop_assert_eq!(gunzip(&alone), &input[..]);
            let pieces: Vec<_> = input.chunks(piece).collect();
            prop_assert_eq!(&gzip(&parameters, threads, &pieces), &alone);
        }
    }
}
