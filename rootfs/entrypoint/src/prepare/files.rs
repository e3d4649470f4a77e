//! Writing files so that nobody ever sees half of one, and knowing beforehand whether that is possible.

use std::collections::hash_map::RandomState;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, Permissions};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use nix::unistd::{getegid, geteuid};

use super::history::VERSION;

/// The end of the name of a file that is about to get another one.
const TEMPORARY: &str = ".new";

/// Nobody writes for so long, so that an older temporary file is one of a start that was killed.
const STALE: Duration = Duration::from_secs(3600);

/// Who may read a file that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Anybody: the tools read the files as well, and may run as another user.
    Everybody,
    /// Nobody else: there are passwords in it.
    Owner,
}

impl Readers {
    fn mode(self) -> u32 {
        match self {
            Self::Everybody => 0o644,
            Self::Owner => 0o600,
        }
    }
}

/// A directory that must be written and cannot be.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot write to {} (mode {mode:04o}, owner {owner}) as {us}: {source}", directory.display()
)]
pub struct Unwritable {
    /// The directory, or the nearest one above it that is there.
    pub directory: PathBuf,
    /// The directory that is needed.
    pub wanted: PathBuf,
    /// Whether it is on a volume, and not in the image itself.
    pub is_mounted: bool,
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
///
/// A file is made and removed: what the permissions say is not what an NFS server does.
pub fn check_writable(directory: &Path) -> Result<(), Unwritable> {
    let there = directory
        .ancestors()
        .find(|path| path.is_dir())
        .unwrap_or(Path::new("/"));
    let tried = create(
        &there.join(temporary_name(OsStr::new("try"))),
        Readers::Owner,
    )
    .and_then(|(path, _)| fs::remove_file(path));
    tried.map_err(|source| {
        let (mode, owner) = match fs::metadata(there) {
            Ok(metadata) => (
                metadata.mode() & 0o7777,
                format!("{}:{}", metadata.uid(), metadata.gid()),
            ),
            Err(_) => (0, "unknown".to_owned()),
        };
        let us = format!("{}:{}", geteuid(), getegid());
        let device = |path: &Path| fs::metadata(path).ok().map(|metadata| metadata.dev());
        Unwritable {
            directory: there.to_owned(),
            wanted: directory.to_owned(),
            is_mounted: device(there) != device(Path::new("/")),
            mode,
            owner,
            us,
            source,
        }
    })
}

/// The same of a directory of data, and of the one in it that a former start has made, perhaps as another
/// user.
pub fn check_data_writable(directory: &Path) -> Result<(), Unwritable> {
    check_writable(directory)?;
    let below = directory.join(VERSION);
    if below.is_dir() {
        check_writable(&below)?;
    }
    Ok(())
}

/// Writes a file by way of a temporary one beside it, so that the old or the new one is there, whole, also
/// after a power failure.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    write_for(Readers::Everybody, path, content)
}

/// The same, but not for everybody to read.
pub fn write_for(readers: Readers, path: &Path, content: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    remove_stale(path, name);
    let (temporary, mut file) = create(&path.with_file_name(temporary_name(name)), readers)?;
    let written = file
        .write_all(content)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written.and_then(|()| sync_directory(path))
}

/// A name that nobody can have foreseen, and put something under.
fn temporary_name(name: &OsStr) -> OsString {
    let random = RandomState::new().build_hasher().finish();
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{random:016x}{TEMPORARY}"));
    temporary
}

fn is_temporary(candidate: &OsStr, name: &OsStr) -> bool {
    let middle = || {
        let rest = candidate.as_encoded_bytes().strip_prefix(b".")?;
        let rest = rest.strip_prefix(name.as_encoded_bytes())?;
        rest.strip_prefix(b".")?.strip_suffix(TEMPORARY.as_bytes())
    };
    middle().is_some_and(|middle| middle.len() == 16 && middle.iter().all(u8::is_ascii_hexdigit))
}

