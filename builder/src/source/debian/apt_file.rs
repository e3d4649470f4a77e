//! Files of apt's configuration: where they are, how they are read, and what is said of those that
//! are of no use.
//!
//! Nothing in there can stop a build: what is malformed, unreadable or of a kind that we do not
//! speak becomes an [`AptWarning`]. Where the configuration is, is an argument.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use super::apt_entry::EntryError;
use super::apt_statement::StatementError;

/// Far beyond what anybody configures, and little enough to read at every start.
const LARGEST_FILE: u64 = 1 << 20;

/// Where apt's configuration is; on a usual host `/etc/apt` and `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AptLocation {
    /// The directory with `sources.list`, `apt.conf`, `auth.conf` and their `.d` directories.
    pub directory: PathBuf,
    /// What an absolute path in a `mirror+file:` address or after `#include` begins at.
    pub root: PathBuf,
}

/// A line of a file, or a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// Counted from 1; `None` for the file as a whole.
    pub line: Option<usize>,
}

/// Something in apt's configuration that was passed over. No message repeats an address or a value,
/// since one may carry a password.
#[derive(Debug, thiserror::Error)]
#[error("{place}: passed over")]
pub struct AptWarning {
    /// Where it stands.
    pub place: Place,
    /// Why.
    pub source: AptProblem,
}

