//! The system calls whose order matters, behind a trait, so that a test can look at the order.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid, setgid, setgroups, setuid};

/// The mode of the directories we make: their group may write, so that an arbitrary uid with gid 0 can.
const DIRECTORY_MODE: u32 = 0o775;

/// What only root may do, and what must happen before root is given up.
pub trait System {
    /// Creates a directory, and those above it; whether there was none before.
    fn create_directory(&mut self, path: &Path) -> io::Result<bool>;
    /// Who owns a path, and everything below it that is on no mount of its own; nothing if there is none,
    /// or if it must not be given to the daemon user.
    fn owners(&mut self, path: &Path, below: Below) -> io::Result<Vec<(PathBuf, u32)>>;
    /// Changes the owner, and the group if there is one; of a link, not of what it points to.
    fn change_owner(&mut self, path: &Path, uid: u32, gid: Option<u32>) -> io::Result<()>;
    /// Replaces the supplementary groups.
    fn set_groups(&mut self, gids: &[u32]) -> io::Result<()>;
    /// Changes the group of this process for good.
    fn set_gid(&mut self, gid: u32) -> io::Result<()>;
    /// Changes the user of this process for good.
    fn set_uid(&mut self, uid: u32) -> io::Result<()>;
}

/// How deep to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Below {
    /// Only at the path itself.
    Nothing,
    /// At everything below as well.
    Everything,
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

    fn owners(&mut self, path: &Path, below: Below) -> io::Result<Vec<(PathBuf, u32)>> {
        let mounts = mount_points()?;
        // A working directory may be a link to where it really is; what we made in it never is one.
        let path = match below {
            Below::Nothing => {
                let real = fs::canonicalize(path)?;
                if !may_change_hands(path, &real, &mounts)? {
                    return Ok(Vec::new());
                }
                real
            }
            Below::Everything => path.to_owned(),
        };
        let mut found = Vec::new();
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
            metadata => walk(path, &metadata?, below, &mounts, &mut found)?,
        }
        Ok(found)
    }

    fn change_owner(&mut self, path: &Path, uid: u32, gid: Option<u32>) -> io::Result<()> {
        lchown(path, Some(uid), gid)
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

/// Whether root may give a directory that is there to the daemon user. That user may write to the volumes,
/// so it could have put a link there, or have named another directory in `zoo.cfg`, and be given the
/// programs of this image at the next start.
fn may_change_hands(path: &Path, real: &Path, mounts: &BTreeSet<PathBuf>) -> io::Result<bool> {
    for ancestor in path.ancestors() {
        let metadata = fs::symlink_metadata(ancestor)?;
        if metadata.is_symlink() && metadata.uid() != 0 {
            return Ok(false);
        }
    }
    let of_image = ["/srv", "/var/log", "/run"]
        .iter()
        .any(|volume| real.starts_with(volume));
    Ok(of_image
        || real
            .ancestors()
            .any(|ancestor| ancestor != Path::new("/") && mounts.contains(ancestor)))
}

fn walk(
    path: PathBuf,
    metadata: &Metadata,
    below: Below,
    mounts: &BTreeSet<PathBuf>,
    found: &mut Vec<(PathBuf, u32)>,
) -> io::Result<()> {
    // A working directory may be mounted; below it, a mount is somebody's.
    if below == Below::Everything && mounts.contains(&path) {
        return Ok(());
    }
    found.push((path.clone(), metadata.uid()));
    if below == Below::Everything && metadata.is_dir() {
        for entry in fs::read_dir(&path)? {
            let entry = entry?;
            walk(entry.path(), &entry.metadata()?, below, mounts, found)?;
        }
    }
    Ok(())
}

/// What is mounted: a file or directory that somebody mapped below one of ours stays as it is.
fn mount_points() -> io::Result<BTreeSet<PathBuf>> {
    let table = fs::read("/proc/self/mountinfo")?;
    let point = |line: &[u8]| line.split(|byte| *byte == b' ').nth(4).map(unescaped);
    Ok(table
        .split(|byte| *byte == b'\n')
        .filter_map(point)
        .collect())
}

/// Whether something is mounted right there.
pub(super) fn is_mount_point(path: &Path) -> bool {
    mount_points().is_ok_and(|points| points.contains(path))
}

/// mountinfo writes blanks, line ends and backslashes as three octal digits, such as `\040`.
fn unescaped(field: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let digits = after
            .get(..3)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) if *first == b'\\' => {
                bytes.push(byte);
                rest = &after[3..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

/// A system for tests: it writes down what was asked of it, and refuses what it is told to.
#[cfg(test)]
#[derive(Debug, Default)]
pub(super) struct Recorder {
    /// Every call, in order.
    pub(super) calls: Vec<String>,
    /// What exists, and whose it is.
    pub(super) owned: std::collections::BTreeMap<PathBuf, u32>,
    /// The calls that fail, and how.
    pub(super) refused: std::collections::BTreeMap<&'static str, io::ErrorKind>,
}

#[cfg(test)]
impl Recorder {
    fn record(&mut self, call: &'static str, arguments: String) -> io::Result<()> {
        self.calls.push(format!("{call} {arguments}"));
        self.refused
            .get(call)
            .map_or(Ok(()), |kind| Err((*kind).into()))
    }
}

#[cfg(test)]
impl System for Recorder {
    fn create_directory(&mut self, path: &Path) -> io::Result<bool> {
        if self.owned.contains_key(path) {
            return Ok(false);
        }
        self.record("mkdir", path.display().to_string())?;
        self.owned.insert(path.to_owned(), 0);
        Ok(true)
    }

    fn owners(&mut self, path: &Path, below: Below) -> io::Result<Vec<(PathBuf, u32)>> {
        let within = |found: &&PathBuf| {
            *found == path || (below == Below::Everything && found.starts_with(path))
        };
        Ok(self
            .owned
            .iter()
            .filter(|(found, _)| within(found))
            .map(|(path, uid)| (path.clone(), *uid))
            .collect())
    }

    fn change_owner(&mut self, path: &Path, uid: u32, gid: Option<u32>) -> io::Result<()> {
        let group = gid.map_or_else(String::new, |gid| gid.to_string());
        self.record("chown", format!("{uid}:{group} {}", path.display()))?;
        self.owned.insert(path.to_owned(), uid);
        Ok(())
    }

    fn set_groups(&mut self, gids: &[u32]) -> io::Result<()> {
        self.record("setgroups", format!("{gids:?}"))
    }

    fn set_gid(&mut self, gid: u32) -> io::Result<()> {
        self.record("setgid", gid.to_string())
    }

    fn set_uid(&mut self, uid: u32) -> io::Result<()> {
        self.record("setuid", uid.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_points_are_read_with_their_escapes() {
        assert_eq!(
            unescaped(b"/srv/my\\040data\\134x"),
            Path::new("/srv/my data\\x")
        );
        assert_eq!(unescaped(b"/plain\\9\\"), Path::new("/plain\\9\\"));
        assert!(mount_points().unwrap().contains(Path::new("/")));
    }

    #[test]
    fn only_volumes_and_mounts_change_hands_and_never_by_a_link_of_the_daemon_user() {
        let mounts: BTreeSet<PathBuf> = ["/", "/data"].map(PathBuf::from).into();
        let judge = |path: &str, real: &str| {
            may_change_hands(Path::new(path), Path::new(real), &mounts).unwrap()
        };
        assert!(judge("/", "/srv/data/zookeeper"));
        assert!(judge("/", "/data"));
        assert!(judge("/", "/data/zookeeper"));
        assert!(!judge("/", "/usr/local/zookeeper/bin"));
        assert!(!judge("/", "/etc"));

        let root = tempfile::tempdir().unwrap();
        let link = root.path().join("zookeeper");
        std::os::unix::fs::symlink("/srv", &link).unwrap();
        if nix::unistd::geteuid().is_root() {
            assert!(judge(link.to_str().unwrap(), "/srv"));
            lchown(&link, Some(1000), None).unwrap();
        }
        assert!(!judge(link.to_str().unwrap(), "/srv"));
    }

    #[test]
    fn new_directories_are_their_groups_to_write() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b");
        assert!(Host.create_directory(&path).unwrap());
        assert!(!Host.create_directory(&path).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o775);
        fs::write(path.join("file"), "").unwrap();
        let below: Vec<PathBuf> = Host
            .owners(&path, Below::Everything)
            .unwrap()
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        assert_eq!(below, [path.clone(), path.join("file")]);
    }
}
