//! Addresses that can be fetched from.

use thiserror::Error;
use url::Url;

use super::{ShownUrl, without_userinfo};

/// A text that is no address to fetch from.
#[derive(Debug, Error)]
pub enum AddressError {
    /// Not a URL.
    #[error("`{address}` is no address")]
    Malformed {
        /// As written, without user and password.
        address: String,
        /// What is wrong with it.
        source: url::ParseError,
    },
    /// A scheme that is none of ours.
    #[error("`{0}`: only http, https and file addresses can be fetched")]
    Scheme(ShownUrl),
    /// It ends in a query or a fragment, so that no path can follow.
    #[error("`{0}`: a directory's address has neither `?` nor `#`")]
    NoDirectory(ShownUrl),
}

/// Parses an address that can be handed to [`HttpClient::get`](super::HttpClient::get).
pub fn parse_address(text: &str) -> Result<Url, AddressError> {
    let url = Url::parse(text).map_err(|source| AddressError::Malformed {
        address: without_userinfo(text),
        source,
    })?;
    match url.scheme() {
        "http" | "https" | "file" => Ok(url),
        _ => Err(AddressError::Scheme(ShownUrl::from(&url))),
    }
}

/// The same for a directory: with a slash at its end, so that a path can be joined to it.
pub fn parse_root(text: &str) -> Result<Url, AddressError> {
    let url = parse_address(text)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(AddressError::NoDirectory(ShownUrl::from(&url)));
    }
    parse_address(&format!("{}/", text.trim_end_matches('/')))
}

/// The address of a file by its path below a root. A `%` in the path is one: the path is no address, and
/// `%2e%2e` in it no way out of the root.
#[must_use]
pub fn file_below(root: &Url, path: &str) -> Option<Url> {
    let mut url = root.clone();
    (url.path_segments_mut().ok()?)
        .pop_if_empty()
        .extend(path.split('/'));
    Some(url)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn below(root: &str, path: &str) -> String {
        file_below(&parse_root(root).unwrap(), path)
            .unwrap()
            .to_string()
    }

    #[test]
    fn a_path_is_taken_as_it_is() {
        let table = [
            ("pool/a_1+b~1_all.deb", "pool/a_1+b~1_all.deb"),
            ("pool/a_1%3a2_all.deb", "pool/a_1%253a2_all.deb"),
            ("pool/%2e%2e/%2e%2e/etc", "pool/%252e%252e/%252e%252e/etc"),
            ("http://host.example/a", "http://host.example/a"),
        ];
        for (path, expected) in table {
            assert_eq!(
                below("http://user:secret@mirror.example/debian", path),
                format!("http://user:secret@mirror.example/debian/{expected}")
            );
        }
    }

    proptest! {
        #[test]
        fn a_file_below_a_directory_of_this_host_is_that_file(
            path in "[!-.0-~]{1,12}(/[!-.0-~]{1,12}){0,3}"
        ) {
            let is_plain = |part| !matches!(part, "." | "..");
            prop_assume!(path.split('/').all(is_plain));
            let url = file_below(&parse_root("file:///srv/my%20mirror").unwrap(), &path).unwrap();
            let expected = std::path::Path::new("/srv/my mirror").join(&path);
            prop_assert_eq!(url.to_file_path().unwrap(), expected);
        }
    }
}
