//! `zkTxnLogToolkit.sh`, `zkSnapShotToolkit.sh`, `zkSnapshotComparer.sh` and
//! `zkSnapshotRecursiveSummaryToolkit.sh`: ZooKeeper's programs for looking into its files, with the names of those
//! files looked up where the server keeps them.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::configured::{self, DATA_ROWS, DataDirectories};
use super::{DAEMON_ROWS, failure, print, run_java, values};
use crate::jar::Jar;
use crate::java::JavaCommand;
use crate::journal::Journal;
use crate::prepare::history;
use crate::release::Release;
use crate::variables::Environment;
use crate::variables::ids::BASE_DIR;

/// A program that looks into files of the server.
#[derive(Debug)]
pub(super) struct Toolkit {
    name: &'static str,
    class: &'static str,
    files: Files,
    /// The options with which it changes nothing and needs one file.
    looking: &'static [&'static str],
    help: &'static str,
}

/// What files it looks into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Files {
    Logs,
    Snapshots,
}

static TOOLKITS: [Toolkit; 4] = [
    Toolkit {
        name: "zkTxnLogToolkit.sh",
        class: "org.apache.zookeeper.server.persistence.TxnLogToolkit",
        files: Files::Logs,
        looking: &["-d", "--dump"],
        help: "\
Prints or repairs a transaction log.

Usage: zkTxnLogToolkit.sh [OPTION]... [LOG]

  -d             Print the log, which is the default
  -r, -v, -y     Repair wrong checksums into a new file; print all entries; ask nothing
  -c -z ZXID     Cut the log off after a transaction, into a new file (from ZooKeeper 3.6)

LOG is looked for here, then in version-2 of dataLogDir. Without one the newest is printed.

Example: zkTxnLogToolkit.sh log.1
",
    },
    Toolkit {
        name: "zkSnapShotToolkit.sh",
        class: "org.apache.zookeeper.server.SnapshotFormatter",
        files: Files::Snapshots,
        looking: &["-d", "-json"],
        help: "\
Prints a snapshot.

Usage: zkSnapShotToolkit.sh [-d|-json] [SNAPSHOT]

  -d       Print the data of each node, too (from ZooKeeper 3.6)
  -json    Print JSON (from ZooKeeper 3.6)

SNAPSHOT is looked for here, then in version-2 of dataDir. Without one the newest is printed.

Example: zkSnapShotToolkit.sh snapshot.0
",
    },
    Toolkit {
        name: "zkSnapshotComparer.sh",
        class: "org.apache.zookeeper.server.SnapshotComparer",
        files: Files::Snapshots,
        looking: &[],
        help: "\
Compares two snapshots.

Usage: zkSnapshotComparer.sh -l SNAPSHOT -r SNAPSHOT -b BYTES -n NODES

  -l, -r   The snapshots, looked for here, then in version-2 of dataDir
  -b, -n   The least differences in bytes and in nodes that are printed
  -d, -i   Print more; ask what to print

Example: zkSnapshotComparer.sh -l snapshot.0 -r snapshot.100000001 -b 2 -n 1
",
    },
    Toolkit {
        name: "zkSnapshotRecursiveSummaryToolkit.sh",
        class: "org.apache.zookeeper.server.SnapshotRecursiveSummary",
        files: Files::Snapshots,
        looking: &[],
        help: "\
Counts the nodes of a snapshot and their bytes, below each node down to a depth.

Usage: zkSnapshotRecursiveSummaryToolkit.sh SNAPSHOT NODE DEPTH

SNAPSHOT is looked for here, then in version-2 of dataDir.

Example: zkSnapshotRecursiveSummaryToolkit.sh snapshot.0 / 2
",
    },
];

/// The toolkit of this name.
pub(super) fn named(name: &str) -> Option<&'static Toolkit> {
    TOOLKITS.iter().find(|toolkit| toolkit.name == name)
}

