//! `myid`, the file in the data directory that says which server of the ensemble this one is.

use std::path::Path;

use crate::file;
use crate::servers::ServerId;

/// What a `myid` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Myid {
    /// Nothing: a start that was killed between creating and writing it elsewhere leaves an empty one.
    Empty,
    /// The number of a server.
    Server(ServerId),
    /// A number that we give to nobody, and ZooKeeper starts with.
    OutOfRange,
    /// No number.
    Invalid,
}

impl Myid {
    /// Reads the content of the file, of which the first line counts.
    pub fn parse(content: &str) -> Self {
        let number = content.lines().next().unwrap_or_default().trim();
        if number.is_empty() {
            return Self::Empty;
        }
        match ServerId::parse(number) {
            Some(id) => Self::Server(id),
            // A number of 64 bits in ZooKeeper.
            None if number.parse::<i64>().is_ok() => Self::OutOfRange,
            None => Self::Invalid,
        }
    }
}

/// The server whose data is in a directory, where its `myid` is one of ours.
pub fn server_of(data_directory: &Path) -> Option<ServerId> {
    let content = file::read(&data_directory.join("myid")).ok()??;
    match Myid::parse(&String::from_utf8_lossy(&content)) {
        Myid::Server(id) => Some(id),
        Myid::Empty | Myid::OutOfRange | Myid::Invalid => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_line_is_the_number() {
        let server = |id| ServerId::new(id).map_or(Myid::Invalid, Myid::Server);
        for (content, expected) in [
            ("7\n", server(7)),
            (" 255 \nmore\n", server(255)),
            ("", Myid::Empty),
            ("\n7\n", Myid::Empty),
            ("0", Myid::OutOfRange),
            ("256", Myid::OutOfRange),
            ("-1", Myid::OutOfRange),
            ("seven", Myid::Invalid),
            ("1 2", Myid::Invalid),
            ("99999999999999999999", Myid::Invalid),
        ] {
            assert_eq!(Myid::parse(content), expected, "{content:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(content in any::<String>()) {
            Myid::parse(&content);
        }

        #[test]
        fn every_number_is_known(id in 1..=255_u8) {
            let expected = ServerId::new(id).map(Myid::Server);
            prop_assert_eq!(Some(Myid::parse(&format!("{id}\n"))), expected);
        }
    }
}
