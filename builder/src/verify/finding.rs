//! One thing that is not as it must be, and where.

use std::fmt;

use layers::Digest;
use layers::inspect::{Rule, printable};
use thiserror::Error;

/// A broken rule with its place.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    /// The file, below the layout's directory.
    pub(crate) file: String,
    /// The entry, where the file is a layer and it is about one; printable.
    pub(crate) entry: Option<String>,
    /// What is wrong.
    pub(crate) fault: Fault,
}

impl Finding {
    pub(super) fn new(file: &str, fault: Fault) -> Self {
        Self {
            file: file.to_owned(),
            entry: None,
            fault,
        }
    }
}

/// One line.
impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.entry {
            Some(entry) => write!(formatter, "{}: `{entry}` {}", self.file, self.fault),
            None => write!(formatter, "{}: {}", self.file, self.fault),
        }
    }
}

/// What can be wrong. Texts out of a document are escaped where they are shown.
#[derive(Debug, Clone, Error)]
pub(crate) enum Fault {
    #[error("it does not belong here")]
    Unknown,
    #[error("it is {0}")]
    NotAFile(&'static str),
    #[error("it is missing")]
    Missing,
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    #[error("expected {expected}, found {found}")]
    Content { expected: Digest, found: Digest },
    #[error("nothing in the image refers to it")]
    Unreferenced,
    #[error("it is no JSON: {0}")]
    NotJson(String),
    #[error("it is not in canonical form: keys in order of their bytes, no blanks")]
    NotCanonical,
    #[error("`{}` is null", shown(pointer))]
    Null { pointer: String },
    #[error("it is malformed: {}", shown(.0))]
    Malformed(String),
    #[error("`{}` has no place in it", shown(field))]
    UnknownField { field: String },
    #[error("`{field}`: expected {}, found {}", shown(expected), shown(found))]
    Value {
        field: String,
        expected: String,
        found: String,
    },
    #[error("it has no build record: another program has written it")]
    NoRecord,
    #[error("it has no seal: another program, or an older version of this one, has written it")]
    NoSeal,
    #[error("its seal is broken: something in it was changed after it was written")]
    BrokenSeal,
    #[error("`{field}`: digest `{}`: {reason}", shown(text))]
    Digest {
        field: String,
        text: String,
        reason: String,
    },
    #[error("`{field}` names `{digest}`, which is not there")]
    NamesMissing { field: String, digest: Digest },
    #[error("platform {} is there twice", shown(.0))]
    PlatformTwice(String),
    #[error("{0}")]
    Rule(Rule),
    #[error("{0} more like these")]
    FurtherRules(u64),
    #[error("{0}")]
    Archive(String),
    #[error("{} time {found}, expected {expected}", others(*.entries))]
    Time {
        /// How many entries have another time than is expected.
        entries: usize,
        /// Of the first.
        found: u64,
        expected: u64,
    },
    #[error("is in layer `{lower}` too, {how}")]
    InTwoLayers { lower: Digest, how: &'static str },
}

/// Texts out of documents go to a terminal.
fn shown(text: &str) -> String {
    printable(text.as_bytes())
}

/// For whom the sentence speaks beside the entry before it.
fn others(entries: usize) -> String {
    match entries {
        0 | 1 => "has".to_owned(),
        more => format!("and {} more have", more - 1),
    }
}

impl Fault {
    /// A name for programs: lower case, with hyphens.
    pub(crate) fn rule(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown-file",
            Self::NotAFile(_) => "not-a-file",
            Self::Missing => "missing",
            Self::Unreadable(_) => "unreadable",
            Self::Content { .. } => "content",
            Self::Unreferenced => "unreferenced",
            Self::NotJson(_) => "json",
            Self::NotCanonical => "canonical",
            Self::Null { .. } => "null",
            Self::Malformed(_) => "malformed",
            Self::UnknownField { .. } => "unknown-field",
            Self::Value { .. } => "value",
            Self::NoRecord => "no-record",
            Self::NoSeal => "no-seal",
            Self::BrokenSeal => "broken-seal",
            Self::Digest { .. } => "digest",
            Self::NamesMissing { .. } => "names-missing",
            Self::PlatformTwice(_) => "platform-twice",
            Self::Rule(rule) => rule.name(),
            Self::FurtherRules(_) => "further",
            Self::Archive(_) => "archive",
            Self::Time { .. } => "entry-time",
            Self::InTwoLayers { .. } => "in-two-layers",
        }
    }
}
