//! The package lists of a Debian release, from a suite's InRelease down: what `update` resolves over.
//!
//! The size of a list stands in InRelease, but how much comes out of it does not: both are limited.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::time::SystemTime;

use signatures::Keyring;
use thiserror::Error;

use super::archive_member::{Compression, decompress};
use super::in_release::{self, Vouching};
use super::mirrors::Mirrors;
use super::packages::{PackageIndex, PackagesError};
use super::release::{Release, by_hash_path};
use crate::catalog::{DebianArchive, Platform};
use crate::lock::LockedSuite;
use crate::source::download::{DownloadError, Downloader, Input};
use crate::source::limited::Limited;
use crate::store::{Expected, StoreError};

/// Of a compressed list; Debian's have up to 10 MB.
const LARGEST_LIST: u64 = 64 << 20;
/// Of a list as text; Debian's have up to 60 MB.
const LARGEST_TEXT: u64 = 512 << 20;

/// Why there is no list.
#[derive(Debug, Error)]
pub enum SuiteError {
    /// No mirror gave the suite's InRelease.
    #[error("cannot fetch InRelease of `{suite}`\n  {}", reasons.join("\n  "))]
    NoRelease {
        /// `trixie`
        suite: String,
        /// One line per address, also per one that was passed over.
        reasons: Vec<String>,
    },
    /// What mirrors gave is not what Debian made, not of this suite, or an old one.
    #[error("no InRelease of `{suite}` can be believed\n  {}", reasons.join("\n  "))]
    Unbelieved {
        /// `trixie`
        suite: String,
        /// Of the first of them.
        kind: UnbelievedKind,
        /// One line per address, also per one that was passed over, and per key that is unreadable.
        reasons: Vec<String>,
    },
    /// The suite has no such list.
    #[error("`{suite}` has no `{path}`")]
    NoList {
        /// `trixie`
        suite: String,
        /// `main/binary-amd64/Packages.xz`
        path: String,
    },
    /// The list is beyond any that Debian has.
    #[error("`{path}` of `{suite}` has {size} bytes, more than {LARGEST_LIST}")]
    TooLarge {
        /// `trixie`
        suite: String,
        /// `main/binary-amd64/Packages.xz`
        path: String,
        /// By InRelease.
        size: u64,
    },
    /// The list could not be fetched.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The list cannot be read.
    #[error(transparent)]
    Packages(#[from] PackagesError),
    /// The list cannot be opened.
    #[error("cannot open the package list of `{suite}`")]
    Open {
        /// `trixie`
        suite: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// What a file that is not believed suffers from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnbelievedKind {
    /// It is signed by keys that are not there, not named by the catalog, or expired.
    Key,
    /// It is of the future.
    Clock,
    /// It has been replaced since.
    Old,
    /// It is not what Debian signed, or not what was asked for.
    Forged,
}

impl SuiteError {
    /// The next action, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoRelease { .. } => Some(
                "check the network and its proxies, or name mirrors by `--mirror debian=ADDRESS` and `--mirror debian-security=ADDRESS`",
            ),
            Self::Unbelieved { kind, .. } => Some(match kind {
                UnbelievedKind::Key => {
                    "if Debian signs by new keys, name them in the catalog's `signers` and put them into `versions.keys`; otherwise name an honest mirror by `--mirror debian=ADDRESS` or `--mirror debian-security=ADDRESS`"
                }
                UnbelievedKind::Clock => "set the clock of this host",
                UnbelievedKind::Old => {
                    "the mirror lags behind: name another by `--mirror debian=ADDRESS` or `--mirror debian-security=ADDRESS`, and check the clock of this host"
                }
                UnbelievedKind::Forged => {
                    "name an honest mirror by `--mirror debian=ADDRESS` or `--mirror debian-security=ADDRESS`"
                }
            }),
            _ => None,
        }
    }
}

/// A suite that Debian vouches for.
#[derive(Debug)]
pub struct Suite {
    /// `trixie-security`
    pub name: String,
    release: Release,
    /// What the lock keeps of it.
    pub locked: LockedSuite,
}

/// Whose word is taken for the suites, and how old it may be.
#[derive(Debug, Clone, Copy)]
pub struct Believed<'a> {
    /// Keys of signers; those that the catalog does not name do not count.
    pub keyring: &'a Keyring,
    /// The suites as they were believed last.
    pub before: &'a BTreeMap<String, LockedSuite>,
    /// By the clock of this host.
    pub now: SystemTime,
}

/// Fetches and verifies the InRelease files of a release's suites.
pub fn suites(
    downloader: Downloader<'_>,
    mirrors: &Mirrors,
    archive: &DebianArchive,
    believed: Believed<'_>,
) -> Result<Vec<Suite>, SuiteError> {
    let suite = |name: &String| {
        let vouching = Vouching {
            keyring: believed.keyring,
            signers: &archive.signers,
            now: believed.now,
            newest: believed.before.get(name).map(|locked| locked.date),
            check_valid_until: mirrors.check_valid_until(),
        };
        let found = in_release::fetch(downloader, mirrors, name, vouching)?;
        Ok(Suite {
            name: name.clone(),
            release: found.release,
            locked: found.locked,
        })
    };
    archive.suites.iter().map(suite).collect()
}

/// Which of a suite's lists is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// `main`
    pub component: &'a str,
    /// Whose packages.
    pub platform: Platform,
}

