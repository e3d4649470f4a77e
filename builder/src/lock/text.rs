//! The lock as it is written, from text and back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use layers::Digest;
use serde::{Deserialize, Serialize};

use super::{
    DebianLock, FORMAT, Lock, LockedPackage, LockedRelease, LockedSignature, LockedSuite,
    OutputFormat, fields,
};
use crate::catalog::{CatalogError, Coordinates};
use crate::store::Expected;

/// The lock this program was built with.
pub const EMBEDDED_LOCK: &str = include_str!("../../../versions.lock");

const HEADER: &str =
    "# Written by `zookiln update` from versions.toml. Every input by name, size and digest.\n";

#[derive(Debug, Deserialize)]
struct Head {
    format: u32,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLock {
    format: u32,
    output: OutputFormat,
    #[serde(default)]
    debian: BTreeMap<String, RawDebian>,
    #[serde(default)]
    release: Vec<RawRelease>,
    #[serde(default)]
    jar: Vec<RawJar>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDebian {
    snapshot: String,
    suite: BTreeMap<String, LockedSuite>,
    #[serde(default)]
    resolved: BTreeMap<String, Digest>,
    #[serde(default)]
    package: Vec<LockedPackage>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRelease {
    version: String,
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(with = "fields::sha512")]
    sha512: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature: Option<LockedSignature>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawJar {
    coordinates: Coordinates,
    size: u64,
    #[serde(with = "fields::sha256")]
    sha256: Digest,
}

impl Lock {
    /// Reads and checks a lock's text; `path` is for messages.
    pub fn parse(path: &Path, text: &str) -> Result<Self, CatalogError> {
        let syntax = |error: toml::de::Error| CatalogError::from_toml(path, text, &error);
        let invalid = |message: String| CatalogError::Invalid {
            path: path.to_owned(),
            message,
        };
        // First of all, since a lock of another format has other keys.
        let head: Head = toml::from_str(text).map_err(syntax)?;
        if head.format != FORMAT {
            return Err(CatalogError::LockFormat {
                path: path.to_owned(),
                found: head.format,
                known: FORMAT,
            });
        }
        let raw: RawLock = toml::from_str(text).map_err(syntax)?;
        let mut debian = BTreeMap::new();
        for (codename, release) in raw.debian {
            debian.insert(codename, debian_lock(release).map_err(invalid)?);
        }
        let mut releases = BTreeMap::new();
        for release in raw.release {
            let version = release.version.clone();
            let locked = locked_release(release).map_err(invalid)?;
            if releases.insert(version.clone(), locked).is_some() {
                return Err(invalid(format!("release {version} stands twice")));
            }
        }
        let mut jars = BTreeMap::new();
        for jar in raw.jar {
            let expected = Expected {
                digest: jar.sha256,
                size: Some(jar.size),
            };
            if jars.insert(jar.coordinates.clone(), expected).is_some() {
                return Err(invalid(format!("jar {} stands twice", jar.coordinates)));
            }
        }
        Ok(Self {
            output: raw.output,
            debian,
            releases,
            jars,
        })
    }

    /// The lock's text: the same for equal locks.
    #[must_use]
    pub fn to_text(&self) -> String {
        let raw = RawLock {
            format: FORMAT,
            output: self.output.clone(),
            debian: (self.debian.iter())
                .map(|(codename, release)| {
                    let raw = RawDebian {
                        snapshot: release.snapshot.clone(),
                        suite: release.suites.clone(),
                        resolved: release.resolved.clone(),
                        package: release.packages.clone(),
                    };
                    (codename.clone(), raw)
                })
                .collect(),
            release: (self.releases.iter())
                .map(|(version, release)| RawRelease {
                    version: version.clone(),
                    path: release.path.clone(),
                    size: release.tarball.size,
                    sha512: release.tarball.digest.clone(),
                    signature: release.signature.clone(),
                })
                .collect(),
            jar: (self.jars.iter())
                .map(|(coordinates, expected)| RawJar {
                    coordinates: coordinates.clone(),
                    size: expected.size.expect("a jar is pinned by its bytes"),
                    sha256: expected.digest.clone(),
                })
                .collect(),
        };
        let body = toml::to_string(&raw).expect("a lock is tables of strings and numbers");
        format!("{HEADER}{body}")
    }
}

fn debian_lock(raw: RawDebian) -> Result<DebianLock, String> {
    let mut seen = BTreeSet::new();
    for package in &raw.package {
        let LockedPackage { name, path, .. } = package;
        if !is_safe_path(path) {
            return Err(format!(
                "package {name}: `{path}` is no path below an archive"
            ));
        }
        if !seen.insert((package.platform, &package.set, name)) {
            let (set, platform) = (&package.set, package.platform);
            return Err(format!(
                "package {name} of `{set}` for {platform} stands twice"
            ));
        }
    }
    if !is_snapshot(&raw.snapshot) {
        return Err(format!(
            "`snapshot`: `{}` is no time like `20260101T000000Z`",
            raw.snapshot
        ));
    }
    Ok(DebianLock {
        snapshot: raw.snapshot,
        suites: raw.suite,
        resolved: raw.resolved,
        packages: raw.package,
    })
}

fn locked_release(raw: RawRelease) -> Result<LockedRelease, String> {
    let RawRelease { version, path, .. } = &raw;
    if !is_safe_path(path) {
        return Err(format!(
            "release {version}: `{path}` is no path below an archive"
        ));
    }
    Ok(LockedRelease {
        path: raw.path,
        tarball: Expected {
            digest: raw.sha512,
            size: raw.size,
        },
        signature: raw.signature,
    })
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
        let output = "[output]\nlayer-format = 1\ncompressor = \"x\"\n";
        let package = "[debian.trixie]\nsnapshot = \"20260101T000000Z\"\nsuite = {}\n[[debian.trixie.package]]\nplatform = \"linux/amd64\"\n\
                       set = \"base\"\nname = \"a\"\nversion = \"1\"\nsuite = \"trixie\"\n";
        let table = [
            (
                "format = 7\n".to_owned(),
                "format 7, this program reads format 2",
            ),
            ("format = 2\nfoo = 1\n".to_owned(), "unknown field `foo`"),
            (
                format!(
                    "format = 2\n{output}{package}path = \"pool/a\"\nsize = 1\nsha256 = \"zz\"\n"
                ),
                "`zz` is not 64 hexadecimal digits",
            ),
            (
                format!(
                    "format = 2\n{output}{package}path = \"../a\"\nsize = 1\nsha256 = \"{}\"\n",
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
