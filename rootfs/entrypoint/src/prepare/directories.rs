//! The working directories: made where they are missing, handed to the daemon user where they are not its own.
//!
//! Root comes first, since volumes mostly are root's. What root may not do, because a capability is missing
//! or an NFS server takes root for nobody, the daemon user may be able to do itself: it comes second.

use std::io;
use std::path::{Path, PathBuf};

use super::daemon::Identity;
use super::history::VERSION;
use super::mounts::resolved;
use super::system::{Below, Holds, Owner, Seen, System};
use super::{hooks, lock};
use crate::journal::Journal;
use crate::variables::Values;
use crate::variables::ids::{DATA_DIR, DATA_LOG_DIR};

/// The group of the directories we make: with it an arbitrary uid (whose group is 0 there) may write.
const GROUP_ZERO: u32 = 0;

/// The volumes of the image, and the place of the pid file.
const OF_IMAGE: [&str; 5] = [
    "/srv/conf",
    "/srv/data",
    "/srv/datalog",
    "/var/log",
    "/run/zookeeper",
];

/// Where data may begin below, though nothing is mounted there: nobody looks for programs or for other things
/// of root's in it.
const FOR_DATA: [&str; 3] = ["/srv", "/var/lib", "/var/log"];

/// What configurations that come from the official image name.
const OF_OFFICIAL_IMAGE: [&str; 2] = ["/data", "/datalog"];

/// The mounts that every container has: of the kernel, and of what all processes share.
const OF_ENGINE: [&str; 3] = ["/dev", "/proc", "/sys"];

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
            Self::Data => &[VERSION, "myid", lock::NAME, hooks::MARKER],
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
    /// Who has named it.
    pub named_by: NamedBy,
}

/// Who has named a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedBy {
    /// The image, or whoever starts the container.
    Start,
    /// A `zoo.cfg`, which the daemon user may be able to change.
    File,
}

