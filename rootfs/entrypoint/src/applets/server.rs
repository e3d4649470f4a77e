//! `zkServer.sh`: prepares and runs the server, and asks a running one for its state.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{Caller, failure, print, print_command, status, usage, version};
use crate::gate::GateError;
use crate::java::JavaCommand;
use crate::journal::Journal;
use crate::prepare::daemon::{self, IdentityError};
use crate::prepare::facts::Facts;
use crate::prepare::plan::{Plan, PlanError};
use crate::prepare::system::Host;
use crate::prepare::{self, Prepared, files};
use crate::supervise::{Ended, Signals};
use crate::variables::ids::{ALLOW_ANONYMOUS_LOGIN, DEBUG, PID_FILE};
use crate::variables::{Environment, Reading};

const HELP: &str = "\
Runs the ZooKeeper server of this container.

Usage: zkServer.sh COMMAND

Commands:
  start-foreground  Prepare the server by the environment and run it
  start             The same, as the command of a container
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
        ["start-foreground"] => start(),
        ["start"] => start_as_command(caller),
        ["status"] => status::run(),
        ["print-cmd"] => print_command::run(),
        ["version" | "--version" | "-V"] => version::run(),
        ["--help" | "-h" | "-?" | "help"] => print(HELP),
        [
            "start-foreground" | "start" | "status" | "print-cmd" | "version",
            ..,
        ] => usage("too many arguments", HELP),
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
    let values = Reading::of(&Environment::of_process())
        .only(&[PID_FILE.row()])
        .ok()?;
    let pid = fs::read_to_string(values.path(PID_FILE))
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Path::new(&format!("/proc/{pid}")).exists().then_some(pid)
}

fn start() -> ExitCode {
    // First of all, so that a `docker stop` during the preparation is not lost.
    let signals = match Signals::take_over() {
        Ok(signals) => signals,
        Err(error) => {
            Journal::default().error(error);
            return failure();
        }
    };
    let environment = Environment::of_process();
    let reading = Reading::of(&environment);
    let journal = Journal {
        debug: reading.values().boolean(DEBUG),
    };
    let Some(server) = prepare(&environment, reading, journal) else {
        return failure();
    };
    journal.debug(format_args!("starting {}", server.java.program.display()));
    let ended = signals.supervise(server.java.command(), |pid| {
        if let Err(error) = files::write(&server.pid_file, pid.to_string().as_bytes()) {
            journal.debug(format_args!(
                "{} is not written: {error}",
                server.pid_file.display()
            ));
        }
    });
    let _ = fs::remove_file(&server.pid_file);
    let Prepared { runtime, lock, .. } = server.prepared;
    if let Some(runtime) = runtime {
        runtime.remove();
    }
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

/// A server that is ready to be started.
struct Server {
    java: JavaCommand,
    pid_file: PathBuf,
    prepared: Prepared,
}

/// From the environment to a command line; everything that is wrong is said before it gives up.
fn prepare(environment: &Environment, mut reading: Reading, journal: Journal) -> Option<Server> {
    std::mem::take(&mut reading.warnings)
        .iter()
        .for_each(|warning| journal.warning(warning));
    let doubtful = reading.is_broken(ALLOW_ANONYMOUS_LOGIN);
    let (values, problems) = reading.parts();
    problems.iter().for_each(|problem| journal.error(problem));

    let identity = daemon::identity(&values).inspect_err(|error| explain(error, journal));
    let facts = said(Facts::look(&values), journal)?;
    let plan = Plan::make(environment, &values, &facts).map_err(|errors| {
        // Beside broken values only that is worth saying which does not follow from them.
        let follows = |error: &&PlanError| match error {
            PlanError::Gate(GateError::Undecided) => doubtful,
            PlanError::Gate(GateError::NotYet(_)) => false,
            _ => !problems.is_empty(),
        };
        errors
            .iter()
            .filter(|error| !follows(error))
            .for_each(|error| journal.error(error));
    });
    let (Ok(identity), Ok(plan), []) = (identity, plan, problems.as_slice()) else {
        return None;
    };

    plan.warnings
        .iter()
        .for_each(|warning| journal.warning(warning));
    journal.debug(format_args!(
        "ZooKeeper {}, run by {identity:?}",
        facts.release
    ));
    plan.notes.iter().for_each(|note| journal.note(note));
    let prepared = said(
        prepare::execute(&plan, identity, values.path(PID_FILE), &mut Host, journal),
        journal,
    )?;
    let mut java = JavaCommand::server(environment, &values, &prepared.config);
    java.hide_secrets(prepared.runtime.as_ref())
        .map_err(|error| journal.error(error))
        .ok()?;
    Some(Server {
        java,
        pid_file: values.path(PID_FILE).to_owned(),
        prepared,
    })
}

fn explain(error: &IdentityError, journal: Journal) {
    journal.error(error);
    if let Some(hint) = error.hint() {
        journal.hint(hint);
    }
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
