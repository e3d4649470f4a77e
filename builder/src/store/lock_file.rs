//! Files that stand for a right: whoever has locked the file *and* finds it under its name has it.
//!
//! The locks are `flock(2)`: they belong to an open file, so that they hold between threads as between
//! processes, and the system lets go of them however a process ends. The name is looked at again after
//! locking, since the file may have been removed while somebody waited for it: without that, one could
//! hold the removed file and another the new one of the same name.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{StoreError, file_metadata};

/// Opens the file, which is made where it is not, and waits until it is locked for this caller alone.
/// `waiting` is asked for once if somebody else has it; what it returns is kept until the wait is over.
pub(super) fn exclusive<W>(
    path: &Path,
    waiting: impl FnOnce(&mut File) -> W,
) -> Result<File, StoreError> {
    let mut waiting = Some(waiting);
    let mut _shown = None;
    loop {
        let mut file = open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                if let Some(waiting) = waiting.take() {
                    _shown = Some(waiting(&mut file));
                }
                uninterrupted(|| file.lock()).map_err(StoreError::io("lock", path))?;
            }
            Err(TryLockError::Error(error)) => return Err(StoreError::io("lock", path)(error)),
        }
        if has_name(&file, path) {
            return Ok(file);
        }
    }
}

/// Waits until nobody has the file for themselves; any number may share it.
pub(super) fn shared(path: &Path) -> Result<File, StoreError> {
    loop {
        let file = open(path)?;
        uninterrupted(|| file.lock_shared()).map_err(StoreError::io("lock", path))?;
        if has_name(&file, path) {
            return Ok(file);
        }
    }
}

/// The file locked for this caller alone, unless somebody else has it in any way.
pub(super) fn try_exclusive(path: &Path) -> Result<Option<File>, StoreError> {
    loop {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) if has_name(&file, path) => return Ok(Some(file)),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(StoreError::io("lock", path)(error)),
        }
    }
}

/// A file that exists, locked for this caller alone; `None` where that cannot be had, for whatever
/// reason.
pub(super) fn abandoned(path: &Path) -> Option<File> {
    file_metadata(path).ok()??;
    let file = OpenOptions::new().read(true).write(true).open(path).ok()?;
    file.try_lock().ok()?;
    has_name(&file, path).then_some(file)
}

/// A file that exists, and whether anybody has it; nobody is kept from it by looking. `None` where
/// that cannot be told.
pub(super) fn look(path: &Path) -> Option<(File, bool)> {
    file_metadata(path).ok()??;
    let file = File::open(path).ok()?;
    // Shared, so that two who look do not take each other for a holder.
    let is_held = match file.try_lock_shared() {
        Ok(()) => false,
        Err(TryLockError::WouldBlock) => true,
        Err(TryLockError::Error(_)) => return None,
    };
    Some((file, is_held))
}

/// Removes a file that this caller holds, then lets go of it. Nothing can be done where that fails:
/// what is left is nobody's, and swept by the next.
pub(super) fn release(file: &File, path: &Path) {
    // Whoever empties the cache by hand may have removed it, and somebody else have a new one.
    if has_name(file, path) {
        let _ = fs::remove_file(path);
    }
    // Not left to closing: a child between fork and exec may have the open file too.
    let _ = file.unlock();
}

/// Whether the open file is what `path` names now.
pub(super) fn has_name(file: &File, path: &Path) -> bool {
    let (Ok(open), Ok(named)) = (file.metadata(), fs::symlink_metadata(path)) else {
        return false;
    };
    (open.dev(), open.ino()) == (named.dev(), named.ino())
}

fn open(path: &Path) -> Result<File, StoreError> {
    file_metadata(path)?;
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(StoreError::io("open", path))
}

/// A signal that somebody handles is no reason to give up waiting.
fn uninterrupted(mut lock: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    loop {
        match lock() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
