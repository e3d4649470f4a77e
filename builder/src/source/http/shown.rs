//! Addresses as they may be shown: one of apt's can carry a user and a password, and a message ends
//! up in logs and bug reports.

use std::fmt;

use url::Url;

/// An address without user and password. Errors hold this and never a [`Url`], so that not even
/// their `Debug` form gives a secret away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownUrl(String);

impl From<&Url> for ShownUrl {
    fn from(url: &Url) -> Self {
        // `user:secret@host` is an address too, with the scheme `user`.
        if url.cannot_be_a_base() {
            return Self(without_userinfo(url.as_str()));
        }
        let mut url = url.clone();
        // Refused only where an address can have neither.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        Self(url.into())
    }
}

impl fmt::Display for ShownUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// An address that perhaps cannot be parsed: what stands between the scheme and the last `@` goes.
/// Cuts too much rather than too little.
#[must_use]
pub fn without_userinfo(address: &str) -> String {
    match address.rsplit_once('@') {
        None => address.to_owned(),
        Some((before, host)) => match before.split_once("://") {
            Some((scheme, _)) => format!("{scheme}://{host}"),
            None => host.to_owned(),
        },
    }
}

/// Somebody else's text with addresses in it.
#[must_use]
pub fn text_without_userinfo(text: &str) -> String {
    text.split_inclusive(char::is_whitespace)
        .map(without_userinfo)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_user_and_password() {
        let table = [
            (
                "https://user:secret@host.example/debian/",
                "https://host.example/debian/",
            ),
            (
                "https://secret@host.example:81/a?b=c",
                "https://host.example:81/a?b=c",
            ),
            ("http://host.example/a@b", "http://host.example/a@b"),
            ("file:///srv/debian", "file:///srv/debian"),
            ("user:secret@host.example/debian", "host.example/debian"),
        ];
        for (address, shown) in table {
            let url = Url::parse(address).unwrap();
            assert_eq!(ShownUrl::from(&url).to_string(), shown);
        }
    }

    #[test]
    fn what_cannot_be_parsed_is_shown_without_users_and_passwords() {
        let table = [
            (
                "no transfer from central (https://user:sec/ret@host.example/maven2): 401",
                "no transfer from central (https://host.example/maven2): 401",
            ),
            ("two\n  lines ", "two\n  lines "),
            ("", ""),
        ];
        for (text, shown) in table {
            assert_eq!(text_without_userinfo(text), shown);
        }
        assert_eq!(without_userinfo("http://user:sec ret@:x"), "http://:x");
        assert_eq!(without_userinfo("http:user:secret@host"), "host");
    }
}
