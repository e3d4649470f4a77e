//! The system calls whose order matters, behind a trait, so that a test can look at the order.
//!
//! What root gives away it has opened first, one component of the path after the other and never through a
//! link. The daemon user may write to the volumes, and another container on the same volume may do so right
//! now: with paths alone it could have a program of this image given to it.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, openat};
use nix::sys::stat::Mode;
use nix::unistd::{Gid, Uid, fchownat, setgid, setgroups, setuid};

use super::history::VERSION;
use super::mounts::Mounts;

/// The mode of the directories we make: their group may write, so that an arbitrary uid with gid 0 can.
const DIRECTORY_MODE: u32 = 0o775;

/// ZooKeeper's directories are flat. Whoever nests more wants root to run out of stack or of handles.
const DEEPEST: usize = 8;

/// What only root may do, and what must happen before root is given up.
pub trait System {
    /// Creates a directory, and those above it; whether there was none before.
    fn create_directory(&mut self, path: &Path) -> io::Result<bool>;
    /// Removes an empty directory.
    fn remove_directory(&mut self, path: &Path) -> io::Result<()>;
    /// Looks at a directory that is there.
    fn look(&mut self, path: &Path) -> io::Result<Seen>;
    /// Gives a path away, if it is there; of a link itself, not what it leads to. `path` must be one without
    /// links, as [`Seen::real`] is. What the new owner has already is left alone.
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
    /// Whose it is.
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
        if path.is_dir() {
            return Ok(false);
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        DirBuilder::new().mode(DIRECTORY_MODE).create(path)?;
        // The umask has taken its part of the mode.
        fs::set_permissions(path, Permissions::from_mode(DIRECTORY_MODE))?;
        Ok(true)
    }

    fn remove_directory(&mut self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn look(&mut self, path: &Path) -> io::Result<Seen> {
        let real = fs::canonicalize(path)?;
        Ok(Seen {
            owner: fs::metadata(&real)?.uid(),
            by_foreign_link: leads_through_foreign_link(path)?,
            mounted: Mounts::of_process()?.mount_of(&real).is_some(),
            holds: holds(&real)?,
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
    for ancestor in path.ancestors() {
        let metadata = fs::symlink_metadata(ancestor)?;
        if metadata.is_symlink() && metadata.uid() != 0 {
            return Ok(true);
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

/// Opens a path for nothing but to look at it and to give it away.
fn open(path: &Path) -> io::Result<File> {
    let names = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(Path::new(name)),
        _ => None,
    });
    let mut opened = open_in(AT_FDCWD, Path::new("/"))?;
    for name in names {
        opened = open_in(&opened, name)?;
    }
    Ok(opened)
}

fn open_in(directory: impl std::os::fd::AsFd, name: &Path) -> io::Result<File> {
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
    fn a_directory_is_looked_at() {
        let (_root, root) = directory();
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
            // The kernel refuses the rest to everybody else.
            Host.give(&root, Below::Everything, to(owner(&root)))
                .unwrap();
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
