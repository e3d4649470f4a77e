//! What it means that the server has left with this status, for the last line of the log.

use std::path::PathBuf;

use nix::sys::signal::Signal;

use crate::supervise::Ended;

/// What may be known beside the status. It is asked for only where the status has two meanings: looking at
/// directories may take long, and `docker stop` does not wait.
pub trait Circumstances {
    /// A data directory that ZooKeeper cannot use.
    fn unusable_data(&self) -> Option<PathBuf>;
    /// Whether the kernel has killed somebody in this container for memory.
    fn is_memory_used_up(&self) -> bool;
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
pub fn meaning(ended: Ended, circumstances: &impl Circumstances) -> Option<String> {
    let status = match ended {
        Ended::Exited(status) => status,
        Ended::Killed(Signal::SIGKILL) if circumstances.is_memory_used_up() => {
            return Some(
                "the container has used up its memory, and the kernel has killed Java".to_owned(),
            );
        }
        // Whoever ended it by one of the others knows.
        Ended::Killed(Signal::SIGTERM | Signal::SIGINT | Signal::SIGHUP | Signal::SIGQUIT) => {
            return None;
        }
        Ended::Killed(signal) => return Some(format!("Java was ended by {signal}")),
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

/// ZooKeeper and `-XX:+ExitOnOutOfMemoryError` have chosen the same number. ZooKeeper's means that it cannot
/// write to a data directory, or that there are files in it which belong into the other: both can be seen.
fn data_or_memory(circumstances: &impl Circumstances) -> String {
    match circumstances.unusable_data() {
        Some(directory) => format!(
            "the data directory {} cannot be used, see the log above",
            directory.display()
        ),
        None => "Java has run out of memory, more of it is ZOO_HEAP_SIZE".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Known {
        unusable_data: Option<PathBuf>,
        counts: &'static str,
    }

    impl Circumstances for Known {
        fn unusable_data(&self) -> Option<PathBuf> {
            self.unusable_data.clone()
        }

        fn is_memory_used_up(&self) -> bool {
            has_killed(self.counts)
        }
    }

    #[test]
    fn three_is_told_apart() {
        let three = Ended::Exited(3);
        let data = Known {
            unusable_data: Some("/srv/data/zookeeper".into()),
            ..Known::default()
        };
        assert_eq!(
            meaning(three, &data).unwrap(),
            "the data directory /srv/data/zookeeper cannot be used, see the log above"
        );
        let memory = meaning(three, &Known::default()).unwrap();
        assert!(memory.starts_with("Java has run out of memory"), "{memory}");
    }

    #[test]
    fn who_is_killed_for_memory_is_told_from_who_is_killed() {
        let is_explained = |counts| {
            let known = Known {
                counts,
                ..Known::default()
            };
            let meaning = meaning(Ended::Killed(Signal::SIGKILL), &known).unwrap();
            if !meaning.contains("memory") {
                assert_eq!(meaning, "Java was ended by SIGKILL");
            }
            meaning.contains("memory")
        };
        assert!(is_explained("low 0\noom 1\noom_kill 1\noom_group_kill 0\n"));
        assert!(is_explained("oom_kill_disable 0\nunder_oom 0\noom_kill 2"));
        assert!(!is_explained("oom 1\noom_kill 0\n"));
        assert!(!is_explained("oom_kill_disable 1\n"));
        assert!(!is_explained(""));
    }

    #[test]
    fn only_what_zookeeper_explains_is_explained() {
        for status in [1, 2, 3, 4, 10, 14] {
            let ended = Ended::Exited(status);
            assert!(meaning(ended, &Known::default()).is_some(), "{status}");
        }
        for ended in [
            Ended::Exited(0),
            Ended::Exited(143),
            Ended::Killed(Signal::SIGTERM),
        ] {
            assert_eq!(meaning(ended, &Known::default()), None);
        }
    }
}
