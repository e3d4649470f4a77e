//! `zkServer.sh print-cmd`: the command line that a start would run, for a shell. It writes nothing, and shows no
//! secret.

use std::path::PathBuf;
use std::process::ExitCode;

use super::{print, release, values};
use crate::auth::{Asked, asked, login};
use crate::file;
use crate::java::{JavaCommand, ServerConfig, jmx, logback};
use crate::properties::Properties;
use crate::runtime::RuntimeDirectory;
use crate::tls::{self, passwords};
use crate::variables::ids::{CONF_DIR, PID_FILE};
use crate::variables::{Environment, Values};

/// Prints the command line.
pub(super) fn run() -> ExitCode {
    let environment = Environment::of_process();
    let rows = [
        &JavaCommand::SERVER_ROWS[..],
        &jmx::ROWS,
        &asked::ROWS,
        &tls::SERVER_ROWS,
        &[PID_FILE.row()],
    ]
    .concat();
    let values = match values(&environment, &rows) {
        Ok(values) => values,
        Err(code) => return code,
    };
    let path = config(&values);
    let content = file::read(&path).ok().flatten().unwrap_or_default();
    let release = release(&values);
    let config = ServerConfig {
        path: &path,
        properties: &Properties::parse(&content),
        // Without jars there is no server either, but a command line all the same.
        release: release.unwrap_or(passwords::FROM_FILES),
    };
    let mut java = JavaCommand::server(&environment, &values, &config);
    let (asked, _) = Asked::read(&environment, &values);
    java.put_first(logback::of_server(&values, release));
    let runtime = RuntimeDirectory::find(values.path(PID_FILE));
    java.put_first(login::shown(&asked, release, runtime.as_ref()));
    let program = java.program.to_string_lossy().into_owned();
    let secrets = java.secrets.iter().map(|secret| secret.shown());
    let arguments = java
        .arguments
        .iter()
        .map(|it| it.to_string_lossy().into_owned());
    let words: Vec<String> = std::iter::once(program)
        .chain(secrets)
        .chain(arguments)
        .map(|word| quoted(&word))
        .collect();
    print(&(words.join(" ") + "\n"))
}

/// The file that the running server reads, which may be a copy; else the one that it is made of.
fn config(values: &Values) -> PathBuf {
    let copy = RuntimeDirectory::find(values.path(PID_FILE))
        .map(|runtime| runtime.path().join("zoo.cfg"))
        .filter(|copy| copy.exists());
    copy.unwrap_or_else(|| values.path(CONF_DIR).join("zoo.cfg"))
}

/// As one word of a shell.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=,+@%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_shell() {
        for (word, expected) in [
            ("-XX:+ExitOnOutOfMemoryError", "-XX:+ExitOnOutOfMemoryError"),
            ("/a:/lib/*", "'/a:/lib/*'"),
            ("it's", "'it'\\''s'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }
}
