//! `zkServer.sh`: one of its commands, and `start`, which is two things here.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use super::{Caller, failure, print, print_command, restart, start, status, stop, usage, version};
use crate::control::{Connection, ConnectionError, Reply, Verb};
use crate::journal::Journal;
use crate::variables::ids::PID_FILE;
use crate::variables::{Environment, Reading};

/// How long a running server may take to say that it runs.
const PROMPT: Duration = Duration::from_secs(2);

const HELP: &str = "\
Runs the ZooKeeper server of this container.

Usage: zkServer.sh COMMAND

Commands:
  start-foreground  Prepare the server by the environment and run it
  start             The same, as the command of a container
  stop              End the server of this container, and with it the container
  restart           End the server and start it anew, in the same container
  status            Say whether the server of this container serves, and as what
  print-cmd         Print the command line of Java that a start would run
  version           Print the version of ZooKeeper; also -V, --version

Example: zkServer.sh status
";

/// Runs a command of `zkServer.sh`.
pub(super) fn run(arguments: &[OsString], caller: Caller) -> ExitCode {
    let words: Vec<&str> = arguments
        .iter()
        .map(|argument| argument.to_str().unwrap_or_default())
        .collect();
    match words.as_slice() {
        ["start-foreground"] => start::run(),
        ["start"] => start_as_command(caller),
        ["stop"] => stop::run(),
        ["restart"] => restart::run(caller),
        ["status"] => status::run(),
        ["print-cmd"] => print_command::run(),
        ["version" | "--version" | "-V"] => version::run(),
        ["--help" | "-h" | "-?" | "help"] => print(HELP),
        [
            "start-foreground" | "start" | "stop" | "restart" | "status" | "print-cmd" | "version",
            ..,
        ] => usage("too many arguments", HELP),
        [] => usage("no command", HELP),
        [other, ..] => usage(&format!("unknown command `{other}`"), HELP),
    }
}

/// A container ends with its first process, so nothing may go to the background.
fn start_as_command(caller: Caller) -> ExitCode {
    let journal = Journal::default();
    match (running(), caller) {
        (Some(process), _) => journal.error(format_args!(
            "a server is already running in this container, as process {process}"
        )),
        (None, Caller::Container) => {
            journal.warning("`start` runs in the foreground here, as `start-foreground`: a container ends with its command");
            return start::run();
        }
        (None, Caller::Somebody) => journal.error(
            "a server in the background is not possible here; run `zkServer.sh start-foreground`",
        ),
    }
    failure()
}

/// The process of the server: by its own word, else, where it listens to somebody else only, by the pid file.
fn running() -> Option<u32> {
    let values = Reading::of(&Environment::of_process())
        .only(&[PID_FILE.row()])
        .ok()?;
    let pid_file = values.path(PID_FILE);
    let asked = Connection::ask(pid_file, Verb::Status);
    match asked.and_then(|mut connection| connection.answer(Some(PROMPT))) {
        Ok(Reply::Running(process)) => return Some(process),
        Err(ConnectionError::NoServer) => return None,
        _ => {}
    }
    let process = fs::read_to_string(pid_file).ok()?.trim().parse().ok()?;
    Path::new(&format!("/proc/{process}"))
        .exists()
        .then_some(process)
}
