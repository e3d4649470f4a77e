//! Scratch directories that do not outlive their process, not even one that was killed.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile, TempDir};

use super::{Holder, StoreError, lock_file};
use crate::interrupt::Scratch;

const LOCK: &str = ".lock";

/// One process's directory below `work/`, with a locked file beside it that says it is in use. The
/// file is there before the directory and as long as it is, so that one without the other is nobody's.
#[derive(Debug)]
pub struct WorkDirectory {
    // In this order they are dropped.
    directory: TempDir,
    _lock: NamedTempFile,
    // And in order of path, which is the same, an interruption removes them.
    _scratch: [Scratch; 2],
}

/// What was found below `work/`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The directory of a process that runs.
    Living { directory: PathBuf, holder: Holder },
    /// What a process has left that does not run any more; the first may be gone.
    Left(Vec<PathBuf>),
}

impl WorkDirectory {
    /// Sweeps what dead processes left, then makes a directory for this one.
    pub(super) fn create(parent: &Path) -> Result<Self, StoreError> {
        sweep(parent);
        let lock = loop {
            let mut lock = Builder::new()
                .suffix(LOCK)
                .tempfile_in(parent)
                .map_err(StoreError::io("create a file in", parent))?;
            // A sweep that has seen it unlocked is about to remove it: another one, then.
            if lock.as_file().try_lock().is_ok() && lock_file::has_name(lock.as_file(), lock.path())
            {
                Holder::this_process("").write(lock.as_file_mut());
                break lock;
            }
        };
        let name = lock.path().with_extension("");
        let directory = Builder::new()
            .prefix(name.file_name().unwrap_or(name.as_os_str()))
            .rand_bytes(0)
            .tempdir_in(parent)
            .map_err(StoreError::io("create a directory in", parent))?;
        let scratch = [directory.path(), lock.path()].map(Scratch::new);
        Ok(Self {
            directory,
            _lock: lock,
            _scratch: scratch,
        })
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A directory of its own for one step, gone when dropped.
    pub fn subdirectory(&self) -> Result<TempDir, StoreError> {
        TempDir::new_in(self.path()).map_err(StoreError::io("create a directory in", self.path()))
    }
}

fn lock_path(directory: &Path) -> PathBuf {
    let mut path = directory.as_os_str().to_owned();
    path.push(LOCK);
    path.into()
}

/// Removes what no living process holds. Failures are left for the next sweep: scratch that stays
/// costs space, never correctness.
pub(super) fn sweep(parent: &Path) {
    for path in entries(parent) {
        if let Some(directory) = directory_of(&path) {
            if let Some(file) = lock_file::abandoned(&path) {
                // The lock goes last: a directory that an orphan still writes to is swept next time.
                if remove(&directory) {
                    lock_file::release(&file, &path);
                }
            }
        } else if !lock_path(&path).exists() {
            remove(&path);
        }
    }
}

/// What is there, with the processes that it belongs to.
pub(super) fn list(parent: &Path) -> Vec<Found> {
    let mut found = Vec::new();
    for path in entries(parent) {
        if let Some(directory) = directory_of(&path) {
            match lock_file::look(&path) {
                Some((mut file, true)) => {
                    let holder = Holder::read(&mut file);
                    found.push(Found::Living { directory, holder });
                }
                Some((_, false)) => found.push(Found::Left(vec![directory, path])),
                None => {}
            }
        } else if !lock_path(&path).exists() {
            found.push(Found::Left(vec![path]));
        }
    }
    found
}

fn entries(parent: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    entries.map(|entry| entry.path())
}

/// The directory that a locked file stands for.
fn directory_of(path: &Path) -> Option<PathBuf> {
    let is_lock = path
        .extension()
        .is_some_and(|extension| extension == "lock");
    is_lock.then(|| path.with_extension(""))
}

/// Whether nothing is there any more.
fn remove(path: &Path) -> bool {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path).is_ok(),
        Ok(_) => fs::remove_file(path).is_ok(),
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(parent: &Path) -> Vec<PathBuf> {
        let mut names: Vec<PathBuf> = entries(parent).collect();
        names.sort();
        names
    }

    #[test]
    fn a_dead_process_leaves_nothing_and_a_living_one_keeps_its_own() {
        let parent = tempfile::tempdir().unwrap();
        let living = WorkDirectory::create(parent.path()).unwrap();
        fs::write(living.path().join("file"), "kept").unwrap();
        // Killed in the middle, and at either end of its life.
        let dead = parent.path().join(".tmpdead");
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join("file"), "left").unwrap();
        fs::write(lock_path(&dead), "").unwrap();
        fs::write(parent.path().join(".tmpyoung.lock"), "").unwrap();
        fs::create_dir(parent.path().join(".tmpold")).unwrap();

        let next = WorkDirectory::create(parent.path()).unwrap();

        let mut expected = Vec::new();
        for directory in [living.path(), next.path()] {
            expected.extend([directory.to_owned(), lock_path(directory)]);
        }
        expected.sort();
        assert_eq!(names(parent.path()), expected);
        assert!(living.path().join("file").exists());
        drop((living, next));
        assert_eq!(names(parent.path()), Vec::<PathBuf>::new());
    }

    #[test]
    fn a_listing_tells_the_living_from_the_dead_and_changes_nothing() {
        let parent = tempfile::tempdir().unwrap();
        let living = WorkDirectory::create(parent.path()).unwrap();
        let dead = parent.path().join(".tmpdead");
        fs::create_dir(&dead).unwrap();
        fs::write(lock_path(&dead), "").unwrap();
        let before = names(parent.path());

        let mut left = Vec::new();
        let mut processes = Vec::new();
        for scratch in list(parent.path()) {
            match scratch {
                Found::Living { directory, holder } => {
                    assert_eq!(directory, living.path());
                    processes.extend(holder.process());
                }
                Found::Left(paths) => left.extend(paths),
            }
        }

        assert_eq!(processes, [std::process::id()]);
        assert_eq!(left, [dead.clone(), lock_path(&dead)]);
        assert_eq!(names(parent.path()), before);
    }

    #[test]
    fn many_that_begin_and_end_at_once_do_not_sweep_each_other() {
        let parent = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let work = WorkDirectory::create(parent.path()).unwrap();
                        let step = work.subdirectory().unwrap();
                        fs::write(step.path().join("file"), "mine").unwrap();
                        sweep(parent.path());
                        assert!(step.path().join("file").exists());
                    }
                });
            }
        });
        assert_eq!(names(parent.path()), Vec::<PathBuf>::new());
    }
}
