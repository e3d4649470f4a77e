//! The package lists of a Debian release, from a suite's InRelease down: what `update` resolves over.

use std::fs::File;
use std::io::BufReader;

use lzma_rust2::XzReader;
use thiserror::Error;

use super::mirrors::{Mirrors, release};
use super::packages::{PackageIndex, PackagesError};
use super::release::by_hash_path;
use crate::catalog::{DebianArchive, Platform};
use crate::progress::Progress;
use crate::source::download::{DownloadError, Input, fetch_all};
use crate::source::http::HttpClient;
use crate::store::{Expected, Store, StoreError};

/// Why there is no list.
#[derive(Debug, Error)]
pub enum SuiteError {
    /// No mirror gave the suite's InRelease.
    #[error("cannot fetch InRelease of `{suite}`\n  {}", reasons.join("\n  "))]
    NoRelease {
        /// `trixie`
        suite: String,
        /// One line per address.
        reasons: Vec<String>,
    },
    /// A mirror gave another suite.
    #[error("InRelease of `{suite}` says codename `{found}`")]
    OtherSuite {
        /// As asked for.
        suite: String,
        /// As given.
        found: String,
    },
    /// The suite has no such list.
    #[error("`{suite}` has no `{path}`")]
    NoList {
        /// `trixie`
        suite: String,
        /// `main/binary-amd64/Packages.xz`
        path: String,
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

/// The packages of all of a release's suites for one platform.
pub fn index(
    client: &HttpClient,
    store: &Store,
    mirrors: &Mirrors,
    archive: &DebianArchive,
    platform: Platform,
    progress: &Progress,
) -> Result<PackageIndex, SuiteError> {
    let mut index = PackageIndex::new(platform.architecture());
    for suite in &archive.suites {
        let addresses = mirrors.addresses(suite, &format!("dists/{suite}/InRelease"));
        let release = release(client, &addresses).map_err(|reasons| SuiteError::NoRelease {
            suite: suite.clone(),
            reasons,
        })?;
        if let Some(found) = release.codename.as_ref().filter(|found| *found != suite) {
            return Err(SuiteError::OtherSuite {
                suite: suite.clone(),
                found: found.clone(),
            });
        }
        let path = format!(
            "{}/binary-{}/Packages.xz",
            archive.component,
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
                size: entry.size,
            },
            addresses: mirrors.addresses(suite, &format!("dists/{suite}/{wanted}")),
        };
        fetch_all(client, store, &[input], progress)?;
        let file =
            File::open(store.verified_path(&digest)?).map_err(|source| SuiteError::Open {
                suite: suite.clone(),
                source,
            })?;
        index.add(
            suite,
            BufReader::new(XzReader::new(BufReader::new(file), false)),
        )?;
    }
    Ok(index)
}
