//! What the directories of a server hold already, by the names of the files alone, and what to warn of
//! before a server that starts on them loses something.
//!
//! ZooKeeper keeps snapshots (`version-2/snapshot.ZXID`) in `dataDir` and transaction logs
//! (`version-2/log.ZXID`) in `dataLogDir`, and needs both: a snapshot is the state of some moment, the logs
//! are every write since. A zxid is a number of 64 bits in hexadecimal digits: the epoch, which counts
//! leaders, then a counter of writes that begins at 0 with each of them.

use std::fs;
use std::io;
use std::path::Path;

use super::mounts::{Mount, Mounts, Volume, resolved};

/// The sub-directory that ZooKeeper makes.
pub const VERSION: &str = "version-2";

/// What a directory holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The zxid of the newest snapshot.
    pub newest_snapshot: Option<u64>,
    /// Whether some snapshot was made after a write, which must then stand in a log.
    pub snapshot_of_writes: bool,
    /// Whether there are transaction logs.
    pub logs: bool,
    /// Whether nobody let us look, so that anything may be there.
    pub hidden: bool,
}

/// Where a server will keep what, and what is there before it starts.
#[derive(Clone, Copy, Debug)]
pub struct Storage<'a> {
    /// `dataDir`.
    pub data: &'a Path,
    /// `dataLogDir`, which may be the same.
    pub data_log: &'a Path,
    /// What `dataDir` holds.
    pub of_data: History,
    /// What `dataLogDir` holds.
    pub of_data_log: History,
    /// What is mounted.
    pub mounts: &'a Mounts,
    /// How many servers there are.
    pub servers: usize,
}

impl History {
    /// What `directory` holds; nothing if it is not there.
    pub fn of(directory: &Path) -> Self {
        match fs::read_dir(directory.join(VERSION)) {
            Ok(entries) => {
                let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
                Self::of_names(names)
            }
            Err(error) => Self {
                hidden: error.kind() == io::ErrorKind::PermissionDenied,
                ..Self::default()
            },
        }
    }

    fn of_names(names: impl IntoIterator<Item = String>) -> Self {
        let mut history = Self::default();
        for name in names {
            if let Some(zxid) = zxid_of_snapshot(&name) {
                history.newest_snapshot = history.newest_snapshot.max(Some(zxid));
                history.snapshot_of_writes |= zxid & u64::from(u32::MAX) != 0;
            }
            history.logs |= zxid_of_log(&name).is_some();
        }
        history
    }

    /// Whether a server has been here, or may have been.
    pub fn is_anything(&self) -> bool {
        self.newest_snapshot.is_some() || self.logs || self.hidden
    }
}

/// The transaction that the snapshot of this name ends with. Later releases compress them.
pub fn zxid_of_snapshot(name: &str) -> Option<u64> {
    let rest = name.strip_prefix("snapshot.")?;
    let digits = [".gz", ".snappy"]
        .iter()
        .find_map(|suffix| rest.strip_suffix(suffix));
    zxid(digits.unwrap_or(rest))
}

/// The transaction that the log of this name begins with.
pub fn zxid_of_log(name: &str) -> Option<u64> {
    zxid(name.strip_prefix("log.")?)
}

fn zxid(digits: &str) -> Option<u64> {
    // `from_str_radix` would take a sign as well.
    let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    hexadecimal
        .then(|| u64::from_str_radix(digits, 16).ok())
        .flatten()
}

/// Whether one of these directories has what belongs into the other, on which ZooKeeper refuses to start.
pub fn is_mixed_up(data: &Path, data_log: &Path) -> bool {
    data != data_log && (History::of(data).logs || History::of(data_log).newest_snapshot.is_some())
}

