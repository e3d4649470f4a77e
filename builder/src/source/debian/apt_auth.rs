//! Users and passwords that apt keeps apart from its sources (apt_auth.conf(5)): `auth.conf`, then
//! the parts of `auth.conf.d` in order of name.
//!
//! Looked up in apt's own way, word by word: `machine`, `login` and `password` with the word after
//! each, all others skipped. So there are no comments, and a `login` that follows a `machine` with
//! `#` before it belongs to the machine above.
//!
//! Such files are often for root alone, and most of their machines are not ours to ask: one that
//! cannot be read is worth a note, not a warning.

use std::io;
use std::path::{Path, PathBuf};

use url::Url;

use super::apt_file::{
    AptLocation, AptProblem, AptWarning, Place, is_part, parts, read_text, warn_once,
};

/// Who to be for an address.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// As it is, not escaped; can be empty.
    pub user: String,
    /// As it is, not escaped; can be empty.
    pub password: String,
}

/// One file.
pub struct AuthFile {
    path: PathBuf,
    /// Its words, each with its line, counted from 1.
    words: Vec<(usize, String)>,
}

/// All files, in apt's order.
#[derive(Default)]
pub(super) struct AptAuth {
    files: Vec<AuthFile>,
}

/// What a file has for an address.
#[derive(Default)]
pub struct Looked {
    /// Empty where there is nothing.
    pub credentials: Credentials,
    /// The lines of machines that would match if the connection was encrypted.
    pub unencrypted: Vec<usize>,
}

/// An address as apt takes it apart.
pub struct Site<'address> {
    scheme: &'address str,
    has_user: bool,
    host: &'address str,
    port: Option<u16>,
    /// From the first slash on.
    path: &'address str,
}

impl<'address> Site<'address> {
    /// `None` for what is not `scheme://host…`.
    pub fn of(address: &'address str) -> Option<Self> {
        let (scheme, rest) = address.split_once("://")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, authority) = authority.rsplit_once('@').unwrap_or(("", authority));
        let port_after = authority.rfind(']').unwrap_or(0);
        let (host, port) = match authority.rfind(':').filter(|at| *at >= port_after) {
            Some(at) => (&authority[..at], authority[at + 1..].parse().ok()),
            None => (authority, None),
        };
        Some(Self {
            scheme,
            has_user: !matches!(user, "" | ":"),
            host: host.trim_matches(['[', ']']),
            port: port.filter(|port| *port != 0),
            path: if path.is_empty() { "/" } else { path },
        })
    }

    fn is_encrypted(&self) -> bool {
        self.scheme == "https"
    }

    /// Whether this is `[scheme://]host[:port][/path]`. A machine without a port and without a path
    /// is any port, one with a path is the port that the address names; a path is a beginning.
    fn is(&self, machine: &str) -> bool {
        let machine = match machine.split_once("://") {
            Some((scheme, machine)) if scheme == self.scheme => machine,
            Some(_) => return false,
            None => machine,
        };
        let with_port = match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.to_owned(),
        };
        match machine.find('/') {
            None => [self.host, &with_port]
                .iter()
                .any(|it| it.eq_ignore_ascii_case(machine)),
            Some(slash) => {
                let (authority, path) = machine.split_at(slash);
                with_port.eq_ignore_ascii_case(authority) && self.path.starts_with(path)
            }
        }
    }
}

impl AuthFile {
    /// Takes a text apart.
    pub fn parse(path: PathBuf, text: &str) -> Self {
        let words = text.lines().enumerate().flat_map(|(index, line)| {
            line.split([' ', '\t'])
                .filter(|word| !word.is_empty())
                .map(move |word| (index + 1, word.to_owned()))
        });
        Self {
            path,
            words: words.collect(),
        }
    }

    /// The first machine that is the address decides, even if it has neither user nor password.
    pub fn look_up(&self, site: &Site<'_>) -> Looked {
        let mut looked = Looked::default();
        let mut ours = false;
        let mut words = self.words.iter();
        while let Some((_, word)) = words.next() {
            match word.as_str() {
                "machine" if ours => break,
                "machine" => {
                    let Some((line, machine)) = words.next() else {
                        break;
                    };
                    ours = site.is(machine);
                    if ours && !machine.contains("://") && !site.is_encrypted() {
                        looked.unencrypted.push(*line);
                        ours = false;
                    }
                }
                "login" | "password" if ours => {
                    let Some((_, value)) = words.next() else {
                        break;
                    };
                    let field = match word.as_str() {
                        "login" => &mut looked.credentials.user,
                        _ => &mut looked.credentials.password,
                    };
                    field.clone_from(value);
                }
                _ => {}
            }
        }
        looked
    }
}

