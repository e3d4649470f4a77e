//! A request as it stood on the wire, and when it came.

use std::io::{self, Read};
use std::time::SystemTime;

#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// When its head was whole.
    pub(crate) at: SystemTime,
    pub(crate) method: String,
    /// A path, to a proxy a whole address, for a tunnel host and port.
    pub(crate) target: String,
    /// Which of the server's connections it came by, counted from 0.
    pub(crate) connection: usize,
    /// Names in lower case.
    headers: Vec<(String, String)>,
}

impl Request {
    /// `None` when the client is gone.
    pub(super) fn read(reader: &mut impl Read, connection: usize) -> io::Result<Option<Self>> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            if reader.read(&mut byte)? == 0 {
                return Ok(None);
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head);
        let mut lines = head.lines();
        let mut words = lines.next().unwrap_or_default().split(' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        let (method, target) = (word(), word());
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Ok(Some(Self {
            at: SystemTime::now(),
            method,
            target,
            connection,
            headers,
        }))
    }

    /// Without host and query.
    pub(crate) fn path(&self) -> &str {
        let path = match self.target.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("/", |start| &rest[start..]),
            None => &self.target,
        };
        path.split_once('?').map_or(path, |(path, _)| path)
    }

    pub(crate) fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(found, _)| found == name)?;
        Some(value)
    }

    /// First and last byte asked for of a file of `length` bytes, if only a part is.
    pub(crate) fn range(&self, length: usize) -> Option<(usize, usize)> {
        let (first, last) = self
            .header("range")?
            .strip_prefix("bytes=")?
            .split_once('-')?;
        let end = length.checked_sub(1)?;
        Some(match (first.parse().ok(), last.parse().ok()) {
            (Some(first), Some(last)) => (first, end.min(last)),
            (Some(first), None) if last.is_empty() => (first, end),
            (None, Some(count)) if first.is_empty() => (length.saturating_sub(count), end),
            _ => return None,
        })
    }
}
