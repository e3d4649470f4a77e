//! `zkServer.sh`: prepares and runs the server, and asks a running one for its state.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use super::{Caller, failure, not_yet, status, usage};
use crate::java::JavaCommand;
use crate::journal::Journal;
use crate::prepare::facts::Facts;
use crate::prepare::plan::Plan;
use crate::prepare::system::Host;
use crate::prepare::{self, PID_FILE, daemon};
use crate::supervise::{Ended, Signals};
use crate::variables::ids::DEBUG;
use crate::variables::{Environment, Reading};

const HELP: &str = "\
Runs the ZooKeeper server of this container.

Usage: zkServer.sh COMMAND

Commands:
  start-foreground  Prepare the server by the environment and run it
  start             The same, as the command of a container
  status            Say whether the server of this container serves, and as what

Example: zkServer.sh status
";

/// Runs a command of `zkServer.sh`.
pub(super) fn run(arguments: &[OsString], caller: Caller) -> ExitCode {
    let words: Vec<&str> = arguments
        .iter()
        .map(|argument| argument.to_str().unwrap_or_default())
        .collect();
    match words.as_slice() {
        ["start-foreground"] => start(),
        ["start"] => start_as_command(caller),
        ["status"] => status::run(),
        ["--help" | "-h" | "-?" | "help"] => {
            // Nobody may be reading; that is no failure.
            let _ = std::io::stdout().write_all(HELP.as_bytes());
            ExitCode::SUCCESS
        }
        ["--version" | "-V"] => not_yet("zkServer.sh version"),
        [command @ ("stop" | "restart" | "print-cmd" | "version"), ..] => {
            not_yet(&format!("zkServer.sh {command}"))
        }
        ["start-foreground" | "start" | "status", ..] => usage("too many arguments", HELP),
        [] => usage("no command", HELP),
        [other, ..] => usage(&format!("unknown command `{other}`"), HELP),
    }
}

/// A container ends with its first process, so nothing may go to the background.
fn start_as_command(caller: Caller) -> ExitCode {
    let journal = Journal::default();
    if caller == Caller::Container {
        journal.warning("`start` runs in the foreground here, as `start-foreground`: a container ends with its command");
        return start();
    }
    match running() {
        Some(pid) => journal.error(format_args!(
            "a server is already running in this container, as process {pid}"
        )),
        None => journal.error(
            "a server in the background is not possible here; run `zkServer.sh start-foreground`",
        ),
    }
    failure()
}

fn running() -> Option<u32> {
    let pid = fs::read_to_string(PID_FILE).ok()?.trim().parse().ok()?;
    Path::new(&format!("/proc/{pid}")).exists().then_some(pid)
}

fn start() -> ExitCode {
    // First of all, so that a `docker stop` during the preparation is not lost.
    let signals = match Signals::block() {
        Ok(signals) => signals,
        Err(error) => {
            Journal::default().error(error);
            return failure();
        }
    };
    let environment = Environment::of_process();
    let journal = Journal {
        debug: debug_asked_for(&environment),
    };
    let Some((java, lock)) = prepare(&environment, journal) else {
        return failure();
    };
    journal.debug(format_args!("starting {java:?}"));
    let ended = signals.supervise(java.command(), |pid| {
        if let Err(error) = prepare::write_pid_file(pid) {
            journal.debug(format_args!("{PID_FILE} is not written: {error}"));
        }
    });
    let _ = fs::remove_file(PID_FILE);
    drop(lock);
    match ended {
        Ok(ended) => {
            if let Some(meaning) = meaning(ended) {
                journal.note(format_args!(
                    "the server has left with {}: {meaning}",
                    ended.code()
                ));
            }
            ExitCode::from(ended.code())
        }
        Err(error) => {
            journal.error(error);
            failure()
        }
    }
}

fn debug_asked_for(environment: &Environment) -> bool {
    Reading::of(environment)
        .only(&[DEBUG.row()])
        .is_ok_and(|values| values.boolean(DEBUG))
}

/// From the environment to a command line; all problems of a step are said before it gives up.
fn prepare(
    environment: &Environment,
    journal: Journal,
) -> Option<(JavaCommand, prepare::Prepared)> {
    let mut reading = Reading::of(environment);
    let warnings = std::mem::take(&mut reading.warnings);
    warnings.iter().for_each(|warning| journal.warning(warning));
    let values = said(reading.all(), journal)?;
    let identity = daemon::identity(&values);
    let facts = Facts::look(&values);
    let identity = match identity {
        Ok(identity) => Some(identity),
        Err(error) => {
            journal.error(&error);
            error.hint().inspect(|hint| journal.hint(hint));
            None
        }
    };
    let facts = said(facts, journal)?;
    let plan = said(Plan::make(environment, &values, &facts), journal)?;
    let identity = identity?;
    plan.warnings
        .iter()
        .for_each(|warning| journal.warning(warning));
    journal.debug(format_args!("{facts:?}"));
    journal.debug(format_args!("{plan:?} as {identity:?}"));
    let prepared = said(
        prepare::execute(&plan, identity, &mut Host, journal),
        journal,
    )?;
    Some((
        JavaCommand::server(environment, &values, &plan.config_path),
        prepared,
    ))
}

fn said<T, E: std::fmt::Display>(result: Result<T, Vec<E>>, journal: Journal) -> Option<T> {
    result
        .map_err(|errors| errors.iter().for_each(|error| journal.error(error)))
        .ok()
}

/// What a status of ZooKeeper means (`ExitCode` and `ServerExitCode` of its sources).
fn meaning(ended: Ended) -> Option<&'static str> {
    let Ended::Exited(status) = ended else {
        return None;
    };
    Some(match status {
        1 => "an unexpected error, see the log above",
        2 => "the configuration is wrong, see the log above",
        3 => "the data directory cannot be used, or Java has run out of memory, see the log above",
        4 => "the AdminServer cannot start, its port may be taken",
        10 => "a snapshot cannot be written or read",
        14 => "the quorum port cannot be listened on",
        _ => return None,
    })
}
