//! `zkCleanup.sh`: removes old snapshots and transaction logs by ZooKeeper's own `PurgeTxnLog`, which knows what
//! the newest snapshots still need. It may run beside the server.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::configured::{self, DATA_ROWS, DataDirectories};
use super::{DAEMON_ROWS, failure, print, run_java, usage, values};
use crate::java::JavaCommand;
use crate::journal::Journal;
use crate::variables::Environment;

const PURGE: &str = "org.apache.zookeeper.server.PurgeTxnLog";

const HELP: &str = "\
Removes old snapshots, and the transaction logs that only they need.

Usage: zkCleanup.sh [[LOG_DIRECTORY] SNAPSHOT_DIRECTORY] -n COUNT

  -n COUNT   How many snapshots to keep, 3 or more
  -h         Print this help

The directories are dataLogDir and dataDir of zoo.cfg unless they are given.

Example: zkCleanup.sh -n 3
";

/// What to remove.
#[derive(Debug, PartialEq, Eq)]
struct Cleanup {
    /// Where the logs are, unless it is where they are configured to be.
    log: Option<PathBuf>,
    /// Where the snapshots are, likewise.
    snapshots: Option<PathBuf>,
    /// How many to keep, as it was written.
    count: OsString,
}

/// Runs the cleanup.
pub(super) fn run(arguments: &[OsString]) -> ExitCode {
    if matches!(arguments, [only] if only == "-h" || only == "--help") {
        return print(HELP);
    }
    let cleanup = match Cleanup::parse(arguments) {
        Ok(cleanup) => cleanup,
        Err(problem) => return usage(&problem, HELP),
    };
    let environment = Environment::of_process();
    let rows = [&JavaCommand::TOOL_ROWS[..], &DAEMON_ROWS, &DATA_ROWS].concat();
    let values = match values(&environment, &rows) {
        Ok(values) => values,
        Err(code) => return code,
    };
    let arguments = match cleanup.arguments(&configured::data_directories(&values)) {
        Ok(arguments) => arguments,
        Err(missing) => {
            Journal::default().error(format_args!(
                "nothing to clean up: there is no {}",
                missing.display()
            ));
            return failure();
        }
    };
    let java = JavaCommand::tool(&environment, &values, PURGE, arguments);
    run_java(java, &values)
}

impl Cleanup {
    fn parse(arguments: &[OsString]) -> Result<Self, String> {
        let is_option = |argument: &OsString| argument.as_encoded_bytes().starts_with(b"-");
        let end = arguments.iter().position(is_option);
        let (directories, options) = arguments.split_at(end.unwrap_or(arguments.len()));
        let count = match options {
            [option, count] if option == "-n" => count,
            [option, ..] if option != "-n" => {
                return Err(format!("unknown option `{}`", option.display()));
            }
            [_, _, ..] => return Err("too many arguments".to_owned()),
            _ => return Err("`-n COUNT` is missing".to_owned()),
        };
        let number = count.to_str().and_then(|count| count.parse::<i32>().ok());
        if number.is_none_or(|number| number < 3) {
            return Err(format!(
                "`-n {}`: a count is a whole number from 3",
                count.display()
            ));
        }
        let (log, snapshots) = match directories {
            [] => (None, None),
            [snapshots] => (None, Some(snapshots)),
            [log, snapshots] => (Some(log), Some(snapshots)),
            _ => return Err("too many directories".to_owned()),
        };
        Ok(Self {
            log: log.map(PathBuf::from),
            snapshots: snapshots.map(PathBuf::from),
            count: count.to_owned(),
        })
    }

    /// Both directories and the count; or the directory that is missing, which Java would make.
    fn arguments(self, configured: &DataDirectories) -> Result<Vec<OsString>, PathBuf> {
        let log = self.log.unwrap_or_else(|| configured.log.clone());
        let snapshots = self.snapshots.unwrap_or_else(|| configured.data.clone());
        let present = |directory: &Path| {
            let data = configured::version_2(directory);
            if data.is_dir() { Ok(()) } else { Err(data) }
        };
        present(&log)?;
        present(&snapshots)?;
        Ok(vec![log.into(), snapshots.into(), "-n".into(), self.count])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Cleanup, String> {
        let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        Cleanup::parse(&words)
    }

    #[test]
    fn directories_and_a_count() {
        for (line, log, snapshots) in [
            ("-n 3", None, None),
            ("/snap -n 3", None, Some("/snap")),
            ("/log /snap -n 3", Some("/log"), Some("/snap")),
        ] {
            let expected = Cleanup {
                log: log.map(PathBuf::from),
                snapshots: snapshots.map(PathBuf::from),
                count: "3".into(),
            };
            assert_eq!(parsed(line), Ok(expected), "{line}");
        }
    }

    #[test]
    fn wrong_command_lines() {
        for (line, problem) in [
            ("", "`-n COUNT` is missing"),
            ("3", "`-n COUNT` is missing"),
            ("-n", "`-n COUNT` is missing"),
            ("-n 2", "`-n 2`: a count is a whole number from 3"),
            ("-n many", "`-n many`: a count is a whole number from 3"),
            ("-n 3 4", "too many arguments"),
            ("-x 3", "unknown option `-x`"),
            ("a b c -n 3", "too many directories"),
        ] {
            assert_eq!(parsed(line), Err(problem.to_owned()), "{line}");
        }
    }

    #[test]
    fn only_what_is_there_is_cleaned_up() {
        let root = tempfile::tempdir().unwrap();
        let (data, log) = (root.path().join("data"), root.path().join("log"));
        let configured = DataDirectories {
            data: data.clone(),
            log: log.clone(),
        };
        std::fs::create_dir_all(data.join("version-2")).unwrap();
        let arguments = || parsed("-n 3").unwrap().arguments(&configured);
        assert_eq!(arguments(), Err(log.join("version-2")));
        std::fs::create_dir_all(log.join("version-2")).unwrap();
        let expected = [
            log.into_os_string(),
            data.into_os_string(),
            "-n".into(),
            "3".into(),
        ];
        assert_eq!(arguments(), Ok(expected.to_vec()));
    }
}
