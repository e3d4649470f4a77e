//! The private directory of one run: the control socket, files with passwords, copies that only the running
//! server reads. Everything in it is the server's alone, and nothing in it survives a start.
//!
//! It is looked for where the pid file is, then on the tmpfs that also a container with a read-only root has,
//! then in `/tmp`. Others may write to the last two, so what somebody has put there under our name is never
//! used: the next place is tried. Containers may share them, too: the name holds the number of the
//! container's own pid namespace, and a lock keeps a start from emptying the directory of a server that runs.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::fcntl::OFlag;
use nix::unistd::geteuid;

/// The beginning of the name; the number of the pid namespace follows.
const PREFIX: &str = "zookeeper-entrypoint-";

/// Where to go when the directory of the pid file cannot be written.
const ELSEWHERE: [&str; 2] = ["/dev/shm", "/tmp"];

/// How often a directory is made anew that another start has swept away in the same moment.
const ATTEMPTS: u32 = 3;

/// The private directory of the running server.
#[derive(Clone, Debug)]
pub struct RuntimeDirectory {
    path: PathBuf,
    #[expect(dead_code, reason = "the directory goes with its last holder")]
    held: Option<Arc<Held>>,
}

/// What the server has, and nobody who has only found the directory: the lock, and the duty to tidy up.
#[derive(Debug)]
struct Held {
    path: PathBuf,
    #[expect(dead_code, reason = "the lock ends when the file is closed")]
    lock: File,
}

impl Drop for Held {
    fn drop(&mut self) {
        // What cannot be removed is swept by the next start.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Why there is no private directory.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// Every place is refused.
    #[error("no private directory can be made: {}", shown(.0))]
    NoPlace(Vec<(PathBuf, io::Error)>),
}

/// What is in the places, for whoever looks for a running server.
#[derive(Debug)]
pub enum Found {
    /// The directory.
    Directory(RuntimeDirectory),
    /// One that this process may not enter: this uid has it.
    OfAnother(u32),
    /// Nobody can say: a place cannot be looked into.
    Hidden(PathBuf, io::Error),
    /// None.
    Nothing,
}

/// What to do where there is no private directory; the places were refused one by one before.
pub const ADVICE: &str = "let the user of the server write to /dev/shm or /tmp, as with `--tmpfs /tmp`, or name a pid \
                          file in a directory of its own by ZOO_PID_FILE";

impl RuntimeDirectory {
    /// Makes the directory anew, beside the pid file if that is possible. To be called as the user that the
    /// server runs as. It is removed, with everything in it, when the last copy of the value is dropped.
    pub fn create(pid_file: &Path) -> Result<Self, RuntimeError> {
        Self::create_in(&places(pid_file), &own_name(), geteuid().as_raw())
    }

    /// The directory of the server that runs in this container, if this process may enter it.
    pub fn find(pid_file: &Path) -> Option<Self> {
        match Self::look(pid_file) {
            Found::Directory(directory) => Some(directory),
            Found::OfAnother(_) | Found::Hidden(..) | Found::Nothing => None,
        }
    }

    /// As [`RuntimeDirectory::find`], but says whose it is where it is somebody else's.
    pub fn look(pid_file: &Path) -> Found {
        look_in(&places(pid_file), &own_name(), geteuid().as_raw())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file that only this user may read, whole or not at all; where it is.
    pub fn write(&self, name: &str, content: &[u8]) -> io::Result<PathBuf> {
        let path = self.path.join(name);
        let temporary = self.path.join(format!(".{name}.new"));
        remove_if_there(&temporary)?;
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o400)
            .open(&temporary)
            .and_then(|mut file| file.write_all(content))
            .and_then(|()| fs::rename(&temporary, &path));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written.map(|()| path)
    }

    /// Removes a file, if it is there.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        remove_if_there(&self.path.join(name))
    }

    fn create_in(places: &[PathBuf], name: &str, owner: u32) -> Result<Self, RuntimeError> {
        let mut refused = Vec::new();
        for place in places {
            sweep(place, name, owner);
            match make(&place.join(name), owner) {
                Ok(directory) => return Ok(directory),
                Err(error) => refused.push((place.clone(), error)),
            }
        }
        Err(RuntimeError::NoPlace(refused))
    }
}

fn places(pid_file: &Path) -> Vec<PathBuf> {
    let beside = pid_file.parent().map(Path::to_owned);
    beside
        .into_iter()
        .chain(ELSEWHERE.map(PathBuf::from))
        .collect()
}

