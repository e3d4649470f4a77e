//! Reading small files that somebody else may have made, such as `zoo.cfg` and `myid`.
//!
//! The daemon user may write where they are, so it could put a link to what only root may read, and be given a
//! copy. A link is therefore followed with the rights of whoever made it, and with nobody else's.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::fcntl::OFlag;
use nix::unistd::{Gid, Uid, getegid, geteuid, getgroups, setfsgid, setfsuid, setgroups};

/// The largest file that is read: nobody writes one by hand, and a device has no end.
const LARGEST: u64 = 1 << 20;

/// The content of a file, if there is one. Whoever may write to a volume may have put a pipe or a device
/// there, which would hold us up for ever.
pub fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let opened = match owner_of_link(path)? {
        Some(owner) if geteuid().is_root() => {
            with_rights_of(owner, || open(path, OFlag::empty())).and_then(|opened| opened)
        }
        Some(_) => open(path, OFlag::empty()),
        None => open(path, OFlag::O_NOFOLLOW),
    };
    let file = match opened {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut content = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LARGEST {
        return Err(io::Error::other(format!(
            "it has more than {LARGEST} bytes"
        )));
    }
    Ok(Some(content))
}

/// Somebody who is to read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader {
    /// The user.
    pub uid: u32,
    /// Its only group.
    pub gid: u32,
}

impl Reader {
    /// Whoever this process is, with all its groups.
    pub fn own() -> Self {
        Self {
            uid: geteuid().as_raw(),
            gid: getegid().as_raw(),
        }
    }
}

/// Whether `reader` can read the file, which only root can ask for somebody else.
pub fn check_readable(path: &Path, reader: Reader) -> io::Result<()> {
    let opened = if geteuid().is_root() && reader != Reader::own() {
        let rights = (Uid::from_raw(reader.uid), Gid::from_raw(reader.gid));
        with_rights_of(rights, || open(path, OFlag::empty()))?
    } else {
        open(path, OFlag::empty())
    };
    if !opened?.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    Ok(())
}

fn open(path: &Path, flags: OFlag) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_NONBLOCK | flags).bits())
        .open(path)
}

/// Who has made the link that `path` is, or leads through; links of root are as good as directories.
fn owner_of_link(path: &Path) -> io::Result<Option<(Uid, Gid)>> {
    let mut is_link = None;
    for ancestor in std::path::absolute(path)?.ancestors() {
        let metadata = match fs::symlink_metadata(ancestor) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            metadata => metadata?,
        };
        let owner = (Uid::from_raw(metadata.uid()), Gid::from_raw(metadata.gid()));
        if metadata.is_symlink() && !owner.0.is_root() {
            return Ok(Some(owner));
        }
        // A link of root itself is followed, but not with `O_NOFOLLOW`.
        if metadata.is_symlink() && ancestor == path {
            is_link = Some(owner);
        }
    }
    Ok(is_link)
}

/// Does something with the rights of another user; only for root.
fn with_rights_of<T>((uid, gid): (Uid, Gid), act: impl FnOnce() -> T) -> io::Result<T> {
    let groups = getgroups()?;
    setgroups(&[gid])?;
    let (own_uid, own_gid) = (setfsuid(uid), setfsgid(gid));
    let done = act();
    setfsuid(own_uid);
    setfsgid(own_gid);
    setgroups(&groups)?;
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::stat::Mode;
    use std::os::unix::fs::{PermissionsExt, lchown, symlink};

    #[test]
    fn only_a_file_of_some_size_is_read() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("zoo.cfg");
        assert_eq!(read(&path).unwrap(), None);
        fs::write(&path, "x").unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some(&b"x"[..]));
        fs::write(&path, vec![b'x'; (1 << 20) + 1]).unwrap();
        let refused = |path: &Path| read(path).unwrap_err().to_string();
        assert_eq!(refused(&path), "it has more than 1048576 bytes");
        assert_eq!(refused(root.path()), "it is no regular file");
        let pipe = root.path().join("pipe");
        nix::unistd::mkfifo(&pipe, Mode::S_IRWXU).unwrap();
        assert_eq!(refused(&pipe), "it is no regular file");
    }

    #[test]
    fn a_link_is_followed_with_the_rights_of_whoever_made_it() {
        let root = tempfile::tempdir().unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let (secret, link) = (root.path().join("secret"), root.path().join("zoo.cfg"));
        fs::write(&secret, "geheim").unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o440)).unwrap();
        symlink(&secret, &link).unwrap();
        assert_eq!(read(&link).unwrap().as_deref(), Some(&b"geheim"[..]));
        // Nobody but root can make a link somebody else's, and nobody else could be fooled by one.
        if geteuid().is_root() {
            lchown(&link, Some(1000), Some(1000)).unwrap();
            let refused = read(&link).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
            fs::set_permissions(&secret, fs::Permissions::from_mode(0o444)).unwrap();
            assert_eq!(read(&link).unwrap().as_deref(), Some(&b"geheim"[..]));
            fs::set_permissions(&secret, fs::Permissions::from_mode(0o400)).unwrap();
            assert!(read(&secret).is_ok(), "root is itself again");
        }
    }
}
