//! The system calls whose order matters, behind a trait, so that a test can look at the order.
//!
//! What root makes, removes or gives away it reaches one component of the path after the other and never
//! through a link. The daemon user may write to the volumes, and another container on the same volume may do
//! so right now: with paths alone it could have a program of this image given to it.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, openat};
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchownat, setgid, setgroups, setuid, unlinkat};

use super::history::VERSION;
use super::mounts::{Mounts, resolved};

/// The mode of the directories we make: their group may write, so that an arbitrary uid with gid 0 can.
const DIRECTORY_MODE: u32 = 0o775;

/// The mode of those above them, which are nobody's to write but root's.
const ABOVE_MODE: u32 = 0o755;

/// ZooKeeper's directories are flat. Whoever nests more wants root to run out of stack or of handles.
const DEEPEST: usize = 8;

/// What only root may do, and what must happen before root is given up.
pub trait System {
    /// Creates a directory, and those above it; whether there was none before. `path` must be one without
    /// links, as [`Seen::real`] is, here and in the functions below.
    fn create_directory(&mut self, path: &Path) -> io::Result<bool>;
    /// Removes an empty directory.
    fn remove_directory(&mut self, path: &Path) -> io::Result<()>;
    /// Looks at a directory, or at the place of one.
    fn look(&mut self, path: &Path) -> io::Result<Seen>;
    /// Gives a path away, if it is there; of a link itself, not what it leads to. What the new owner has
    /// already is left alone.
    fn give(&mut self, path: &Path, below: Below, to: Owner) -> io::Result<()>;
    /// Replaces the supplementary groups.
    fn set_groups(&mut self, gids: &[u32]) -> io::Result<()>;
    /// Changes the group of this process for good.
    fn set_gid(&mut self, gid: u32) -> io::Result<()>;
    /// Changes the user of this process for good.
    fn set_uid(&mut self, uid: u32) -> io::Result<()>;
}

/// What decides whether a directory may be given away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Where it really is.
    pub real: PathBuf,
    /// Whose it is; root's where there is none yet.
    pub owner: u32,
    /// Whether the path leads through a link that somebody but root has made.
    pub by_foreign_link: bool,
    /// Whether it is on a mount, and not on the root file system with the programs of the image.
    pub mounted: bool,
    /// What is in it.
    pub holds: Holds,
}

/// What is in a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// There is no such directory.
    Missing,
    /// Nothing but what a file system begins with.
    Nothing,
    /// A server's data, and perhaps other things.
    Data,
    /// Other things.
    Others,
}

/// How deep to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Below {
    /// Only the path itself.
    Nothing,
    /// Everything below as well, except what is mounted there: that is somebody's.
    Everything,
}

/// Whose something becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The user.
    pub uid: u32,
    /// The group, where it is to change.
    pub gid: Option<u32>,
}

/// The kernel.
#[derive(Debug)]
pub struct Host;

impl System for Host {
    fn create_directory(&mut self, path: &Path) -> io::Result<bool> {
        let names = names(path)?;
        let Some((last, above)) = names.split_last() else {
            return Ok(false);
        };
        let mut opened = open(Path::new("/"))?;
        for name in above {
            opened = match open_in(&opened, name) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    make(&opened, name, ABOVE_MODE)?;
                    open_in(&opened, name)?
                }
                above => above?,
            };
        }
        let created = make(&opened, last, DIRECTORY_MODE)?;
        if created {
            // The umask has taken its part of the mode. What is there by now may be a link.
            let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            let new = File::from(openat(&opened, *last, flags, Mode::empty())?);
            new.set_permissions(Permissions::from_mode(DIRECTORY_MODE))?;
        } else if !open_in(&opened, last)?.metadata()?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(created)
    }

    fn remove_directory(&mut self, path: &Path) -> io::Result<()> {
        let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        Ok(unlinkat(open(above)?, name, UnlinkatFlags::RemoveDir)?)
    }

    fn look(&mut self, path: &Path) -> io::Result<Seen> {
        let real = resolved(path);
        let (owner, holds) = match fs::metadata(&real) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => (0, Holds::Missing),
            metadata => (metadata?.uid(), holds(&real)?),
        };
        Ok(Seen {
            owner,
            by_foreign_link: leads_through_foreign_link(path)?,
            mounted: Mounts::of_process()?.mount_of(&real).is_some(),
            holds,
            real,
        })
    }

    fn give(&mut self, path: &Path, below: Below, to: Owner) -> io::Result<()> {
        let opened = match open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            opened => opened?,
        };
        let mounts = Mounts::of_process()?;
        match below {
            Below::Nothing => give(&opened, to),
            Below::Everything => give_everything(&opened, path, &mounts, to, DEEPEST),
        }
    }

    fn set_groups(&mut self, gids: &[u32]) -> io::Result<()> {
        let gids: Vec<Gid> = gids.iter().copied().map(Gid::from_raw).collect();
        Ok(setgroups(&gids)?)
    }

    fn set_gid(&mut self, gid: u32) -> io::Result<()> {
        Ok(setgid(Gid::from_raw(gid))?)
    }

    fn set_uid(&mut self, uid: u32) -> io::Result<()> {
        Ok(setuid(Uid::from_raw(uid))?)
    }
}

