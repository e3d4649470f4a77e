//! Jars by Maven coordinates: the local repository first, then public mirrors, then one call of the
//! installed `mvn`, which knows the user's own settings, mirrors and passwords.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use thiserror::Error;

use super::download::{CopyError, DownloadError, Input, Reason, chain, copy_verified, fetch_all};
use super::http::{HttpClient, parse_address, text_without_userinfo};
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
    /// The store could not be written during a download.
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
    let mut text = "no Maven repository answered, and there is no `mvn` on PATH".to_owned();
    for reason in reasons {
        text.push_str(&format!("\n  {reason}"));
    }
    text
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
            for jar in std::mem::take(&mut missing) {
                if !take_from_repository(repository, jar, store, progress)? {
                    missing.push(jar);
                }
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let Err(error) = fetch_all(client, store, &self.inputs(&missing, progress), progress)
        else {
            return Ok(());
        };
        if error.is_of_store() {
            return Err(MavenError::Download(error));
        }
        missing.retain(|jar| !store.contains(&jar.expected));

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

    fn inputs(&self, jars: &[&PinnedJar], progress: &Progress) -> Vec<Input> {
        let mut roots = Vec::new();
        for mirror in self.mirrors {
            match parse_address(&format!("{}/", mirror.trim_end_matches('/'))) {
                Ok(root) => roots.push(root),
                Err(error) => {
                    progress.warn(&format!("catalog: `maven.mirrors`: {}", chain(&error)));
                }
            }
        }
        let input = |jar: &&PinnedJar| {
            let path = jar.coordinates.repository_path();
            Input {
                name: jar.coordinates.file_name(),
                expected: jar.expected.clone(),
                addresses: (roots.iter())
                    .filter_map(|root| root.join(&path).ok())
                    .collect(),
                passed_over: Vec::new(),
            }
        };
        jars.iter().map(input).collect()
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
    run_mvn(&coordinates, directory.path(), reasons)?;
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
    run_mvn(&coordinates, directory.path(), Vec::new())?;
    let mut pinned = BTreeMap::new();
    for jar in jars {
        let path = directory.path().join(jar.file_name());
        let bytes = fs::read(&path).map_err(|error| MavenError::Wrong {
            path: path.clone(),
            source: CopyError::Read(error),
        })?;
        pinned.insert(jar.clone(), store.insert(&bytes)?);
    }
    task.done();
    Ok(pinned)
}

/// Copies jars into `directory`, each under its file name, by one call of the installed `mvn`.
/// `reasons` is what mirrors said before.
fn run_mvn(
    jars: &[&Coordinates],
    directory: &Path,
    reasons: Vec<Reason>,
) -> Result<(), MavenError> {
    let project = directory.join("pom.xml");
    fs::write(&project, project_file(jars)).map_err(|source| MavenError::Write {
        path: project.clone(),
        source,
    })?;
    let missing = jars.len();
    let output = match command(&project, directory).output() {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(MavenError::NoMaven { missing, reasons });
        }
        Err(error) => {
            return Err(MavenError::Failed {
                missing,
                detail: error.to_string(),
            });
        }
    };
    if output.status.success() {
        return Ok(());
    }
    Err(MavenError::Failed {
        missing,
        detail: last_words(&output),
    })
}

/// Maven runs in the user's whole environment: a `settings.xml` may refer to any variable of it, a
/// password most of all, and proxies, certificates and the JDK are found by it. Taken out are the
/// variables that any JVM obeys: they bring agents and options that are meant for other programs,
/// and make it print lines of its own. `MAVEN_OPTS` is the place for options meant for Maven.
fn command(project: &Path, directory: &Path) -> Command {
    let mut command = Command::new("mvn");
    command
        .args(["--batch-mode", "--quiet", "--strict-checksums", "--file"])
        .arg(project)
        .arg("dependency:copy")
        .arg(format!("-DoutputDirectory={}", directory.display()))
        .current_dir(directory)
        .stdin(Stdio::null());
    for name in ["JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS"] {
        command.env_remove(name);
    }
    command
}

/// Exit status and first errors; where `mvn` did not come as far as to report one, the end of what
/// it printed.
fn last_words(output: &Output) -> String {
    const SHOWN: usize = 3;
    let printed = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    let mut lines: Vec<&str> = (printed.lines())
        .filter(|line| line.starts_with("[ERROR]"))
        .take(SHOWN)
        .collect();
    if lines.is_empty() {
        let all = printed.lines().chain(complaints.lines());
        lines = all.filter(|line| !line.trim().is_empty()).collect();
        lines.drain(..lines.len().saturating_sub(SHOWN));
    }
    let mut text = output.status.to_string();
    for line in lines {
        text.push_str(&format!("\n  {}", text_without_userinfo(line)));
    }
    text
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

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use layers::Digest;

    use super::super::download::Failure;
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
            "cannot fetch 2 jars: no Maven repository answered, and there is no `mvn` on PATH\n  a\n  b"
        );
    }

    #[test]
    fn few_and_different_reasons_are_shown_and_lies_first() {
        let lie = Reason::Lied("lie".to_owned());
        let error = DownloadError {
            failures: vec![Failure {
                input: "a.jar".to_owned(),
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
    fn maven_gets_the_environment_without_options_for_any_jvm() {
        let command = command(Path::new("pom.xml"), Path::new("/"));
        let changed: Vec<_> = command.get_envs().collect();
        assert_eq!(
            changed,
            ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"]
                .map(|name| (name.as_ref(), None))
        );
    }

    #[test]
    fn a_failing_maven_is_quoted_without_passwords_and_empty_lines() {
        let words = |stdout: &str, stderr: &str| {
            last_words(&Output {
                status: ExitStatus::from_raw(1 << 8),
                stdout: stdout.into(),
                stderr: stderr.into(),
            })
        };
        assert_eq!(words("", ""), "exit status: 1");
        assert_eq!(
            words("", "\nJAVA_HOME is not defined correctly\n"),
            "exit status: 1\n  JAVA_HOME is not defined correctly"
        );
        assert_eq!(
            words("noise\n[ERROR] from (https://user:secret@host/m2)\n", "x"),
            "exit status: 1\n  [ERROR] from (https://host/m2)"
        );
    }

    #[test]
    fn a_cache_that_cannot_be_written_is_not_blamed_on_the_local_repository() {
        let directory = tempfile::tempdir().unwrap();
        let jar = PinnedJar {
            coordinates: "org.example:a:1".parse().unwrap(),
            expected: Expected {
                digest: Digest::sha256_of(b"jar"),
                size: 3,
            },
        };
        let path = directory.path().join(jar.coordinates.repository_path());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "jar").unwrap();
        let store = Store::open(&directory.path().join("cache")).unwrap();
        fs::remove_dir_all(directory.path().join("cache/v1/blobs")).unwrap();
        let source = MavenSource {
            mirrors: &[],
            local_repository: Some(directory.path().to_owned()),
        };
        let client = HttpClient::new().unwrap();
        let result = source.fetch(&client, &store, &[jar], &Progress::new(true));
        assert!(matches!(result, Err(MavenError::Store(_))), "{result:?}");
    }
}