impl NamedBy {
    /// Of a data directory that a `zoo.cfg` names, and perhaps the environment as well.
    pub fn in_file(path: &Path, values: &Values) -> Self {
        if [DATA_DIR, DATA_LOG_DIR]
            .iter()
            .any(|id| values.path(*id) == path)
        {
            Self::Start
        } else {
            Self::File
        }
    }
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

/// Makes every directory as root and hands it over. Nothing that fails is a problem yet: on NFS root may
/// not change an owner, and the daemon user may all the same write.
pub fn hand_over(
    system: &mut impl System,
    identity: Identity,
    directories: &[Directory],
    journal: Journal,
) {
    let Identity::Daemon { uid, .. } = identity else {
        return;
    };
    for directory in directories {
        let path = directory.path.display();
        let seen = match system.look(&directory.path) {
            Ok(seen) => seen,
            Err(error) => {
                journal.debug(format_args!("root cannot look at {path}: {error}"));
                continue;
            }
        };
        if !may_be_given(directory, &seen) {
            journal.debug(format_args!("root leaves {path} alone"));
            continue;
        }
        let created = match system.create_directory(&seen.real) {
            Ok(created) => created,
            Err(error) => {
                journal.debug(format_args!("root cannot create {path}: {error}"));
                continue;
            }
        };
        if let Err(error) = give(system, uid, directory, created, &seen) {
            journal.debug(format_args!("cannot give {path} to {uid}: {error}"));
            if created {
                // Root's, or nobody's, it would only be in the daemon user's way, which may make its own.
                let _ = system.remove_directory(&seen.real);
            }
        }
    }
}

/// Makes every directory that is still missing, as whom the server will run; the problems of those that are
/// needed.
pub fn make(
    system: &mut impl System,
    directories: &[Directory],
    journal: Journal,
) -> Result<(), Vec<CreateError>> {
    let mut problems = Vec::new();
    for directory in directories {
        if let Err(source) = system.create_directory(&resolved(&directory.path)) {
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
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

/// Whether root may make a directory where there is none, and give it to the daemon user.
///
/// That user may write to the volumes, so it could have put a link there, or have named another directory
/// in `zoo.cfg`, and be given the programs of this image, or somebody else's volume, at the next start; or a
/// new directory on root's `PATH`, to lay its own programs into.
fn may_be_given(directory: &Directory, seen: &Seen) -> bool {
    !seen.by_foreign_link
        && match directory.named_by {
            NamedBy::Start => may_be_given_by_start(directory, seen),
            NamedBy::File => may_be_given_by_file(seen),
        }
}

/// Whoever starts the container has chosen the place, but nothing that the image itself has is meant.
fn may_be_given_by_start(directory: &Directory, seen: &Seen) -> bool {
    let of_image = OF_IMAGE.iter().any(|volume| seen.real.starts_with(volume));
    if of_image || seen.holds == Holds::Missing {
        return true;
    }
    seen.mounted
        && match directory.content {
            // A configuration that was mapped stays whose it is, unless there is something to write.
            Content::Theirs => directory.needed,
            Content::Data | Content::Logs => true,
        }
}

/// The daemon user may have chosen the place: it must look like one for a server. It is a server's already, or
/// it is as new as an engine makes it for a mount, or it is yet to be made where data may be.
fn may_be_given_by_file(seen: &Seen) -> bool {
    let is_within = |places: &[&str]| places.iter().any(|place| seen.real.starts_with(place));
    let is_below = FOR_DATA
        .iter()
        .any(|place| seen.real.starts_with(place) && seen.real != Path::new(place));
    let is_known = is_below || is_within(&OF_OFFICIAL_IMAGE);
    let mounted = seen.mounted && !is_within(&OF_ENGINE);
    match seen.holds {
        Holds::Missing => mounted || is_known,
        Holds::Data => mounted,
        Holds::Nothing => mounted && seen.owner == 0,
        Holds::Others => false,
    }
}

fn give(
    system: &mut impl System,
    uid: u32,
    directory: &Directory,
    created: bool,
    seen: &Seen,
) -> io::Result<()> {
    // What is there keeps its group: somebody may have chosen it.
    let to = Owner {
        uid,
        gid: created.then_some(GROUP_ZERO),
    };
    let mut result = system.give(&seen.real, Below::Nothing, to);
    for name in directory.content.made_by_us() {
        result = result.and(system.give(&seen.real.join(name), Below::Everything, to));
    }
    result
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

    fn directory(path: &str, content: Content) -> Directory {
        Directory {
            path: path.into(),
            content,
            needed: true,
            named_by: NamedBy::Start,
        }
    }

    fn seen(path: &str) -> Seen {
        Seen {
            real: path.into(),
            owner: 0,
            by_foreign_link: false,
            mounted: true,
            holds: Holds::Nothing,
        }
    }

    fn start(system: &mut Recorder, identity: Identity, directories: &[Directory]) -> Vec<String> {
        hand_over(system, identity, directories, Journal::default());
        become_daemon(system, identity).unwrap();
        let made = make(system, directories, Journal::default());
        let problems = made.err().unwrap_or_default();
        let mut calls = std::mem::take(&mut system.calls);
        calls.extend(problems.iter().map(ToString::to_string));
        calls
    }

    fn calls(system: &mut Recorder, identity: Identity) -> Vec<String> {
        let directories = [
            directory("/srv/conf/zookeeper", Content::Theirs),
            directory("/srv/data/zookeeper", Content::Data),
        ];
        start(system, identity, &directories)
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
    fn what_root_cannot_do_the_daemon_user_does() {
        let data = [directory("/srv/data/zookeeper", Content::Data)];
        let drop = ["setgroups [1000]", "setgid 1000", "setuid 1000"];
        // An NFS server that takes root for nobody, or root without CAP_CHOWN.
        for (refused, before) in [
            (
                "chown",
                &[
                    "mkdir /srv/data/zookeeper",
                    "chown 1000:0 /srv/data/zookeeper",
                    "rmdir /srv/data/zookeeper",
                ][..],
            ),
            // The same with a directory that only the daemon user may write.
            ("mkdir", &["mkdir /srv/data/zookeeper"]),
        ] {
            let mut system = Recorder::default();
            system
                .refused
                .insert(refused, io::ErrorKind::PermissionDenied);
            let expected = [before, &drop, &["mkdir /srv/data/zookeeper"]].concat();
            assert_eq!(start(&mut system, DAEMON, &data), expected);
        }
        // What was there before is not removed, and whether it can be written is looked at later.
        let mut system = Recorder::default();
        system
            .refused
            .insert("chown", io::ErrorKind::PermissionDenied);
        system.owned.insert("/srv/data/zookeeper".into(), 0);
        assert_eq!(
            start(&mut system, DAEMON, &data),
            [&["chown 1000: /srv/data/zookeeper"][..], &drop].concat()
        );
    }

    #[test]
    fn only_needed_directories_must_be_made() {
        let directories = [
            directory("/a", Content::Data),
            Directory {
                needed: false,
                ..directory("/b", Content::Logs)
            },
        ];
        let mut system = Recorder::default();
        system
            .refused_later
            .insert("mkdir", io::ErrorKind::ReadOnlyFilesystem);
        system.refused.clone_from(&system.refused_later);
        assert_eq!(
            start(&mut system, DAEMON, &directories),
            [
                "mkdir /a",
                "mkdir /b",
                "setgroups [1000]",
                "setgid 1000",
                "setuid 1000",
                "mkdir /a",
                "mkdir /b",
                "cannot create /a: read-only filesystem or storage medium",
            ]
        );
    }

    #[test]
    fn what_may_be_given() {
        let of_file = |content| Directory {
            named_by: NamedBy::File,
            ..directory("/x", content)
        };
        let theirs = Directory {
            needed: false,
            ..directory("/conf", Content::Theirs)
        };
        let data = directory("/data", Content::Data);
        let root_file_system = Seen {
            mounted: false,
            ..seen("/usr/local/zookeeper/bin")
        };
        let holds = |holds| Seen {
            holds,
            ..seen("/mnt/x")
        };
        for (directory, seen, expected) in [
            // Named by whoever starts the container: a mount of any content, but nothing of the image.
            (&data, seen("/data"), true),
            (&data, holds(Holds::Others), true),
            (&data, root_file_system.clone(), false),
            (
                &directory("/srv/data/zookeeper", Content::Data),
                Seen {
                    mounted: false,
                    ..seen("/srv/data/zookeeper")
                },
                true,
            ),
            (
                &directory("/srv/other", Content::Data),
                Seen {
                    mounted: false,
                    ..seen("/srv/other")
                },
                false,
            ),
            // Named by a file that may be the daemon user's.
            (&of_file(Content::Data), holds(Holds::Nothing), true),
            (
                &of_file(Content::Data),
                Seen {
                    owner: 999,
                    ..holds(Holds::Nothing)
                },
                false,
            ),
            (
                &of_file(Content::Data),
                Seen {
                    owner: 999,
                    ..holds(Holds::Data)
                },
                true,
            ),
            (&of_file(Content::Data), holds(Holds::Others), false),
            (&of_file(Content::Data), root_file_system.clone(), false),
            // Also below the volumes of the image.
            (
                &of_file(Content::Data),
                Seen {
                    holds: Holds::Others,
                    ..seen("/srv/data/of-somebody-else")
                },
                false,
            ),
            (&of_file(Content::Data), seen("/srv/data/empty"), true),
            (&of_file(Content::Data), seen("/dev/shm"), false),
            // A configuration that was brought along.
            (&theirs, seen("/conf"), false),
            (
                &directory("/conf", Content::Theirs),
                holds(Holds::Others),
                true,
            ),
            // Whatever leads through a link of the daemon user's.
            (
                &data,
                Seen {
                    by_foreign_link: true,
                    ..seen("/srv/data")
                },
                false,
            ),
        ] {
            assert_eq!(
                may_be_given(directory, &seen),
                expected,
                "{directory:?} {seen:?}"
            );
        }
    }

    #[test]
    fn where_root_makes_what_is_missing() {
        for (path, mounted, by_foreign_link, by_start, by_file) in [
            // On root's PATH, and not there in the image.
            ("/usr/local/sbin", false, false, true, false),
            ("/etc/x", false, false, true, false),
            ("/data", false, false, true, true),
            ("/zk", false, false, true, false),
            ("/srv", false, false, true, false),
            ("/dev/x", true, false, true, false),
            ("/sys/fs/cgroup/x", true, false, true, false),
            ("/srv/x", false, false, true, true),
            ("/srv/data/x", true, false, true, true),
            ("/var/lib/zookeeper", false, false, true, true),
            ("/data/x", true, false, true, true),
            ("/data/x", true, true, false, false),
        ] {
            let seen = Seen {
                mounted,
                by_foreign_link,
                holds: Holds::Missing,
                ..seen(path)
            };
            let may = [NamedBy::Start, NamedBy::File].map(|named_by| {
                let directory = Directory {
                    named_by,
                    ..directory(path, Content::Data)
                };
                may_be_given(&directory, &seen)
            });
            assert_eq!(may, [by_start, by_file], "{seen:?}");
        }
    }

    #[test]
    fn root_makes_nothing_that_a_file_may_not_name() {
        let data = Directory {
            named_by: NamedBy::File,
            ..directory("/usr/local/sbin", Content::Data)
        };
        let mut system = Recorder::default();
        system.seen.insert(
            data.path.clone(),
            Seen {
                mounted: false,
                holds: Holds::Missing,
                ..seen("/usr/local/sbin")
            },
        );
        system
            .refused_later
            .insert("mkdir", io::ErrorKind::PermissionDenied);
        assert_eq!(
            start(&mut system, DAEMON, &[data]),
            [
                "setgroups [1000]",
                "setgid 1000",
                "setuid 1000",
                "mkdir /usr/local/sbin",
                "cannot create /usr/local/sbin: permission denied",
            ]
        );
    }
}
