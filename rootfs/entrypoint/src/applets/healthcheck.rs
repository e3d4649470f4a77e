//! `healthcheck`: for Docker's health check and for probes; milliseconds, and no JVM.
//!
//! Ready is a server that serves. Alive is one that answers at all: while a cluster waits for its quorum
//! every member is alive, and whoever would end those would never let the quorum come together.

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use super::configured::{self, ENDPOINT_ROWS};
use super::{DAEMON_ROWS, become_daemon, encrypted, failure, print, usage, values};
use crate::client::{self, Health};
use crate::endpoint::{Endpoint, Transport};
use crate::java::JavaCommand;
use crate::journal::Journal;
use crate::tls;
use crate::variables::ids::HC_TIMEOUT;
use crate::variables::{Environment, Values};

const HELP: &str = "\
Asks the server of this container `srvr`.

Usage: healthcheck [--liveness]

Exits with 0 if the server serves, or with --liveness if it answers at all, else with 1.
It waits for ZOO_HC_TIMEOUT seconds at most.

Example: healthcheck --liveness
";

/// What is asked of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    Readiness,
    Liveness,
}

/// What is known of the server.
enum Found {
    /// Its own words.
    Said(Health),
    /// It was not asked, and takes connections.
    Listening,
}

/// Runs the check.
pub(super) fn run(arguments: &[OsString]) -> ExitCode {
    let words: Vec<&str> = arguments
        .iter()
        .map(|argument| argument.to_str().unwrap_or_default())
        .collect();
    let check = match words.as_slice() {
        [] => Check::Readiness,
        ["--liveness"] => Check::Liveness,
        ["--help" | "-h"] => return print(HELP),
        _ => return usage("the only argument is --liveness", HELP),
    };
    let environment = Environment::of_process();
    let rows = [
        &ENDPOINT_ROWS[..],
        &DAEMON_ROWS,
        &JavaCommand::TOOL_ROWS,
        &tls::CLIENT_ROWS,
        &[HC_TIMEOUT.row()],
    ];
    let values = match values(&environment, &rows.concat()) {
        Ok(values) => values,
        Err(code) => return code,
    };
    let Some(endpoint) = configured::endpoint(&values) else {
        Journal::default().error("zoo.cfg names no client port");
        return failure();
    };
    let alive = check == Check::Liveness;
    // Docker keeps the output of the last checks, so one line says what was found.
    let (line, healthy) = match health(&environment, &values, &endpoint, check) {
        Ok(Found::Listening) => (
            "alive; whether it serves is not asked on an encrypted port".to_owned(),
            alive,
        ),
        Ok(Found::Said(Health::Serving { mode })) => (format!("serving as {mode}"), true),
        Ok(Found::Said(Health::Waiting)) => ("alive, not serving".to_owned(), alive),
        Ok(Found::Said(Health::Silenced)) => (
            "alive; `srvr` is not in ZOO_4LW_COMMANDS_WHITELIST".to_owned(),
            alive,
        ),
        Err(error) => (format!("no answer from {endpoint}: {error}"), false),
    };
    let printed = print(&(line + "\n"));
    if healthy { printed } else { failure() }
}

fn health(
    environment: &Environment,
    values: &Values,
    endpoint: &Endpoint,
    check: Check,
) -> io::Result<Found> {
    let limit = Duration::from_secs(u64::from(values.integer(HC_TIMEOUT)));
    match (endpoint.transport, check) {
        (Transport::Plain, _) => client::health(endpoint, limit).map(Found::Said),
        // Every few seconds a JVM beside the server would be too much for being alive.
        (Transport::Tls, Check::Liveness) => {
            client::connects(endpoint, limit).map(|()| Found::Listening)
        }
        (Transport::Tls, Check::Readiness) => {
            become_daemon(values)?;
            encrypted::health(environment, values, endpoint, limit).map(Found::Said)
        }
    }
}
