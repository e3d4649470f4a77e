//! The container engine, through its command line: containers and networks with names of their own
//! that vanish with their values.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::command::{Call, Finished, call};
use crate::wait::{Seen, until};

/// A call of the engine's client.
#[must_use]
pub fn docker<const N: usize>(arguments: [&str; N]) -> Call {
    call("docker").args(arguments)
}

fn unique(kind: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("zookiln-e2e-{}-{kind}{count}", std::process::id())
}

/// A network of the engine.
#[derive(Debug)]
pub struct Network {
    name: String,
}

impl Network {
    /// Makes one.
    pub fn create() -> anyhow::Result<Self> {
        let name = unique("network");
        docker(["network", "create", &name]).succeed()?;
        Ok(Self { name })
    }

    /// Its name, for `--network`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = docker(["network", "rm", &self.name]).finish();
    }
}

/// A container that is to be started.
#[derive(Debug)]
pub struct Run {
    image: String,
    options: Vec<String>,
    command: Vec<String>,
}

/// A container of this image.
#[must_use]
pub fn container(image: &str) -> Run {
    Run {
        image: image.to_owned(),
        options: Vec::new(),
        command: Vec::new(),
    }
}

impl Run {
    /// Sets a variable.
    #[must_use]
    pub fn env(self, name: &str, value: &str) -> Self {
        self.options(["--env", &format!("{name}={value}")])
    }

    /// Lets anybody connect, which a server must be told.
    #[must_use]
    pub fn anonymous(self) -> Self {
        self.env("ZOO_ALLOW_ANONYMOUS_LOGIN", "yes")
    }

    /// Puts it into a network, under this name.
    #[must_use]
    pub fn network(self, network: &Network, alias: &str) -> Self {
        self.options(["--network", network.name(), "--network-alias", alias])
    }

    /// Any other options of `docker run`.
    #[must_use]
    pub fn options<const N: usize>(mut self, options: [&str; N]) -> Self {
        self.options.extend(options.map(str::to_owned));
        self
    }

    /// The command instead of the image's.
    #[must_use]
    pub fn command<const N: usize>(mut self, words: [&str; N]) -> Self {
        self.command = words.map(str::to_owned).to_vec();
        self
    }

    /// The same, for words that are not known here.
    #[must_use]
    pub fn words<'a>(mut self, words: impl Iterator<Item = &'a str>) -> Self {
        self.command = words.map(str::to_owned).collect();
        self
    }

    /// Starts it in the background.
    pub fn start(self) -> anyhow::Result<Container> {
        let name = unique("container");
        let started = docker(["run", "--detach", "--name", &name])
            .args(&self.options)
            .arg(&self.image)
            .args(&self.command)
            .succeed();
        // The value first: a container that could be created but not started has to go, too.
        let container = Container { name };
        started?;
        Ok(container)
    }

    /// Runs it to its end.
    pub fn finish(self) -> anyhow::Result<Finished> {
        let name = unique("container");
        let _removed = Container { name: name.clone() };
        docker(["run", "--name", &name])
            .args(&self.options)
            .arg(&self.image)
            .args(&self.command)
            .finish()
    }
}

/// A container; it is removed with its volumes when the value goes.
#[derive(Debug)]
pub struct Container {
    name: String,
}

impl Container {
    /// Its name, for the engine's client.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs a command beside the server.
    pub fn exec<const N: usize>(&self, words: [&str; N]) -> anyhow::Result<Finished> {
        docker(["exec", &self.name]).args(words).finish()
    }

    /// A field of `docker inspect`, by a Go template.
    pub fn inspect(&self, template: &str) -> anyhow::Result<String> {
        docker(["inspect", "--format", template, &self.name]).stdout()
    }

    /// All that it has printed.
    pub fn logs(&self) -> anyhow::Result<String> {
        Ok(docker(["logs", &self.name]).succeed()?.said())
    }

    /// Waits until `zkServer.sh status` in the container says what the server is: leader, follower,
    /// observer or standalone.
    pub fn mode(&self, limit: Duration) -> anyhow::Result<String> {
        let result = until("`zkServer.sh status` says `Mode:`", limit, || {
            let status = self.exec(["zkServer.sh", "status"])?;
            let mode = (status.stdout.lines()).find_map(|line| line.strip_prefix("Mode: "));
            match mode {
                Some(mode) if status.code == 0 => Ok(Seen::Yes(mode.to_owned())),
                _ if self.inspect("{{.State.Running}}")? != "true" => bail!("it is not running"),
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

    /// `docker stop`, and how long it took.
    pub fn stop(&self) -> anyhow::Result<Duration> {
        let start = Instant::now();
        docker(["stop", &self.name]).succeed()?;
        Ok(start.elapsed())
    }

    /// The status it left with; an error while it runs.
    pub fn exit_code(&self) -> anyhow::Result<i32> {
        let state = self.inspect("{{.State.Status}} {{.State.ExitCode}}")?;
        let code = (state.strip_prefix("exited "))
            .with_context(|| format!("the container is `{state}`, not exited"))?;
        Ok(code.parse()?)
    }

    /// A failure is told with the end of the log.
    fn explain<T>(&self, result: anyhow::Result<T>) -> anyhow::Result<T> {
        result.with_context(|| {
            let log = self.logs().unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let end = lines[lines.len().saturating_sub(30)..].join("\n");
            format!("the log of {} ends:\n{end}\n", self.name)
        })
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = docker(["rm", "--force", "--volumes", &self.name]).finish();
    }
}