/// Why a file, an entry or a setting was passed over.
#[derive(Debug, thiserror::Error)]
pub enum AptProblem {
    /// The file or directory cannot be read.
    #[error("cannot be read")]
    Read(#[source] io::Error),
    /// A file with passwords that this user is not allowed to read; nothing is wrong with it.
    #[error("only another user can read it")]
    Concealed(#[source] io::Error),
    /// A file that nobody wrote by hand.
    #[error("larger than {LARGEST_FILE} bytes")]
    TooLarge,
    /// A directory, device or pipe in the place of a file.
    #[error("not a regular file")]
    NotAFile,
    /// The entry is malformed.
    #[error("malformed")]
    Entry(#[from] EntryError),
    /// The address has no scheme, host or path, or has a variable.
    #[error("address is malformed")]
    Uri,
    /// A transport that only apt itself speaks; nothing is wrong with it.
    #[error("apt's transport `{0}:` is not supported")]
    Scheme(String),
    /// The configuration is malformed, and so is the rest of the file.
    #[error("malformed")]
    Statement(#[from] StatementError),
    /// `#include` with a path that depends on the working directory, or climbs.
    #[error("included path is not absolute")]
    Include,
    /// Files that include each other, as likely as not.
    #[error("more than {0} files are included")]
    TooManyFiles(usize),
    /// The address of a proxy is none.
    #[error("address of the proxy is malformed")]
    Proxy(#[source] url::ParseError),
    /// Neither apt nor we speak it.
    #[error("a proxy is spoken to by `http:`, `https:` or `socks5h:`, not by `{0}:`")]
    ProxyScheme(String),
    /// A program that prints the proxy to use; nothing is wrong with it.
    #[error("apt's program that finds a proxy is not run")]
    ProxyProgram,
    /// Without a protocol before the host, `auth.conf` is for encrypted connections.
    #[error("user and password go over `{0}:` only where `{0}://` stands before the host")]
    Unencrypted(String),
}

impl AptWarning {
    /// Whether it is a plain note: what was passed over is right, but of no use to us.
    pub fn is_note(&self) -> bool {
        matches!(
            self.source,
            AptProblem::Scheme(_) | AptProblem::Concealed(_) | AptProblem::ProxyProgram
        )
    }
}

impl fmt::Display for Place {
    /// `file:line`, as compilers write it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.file.display())?;
        match self.line {
            None => Ok(()),
            Some(line) => write!(formatter, ":{line}"),
        }
    }
}

/// Adds a warning, unless it was given before: each entry looks at the same settings.
pub(super) fn warn_once(warnings: &mut Vec<AptWarning>, place: Place, source: AptProblem) {
    let message = source.to_string();
    let same = |it: &AptWarning| it.place == place && it.source.to_string() == message;
    if !warnings.iter().any(same) {
        warnings.push(AptWarning { place, source });
    }
}

/// Reads a small regular file; `None` if there is none. Bytes that are no UTF-8 can only be in a
/// comment of any use, and are replaced.
pub(super) fn read_text(path: &Path) -> Result<Option<String>, AptProblem> {
    match read_regular(path) {
        Ok(text) => Ok(Some(text)),
        // Every file is optional, and one may vanish between the listing and now.
        Err(AptProblem::Read(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// Reads a small regular file that was asked for by name: also its absence is a problem.
pub(super) fn read_regular(path: &Path) -> Result<String, AptProblem> {
    // Before opening: a pipe would wait for a writer for ever.
    if !path.metadata().map_err(AptProblem::Read)?.is_file() {
        return Err(AptProblem::NotAFile);
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(AptProblem::Read)?;
    file.take(LARGEST_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(AptProblem::Read)?;
    match bytes.len() as u64 > LARGEST_FILE {
        true => Err(AptProblem::TooLarge),
        false => Ok(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// The files of a `.d` directory that apt would read, in its order; none if there is no directory.
/// Other endings and other characters are how people and package managers switch a file off.
pub(super) fn parts(
    directory: &Path,
    accepted: impl Fn(Option<&str>) -> bool,
) -> Result<Vec<PathBuf>, AptProblem> {
    let entries = match directory.read_dir() {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(AptProblem::Read(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(AptProblem::Read)?.file_name();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-:.".contains(&byte);
        if let Some(name) = name.to_str()
            && name.bytes().all(plain)
            && !name.starts_with('.')
            && !name.ends_with('.')
            && accepted(name.rsplit_once('.').map(|(_, ending)| ending))
        {
            names.push(name.to_owned());
        }
    }
    names.sort();
    let paths = names.iter().map(|name| directory.join(name));
    // Somebody's `old` or `disabled.list`, which apt does not mention either.
    Ok(paths.filter(|path| !path.is_dir()).collect())
}

/// The rule for the parts of `apt.conf` and `auth.conf`: `90ubuntu-advantage` has no ending.
pub(super) fn is_part(ending: Option<&str>) -> bool {
    matches!(ending, None | Some("conf"))
}

/// An absolute path relative to the root, if it cannot climb out of it.
pub(super) fn relative_to_root(path: &str) -> Option<PathBuf> {
    let relative = path.strip_prefix('/')?.trim_start_matches('/');
    let inside = Path::new(relative)
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    (inside && !relative.is_empty()).then(|| PathBuf::from(relative))
}

#[cfg(test)]
impl AptWarning {
    /// In one line, with its causes.
    pub(super) fn message(&self) -> String {
        let mut message = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            message = format!("{message}: {cause}");
            source = cause.source();
        }
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn lists_the_parts_that_apt_reads_in_its_order() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("apt.conf.d");
        assert!(parts(&path, is_part).unwrap().is_empty());
        fs::create_dir(&path).unwrap();
        let names = "9-last 10-b.conf 10-a Z.conf a:b_c.d.conf docker-clean \
                     .hidden off.conf.bak off.disabled off~ off, dot. ";
        for name in names.split_whitespace() {
            fs::write(path.join(name), "").unwrap();
        }
        fs::create_dir(path.join("old")).unwrap();
        let found = parts(&path, is_part).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|path| path.file_name().unwrap().to_str().unwrap())
            .collect();
        assert_eq!(
            found,
            [
                "10-a",
                "10-b.conf",
                "9-last",
                "Z.conf",
                "a:b_c.d.conf",
                "docker-clean"
            ]
        );
    }

    #[test]
    fn a_path_stays_below_the_root() {
        let table = [
            ("/etc/apt/a", Some("etc/apt/a")),
            ("//etc/./a/", Some("etc/./a/")),
            ("/etc/../a", None),
            ("etc/a", None),
            ("/", None),
            ("", None),
        ];
        for (path, expected) in table {
            assert_eq!(
                relative_to_root(path),
                expected.map(PathBuf::from),
                "{path:?}"
            );
        }
    }
}
