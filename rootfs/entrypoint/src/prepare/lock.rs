//! One server per data directory: a lock that the kernel drops with the process, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

pub(super) const NAME: &str = ".zookeeper-entrypoint.lock";

/// Somebody else has the directory.
#[derive(Debug, thiserror::Error)]
#[error("another server is running on {}", directory.display())]
pub struct Taken {
    /// The data directory.
    pub directory: PathBuf,
}

/// Holds a data directory as long as it lives.
#[derive(Debug)]
pub struct DataLock {
    directory: PathBuf,
    /// Nothing on a file system without locks.
    file: Option<File>,
}

impl DataLock {
    /// A second hold on the same directory, for the next server of the same container: nobody else gets it
    /// between the end of one and the start of the other.
    pub(super) fn again(&self, directory: &Path) -> Option<Self> {
        let file = self.file.as_ref().filter(|_| self.directory == directory)?;
        let file = file.try_clone().ok()?;
        Some(Self {
            directory: directory.to_owned(),
            file: Some(file),
        })
    }
}

/// Takes `directory`. A file system without locks gives a lock that holds nothing, and the reason.
pub fn take(directory: &Path) -> Result<(DataLock, Option<io::Error>), Taken> {
    let path = directory.join(NAME);
    let lock = |file| DataLock {
        directory: directory.to_owned(),
        file,
    };
    // One that another uid has made may be readable only, which is enough on everything but NFS.
    let opened = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .or_else(|_| File::open(&path));
    let file = match opened {
        Ok(file) => file,
        Err(error) => return Ok((lock(None), Some(error))),
    };
    match file.try_lock() {
        Ok(()) => Ok((lock(Some(file)), None)),
        Err(TryLockError::WouldBlock) => Err(Taken {
            directory: directory.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Ok((lock(None), Some(error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_one_is_refused_until_the_first_is_gone() {
        let data = tempfile::tempdir().unwrap();
        let (first, problem) = take(data.path()).unwrap();
        assert!(problem.is_none());
        let refused = take(data.path()).unwrap_err().to_string();
        assert_eq!(
            refused,
            format!("another server is running on {}", data.path().display())
        );
        drop(first);
        take(data.path()).unwrap();
    }

    #[test]
    fn a_second_hold_outlives_the_first() {
        let (data, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (first, _) = take(data.path()).unwrap();
        assert!(first.again(other.path()).is_none());
        let second = first.again(data.path()).unwrap();
        drop(first);
        take(data.path()).unwrap_err();
        drop(second);
        take(data.path()).unwrap();
    }

    #[test]
    fn a_directory_that_cannot_be_locked_is_said_so() {
        assert!(take(Path::new("/nowhere")).unwrap().1.is_some());
    }
}
