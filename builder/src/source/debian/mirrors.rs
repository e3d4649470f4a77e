//! Where Debian's packages can be had: the mirrors that the host's apt knows, then the public ones of
//! the catalog, then the snapshot archive, which keeps every version for ever.
//!
//! Whatever a mirror gives is checked by size and SHA-256, so a mirror is never trusted; the Origin is
//! looked at only so that nobody else's server is asked for Debian's packages.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use url::Url;

use super::apt_file::AptLocation;
use super::apt_host::{AptEntry, AptHost};
use super::apt_proxy::AptProxy;
use crate::catalog::DebianArchive;
use crate::lock::LockedPackage;
use crate::source::Places;
use crate::source::download::{Downloader, Input, chain};
use crate::source::http::{HttpClient, HttpError, Route, ShownUrl, file_below, parse_root};
use crate::source::mirror::Archive;

/// The beginning of an InRelease file that has its Origin for certain.
const HEAD: u64 = 4096;

/// Roots of mirrors, in the order in which they are asked.
#[derive(Debug)]
pub struct Mirrors {
    roots: BTreeMap<Archive, Vec<Url>>,
    snapshot: Option<Url>,
    /// Why one of apt's mirrors is in neither list, in one line that names it.
    passed_over: Vec<(Archive, String)>,
    check_valid_until: bool,
}

/// Roots that may be mirrors, and why others cannot.
#[derive(Debug, Default)]
struct Candidates {
    roots: Vec<(Archive, Url)>,
    passed_over: Vec<(Archive, String)>,
}

impl Mirrors {
    /// Takes what the user named as it is, then reads apt's configuration and asks each of its
    /// addresses whether it is Debian's.
    pub fn find(
        downloader: Downloader<'_>,
        codename: &str,
        archive: &DebianArchive,
        places: &Places,
    ) -> Self {
        let Downloader {
            client, progress, ..
        } = downloader;
        let location = AptLocation {
            directory: places.apt_directory.clone(),
            root: PathBuf::from("/"),
        };
        let found = AptHost::read(&location);
        for warning in found.warnings.iter().filter(|warning| !warning.is_note()) {
            progress.warn(&chain(warning));
        }
        for entry in &found.entries {
            if let Err(error) = take_route(client, entry) {
                progress.warn(&format!("{}: {}", entry.from, chain(&error)));
            }
        }
        let Candidates { roots, passed_over } = candidates(&found.entries);
        let of_catalog = |key: &str, addresses: &[String]| -> Vec<Url> {
            let parse = |address: &String| {
                parse_root(address)
                    .map_err(|error| {
                        let error = chain(&error);
                        progress.warn(&format!("catalog: `debian.{codename}.{key}`: {error}"));
                    })
                    .ok()
            };
            addresses.iter().filter_map(parse).collect()
        };
        let mut mirrors = Self {
            roots: BTreeMap::new(),
            snapshot: of_catalog("snapshot", std::slice::from_ref(&archive.snapshot)).pop(),
            passed_over,
            check_valid_until: found.check_valid_until,
        };
        for kind in [Archive::Debian, Archive::DebianSecurity] {
            let named = places.mirrors.of(kind).cloned();
            mirrors.list(kind).extend(named);
        }
        let asked = if roots.is_empty() {
            Vec::new()
        } else {
            let task = progress.wait("asking the mirrors of Debian");
            let asked = ask_all(client, codename, &roots);
            task.done();
            asked
        };
        let mut busy = Vec::new();
        for ((kind, url), verdict) in roots.into_iter().zip(asked) {
            match verdict {
                Verdict::Mirror => mirrors.list(kind).push(url),
                Verdict::Busy => busy.push((kind, url)),
                Verdict::PassedOver(reason) => mirrors.passed_over.push((kind, reason)),
            }
        }
        let public = of_catalog("mirrors", &archive.mirrors);
        mirrors.list(Archive::Debian).extend(public);
        let public = of_catalog("security-mirrors", &archive.security_mirrors);
        mirrors.list(Archive::DebianSecurity).extend(public);
        for (kind, url) in busy {
            mirrors.list(kind).push(url);
        }
        mirrors
    }

    fn list(&mut self, archive: Archive) -> &mut Vec<Url> {
        self.roots.entry(archive).or_default()
    }

    /// Every address of a file of `suite`'s archive, without the snapshot archive.
    #[must_use]
    pub fn addresses(&self, suite: &str, path: &str) -> Vec<Url> {
        let roots = self.roots.get(&Archive::of_suite(suite));
        (roots.into_iter().flatten())
            .filter_map(|root| file_below(root, path))
            .collect()
    }

