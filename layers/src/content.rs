//! The bytes of a file: in memory, or still where they are on the host.
//!
//! Trees hold contents by reference so that a layer of any size is assembled in constant memory.
//! Between building a tree and writing it the host may change; reading therefore insists on the size
//! the tree was built with, and says which host file broke its word.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::Arc,
};

/// How much two contents are compared at a time.
const COMPARED_AT_ONCE: usize = 64 * 1024;

/// Where the bytes of a file are.
#[derive(Debug, Clone)]
pub enum Content {
    /// In memory.
    Bytes(Arc<[u8]>),
    /// A whole file on the host: it must still have this size when it is read.
    File {
        /// The file on the host.
        path: Arc<Path>,
        /// Its size in bytes when the tree was built.
        size: u64,
    },
    /// A part of a file on the host: a member of an uncompressed archive.
    Range {
        /// The archive on the host.
        path: Arc<Path>,
        /// Where the part begins, in bytes.
        offset: u64,
        /// How long the part is, in bytes.
        size: u64,
    },
}

impl Content {
    /// The number of bytes.
    pub fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { size, .. } | Self::Range { size, .. } => *size,
        }
    }

    /// Begins to read from the first byte.
    pub fn open(&self) -> Result<ContentReader, ContentError> {
        let source = match self {
            Self::Bytes(bytes) => Source::Bytes(io::Cursor::new(bytes.clone())),
            Self::File { path, .. } => Source::host(path, 0, true)?,
            Self::Range { path, offset, .. } => Source::host(path, *offset, false)?,
        };
        Ok(ContentReader {
            source,
            size: self.size(),
            delivered: 0,
        })
    }

    /// All bytes, for small files such as a package's status.
    pub fn read_all(&self) -> Result<Vec<u8>, ContentError> {
        let mut reader = self.open()?;
        let mut bytes = Vec::new();
        let mut buffer = [0; 8 * 1024];
        loop {
            match reader.read_chunk(&mut buffer)? {
                0 => return Ok(bytes),
                length => bytes.extend_from_slice(&buffer[..length]),
            }
        }
    }

    /// Whether both have the same bytes, wherever those are.
    pub fn same_bytes(&self, other: &Self) -> Result<bool, ContentError> {
        if self.size() != other.size() {
            return Ok(false);
        }
        if self.same_place(other) {
            return Ok(true);
        }
        let (mut left, mut right) = (self.open()?, other.open()?);
        let mut left_buffer = vec![0; COMPARED_AT_ONCE];
        let mut right_buffer = vec![0; COMPARED_AT_ONCE];
        loop {
            let left_chunk = left.fill(&mut left_buffer)?;
            let right_chunk = right.fill(&mut right_buffer)?;
            if left_chunk != right_chunk {
                return Ok(false);
            }
            if left_chunk.is_empty() {
                return Ok(true);
            }
        }
    }

    /// Whether both are the very same bytes, known without reading.
    fn same_place(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bytes(left), Self::Bytes(right)) => Arc::ptr_eq(left, right),
            (Self::File { path: left, .. }, Self::File { path: right, .. }) => left == right,
            (
                Self::Range {
                    path: left,
                    offset: left_offset,
                    ..
                },
                Self::Range {
                    path: right,
                    offset: right_offset,
                    ..
                },
            ) => left == right && left_offset == right_offset,
            _ => false,
        }
    }
}

impl<T: Into<Arc<[u8]>>> From<T> for Content {
    fn from(bytes: T) -> Self {
        Self::Bytes(bytes.into())
    }
}

/// Reads one [`Content`] from its first byte to its last, then insists that nothing follows.
#[derive(Debug)]
pub struct ContentReader {
    source: Source,
    size: u64,
    delivered: u64,
}

#[derive(Debug)]
enum Source {
    Bytes(io::Cursor<Arc<[u8]>>),
    Host {
        file: File,
        path: Arc<Path>,
        /// Whether the content is the whole file, so that more bytes mean that it grew.
        whole: bool,
    },
}

impl Source {
    fn host(path: &Arc<Path>, offset: u64, whole: bool) -> Result<Self, ContentError> {
        let failed = |source| ContentError::Read {
            path: path.to_path_buf(),
            source,
        };
        let mut file = File::open(path).map_err(failed)?;
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        Ok(Self::Host {
            file,
            path: path.clone(),
            whole,
        })
    }
}

