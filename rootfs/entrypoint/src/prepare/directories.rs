//! The working directories: made where they are missing, handed to the daemon user where they are not its own.

use std::io;
use std::path::PathBuf;

use super::daemon::Identity;
use super::lock;
use super::system::{Below, System};
use crate::journal::Journal;

/// The group of the directories we make: with it an arbitrary uid (whose group is 0 there) may write.
const GROUP_ZERO: u32 = 0;

/// What is in a directory, which decides what in it changes hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Snapshots or transaction logs.
    Data,
    /// Log files.
    Logs,
    /// Files that users may have mapped: none is to be touched.
    Theirs,
}

impl Content {
    /// What ZooKeeper and we make there. Somebody may keep other files beside, or name a directory that is
    /// not ZooKeeper's alone: those stay whose they are.
    fn made_by_us(self) -> &'static [&'static str] {
        match self {
            Self::Data => &["version-2", "myid", lock::NAME],
            Self::Logs => &["zookeeper.log", "zookeeper_trace.log"],
            Self::Theirs => &[],
        }
    }
}

/// A directory that the server works in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Where it is.
    pub path: PathBuf,
    /// What is in it.
    pub content: Content,
    /// Whether the server cannot do without it.
    pub needed: bool,
}

/// A directory that is missing and cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot create {}: {source}", path.display())]
pub struct CreateError {
    /// The directory.
    pub path: PathBuf,
    /// Why not.
    pub source: io::Error,
}

/// Makes every directory and hands it over; the problems of those that are needed.
///
/// A change of owner that fails is no problem by itself: on NFS root may not, and the daemon user may all
/// the same write. Whether it can is looked at once root is given up.
pub fn ready(
    system: &mut impl System,
    identity: Identity,
    directories: &[Directory],
    journal: Journal,
) -> Result<(), Vec<CreateError>> {
    let mut problems = Vec::new();
    for directory in directories {
        match system.create_directory(&directory.path) {
            Ok(created) => hand_over(system, identity, directory, created, journal),
            Err(source) => {
                let problem = CreateError {
                    path: directory.path.clone(),
                    source,
                };
                if directory.needed {
                    problems.push(problem);
                } else {
                    journal.debug(problem);
                }
            }
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

fn hand_over(
    system: &mut impl System,
    identity: Identity,
    directory: &Directory,
    created: bool,
    journal: Journal,
) {
    let Identity::Daemon { uid, .. } = identity else {
        return;
    };
    match system.owners(&directory.path, Below::Nothing) {
        // What must not change hands itself is no place to give anything away in.
        Ok(owners) if owners.is_empty() => {
            journal.debug(format_args!(
                "{} stays whose it is",
                directory.path.display()
            ));
            return;
        }
        _ => {}
    }
    // What is there keeps its group: somebody may have chosen it.
    let gid = created.then_some(GROUP_ZERO);
    let made = directory
        .content
        .made_by_us()
        .iter()
        .map(|name| (directory.path.join(name), Below::Everything));
    for (path, below) in [(directory.path.clone(), Below::Nothing)]
        .into_iter()
        .chain(made)
    {
        let changed = system.owners(&path, below).and_then(|owners| {
            let mut foreign = owners.into_iter().filter(|(_, owner)| *owner != uid);
            foreign.try_for_each(|(path, _)| system.change_owner(&path, uid, gid))
        });
        if let Err(error) = changed {
            journal.debug(format_args!(
                "cannot give {} to {uid}: {error}",
                path.display()
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepare::daemon::become_daemon;
    use crate::prepare::system::Recorder;

    const DAEMON: Identity = Identity::Daemon {
        uid: 1000,
        gid: 1000,
    };

    fn directory(path: &str, content: Content, needed: bool) -> Directory {
        Directory {
            path: path.into(),
            content,
            needed,
        }
    }

    fn calls(system: &mut Recorder, identity: Identity) -> Vec<String> {
        let directories = [
            directory("/srv/conf/zookeeper", Content::Theirs, true),
            directory("/srv/data/zookeeper", Content::Data, true),
        ];
        ready(system, identity, &directories, Journal::default()).unwrap();
        become_daemon(system, identity).unwrap();
        std::mem::take(&mut system.calls)
    }

    #[test]
    fn made_handed_over_and_only_then_root_is_given_up() {
        let mut system = Recorder::default();
        let expected = [
            "mkdir /srv/conf/zookeeper",
            "chown 1000:0 /srv/conf/zookeeper",
            "mkdir /srv/data/zookeeper",
            "chown 1000:0 /srv/data/zookeeper",
            "setgroups [1000]",
            "setgid 1000",
            "setuid 1000",
        ];
        assert_eq!(calls(&mut system, DAEMON), expected);
        // A second start finds all of it in order.
        assert_eq!(calls(&mut system, DAEMON), expected[4..]);
    }

    #[test]
    fn only_foreign_files_change_hands_and_none_beside_a_configuration() {
        let mut system = Recorder::default();
        for (path, uid) in [
            ("/srv/conf/zookeeper", 1000),
            ("/srv/conf/zookeeper/zoo.cfg", 0),
            ("/srv/data/zookeeper", 0),
            ("/srv/data/zookeeper/myid", 1000),
            ("/srv/data/zookeeper/version-2", 0),
            ("/srv/data/zookeeper/version-2/log.1", 0),
            ("/srv/data/zookeeper/version-2/snapshot.0", 1000),
            ("/srv/data/zookeeper/of-somebody-else", 0),
        ] {
            system.owned.insert(path.into(), uid);
        }
        assert_eq!(
            calls(&mut system, DAEMON)[..4],
            [
                "chown 1000: /srv/data/zookeeper",
                "chown 1000: /srv/data/zookeeper/version-2",
                "chown 1000: /srv/data/zookeeper/version-2/log.1",
                "setgroups [1000]",
            ]
        );
    }

    #[test]
    fn another_user_only_makes_what_is_missing() {
        let made = ["mkdir /srv/conf/zookeeper", "mkdir /srv/data/zookeeper"];
        assert_eq!(calls(&mut Recorder::default(), Identity::AsItIs), made);
    }

    #[test]
    fn a_refused_change_of_owner_is_left_to_the_look_afterwards() {
        let mut system = Recorder::default();
        system
            .refused
            .insert("chown", io::ErrorKind::PermissionDenied);
        assert_eq!(calls(&mut system, DAEMON).last().unwrap(), "setuid 1000");
    }

    #[test]
    fn only_needed_directories_must_be_made() {
        let mut system = Recorder::default();
        system
            .refused
            .insert("mkdir", io::ErrorKind::ReadOnlyFilesystem);
        let directories = [
            directory("/a", Content::Data, true),
            directory("/b", Content::Data, false),
        ];
        let problems = ready(&mut system, DAEMON, &directories, Journal::default()).unwrap_err();
        let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            ["cannot create /a: read-only filesystem or storage medium"]
        );
    }
}
