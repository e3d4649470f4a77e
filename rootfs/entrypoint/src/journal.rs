//! What the entrypoint says: one line each on stderr, so that stdout stays the server's and the tools'.
//!
//! Unlike `eprintln!` nothing here panics when nobody reads stderr any more: a closed log pipe must not
//! take PID 1, and with it the server, down.

use std::fmt::Display;
use std::io::Write;

/// Writes lines of the entrypoint; debug lines only when `ENV_DEBUG` asks for them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Journal {
    /// Whether [`Journal::debug`] writes anything.
    pub debug: bool,
}

impl Journal {
    /// Says why something asked for does not happen.
    pub fn error(&self, what: impl Display) {
        line(format_args!("error: {what}"));
    }

    /// Says what to do next, after an error.
    pub fn hint(&self, what: impl Display) {
        line(format_args!("hint: {what}"));
    }

    /// Says what works, but perhaps not as meant.
    pub fn warning(&self, what: impl Display) {
        line(format_args!("warning: {what}"));
    }

    /// Says something worth knowing of every start.
    pub fn note(&self, what: impl Display) {
        line(format_args!("{what}"));
    }

    /// Says what only somebody who looks for a fault wants to know.
    pub fn debug(&self, what: impl Display) {
        if self.debug {
            line(format_args!("debug: {what}"));
        }
    }
}

/// One `write` a line, so that lines of the JVM never end up in the middle of ours.
fn line(what: std::fmt::Arguments<'_>) {
    let text = format!("zookeeper-entrypoint: {what}\n");
    let _ = std::io::stderr().write_all(text.as_bytes());
}
