//! Jars by Maven coordinates: the local repository first, then public mirrors, then one call of the
//! installed `mvn`, which knows the user's own settings, mirrors and passwords.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use thiserror::Error;
use url::Url;

use super::download::{CopyError, Input, copy_verified, fetch_all};
use super::http::HttpClient;
use crate::catalog::Coordinates;
use crate::progress::Progress;
use crate::store::{Expected, Store, StoreError};

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
    /// No `mvn` on `PATH`, and no mirror answered.
    #[error("cannot fetch {}: no Maven repository answered, and there is no `mvn` on PATH\n  {}", count(*missing), reasons.join("\n  "))]
    NoMaven {
        /// How many jars.
        missing: usize,
        /// What the mirrors said, without repetition.
        reasons: Vec<String>,
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
    /// Scratch space could not be made.
    #[error(transparent)]
    Store(#[from] StoreError),
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

/// Where jars can be had.
#[derive(Debug)]
pub struct MavenSource<'a> {
    /// Public mirrors, in order.
    pub mirrors: &'a [String],
    /// `~/.m2/repository`, where there is a home directory.
    pub local_repository: Option<PathBuf>,
}

impl MavenSource<'_> {
    /// Brings every jar into the store.
    pub fn fetch(
        &self,
        client: &HttpClient,
        store: &Store,
        jars: &[PinnedJar],
        progress: &Progress,
    ) -> Result<(), MavenError> {
        let mut missing: Vec<&PinnedJar> = jars
            .iter()
            .filter(|jar| !store.contains(&jar.expected))
            .collect();
        if let Some(repository) = &self.local_repository {
            missing.retain(|jar| !take_from_repository(repository, jar, store, progress));
        }
        if missing.is_empty() {
            return Ok(());
        }
        let inputs: Vec<Input> = missing.iter().map(|jar| self.input(jar)).collect();
        let Err(mut error) = fetch_all(client, store, &inputs, progress) else {
            return Ok(());
        };
        missing.retain(|jar| !store.contains(&jar.expected));

        let mut reasons: Vec<String> = error
            .failures
            .drain(..)
            .flat_map(|failure| failure.reasons)
            .collect();
        reasons.truncate(3);
        fetch_by_mvn(store, &missing, reasons, progress)
    }

    fn input(&self, jar: &PinnedJar) -> Input {
        let path = jar.coordinates.repository_path();
        Input {
            name: jar.coordinates.file_name(),
            expected: jar.expected.clone(),
            addresses: (self.mirrors.iter())
                .filter_map(|mirror| {
                    Url::parse(&format!("{}/{path}", mirror.trim_end_matches('/'))).ok()
                })
                .collect(),
        }
    }
}

/// A jar of the local repository is checked like any other; one with other bytes is passed over.
fn take_from_repository(
    repository: &Path,
    jar: &PinnedJar,
    store: &Store,
    progress: &Progress,
) -> bool {
    let path = repository.join(jar.coordinates.repository_path());
    let Ok(mut file) = File::open(&path) else {
        return false;
    };
    match copy_verified(
        &mut file,
        store,
        &jar.coordinates.file_name(),
        &jar.expected,
    ) {
        Ok(()) => true,
        Err(error) => {
            progress.warn(&format!("`{}` is passed over: {error}", path.display()));
            false
        }
    }
}