/// Runs a toolkit.
pub(super) fn run(toolkit: &Toolkit, arguments: &[OsString]) -> ExitCode {
    if matches!(arguments, [only] if only == "-h" || only == "--help") {
        return print(toolkit.help);
    }
    let environment = Environment::of_process();
    let rows = [&JavaCommand::TOOL_ROWS[..], &DAEMON_ROWS, &DATA_ROWS].concat();
    let values = match values(&environment, &rows) {
        Ok(values) => values,
        Err(code) => return code,
    };
    let journal = Journal::default();
    if let Some(release) = without(&values.path(BASE_DIR).join("lib"), toolkit.class) {
        journal.error(format_args!(
            "ZooKeeper {release} has no `{}`: {} is not part of it",
            toolkit.name, toolkit.class
        ));
        return failure();
    }
    let directory = toolkit.directory(&configured::data_directories(&values));
    let mut arguments: Vec<OsString> = arguments
        .iter()
        .map(|argument| looked_up(argument, &directory))
        .collect();
    if toolkit.needs_a_file(&arguments) {
        let Some(newest) = newest(&directory, toolkit.files) else {
            journal.error(format_args!("there is no file in {}", directory.display()));
            return failure();
        };
        journal.note(format_args!("this is {}", newest.display()));
        arguments.push(newest.into());
    }
    let java = JavaCommand::tool(&environment, &values, toolkit.class, arguments);
    run_java(java, &values)
}

impl Toolkit {
    fn directory(&self, configured: &DataDirectories) -> PathBuf {
        configured::version_2(match self.files {
            Files::Logs => &configured.log,
            Files::Snapshots => &configured.data,
        })
    }

    fn needs_a_file(&self, arguments: &[OsString]) -> bool {
        let looks = |argument: &OsString| self.looking.iter().any(|option| argument == option);
        !self.looking.is_empty() && arguments.iter().all(looks)
    }
}

/// The release in `jars`, if it is known to lack `class`.
fn without(jars: &Path, class: &str) -> Option<Release> {
    let (release, path) = Release::jar(jars).ok()?;
    let jar = Jar::open(&path).ok()?;
    (!jar.has_class(class)).then_some(release)
}

/// A name of no file here that is one of `directory`, with that directory before it.
fn looked_up(argument: &OsString, directory: &Path) -> OsString {
    let there = directory.join(argument);
    let bare = !argument.is_empty() && !argument.as_encoded_bytes().contains(&b'/');
    if bare && !Path::new(argument).exists() && there.is_file() {
        there.into()
    } else {
        argument.to_owned()
    }
}

/// The file with the highest transaction in its name.
fn newest(directory: &Path, files: Files) -> Option<PathBuf> {
    let zxid = match files {
        Files::Logs => history::zxid_of_log,
        Files::Snapshots => history::zxid_of_snapshot,
    };
    let paths = fs::read_dir(directory)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()));
    paths
        .filter_map(|path| Some((zxid(path.file_name()?.to_str()?)?, path)))
        .max()
        .map(|(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_looked_up_where_the_server_keeps_its_files() {
        let directory = tempfile::tempdir().unwrap();
        for name in [
            "log.1",
            "log.a",
            "log.10",
            "log.zz",
            "log.+11",
            "log.11.bak",
            "snapshot.2.snappy",
            "snapshot.1",
        ] {
            fs::write(directory.path().join(name), "").unwrap();
        }
        let here = |name: &str| directory.path().join(name);
        for (argument, expected) in [
            ("log.1", here("log.1")),
            ("log.2", PathBuf::from("log.2")),
            ("-d", PathBuf::from("-d")),
            ("", PathBuf::new()),
            ("./log.1", PathBuf::from("./log.1")),
        ] {
            let found = looked_up(&OsString::from(argument), directory.path());
            assert_eq!(found, expected.into_os_string(), "{argument}");
        }
        assert_eq!(newest(directory.path(), Files::Logs), Some(here("log.10")));
        assert_eq!(
            newest(directory.path(), Files::Snapshots),
            Some(here("snapshot.2.snappy"))
        );
        assert_eq!(newest(&here("none"), Files::Logs), None);
    }

    #[test]
    fn the_newest_file_is_only_looked_at() {
        for (name, line, needs) in [
            ("zkTxnLogToolkit.sh", "", true),
            ("zkTxnLogToolkit.sh", "-d", true),
            ("zkTxnLogToolkit.sh", "-r", false),
            ("zkTxnLogToolkit.sh", "-d log.1", false),
            ("zkSnapShotToolkit.sh", "-json", true),
            ("zkSnapshotComparer.sh", "", false),
            ("zkSnapshotRecursiveSummaryToolkit.sh", "", false),
        ] {
            let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
            assert_eq!(
                named(name).unwrap().needs_a_file(&words),
                needs,
                "{name} {line}"
            );
        }
    }
}