impl AptAuth {
    /// Reads the files. A host without any knows nobody.
    pub(super) fn read(location: &AptLocation, warnings: &mut Vec<AptWarning>) -> Self {
        let mut auth = Self::default();
        auth.file(&location.directory.join("auth.conf"), warnings);
        let directory = location.directory.join("auth.conf.d");
        match parts(&directory, is_part) {
            Ok(files) => files.iter().for_each(|file| auth.file(file, warnings)),
            Err(problem) => warnings.push(unread(&directory, problem)),
        }
        auth
    }

    fn file(&mut self, path: &Path, warnings: &mut Vec<AptWarning>) {
        match read_text(path) {
            Ok(Some(text)) => self.files.push(AuthFile::parse(path.to_owned(), &text)),
            Ok(None) => {}
            Err(problem) => warnings.push(unread(path, problem)),
        }
    }

    /// What the files have for an address that names no user of its own.
    pub(super) fn credentials(
        &self,
        address: &str,
        warnings: &mut Vec<AptWarning>,
    ) -> Option<Credentials> {
        let site = Site::of(address).filter(|site| !site.has_user)?;
        for file in &self.files {
            let looked = file.look_up(&site);
            for line in looked.unencrypted {
                let place = Place {
                    file: file.path.clone(),
                    line: Some(line),
                };
                let problem = AptProblem::Unencrypted(site.scheme.to_owned());
                warn_once(warnings, place, problem);
            }
            if looked.credentials != Credentials::default() {
                return Some(looked.credentials);
            }
        }
        None
    }
}

impl Credentials {
    /// Puts them into an address, escaped.
    pub(super) fn apply(&self, address: &mut Url) {
        // What looks like an escape is none: all else is escaped by the address itself.
        let [user, password] = [&self.user, &self.password].map(|it| it.replace('%', "%25"));
        // Refused only for addresses without a host, for which no machine can match.
        let _ = address.set_username(&user);
        if !password.is_empty() {
            let _ = address.set_password(Some(&password));
        }
    }
}

