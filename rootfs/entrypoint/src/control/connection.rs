//! The side of the applets. Nothing here waits without a limit: PID 1 may be stopped, or be no PID 1 of ours.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{NAME, Reply, Verb};
use crate::runtime::{Found, RuntimeDirectory};

/// No answer is longer, all reasons of a refusal together.
const LONGEST: usize = 64 * 1024;

/// How long a request may take to be sent.
const SENDING: Duration = Duration::from_secs(5);

/// A conversation with PID 1.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    /// What has come of the next answer.
    received: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// Nobody to talk to.
    #[error("no server is running in this container")]
    NoServer,
    /// Somebody, but not for us.
    #[error(
        "the server of this container runs as user {0}, and listens to that user and to root only"
    )]
    OfAnother(u32),
    /// Perhaps somebody.
    #[error("cannot look for the server of this container in {}: {source}", place.display())]
    Hidden {
        /// Where it may be.
        place: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The socket cannot be reached.
    #[error("cannot reach the server of this container: {0}")]
    Unreachable(#[source] io::Error),
    /// It says nothing.
    #[error("the first process of this container has not answered for {} s", .0.as_secs())]
    Silent(Duration),
    /// It has gone in the middle of the conversation.
    #[error("the first process of this container has gone away")]
    Gone,
    /// It does not do it, for these reasons, one a line.
    #[error("{0}")]
    Refused(String),
    /// It says what this version does not know, or not in this place.
    #[error("the first process of this container has answered `{0}`")]
    Nonsense(String),
}

impl ConnectionError {
    /// What to do next, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::OfAnother(user) => Some(format!(
                "run it as that user, as by `docker exec --user {user}`"
            )),
            _ => None,
        }
    }
}

impl From<Reply> for ConnectionError {
    /// An answer that has no place in this conversation.
    fn from(reply: Reply) -> Self {
        Self::Nonsense(reply.to_string())
    }
}

impl Connection {
    /// Connects to the server of this container and asks for something.
    pub fn ask(pid_file: &Path, verb: Verb) -> Result<Self, ConnectionError> {
        match RuntimeDirectory::look(pid_file) {
            Found::Directory(directory) => Self::ask_at(&directory.path().join(NAME), verb),
            Found::OfAnother(user) => Err(ConnectionError::OfAnother(user)),
            Found::Hidden(place, source) => Err(ConnectionError::Hidden { place, source }),
            Found::Nothing => Err(ConnectionError::NoServer),
        }
    }

