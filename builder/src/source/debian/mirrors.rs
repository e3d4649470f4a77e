//! Where Debian's packages can be had: the mirrors that the host's apt knows, then the public ones of
//! the catalog, then the snapshot archive, which keeps every version for ever.
//!
//! Whatever a mirror gives is checked by size and SHA-256, so a mirror is never trusted; the Origin is
//! looked at only so that nobody else's server is asked for Debian's packages.

use std::io::Read;
use std::path::{Path, PathBuf};

use url::Url;

use super::apt_sources::{AptLocation, read_sources};
use super::release::{Release, signed_text};
use crate::catalog::DebianArchive;
use crate::lock::LockedPackage;
use crate::progress::Progress;
use crate::source::download::Input;
use crate::source::http::HttpClient;

/// The beginning of an InRelease file that has its Origin for certain.
const HEAD: u64 = 4096;

/// One of Debian's two archives, which are mirrored apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Archive {
    Main,
    Security,
}

impl Archive {
    fn of_suite(suite: &str) -> Self {
        if suite.ends_with("-security") {
            Self::Security
        } else {
            Self::Main
        }
    }

    /// Its name in the snapshot archive.
    fn snapshot_name(self) -> &'static str {
        match self {
            Self::Main => "debian",
            Self::Security => "debian-security",
        }
    }
}

/// Roots of mirrors, in the order in which they are asked.
#[derive(Debug)]
pub struct Mirrors {
    main: Vec<Url>,
    security: Vec<Url>,
    snapshot: String,
}

impl Mirrors {
    /// Reads apt's configuration and asks each of its addresses whether it is Debian's.
    pub fn find(
        client: &HttpClient,
        codename: &str,
        archive: &DebianArchive,
        apt_directory: &Path,
        progress: &Progress,
    ) -> Self {
        let location = AptLocation {
            directory: apt_directory.to_owned(),
            root: PathBuf::from("/"),
        };
        let found = read_sources(&location);
        for warning in found.warnings.iter().filter(|warning| !warning.is_note()) {
            progress.warn(&format!("{warning}: {}", warning.source));
        }
        let mut candidates: Vec<(Archive, Url)> = Vec::new();
        for entry in &found.entries {
            let Some(url) = root(&entry.uri) else {
                continue;
            };
            let security = entry
                .suites
                .iter()
                .any(|suite| Archive::of_suite(suite) == Archive::Security);
            let candidate = (
                if security {
                    Archive::Security
                } else {
                    Archive::Main
                },
                url,
            );
            if !candidates.contains(&candidate) {
                candidates.push(candidate);
            }
        }
        let asked = ask_all(client, codename, &candidates);
        let mut mirrors = Self {
            main: Vec::new(),
            security: Vec::new(),
            snapshot: archive.snapshot.clone(),
        };
        for ((kind, url), _) in candidates
            .into_iter()
            .zip(asked)
            .filter(|(_, is_debian)| *is_debian)
        {
            mirrors.list(kind).push(url);
        }
        mirrors
            .main
            .extend(archive.mirrors.iter().filter_map(|mirror| root(mirror)));
        mirrors.security.extend(
            archive
                .security_mirrors
                .iter()
                .filter_map(|mirror| root(mirror)),
        );
        mirrors
    }

    fn list(&mut self, archive: Archive) -> &mut Vec<Url> {
        match archive {
            Archive::Main => &mut self.main,
            Archive::Security => &mut self.security,
        }
    }

    /// Every address of a file of `suite`'s archive, without the snapshot archive.
    #[must_use]
    pub fn addresses(&self, suite: &str, path: &str) -> Vec<Url> {
        let roots = match Archive::of_suite(suite) {
            Archive::Main => &self.main,
            Archive::Security => &self.security,
        };
        roots
            .iter()
            .filter_map(|root| root.join(path).ok())
            .collect()
    }

    /// A locked package as an input.
    #[must_use]
    pub fn input(&self, package: &LockedPackage, snapshot: &str) -> Input {
        let mut addresses = self.addresses(&package.suite, &package.path);
        let name = Archive::of_suite(&package.suite).snapshot_name();
        let kept = format!(
            "{}/{name}/{snapshot}/{}",
            self.snapshot.trim_end_matches('/'),
            package.path
        );
        addresses.extend(Url::parse(&kept));
        Input {
            name: package.file_name().to_owned(),
            expected: package.expected(),
            addresses,
        }
    }
}

/// With a slash at the end, so that a path can be joined to it.
fn root(uri: &str) -> Option<Url> {
    Url::parse(&format!("{}/", uri.trim_end_matches('/'))).ok()
}

/// Asks all at once: one that does not answer must not delay the others.
fn ask_all(client: &HttpClient, codename: &str, candidates: &[(Archive, Url)]) -> Vec<bool> {
    std::thread::scope(|scope| {
        let asked: Vec<_> = (candidates.iter())
            .map(|(archive, url)| scope.spawn(move || is_debian(client, codename, *archive, url)))
            .collect();
        asked
            .into_iter()
            .map(|thread| thread.join().unwrap_or(false))
            .collect()
    })
}

/// A host of a derived distribution has mirrors of the same form with other packages in them.
fn is_debian(client: &HttpClient, codename: &str, archive: Archive, root: &Url) -> bool {
    let suite = match archive {
        Archive::Main => codename.to_owned(),
        Archive::Security => format!("{codename}-security"),
    };
    let Ok(url) = root.join(&format!("dists/{suite}/InRelease")) else {
        return false;
    };
    let Ok(answer) = client.get(&url) else {
        return false;
    };
    let mut head = String::new();
    if answer.body.take(HEAD).read_to_string(&mut head).is_err() {
        return false;
    }
    head.lines().any(|line| line.trim_end() == "Origin: Debian")
}

/// The text of a suite's InRelease, from the first address that gives one that can be read.
pub(super) fn release(client: &HttpClient, addresses: &[Url]) -> Result<Release, Vec<String>> {
    let mut reasons = Vec::new();
    for address in addresses {
        match fetch_release(client, address) {
            Ok(release) => return Ok(release),
            Err(reason) => reasons.push(reason),
        }
    }
    Err(reasons)
}

fn fetch_release(client: &HttpClient, address: &Url) -> Result<Release, String> {
    const LARGEST: u64 = 8 << 20;
    let answer = client.get(address).map_err(|error| error.to_string())?;
    let mut text = String::new();
    answer
        .body
        .take(LARGEST)
        .read_to_string(&mut text)
        .map_err(|error| format!("`{address}`: {error}"))?;
    let parsed = signed_text(&text).and_then(|text| Release::parse(&text));
    parsed.map_err(|error| format!("`{address}`: {error}"))
}