/// One call for all jars. `dependency:copy` takes a list of artifacts as they are: no resolution of
/// dependencies, no conflict mediation between versions of the same artifact.
fn fetch_by_mvn(
    store: &Store,
    missing: &[&PinnedJar],
    reasons: Vec<String>,
    progress: &Progress,
) -> Result<(), MavenError> {
    let task = progress.step(&format!("{} by mvn", count(missing.len())));
    let directory = store.work().subdirectory()?;
    let coordinates: Vec<&Coordinates> = missing.iter().map(|jar| &jar.coordinates).collect();
    match run_mvn(&coordinates, directory.path())? {
        MvnOutcome::Done => {}
        MvnOutcome::NotInstalled => {
            return Err(MavenError::NoMaven {
                missing: missing.len(),
                reasons,
            });
        }
        MvnOutcome::Failed(detail) => {
            return Err(MavenError::Failed {
                missing: missing.len(),
                detail,
            });
        }
    }
    for jar in missing {
        let path = directory.path().join(jar.coordinates.file_name());
        let wrong = |source| MavenError::Wrong {
            path: path.clone(),
            source,
        };
        let mut file = File::open(&path).map_err(|error| wrong(CopyError::Transfer(error)))?;
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
    match run_mvn(&coordinates, directory.path())? {
        MvnOutcome::Done => {}
        MvnOutcome::NotInstalled => {
            return Err(MavenError::NoMaven {
                missing: jars.len(),
                reasons: Vec::new(),
            });
        }
        MvnOutcome::Failed(detail) => {
            return Err(MavenError::Failed {
                missing: jars.len(),
                detail,
            });
        }
    }
    let mut pinned = BTreeMap::new();
    for jar in jars {
        let path = directory.path().join(jar.file_name());
        let bytes = fs::read(&path).map_err(|error| MavenError::Wrong {
            path: path.clone(),
            source: CopyError::Transfer(error),
        })?;
        pinned.insert(jar.clone(), store.insert(&bytes)?);
    }
    task.done();
    Ok(pinned)
}

/// How a call of `mvn` ended.
enum MvnOutcome {
    /// Every jar is in the directory, under its file name.
    Done,
    /// There is no `mvn` on `PATH`.
    NotInstalled,
    /// Its last words.
    Failed(String),
}

/// Copies jars into `directory` by one call of the installed `mvn`.
fn run_mvn(jars: &[&Coordinates], directory: &Path) -> Result<MvnOutcome, MavenError> {
    let project = directory.join("pom.xml");
    fs::write(&project, project_file(jars)).map_err(|source| MavenError::Write {
        path: project.clone(),
        source,
    })?;
    let mut command = Command::new("mvn");
    command
        .args(["--batch-mode", "--quiet", "--strict-checksums", "--file"])
        .arg(&project)
        .arg("dependency:copy")
        .arg(format!("-DoutputDirectory={}", directory.display()))
        .current_dir(directory)
        .stdin(Stdio::null());
    keep_environment(&mut command);
    let output = match command.output() {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(MvnOutcome::NotInstalled);
        }
        Err(error) => return Ok(MvnOutcome::Failed(error.to_string())),
    };
    if output.status.success() {
        return Ok(MvnOutcome::Done);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let errors: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("[ERROR]"))
        .take(3)
        .collect();
    Ok(MvnOutcome::Failed(format!(
        "{}\n  {}",
        output.status,
        errors.join("\n  ")
    )))
}

/// What Maven needs to find the user's settings and the network; nothing else of the host's
/// environment reaches it.
fn keep_environment(command: &mut Command) {
    const KEPT: [&str; 16] = [
        "HOME",
        "JAVA_HOME",
        "LANG",
        "M2_HOME",
        "MAVEN_ARGS",
        "MAVEN_HOME",
        "MAVEN_OPTS",
        "NO_PROXY",
        "PATH",
        "USER",
        "all_proxy",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
    ];
    command.env_clear();
    for name in KEPT {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
}

/// Coordinates are made of characters that need no escaping in XML.
fn project_file(jars: &[&Coordinates]) -> String {
    let mut items = String::new();
    for jar in jars {
        let classifier = match &jar.classifier {
            Some(classifier) => format!("<classifier>{classifier}</classifier>"),
            None => String::new(),
        };
        items.push_str(&format!(
            "<artifactItem><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version>\
             <type>jar</type>{classifier}<destFileName>{}</destFileName></artifactItem>\n",
            jar.group,
            jar.artifact,
            jar.version,
            jar.file_name()
        ));
    }
    format!(
        "<project><modelVersion>4.0.0</modelVersion>\
         <groupId>zookiln</groupId><artifactId>fetch</artifactId><version>1</version><packaging>pom</packaging>\
         <build><plugins><plugin><artifactId>maven-dependency-plugin</artifactId><configuration>\
         <artifactItems>\n{items}</artifactItems>\
         </configuration></plugin></plugins></build></project>\n"
    )
}
