//! `zkServer.sh status`: the lines of upstream's script, as a rule without its JVM.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use super::configured::{self, ENDPOINT_ROWS};
use super::{DAEMON_ROWS, become_daemon, encrypted, failure, print, values};
use crate::client::{self, Health};
use crate::endpoint::{Endpoint, Transport};
use crate::java::{JavaCommand, jmx};
use crate::journal::Journal;
use crate::tls;
use crate::variables::ids::HC_TIMEOUT;
use crate::variables::{Environment, Values};

/// Asks the server of this container and prints what it is.
pub(super) fn run() -> ExitCode {
    let environment = Environment::of_process();
    let rows = [
        &ENDPOINT_ROWS[..],
        &DAEMON_ROWS,
        &jmx::ROWS,
        &JavaCommand::TOOL_ROWS,
        &tls::CLIENT_ROWS,
        &[HC_TIMEOUT.row()],
    ];
    let values = match values(&environment, &rows.concat()) {
        Ok(values) => values,
        Err(code) => return code,
    };
    let mut preamble = jmx::status(&values);
    preamble.push(format!(
        "Using config: {}",
        configured::path(&values).display()
    ));
    let _ = writeln!(io::stderr(), "{}", preamble.join("\n"));

    let Some(endpoint) = configured::endpoint(&values) else {
        print("Unable to find either secure or unsecure client port in any configs.\n");
        return failure();
    };
    let encrypted = match endpoint.transport {
        Transport::Plain => "",
        Transport::Tls => " Client SSL: true.",
    };
    let found = format!(
        "Client port found: {}. Client address: {}.{encrypted}\n",
        endpoint.port, endpoint.host
    );
    let health = health(&environment, &values, &endpoint);
    let (line, serves) = match &health {
        Ok(Health::Serving { mode }) => (format!("Mode: {mode}"), true),
        Ok(Health::Silenced) => (
            "The server answers; its whitelist of four-letter words does not let it say its mode."
                .to_owned(),
            true,
        ),
        Ok(Health::Waiting) | Err(_) => (
            "Error contacting service. It is probably not running.".to_owned(),
            false,
        ),
    };
    if let (Transport::Tls, Err(error)) = (endpoint.transport, &health) {
        Journal::default().note(format_args!("no answer from {endpoint}: {error}"));
    }
    let printed = print(&format!("{found}{line}\n"));
    if serves { printed } else { failure() }
}

fn health(environment: &Environment, values: &Values, endpoint: &Endpoint) -> io::Result<Health> {
    let limit = Duration::from_secs(u64::from(values.integer(HC_TIMEOUT)));
    match endpoint.transport {
        Transport::Plain => client::health(endpoint, limit),
        Transport::Tls => {
            become_daemon(values)?;
            encrypted::health(environment, values, endpoint, limit)
        }
    }
}
