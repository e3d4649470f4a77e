//! What it means that the server has left with this status, for the last line of the log.

use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::supervise::Ended;

/// ZooKeeper looks at its data directories before it does anything else. A status of 3 that comes later
/// than this is Java's.
const LOOKING_AT_DATA: Duration = Duration::from_secs(60);

/// What is known beside the status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// How long the server has run.
    pub ran_for: Duration,
    /// A data directory that cannot be written.
    pub unwritable: Option<PathBuf>,
    /// Whether the kernel has killed somebody in this container for memory.
    pub memory_used_up: bool,
}

/// Where the kernel counts whom it has killed for memory: in cgroup v2, in v1.
pub const KILLS: [&str; 2] = [
    "/sys/fs/cgroup/memory.events",
    "/sys/fs/cgroup/memory/memory.oom_control",
];

/// Whether such a file has counted anybody.
pub fn has_killed(counts: &str) -> bool {
    let count = counts
        .lines()
        .find_map(|line| line.strip_prefix("oom_kill "));
    count.is_some_and(|count| count.trim() != "0")
}

/// The meaning (`ExitCode` and `ServerExitCode` of ZooKeeper's sources), if the status has one.
pub fn meaning(ended: Ended, circumstances: &Circumstances) -> Option<String> {
    let status = match ended {
        Ended::Exited(status) => status,
        Ended::Killed(Signal::SIGKILL) if circumstances.memory_used_up => {
            return Some(
                "the container has used up its memory, and the kernel has killed Java".to_owned(),
            );
        }
        Ended::Killed(_) => return None,
    };
    let meaning = match status {
        1 => "an unexpected error, see the log above",
        2 => "the configuration is wrong, see the log above",
        3 => return Some(data_or_memory(circumstances)),
        4 => "the AdminServer cannot start, its port may be taken",
        10 => "a snapshot cannot be written or read",
        14 => "the quorum port cannot be listened on",
        _ => return None,
    };
    Some(meaning.to_owned())
}

/// ZooKeeper and `-XX:+ExitOnOutOfMemoryError` have chosen the same number.
fn data_or_memory(circumstances: &Circumstances) -> String {
    match &circumstances.unwritable {
        Some(directory) => format!(
            "the data directory {} cannot be written",
            directory.display()
        ),
        None if circumstances.ran_for > LOOKING_AT_DATA => {
            "Java has run out of memory, more of it is ZOO_HEAP_SIZE".to_owned()
        }
        None => {
            "the data directory cannot be used, or Java has run out of memory, see the log above"
                .to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_is_told_apart_as_well_as_can_be() {
        let meant = |seconds, unwritable: Option<&str>| {
            let circumstances = Circumstances {
                ran_for: Duration::from_secs(seconds),
                unwritable: unwritable.map(PathBuf::from),
                memory_used_up: false,
            };
            meaning(Ended::Exited(3), &circumstances).unwrap()
        };
        let data = "the data directory /srv/data/zookeeper cannot be written";
        for seconds in [1, 3600] {
            assert_eq!(meant(seconds, Some("/srv/data/zookeeper")), data);
        }
        assert!(meant(3600, None).starts_with("Java has run out of memory"));
        let either = meant(1, None);
        assert!(
            either.contains("data directory") && either.contains("memory"),
            "{either}"
        );
    }

    #[test]
    fn who_is_killed_for_memory_is_told_from_who_is_killed() {
        let killed = |counts: &str| {
            let circumstances = Circumstances {
                memory_used_up: has_killed(counts),
                ..Circumstances::default()
            };
            meaning(Ended::Killed(Signal::SIGKILL), &circumstances).is_some()
        };
        assert!(killed("low 0\noom 1\noom_kill 1\noom_group_kill 0\n"));
        assert!(killed("oom_kill_disable 0\nunder_oom 0\noom_kill 2"));
        assert!(!killed("oom 1\noom_kill 0\n"));
        assert!(!killed("oom_kill_disable 1\n"));
        assert!(!killed(""));
    }

    #[test]
    fn only_what_zookeeper_explains_is_explained() {
        let known = Circumstances::default();
        for status in [1, 2, 3, 4, 10, 14] {
            assert!(meaning(Ended::Exited(status), &known).is_some(), "{status}");
        }
        for ended in [
            Ended::Exited(0),
            Ended::Exited(143),
            Ended::Killed(Signal::SIGKILL),
        ] {
            assert_eq!(meaning(ended, &known), None);
        }
    }
}
