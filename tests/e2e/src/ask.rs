//! What a server says to those who only ask: four-letter words, and pages over HTTP.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, bail};

/// For a connection that hangs: more than a busy server needs.
const PATIENCE: Duration = Duration::from_secs(20);

/// An answer over HTTP.
#[derive(Debug)]
pub struct Page {
    /// 200 and so on.
    pub status: u16,
    /// What is below the head, still in chunks where the server sends them.
    pub body: String,
}

/// The answer to `srvr`, `mntr` and their like.
pub fn word(address: SocketAddr, word: &str) -> anyhow::Result<String> {
    exchange(address, word).with_context(|| format!("`{word}` to {address}"))
}

/// What a server says of itself while it serves, by `srvr`: leader, follower, observer or standalone; nothing
/// where it does not serve, or takes too long to say.
#[must_use]
pub fn mode(address: SocketAddr, patience: Duration) -> Option<String> {
    let answer = exchange_within(address, "srvr", patience).ok()?;
    let mode = answer.lines().find_map(|line| line.strip_prefix("Mode: "));
    mode.map(str::to_owned)
}

/// `GET` of a path.
pub fn page(address: SocketAddr, path: &str) -> anyhow::Result<Page> {
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    let answer =
        exchange(address, &request).with_context(|| format!("GET http://{address}{path}"))?;
    let (head, body) = (answer.split_once("\r\n\r\n")).context("an answer without a head")?;
    let status = head.split(' ').nth(1).context("a head without a status")?;
    Ok(Page {
        status: status.parse()?,
        body: body.to_owned(),
    })
}

/// Whether somebody listens.
#[must_use]
pub fn listens(address: SocketAddr) -> bool {
    TcpStream::connect_timeout(&address, PATIENCE).is_ok()
}

fn exchange(address: SocketAddr, request: &str) -> anyhow::Result<String> {
    exchange_within(address, request, PATIENCE)
}

fn exchange_within(
    address: SocketAddr,
    request: &str,
    patience: Duration,
) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        // ZooKeeper closes with what it has not read left over, which is a reset.
        Ok(_) => {}
        Err(_) if !answer.is_empty() => {}
        Err(error) => bail!("no answer: {error}"),
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
