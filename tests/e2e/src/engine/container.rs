//! A container: what it runs, says and holds, and how it ends.

use std::cell::Cell;
use std::io::{Seek, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};

use super::{Attached, docker};
use crate::command::{Finished, call};
use crate::wait::{Seen, until};

/// What the lines of the entrypoint begin with in the log.
const ENTRYPOINT: &str = "zookeeper-entrypoint: ";

/// The main class of the server.
const SERVER: &str = "org.apache.zookeeper.server.quorum.QuorumPeerMain";

/// Until the entrypoint has started Java.
const PREPARED: Duration = Duration::from_secs(30);

/// A container; it is removed with its anonymous volumes when the value goes.
#[derive(Debug)]
pub struct Container {
    name: String,
    /// When we had the engine start it last. The engine's own `StartedAt` is too late: a container has said
    /// something by then.
    since: Cell<SystemTime>,
    is_ours: bool,
}

/// A process of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number on the host.
    pub pid: u32,
    /// Its user.
    pub uid: u32,
    /// As `ps` shows it: `Z` for one that nobody has waited for.
    pub state: String,
    /// Its command line.
    pub command: String,
}

impl Container {
    /// The container of this name, which is about to be started.
    pub(super) fn to_start(name: String) -> Self {
        Self {
            name,
            since: Cell::new(SystemTime::now()),
            is_ours: true,
        }
    }

