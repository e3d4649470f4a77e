//! Files that appear whole or not at all.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::interrupt::Scratch;

/// A file that has no name yet; dropped or interrupted, it leaves nothing.
#[derive(Debug)]
pub(crate) struct TemporaryFile {
    file: NamedTempFile,
    _scratch: Scratch,
}

impl TemporaryFile {
    /// In the directory that it is to appear in, so that renaming it is one step.
    pub(crate) fn new_in(directory: &Path) -> io::Result<Self> {
        let file = NamedTempFile::new_in(directory)?;
        let scratch = Scratch::new(file.path());
        Ok(Self {
            file,
            _scratch: scratch,
        })
    }

    pub(crate) fn as_file_mut(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Gives it its name. The bytes are on disk before the name is: what has a name survives a crash.
    pub(crate) fn persist(self, path: &Path) -> io::Result<()> {
        // Temporary files are private; what is made here is not.
        let file = self.file.as_file();
        file.set_permissions(Permissions::from_mode(0o644))?;
        file.sync_data()?;
        (self.file.persist(path))
            .map(drop)
            .map_err(|error| error.error)
    }
}

/// Whether a directory could be made at `path`, or files in it where it is one; leaves nothing behind.
/// Worth asking before minutes of work. The error is of the nearest path that exists.
pub(crate) fn check_place(path: &Path) -> Result<(), (PathBuf, io::Error)> {
    let existing = (path.ancestors())
        .map(|ancestor| {
            if ancestor.as_os_str().is_empty() {
                Path::new(".")
            } else {
                ancestor
            }
        })
        .find(|ancestor| ancestor.exists())
        .unwrap_or(path);
    // Not by mode: root, capabilities and read-only mounts have their own ideas. A file without a name,
    // so that not even a killed run leaves it.
    let probe = tempfile::tempfile_in(existing);
    // Without the path that some systems give it for a moment: nobody has asked for that.
    probe
        .map(drop)
        .map_err(|error| (existing.to_owned(), io::Error::from(error.kind())))
}

/// Writes a file beside `path` and renames it there once it is on disk.
pub(crate) fn replace<E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&mut File) -> Result<(), E>,
) -> Result<(), E> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = TemporaryFile::new_in(parent)?;
    write(file.as_file_mut())?;
    Ok(file.persist(path)?)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_write_that_fails_leaves_the_old_file_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        replace::<io::Error>(&path, |file| file.write_all(b"old")).unwrap();
        let result = replace(&path, |file| {
            file.write_all(b"half")?;
            Err(io::Error::other("no more"))
        });
        assert_eq!(result.unwrap_err().to_string(), "no more");
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