    /// Why apt's other mirrors are not asked for files of `suite`'s archive.
    #[must_use]
    pub fn passed_over(&self, suite: &str) -> Vec<String> {
        let archive = Archive::of_suite(suite);
        self.passed_over
            .iter()
            .filter(|(kind, _)| *kind == archive)
            .map(|(_, reason)| reason.clone())
            .collect()
    }

    /// Whether this host's apt refuses an InRelease that had to be replaced before now.
    #[must_use]
    pub fn check_valid_until(&self) -> bool {
        self.check_valid_until
    }

    /// A locked package as an input.
    #[must_use]
    pub fn input(&self, package: &LockedPackage, snapshot: &str) -> Input {
        let mut addresses = self.addresses(&package.suite, &package.path);
        let name = Archive::of_suite(&package.suite);
        let kept = format!("{name}/{snapshot}/{}", package.path);
        addresses.extend(
            self.snapshot
                .as_ref()
                .and_then(|root| file_below(root, &kept)),
        );
        Input {
            name: package.file_name().to_owned(),
            expected: package.expected(),
            addresses,
            passed_over: self.passed_over(&package.suite),
        }
    }
}

/// What apt's entries may mirror, and those that are no address. An entry may name suites of both
/// archives, so that each of its suites counts.
fn candidates(entries: &[AptEntry]) -> Candidates {
    let mut found = Candidates::default();
    for entry in entries {
        for suite in &entry.suites {
            let archive = Archive::of_suite(suite);
            match parse_root(&entry.uri) {
                Ok(url) => {
                    let candidate = (archive, url);
                    if !found.roots.contains(&candidate) {
                        found.roots.push(candidate);
                    }
                }
                Err(error) => found.passed_over.push((archive, chain(&error))),
            }
        }
    }
    found
}

/// Goes to an entry's address the way that apt would.
fn take_route(client: &HttpClient, entry: &AptEntry) -> Result<(), HttpError> {
    let route = match &entry.proxy {
        AptProxy::Environment => return Ok(()),
        AptProxy::Direct => Route::Direct,
        AptProxy::Through(proxy) => Route::Through(proxy.clone()),
    };
    match parse_root(&entry.uri) {
        Ok(url) if url.scheme() != "file" => client.set_route(&url, &route),
        // What is no address is told so as a candidate.
        _ => Ok(()),
    }
}

/// What a candidate turned out to be.
enum Verdict {
    /// One of Debian's, with the release.
    Mirror,
    /// Overloaded: nobody knows, so that it is asked after all others.
    Busy,
    /// None for us, in one line that names it.
    PassedOver(String),
}

/// Asks all at once: one that does not answer must not delay the others.
fn ask_all(client: &HttpClient, codename: &str, candidates: &[(Archive, Url)]) -> Vec<Verdict> {
    std::thread::scope(|scope| {
        let asked: Vec<_> = (candidates.iter())
            .map(|(archive, url)| {
                scope.spawn(|| {
                    ask(client, codename, *archive, url).unwrap_or_else(Verdict::PassedOver)
                })
            })
            .collect();
        let joined = |thread: std::thread::ScopedJoinHandle<'_, Verdict>| {
            let panicked = |_| Verdict::PassedOver("asking for it failed".to_owned());
            thread.join().unwrap_or_else(panicked)
        };
        asked.into_iter().map(joined).collect()
    })
}

