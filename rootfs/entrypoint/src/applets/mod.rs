//! The commands of the image, all of them this one binary, told apart by the name it is called with.
//!
//! As `entrypoint` it runs the command of the container: an applet, or else any program as it is, which
//! needs no configuration and passes no gate.

pub mod cli;
pub mod healthcheck;
pub mod server;
pub mod status;

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::endpoint::Endpoint;
use crate::journal::Journal;
use crate::variables::ids::{CONF_DIR, DEBUG, PORT_NUMBER};
use crate::variables::{Environment, Reading, Values};

/// The names of upstream's scripts that later versions of the image will have.
const NOT_YET: [&str; 5] = [
    "zkCleanup.sh",
    "zkTxnLogToolkit.sh",
    "zkSnapShotToolkit.sh",
    "zkServer-initialize.sh",
    "zkSnapshotComparer.sh",
];

/// A wrong command line, as opposed to something that failed.
const USAGE: u8 = 2;

const HELP: &str = "\
Runs a command of the ZooKeeper image.

Usage: entrypoint COMMAND [ARGUMENT]...

Commands:
  zkServer.sh start-foreground   Prepare a server and run it
  zkServer.sh status             Say whether the server of this container serves
  zkCli.sh                       Open a client
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
    let caller = if std::process::id() == 1 {
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
        "healthcheck" => healthcheck::run(arguments),
        _ if NOT_YET.contains(&name) => not_yet(name),
        _ => return None,
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

fn usage(problem: &str, help: &str) -> ExitCode {
    let journal = Journal::default();
    journal.error(problem);
    eprint!("\n{help}");
    ExitCode::from(USAGE)
}

fn not_yet(command: &str) -> ExitCode {
    Journal::default().error(format_args!(
        "`{command}` is not in this version of the image yet"
    ));
    ExitCode::from(USAGE)
}

fn failure() -> ExitCode {
    ExitCode::FAILURE
}

/// The values that a tool needs; one that is wrong is said, and ends it.
fn values(environment: &Environment, rows: &[usize]) -> Result<Values, ExitCode> {
    Reading::of(environment).only(rows).map_err(|problems| {
        problems
            .iter()
            .for_each(|problem| Journal::default().error(problem));
        failure()
    })
}

/// Where the server of this container listens: by its configuration file, else by the environment.
fn local_endpoint(values: &Values) -> Option<Endpoint> {
    let path = values.path(CONF_DIR).join("zoo.cfg");
    if path.exists() {
        Endpoint::of_file(&path)
    } else {
        Some(Endpoint::local(values.port(PORT_NUMBER)))
    }
}

/// The rows that [`local_endpoint`] needs.
const ENDPOINT_ROWS: [usize; 3] = [CONF_DIR.row(), PORT_NUMBER.row(), DEBUG.row()];
