//! Executing a plan, in the order that the module above describes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::DEFAULT_FILES;
use super::daemon::{self, Identity};
use super::directories::{self, Content, CreateError};
use super::files::{self, Readers, Unwritable};
use super::lock::{self, DataLock, Taken};
use super::plan::{Plan, StartFrom};
use super::system::System;
use crate::file;
use crate::journal::Journal;
use crate::runtime::{RuntimeDirectory, RuntimeError};

/// Why a server may not start.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// A directory is missing.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// Root cannot be given up.
    #[error("cannot give up root: {0}")]
    GiveUpRoot(#[source] io::Error),
    /// A directory cannot be written.
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
    /// Another server has the data.
    #[error(transparent)]
    Taken(#[from] Taken),
    /// The copy of `zoo.cfg` that the server reads has no place.
    #[error("no copy of zoo.cfg for the running server: {0}")]
    Runtime(String),
    /// The server, which is to replace `zoo.cfg`, cannot even read it.
    #[error(
        "cannot read {} as the user of the server, who must replace it where reconfiguration is on: {source}",
        path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// What to do next, where we know: one line for all of them.
pub fn hint(errors: &[ExecuteError]) -> Option<String> {
    let refused: Vec<&Unwritable> = errors
        .iter()
        .filter_map(|error| match error {
            ExecuteError::Unwritable(unwritable) => Some(unwritable),
            _ => None,
        })
        .filter(|unwritable| unwritable.source.kind() == io::ErrorKind::PermissionDenied)
        .collect();
    let shown = |paths: Vec<&PathBuf>| {
        let paths: Vec<String> = paths
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        paths.join(", ")
    };
    let (mounted, of_image): (Vec<&Unwritable>, Vec<&Unwritable>) = refused
        .into_iter()
        .partition(|unwritable| unwritable.is_mounted);
    if let Some(first) = mounted.first() {
        return Some(format!(
            "give what is mounted there to the user of the server, for example by `chown -R {}` on the host: {}",
            first.us,
            shown(
                mounted
                    .iter()
                    .map(|unwritable| &unwritable.directory)
                    .collect()
            )
        ));
    }
    if !of_image.is_empty() {
        return Some(format!(
            "mount a volume that {} may write to: {}",
            of_image[0].us,
            shown(
                of_image
                    .iter()
                    .map(|unwritable| &unwritable.wanted)
                    .collect()
            )
        ));
    }
    errors
        .iter()
        .any(|error| matches!(error, ExecuteError::GiveUpRoot(_)))
        .then(|| {
            "start the container with `--user 1000`, or with ZOO_DAEMON_USER=root where its root is an ordinary user \
             outside, as in rootless engines"
                .to_owned()
        })
}

/// What a server needs to run.
#[derive(Debug)]
pub struct Prepared {
    /// The configuration file that it reads.
    pub config: PathBuf,
    /// The directory that only it reads, where there is a place for one.
    pub runtime: Option<RuntimeDirectory>,
    /// Keeps a second server off the data as long as it lives.
    pub lock: DataLock,
}

/// Does what the plan says. Of a server that still runs, `held` is what it has, and the next one gets too.
pub fn execute(
    plan: &Plan,
    identity: Identity,
    pid_file: &Path,
    held: Option<&Prepared>,
    system: &mut impl System,
    journal: Journal,
) -> Result<Prepared, Vec<ExecuteError>> {
    directories::hand_over(system, identity, &plan.directories, journal);
    daemon::become_daemon(system, identity)
        .map_err(|source| vec![ExecuteError::GiveUpRoot(source)])?;
    let made = directories::make(system, &plan.directories, journal);
    // A directory that cannot be made is best explained by the one above it.
    check_writable(plan, made.err().unwrap_or_default())?;

    let data = plan.myid_path.parent().unwrap_or(Path::new("/"));
    let held_lock = held.map(|held| &held.lock);
    let locked = lock::take(data, &plan.data_log_directory, held_lock);
    let (lock, unlocked) = locked.map_err(|taken| vec![taken.into()])?;
    for problem in unlocked {
        journal.warning(format_args!(
            "{problem}: a second server on the same data would not be noticed"
        ));
    }
    let conf = plan.config_path.parent().unwrap_or(Path::new("/"));
    if let Err(error) = files::copy_missing(Path::new(DEFAULT_FILES), conf) {
        // They are on the class path in their own place, too.
        journal.debug(format_args!(
            "default files are not copied to {}: {error}",
            conf.display()
        ));
    }
    write_files(plan, journal).map_err(|error| vec![error])?;
    let runtime = match held.and_then(|held| held.runtime.clone()) {
        Some(runtime) => Ok(runtime),
        None => RuntimeDirectory::create(pid_file),
    };
    let config = config_to_read(plan, &runtime).map_err(|error| vec![error])?;
    journal.debug(format_args!("the server reads {}", config.display()));
    let runtime = runtime.inspect_err(|error| {
        journal.warning(format_args!(
            "`zkServer.sh stop` and `restart` will not work: {error}"
        ));
    });
    Ok(Prepared {
        config,
        runtime: runtime.ok(),
        lock,
    })
}

/// The file itself, or a copy of it: one that ZooKeeper can write beside, and may read. Root could read more.
fn config_to_read(
    plan: &Plan,
    runtime: &Result<RuntimeDirectory, RuntimeError>,
) -> Result<PathBuf, ExecuteError> {
    let conf = plan.config_path.parent().unwrap_or(Path::new("/"));
    let read = file::read(&plan.config_path);
    let (content, needed) = match &plan.start_from {
        StartFrom::Itself => {
            let itself = read.map(|_| plan.config_path.clone());
            return itself.map_err(|source| ExecuteError::Unreadable {
                path: plan.config_path.clone(),
                source,
            });
        }
        StartFrom::ItselfOrCopy(content) => {
            if read.is_ok() && files::check_writable(conf).is_ok() {
                return Ok(plan.config_path.clone());
            }
            (content, read.is_err())
        }
        StartFrom::Copy(content) => (content, true),
    };
    match runtime {
        Ok(runtime) => {
            let write = runtime.write("zoo.cfg", content);
            write.map_err(|source| ExecuteError::Write {
                path: runtime.path().join("zoo.cfg"),
                source,
            })
        }
        // Without a copy ZooKeeper only says that it cannot write beside the file.
        Err(_) if !needed => Ok(plan.config_path.clone()),
        Err(error) => Err(ExecuteError::Runtime(error.to_string())),
    }
}

fn check_writable(plan: &Plan, missing: Vec<CreateError>) -> Result<(), Vec<ExecuteError>> {
    let mut errors: Vec<ExecuteError> = plan
        .directories
        .iter()
        .filter(|directory| directory.needed)
        .filter_map(|directory| {
            let checked = match directory.content {
                Content::Data => files::check_data_writable(&directory.path),
                Content::Logs | Content::Theirs => files::check_writable(&directory.path),
            };
            checked.err()
        })
        .map(ExecuteError::from)
        .collect();
    if errors.is_empty() {
        errors.extend(missing.into_iter().map(ExecuteError::from));
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

fn write_files(plan: &Plan, journal: Journal) -> Result<(), ExecuteError> {
    let write = |path: &Path, content: &[u8], readers: Readers| {
        journal.debug(format_args!("writing {}", path.display()));
        files::write_for(readers, path, content).map_err(|source| ExecuteError::Write {
            path: path.to_owned(),
            source,
        })
    };
    if let Some(id) = plan.myid {
        write(
            &plan.myid_path,
            format!("{id}\n").as_bytes(),
            Readers::Everybody,
        )?;
    }
    if let Some(config) = &plan.config {
        let readers = if plan.config_has_password {
            Readers::Owner
        } else {
            Readers::Everybody
        };
        write(&plan.config_path, config.as_bytes(), readers).inspect_err(|_| {
            // A start that did not happen leaves nothing behind.
            if plan.myid.is_some() {
                let _ = fs::remove_file(&plan.myid_path);
            }
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_hint_for_all() {
        let unwritable = |directory: &str, kind: io::ErrorKind| {
            ExecuteError::Unwritable(Unwritable {
                directory: directory.into(),
                wanted: "/zk/data".into(),
                is_mounted: directory != "/",
                mode: 0o755,
                owner: "0:0".to_owned(),
                us: "1000:1000".to_owned(),
                source: kind.into(),
            })
        };
        let denied = io::ErrorKind::PermissionDenied;
        assert_eq!(
            hint(&[
                unwritable("/srv/data", denied),
                unwritable("/x", io::ErrorKind::StorageFull),
                unwritable("/srv/datalog", denied),
            ])
            .unwrap(),
            "give what is mounted there to the user of the server, for example by `chown -R 1000:1000` on the host: \
             /srv/data, /srv/datalog"
        );
        // Nobody is to be told to give away the root of a host.
        assert_eq!(
            hint(&[unwritable("/", denied)]).unwrap(),
            "mount a volume that 1000:1000 may write to: /zk/data"
        );
        // The message itself says all there is to say.
        assert_eq!(
            hint(&[unwritable("/x", io::ErrorKind::ReadOnlyFilesystem)]),
            None
        );
        let root = ExecuteError::GiveUpRoot(denied.into());
        assert!(hint(&[root]).unwrap().contains("`--user 1000`"));
        assert_eq!(hint(&[]), None);
    }
}
