//! `zkCli.sh`: becomes Java with ZooKeeper's own client. It needs no configuration and passes no gate.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::ExitCode;

use super::{ENDPOINT_ROWS, failure, local_endpoint, values};
use crate::endpoint::Endpoint;
use crate::java::JavaCommand;
use crate::journal::Journal;
use crate::prepare::daemon::{self, Identity};
use crate::prepare::system::Host;
use crate::variables::Environment;
use crate::variables::ids::{
    BASE_DIR, CLIENT_JVMFLAGS, CONF_DIR, DAEMON_GROUP, DAEMON_USER, JVMFLAGS, LOG_LEVEL,
    LOG4J_PROP, PORT_NUMBER,
};

const ROWS: [usize; 9] = [
    BASE_DIR.row(),
    CLIENT_JVMFLAGS.row(),
    CONF_DIR.row(),
    DAEMON_GROUP.row(),
    DAEMON_USER.row(),
    JVMFLAGS.row(),
    LOG_LEVEL.row(),
    LOG4J_PROP.row(),
    PORT_NUMBER.row(),
];

/// Runs the client with these arguments.
pub(super) fn run(arguments: &[OsString]) -> ExitCode {
    let environment = Environment::of_process();
    let values = match values(&environment, &[&ROWS[..], &ENDPOINT_ROWS].concat()) {
        Ok(values) => values,
        Err(code) => return code,
    };
    // A client needs nothing of root's; where root cannot be given up, it is not worth failing for.
    let identity = daemon::identity(&values).unwrap_or(Identity::AsItIs);
    if let Err(error) = daemon::become_daemon(&mut Host, identity) {
        Journal::default().error(format_args!("cannot give up root: {error}"));
        return failure();
    }
    let local =
        local_endpoint(&values).unwrap_or_else(|| Endpoint::local(values.port(PORT_NUMBER)));
    let java = JavaCommand::client(&environment, &values, &local, arguments.to_vec());
    let error = java.command().exec();
    Journal::default().error(format_args!(
        "cannot run {}: {error}",
        java.program.display()
    ));
    failure()
}
