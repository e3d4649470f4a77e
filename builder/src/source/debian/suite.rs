//! The package lists of a Debian release, from a suite's InRelease down: what `update` resolves over.

//!
//! The size of a list stands in InRelease, but how much comes out of it does not: both are limited.

use std::fs::File;
use std::io::{self, BufReader, Read};

use thiserror::Error;
use url::Url;

use super::archive_member::{Compression, decompress};
use super::mirrors::Mirrors;
use super::packages::{PackageIndex, PackagesError};
use super::release::{Release, by_hash_path, signed_text};
use crate::catalog::{DebianArchive, Platform};
use crate::source::download::{DownloadError, Downloader, Input, chain};
use crate::source::http::{HttpClient, ShownUrl};
use crate::store::{Expected, StoreError};

/// Of an InRelease file; Debian's have up to 150 KB.
const LARGEST_RELEASE: u64 = 8 << 20;
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

/// The packages of all of a release's suites for one platform.
pub fn index(
    downloader: Downloader<'_>,
    mirrors: &Mirrors,
    archive: &DebianArchive,
    platform: Platform,
) -> Result<PackageIndex, SuiteError> {
    let mut index = PackageIndex::new(platform.architecture());
    for suite in &archive.suites {
        let addresses = mirrors.addresses(suite, &format!("dists/{suite}/InRelease"));
        let passed_over = mirrors.passed_over(suite);
        let release = fetch_release(downloader.client, &addresses).map_err(|mut reasons| {
            reasons.extend(
                passed_over
                    .iter()
                    .map(|line| format!("passed over: {line}")),
            );
            SuiteError::NoRelease {
                suite: suite.clone(),
                reasons,
            }
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
                size: entry.size,
            },
            addresses: mirrors.addresses(suite, &format!("dists/{suite}/{wanted}")),
            passed_over,
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

/// A suite's InRelease, from the first address that gives one that can be read.
fn fetch_release(client: &HttpClient, addresses: &[Url]) -> Result<Release, Vec<String>> {
    let mut reasons = Vec::new();
    for address in addresses {
        match fetch_release_from(client, address) {
            Ok(release) => return Ok(release),
            Err(reason) => reasons.push(reason),
        }
    }
    Err(reasons)
}

fn fetch_release_from(client: &HttpClient, address: &Url) -> Result<Release, String> {
    let reader = client.get(address).map_err(|error| chain(&error))?.body;
    let mut text = String::new();
    let shown = ShownUrl::from(address);
    Limited {
        reader,
        left: LARGEST_RELEASE,
    }
    .read_to_string(&mut text)
    .map_err(|error| format!("`{shown}`: {error}"))?;
    let parsed = signed_text(&text).and_then(|text| Release::parse(&text));
    parsed.map_err(|error| format!("`{shown}`: {}", chain(&error)))
}

/// Unlike [`Read::take`], an error where there is more: half a list would be one without its end.
struct Limited<R> {
    reader: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.left = self
            .left
            .checked_sub(count as u64)
            .ok_or_else(|| io::Error::other("larger than any that Debian has"))?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use layers::Digest;
    use lzma_rust2::{XzOptions, XzWriter};

    use super::*;
    use crate::progress::Progress;
    use crate::source::Places;
    use crate::source::http::HttpSettings;
    use crate::store::Store;

    const LIST: &str = "main/binary-amd64/Packages.xz";

    /// Writes a mirror with one list, of which InRelease says that it has `size` bytes, and reads it.
    fn read_index(packed: &[u8], size: u64) -> Result<PackageIndex, SuiteError> {
        let directory = tempfile::tempdir().unwrap();
        let suite = directory.path().join("mirror/dists/trixie");
        fs::create_dir_all(suite.join("main/binary-amd64")).unwrap();
        fs::write(suite.join(LIST), packed).unwrap();
        let sum = Digest::sha256_of(packed);
        let text = format!(
            "Origin: Debian\nCodename: trixie\nSHA256:\n {} {size} {LIST}\n",
            sum.hex()
        );
        fs::write(suite.join("InRelease"), text).unwrap();
        let archive = DebianArchive {
            suites: vec!["trixie".to_owned()],
            component: "main".to_owned(),
            mirrors: vec![format!("file://{}/mirror", directory.path().display())],
            security_mirrors: Vec::new(),
            snapshot: "http://snapshot.example/archive".to_owned(),
            unwanted: Vec::new(),
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
        let platform = "linux/amd64".parse().unwrap();
        index(downloader, &mirrors, &archive, platform)
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

    #[test]
    fn a_text_without_end_is_refused_at_its_limit() {
        let mut limited = Limited {
            reader: io::repeat(b'\n'),
            left: 100_000,
        };
        let error = io::copy(&mut limited, &mut io::sink()).unwrap_err();
        assert_eq!(error.to_string(), "larger than any that Debian has");
        let mut limited = Limited {
            reader: &b"exact"[..],
            left: 5,
        };
        assert_eq!(io::copy(&mut limited, &mut io::sink()).unwrap(), 5);
    }
}
