//! Jars by Maven coordinates: the local repository first, then public mirrors, then one call of the
//! installed `mvn`, which knows the user's own settings, mirrors and passwords.

mod mvn;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;
use url::Url;

use super::download::{CopyError, DownloadError, Downloader, Input, Reason, copy_verified};
use super::http::{file_below, parse_root};
use super::limited::Limited;
use super::mirror::{Archive, UserMirrors};
use crate::catalog::Coordinates;
use crate::progress::Progress;
use crate::store::{Claimed, Expected, Store, StoreError};

/// Of a jar that nothing pins yet; ZooKeeper's largest has 2 MB.
const LARGEST_JAR: u64 = 256 << 20;

/// A jar as the lock pins it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PinnedJar {
    /// Where it stands in a repository.
    pub coordinates: Coordinates,
    /// What it must be.
    pub expected: Expected,
}

/// Jars that could not be had.
#[derive(Debug, Error)]
pub enum MavenError {
    /// No `mvn` on `PATH`, and no mirror had them.
    #[error("cannot fetch {}: {}", count(*missing), describe_no_maven(reasons))]
    NoMaven {
        /// How many jars.
        missing: usize,
        /// The first different things that mirrors said; none where no mirror was asked.
        reasons: Vec<Reason>,
    },
    /// `mvn` ran and failed.
    #[error("`mvn` could not fetch {}: {detail}", count(*missing))]
    Failed {
        /// How many jars.
        missing: usize,
        /// Its exit status and last error lines.
        detail: String,
    },
    /// What `mvn` fetched is not what the lock says.
    #[error("`{}` by `mvn`", path.display())]
    Wrong {
        /// The file it wrote.
        path: PathBuf,
        /// Expected and found.
        source: CopyError,
    },
    /// The store could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A download failed for a reason that `mvn` cannot help with.
    #[error(transparent)]
    Download(DownloadError),
    /// The file system refused.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn count(jars: usize) -> String {
    if jars == 1 {
        "one jar".to_owned()
    } else {
        format!("{jars} jars")
    }
}

fn describe_no_maven(reasons: &[Reason]) -> String {
    if reasons.is_empty() {
        return "there is no `mvn` on PATH".to_owned();
    }
    let mut text =
        "no Maven repository gave what the lock names, and there is no `mvn` on PATH".to_owned();
    for reason in reasons {
        text.push_str(&format!("\n  {reason}"));
    }
    text
}

/// Where jars can be had.
#[derive(Debug)]
pub struct MavenSource {
    /// Roots of repositories, in order.
    roots: Vec<Url>,
    /// `~/.m2/repository`, where there is a home directory.
    local_repository: Option<PathBuf>,
}

impl MavenSource {
    /// The local repository, then what the user named, then the catalog's public mirrors.
    #[must_use]
    pub fn new(
        local_repository: Option<PathBuf>,
        mirrors: &UserMirrors,
        public: &[String],
    ) -> Self {
        let mut roots: Vec<Url> = mirrors.of(Archive::Maven).cloned().collect();
        // The catalog has checked them.
        roots.extend(public.iter().filter_map(|root| parse_root(root).ok()));
        Self {
            roots,
            local_repository,
        }
    }

