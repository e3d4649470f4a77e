//! One run of the program, and what it said.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use super::workspace::Workspace;

/// A run that has not begun.
pub(crate) struct Zookiln<'a> {
    workspace: &'a Workspace,
    command: Command,
    line: String,
}

/// A run under way.
pub(crate) struct Running(Child);

/// A run that has ended.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
    line: String,
    /// What differs from run to run, and what stands for it in a transcript.
    names: Vec<(String, String)>,
}

impl<'a> Zookiln<'a> {
    pub(super) fn new(workspace: &'a Workspace, arguments: &[&str]) -> Self {
        // By a shell, which can set the umask; every run goes the same way.
        let mut command = Command::new("/bin/sh");
        command
            .args([
                "-c",
                r#"umask "$UMASK"; unset UMASK PWD OLDPWD; exec "$0" "$@""#,
            ])
            .arg(env!("CARGO_BIN_EXE_zookiln"))
            .args(arguments)
            .current_dir(workspace.project())
            .env_clear()
            .env("UMASK", "022")
            .env("PATH", workspace.path("bin"))
            .env("HOME", workspace.path("home"))
            .env("ZOOKILN_CACHE", workspace.cache())
            .env("ZOOKILN_APT_DIRECTORY", workspace.path("apt"))
            .stdin(Stdio::null());
        Self {
            workspace,
            command,
            line: format!("$ zookiln {}\n", arguments.join(" ")),
        }
    }

    /// Appends an argument that is not known beforehand.
    pub(crate) fn arg(mut self, argument: &str) -> Self {
        self.command.arg(argument);
        self.line = format!("{} {argument}\n", self.line.trim_end());
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.command.env(name, value.into());
        self
    }

    pub(crate) fn umask(self, umask: &str) -> Self {
        self.env("UMASK", umask)
    }

    pub(crate) fn directory(mut self, directory: PathBuf) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Begins a run that goes on beside the test.
    pub(crate) fn start(mut self) -> Running {
        let child = self
            .command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Running(child)
    }

    pub(crate) fn run(mut self) -> Run {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command.output().unwrap();
        let path = |name: &str| self.workspace.path(name).display().to_string();
        let mut names = vec![
            (
                self.workspace.server.url(),
                "http://mirror.example".to_owned(),
            ),
            (path("cache"), "[CACHE]".to_owned()),
            (path("project"), "[PROJECT]".to_owned()),
            (path(""), "[DIRECTORY]/".to_owned()),
        ];
        let locked = self.workspace.lock_time();
        names.extend(locked.map(|time| (time, "[time]".to_owned())));
        Run {
            code: status.code(),
            stdout,
            stderr: String::from_utf8(stderr).unwrap(),
            line: self.line,
            names,
        }
    }

    /// Runs and panics with what the program said if it failed.
    pub(crate) fn succeed(self) -> Run {
        let run = self.run();
        assert_eq!(run.code, Some(0), "{}", run.transcript());
        run
    }

    /// Runs and panics with what the program said unless it failed as failures do: with 1.
    pub(crate) fn fail(self) -> Run {
        let run = self.run();
        assert_eq!(run.code, Some(1), "{}", run.transcript());
        run
    }
}

impl Running {
    /// As Ctrl-C or `kill` do: sends the signal, and gives the signal it ended by and what it said.
    pub(crate) fn interrupt(self, signal: &str) -> (Option<i32>, String) {
        let process = self.0.id().to_string();
        let sent = Command::new("kill").args([signal, &process]).status();
        assert!(sent.unwrap().success());
        let output = self.0.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        (output.status.signal(), stderr)
    }

    /// As `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Its number, which the program has from the shell that started it.
    pub(crate) fn process(&self) -> u32 {
        self.0.id()
    }

    /// Waits, and panics with what the program said if it failed; else returns that.
    pub(crate) fn succeed(self) -> String {
        let output = self.0.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{stderr}");
        stderr
    }
}

impl Run {
    pub(crate) fn stdout(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    /// Lets `name` stand for `text` in the transcript.
    pub(crate) fn name(mut self, text: &str, name: &str) -> Self {
        self.names.push((text.to_owned(), name.to_owned()));
        self
    }

    /// Command line, stdout, stderr behind `! `, exit status; with stable names for what differs.
    pub(crate) fn transcript(&self) -> String {
        let mut text = self.line.clone();
        text.push_str(self.stdout());
        for line in sorted_progress(&self.stderr) {
            text.push_str(&format!("! {line}\n"));
        }
        match self.code {
            Some(0) => {}
            Some(code) => text.push_str(&format!("[exit {code}]\n")),
            None => text.push_str("[killed]\n"),
        }
        // A longer text may have a shorter one in it.
        let mut names: Vec<_> = self.names.iter().collect();
        names.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
        for (from, to) in names {
            text = text.replace(from, to);
        }
        text
    }

    /// Lines of stderr that begin so.
    pub(crate) fn lines(&self, prefix: &str) -> Vec<&str> {
        let lines = self.stderr.lines();
        lines.filter(|line| line.starts_with(prefix)).collect()
    }
}

/// Downloads end in any order, and take their time.
fn sorted_progress(stderr: &str) -> Vec<&str> {
    let untimed = |line| match str::split_once(line, " in ") {
        Some((what, rate)) if what.starts_with("fetched ") && rate.ends_with("/s") => what,
        _ => line,
    };
    let mut lines: Vec<&str> = stderr.lines().map(untimed).collect();
    let is_download = |line: &str| line.starts_with("fetched ") && !line.contains(" files, ");
    for block in lines.chunk_by_mut(|left, right| is_download(left) && is_download(right)) {
        block.sort_unstable();
    }
    lines
}
