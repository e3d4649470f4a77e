//! Why inputs could not be had, so that whoever asked can tell silence from lies.

use std::collections::BTreeSet;
use std::fmt;

use crate::size::Size;
use thiserror::Error;

/// Inputs that no address gave.
#[derive(Debug, Error)]
#[error("{}", describe(failures))]
pub struct DownloadError {
    /// At least one.
    pub failures: Vec<Failure>,
}

/// One input, and what each of its addresses said.
#[derive(Debug)]
pub struct Failure {
    /// The input's name.
    pub input: String,
    /// Bytes, where that is known.
    pub size: Option<u64>,
    /// One per address, or one saying that there was none.
    pub reasons: Vec<Reason>,
    /// Why others were not asked.
    pub passed_over: Vec<String>,
}

/// Why an address did not do, in one line that names it without user and password.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Unreachable, refused, or broken off.
    Silent(String),
    /// Its certificate is not trusted here.
    Untrusted(String),
    /// It answered that it does not have the file.
    Gone(String),
    /// A directory of this host that does not have the file.
    Absent(String),
    /// It was not asked, since the build is offline.
    Offline(String),
    /// It gave something else: wrong size or digest.
    Lied(String),
    /// What it gave could not be written to the cache.
    Store(String),
}

impl DownloadError {
    /// Whether the inputs are just not to be had now: nobody gave other bytes, and the store could
    /// be written.
    #[must_use]
    pub fn no_address_answered(&self) -> bool {
        self.reasons()
            .all(|reason| !matches!(reason, Reason::Lied(_) | Reason::Store(_)))
    }

    /// Whether the cache could not be written, so that the network is not to blame.
    #[must_use]
    pub fn is_of_store(&self) -> bool {
        self.reasons()
            .any(|reason| matches!(reason, Reason::Store(_)))
    }

    /// Whether each input is one that an address once had: it answered that it has it no more.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.no_address_answered()
            && self.failures.iter().all(|failure| {
                (failure.reasons.iter()).any(|reason| matches!(reason, Reason::Gone(_)))
            })
    }

    /// Whether the network was not asked for any of the inputs.
    #[must_use]
    pub fn is_of_offline(&self) -> bool {
        self.failures.iter().any(Failure::is_of_offline)
    }

    /// Whether a server's certificate is not trusted here.
    #[must_use]
    pub fn is_of_certificate(&self) -> bool {
        self.reasons()
            .any(|reason| matches!(reason, Reason::Untrusted(_)))
    }

    /// What was said about all inputs.
    pub(in crate::source) fn reasons(&self) -> impl Iterator<Item = &Reason> {
        self.failures.iter().flat_map(|failure| &failure.reasons)
    }
}

impl Failure {
    fn is_of_offline(&self) -> bool {
        let is = |wanted: fn(&Reason) -> bool| self.reasons.iter().any(wanted);
        is(|reason| matches!(reason, Reason::Offline(_)))
            && !is(|reason| matches!(reason, Reason::Lied(_) | Reason::Store(_)))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent(text)
            | Self::Untrusted(text)
            | Self::Gone(text)
            | Self::Absent(text)
            | Self::Offline(text)
            | Self::Lied(text)
            | Self::Store(text) => formatter.write_str(text),
        }
    }
}

/// What was not asked for comes together, as a list to be fetched; what all inputs have in common,
/// the addresses passed over, comes once and last.
fn describe(failures: &[Failure]) -> String {
    // A cache that cannot be written fails all that is under way, and no mirror is to blame.
    let of_store = failures.iter().find_map(|failure| {
        let mut reasons = failure.reasons.iter();
        let reason = reasons.find(|reason| matches!(reason, Reason::Store(_)))?;
        Some((&failure.input, reason))
    });
    if let Some((input, reason)) = of_store {
        return format!("cannot put `{input}` into the cache\n  {reason}");
    }
    let (offline, asked): (Vec<&Failure>, Vec<&Failure>) =
        failures.iter().partition(|failure| failure.is_of_offline());
    let mut lines = Vec::new();
    for failure in &asked {
        lines.push(format!("cannot fetch `{}`", failure.input));
        lines.extend(failure.reasons.iter().map(|reason| format!("  {reason}")));
    }
    if !offline.is_empty() {
        let total: u64 = offline.iter().filter_map(|failure| failure.size).sum();
        let files = match offline.len() {
            1 => "one file".to_owned(),
            files => format!("{files} files"),
        };
        let total = Size(total);
        lines.push(format!(
            "not in the cache, and the build is offline: {files}, {total}"
        ));
        for failure in offline {
            let size = match failure.size {
                Some(size) => format!(" ({})", Size(size)),
                None => String::new(),
            };
            lines.push(format!("  {}{size}", failure.input));
            let silent = failure.reasons.iter();
            let silent = silent.filter(|reason| matches!(reason, Reason::Silent(_)));
            lines.extend(silent.map(|reason| format!("    {reason}")));
        }
    }
    let mut seen = BTreeSet::new();
    for line in asked.iter().flat_map(|failure| &failure.passed_over) {
        if seen.insert(line) {
            lines.push(format!("  passed over: {line}"));
        }
    }
    lines.join("\n")
}
