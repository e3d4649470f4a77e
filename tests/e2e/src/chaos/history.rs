//! What clients asked of an ensemble and what they were told: the record that `load.py` writes, one JSON
//! object a line.
//!
//! All times are of one monotonic clock. Every value that is written names the operation that wrote it and
//! is never written twice, so whoever reads it knows where it is from. An operation whose answer never came
//! stays unknown for good: it may have happened, it may still happen, or it never will.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest line that we believe: a listing of more nodes than any round makes.
const LONGEST_LINE: usize = 1 << 20;

/// Nanoseconds of the monotonic clock.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Moment(pub u64);

/// The number of a transaction: all of an ensemble's are in one order.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Zxid(pub i64);

/// Epoch and counter, as ZooKeeper prints it.
impl fmt::Display for Zxid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "0x{:x}", self.0)
    }
}

/// One operation of one client: also the value that it writes, where it writes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OperationId {
    /// Who asked.
    pub client: u32,
    /// Which of its operations, in the order in which it asked.
    pub number: u32,
}

impl fmt::Display for OperationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.client, self.number)
    }
}

/// One operation from question to answer. A client asks for one thing at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Which it is.
    #[serde(flatten)]
    pub id: OperationId,
    /// The session in which the answer came; 0 where the client had none by then.
    pub session: i64,
    /// The only server that this client speaks to: it reads what is there at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auditor_of: Option<String>,
    /// When it was asked.
    pub start: Moment,
    /// When the answer came, or was given up.
    pub end: Moment,
    /// The newest transaction that the session had heard of when the answer had come.
    pub zxid: Zxid,
    /// What was asked, and what came of it.
    pub operation: Operation,
}

impl Event {
    /// Whether a server has promised that something is written.
    #[must_use]
    pub fn is_promise(&self) -> bool {
        self.operation.writes() && self.operation.end() == End::Done
    }
}

/// What was asked, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Operation {
    /// Gives a node the value that names this operation.
    Set {
        /// The node.
        path: String,
        /// Only if the node has this version.
        expected: Option<i32>,
        /// The node afterwards.
        outcome: Outcome<Stat>,
    },
    /// Makes a node with the value that names this operation.
    Create {
        /// The name; what goes before the number where it is sequential.
        path: String,
        /// Whether the server appends a number to it.
        sequential: bool,
        /// The node that was made.
        outcome: Outcome<Created>,
    },
    /// Takes a node away.
    Delete {
        /// The node.
        path: String,
        /// Nothing more than that it is done.
        outcome: Outcome<()>,
    },
    /// Reads a node.
    Get {
        /// The node.
        path: String,
        /// What it holds; nothing where there is no such node.
        outcome: Outcome<Option<Found>>,
    },
    /// Lists the names below a node.
    Children {
        /// The node.
        path: String,
        /// The names.
        outcome: Outcome<Vec<String>>,
    },
    /// Asks the server to catch up with the leader.
    Sync {
        /// A node; which one makes no difference.
        path: String,
        /// Nothing more than that it is done.
        outcome: Outcome<()>,
    },
}

/// What came of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome<T> {
    /// It is done, which is a promise.
    Done(T),
    /// It was not done and never will be; the error of the server.
    Refused(String),
    /// Nobody knows; the error of the client.
    Unknown(String),
}

impl<T> Outcome<T> {
    /// What was promised.
    pub fn done(&self) -> Option<&T> {
        match self {
            Self::Done(value) => Some(value),
            Self::Refused(_) | Self::Unknown(_) => None,
        }
    }

    /// How it ended, without what it ended with.
    #[must_use]
    pub fn end(&self) -> End {
        match self {
            Self::Done(_) => End::Done,
            Self::Refused(_) => End::Refused,
            Self::Unknown(_) => End::Unknown,
        }
    }
}

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By a promise.
    Done,
    /// By a refusal.
    Refused,
    /// By nothing.
    Unknown,
}

/// What the server keeps about a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stat {
    /// The transaction that made it.
    pub czxid: Zxid,
    /// The transaction that gave it its value.
    pub mzxid: Zxid,
    /// How often the value was replaced.
    pub version: i32,
}

/// A node that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Created {
    /// Its name, with the number.
    pub path: String,
    /// What the server keeps about it.
    pub stat: Stat,
}

/// A node that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// Its value.
    pub value: String,
    /// What the server keeps about it.
    pub stat: Stat,
}