fn leads_through_foreign_link(path: &Path) -> io::Result<bool> {
    for ancestor in std::path::absolute(path)?.ancestors() {
        match fs::symlink_metadata(ancestor) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            metadata => {
                let metadata = metadata?;
                if metadata.is_symlink() && metadata.uid() != 0 {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

fn holds(directory: &Path) -> io::Result<Holds> {
    let mut found = Holds::Nothing;
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        if name == VERSION {
            return Ok(Holds::Data);
        }
        if name != "lost+found" {
            found = Holds::Others;
        }
    }
    Ok(found)
}

/// The components of a path from the root on. `..` behind what is not there yet leads nobody knows where.
fn names(path: &Path) -> io::Result<Vec<&Path>> {
    let mut components = path.components();
    if components.next() != Some(Component::RootDir) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    components
        .map(|component| match component {
            Component::Normal(name) => Ok(Path::new(name)),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        })
        .collect()
}

/// Opens a path for nothing but to look at it and to give it away.
fn open(path: &Path) -> io::Result<File> {
    let mut opened = open_in(AT_FDCWD, Path::new("/"))?;
    for name in names(path)? {
        opened = open_in(&opened, name)?;
    }
    Ok(opened)
}

/// Makes a directory; whether there was nothing of this name before.
fn make(directory: &File, name: &Path, mode: u32) -> io::Result<bool> {
    let made = mkdirat(directory, name, Mode::from_bits_truncate(mode)).map_err(io::Error::from);
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        made => made.map(|()| true),
    }
}

fn open_in(directory: impl AsFd, name: &Path) -> io::Result<File> {
    let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    Ok(openat(directory, name, flags, Mode::empty())?.into())
}

fn give(opened: &File, to: Owner) -> io::Result<()> {
    let metadata = opened.metadata()?;
    // Of a file with a second name nobody knows who else uses it by that.
    let is_shared = !metadata.is_dir() && metadata.nlink() > 1;
    if metadata.uid() != to.uid && !is_shared {
        let uid = Some(Uid::from_raw(to.uid));
        fchownat(
            opened,
            "",
            uid,
            to.gid.map(Gid::from_raw),
            AtFlags::AT_EMPTY_PATH,
        )?;
    }
    Ok(())
}

fn give_everything(
    opened: &File,
    path: &Path,
    mounts: &Mounts,
    to: Owner,
    deepest: usize,
) -> io::Result<()> {
    if mounts.is_mount_point(path) || deepest == 0 {
        return Ok(());
    }
    let mut result = give(opened, to);
    if opened.metadata()?.is_dir() {
        for entry in fs::read_dir(readable(opened))? {
            let name = entry?.file_name();
            let given = open_in(opened, Path::new(&name)).and_then(|child| {
                give_everything(&child, &path.join(&name), mounts, to, deepest - 1)
            });
            // One file that may not be given away is no reason to leave out the others.
            result = result.and(given);
        }
    }
    result
}

/// The same directory by a path that no link can lead astray.
fn readable(opened: &File) -> PathBuf {
    use std::os::fd::AsRawFd;
    PathBuf::from(format!("/proc/self/fd/{}", opened.as_raw_fd()))
}

#[cfg(test)]
mod recorder;
#[cfg(test)]
pub(super) use recorder::Recorder;

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{lchown, symlink};

    fn is_root() -> bool {
        nix::unistd::geteuid().is_root()
    }

    fn owner(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().uid()
    }

    /// A directory by its path without links.
    fn directory() -> (tempfile::TempDir, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let real = fs::canonicalize(root.path()).unwrap();
        (root, real)
    }

    #[test]
    fn new_directories_are_their_groups_to_write() {
        let (_root, root) = directory();
        let path = root.join("a/b");
        assert!(Host.create_directory(&path).unwrap());
        assert!(!Host.create_directory(&path).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o775);
        Host.remove_directory(&path).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn nothing_is_made_or_removed_through_a_link() {
        let (_root, root) = directory();
        let theirs = root.join("theirs");
        fs::create_dir(&theirs).unwrap();
        fs::create_dir(theirs.join("empty")).unwrap();
        fs::set_permissions(&theirs, Permissions::from_mode(0o700)).unwrap();
        for (link, to) in [("link", &theirs), ("dangling", &root.join("nowhere"))] {
            symlink(to, root.join(link)).unwrap();
            for path in [root.join(link), root.join(link).join("below/it")] {
                Host.create_directory(&path).unwrap_err();
            }
        }
        Host.remove_directory(&root.join("link/empty")).unwrap_err();
        fs::write(root.join("file"), "").unwrap();
        Host.create_directory(&root.join("file")).unwrap_err();
        assert_eq!(fs::read_dir(&theirs).unwrap().count(), 1);
        assert_eq!(fs::metadata(&theirs).unwrap().mode() & 0o7777, 0o700);
        assert!(!root.join("nowhere").exists());
        for path in ["relative", "/tmp/nowhere/../x"] {
            let refused = Host.create_directory(Path::new(path)).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::InvalidInput, "{path}");
        }
    }

    #[test]
    fn a_directory_is_looked_at() {
        let (_root, root) = directory();
        let missing = Host.look(&root.join("not/there")).unwrap();
        assert_eq!(missing.real, root.join("not/there"));
        assert_eq!((missing.holds, missing.owner), (Holds::Missing, 0));
        let us = nix::unistd::geteuid().as_raw();
        for (name, expected) in [
            (None, Holds::Nothing),
            (Some("lost+found"), Holds::Nothing),
            (Some("notes"), Holds::Others),
            (Some(VERSION), Holds::Data),
        ] {
            if let Some(name) = name {
                fs::create_dir(root.join(name)).unwrap();
            }
            let seen = Host.look(&root).unwrap();
            assert_eq!((seen.holds, seen.owner), (expected, us), "{name:?}");
            assert_eq!((&seen.real, seen.by_foreign_link), (&root, false));
        }
        assert!(Host.look(Path::new("/proc")).unwrap().mounted);
        assert!(!Host.look(Path::new("/")).unwrap().mounted);
        let link = root.join("link");
        symlink(root.join("notes"), &link).unwrap();
        if is_root() {
            assert!(!Host.look(&link).unwrap().by_foreign_link);
            lchown(&link, Some(1000), None).unwrap();
        }
        let seen = Host.look(&link).unwrap();
        assert_eq!(
            (seen.real, seen.by_foreign_link),
            (root.join("notes"), true)
        );
    }

    #[test]
    fn everything_below_is_given_and_nothing_by_a_link() {
        let (_root, root) = directory();
        fs::create_dir_all(root.join("data/version-2/below")).unwrap();
        fs::write(root.join("theirs"), "").unwrap();
        fs::write(root.join("data/version-2/log.1"), "").unwrap();
        fs::write(root.join("data/version-2/shared"), "").unwrap();
        fs::hard_link(root.join("data/version-2/shared"), root.join("second name")).unwrap();
        symlink(root.join("theirs"), root.join("data/version-2/link")).unwrap();
        symlink(&root, root.join("data/version-2/up")).unwrap();
        symlink(root.join("data"), root.join("way")).unwrap();
        let to = |uid| Owner { uid, gid: None };
        if !is_root() {
            // The kernel refuses it to everybody else, which is an error, and there is nothing to do where the
            // new owner is the old one.
            let us = owner(&root);
            Host.give(&root, Below::Everything, to(us)).unwrap();
            let refused = Host.give(&root, Below::Everything, to(us + 1)).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
            Host.give(&root.join("way/version-2"), Below::Everything, to(us))
                .unwrap_err();
            assert_eq!(owner(&root.join("data/version-2/log.1")), us);
            return;
        }
        Host.give(&root.join("way"), Below::Everything, to(7))
            .unwrap();
        assert_eq!(
            (owner(&root.join("way")), owner(&root.join("data"))),
            (7, 0)
        );
        Host.give(&root.join("way/version-2"), Below::Everything, to(7))
            .unwrap_err();
        Host.give(&root.join("data/nothing"), Below::Everything, to(7))
            .unwrap();
        Host.give(&root.join("data/version-2"), Below::Everything, to(7))
            .unwrap();
        for (path, expected) in [
            ("data", 0),
            ("data/version-2", 7),
            ("data/version-2/below", 7),
            ("data/version-2/log.1", 7),
            ("data/version-2/link", 7),
            ("data/version-2/shared", 0),
            ("theirs", 0),
            ("second name", 0),
        ] {
            assert_eq!(owner(&root.join(path)), expected, "{path}");
        }
        assert_eq!(owner(&root), 0);
        Host.give(
            &root.join("data"),
            Below::Nothing,
            Owner {
                uid: 8,
                gid: Some(9),
            },
        )
        .unwrap();
        let metadata = fs::metadata(root.join("data")).unwrap();
        assert_eq!((metadata.uid(), metadata.gid()), (8, 9));
        assert_eq!(owner(&root.join("data/version-2")), 7);
    }
}