impl Storage<'_> {
    /// What to warn of, one line each.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.of_places();
        warnings.extend(self.of_misplaced().or_else(|| self.of_content()));
        warnings
    }

    fn is_one(&self) -> bool {
        self.data == self.data_log
    }

    /// What becomes of the directories when the container goes.
    fn of_places(&self) -> Vec<String> {
        if self.mounts.is_unknown() {
            return Vec::new();
        }
        let volume = |path: &Path| self.mounts.mount_of(&resolved(path)).map(Mount::volume);
        let (data, data_log) = (volume(self.data), volume(self.data_log));
        let mut places = vec![(self.data, &data), (self.data_log, &data_log)];
        if self.is_one() {
            places.pop();
        }
        let mut warnings = Vec::new();
        for (lost, why) in [
            (None, "on no volume"),
            (Some(Volume::Memory), "in memory (tmpfs)"),
        ] {
            let paths: Vec<String> = places
                .iter()
                .filter(|(_, volume)| **volume == lost)
                .map(|(path, _)| path.display().to_string())
                .collect();
            if !paths.is_empty() {
                let is = if paths.len() == 1 { "is" } else { "are" };
                warnings.push(format!(
                    "{} {is} {why}: what the server stores there is gone with the container",
                    paths.join(" and ")
                ));
            }
        }
        let kept = match &data {
            Some(Volume::Named(name)) => Some(format!("on the volume `{name}`")),
            Some(Volume::Mapped) => Some("mapped".to_owned()),
            _ => None,
        };
        if let (Some(kept), Some(Volume::Anonymous)) = (kept, &data_log) {
            warnings.push(format!(
                "{} is {kept}, but {} is on an anonymous volume: removing the container removes writes that \
                 clients were told are stored; map a volume there as well",
                self.data.display(),
                self.data_log.display()
            ));
        }
        warnings
    }

    /// Files in the other's place. ZooKeeper refuses to start on them, but hardly says why.
    fn of_misplaced(&self) -> Option<String> {
        if self.is_one() {
            return None;
        }
        let (what, from, to) = if self.of_data.logs {
            ("transaction logs", self.data, self.data_log)
        } else if self.of_data_log.newest_snapshot.is_some() {
            ("snapshots", self.data_log, self.data)
        } else {
            return None;
        };
        let from = from.join(VERSION);
        Some(format!(
            "there are {what} in {}, and ZooKeeper will not start until they are in {}",
            from.display(),
            to.join(VERSION).display()
        ))
    }

    /// What is missing. An empty directory and one without its logs are never the same.
    fn of_content(&self) -> Option<String> {
        let empty = !self.of_data.is_anything() && !self.of_data_log.is_anything();
        if empty && self.servers > 1 {
            return Some(format!(
                "{} is empty and there are {} servers: if one of them has data, start that one first and wait \
                 until it leads, or the data may be lost (a new cluster has none and is fine)",
                self.data.display(),
                self.servers
            ));
        }
        let newest = self.of_data.newest_snapshot?;
        let logs = self.of_data.logs || self.of_data_log.logs || self.of_data_log.hidden;
        (self.of_data.snapshot_of_writes && !logs).then(|| {
            format!(
                "{} has a snapshot (zxid 0x{newest:x}), but {} has no transaction logs: of a backup, or where a \
                 volume was lost, all that was written after the snapshot is missing, so restore both (a member \
                 that has only just joined has none and is fine)",
                self.data.display(),
                self.data_log.display()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepare::mounts::ANONYMOUS;

    const NAMED: &str = "/var/lib/docker/volumes/zk/_data";

    fn history(names: &[&str]) -> History {
        History::of_names(names.iter().map(|name| (*name).to_owned()))
    }

    #[test]
    fn names_say_what_is_there() {
        for (names, newest, of_writes, logs) in [
            (&[][..], None, false, false),
            (&["snapshot.0"], Some(0), false, false),
            (
                &["snapshot.0", "snapshot.a", "snapshot.9"],
                Some(10),
                true,
                false,
            ),
            (&["snapshot.100000000"], Some(1 << 32), false, false),
            (
                &["snapshot.200000000", "snapshot.100000007"],
                Some(2 << 32),
                true,
                false,
            ),
            (
                &["snapshot.5.gz", "snapshot.6.snappy"],
                Some(6),
                true,
                false,
            ),
            (
                &["log.1", "acceptedEpoch", "currentEpoch"],
                None,
                false,
                true,
            ),
            (
                &[
                    "snapshot.",
                    "snapshot.x",
                    "snapshot.+1",
                    "log.",
                    "log.txt",
                    "snapshot.5.tmp",
                ],
                None,
                false,
                false,
            ),
            (&["snapshot.ffffffffffffffffff"], None, false, false),
        ] {
            let expected = History {
                newest_snapshot: newest,
                snapshot_of_writes: of_writes,
                logs,
                hidden: false,
            };
            assert_eq!(history(names), expected, "{names:?}");
        }
    }

    #[test]
    fn directories_are_looked_into() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(History::of(directory.path()), History::default());
        assert_eq!(History::of(Path::new("/nowhere")), History::default());
        fs::create_dir(directory.path().join(VERSION)).unwrap();
        fs::write(directory.path().join("version-2/log.1"), "").unwrap();
        assert!(History::of(directory.path()).logs);
    }

    struct Case {
        mounts: &'static [(&'static str, &'static str)],
        data: &'static [&'static str],
        data_log: &'static [&'static str],
        servers: usize,
    }

    const BOTH_NAMED: &[(&str, &str)] = &[("/srv/data", NAMED), ("/srv/datalog", NAMED)];
    const FINE: Case = Case {
        mounts: BOTH_NAMED,
        data: &["snapshot.0"],
        data_log: &[],
        servers: 1,
    };

    fn warned(case: &Case) -> Vec<String> {
        let storage = Storage {
            data: Path::new("/srv/data/zookeeper"),
            data_log: Path::new("/srv/datalog/zookeeper"),
            of_data: history(case.data),
            of_data_log: history(case.data_log),
            mounts: &Mounts::of(&[&[("/", "/")], case.mounts].concat()),
            servers: case.servers,
        };
        storage.warnings()
    }

    #[test]
    fn nothing_to_warn_of() {
        for case in [
            FINE,
            Case { data: &[], ..FINE },
            Case { servers: 3, ..FINE },
            Case {
                data: &["snapshot.7"],
                data_log: &["log.1"],
                ..FINE
            },
            // A cluster that was started, and started again, and never written to.
            Case {
                data: &["snapshot.0", "snapshot.100000000"],
                ..FINE
            },
            Case {
                mounts: &[("/srv/data", ANONYMOUS), ("/srv/datalog", ANONYMOUS)],
                ..FINE
            },
            Case {
                mounts: &[("/srv", "/home/me")],
                ..FINE
            },
            // New logs beside no snapshot: ZooKeeper itself says so and leaves.
            Case {
                data: &[],
                data_log: &["log.1"],
                servers: 3,
                ..FINE
            },
        ] {
            assert_eq!(warned(&case), [""; 0]);
        }
    }

    #[test]
    fn places_that_do_not_last() {
        for (mounts, expected) in [
            (
                &[][..],
                "/srv/data/zookeeper and /srv/datalog/zookeeper are on no volume: what the server stores there is gone \
                 with the container",
            ),
            (
                &[("/srv/data", NAMED)],
                "/srv/datalog/zookeeper is on no volume: what the server stores there is gone with the container",
            ),
            (
                &[("/srv/data", NAMED), ("/srv/datalog", "tmpfs")],
                "/srv/datalog/zookeeper is in memory (tmpfs): what the server stores there is gone with the container",
            ),
            (
                &[("/srv/data", NAMED), ("/srv/datalog", ANONYMOUS)],
                "/srv/data/zookeeper is on the volume `zk`, but /srv/datalog/zookeeper is on an anonymous volume: \
                 removing the container removes writes that clients were told are stored; map a volume there as well",
            ),
            (
                &[("/srv/data", "/home/me"), ("/srv/datalog", ANONYMOUS)],
                "/srv/data/zookeeper is mapped, but /srv/datalog/zookeeper is on an anonymous volume: removing the \
                 container removes writes that clients were told are stored; map a volume there as well",
            ),
        ] {
            assert_eq!(warned(&Case { mounts, ..FINE }), [expected]);
        }
    }

    #[test]
    fn one_directory_for_both_is_said_once() {
        let mounts = Mounts::of(&[("/", "/")]);
        let storage = Storage {
            data: Path::new("/data"),
            data_log: Path::new("/data"),
            of_data: history(&["snapshot.7", "log.1"]),
            of_data_log: history(&["snapshot.7", "log.1"]),
            mounts: &mounts,
            servers: 1,
        };
        assert_eq!(
            storage.warnings(),
            ["/data is on no volume: what the server stores there is gone with the container"]
        );
    }

    #[test]
    fn an_empty_member_of_a_cluster() {
        assert_eq!(
            warned(&Case {
                data: &[],
                servers: 3,
                ..FINE
            }),
            [
                "/srv/data/zookeeper is empty and there are 3 servers: if one of them has data, start that one first \
                 and wait until it leads, or the data may be lost (a new cluster has none and is fine)"
            ]
        );
    }

    #[test]
    fn a_snapshot_without_its_logs() {
        for (data, zxid) in [
            (&["snapshot.7"][..], "0x7"),
            (
                &["snapshot.0", "snapshot.100000007", "snapshot.200000000"],
                "0x200000000",
            ),
        ] {
            assert_eq!(
                warned(&Case {
                    data,
                    servers: 3,
                    ..FINE
                }),
                [format!(
                    "/srv/data/zookeeper has a snapshot (zxid {zxid}), but /srv/datalog/zookeeper has no transaction \
                     logs: of a backup, or where a volume was lost, all that was written after the snapshot is missing, \
                     so restore both (a member that has only just joined has none and is fine)"
                )]
            );
        }
    }

    #[test]
    fn files_in_the_wrong_place() {
        assert_eq!(
            warned(&Case {
                data: &["snapshot.7", "log.1"],
                data_log: &["log.8"],
                ..FINE
            }),
            [
                "there are transaction logs in /srv/data/zookeeper/version-2, and ZooKeeper will not start until they \
                 are in /srv/datalog/zookeeper/version-2"
            ]
        );
        assert_eq!(
            warned(&Case {
                data: &[],
                data_log: &["snapshot.7", "log.1"],
                ..FINE
            }),
            [
                "there are snapshots in /srv/datalog/zookeeper/version-2, and ZooKeeper will not start until they \
                 are in /srv/data/zookeeper/version-2"
            ]
        );
    }
}
