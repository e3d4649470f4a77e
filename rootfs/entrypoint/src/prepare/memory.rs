//! How much memory the container may use, and whether the heap leaves enough of it for the rest of Java.
//!
//! The kernel says it in files of the control group: `memory.max` (version 2) or `memory.limit_in_bytes`
//! (version 1). Inside a container the group's own directory mostly is the root of what is mounted; with
//! the host's view of the groups it is the one that `/proc/self/cgroup` names. The smallest limit on the
//! way holds.

use std::fs;
use std::path::{Component, Path, PathBuf};

const GROUPS: &str = "/proc/self/cgroup";
const MOUNTED_AT: &str = "/sys/fs/cgroup";

/// No machine has that much: version 1 writes the largest number of pages there is for "no limit".
const NO_LIMIT: u64 = 1 << 60;

const MEBIBYTE: u64 = 1 << 20;

/// The part of the limit that the heap may have. Threads, the collector, direct buffers of the network and
/// the code need the rest.
const PERCENT: u64 = 75;

/// The limit of this container in bytes, if there is one.
pub fn limit() -> Option<u64> {
    let groups = fs::read(GROUPS).unwrap_or_default();
    limit_below(Path::new(MOUNTED_AT), &String::from_utf8_lossy(&groups))
}

/// What to warn of when the heap may grow to `heap` bytes in a container limited to `limit` bytes.
pub fn warning(heap: u64, limit: u64) -> Option<String> {
    let most = limit / 100 * PERCENT + limit % 100 * PERCENT / 100;
    (heap > most).then(|| {
        format!(
            "the heap may grow to {} MB and the container may use {} MB of memory: above {PERCENT} % (here {} MB) \
             the kernel may end the server at any time; lower ZOO_HEAP_SIZE or raise the limit",
            heap / MEBIBYTE,
            limit / MEBIBYTE,
            most / MEBIBYTE
        )
    })
}

fn limit_below(mounted_at: &Path, groups: &str) -> Option<u64> {
    let mut files = vec![
        mounted_at.join("memory.max"),
        mounted_at.join("memory/memory.limit_in_bytes"),
    ];
    for line in groups.lines() {
        // `hierarchy:controllers:path`; version 2 has hierarchy 0 and names no controller.
        let mut fields = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) =
            (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        if controllers.is_empty() {
            files.extend(on_the_way(mounted_at, path, "memory.max"));
        } else if controllers.split(',').any(|name| name == "memory") {
            let mounted_at = mounted_at.join("memory");
            files.extend(on_the_way(&mounted_at, path, "memory.limit_in_bytes"));
        }
    }
    let found = files
        .iter()
        .filter_map(|file| bytes(&fs::read_to_string(file).ok()?));
    found.min()
}

/// `file` in the directory of a group and in those above it.
fn on_the_way(mounted_at: &Path, group: &str, file: &str) -> Vec<PathBuf> {
    // A group outside of what is mounted is written with `..`.
    let inside: PathBuf = Path::new(group)
        .components()
        .filter(|component| matches!(component, Component::Normal(_)))
        .collect();
    inside
        .ancestors()
        .map(|group| mounted_at.join(group).join(file))
        .collect()
}

/// `max` is no number, which is all that matters here.
fn bytes(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|bytes| *bytes < NO_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_both_versions() {
        for (groups, files, expected) in [
            // Version 2 with a name space of its own, as containers have it.
            (
                "0::/\n",
                &[("memory.max", "536870912\n")][..],
                Some(512 * MEBIBYTE),
            ),
            ("0::/\n", &[("memory.max", "max\n")], None),
            // Version 2 as the host sees it: the group, and the one above it.
            (
                "0::/pod.slice/docker-1.scope\n",
                &[
                    ("pod.slice/docker-1.scope/memory.max", "max\n"),
                    ("pod.slice/memory.max", "1048576\n"),
                ],
                Some(MEBIBYTE),
            ),
            // Version 1: Docker mounts the group's own directory, and the path is the host's.
            (
                "9:cpu:/docker/1\n4:memory:/docker/1\n0::/docker/1\n",
                &[("memory/memory.limit_in_bytes", "268435456\n")],
                Some(256 * MEBIBYTE),
            ),
            (
                "4:memory:/\n",
                &[("memory/memory.limit_in_bytes", "9223372036854771712\n")],
                None,
            ),
            (
                "4:cpuset,memory:/../1\n",
                &[("memory/1/memory.limit_in_bytes", "4096")],
                Some(4096),
            ),
            ("", &[], None),
            ("nonsense\n:\n", &[("memory.max", "nonsense")], None),
        ] {
            let root = tempfile::tempdir().unwrap();
            for (file, content) in files {
                let file = root.path().join(file);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, content).unwrap();
            }
            assert_eq!(
                limit_below(root.path(), groups),
                expected,
                "{groups:?} {files:?}"
            );
        }
    }

    #[test]
    fn three_quarters_are_enough_for_a_heap() {
        let warned = |heap, limit| warning(heap * MEBIBYTE, limit * MEBIBYTE);
        assert_eq!(warned(768, 1024), None);
        assert_eq!(
            warned(1024, 512).unwrap(),
            "the heap may grow to 1024 MB and the container may use 512 MB of memory: above 75 % (here 384 MB) the \
             kernel may end the server at any time; lower ZOO_HEAP_SIZE or raise the limit"
        );
        assert!(warned(769, 1024).is_some());
        assert!(warning(u64::MAX, u64::MAX).is_some());
        assert!(warning(1, 0).is_some());
    }
}
