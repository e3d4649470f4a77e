//! Executing a plan, in the order that the module above describes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::DEFAULT_FILES;
use super::daemon::{self, Identity};
use super::directories::{self, CreateError};
use super::files::{self, Unwritable};
use super::lock::{self, DataLock, Taken};
use super::plan::{Plan, StartFrom};
use super::system::System;
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
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
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
    let created = directories::ready(system, identity, &plan.directories, journal);
    daemon::become_daemon(system, identity)
        .map_err(|source| vec![ExecuteError::GiveUpRoot(source)])?;
    // Said as whom we are now, a directory that cannot be made is best explained by the one above it.
    check_writable(plan, created.err().unwrap_or_default())?;

    let data = plan.myid_path.parent().unwrap_or(Path::new("/"));
    let (lock, unlocked) = match held.and_then(|held| held.lock.again(data)) {
        Some(lock) => (lock, None),
        None => lock::take(data).map_err(|taken| vec![taken.into()])?,
    };
    if let Some(error) = unlocked {
        journal.debug(format_args!("{} cannot be locked: {error}", data.display()));
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

/// The file itself, or a copy of it that ZooKeeper can write beside.
fn config_to_read(
    plan: &Plan,
    runtime: &Result<RuntimeDirectory, RuntimeError>,
) -> Result<PathBuf, ExecuteError> {
    let conf = plan.config_path.parent().unwrap_or(Path::new("/"));
    let (content, needed) = match &plan.start_from {
        StartFrom::Itself => return Ok(plan.config_path.clone()),
        StartFrom::ItselfOrCopy(content) => {
            if files::check_writable(conf).is_ok() {
                return Ok(plan.config_path.clone());
            }
            (content, false)
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
        .filter_map(|directory| files::check_writable(&directory.path).err())
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
    let write = |path: &Path, content: &[u8]| {
        journal.debug(format_args!("writing {}", path.display()));
        files::write(path, content).map_err(|source| ExecuteError::Write {
            path: path.to_owned(),
            source,
        })
    };
    if let Some(id) = plan.myid {
        write(&plan.myid_path, format!("{id}\n").as_bytes())?;
    }
    if let Some(config) = &plan.config {
        write(&plan.config_path, config.as_bytes()).inspect_err(|_| {
            // A start that did not happen leaves nothing behind.
            if plan.myid.is_some() {
                let _ = fs::remove_file(&plan.myid_path);
            }
        })?;
    }
    Ok(())
}