fn unread(path: &Path, problem: AptProblem) -> AptWarning {
    let source = match problem {
        AptProblem::Read(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            AptProblem::Concealed(error)
        }
        other => other,
    };
    AptWarning {
        place: Place {
            file: path.to_owned(),
            line: None,
        },
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a file has for an address, as `user:password`, and `!` for each machine that would match
    /// an encrypted connection.
    fn found(text: &str, address: &str) -> String {
        let file = AuthFile::parse(PathBuf::new(), text);
        let looked = file.look_up(&Site::of(address).unwrap());
        let Credentials { user, password } = looked.credentials;
        format!("{user}:{password}{}", "!".repeat(looked.unencrypted.len()))
    }

    // Each row was held against what apt 2.6.1 sends on loopback; it minds the case of the host.
    #[test]
    fn matches_machines_as_apt_does() {
        let (http, https) = (
            "http://host.example:81/debian/",
            "https://host.example/debian/",
        );
        let table = [
            (https, "host.example", true),
            (https, "HOST.example", true),
            (https, "https://host.example", true),
            (https, "http://host.example", false),
            (https, "HTTPS://host.example", false),
            (https, "host.example/", true),
            (https, "host.example/deb", true),
            (https, "host.example/debian", true),
            (https, "host.example/debian/", true),
            (https, "host.example/debian/dists/", false),
            (https, "host.example/deb/", false),
            (https, "host.example/Debian", false),
            (https, "host.example:443", false),
            (https, "host.example:443/debian", false),
            (https, "host.examplea", false),
            (https, "other.example", false),
            (https, "/", false),
            (https, "https://", false),
            (http, "http://host.example", true),
            (http, "http://host.example:81", true),
            (http, "http://host.example:81/", true),
            (http, "http://host.example:82", false),
            // With a path, the port has to be there too.
            (http, "http://host.example/", false),
            (http, "https://host.example", false),
            ("https://host.example:443/debian/", "host.example:443", true),
            ("https://HOST.example", "host.example/", true),
            ("https://[::1]:81/", "::1", true),
            ("https://[::1]/", "::1", true),
        ];
        for (address, machine, expected) in table {
            let text = format!("machine {machine} login a password b");
            let expected = if expected { "a:b" } else { ":" };
            assert_eq!(found(&text, address), expected, "{machine} {address}");
        }
        for machine in ["host.example", "host.example:81/debian"] {
            let text = format!("machine {machine} login a password b");
            assert_eq!(found(&text, http), ":!", "{machine}");
        }
    }

    // Each row was held against what apt 2.6.1 sends on loopback.
    #[test]
    fn reads_words_as_apt_does() {
        let table = [
            ("", ":"),
            ("machine a\n\tlogin  u\r\n\n\tpassword p\r\n", "u:p"),
            ("machine a login u", "u:"),
            ("machine a password p", ":p"),
            ("machine a login u password", "u:"),
            ("machine a login", ":"),
            ("machine", ":"),
            ("machine a account z login u password p", "u:p"),
            ("machine a login u@x password p:%40/#\"", "u@x:p:%40/#\""),
            ("machine a login u login v password p", "v:p"),
            ("machine a machine a login u", ":"),
            ("machine a login u machine a password p", "u:"),
            (
                "machine b login v password q machine a login u password p",
                "u:p",
            ),
            ("machine b login machine a login u password p", "u:p"),
            (
                "machine a login machine password machine",
                "machine:machine",
            ),
            ("MACHINE a LOGIN u PASSWORD p", ":"),
            ("default login u password p", ":"),
            (
                "# of the company\nmachine a login u # me\npassword p",
                "u:p",
            ),
            (
                "#machine a login v password q\nmachine a login u password p",
                "u:p",
            ),
            (
                "# machine a login v password q\nmachine a login u password p",
                "v:q",
            ),
            (
                "machine a login u password p\n#machine b login v password q",
                "v:q",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(found(text, "https://a/"), expected, "{text:?}");
        }
    }

    #[test]
    fn the_first_file_with_anything_decides_and_an_own_user_stays() {
        let file = |text| AuthFile::parse(PathBuf::from("auth.conf"), text);
        let auth = AptAuth {
            files: vec![
                file("machine a.example\nmachine plain.example login u"),
                file("machine a.example login u%2F password p@s/"),
                file("machine a.example login v password q"),
            ],
        };
        let applied = |address: &str| {
            let mut warnings = Vec::new();
            let found = auth.credentials(address, &mut warnings);
            let mut url = Url::parse(address).unwrap();
            if let Some(found) = found {
                found.apply(&mut url);
            }
            let warnings = warnings.iter().map(AptWarning::message);
            (url.to_string(), warnings.collect::<Vec<_>>())
        };
        let table = [
            ("https://a.example/", "https://u%252F:p%40s%2F@a.example/"),
            ("https://me@a.example/", "https://me@a.example/"),
            ("https://:secret@a.example/", "https://:secret@a.example/"),
            ("https://b.example/", "https://b.example/"),
        ];
        for (address, expected) in table {
            assert_eq!(applied(address), (expected.to_owned(), Vec::new()));
        }
        assert_eq!(
            applied("http://plain.example/"),
            (
                "http://plain.example/".to_owned(),
                vec!["auth.conf:2: passed over: user and password go over `http:` only where `http://` stands before the host".to_owned()]
            )
        );
    }

    #[test]
    fn a_file_for_root_alone_is_worth_a_note() {
        let warning = |kind: io::ErrorKind| unread(Path::new("a"), AptProblem::Read(kind.into()));
        assert!(warning(io::ErrorKind::PermissionDenied).is_note());
        assert!(!warning(io::ErrorKind::Other).is_note());
        assert!(!unread(Path::new("a"), AptProblem::TooLarge).is_note());
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>(), address in "[a-z]{0,2}://[a@:/\\[\\]0-9é]{0,12}|.*") {
            if let Some(site) = Site::of(&address) {
                let _ = AuthFile::parse(PathBuf::new(), &text).look_up(&site);
                let _ = site.is(&address);
            }
        }

        #[test]
        fn finds_what_is_written(
            machines in prop::collection::btree_map("[a-z]{1,8}", ("[!-~é]{1,9}", "[!-~é]{1,9}"), 1..6),
            gap in prop::sample::select(vec![" ", "\n", "\t\t", "\r\n \n"]),
        ) {
            let mut text = String::new();
            for (host, (user, password)) in &machines {
                text += &format!("machine{gap}{host}.example{gap}login{gap}{user}{gap}password{gap}{password}{gap}");
            }
            for (host, (user, password)) in &machines {
                let address = format!("https://{host}.example/debian/");
                prop_assert_eq!(found(&text, &address), format!("{user}:{password}"), "{}", text);
            }
        }
    }
}
