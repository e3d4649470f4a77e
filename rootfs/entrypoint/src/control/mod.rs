//! Talking to PID 1: what `zkServer.sh stop` and `restart` ask of it, and what it answers.
//!
//! One stream socket in the private run-time directory, lines of text. Only root and the user of the server
//! are listened to. [`Listener`] is the side of PID 1, which never waits for a client; [`Connection`] is the
//! side of the applets, which never wait without a limit.

mod connection;
mod listener;

use std::fmt;

pub use connection::{Connection, ConnectionError};
pub use listener::{ClientId, Listener, Request};

/// The name of the socket.
const NAME: &str = "control";

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// End the server, and with it the container.
    Stop,
    /// End the server and start it again, in the same container.
    Restart,
    /// Say which process it is.
    Status,
}

/// What is answered; a conversation has several of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The server is told to stop, and killed after so many seconds; 0 is never.
    Stopping(u64),
    /// It has ended.
    Stopped,
    /// It runs, or runs again, as this process.
    Running(u32),
    /// A reason why nothing happens. There may be several.
    Refused(String),
}

impl Verb {
    const ALL: [Self; 3] = [Self::Stop, Self::Restart, Self::Status];

    /// Reads a line, without its end.
    pub fn parse(line: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|verb| verb.word().as_bytes() == line)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Status => "status",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

impl Reply {
    /// Reads a line, without its end.
    pub fn parse(line: &str) -> Option<Self> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        Some(match (word, rest) {
            ("stopping", seconds) => Self::Stopping(seconds.parse().ok()?),
            ("stopped", "") => Self::Stopped,
            ("running", pid) => Self::Running(pid.parse().ok()?),
            ("refused", reason) => Self::Refused(reason.to_owned()),
            _ => return None,
        })
    }
}

/// A line, without its end.
impl fmt::Display for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopping(seconds) => write!(formatter, "stopping {seconds}"),
            Self::Stopped => formatter.write_str("stopped"),
            Self::Running(pid) => write!(formatter, "running {pid}"),
            Self::Refused(reason) => write!(formatter, "refused {}", reason.replace('\n', " ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn verbs_are_whole_words() {
        for verb in Verb::ALL {
            assert_eq!(Verb::parse(verb.to_string().as_bytes()), Some(verb));
        }
        for line in ["", "STOP", "stop ", "stopp", "restart now"] {
            assert_eq!(Verb::parse(line.as_bytes()), None, "{line}");
        }
    }

    fn replies() -> impl Strategy<Value = Reply> {
        prop_oneof![
            any::<u64>().prop_map(Reply::Stopping),
            Just(Reply::Stopped),
            any::<u32>().prop_map(Reply::Running),
            "[^\n]*".prop_map(Reply::Refused),
        ]
    }

    proptest! {
        #[test]
        fn what_is_said_is_understood(reply in replies()) {
            let line = reply.to_string();
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(Reply::parse(&line), Some(reply));
        }

        #[test]
        fn anything_can_be_read(line in any::<String>()) {
            if let Some(reply) = Reply::parse(&line) {
                prop_assert_eq!(Reply::parse(&reply.to_string()), Some(reply));
            }
            let _ = Verb::parse(line.as_bytes());
        }
    }
}
