//! Bytes of any reader into the store, checked on the way.

use std::io::{self, Read, Write};

use thiserror::Error;

use crate::store::{BlobWriter, Expected, Store, StoreError};

/// Why bytes did not become a blob.
#[derive(Debug, Error)]
pub enum CopyError {
    /// Reading broke off.
    #[error(transparent)]
    Read(io::Error),
    /// The bytes are others than expected.
    #[error(transparent)]
    Mismatch(StoreError),
    /// The store could not be written.
    #[error(transparent)]
    Store(StoreError),
}

/// Streams `reader` into the store as the blob `expected`; `name` is for the message.
pub fn copy_verified(
    reader: &mut impl Read,
    store: &Store,
    name: &str,
    expected: &Expected,
) -> Result<(), CopyError> {
    let mut partial = Partial::new(store, name, expected)?;
    partial.append(reader)?;
    partial.commit()
}

/// A blob of which a part has come.
pub(super) struct Partial<'a> {
    store: &'a Store,
    name: &'a str,
    expected: &'a Expected,
    writer: BlobWriter<'a>,
    len: u64,
}

impl<'a> Partial<'a> {
    pub(super) fn new(
        store: &'a Store,
        name: &'a str,
        expected: &'a Expected,
    ) -> Result<Self, CopyError> {
        let writer = store
            .writer(expected.digest.algorithm(), expected.limit())
            .map_err(CopyError::Store)?;
        Ok(Self {
            store,
            name,
            expected,
            writer,
            len: 0,
        })
    }

    /// Bytes that have come.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Bytes that have not; `None` where nobody knows.
    pub(super) fn missing(&self) -> Option<u64> {
        self.expected.size.map(|size| size - self.len)
    }

    /// Whether so many more bytes would be too many, or too few for there to be no others.
    pub(super) fn cannot_take(&self, more: u64) -> bool {
        match self.missing() {
            Some(missing) => more != missing,
            None => more > self.room(),
        }
    }

    fn room(&self) -> u64 {
        self.expected.limit() - self.len
    }

    /// That the bytes are others, by their number.
    pub(super) fn mismatch(&self, found: String) -> CopyError {
        CopyError::Mismatch(StoreError::Mismatch {
            name: self.name.to_owned(),
            expected: match self.expected.size {
                Some(size) => format!("{size} bytes"),
                None => format!("{} bytes at most", self.expected.limit()),
            },
            found,
        })
    }

    /// Appends all that `reader` gives. What came before an error stays.
    pub(super) fn append(&mut self, reader: &mut impl Read) -> Result<(), CopyError> {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(CopyError::Read(error)),
            };
            // Not left to the writer: its error for too many bytes is also the system's for a file
            // that may not grow.
            if count as u64 > self.room() {
                return Err(self.mismatch("more".to_owned()));
            }
            self.writer.write_all(&buffer[..count]).map_err(|error| {
                let directory = self.store.work().path();
                CopyError::Store(StoreError::io("write a file in", directory)(error))
            })?;
            self.len += count as u64;
        }
    }

    /// Checks size and digest and moves the blob into place.
    pub(super) fn commit(self) -> Result<(), CopyError> {
        (self.writer.commit(self.name, self.expected)).map_err(|error| match error {
            StoreError::Mismatch { .. } => CopyError::Mismatch(error),
            _ => CopyError::Store(error),
        })
    }
}
