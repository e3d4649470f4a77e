//! Hashing while streaming: bytes from a network or an archive are never read twice.

use std::io::{self, Write};

use sha2::{Digest as _, Sha256, Sha512};

use crate::{Algorithm, Digest};

/// A running digest of an algorithm chosen at run time.
#[derive(Debug, Clone)]
pub struct Hasher(State);

#[derive(Debug, Clone)]
enum State {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Hasher {
    /// A hasher that has seen nothing.
    pub fn new(algorithm: Algorithm) -> Self {
        Self(match algorithm {
            Algorithm::Sha256 => State::Sha256(Sha256::new()),
            Algorithm::Sha512 => State::Sha512(Sha512::new()),
        })
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Sha256(state) => state.update(bytes),
            State::Sha512(state) => state.update(bytes),
        }
    }

    /// The digest of everything taken in.
    pub fn finish(self) -> Digest {
        match self.0 {
            State::Sha256(state) => Digest::from_hash(Algorithm::Sha256, &state.finalize()),
            State::Sha512(state) => Digest::from_hash(Algorithm::Sha512, &state.finalize()),
        }
    }
}

/// A writer that hashes and counts what passes through it.
///
/// Only bytes the inner writer accepted are hashed, so the digest is that of what was written even
/// if the inner writer takes less than it was offered.
#[derive(Debug)]
pub struct DigestWriter<W> {
    inner: W,
    hasher: Hasher,
    size: u64,
}

impl<W: Write> DigestWriter<W> {
    /// Wraps `inner`; pass `&mut file` to keep the file.
    pub fn new(algorithm: Algorithm, inner: W) -> Self {
        Self {
            inner,
            hasher: Hasher::new(algorithm),
            size: 0,
        }
    }

    /// How many bytes have passed so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The digest and the number of the bytes that passed. Does not flush the inner writer.
    pub fn finish(self) -> (Digest, u64) {
        (self.hasher.finish(), self.size)
    }
}

impl<W: Write> Write for DigestWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let accepted = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..accepted]);
        self.size += accepted as u64;
        Ok(accepted)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes three bytes at a time, as a pipe may.
    struct Reluctant(Vec<u8>);

    impl Write for Reluctant {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(&bytes[..bytes.len().min(3)])
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn hashes_what_was_written_and_nothing_else() {
        let mut reluctant = Reluctant(Vec::new());
        let mut writer = DigestWriter::new(Algorithm::Sha256, &mut reluctant);
        writer.write_all(b"many small writes").unwrap();
        assert_eq!(
            writer.finish(),
            (Digest::sha256_of(b"many small writes"), 17)
        );
        assert_eq!(reluctant.0, b"many small writes");
    }

    #[test]
    fn sha512_of_abc_is_the_published_one() {
        let mut hasher = Hasher::new(Algorithm::Sha512);
        hasher.update(b"a");
        hasher.update(b"bc");
        let digest = hasher.finish().to_string();
        assert!(
            digest.starts_with("sha512:ddaf35a193617abacc417349ae204131"),
            "{digest}"
        );
    }
}
