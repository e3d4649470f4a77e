//! Mirrors that the user names, which are asked before all others.
//!
//! `ADDRESS` alone is the root of a mirror of everything, laid out as `zookiln vendor` writes it: a
//! folder for each archive. `ARCHIVE=ADDRESS` is the root of one archive. An address is one also where it
//! is a directory of this host: `%20` is a blank in it.

use std::fmt;
use std::path::Path;

use thiserror::Error;
use url::Url;

use super::http::{AddressError, ShownUrl, parse_root, without_userinfo};

/// What is mirrored apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Archive {
    /// Releases of the Apache Software Foundation: `zookeeper/zookeeper-3.6.1/…`.
    Apache,
    /// Debian's main archive: `dists/`, `pool/`.
    Debian,
    /// Debian's security archive, of the same form.
    DebianSecurity,
    /// A Maven repository.
    Maven,
}

impl Archive {
    /// Every archive.
    pub const ALL: [Self; 4] = [
        Self::Apache,
        Self::Debian,
        Self::DebianSecurity,
        Self::Maven,
    ];

    /// As written before `=`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apache => "apache",
            Self::Debian => "debian",
            Self::DebianSecurity => "debian-security",
            Self::Maven => "maven",
        }
    }

    /// Its folder in a mirror of everything.
    #[must_use]
    pub fn folder(self) -> &'static str {
        match self {
            Self::Maven => "maven2",
            archive => archive.as_str(),
        }
    }

    /// The one of Debian's two archives that has `suite`.
    #[must_use]
    pub fn of_suite(suite: &str) -> Self {
        if suite.ends_with("-security") {
            Self::DebianSecurity
        } else {
            Self::Debian
        }
    }
}

impl fmt::Display for Archive {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A word that names no mirror.
#[derive(Debug, Error)]
pub enum MirrorError {
    /// What stands before `=` is no archive.
    #[error("unknown archive `{0}`, expected apache, debian, debian-security or maven")]
    Archive(String),
    /// Nothing.
    #[error("an empty address")]
    Empty,
    /// A path of this host.
    #[error("`{0}` is no address: write `file:{0}`")]
    Path(String),
    /// Not to be fetched from.
    #[error(transparent)]
    Address(#[from] AddressError),
}

/// The roots that a user named, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserMirrors {
    roots: Vec<(Archive, Url)>,
    /// As they were named, before one of everything became four.
    named: Vec<Url>,
}

impl UserMirrors {
    /// Parses `ADDRESS` or `ARCHIVE=ADDRESS`; a relative `file:` address is one of `directory`.
    pub fn parse<'a>(
        words: impl IntoIterator<Item = &'a str>,
        directory: &Path,
    ) -> Result<Self, MirrorError> {
        let mut roots = Vec::new();
        let mut named = Vec::new();
        for word in words {
            // An address has a colon before any `=`.
            match word
                .split_once('=')
                .filter(|(name, _)| !name.contains([':', '/']))
            {
                Some((name, address)) => {
                    let archive = Archive::ALL.into_iter().find(|it| it.as_str() == name);
                    let archive = archive.ok_or_else(|| MirrorError::Archive(name.to_owned()))?;
                    let root = root(address, directory)?;
                    named.push(root.clone());
                    roots.push((archive, root));
                }
                None => {
                    let root = root(word, directory)?;
                    named.push(root.clone());
                    roots.extend(Archive::ALL.map(|archive| {
                        let mut own = root.clone();
                        own.set_path(&format!("{}{}/", root.path(), archive.folder()));
                        (archive, own)
                    }));
                }
            }
        }
        Ok(Self { roots, named })
    }

    /// A mirror on this host that is no directory.
    #[must_use]
    pub fn missing_directory(&self) -> Option<ShownUrl> {
        let is_missing = |root: &&Url| {
            root.scheme() == "file" && !root.to_file_path().is_ok_and(|path| path.is_dir())
        };
        self.named.iter().find(is_missing).map(ShownUrl::from)
    }

    /// The roots of one archive.
    pub fn of(&self, archive: Archive) -> impl Iterator<Item = &Url> {
        self.roots
            .iter()
            .filter(move |(own, _)| *own == archive)
            .map(|(_, root)| root)
    }
}

fn root(address: &str, directory: &Path) -> Result<Url, MirrorError> {
    if let Some(path) = address.strip_prefix("file:")
        && !path.starts_with('/')
    {
        let refused = || MirrorError::Path(path.to_owned());
        let directory = Url::from_directory_path(directory).map_err(|()| refused())?;
        // Behind `./` no colon ends a scheme.
        let absolute = directory
            .join(&format!("./{path}"))
            .map_err(|_| refused())?;
        return Ok(parse_root(absolute.as_str())?);
    }
    if address.is_empty() {
        return Err(MirrorError::Empty);
    }
    if !address.contains(':') {
        return Err(MirrorError::Path(without_userinfo(address)));
    }
    Ok(parse_root(address)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Vec<String>, String> {
        let mirrors = UserMirrors::parse(words.iter().copied(), Path::new("/home/me"))
            .map_err(|error| error.to_string())?;
        let shown = |(archive, root): &(Archive, Url)| format!("{archive} {root}");
        Ok(mirrors.roots.iter().map(shown).collect())
    }

    #[test]
    fn a_mirror_of_everything_has_a_folder_for_each_archive() {
        assert_eq!(
            parsed(&["http://mirror.example:8080/all"]).unwrap(),
            [
                "apache http://mirror.example:8080/all/apache/",
                "debian http://mirror.example:8080/all/debian/",
                "debian-security http://mirror.example:8080/all/debian-security/",
                "maven http://mirror.example:8080/all/maven2/",
            ]
        );
    }

    #[test]
    fn words_are_addresses_or_say_what_they_should_be() {
        let table = [
            (
                "maven=https://u:p@repo.example/m2/",
                Ok("maven https://u:p@repo.example/m2/"),
            ),
            ("apache=file:/srv/dist", Ok("apache file:///srv/dist/")),
            ("apache=file:///srv/dist", Ok("apache file:///srv/dist/")),
            (
                "debian=file:vendor/deb",
                Ok("debian file:///home/me/vendor/deb/"),
            ),
            ("debian=file:./vendor", Ok("debian file:///home/me/vendor/")),
            ("debian=file:../a b", Ok("debian file:///home/a%20b/")),
            ("debian=file:a%20b/", Ok("debian file:///home/me/a%20b/")),
            ("debian=file:a:b", Ok("debian file:///home/me/a:b/")),
            ("debian=file:.", Ok("debian file:///home/me/")),
            (
                "npm=https://repo.example",
                Err("unknown archive `npm`, expected apache, debian, debian-security or maven"),
            ),
            (
                "./vendor",
                Err("`./vendor` is no address: write `file:./vendor`"),
            ),
            (
                "/srv/vendor",
                Err("`/srv/vendor` is no address: write `file:/srv/vendor`"),
            ),
            (
                "ftp://u:p@host.example/",
                Err("`ftp://host.example/`: only http, https and file addresses can be fetched"),
            ),
            ("debian=", Err("an empty address")),
        ];
        for (word, expected) in table {
            let expected = expected
                .map(|text| vec![text.to_owned()])
                .map_err(str::to_owned);
            assert_eq!(parsed(&[word]), expected, "{word}");
        }
        let root = parsed(&["file:a=b"]).unwrap();
        assert_eq!(root[0], "apache file:///home/me/a=b/apache/");
    }
}
