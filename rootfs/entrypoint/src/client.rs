//! Asking a server a four-letter word: one TCP connection, no JVM.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use crate::endpoint::Endpoint;

/// The longest answer that is read; `srvr` is a few hundred bytes.
const LONGEST: u64 = 64 * 1024;

/// What a server makes of `srvr`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It serves, in this mode (`leader`, `follower`, `observer`, `standalone`).
    Serving {
        /// The mode.
        mode: String,
    },
    /// It answers, but its whitelist does not let it say more.
    Silenced,
    /// It answers, and serves nobody: it looks for a quorum.
    Waiting,
}

/// Asks `srvr`, within `limit` in all.
pub fn health(endpoint: &Endpoint, limit: Duration) -> io::Result<Health> {
    judge(&ask(endpoint, "srvr", limit)?)
}

/// Whether something listens, within `limit`.
pub fn connects(endpoint: &Endpoint, limit: Duration) -> io::Result<()> {
    connect(endpoint, Instant::now() + limit).map(drop)
}

/// What an answer to `srvr` means.
pub fn judge(answer: &str) -> io::Result<Health> {
    if answer.trim().is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "closed without a word",
        ));
    }
    Ok(
        if let Some(mode) = answer.lines().find_map(|line| line.strip_prefix("Mode: ")) {
            Health::Serving {
                mode: mode.trim().to_owned(),
            }
        } else if answer.contains("not in the whitelist") {
            Health::Silenced
        } else {
            Health::Waiting
        },
    )
}

fn ask(endpoint: &Endpoint, word: &str, limit: Duration) -> io::Result<String> {
    let deadline = Instant::now() + limit;
    let mut stream = connect(endpoint, deadline)?;
    stream.write_all(word.as_bytes())?;
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    loop {
        // A server that dribbles bytes must not outlive the limit, so it is set anew for every read.
        stream.set_read_timeout(Some(left(deadline)?))?;
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&part[..count]),
            // ZooKeeper may close with our word unread where the answer is already complete.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset && !answer.is_empty() => {
                break;
            }
            // The system's own words for it are about a resource.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(io::ErrorKind::TimedOut.into());
            }
            Err(error) => return Err(error),
        }
        if answer.len() as u64 >= LONGEST {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// A connection that is up before `deadline`.
pub fn connect(endpoint: &Endpoint, deadline: Instant) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in addresses(endpoint)? {
        match TcpStream::connect_timeout(&address, left(deadline)?) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// `localhost` without asking the resolver: its file is not ours to rely on.
fn addresses(endpoint: &Endpoint) -> io::Result<Vec<SocketAddr>> {
    if endpoint.host == "localhost" {
        let both = [
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(Ipv6Addr::LOCALHOST),
        ];
        return Ok(both
            .map(|address| SocketAddr::new(address, endpoint.port))
            .to_vec());
    }
    Ok((endpoint.host.as_str(), endpoint.port)
        .to_socket_addrs()?
        .collect())
}

/// What is left until `deadline`; nothing is an error.
pub fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        Err(io::ErrorKind::TimedOut.into())
    } else {
        Ok(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn server(answer: &'static str) -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut word = [0; 4];
            stream.read_exact(&mut word).unwrap();
            assert_eq!(&word, b"srvr");
            stream.write_all(answer.as_bytes()).unwrap();
        });
        Endpoint::local(port)
    }

    fn asked(answer: &'static str) -> io::Result<Health> {
        health(&server(answer), Duration::from_secs(5))
    }

    #[test]
    fn answers_are_told_apart() {
        let serving = asked("Zookeeper version: 3.6.1\nMode: leader\nNode count: 5\n").unwrap();
        assert_eq!(
            serving,
            Health::Serving {
                mode: "leader".to_owned()
            }
        );
        let silenced = asked("srvr is not executed because it is not in the whitelist.\n").unwrap();
        assert_eq!(silenced, Health::Silenced);
        let waiting = asked("This ZooKeeper instance is not currently serving requests\n").unwrap();
        assert_eq!(waiting, Health::Waiting);
        assert_eq!(asked("").unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_silent_server_costs_the_limit_and_no_more() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = Endpoint::local(listener.local_addr().unwrap().port());
        let error = health(&endpoint, Duration::from_millis(50)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
