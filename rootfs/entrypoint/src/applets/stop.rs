//! `zkServer.sh stop`: asks PID 1 for the end of the server. The container ends with it.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use super::{failure, values};
use crate::control::{Connection, ConnectionError, Reply, Verb};
use crate::journal::Journal;
use crate::variables::Environment;
use crate::variables::ids::PID_FILE;

/// How long PID 1 may take to answer at all.
const PROMPT: Duration = Duration::from_secs(5);

/// How much longer than the grace time the end may take: a killed process is not gone at once.
const BEYOND_GRACE: Duration = Duration::from_secs(10);

/// How long the end may take where there is no grace time.
const WITHOUT_GRACE: Duration = Duration::from_secs(3600);

/// Asks, waits for the end, and says so.
pub(super) fn run() -> ExitCode {
    let values = match values(&Environment::of_process(), &[PID_FILE.row()]) {
        Ok(values) => values,
        Err(code) => return code,
    };
    match stop(values.path(PID_FILE)) {
        Ok(()) => {
            Journal::default()
                .hint("the container ends with its server; a restart policy will start both again");
            ExitCode::SUCCESS
        }
        // Upstream's script calls this a success, too.
        Err(ConnectionError::NoServer) => {
            nothing_to_stop(values.path(PID_FILE));
            ExitCode::SUCCESS
        }
        Err(error) => refused(&error),
    }
}

fn stop(pid_file: &Path) -> Result<(), ConnectionError> {
    let mut connection = Connection::ask(pid_file, Verb::Stop)?;
    until_stopped(&mut connection, PROMPT)
}

/// Waits for the end of the server, of which PID 1 is to speak within `prompt`.
pub(super) fn until_stopped(
    connection: &mut Connection,
    prompt: Duration,
) -> Result<(), ConnectionError> {
    let limit = match connection.answer(Some(prompt))? {
        Reply::Stopping(0) => WITHOUT_GRACE,
        Reply::Stopping(seconds) => Duration::from_secs(seconds).saturating_add(BEYOND_GRACE),
        other => return Err(other.into()),
    };
    say("Stopping zookeeper ... ");
    match connection.answer(Some(limit)) {
        Ok(Reply::Stopped) => {
            say("STOPPED\n");
            Ok(())
        }
        other => {
            say("FAILED\n");
            Err(other.map_or_else(|error| error, ConnectionError::from))
        }
    }
}

/// The words of upstream's script.
pub(super) fn nothing_to_stop(pid_file: &Path) {
    say(&format!(
        "no zookeeper to stop (could not find file {})\n",
        pid_file.display()
    ));
}

/// Says why not, and what to do.
pub(super) fn refused(error: &ConnectionError) -> ExitCode {
    let journal = Journal::default();
    for line in error.to_string().lines() {
        journal.error(line);
    }
    if let Some(hint) = error.hint() {
        journal.hint(hint);
    }
    failure()
}

/// On stdout, at once. Nobody may be reading; that is no failure.
pub(super) fn say(text: &str) {
    let mut stdout = io::stdout();
    let _ = stdout.write_all(text.as_bytes());
    let _ = stdout.flush();
}
