//! What can be wrong with a catalog or a lock, with file, line and suggestion.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// A catalog or lock that cannot be used.
#[derive(Debug, Error)]
pub enum CatalogError {
    /// The file could not be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The text is no valid TOML, or has a key or value that is not of the catalog's form.
    #[error("{}:{line}:{column}: {message}", path.display())]
    Syntax {
        /// The file, or its name where it is embedded.
        path: PathBuf,
        /// 1-based.
        line: usize,
        /// 1-based, in characters.
        column: usize,
        /// One clause.
        message: String,
        /// Nearest known key, where there is one.
        suggestion: Option<String>,
    },
    /// The lock was written by another program.
    #[error("{}: format {found}, this program reads format {known}", path.display())]
    LockFormat {
        /// The file, or its name where it is embedded.
        path: PathBuf,
        /// As written.
        found: u32,
        /// As expected.
        known: u32,
    },
    /// The text is of the right form, and one of its values cannot be.
    #[error("{}: {message}", path.display())]
    Invalid {
        /// The file, or its name where it is embedded.
        path: PathBuf,
        /// Names the table and the value.
        message: String,
    },
}

impl CatalogError {
    /// From the parser's error: byte span to line and column, serde's list of known keys to a
    /// suggestion.
    pub(crate) fn from_toml(path: &Path, text: &str, error: &toml::de::Error) -> Self {
        let offset = error.span().map_or(0, |span| span.start.min(text.len()));
        let before = text.get(..offset).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        Self::Syntax {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            suggestion: suggest_known_key(&message),
            message,
        }
    }

    /// The next action, for the line that begins with `hint:`.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Syntax {
                suggestion: Some(known),
                ..
            } => Some(format!("did you mean `{known}`?")),
            Self::LockFormat { found, known, .. } if found < known => {
                Some("run `zookiln update`, which writes it anew".to_owned())
            }
            Self::LockFormat { .. } => Some("a newer `zookiln` reads it".to_owned()),
            _ => None,
        }
    }
}

/// serde words it as "unknown field `prots`, expected one of `name`, `ports`".
fn suggest_known_key(message: &str) -> Option<String> {
    let rest = message
        .strip_prefix("unknown field ")
        .or_else(|| message.strip_prefix("unknown variant "))?;
    let mut names = rest.split('`').skip(1).step_by(2);
    let unknown = names.next()?;
    nearest(unknown, names).map(str::to_owned)
}

/// The candidate most like `name`, if any is alike enough to be what was meant.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 3).max(1))
        .min()
        .map(|(_, candidate)| candidate)
}