impl Operation {
    /// The node it is about.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Set { path, .. }
            | Self::Create { path, .. }
            | Self::Delete { path, .. }
            | Self::Get { path, .. }
            | Self::Children { path, .. }
            | Self::Sync { path, .. } => path,
        }
    }

    /// How it ended.
    #[must_use]
    pub fn end(&self) -> End {
        match self {
            Self::Set { outcome, .. } => outcome.end(),
            Self::Create { outcome, .. } => outcome.end(),
            Self::Delete { outcome, .. } | Self::Sync { outcome, .. } => outcome.end(),
            Self::Get { outcome, .. } => outcome.end(),
            Self::Children { outcome, .. } => outcome.end(),
        }
    }

    /// Whether it changes anything.
    #[must_use]
    pub fn writes(&self) -> bool {
        matches!(
            self,
            Self::Set { .. } | Self::Create { .. } | Self::Delete { .. }
        )
    }
}

/// Why a line is no event.
#[derive(Debug, Error)]
pub enum LineError {
    /// It would be more than we keep.
    #[error("a line of {0} bytes in the history")]
    TooLong(usize),
    /// It is something else.
    #[error("not an event of a history: `{line}`")]
    Malformed {
        /// The line.
        line: String,
        /// What the reader of JSON says.
        source: serde_json::Error,
    },
}

/// Why there is no record.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no record.
    #[error(transparent)]
    Line(#[from] LineError),
}

/// One line of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Line {
    /// An operation.
    Event(Box<Event>),
    /// The nodes of this round are made, and clients go on with them.
    Ready(String),
}

/// Reads a record that was kept.
pub fn read(path: &Path) -> Result<Vec<Event>, ReadError> {
    let failed = |source| ReadError::Open {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    let mut events = Vec::new();
    for text in BufReader::new(file).lines() {
        if let Line::Event(event) = line(&text.map_err(failed)?)? {
            events.push(*event);
        }
    }
    Ok(events)
}

/// Reads one line of the record.
pub fn line(text: &str) -> Result<Line, LineError> {
    if text.len() > LONGEST_LINE {
        return Err(LineError::TooLong(text.len()));
    }
    serde_json::from_str(text).map_err(|source| LineError::Malformed {
        line: text.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> Event {
        match line(text).unwrap() {
            Line::Event(event) => *event,
            Line::Ready(round) => panic!("round {round}"),
        }
    }

    #[test]
    fn a_line_is_an_event() {
        let text = r#"{"event":{"client":3,"number":17,"session":9,"start":5,"end":8,"zxid":4294967299,
            "operation":{"kind":"set","path":"/a","expected":null,
            "outcome":{"done":{"czxid":4294967297,"mzxid":4294967299,"version":1}}}}}"#;

        let event = event(text);

        assert_eq!(event.id.to_string(), "3-17");
        assert_eq!(event.zxid.to_string(), "0x100000003");
        assert_eq!(event.operation.end(), End::Done);
        let again = serde_json::to_string(&Line::Event(Box::new(event.clone()))).unwrap();
        assert_eq!(super::tests::event(&again), event);
        let ready = line(r#"{"ready":"a"}"#).unwrap();
        assert_eq!(ready, Line::Ready("a".to_owned()));
    }

    #[test]
    fn every_outcome_has_its_form() {
        for (outcome, expected) in [
            (r#"{"done":null}"#, End::Done),
            (r#"{"refused":"NoNodeError"}"#, End::Refused),
            (r#"{"unknown":"ConnectionLoss"}"#, End::Unknown),
        ] {
            let line = format!(
                r#"{{"event":{{"client":1,"number":1,"session":0,"auditor_of":"zoo1","start":1,"end":2,
                "zxid":0,"operation":{{"kind":"get","path":"/a","outcome":{outcome}}}}}}}"#
            );
            assert_eq!(event(&line).operation.end(), expected);
        }
    }

    #[test]
    fn anything_else_is_an_error() {
        for text in [
            "",
            "{}",
            "Traceback (most recent call last):",
            r#"{"event":{"client":1,"number":1,"session":0,"start":1,"end":2,"zxid":0,
                "operation":{"kind":"watch","path":"/a"}}}"#,
            r#"{"event":{"client":1,"number":1,"session":0,"start":1,"end":2,"zxid":0,
                "operation":{"kind":"get","path":"/a","outcome":{"done":null},"more":1}}}"#,
        ] {
            assert!(line(text).is_err(), "{text}");
        }
        assert!(matches!(
            line(&" ".repeat(LONGEST_LINE + 1)),
            Err(LineError::TooLong(_))
        ));
    }
}
