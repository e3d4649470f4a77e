//! Who holds a locked file, as the holder has written into it: for messages, never for decisions.

use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, Write};

/// No holder writes more.
const LIMIT: u64 = 4096;

/// A process that has locked something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    process: Option<u32>,
    activity: String,
}

impl Holder {
    /// This process. `activity` is a verb and its object: ``fetches `bash.deb` ``.
    pub(super) fn this_process(activity: &str) -> Self {
        Self {
            process: Some(std::process::id()),
            activity: activity.to_owned(),
        }
    }

    /// Its number, where it has been written down.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.process
    }

    /// Whether it is another thread of this process, whose user need not be told.
    #[must_use]
    pub fn is_this_process(&self) -> bool {
        self.process == Some(std::process::id())
    }

    /// What stands in a file that somebody has locked, perhaps this very moment.
    pub(super) fn read(file: &mut File) -> Self {
        let mut bytes = Vec::new();
        // What cannot be read is as good as not written yet.
        let _ = file
            .rewind()
            .and_then(|()| file.take(LIMIT).read_to_end(&mut bytes));
        let text = String::from_utf8_lossy(&bytes);
        let (process, activity) = text.split_once('\n').unwrap_or_default();
        Self {
            process: process.parse().ok(),
            activity: activity
                .chars()
                .filter(|character| !character.is_control())
                .collect(),
        }
    }

    /// Writes it into a file that this process has locked. On a full disk it is not known who has it.
    pub(super) fn write(&self, file: &mut File) {
        let process = self.process.unwrap_or_default();
        let text = format!("{process}\n{}\n", self.activity);
        let _ = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(text.as_bytes()));
    }
}

impl fmt::Display for Holder {
    /// ``process 1234, which fetches `bash.deb` ``
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.process {
            Some(process) => write!(formatter, "process {process}")?,
            None => formatter.write_str("another process")?,
        }
        if !self.activity.is_empty() {
            write!(formatter, ", which {}", self.activity)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_stands_in_the_file_can_be_shown() {
        let table: [(&[u8], &str); 7] = [
            (b"", "another process"),
            (b"12", "another process"),
            (b"12\n\n", "process 12"),
            (b"12\nfetches `x`\n", "process 12, which fetches `x`"),
            (
                b"twelve\nfetches `x`\n",
                "another process, which fetches `x`",
            ),
            (
                b"12\nrings\x07\x1b[31m\nthe bell\n",
                "process 12, which rings[31mthe bell",
            ),
            (b"12\n\xff\n", "process 12, which \u{fffd}"),
        ];
        for (bytes, shown) in table {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(bytes).unwrap();
            assert_eq!(Holder::read(&mut file).to_string(), shown);
        }
    }

    #[test]
    fn a_shorter_one_replaces_a_longer_one() {
        let mut file = tempfile::tempfile().unwrap();
        for activity in ["fetches a large file", "rests", ""] {
            let holder = Holder::this_process(activity);
            holder.write(&mut file);
            assert_eq!(Holder::read(&mut file), holder);
        }
    }
}