fn own_name() -> String {
    // A kernel without namespaces is no kernel with containers that share anything.
    let namespace = fs::metadata("/proc/self/ns/pid").map_or(0, |metadata| metadata.ino());
    format!("{PREFIX}{namespace}")
}

fn make(path: &Path, owner: u32) -> io::Result<RuntimeDirectory> {
    check_place(path.parent().unwrap_or(Path::new("/")))?;
    for _ in 0..ATTEMPTS {
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let lock = match taken(path, owner) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            lock => lock?,
        };
        // The umask may have taken more of the mode than it should, and a former start is not trusted.
        lock.set_permissions(Permissions::from_mode(0o700))?;
        // Swept away between its making and its locking, it is not there for anybody else.
        if !is_at(&lock, path)? {
            continue;
        }
        empty(path)?;
        return Ok(RuntimeDirectory {
            path: path.to_owned(),
            held: Some(Arc::new(Held {
                path: path.to_owned(),
                lock,
            })),
        });
    }
    Err(io::Error::other("it is removed again and again"))
}

/// In a directory that all may write and that does not keep them off each other's entries, ours could be
/// exchanged at any time.
fn check_place(place: &Path) -> io::Result<()> {
    let mode = fs::metadata(place)?.mode();
    if mode & 0o002 != 0 && mode & 0o1000 == 0 {
        return Err(io::Error::other(
            "all may write to it, and its sticky bit is not set",
        ));
    }
    Ok(())
}

/// Opens and locks a directory of `owner`'s; nothing else is what it must be.
fn taken(path: &Path, owner: u32) -> io::Result<File> {
    let directory = OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW).bits())
        .open(path)?;
    let found = directory.metadata()?.uid();
    if found != owner {
        return Err(io::Error::other(format!(
            "{} is there and belongs to {found}",
            path.display()
        )));
    }
    match directory.try_lock() {
        Ok(()) => Ok(directory),
        Err(TryLockError::WouldBlock) => Err(io::Error::other("another server uses it")),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn is_at(directory: &File, path: &Path) -> io::Result<bool> {
    let opened = directory.metadata()?;
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        there => there.map(|there| (there.dev(), there.ino()) == (opened.dev(), opened.ino())),
    }
}

