//! Reading what is not pinned by size: up to a limit, and beyond it an error.

use std::io::{self, Read};

use url::Url;

use super::download::chain;
use super::http::{HttpClient, ShownUrl};

/// Unlike [`Read::take`], an error where there is more: half a list would be one without its end.
#[derive(Debug)]
pub(super) struct Limited<R> {
    /// What is read.
    pub(super) reader: R,
    /// Bytes that may still come.
    pub(super) left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.left = self
            .left
            .checked_sub(count as u64)
            .ok_or_else(|| io::Error::other("larger than any real one"))?;
        Ok(count)
    }
}

/// A small file that only a signature vouches for; the error is one line that names the address.
pub(super) fn read_limited(
    client: &HttpClient,
    address: &Url,
    limit: u64,
) -> Result<Vec<u8>, String> {
    let reader = client.get(address).map_err(|error| chain(&error))?.body;
    let mut content = Vec::new();
    (Limited {
        reader,
        left: limit,
    }
    .read_to_end(&mut content))
    .map_err(|error| format!("`{}`: {error}", ShownUrl::from(address)))?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_end_is_refused_at_the_limit() {
        let mut limited = Limited {
            reader: io::repeat(b'\n'),
            left: 100_000,
        };
        let error = io::copy(&mut limited, &mut io::sink()).unwrap_err();
        assert_eq!(error.to_string(), "larger than any real one");
        let mut limited = Limited {
            reader: &b"exact"[..],
            left: 5,
        };
        assert_eq!(io::copy(&mut limited, &mut io::sink()).unwrap(), 5);
    }
}