    /// Brings every jar into the store.
    pub fn fetch(&self, downloader: Downloader<'_>, jars: &[PinnedJar]) -> Result<(), MavenError> {
        let Downloader {
            client,
            store,
            progress,
        } = downloader;
        let mut missing: Vec<&PinnedJar> = jars
            .iter()
            .filter(|jar| !store.contains(&jar.expected))
            .collect();
        if let Some(repository) = &self.local_repository {
            for jar in std::mem::take(&mut missing) {
                if !take_from_repository(repository, jar, store, progress)? {
                    missing.push(jar);
                }
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let inputs: Vec<Input> = missing.iter().map(|jar| self.input(jar)).collect();
        let Err(error) = downloader.fetch_all(&inputs) else {
            return Ok(());
        };
        if error.is_of_store() || client.is_offline() {
            return Err(MavenError::Download(error));
        }
        let _claim = store.claim(Claimed::Maven, "runs `mvn`", |holder| {
            progress.waiting(holder)
        })?;
        missing.retain(|jar| !store.contains(&jar.expected));
        if missing.is_empty() {
            return Ok(());
        }

        let result = fetch_by_mvn(store, &missing, first_reasons(&error), progress);
        if !matches!(result, Err(MavenError::NoMaven { .. })) {
            // Nothing else would tell of a mirror that serves other bytes.
            for reason in error.reasons() {
                if let Reason::Lied(text) = reason {
                    progress.warn(text);
                }
            }
        }
        result
    }

    fn input(&self, jar: &PinnedJar) -> Input {
        let path = jar.coordinates.repository_path();
        Input {
            name: jar.coordinates.file_name(),
            expected: jar.expected.clone(),
            addresses: (self.roots.iter())
                .filter_map(|root| file_below(root, &path))
                .collect(),
            passed_over: Vec::new(),
        }
    }
}

/// A few different things that mirrors said, other bytes before silence: dozens of jars tend to fail
/// for one reason.
fn first_reasons(error: &DownloadError) -> Vec<Reason> {
    const SHOWN: usize = 3;
    let mut reasons: Vec<Reason> = Vec::new();
    let (lies, others): (Vec<&Reason>, Vec<&Reason>) = error
        .reasons()
        .partition(|reason| matches!(reason, Reason::Lied(_)));
    for reason in lies.into_iter().chain(others) {
        if reasons.len() < SHOWN && !reasons.contains(reason) {
            reasons.push(reason.clone());
        }
    }
    reasons
}

/// A jar of the local repository is checked like any other; one with other bytes is passed over.
fn take_from_repository(
    repository: &Path,
    jar: &PinnedJar,
    store: &Store,
    progress: &Progress,
) -> Result<bool, StoreError> {
    let path = repository.join(jar.coordinates.repository_path());
    let Ok(mut file) = File::open(&path) else {
        return Ok(false);
    };
    match copy_verified(
        &mut file,
        store,
        &jar.coordinates.file_name(),
        &jar.expected,
    ) {
        Ok(()) => Ok(true),
        Err(CopyError::Store(error)) => Err(error),
        Err(error) => {
            progress.warn(&format!("`{}` is passed over: {error}", path.display()));
            Ok(false)
        }
    }
}

/// One call for all jars. `dependency:copy` takes a list of artifacts as they are: no resolution of
/// dependencies, no conflict mediation between versions of the same artifact.
fn fetch_by_mvn(
    store: &Store,
    missing: &[&PinnedJar],
    reasons: Vec<Reason>,
    progress: &Progress,
) -> Result<(), MavenError> {
    let task = progress.step(&format!("{} by mvn", count(missing.len())));
    let directory = store.work().subdirectory()?;
    let coordinates: Vec<&Coordinates> = missing.iter().map(|jar| &jar.coordinates).collect();
    mvn::copy(&coordinates, directory.path(), reasons)?;
    for jar in missing {
        let path = directory.path().join(jar.coordinates.file_name());
        let wrong = |error| match error {
            CopyError::Store(error) => MavenError::Store(error),
            source => MavenError::Wrong {
                path: path.clone(),
                source,
            },
        };
        let mut file = File::open(&path).map_err(|error| wrong(CopyError::Read(error)))?;
        copy_verified(
            &mut file,
            store,
            &jar.coordinates.file_name(),
            &jar.expected,
        )
        .map_err(wrong)?;
    }
    task.done();
    Ok(())
}

/// Digests and sizes of jars that no lock has pinned yet. `mvn` checks what it fetches against the
/// repository's own checksums; a released jar never changes, so this is asked once in its life.
pub fn pin(
    store: &Store,
    jars: &BTreeSet<Coordinates>,
    progress: &Progress,
) -> Result<BTreeMap<Coordinates, Expected>, MavenError> {
    if jars.is_empty() {
        return Ok(BTreeMap::new());
    }
    let task = progress.step(&format!("{} by mvn", count(jars.len())));
    let directory = store.work().subdirectory()?;
    let coordinates: Vec<&Coordinates> = jars.iter().collect();
    mvn::copy(&coordinates, directory.path(), Vec::new())?;
    let mut pinned = BTreeMap::new();
    for jar in jars {
        let path = directory.path().join(jar.file_name());
        let bytes = read_jar(&path).map_err(|error| MavenError::Wrong {
            path: path.clone(),
            source: CopyError::Read(error),
        })?;
        pinned.insert(jar.clone(), store.insert(&bytes)?);
    }
    task.done();
    Ok(pinned)
}

/// Nothing says yet how long it is.
fn read_jar(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut limited = Limited {
        reader: File::open(path)?,
        left: LARGEST_JAR,
    };
    let mut bytes = Vec::new();
    limited.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use layers::Digest;

    use super::super::download::Failure;
    use super::super::http::{HttpClient, HttpSettings};
    use super::*;

    fn silent(text: &str) -> Reason {
        Reason::Silent(text.to_owned())
    }

    #[test]
    fn the_error_without_maven_says_whether_anybody_else_was_asked() {
        let message = |reasons: Vec<Reason>| {
            let missing = 2;
            MavenError::NoMaven { missing, reasons }.to_string()
        };
        assert_eq!(
            message(Vec::new()),
            "cannot fetch 2 jars: there is no `mvn` on PATH"
        );
        assert_eq!(
            message(vec![silent("a"), silent("b")]),
            "cannot fetch 2 jars: no Maven repository gave what the lock names, and there is no `mvn` on PATH\n  a\n  b"
        );
    }

    #[test]
    fn few_and_different_reasons_are_shown_and_lies_first() {
        let lie = Reason::Lied("lie".to_owned());
        let error = DownloadError {
            failures: vec![Failure {
                input: "a.jar".to_owned(),
                size: Some(1),
                reasons: vec![
                    silent("a"),
                    silent("a"),
                    silent("b"),
                    silent("c"),
                    lie.clone(),
                ],
                passed_over: Vec::new(),
            }],
        };
        assert_eq!(first_reasons(&error), [lie, silent("a"), silent("b")]);
    }

    #[test]
    fn a_cache_that_cannot_be_written_is_not_blamed_on_the_local_repository() {
        let directory = tempfile::tempdir().unwrap();
        let jar = PinnedJar {
            coordinates: "org.example:a:1".parse().unwrap(),
            expected: Expected {
                digest: Digest::sha256_of(b"jar"),
                size: Some(3),
            },
        };
        let path = directory.path().join(jar.coordinates.repository_path());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "jar").unwrap();
        let store = Store::open(&directory.path().join("cache")).unwrap();
        fs::remove_dir_all(directory.path().join("cache/v1/blobs")).unwrap();
        let mirrors = UserMirrors::default();
        let source = MavenSource::new(Some(directory.path().to_owned()), &mirrors, &[]);
        let downloader = Downloader {
            client: &HttpClient::new(HttpSettings::default()).unwrap(),
            store: &store,
            progress: &Progress::new(true),
        };
        let result = source.fetch(downloader, &[jar]);
        assert!(matches!(result, Err(MavenError::Store(_))), "{result:?}");
    }
}
