//! `healthcheck`: for Docker's health check and for probes; milliseconds, and no JVM.
//!
//! Ready is a server that serves. Alive is one that answers at all: while a cluster waits for its quorum
//! every member is alive, and whoever would end those would never let the quorum come together.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use super::{ENDPOINT_ROWS, failure, local_endpoint, usage, values};
use crate::client::{self, Health};
use crate::journal::Journal;
use crate::variables::Environment;

const LIMIT: Duration = Duration::from_secs(5);

const HELP: &str = "\
Asks the server of this container `srvr`.

Usage: healthcheck [--liveness]

Exits with 0 if the server serves, or with --liveness if it answers at all, else with 1.

Example: healthcheck --liveness
";

/// Runs the check.
pub(super) fn run(arguments: &[OsString]) -> ExitCode {
    let words: Vec<&str> = arguments
        .iter()
        .map(|argument| argument.to_str().unwrap_or_default())
        .collect();
    let any_answer = match words.as_slice() {
        [] => false,
        ["--liveness"] => true,
        ["--help" | "-h"] => {
            let _ = std::io::stdout().write_all(HELP.as_bytes());
            return ExitCode::SUCCESS;
        }
        _ => return usage("the only argument is --liveness", HELP),
    };
    let environment = Environment::of_process();
    let values = match values(&environment, &ENDPOINT_ROWS) {
        Ok(values) => values,
        Err(code) => return code,
    };
    let Some(endpoint) = local_endpoint(&values) else {
        Journal::default().error("zoo.cfg names no client port");
        return failure();
    };
    // Docker keeps the output of the last checks, so one line says what was found.
    let (line, healthy) = match client::health(&endpoint, LIMIT) {
        Ok(Health::Serving { mode }) => (format!("serving as {mode}"), true),
        Ok(Health::Waiting) => ("alive, not serving".to_owned(), any_answer),
        Ok(Health::Silenced) => (
            "alive; `srvr` is not in ZOO_4LW_COMMANDS_WHITELIST".to_owned(),
            any_answer,
        ),
        Err(error) => (
            format!(
                "no answer from {}:{}: {error}",
                endpoint.host, endpoint.port
            ),
            false,
        ),
    };
    let _ = writeln!(std::io::stdout(), "{line}");
    if healthy {
        ExitCode::SUCCESS
    } else {
        failure()
    }
}
