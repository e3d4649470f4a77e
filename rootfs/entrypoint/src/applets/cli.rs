//! `zkCli.sh`: becomes Java with ZooKeeper's own client. It needs no configuration and passes no gate.

use std::ffi::OsString;
use std::fmt::Display;
use std::process::ExitCode;

use super::configured::{self, ENDPOINT_ROWS};
use super::{DAEMON_ROWS, exec, failure, give_up_root, print, release, values};
use crate::auth::login::{self, JaasFile};
use crate::auth::{Asked, User, asked, own};
use crate::endpoint::Endpoint;
use crate::java::{JavaCommand, logback};
use crate::journal::Journal;
use crate::tls::{self, stores};
use crate::variables::ids::{PID_FILE, PORT_NUMBER};
use crate::variables::{Environment, Reading, Values};

const HELP: &str = "\
Opens a client of ZooKeeper.

Usage: zkCli.sh [-server HOST:PORT[,HOST:PORT]...] [-timeout MILLISECONDS] [-r] [COMMAND [ARGUMENT]...]

Without -server it is the server of this container. Without a command it asks for commands, and `help` lists them.
It logs in as ZOO_CLIENT_USER with ZOO_CLIENT_PASSWORD, or the password in the file that ZOO_CLIENT_PASSWORD_FILE names.

Example: zkCli.sh -server zoo1:2181 get /
";

/// Runs the client with these arguments.
pub(super) fn run(arguments: &[OsString]) -> ExitCode {
    if matches!(arguments, [only] if only == "-h" || only == "--help" || only == "-?") {
        return print(HELP);
    }
    let environment = Environment::of_process();
    let rows = [
        &JavaCommand::TOOL_ROWS[..],
        &DAEMON_ROWS,
        &ENDPOINT_ROWS,
        &tls::CLIENT_ROWS,
    ];
    let rows = rows.concat();
    let values = match values(&environment, &rows) {
        Ok(values) => values,
        Err(code) => return code,
    };
    // A password may be in a file that only root can read.
    let user = user(&environment);
    let local =
        configured::endpoint(&values).unwrap_or_else(|| Endpoint::local(values.port(PORT_NUMBER)));
    let mut java = JavaCommand::client(&environment, &values, &local, arguments.to_vec());
    if let Err(code) = give_up_root(&values) {
        return code;
    }
    if java.is_encrypted
        && let Err(code) = check_stores(&environment, &values)
    {
        return code;
    }
    let release = release(&values);
    java.put_first(logback::of_tool(&values, release));
    let file = match file(&environment, &values, user) {
        Ok(file) => file,
        Err(code) => return code,
    };
    if let Some(file) = file {
        java.put_first(file.leave(release));
    }
    exec(java)
}

/// As the user that Java runs as: what it would say itself is a stack trace.
fn check_stores(environment: &Environment, values: &Values) -> Result<(), ExitCode> {
    let unusable = stores::unusable_by_client(environment, values);
    for error in &unusable {
        Journal::default().error(error);
    }
    if unusable.is_empty() {
        Ok(())
    } else {
        Err(failure())
    }
}

/// As whom to log in by this environment, or why that cannot be said.
fn user(environment: &Environment) -> Result<Option<User>, Vec<String>> {
    let said = |problem: &dyn Display| problem.to_string();
    let values = Reading::of(environment).only(&asked::CLIENT_ROWS);
    let values =
        values.map_err(|problems| problems.iter().map(|it| said(it)).collect::<Vec<_>>())?;
    Asked::client(&values).map_err(|errors| errors.iter().map(|it| said(it)).collect())
}

/// The file in which Java finds the user: one that the flags name wins; else that of this environment, and where
/// that has none or cannot be read, the one of the server that runs in this container.
fn file(
    environment: &Environment,
    values: &Values,
    user: Result<Option<User>, Vec<String>>,
) -> Result<Option<JaasFile>, ExitCode> {
    if own::of_client(environment, values).is_some() {
        return Ok(Some(JaasFile::Own));
    }
    let of_server = || login::of_running(values.path(PID_FILE)).map(JaasFile::OfServer);
    let journal = Journal::default();
    match user {
        Ok(None) => Ok(of_server()),
        Ok(Some(user)) => JaasFile::of_client(&user).map(Some).map_err(|error| {
            journal.error(format_args!(
                "cannot hand the password of {} to Java: {error}",
                user.name
            ));
            failure()
        }),
        Err(problems) => of_server().map(Some).ok_or_else(|| {
            problems.iter().for_each(|problem| journal.error(problem));
            failure()
        }),
    }
}
