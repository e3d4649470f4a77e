//! `zkCli.sh`: becomes Java with ZooKeeper's own client. It needs no configuration and passes no gate.

use std::ffi::OsString;
use std::process::ExitCode;

use super::configured::{self, ENDPOINT_ROWS};
use super::{DAEMON_ROWS, print, run_java, values};
use crate::endpoint::Endpoint;
use crate::java::JavaCommand;
use crate::variables::Environment;
use crate::variables::ids::PORT_NUMBER;

const HELP: &str = "\
Opens a client of ZooKeeper.

Usage: zkCli.sh [-server HOST:PORT[,HOST:PORT]...] [-timeout MILLISECONDS] [-r] [COMMAND [ARGUMENT]...]

Without -server it is the server of this container. Without a command it asks for commands, and `help` lists them.

Example: zkCli.sh -server zoo1:2181 get /
";

/// Runs the client with these arguments.
pub(super) fn run(arguments: &[OsString]) -> ExitCode {
    if matches!(arguments, [only] if only == "-h" || only == "--help" || only == "-?") {
        return print(HELP);
    }
    let environment = Environment::of_process();
    let rows = [&JavaCommand::TOOL_ROWS[..], &DAEMON_ROWS, &ENDPOINT_ROWS].concat();
    let values = match values(&environment, &rows) {
        Ok(values) => values,
        Err(code) => return code,
    };
    let local =
        configured::endpoint(&values).unwrap_or_else(|| Endpoint::local(values.port(PORT_NUMBER)));
    let java = JavaCommand::client(&environment, &values, &local, arguments.to_vec());
    run_java(&java, &values)
}
