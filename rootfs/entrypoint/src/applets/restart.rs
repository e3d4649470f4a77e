//! `zkServer.sh restart`: another server in the same container, prepared anew from its files and variables.

use std::process::ExitCode;
use std::time::Duration;

use super::stop::{nothing_to_stop, refused, say, until_stopped};
use super::{Caller, failure, values};
use crate::control::{Connection, ConnectionError, Reply, Verb};
use crate::journal::Journal;
use crate::variables::Environment;
use crate::variables::ids::PID_FILE;

/// How long the preparation may take, before which PID 1 does not answer.
const PREPARATION: Duration = Duration::from_secs(60);

/// How long the start of the next server may take.
const START: Duration = Duration::from_secs(10);

/// Asks, waits for the next server, and says so.
pub(super) fn run(caller: Caller) -> ExitCode {
    let journal = Journal::default();
    let values = match values(&Environment::of_process(), &[PID_FILE.row()]) {
        Ok(values) => values,
        Err(code) => return code,
    };
    let asked = Connection::ask(values.path(PID_FILE), Verb::Restart);
    match asked.and_then(|mut connection| restart(&mut connection)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(ConnectionError::NoServer) => {
            nothing_to_stop(values.path(PID_FILE));
            journal.hint(match caller {
                Caller::Container => "`restart` is for a container that runs, by `docker exec`; its command is `zkServer.sh start-foreground`",
                Caller::Somebody => "a container starts its server itself, by the command `zkServer.sh start-foreground`",
            });
            failure()
        }
        Err(error) => refused(&error),
    }
}

fn restart(connection: &mut Connection) -> Result<(), ConnectionError> {
    until_stopped(connection, PREPARATION)?;
    say("Starting zookeeper ... ");
    match connection.answer(Some(START)) {
        Ok(Reply::Running(_)) => {
            say("STARTED\n");
            Ok(())
        }
        other => {
            say("FAILED TO START\n");
            Err(other.map_or_else(|error| error, ConnectionError::from))
        }
    }
}
