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
pub struct DataLock(
    #[expect(dead_code, reason = "the lock ends when the file is closed")] Option<File>,
);

/// Takes `directory`. A file system without locks gives a lock that holds nothing, and the reason.
pub fn take(directory: &Path) -> Result<(DataLock, Option<io::Error>), Taken> {
    let path = directory.join(NAME);
    // One that another uid has made may be readable only, which is enough on everything but NFS.
    let opened = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .or_else(|_| File::open(&path));
    let file = match opened {
        Ok(file) => file,
        Err(error) => return Ok((DataLock(None), Some(error))),
    };
    match file.try_lock() {
        Ok(()) => Ok((DataLock(Some(file)), None)),
        Err(TryLockError::WouldBlock) => Err(Taken {
            directory: directory.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Ok((DataLock(None), Some(error))),
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
    fn a_directory_that_cannot_be_locked_is_said_so() {
        assert!(take(Path::new("/nowhere")).unwrap().1.is_some());
    }
}
