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
    parse_address(&format!("{}/", text.trim_end_matches('/')))
}
