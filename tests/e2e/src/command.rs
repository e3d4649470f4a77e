//! Foreign programs: every call has a deadline, and a failure says the command and what it said.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};

/// Longer than any call on a slow, busy machine; a call that hangs must not hang the whole run.
const LIMIT: Duration = Duration::from_secs(600);

/// What `timeout` of coreutils exits with when the time is over.
const TIMED_OUT: i32 = 124;

/// A program with arguments, about to be called.
#[derive(Debug)]
pub struct Call {
    words: Vec<OsString>,
    /// All but program and arguments.
    command: Command,
}

/// What a call came to.
#[derive(Debug)]
pub struct Finished {
    /// The exit status; 128 and more for a signal, as a shell has it.
    pub code: i32,
    /// Standard output, as text.
    pub stdout: String,
    /// Standard error, as text.
    pub stderr: String,
}

impl Finished {
    /// Both outputs, for a message.
    #[must_use]
    pub fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// A program, looked up on `PATH` unless it is a path.
pub fn call(program: impl AsRef<OsStr>) -> Call {
    let mut command = Command::new("timeout");
    command
        .arg("--kill-after=10")
        .arg(LIMIT.as_secs().to_string())
        .stdin(Stdio::null());
    Call {
        words: vec![program.as_ref().to_owned()],
        command,
    }
}

impl Call {
    /// Appends one argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.words.push(argument.as_ref().to_owned());
        self
    }

    /// Appends arguments.
    #[must_use]
    pub fn args(self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        arguments.into_iter().fold(self, Self::arg)
    }

    /// Lets another program call it, one that takes program and arguments as its last ones.
    #[must_use]
    pub fn through(mut self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        let words = words.into_iter().map(|word| word.as_ref().to_owned());
        self.words.splice(..0, words);
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets the directory the program starts in.
    #[must_use]
    pub fn directory(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Takes standard input from a file.
    #[must_use]
    pub fn input(mut self, file: std::fs::File) -> Self {
        self.command.stdin(file);
        self
    }

    /// Calls it. Any exit status will do but that of the deadline.
    pub fn finish(mut self) -> anyhow::Result<Finished> {
        let line = self.line();
        let output = (self.command.args(&self.words).output())
            .with_context(|| format!("cannot run `{line}`"))?;
        let code = output.status.code().unwrap_or(128);
        if code == TIMED_OUT {
            bail!("`{line}` took more than {} s", LIMIT.as_secs());
        }
        Ok(Finished {
            code,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Calls it and gives what it said, provided that it exits with 0.
    pub fn succeed(self) -> anyhow::Result<Finished> {
        let line = self.line();
        let finished = self.finish()?;
        if finished.code != 0 {
            bail!("`{line}` exits {}:\n{}", finished.code, finished.said());
        }
        Ok(finished)
    }

    /// Standard output without the white space around it, provided that it exits with 0.
    pub fn stdout(self) -> anyhow::Result<String> {
        Ok(self.succeed()?.stdout.trim().to_owned())
    }

    fn line(&self) -> String {
        let words: Vec<_> = (self.words.iter())
            .map(|word| word.to_string_lossy())
            .collect();
        words.join(" ")
    }
}
