//! `zkServer.sh status`: the lines of upstream's script, without its JVM.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use super::{ENDPOINT_ROWS, failure, local_endpoint, values};
use crate::client::{self, Health};
use crate::variables::Environment;
use crate::variables::ids::CONF_DIR;

const LIMIT: Duration = Duration::from_secs(5);

/// Asks the server of this container and prints what it is.
pub(super) fn run() -> ExitCode {
    let environment = Environment::of_process();
    let values = match values(&environment, &ENDPOINT_ROWS) {
        Ok(values) => values,
        Err(code) => return code,
    };
    let config = values.path(CONF_DIR).join("zoo.cfg");
    let _ = writeln!(
        std::io::stderr(),
        "ZooKeeper JMX enabled by default\nUsing config: {}",
        config.display()
    );
    let mut lines = Vec::new();
    let endpoint = local_endpoint(&values);
    match &endpoint {
        Some(endpoint) => {
            lines.push(format!(
                "Client port found: {}. Client address: {}.",
                endpoint.port, endpoint.host
            ));
        }
        None => lines.push("Client port not found in static config file.".to_owned()),
    }
    let health = endpoint.and_then(|endpoint| client::health(&endpoint, LIMIT).ok());
    let serves = match health {
        Some(Health::Serving { mode }) => {
            lines.push(format!("Mode: {mode}"));
            true
        }
        Some(Health::Silenced) => {
            lines.push("The server answers; its whitelist of four-letter words does not let it say its mode.".to_owned());
            true
        }
        Some(Health::Waiting) | None => {
            lines.push("Error contacting service. It is probably not running.".to_owned());
            false
        }
    };
    let _ = writeln!(std::io::stdout(), "{}", lines.join("\n"));
    if serves { ExitCode::SUCCESS } else { failure() }
}