    fn ask_at(path: &Path, verb: Verb) -> Result<Self, ConnectionError> {
        // The owner of the directory could have put a link there, and root must not follow it.
        match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.file_type().is_socket() => {}
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(ConnectionError::Unreachable(error));
            }
            _ => return Err(ConnectionError::NoServer),
        }
        let stream = UnixStream::connect(path).map_err(|error| match error.kind() {
            // What a killed server leaves.
            io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => ConnectionError::NoServer,
            _ => ConnectionError::Unreachable(error),
        })?;
        stream
            .set_write_timeout(Some(SENDING))
            .and_then(|()| (&stream).write_all(format!("{verb}\n").as_bytes()))
            .map_err(ConnectionError::Unreachable)?;
        Ok(Self {
            stream,
            received: Vec::new(),
        })
    }

    /// The next answer, which is no refusal; without a limit it may take for ever.
    pub fn answer(&mut self, limit: Option<Duration>) -> Result<Reply, ConnectionError> {
        let deadline = limit.map(|limit| (Instant::now() + limit, limit));
        let mut reasons: Vec<String> = Vec::new();
        loop {
            match self.line(deadline) {
                Ok(Reply::Refused(reason)) => reasons.push(reason),
                // The reasons are all that it has to say.
                other if reasons.is_empty() => return other,
                _ => return Err(ConnectionError::Refused(reasons.join("\n"))),
            }
        }
    }

    fn line(&mut self, deadline: Option<(Instant, Duration)>) -> Result<Reply, ConnectionError> {
        loop {
            if let Some(end) = self.received.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.received.drain(..=end).collect();
                // It is shown to somebody who may be root, and somebody else may have put the socket there.
                let line = String::from_utf8_lossy(&line[..end]).replace(char::is_control, "?");
                return Reply::parse(&line).ok_or(ConnectionError::Nonsense(line));
            }
            let timeout = match deadline {
                None => None,
                Some((end, limit)) => match end.checked_duration_since(Instant::now()) {
                    Some(left) if !left.is_zero() => Some(left),
                    _ => return Err(ConnectionError::Silent(limit)),
                },
            };
            self.stream
                .set_read_timeout(timeout)
                .map_err(ConnectionError::Unreachable)?;
            self.receive()?;
        }
    }

    /// Reads what comes next; nothing, if that takes too long.
    fn receive(&mut self) -> Result<(), ConnectionError> {
        let mut part = [0; 4096];
        match self.stream.read(&mut part) {
            Ok(0) => return Err(ConnectionError::Gone),
            Ok(count) => self.received.extend_from_slice(&part[..count]),
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock
                | io::ErrorKind::TimedOut
                | io::ErrorKind::Interrupted => {}
                io::ErrorKind::ConnectionReset => return Err(ConnectionError::Gone),
                _ => return Err(ConnectionError::Unreachable(error)),
            },
        }
        if self.received.len() > LONGEST {
            return Err(ConnectionError::Nonsense("too much".to_owned()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    const SHORT: Option<Duration> = Some(Duration::from_millis(50));

    fn asked(answer: &'static [u8]) -> (tempfile::TempDir, Connection) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(NAME);
        let listener = UnixListener::bind(&path).unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 5];
            stream.read_exact(&mut request).unwrap();
            assert_eq!(&request, b"stop\n");
            stream.write_all(answer).unwrap();
            // Until the other side goes.
            let _ = stream.read(&mut request);
        });
        let connection = Connection::ask_at(&path, Verb::Stop).unwrap();
        (directory, connection)
    }

    #[test]
    fn answers_come_one_after_the_other_and_then_there_is_a_limit() {
        let (_directory, mut connection) = asked(b"stopping 8\nstopped\nrunn");
        let long = Some(Duration::from_secs(30));
        assert_eq!(connection.answer(long).unwrap(), Reply::Stopping(8));
        assert_eq!(connection.answer(None).unwrap(), Reply::Stopped);
        let error = connection.answer(SHORT).unwrap_err();
        assert!(matches!(error, ConnectionError::Silent(_)), "{error}");
    }

    #[test]
    fn a_refusal_is_all_of_its_reasons() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(NAME);
        let listener = UnixListener::bind(&path).unwrap();
        let mut connection = Connection::ask_at(&path, Verb::Restart).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"refused one\nrefused two\n").unwrap();
        stream.read_exact(&mut [0; 8]).unwrap();
        drop(stream);
        let error = connection.answer(None).unwrap_err();
        assert_eq!(error.to_string(), "one\ntwo");
        assert!(matches!(error, ConnectionError::Refused(_)));
    }

    #[test]
    fn nonsense_is_said_to_be_that() {
        let (_directory, mut connection) = asked(b"login: \n");
        let error = connection.answer(None).unwrap_err().to_string();
        assert_eq!(
            error,
            "the first process of this container has answered `login: `"
        );
    }

    #[test]
    fn what_is_no_server_is_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(NAME);
        let ask = || Connection::ask_at(&path, Verb::Stop).unwrap_err();
        assert!(matches!(ask(), ConnectionError::NoServer));
        drop(UnixListener::bind(&path).unwrap());
        assert!(matches!(ask(), ConnectionError::NoServer));
        let elsewhere = directory.path().join("elsewhere");
        fs::rename(&path, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        assert!(matches!(ask(), ConnectionError::NoServer));
    }
}
