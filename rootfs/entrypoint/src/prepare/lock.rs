//! One server per data directory and per directory of transaction logs: locks that the kernel drops with the
//! process, however it ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

pub(super) const NAME: &str = ".zookeeper-entrypoint.lock";

/// Somebody else has the directory.
#[derive(Debug, thiserror::Error)]
#[error(
    "another server is running on {}: stop it first, or give this one a volume of its own", directory.display()
)]
pub struct Taken {
    /// The directory.
    pub directory: PathBuf,
}

/// A directory that nobody can lock, because its file system has no locks.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be locked: {source}", directory.display())]
pub struct Unlocked {
    /// The directory.
    pub directory: PathBuf,
    /// Why not.
    pub source: io::Error,
}

/// Holds directories as long as it lives.
#[derive(Debug, Default)]
pub struct DataLock(Vec<Held>);

#[derive(Debug)]
struct Held {
    directory: PathBuf,
    file: File,
}

impl DataLock {
    /// A second hold on the same directory, for the next server of the same container: nobody else gets it
    /// between the end of one and the start of the other.
    fn again(&self, directory: &Path) -> Option<File> {
        let held = self.0.iter().find(|held| held.directory == directory)?;
        held.file.try_clone().ok()
    }
}

/// Takes both directories, which may be the same. Where there are no locks nothing is held, and that is said.
/// What a server of this container holds already, by `before`, the next one gets too.
pub fn take(
    data: &Path,
    data_log: &Path,
    before: Option<&DataLock>,
) -> Result<(DataLock, Vec<Unlocked>), Taken> {
    let mut directories = vec![data];
    // A second lock on the same file would be refused because of the first.
    if identity(data) != identity(data_log) || identity(data).is_none() {
        directories.push(data_log);
    }
    let (mut lock, mut unlocked) = (DataLock::default(), Vec::new());
    for directory in directories {
        let taken = match before.and_then(|before| before.again(directory)) {
            Some(file) => Ok(file),
            None => take_one(directory),
        };
        let directory = directory.to_owned();
        match taken {
            Ok(file) => lock.0.push(Held { directory, file }),
            Err(TryLockError::WouldBlock) => return Err(Taken { directory }),
            Err(TryLockError::Error(source)) => unlocked.push(Unlocked { directory, source }),
        }
    }
    Ok((lock, unlocked))
}

fn identity(directory: &Path) -> Option<(u64, u64)> {
    let metadata = fs::metadata(directory).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

fn take_one(directory: &Path) -> Result<File, TryLockError> {
    let path = directory.join(NAME);
    // Opening a pipe that somebody has put there would wait for ever.
    let flags = (OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW).bits();
    // One that another uid has made may be readable only, which is enough on everything but NFS.
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .custom_flags(flags)
        .open(&path)
        .or_else(|_| {
            OpenOptions::new()
                .read(true)
                .custom_flags(flags)
                .open(&path)
        })
        .map_err(TryLockError::Error)?;
    file.try_lock()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::stat::Mode;

    fn directory() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn take(data: &Path, data_log: &Path) -> Result<(DataLock, Vec<Unlocked>), Taken> {
        super::take(data, data_log, None)
    }

    fn refused(data: &Path, data_log: &Path) -> String {
        take(data, data_log).unwrap_err().to_string()
    }

    #[test]
    fn a_second_hold_outlives_the_first() {
        let (data, logs, other) = (directory(), directory(), directory());
        let (data, logs, other) = (data.path(), logs.path(), other.path());
        let (first, _) = take(data, logs).unwrap();
        let (second, _) = super::take(data, other, Some(&first)).unwrap();
        drop(first);
        refused(data, data);
        refused(other, other);
        take(logs, logs).unwrap();
        drop(second);
        take(data, logs).unwrap();
    }

    #[test]
    fn the_second_one_is_refused_until_the_first_is_gone() {
        let (data, logs, other) = (directory(), directory(), directory());
        let (data, logs, other) = (data.path(), logs.path(), other.path());
        let (first, unlocked) = take(data, logs).unwrap();
        assert!(unlocked.is_empty());
        let expected = |directory: &Path| {
            format!(
                "another server is running on {}: stop it first, or give this one a volume of its own",
                directory.display()
            )
        };
        assert_eq!(refused(data, other), expected(data));
        assert_eq!(refused(other, logs), expected(logs));
        // What the refused ones had taken before they were refused is free again.
        drop(take(other, other).unwrap());
        drop(first);
        take(data, logs).unwrap();
    }

    #[test]
    fn one_directory_for_both_is_locked_once() {
        let data = directory();
        let link = data.path().join("link");
        std::os::unix::fs::symlink(data.path(), &link).unwrap();
        let (lock, unlocked) = take(data.path(), &link).unwrap();
        assert!(unlocked.is_empty());
        refused(&link, data.path());
        drop(lock);
    }

    #[test]
    fn a_directory_that_cannot_be_locked_is_said_so() {
        let (_, unlocked) = take(Path::new("/nowhere"), Path::new("/nowhere")).unwrap();
        let expected = "/nowhere cannot be locked: No such file or directory (os error 2)";
        assert_eq!(unlocked[0].to_string(), expected);
    }

    #[test]
    fn what_somebody_has_put_there_holds_nothing_up() {
        let data = directory();
        nix::unistd::mkfifo(&data.path().join(NAME), Mode::S_IRWXU).unwrap();
        take(data.path(), data.path()).unwrap();
        let data = directory();
        std::os::unix::fs::symlink("/dev/null", data.path().join(NAME)).unwrap();
        assert_eq!(take(data.path(), data.path()).unwrap().1.len(), 1);
    }
}