fn empty(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Removes the directories of servers that were killed: a container that is started again has another
/// namespace, and would keep the passwords of every former start.
fn sweep(place: &Path, own: &str, owner: u32) {
    let stale = fs::read_dir(place).into_iter().flatten().flatten();
    for entry in stale {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|name| {
            name.strip_prefix(PREFIX)
                .is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        });
        if ours
            && name != own
            && let Ok(_lock) = taken(&entry.path(), owner)
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Root may ask any server; everybody else only their own: nobody else gets into the directory.
fn look_in(places: &[PathBuf], name: &str, uid: u32) -> Found {
    let mut otherwise = Found::Nothing;
    for place in places {
        let path = place.join(name);
        let metadata = match fs::symlink_metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                if matches!(otherwise, Found::Nothing) {
                    otherwise = Found::Hidden(place.clone(), error);
                }
                continue;
            }
            Err(_) => continue,
        };
        let private = metadata.is_dir() && metadata.mode() & 0o077 == 0;
        if !private {
            continue;
        }
        let owner = metadata.uid();
        if uid == 0 || owner == uid {
            return Found::Directory(RuntimeDirectory { path, held: None });
        }
        otherwise = Found::OfAnother(owner);
    }
    otherwise
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn shown(refused: &[(PathBuf, io::Error)]) -> String {
    let places: Vec<String> = refused
        .iter()
        .map(|(place, error)| format!("{}: {error}", place.display()))
        .collect();
    places.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    const NAME: &str = "zookeeper-entrypoint-4026531836";

    fn places() -> (tempfile::TempDir, Vec<PathBuf>) {
        let root = tempfile::tempdir().unwrap();
        let places: Vec<PathBuf> = ["run", "shm", "tmp"]
            .iter()
            .map(|place| root.path().join(place))
            .collect();
        places
            .iter()
            .for_each(|place| fs::create_dir(place).unwrap());
        (root, places)
    }

    fn create(places: &[PathBuf], name: &str) -> RuntimeDirectory {
        RuntimeDirectory::create_in(places, name, geteuid().as_raw()).unwrap()
    }

    #[test]
    fn it_is_private_and_empty_at_every_start() {
        let (_root, places) = places();
        let path = places[0].join(NAME);
        fs::create_dir_all(path.join("below")).unwrap();
        fs::write(path.join("secret"), "of a start that was killed").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o777)).unwrap();
        let directory = create(&places, NAME);
        assert_eq!(directory.path(), path);
        assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o700);
        directory.write("secret", b"x").unwrap();
        drop(directory);
        assert_eq!(fs::read_dir(&places[0]).unwrap().count(), 0);
    }

    #[test]
    fn a_file_is_private_and_replaced_as_a_whole() {
        let (_root, places) = places();
        let directory = create(&places, NAME);
        directory.write("jaas.conf", b"one").unwrap();
        fs::write(directory.path().join(".jaas.conf.new"), "of a crash").unwrap();
        let path = directory.write("jaas.conf", b"two").unwrap();
        assert_eq!(path, directory.path().join("jaas.conf"));
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o400);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        directory.write("a/b", b"").unwrap_err();
    }

    #[test]
    fn what_somebody_has_planted_is_not_used() {
        let (root, places) = places();
        let elsewhere = root.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        fs::write(elsewhere.join("theirs"), "").unwrap();
        symlink(&elsewhere, places[0].join(NAME)).unwrap();
        fs::write(places[1].join(NAME), "").unwrap();
        let directory = create(&places, NAME);
        assert_eq!(directory.path(), places[2].join(NAME));
        assert!(elsewhere.join("theirs").exists());
        let Found::Directory(found) = look_in(&places, NAME, 0) else {
            panic!("not found");
        };
        assert_eq!(found.path(), places[2].join(NAME));
    }

    #[test]
    fn a_directory_of_another_user_is_not_used() {
        let (_root, places) = places();
        let us = geteuid().as_raw();
        let _theirs = create(&places[..1], NAME);
        let error = RuntimeDirectory::create_in(&places[..1], NAME, us + 1).unwrap_err();
        let expected = format!("is there and belongs to {us}");
        assert!(error.to_string().ends_with(&expected), "{error}");
    }

    #[test]
    fn an_unsafe_place_is_refused_and_the_last_refusal_names_every_place() {
        let (root, mut places) = places();
        for place in &places {
            fs::set_permissions(place, Permissions::from_mode(0o777)).unwrap();
        }
        places.truncate(1);
        places.push(root.path().join("nowhere"));
        let error = RuntimeDirectory::create_in(&places, NAME, geteuid().as_raw())
            .unwrap_err()
            .to_string();
        let expected = format!(
            "no private directory can be made: {}: all may write to it, and its sticky bit is not set; {}: No such \
             file or directory (os error 2)",
            places[0].display(),
            places[1].display()
        );
        assert_eq!(error, expected);
        fs::set_permissions(&places[0], Permissions::from_mode(0o1777)).unwrap();
        create(&places, NAME);
    }

    #[test]
    fn a_running_server_keeps_its_directory_and_a_killed_one_does_not() {
        let (_root, places) = places();
        let running = create(&places, NAME);
        running.write("secret", b"x").unwrap();
        assert_eq!(create(&places, NAME).path(), places[1].join(NAME));
        let killed = places[0].join(format!("{PREFIX}2"));
        fs::create_dir(&killed).unwrap();
        fs::write(killed.join("secret"), "x").unwrap();
        let theirs = places[0].join(format!("{PREFIX}notes"));
        fs::create_dir(&theirs).unwrap();
        // Another container with the same place.
        drop(create(&places, &format!("{PREFIX}3")));
        assert!(running.path().join("secret").exists());
        assert!(!killed.exists() && theirs.exists());
        let path = running.path().to_owned();
        let copy = running.clone();
        drop(running);
        assert!(path.exists());
        drop(copy);
        assert!(!path.exists());
    }

    #[test]
    fn only_the_owner_and_root_find_it() {
        let (_root, places) = places();
        assert!(matches!(look_in(&places, NAME, 0), Found::Nothing));
        let directory = create(&places, NAME);
        let owner = fs::metadata(directory.path()).unwrap().uid();
        for uid in [0, owner] {
            assert!(matches!(look_in(&places, NAME, uid), Found::Directory(_)));
        }
        let found = look_in(&places, NAME, owner + 1);
        assert!(
            matches!(found, Found::OfAnother(uid) if uid == owner),
            "{found:?}"
        );
        fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(look_in(&places, NAME, owner), Found::Nothing));
    }

    #[test]
    fn the_name_is_the_containers_own() {
        let name = own_name();
        assert!(name.len() > PREFIX.len() + 1, "{name}");
        assert_eq!(
            super::places(Path::new("/var/run/zookeeper/zookeeper_server.pid")),
            ["/var/run/zookeeper", "/dev/shm", "/tmp"].map(PathBuf::from)
        );
    }
}