fn create(path: &Path, readers: Readers) -> io::Result<(PathBuf, File)> {
    let mode = readers.mode();
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    // The umask may have taken more than it should. Where a file system has no permissions of its own, those
    // that it shows must do.
    let _ = file.set_permissions(Permissions::from_mode(mode));
    Ok((path.to_owned(), file))
}

/// Without this a power failure may bring the old file back.
fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    match File::open(directory).and_then(|directory| directory.sync_all()) {
        // Not every file system knows how, and a directory may be writable only.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput
                    | io::ErrorKind::Unsupported
                    | io::ErrorKind::PermissionDenied
            ) =>
        {
            Ok(())
        }
        synced => synced,
    }
}

fn remove_stale(path: &Path, name: &OsStr) {
    let entries = path.parent().and_then(|parent| fs::read_dir(parent).ok());
    for entry in entries.into_iter().flatten().flatten() {
        let is_stale = || {
            let metadata = entry.metadata().ok()?;
            let age = SystemTime::now()
                .duration_since(metadata.modified().ok()?)
                .ok()?;
            Some(metadata.is_file() && age > STALE)
        };
        if is_temporary(&entry.file_name(), name) && is_stale() == Some(true) {
            let _ = fs::remove_file(entry.path());
        }
    }
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

    fn names(directory: &Path) -> Vec<OsString> {
        let entries = fs::read_dir(directory).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("zoo.cfg");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(mode(&path), 0o644);
        write_for(Readers::Owner, &path, b"three").unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(names(directory.path()), ["zoo.cfg"]);
    }

    #[test]
    fn a_failure_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("zoo.cfg");
        fs::create_dir(&path).unwrap();
        write(&path, b"one").unwrap_err();
        assert_eq!(names(directory.path()), ["zoo.cfg"]);
        write(Path::new("/nowhere/zoo.cfg"), b"").unwrap_err();
        write(Path::new("/"), b"").unwrap_err();
    }

    #[test]
    fn only_what_a_killed_start_has_left_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let old = SystemTime::now() - 2 * STALE;
        for (name, age) in [
            (".zoo.cfg.0123456789abcdef.new", Some(old)),
            (".zoo.cfg.1123456789abcdef.new", None),
            (".myid.0123456789abcdef.new", Some(old)),
            (".zoo.cfg.new", Some(old)),
        ] {
            let file = File::create(at(name)).unwrap();
            file.set_modified(age.unwrap_or(SystemTime::now())).unwrap();
        }
        // Somebody has put directories where they could be in the way.
        fs::create_dir(at(".zoo.cfg.2123456789abcdef.new")).unwrap();
        write(&at("zoo.cfg"), b"one").unwrap();
        let mut left = names(directory.path());
        left.sort();
        assert_eq!(
            left,
            [
                ".myid.0123456789abcdef.new",
                ".zoo.cfg.1123456789abcdef.new",
                ".zoo.cfg.2123456789abcdef.new",
                ".zoo.cfg.new",
                "zoo.cfg",
            ]
        );
    }

    #[test]
    fn temporary_names_are_hard_to_foresee() {
        let name = OsStr::new("zoo.cfg");
        let (one, other) = (temporary_name(name), temporary_name(name));
        assert_ne!(one, other);
        assert!(is_temporary(&one, name) && !is_temporary(&one, OsStr::new("zoo")));
    }

    #[test]
    fn whether_a_directory_can_be_written_is_tried() {
        let directory = tempfile::tempdir().unwrap();
        check_data_writable(directory.path()).unwrap();
        fs::create_dir(directory.path().join(VERSION)).unwrap();
        check_data_writable(&directory.path().join("to/be/made")).unwrap();
        assert_eq!(names(directory.path()), [VERSION]);
        // Not even root may make a file there.
        let refused = check_data_writable(Path::new("/proc/self")).unwrap_err();
        let shown = refused.to_string();
        assert!(
            shown.starts_with("cannot write to /proc/self (mode 0555, owner "),
            "{shown}"
        );
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