/// Whether `root` has the release and is Debian's: a host of a derived distribution has mirrors of the
/// same form with other packages in them.
fn ask(
    client: &HttpClient,
    codename: &str,
    archive: Archive,
    root: &Url,
) -> Result<Verdict, String> {
    let suite = match archive {
        Archive::DebianSecurity => format!("{codename}-security"),
        _ => codename.to_owned(),
    };
    let shown = ShownUrl::from(root);
    let url = root
        .join(&format!("dists/{suite}/InRelease"))
        .map_err(|error| format!("`{shown}`: {error}"))?;
    let answer = match client.probe(&url) {
        Err(error) if error.is_transient() => return Ok(Verdict::Busy),
        result => result.map_err(|error| chain(&error))?,
    };
    let mut head = Vec::new();
    (answer.body.take(HEAD))
        .read_to_end(&mut head)
        .map_err(|error| format!("`{}`: {error}", ShownUrl::from(&url)))?;
    let is_debian = String::from_utf8_lossy(&head)
        .lines()
        .any(|line| line.trim_end() == "Origin: Debian");
    match is_debian {
        true => Ok(Verdict::Mirror),
        false => Err(format!("`{shown}` is not a mirror of Debian")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::net::TcpListener;
    use std::path::Path;

    use layers::Digest;

    use super::*;
    use crate::catalog::Platform;
    use crate::progress::Progress;
    use crate::source::http::HttpSettings;
    use crate::store::Store;

    fn package(suite: &str) -> LockedPackage {
        LockedPackage {
            platform: Platform::ALL[0],
            set: "base.trixie".to_owned(),
            name: "a".to_owned(),
            version: "1".to_owned(),
            suite: suite.to_owned(),
            path: "pool/a_1_all.deb".to_owned(),
            size: 1,
            sha256: Digest::sha256_of(b"a"),
        }
    }

    fn archive(mirrors: &[&str]) -> DebianArchive {
        DebianArchive {
            suites: vec!["trixie".to_owned(), "trixie-security".to_owned()],
            component: "main".to_owned(),
            mirrors: mirrors.iter().map(|&mirror| mirror.to_owned()).collect(),
            security_mirrors: Vec::new(),
            snapshot: "http://snapshot.example/archive".to_owned(),
            signers: BTreeSet::new(),
            unwanted: Vec::new(),
            choices: BTreeMap::new(),
        }
    }

    fn find(apt: &Path, sources: &str, mirrors: &[&str]) -> Mirrors {
        fs::write(apt.join("sources.list"), sources).unwrap();
        let places = Places {
            apt_directory: apt.to_owned(),
            ..Places::default()
        };
        let store = Store::open(&apt.join("cache")).unwrap();
        let downloader = Downloader {
            client: &HttpClient::new(HttpSettings::default()).unwrap(),
            store: &store,
            progress: &Progress::new(true),
        };
        Mirrors::find(downloader, "trixie", &archive(mirrors), &places)
    }

    fn addresses(input: &Input) -> Vec<&str> {
        input.addresses.iter().map(Url::as_str).collect()
    }

    #[test]
    fn an_entry_with_suites_of_both_archives_counts_for_both() {
        let apt = tempfile::tempdir().unwrap();
        let root = apt.path().join("mirror");
        for suite in ["trixie", "trixie-security"] {
            let directory = root.join("dists").join(suite);
            fs::create_dir_all(&directory).unwrap();
            fs::write(directory.join("InRelease"), "Origin: Debian\n").unwrap();
        }
        let uri = format!("file://{}", root.display());
        fs::create_dir(apt.path().join("sources.list.d")).unwrap();
        fs::write(
            apt.path().join("sources.list.d/both.sources"),
            format!("Types: deb\nURIs: {uri}\nSuites: trixie trixie-security\nComponents: main\n"),
        )
        .unwrap();
        let mirrors = find(apt.path(), "", &["http://public.example/debian/"]);
        assert_eq!(
            addresses(&mirrors.input(&package("trixie"), "T")),
            [
                format!("{uri}/pool/a_1_all.deb"),
                "http://public.example/debian/pool/a_1_all.deb".to_owned(),
                "http://snapshot.example/archive/debian/T/pool/a_1_all.deb".to_owned(),
            ]
        );
        assert_eq!(
            addresses(&mirrors.input(&package("trixie-security"), "T")),
            [
                format!("{uri}/pool/a_1_all.deb"),
                "http://snapshot.example/archive/debian-security/T/pool/a_1_all.deb".to_owned(),
            ]
        );
    }

    #[test]
    fn a_mirror_that_is_passed_over_is_named_with_the_reason_and_without_its_password() {
        let apt = tempfile::tempdir().unwrap();
        let other = apt.path().join("other/dists/trixie");
        fs::create_dir_all(&other).unwrap();
        fs::write(other.join("InRelease"), "Origin: Ubuntu\n").unwrap();
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let root = apt.path().display();
        let mirrors = find(
            apt.path(),
            &format!(
                "deb http://user:secret@{free}/debian bookworm main\n\
                 deb file:{root}/other noble main\n\
                 deb http://user:secret@:x/ trixie main\n\
                 deb file:{root}/none trixie-security main\n"
            ),
            &["public.example/debian"],
        );
        let input = mirrors.input(&package("trixie"), "T");
        assert_eq!(
            addresses(&input),
            ["http://snapshot.example/archive/debian/T/pool/a_1_all.deb"]
        );
        assert_eq!(
            input.passed_over,
            [
                "`http://:x` is no address: empty host".to_owned(),
                format!(
                    "`http://{free}/debian/dists/trixie/InRelease`: Connection refused (os error 111)"
                ),
                format!("`file://{root}/other/` is not a mirror of Debian"),
            ]
        );
        assert_eq!(mirrors.passed_over("trixie-security").len(), 1);
    }
}
