//! Writing files so that nobody ever sees half of one.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access, getegid, geteuid};

/// The mode of what we write: readable for the tools, which may run as another user.
const FILE_MODE: u32 = 0o644;

/// A directory that must be written and cannot be.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot write to {} (mode {mode:04o}, owner {owner}) as {us}: {source}", directory.display()
)]
pub struct Unwritable {
    /// The directory.
    pub directory: PathBuf,
    /// Its permissions.
    pub mode: u32,
    /// Its owner and group.
    pub owner: String,
    /// The uid and gid of this process.
    pub us: String,
    /// Why not.
    pub source: io::Error,
}

/// Whether this process may make files in `directory`; of a missing one, the nearest above it is meant.
pub fn check_writable(directory: &Path) -> Result<(), Unwritable> {
    let there = directory
        .ancestors()
        .find(|path| path.is_dir())
        .unwrap_or(Path::new("/"));
    access(there, AccessFlags::W_OK | AccessFlags::X_OK).map_err(|errno| {
        let (mode, owner) = match fs::metadata(there) {
            Ok(metadata) => (
                metadata.mode() & 0o7777,
                format!("{}:{}", metadata.uid(), metadata.gid()),
            ),
            Err(_) => (0, "unknown".to_owned()),
        };
        let us = format!("{}:{}", geteuid(), getegid());
        Unwritable {
            directory: there.to_owned(),
            mode,
            owner,
            us,
            source: errno.into(),
        }
    })
}

/// Writes a file by way of a temporary one beside it, so that the old or the new one is there, whole.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = OsStr::new(".").to_owned();
    name.push(path.file_name().ok_or(io::ErrorKind::InvalidInput)?);
    name.push(".new");
    let temporary = path.with_file_name(name);
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(content)?;
        file.set_permissions(Permissions::from_mode(FILE_MODE))?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Copies the files of `from` into `to` that are missing there.
pub fn copy_missing(from: &Path, to: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let target = to.join(entry.file_name());
        // A dangling link is somebody's, too.
        if entry.file_type()?.is_file() && target.symlink_metadata().is_err() {
            write(&target, &fs::read(entry.path())?)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("zoo.cfg");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o644);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failure_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("zoo.cfg");
        fs::create_dir(&path).unwrap();
        write(&path, b"one").unwrap_err();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn only_missing_files_are_copied() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(from.path().join("a"), "ours").unwrap();
        fs::write(from.path().join("b"), "ours").unwrap();
        fs::write(to.path().join("a"), "theirs").unwrap();
        copy_missing(from.path(), to.path()).unwrap();
        assert_eq!(fs::read(to.path().join("a")).unwrap(), b"theirs");
        assert_eq!(fs::read(to.path().join("b")).unwrap(), b"ours");
        copy_missing(Path::new("/nowhere"), to.path()).unwrap();
    }
}
