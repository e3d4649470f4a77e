//! Asking a server whose only port is encrypted: by ZooKeeper's own program, with the stores of the variables or of
//! `CLIENT_JVMFLAGS`. It costs a JVM, where everything else is asked without one.

use std::io::{self, Read};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::client::{self, Health};
use crate::endpoint::Endpoint;
use crate::java::{JavaCommand, logback};
use crate::variables::{Environment, Values};

const ASK: &str = "org.apache.zookeeper.client.FourLetterWordMain";

/// Asks `srvr`, within `limit` in all. To be called as the user that the tools run as.
pub(super) fn health(
    environment: &Environment,
    values: &Values,
    endpoint: &Endpoint,
    limit: Duration,
) -> io::Result<Health> {
    let port = endpoint.port.to_string();
    let arguments = [endpoint.host.as_str(), &port, "srvr", "true"].map(Into::into);
    let mut java = JavaCommand::encrypted_tool(environment, values, ASK, arguments.to_vec());
    java.put_first(logback::of_tool(values, super::release(values)));
    let _secrets = java.hide_secrets_in_memory().map_err(io::Error::other)?;
    let mut child = java
        .command()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let answer = answer(&mut child, limit);
    if answer.is_err() {
        let _ = child.kill();
    }
    let _ = child.wait();
    let answer = answer?;
    if answer.trim().is_empty() {
        // Its reasons are stack traces; this is what they come down to.
        return Err(io::Error::other(
            "the port is encrypted, and ZOO_TLS_CLIENT_… or CLIENT_JVMFLAGS may lack the stores for it",
        ));
    }
    client::judge(&answer)
}

fn answer(child: &mut Child, limit: Duration) -> io::Result<String> {
    let mut stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let (sender, receiver) = mpsc::channel();
    // A read of a pipe has no limit of its own.
    std::thread::spawn(move || {
        let mut answer = Vec::new();
        let read = stdout.read_to_end(&mut answer).map(|_| answer);
        let _ = sender.send(read);
    });
    let answer = receiver
        .recv_timeout(limit)
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