/// The packages of `suites` for one platform.
pub fn index(
    downloader: Downloader<'_>,
    mirrors: &Mirrors,
    suites: &[Suite],
    scope: Scope<'_>,
) -> Result<PackageIndex, SuiteError> {
    let platform = scope.platform;
    let mut index = PackageIndex::new(platform.architecture());
    for Suite {
        name: suite,
        release,
        ..
    } in suites
    {
        let path = format!(
            "{}/binary-{}/Packages.xz",
            scope.component,
            platform.architecture()
        );
        let no_list = || SuiteError::NoList {
            suite: suite.clone(),
            path: path.clone(),
        };
        // The security suites write their components as `updates/main`.
        let (path, entry) = (release.indexes.iter())
            .find(|(known, _)| {
                known.as_str() == path || known.as_str() == format!("updates/{path}")
            })
            .ok_or_else(no_list)?;
        if entry.size > LARGEST_LIST {
            return Err(SuiteError::TooLarge {
                suite: suite.clone(),
                path: path.to_string(),
                size: entry.size,
            });
        }
        let digest = entry.sha256.clone();
        let wanted = if release.acquire_by_hash {
            by_hash_path(path, &entry.sha256)
        } else {
            path.to_string()
        };
        let input = Input {
            name: format!("{suite} {path}"),
            expected: Expected {
                digest: digest.clone(),
                size: Some(entry.size),
            },
            addresses: mirrors.addresses(suite, &format!("dists/{suite}/{wanted}")),
            passed_over: mirrors.passed_over(suite),
        };
        downloader.fetch_all(&[input])?;
        let file = File::open(downloader.store.verified_path(&digest)?).map_err(|source| {
            SuiteError::Open {
                suite: suite.clone(),
                source,
            }
        })?;
        let text = Limited {
            reader: decompress(BufReader::new(file), Compression::Xz),
            left: LARGEST_TEXT,
        };
        index.add(suite, BufReader::new(text))?;
    }
    Ok(index)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::{Duration, UNIX_EPOCH};
    use std::{fs, io};

    use layers::Digest;
    use lzma_rust2::{XzOptions, XzWriter};
    use signatures::testing::Signer;

    use super::*;
    use crate::progress::Progress;
    use crate::source::Places;
    use crate::source::download::chain;
    use crate::source::http::{HttpClient, HttpSettings};
    use crate::store::Store;

    /// 2026-01-04, after the date of InRelease.
    const MADE: u64 = 1_767_520_000;
    const LIST: &str = "main/binary-amd64/Packages.xz";

    /// Writes a mirror with one list, of which InRelease says that it has `size` bytes, and reads it.
    fn read_index(packed: &[u8], size: u64) -> Result<PackageIndex, SuiteError> {
        let directory = tempfile::tempdir().unwrap();
        let suite = directory.path().join("mirror/dists/trixie");
        fs::create_dir_all(suite.join("main/binary-amd64")).unwrap();
        fs::write(suite.join(LIST), packed).unwrap();
        let sum = Digest::sha256_of(packed);
        let text = format!(
            "Origin: Debian\nCodename: trixie\nDate: Sat, 03 Jan 2026 10:00:00 UTC\nSHA256:\n {} {size} {LIST}\n",
            sum.hex()
        );
        let signer = Signer::new(1, MADE);
        fs::write(suite.join("InRelease"), signer.clear_sign(&text, MADE)).unwrap();
        let archive = DebianArchive {
            suites: vec!["trixie".to_owned()],
            component: "main".to_owned(),
            mirrors: vec![format!("file://{}/mirror", directory.path().display())],
            security_mirrors: Vec::new(),
            snapshot: "http://snapshot.example/archive".to_owned(),
            signers: BTreeSet::from([signer.fingerprint()]),
            unwanted: Vec::new(),
            choices: BTreeMap::new(),
        };
        let store = Store::open(&directory.path().join("cache")).unwrap();
        let downloader = Downloader {
            client: &HttpClient::new(HttpSettings::default()).unwrap(),
            store: &store,
            progress: &Progress::new(true),
        };
        let places = Places {
            apt_directory: directory.path().to_owned(),
            ..Places::default()
        };
        let mirrors = Mirrors::find(downloader, "trixie", &archive, &places);
        let believed = Believed {
            keyring: &Keyring::parse(signer.armored_certificate().as_bytes()),
            before: &BTreeMap::new(),
            now: UNIX_EPOCH + Duration::from_secs(MADE),
        };
        let scope = Scope {
            component: "main",
            platform: "linux/amd64".parse().unwrap(),
        };
        let suites = suites(downloader, &mirrors, &archive, believed)?;
        index(downloader, &mirrors, &suites, scope)
    }

    fn xz(text: &[u8], dictionary: u32) -> Vec<u8> {
        let mut options = XzOptions::with_preset(0);
        options.lzma_options.dict_size = dictionary;
        let mut writer = XzWriter::new(Vec::new(), options).unwrap();
        io::Write::write_all(&mut writer, text).unwrap();
        writer.finish().unwrap()
    }

    fn message(result: Result<PackageIndex, SuiteError>) -> String {
        chain(&result.err().unwrap())
    }

    #[test]
    fn a_list_that_is_too_large_is_not_fetched() {
        let packed = xz(b"", 1 << 16);
        assert!(read_index(&packed, packed.len() as u64).is_ok());
        assert_eq!(
            message(read_index(&packed, LARGEST_LIST + 1)),
            "`main/binary-amd64/Packages.xz` of `trixie` has 67108865 bytes, more than 67108864"
        );
    }

    #[test]
    fn a_list_that_asks_for_much_memory_is_refused() {
        let mut packed = xz(b"", 1 << 16);
        assert!(read_index(&packed, packed.len() as u64).is_ok());
        packed = xz(b"Package: a\n", 256 << 20);
        let text = message(read_index(&packed, packed.len() as u64));
        assert!(text.starts_with("index of suite `trixie`"), "{text}");
        assert!(text.contains("memory"), "{text}");
    }
}