impl ContentReader {
    /// Reads up to `buffer.len()` bytes; 0 means the end, which is exactly at [`Content::size`].
    ///
    /// # Errors
    /// [`ContentError::Changed`] if the host file is now shorter, or a whole file is now longer.
    pub fn read_chunk(&mut self, buffer: &mut [u8]) -> Result<usize, ContentError> {
        let left = usize::try_from(self.size - self.delivered).unwrap_or(usize::MAX);
        if left == 0 {
            self.insist_on_end()?;
            return Ok(0);
        }
        let limit = left.min(buffer.len());
        let length = self.read_source(&mut buffer[..limit])?;
        if length == 0 && limit > 0 {
            return Err(self.changed());
        }
        self.delivered += length as u64;
        Ok(length)
    }

    /// Fills `buffer` as far as there are bytes and returns the filled part.
    fn fill<'buffer>(&mut self, buffer: &'buffer mut [u8]) -> Result<&'buffer [u8], ContentError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.read_chunk(&mut buffer[filled..])? {
                0 => break,
                length => filled += length,
            }
        }
        Ok(&buffer[..filled])
    }

    fn read_source(&mut self, buffer: &mut [u8]) -> Result<usize, ContentError> {
        match &mut self.source {
            Source::Bytes(bytes) => {
                let length = bytes.read(buffer).unwrap_or(0);
                Ok(length)
            }
            Source::Host { file, path, .. } => loop {
                match file.read(buffer) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    result => {
                        return result.map_err(|source| ContentError::Read {
                            path: path.to_path_buf(),
                            source,
                        });
                    }
                }
            },
        }
    }

    fn insist_on_end(&mut self) -> Result<(), ContentError> {
        let whole = matches!(self.source, Source::Host { whole: true, .. });
        if whole && self.read_source(&mut [0])? != 0 {
            return Err(self.changed());
        }
        Ok(())
    }

    fn changed(&self) -> ContentError {
        let path = match &self.source {
            Source::Bytes(_) => PathBuf::new(),
            Source::Host { path, .. } => path.to_path_buf(),
        };
        ContentError::Changed {
            path,
            expected: self.size,
        }
    }
}

impl Read for ContentReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_chunk(buffer).map_err(io::Error::other)
    }
}

/// Why a content could not be delivered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// The host could not read it.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file on the host.
        path: PathBuf,
        /// What the host said.
        source: io::Error,
    },
    /// The host file does not have the bytes it had when the tree was built.
    #[error("`{}` changed while it was in use: {expected} bytes were expected", path.display())]
    Changed {
        /// The file on the host.
        path: PathBuf,
        /// The size of the content when the tree was built.
        expected: u64,
    },
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn range(path: &Path, offset: u64, size: u64) -> Content {
        Content::Range {
            path: path.into(),
            offset,
            size,
        }
    }

    fn file(path: &Path, size: u64) -> Content {
        Content::File {
            path: path.into(),
            size,
        }
    }

    #[test]
    fn reads_bytes_files_and_ranges() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("host");
        fs::write(&path, "0123456789").unwrap();
        let cases = [
            (Content::from(*b"0123456789"), "0123456789"),
            (file(&path, 10), "0123456789"),
            (range(&path, 2, 3), "234"),
            (range(&path, 10, 0), ""),
            (Content::from([]), ""),
        ];
        for (content, expected) in &cases {
            assert_eq!(content.read_all().unwrap(), expected.as_bytes());
        }
        assert!(cases[0].0.same_bytes(&cases[1].0).unwrap());
        assert!(!cases[0].0.same_bytes(&cases[2].0).unwrap());
        assert!(!Content::from(*b"235").same_bytes(&cases[2].0).unwrap());
        assert!(cases[3].0.same_bytes(&cases[4].0).unwrap());
    }

    #[test]
    fn a_file_that_changed_size_is_an_error_that_names_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("host");
        fs::write(&path, "0123456789").unwrap();
        for content in [file(&path, 9), file(&path, 11), range(&path, 5, 6)] {
            let error = content.read_all().unwrap_err();
            assert!(
                matches!(error, ContentError::Changed { .. }),
                "{content:?}: {error}"
            );
            assert!(
                error.to_string().contains(path.to_str().unwrap()),
                "{error}"
            );
        }
        fs::remove_file(&path).unwrap();
        let error = file(&path, 10).read_all().unwrap_err();
        assert!(matches!(error, ContentError::Read { .. }), "{error}");
    }
}