    /// One that something else has made and takes away, by its name or id.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            since: Cell::new(SystemTime::now()),
            is_ours: false,
        }
    }

    /// Its name, for the engine's client.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs a command beside the server.
    pub fn exec<const N: usize>(&self, words: [&str; N]) -> anyhow::Result<Finished> {
        docker(["exec", &self.name]).args(words).finish()
    }

    /// The same as this user.
    pub fn exec_as<const N: usize>(
        &self,
        user: &str,
        words: [&str; N],
    ) -> anyhow::Result<Finished> {
        docker(["exec", "--user", user, &self.name])
            .args(words)
            .finish()
    }

    /// The same with a text on standard input.
    pub fn exec_on<const N: usize>(
        &self,
        input: &str,
        words: [&str; N],
    ) -> anyhow::Result<Finished> {
        let mut file = tempfile::tempfile()?;
        file.write_all(input.as_bytes())?;
        file.rewind()?;
        docker(["exec", "--interactive", &self.name])
            .args(words)
            .input(file)
            .finish()
    }

    /// A field of `docker inspect`, by a Go template.
    pub fn inspect(&self, template: &str) -> anyhow::Result<String> {
        docker(["inspect", "--format", template, &self.name]).stdout()
    }

    /// Where a port of it is, for us on the host.
    pub fn address(&self, port: u16) -> anyhow::Result<SocketAddr> {
        let template = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}";
        let addresses = self.inspect(template)?;
        let address: IpAddr = (addresses.split_whitespace().next())
            .with_context(|| format!("{} has no address", self.name))?
            .parse()?;
        Ok(SocketAddr::new(address, port))
    }

    /// All that it has printed.
    pub fn logs(&self) -> anyhow::Result<String> {
        Ok(docker(["logs", &self.name]).succeed()?.said())
    }

    /// What it has printed since we had it started last.
    pub fn logs_since_start(&self) -> anyhow::Result<String> {
        let since = timestamp(self.since.get())?;
        let logs = docker(["logs", "--since", &since, &self.name]).succeed()?;
        Ok(logs.said())
    }

    /// What the entrypoint has said since we had it started last, each line without its name.
    pub fn notes(&self) -> anyhow::Result<Vec<String>> {
        let logs = self.logs_since_start()?;
        let notes = logs
            .lines()
            .filter_map(|line| line.strip_prefix(ENTRYPOINT));
        Ok(notes.map(str::to_owned).collect())
    }

    /// What the entrypoint has warned of since then.
    pub fn warnings(&self) -> anyhow::Result<Vec<String>> {
        let notes = self.notes()?;
        let warnings = (notes.iter()).filter_map(|note| note.strip_prefix("warning: "));
        Ok(warnings.map(str::to_owned).collect())
    }

    /// What runs in it.
    pub fn processes(&self) -> anyhow::Result<Vec<Process>> {
        let table = docker(["top", &self.name, "-ww", "-eo", "pid,uid,stat,args"]).stdout()?;
        (table.lines().skip(1))
            .map(|line| {
                let (pid, rest) = column(line)?;
                let (uid, rest) = column(rest)?;
                let (state, command) = column(rest)?;
                Ok(Process {
                    pid: pid.parse()?,
                    uid: uid.parse()?,
                    state: state.to_owned(),
                    command: command.to_owned(),
                })
            })
            .collect()
    }

    /// Waits until the entrypoint has started the server, which need not serve yet.
    pub fn server(&self) -> anyhow::Result<Process> {
        let result = until("there is a server", PREPARED, || {
            if self.inspect("{{.State.Running}}")? != "true" {
                bail!("it is not running");
            }
            let processes = self.processes()?;
            let server = processes.iter().find(|one| one.command.contains(SERVER));
            Ok(match server {
                Some(server) => Seen::Yes(server.clone()),
                None => Seen::NotYet(format!("{processes:?}")),
            })
        });
        self.explain(result)
    }

    /// A file of it, running or not.
    pub fn file(&self, path: &str) -> anyhow::Result<String> {
        let directory = tempfile::tempdir()?;
        let target = directory.path().join("file");
        docker(["cp", &format!("{}:{path}", self.name)])
            .arg(&target)
            .succeed()?;
        Ok(std::fs::read_to_string(target)?)
    }

    /// Copies a file or a tree out of it into a directory, running or not, with its owners: `docker cp` by
    /// itself makes everything ours.
    pub fn copy(&self, path: &str, directory: &Path) -> anyhow::Result<()> {
        let pipe = r#"set -o pipefail; docker cp "$0" - | tar -xp --numeric-owner -C "$1""#;
        call("bash")
            .args(["-c", pipe, &format!("{}:{path}", self.name)])
            .arg(directory)
            .succeed()?;
        Ok(())
    }

    /// Waits until `zkServer.sh status` in the container says what the server is: leader, follower,
    /// observer or standalone.
    pub fn mode(&self, limit: Duration) -> anyhow::Result<String> {
        let result = until("`zkServer.sh status` says `Mode:`", limit, || {
            let status = self.exec(["zkServer.sh", "status"])?;
            let mode = (status.stdout.lines()).find_map(|line| line.strip_prefix("Mode: "));
            match mode {
                Some(mode) if status.code == 0 => Ok(Seen::Yes(mode.to_owned())),
                _ if self.inspect("{{.State.Status}}")? == "exited" => bail!("it has ended"),
                _ => Ok(Seen::NotYet(status.said())),
            }
        });
        self.explain(result)
    }

    /// Waits until the engine's health check calls the container healthy.
    pub fn healthy(&self, limit: Duration) -> anyhow::Result<()> {
        let result = until("the container is healthy", limit, || {
            let health = self.inspect("{{.State.Health.Status}}")?;
            Ok(match health.as_str() {
                "healthy" => Seen::Yes(()),
                "unhealthy" => bail!(
                    "it is unhealthy: {}",
                    self.inspect("{{json .State.Health.Log}}")?
                ),
                _ => Seen::NotYet(health),
            })
        });
        self.explain(result)
    }

    /// `docker attach`, with these options.
    pub fn attach<const N: usize>(&self, options: [&str; N]) -> anyhow::Result<Attached> {
        let mut arguments = vec!["attach"];
        arguments.extend(options);
        arguments.push(&self.name);
        Attached::start(&arguments)
    }

    /// `docker start`, after it has ended.
    pub fn start_again(&self) -> anyhow::Result<()> {
        self.since.set(SystemTime::now());
        docker(["start", &self.name]).succeed().map(drop)
    }

    /// `docker restart`.
    pub fn restart(&self) -> anyhow::Result<()> {
        self.since.set(SystemTime::now());
        docker(["restart", &self.name]).succeed().map(drop)
    }

    /// `docker kill`, without a word of warning.
    pub fn kill(&self) -> anyhow::Result<()> {
        docker(["kill", &self.name]).succeed().map(drop)
    }

    /// `docker stop`, and how long it took.
    pub fn stop(&self) -> anyhow::Result<Duration> {
        let start = Instant::now();
        docker(["stop", &self.name]).succeed()?;
        Ok(start.elapsed())
    }

    /// `docker pause`: everything in it stands still, and its connections stay.
    pub fn pause(&self) -> anyhow::Result<()> {
        docker(["pause", &self.name]).succeed().map(drop)
    }

    /// `docker unpause`.
    pub fn unpause(&self) -> anyhow::Result<()> {
        docker(["unpause", &self.name]).succeed().map(drop)
    }

    /// The status it left with; an error while it runs.
    pub fn exit_code(&self) -> anyhow::Result<i32> {
        let state = self.inspect("{{.State.Status}} {{.State.ExitCode}}")?;
        let code = (state.strip_prefix("exited "))
            .with_context(|| format!("the container is `{state}`, not exited"))?;
        Ok(code.parse()?)
    }

    /// Waits until it ends by itself; the status it left with.
    pub fn ended(&self, limit: Duration) -> anyhow::Result<i32> {
        let result = until("the container ends", limit, || {
            Ok(match self.exit_code() {
                Ok(code) => Seen::Yes(code),
                Err(state) => Seen::NotYet(state.to_string()),
            })
        });
        self.explain(result)
    }

    /// A failure is told with the end of the log.
    pub fn explain<T>(&self, result: anyhow::Result<T>) -> anyhow::Result<T> {
        result.with_context(|| {
            let log = docker(["logs", "--timestamps", &self.name]).succeed();
            let log = log.map(|log| log.said()).unwrap_or_default();
            let mut lines: Vec<&str> = log.lines().collect();
            // What is said on stderr is among the rest where it belongs.
            lines.sort_by_key(|line| line.split(' ').next());
            let end = lines[lines.len().saturating_sub(60)..].join("\n");
            format!("the log of {} ends:\n{end}\n", self.name)
        })
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if self.is_ours {
            let _ = docker(["rm", "--force", "--volumes", &self.name]).finish();
        }
    }
}

/// As the engine takes it.
fn timestamp(time: SystemTime) -> anyhow::Result<String> {
    let time = time.duration_since(UNIX_EPOCH)?;
    Ok(format!("{}.{:09}", time.as_secs(), time.subsec_nanos()))
}

/// The first word of a line of a table, and what comes after it.
fn column(line: &str) -> anyhow::Result<(&str, &str)> {
    let (word, rest) = (line.trim_start().split_once(' '))
        .with_context(|| format!("no line of a table: `{line}`"))?;
    Ok((word, rest.trim_start()))
}
