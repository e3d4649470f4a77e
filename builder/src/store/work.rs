//! Scratch directories that do not outlive their process, not even one that was killed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

use super::StoreError;

/// One process's directory below `work/`, with a locked file beside it that says it is in use.
#[derive(Debug)]
pub struct WorkDirectory {
    directory: TempDir,
    lock_path: PathBuf,
    _lock: File,
}

impl WorkDirectory {
    /// Sweeps what dead processes left, then makes a directory for this one.
    pub(super) fn create(parent: &Path) -> Result<Self, StoreError> {
        sweep(parent);
        let directory =
            TempDir::new_in(parent).map_err(StoreError::io("create a directory in", parent))?;
        let lock_path = lock_path(directory.path());
        // Locked before it gets the name that a sweep looks for: no sweep ever sees it free.
        let lock =
            NamedTempFile::new_in(parent).map_err(StoreError::io("create a file in", parent))?;
        lock.as_file()
            .lock()
            .map_err(StoreError::io("lock", lock.path()))?;
        let lock = lock
            .persist(&lock_path)
            .map_err(|error| StoreError::io("create", &lock_path)(error.error))?;
        Ok(Self {
            directory,
            lock_path,
            _lock: lock,
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

impl Drop for WorkDirectory {
    fn drop(&mut self) {
        // The next sweep does it where this fails.
        let _ = fs::remove_file(&self.lock_path);
    }
}

fn lock_path(directory: &Path) -> PathBuf {
    let mut path = directory.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}

/// Removes every directory whose lock nobody holds. Failures are left for the next sweep: scratch
/// that stays costs space, never correctness.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "lock") {
            continue;
        }
        let Ok(file) = File::open(&path) else {
            continue;
        };
        if file.try_lock().is_ok() {
            // The lock goes last: a directory that an orphan still writes to is swept the next time.
            let directory = path.with_extension("");
            if !directory.exists() || fs::remove_dir_all(&directory).is_ok() {
                let _ = fs::remove_file(&path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_process_leaves_nothing_and_a_living_one_keeps_its_own() {
        let parent = tempfile::tempdir().unwrap();
        let living = WorkDirectory::create(parent.path()).unwrap();
        fs::write(living.path().join("file"), "kept").unwrap();
        let dead = parent.path().join(".tmpdead");
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join("file"), "left").unwrap();
        fs::write(lock_path(&dead), "").unwrap();

        let next = WorkDirectory::create(parent.path()).unwrap();

        assert!(!dead.exists());
        assert!(living.path().join("file").exists());
        assert!(next.path().exists());
    }
}
