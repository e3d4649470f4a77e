//! The commands of the image, all of them this one binary, told apart by the name it is called with.
//!
//! As `entrypoint` it runs the command of the container: an applet, or else any program as it is, which
//! needs no configuration and passes no gate.

pub mod cleanup;
pub mod cli;
mod configured;
mod encrypted;
pub mod healthcheck;
pub mod initialize;
pub mod print_command;
pub mod restart;
pub mod server;
pub mod start;
pub mod status;
pub mod stop;
pub mod toolkits;
pub mod version;

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::java::{JavaCommand, logback};
use crate::journal::Journal;
use crate::prepare::adopt;
use crate::prepare::daemon::{self, Identity, IdentityError};
use crate::prepare::mounts::Mounts;
use crate::prepare::system::Host;
use crate::release::Release;
use crate::variables::ids::{BASE_DIR, DAEMON_GROUP, DAEMON_USER};
use crate::variables::{Environment, Reading, Values};

/// A wrong command line, as opposed to something that failed.
const USAGE: u8 = 2;

const HELP: &str = "\
Runs a command of the ZooKeeper image.

Usage: entrypoint COMMAND [ARGUMENT]...

Commands:
  zkServer.sh start-foreground   Prepare a server and run it
  zkServer.sh COMMAND            Stop, restart or ask it: `zkServer.sh --help` lists the commands
  zkServer-initialize.sh         Make empty data directories
  zkCli.sh                       Open a client
  zkCleanup.sh                   Remove old snapshots and transaction logs
  zkTxnLogToolkit.sh             Print or repair a transaction log
  zkSnapShotToolkit.sh           Print a snapshot
  zkSnapshotComparer.sh          Compare two snapshots
  zkSnapshotRecursiveSummaryToolkit.sh
                                 Count what is in a snapshot
  healthcheck                    Exit with 0 while the server serves
  anything else                  Run it as it is

Example: entrypoint zkServer.sh start-foreground
";

/// Who called `zkServer.sh`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The container: it is its command.
    Container,
    /// Somebody in a running container.
    Somebody,
}

/// Runs what the arguments ask for; the first is the name this binary was called with.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut arguments = arguments.into_iter();
    let name = arguments.next().unwrap_or_default();
    let arguments: Vec<OsString> = arguments.collect();
    // Under `docker run --init` we are the child of PID 1; whoever comes by `docker exec` is nobody's.
    let caller = if std::process::id() == 1 || std::os::unix::process::parent_id() == 1 {
        Caller::Container
    } else {
        Caller::Somebody
    };
    applet(&name, &arguments, caller).unwrap_or_else(|| container_command(arguments))
}

/// Runs an applet, if `name` is the name of one.
fn applet(name: &OsStr, arguments: &[OsString], caller: Caller) -> Option<ExitCode> {
    let name = Path::new(name).file_name()?.to_str()?;
    Some(match name {
        "zkServer.sh" => server::run(arguments, caller),
        "zkCli.sh" => cli::run(arguments),
        "zkCleanup.sh" => cleanup::run(arguments),
        "zkServer-initialize.sh" => initialize::run(arguments),
        "healthcheck" => healthcheck::run(arguments),
        _ => toolkits::run(toolkits::named(name)?, arguments),
    })
}

fn container_command(mut arguments: Vec<OsString>) -> ExitCode {
    let Some(first) = arguments.first() else {
        return usage("no command", HELP);
    };
    if first.as_encoded_bytes().starts_with(b"-") {
        return server::run(&arguments, Caller::Container);
    }
    let program = arguments.remove(0);
    // A path is what it says, also where its last part sounds like one of ours.
    let by_name = !program.as_encoded_bytes().contains(&b'/');
    let applet = by_name
        .then(|| applet(&program, &arguments, Caller::Container))
        .flatten();
    applet.unwrap_or_else(|| {
        let error = Command::new(&program).args(&arguments).exec();
        Journal::default().error(format_args!("cannot run {}: {error}", program.display()));
        // As a shell has it.
        ExitCode::from(if error.kind() == io::ErrorKind::NotFound {
            127
        } else {
            126
        })
    })
}

/// Says what is wrong with a command line. Nobody may be reading; that is no reason to end otherwise.
fn usage(problem: &str, help: &str) -> ExitCode {
    Journal::default().error(problem);
    let _ = write!(io::stderr(), "\n{help}");
    ExitCode::from(USAGE)
}

/// Prints what was asked for.
fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            Journal::default().error(format_args!("cannot write to stdout: {error}"));
            failure()
        }
    }
}

fn failure() -> ExitCode {
    ExitCode::FAILURE
}

/// The values that a tool needs; one that is wrong is said, and ends it.
fn values(environment: &Environment, rows: &[usize]) -> Result<Values, ExitCode> {
    let read = Reading::of(environment).only(rows).map_err(|problems| {
        problems
            .iter()
            .for_each(|problem| Journal::default().error(problem));
        failure()
    });
    read.map(|mut values| {
        // What is said of it the server has said at its start.
        adopt::adopted(&mut values, &Mounts::of_process().unwrap_or_default());
        values
    })
}

/// The rows that [`become_daemon`] needs.
const DAEMON_ROWS: [usize; 2] = [DAEMON_GROUP.row(), DAEMON_USER.row()];

/// A tool needs nothing of root's. Where the container cannot give up root, its server does not run either,
/// and that is not worth failing for; but no slip may make a tool run as root, whose files the server then
/// cannot open.
fn become_daemon(values: &Values) -> io::Result<()> {
    let identity = as_far_as_possible(daemon::identity(values)).map_err(io::Error::other)?;
    daemon::become_daemon(&mut Host, identity)
}

fn as_far_as_possible(
    identity: Result<Identity, IdentityError>,
) -> Result<Identity, IdentityError> {
    match identity {
        Err(IdentityError::NoCapabilities) => Ok(Identity::AsItIs),
        other => other,
    }
}

/// Becomes Java, as the daemon user, so that the status is Java's own.
fn run_java(mut java: JavaCommand, values: &Values) -> ExitCode {
    java.put_first(logback::of_tool(values, release(values)));
    match give_up_root(values) {
        Ok(()) => exec(java),
        Err(code) => code,
    }
}

/// Which ZooKeeper this is, if that can be said.
fn release(values: &Values) -> Option<Release> {
    Release::of_jars(&values.path(BASE_DIR).join("lib")).ok()
}

/// Becomes the daemon user, or says why not.
fn give_up_root(values: &Values) -> Result<(), ExitCode> {
    become_daemon(values).map_err(|error| {
        Journal::default().error(format_args!("cannot give up root: {error}"));
        failure()
    })
}

/// Becomes Java; comes back only where that fails.
fn exec(mut java: JavaCommand) -> ExitCode {
    // As the user who is to read it, and open until there is nothing left of this program.
    let _secrets = match java.hide_secrets_in_memory() {
        Ok(file) => file,
        Err(error) => {
            Journal::default().error(error);
            return failure();
        }
    };
    let error = java.command().exec();
    Journal::default().error(format_args!(
        "cannot run {}: {error}",
        java.program.display()
    ));
    failure()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_container_that_cannot_give_up_root_is_excused() {
        let cannot = as_far_as_possible(Err(IdentityError::NoCapabilities));
        assert_eq!(cannot.unwrap(), Identity::AsItIs);
        for error in [
            IdentityError::NoUser("zokeeper".to_owned()),
            IdentityError::NoGroup("zokeeper".to_owned()),
        ] {
            assert!(as_far_as_possible(Err(error)).is_err());
        }
    }
}
