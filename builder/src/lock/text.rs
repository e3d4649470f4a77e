//! The lock as it is written, from text and back.

use std::collections::BTreeMap;
use std::path::Path;

use layers::Digest;
use serde::{Deserialize, Serialize};

use super::{DebianLock, FORMAT, Lock, LockedPackage};
use crate::catalog::{CatalogError, Coordinates};
use crate::store::Expected;

/// The lock this program was built with.
pub const EMBEDDED_LOCK: &str = include_str!("../../../versions.lock");

const HEADER: &str =
    "# Written by `zookiln update` from versions.toml. Every input by name, size and digest.\n";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLock {
    format: u32,
    #[serde(default)]
    debian: BTreeMap<String, RawDebian>,
    #[serde(default)]
    jar: Vec<RawJar>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDebian {
    snapshot: String,
    #[serde(default)]
    resolved: BTreeMap<String, Digest>,
    #[serde(default)]
    package: Vec<LockedPackage>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawJar {
    coordinates: Coordinates,
    size: u64,
    #[serde(with = "sha256")]
    sha256: Digest,
}

impl Lock {
    /// Reads and checks a lock's text; `path` is for messages.
    pub fn parse(path: &Path, text: &str) -> Result<Self, CatalogError> {
        let raw: RawLock =
            toml::from_str(text).map_err(|error| CatalogError::from_toml(path, text, &error))?;
        let invalid = |message: String| CatalogError::Invalid {
            path: path.to_owned(),
            message,
        };
        if raw.format != FORMAT {
            return Err(invalid(format!(
                "format {}, this program reads format {FORMAT}",
                raw.format
            )));
        }
        let mut debian = BTreeMap::new();
        for (codename, release) in raw.debian {
            if let Some(package) = release
                .package
                .iter()
                .find(|package| !is_safe_path(&package.path))
            {
                return Err(invalid(format!(
                    "package {}: `{}` is no path below an archive",
                    package.name, package.path
                )));
            }
            debian.insert(
                codename,
                DebianLock {
                    snapshot: release.snapshot,
                    resolved: release.resolved,
                    packages: release.package,
                },
            );
        }
        if let Some(snapshot) = debian
            .values()
            .map(|release| &release.snapshot)
            .find(|time| !is_snapshot(time))
        {
            return Err(invalid(format!(
                "`snapshot`: `{snapshot}` is no time like `20260101T000000Z`"
            )));
        }
        let mut jars = BTreeMap::new();
        for jar in raw.jar {
            let expected = Expected {
                digest: jar.sha256,
                size: jar.size,
            };
            if jars.insert(jar.coordinates.clone(), expected).is_some() {
                return Err(invalid(format!("jar {} stands twice", jar.coordinates)));
            }
        }
        Ok(Self { debian, jars })
    }

    /// The lock's text: the same for equal locks.
    #[must_use]
    pub fn to_text(&self) -> String {
        let raw = RawLock {
            format: FORMAT,
            debian: (self.debian.iter())
                .map(|(codename, release)| {
                    let raw = RawDebian {
                        snapshot: release.snapshot.clone(),
                        resolved: release.resolved.clone(),
                        package: release.packages.clone(),
                    };
                    (codename.clone(), raw)
                })
                .collect(),
            jar: (self.jars.iter())
                .map(|(coordinates, expected)| RawJar {
                    coordinates: coordinates.clone(),
                    size: expected.size,
                    sha256: expected.digest.clone(),
                })
                .collect(),
        };
        let body = toml::to_string(&raw).expect("a lock is tables of strings and numbers");
        format!("{HEADER}{body}")
    }
}

/// It becomes part of an address.
fn is_snapshot(text: &str) -> bool {
    text.len() == 16
        && text
            .bytes()
            .enumerate()
            .all(|(position, byte)| match position {
                8 => byte == b'T',
                15 => byte == b'Z',
                _ => byte.is_ascii_digit(),
            })
}

/// A path from the lock becomes part of an address, and of a path in a vendored directory: it must not
/// leave the archive.
fn is_safe_path(path: &str) -> bool {
    !path.is_empty()
        && path
            .split('/')
            .all(|component| !matches!(component, "" | "." | ".."))
}

/// SHA-256 as bare hexadecimal digits.
pub(super) mod sha256 {
    use layers::Digest;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(
        digest: &Digest,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(digest.hex())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Digest, D::Error> {
        let hex = String::deserialize(deserializer)?;
        format!("sha256:{hex}")
            .parse()
            .map_err(|_| D::Error::custom(format!("`{hex}` is not 64 hexadecimal digits")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_lock_is_what_it_would_be_written_as() {
        let lock = Lock::parse(Path::new("versions.lock"), EMBEDDED_LOCK).unwrap();
        assert_eq!(lock.to_text(), EMBEDDED_LOCK);
    }

    #[test]
    fn bad_locks_name_the_thing() {
        let package = "[debian.trixie]\nsnapshot = \"20260101T000000Z\"\n[[debian.trixie.package]]\nplatform = \"linux/amd64\"\n\
                       set = \"base\"\nname = \"a\"\nversion = \"1\"\nsuite = \"trixie\"\n";
        let table = [
            (
                "format = 7\n".to_owned(),
                "format 7, this program reads format 1",
            ),
            ("format = 1\nfoo = 1\n".to_owned(), "unknown field `foo`"),
            (
                format!("format = 1\n{package}path = \"pool/a\"\nsize = 1\nsha256 = \"zz\"\n"),
                "`zz` is not 64 hexadecimal digits",
            ),
            (
                format!(
                    "format = 1\n{package}path = \"../a\"\nsize = 1\nsha256 = \"{}\"\n",
                    "0".repeat(64)
                ),
                "`../a` is no path below an archive",
            ),
        ];
        for (text, expected) in table {
            let message = Lock::parse(Path::new("versions.lock"), &text)
                .unwrap_err()
                .to_string();
            assert!(
                message.contains(expected),
                "`{message}` does not say `{expected}`"
            );
        }
    }
}
