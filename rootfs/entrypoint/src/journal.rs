//! What the entrypoint says: one line each on stderr, so that stdout stays the server's and the tools'.
//!
//! Unlike `eprintln!` nothing here panics when nobody reads stderr any more: a closed log pipe must not
//! take PID 1, and with it the server, down.

use std::fmt::Display;
use std::io::Write;

use crate::log::Object;

/// Writes lines of the entrypoint; debug lines only when `ENV_DEBUG` asks for them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Journal {
    /// Whether [`Journal::debug`] writes anything.
    pub debug: bool,
    /// What the lines look like.
    pub format: Format,
}

/// What the log of the container looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Lines of text.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// How a line is marked, as text and as the level of a record.
struct Kind {
    text: &'static str,
    level: &'static str,
}

const ERROR: Kind = Kind {
    text: "error: ",
    level: "ERROR",
};
const HINT: Kind = Kind {
    text: "hint: ",
    level: "INFO",
};
const WARNING: Kind = Kind {
    text: "warning: ",
    level: "WARN",
};
const NOTE: Kind = Kind {
    text: "",
    level: "INFO",
};
const DEBUG: Kind = Kind {
    text: "debug: ",
    level: "DEBUG",
};

impl Format {
    /// By its name in `ZOO_LOG_FORMAT`.
    pub fn of(name: &str) -> Self {
        if name == "json" {
            Self::Json
        } else {
            Self::Text
        }
    }
}

impl Journal {
    /// Says why something asked for does not happen.
    pub fn error(&self, what: impl Display) {
        self.line(&ERROR, what);
    }

    /// Says what to do next, after an error.
    pub fn hint(&self, what: impl Display) {
        self.line(&HINT, what);
    }

    /// Says what works, but perhaps not as meant.
    pub fn warning(&self, what: impl Display) {
        self.line(&WARNING, what);
    }

    /// Says something worth knowing of every start.
    pub fn note(&self, what: impl Display) {
        self.line(&NOTE, what);
    }

    /// Says what only somebody who looks for a fault wants to know.
    pub fn debug(&self, what: impl Display) {
        if self.debug {
            self.line(&DEBUG, what);
        }
    }

    /// One `write` a line, so that lines of the JVM never end up in the middle of ours.
    fn line(&self, kind: &Kind, what: impl Display) {
        let _ = std::io::stderr().write_all(self.written(kind, what).as_bytes());
    }

    fn written(&self, kind: &Kind, what: impl Display) -> String {
        match self.format {
            Format::Text => format!("zookeeper-entrypoint: {}{what}\n", kind.text),
            Format::Json => Object::new()
                .text("level", kind.level)
                .text("logger", "entrypoint")
                .text("message", &what.to_string())
                .line(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats() {
        let written = |format, kind| {
            let journal = Journal {
                debug: false,
                format,
            };
            journal.written(kind, "a \"b\"")
        };
        assert_eq!(
            written(Format::Text, &WARNING),
            "zookeeper-entrypoint: warning: a \"b\"\n"
        );
        assert_eq!(
            written(Format::Text, &NOTE),
            "zookeeper-entrypoint: a \"b\"\n"
        );
        assert_eq!(
            written(Format::of("json"), &WARNING),
            "{\"level\":\"WARN\",\"logger\":\"entrypoint\",\"message\":\"a \\\"b\\\"\"}\n"
        );
    }
}
