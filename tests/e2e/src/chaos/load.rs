//! The clients: `load.py`, in a container on the network of the servers, so that it finds them by name as
//! applications do. Its programs are those of this machine.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, bail, ensure};

use super::cluster::SERVERS;
use super::history::{self, Event, Line, Moment};
use crate::engine::{Network, docker, unique};
use crate::wait::{Seen, until};

const PROGRAM: &str = include_str!("load.py");

/// The Python that Debian's modules are for, whatever else is on `PATH`.
const PYTHON: &str = "/usr/bin/python3";

/// Clients: two begin with each server.
pub const CLIENTS: u32 = 6;

/// Seconds until a server gives up a client that it no longer hears of.
pub const SESSION: Duration = Duration::from_secs(10);

/// Seconds between two operations of one client, give or take a half.
const PAUSE: &str = "0.04";

/// Until nodes are made on an ensemble that serves, and read at the end.
const PATIENCE: Duration = Duration::from_secs(150);

/// Clients that run.
#[derive(Debug)]
pub struct Load {
    container: String,
    child: Child,
    input: Option<ChildStdin>,
    reader: Option<JoinHandle<anyhow::Result<()>>>,
    heard: Arc<Mutex<Heard>>,
    errors: PathBuf,
}

/// What has been said so far.
#[derive(Debug, Default)]
struct Heard {
    events: Vec<Event>,
    rounds: BTreeSet<String>,
    has_ended: bool,
}

impl Load {
    /// Starts them. The record is kept in the directory, too.
    pub fn start(
        image: &str,
        network: &Network,
        seed: u64,
        directory: &Path,
    ) -> anyhow::Result<Self> {
        let program = directory.join("load.py");
        fs::write(&program, PROGRAM)?;
        let errors = directory.join("clients.log");
        let container = unique("load");
        let mut child = Command::new("docker")
            .args(["run", "--rm", "--interactive", "--name", &container])
            .arg("--no-healthcheck")
            .args(["--network", network.name(), "--entrypoint", PYTHON])
            .args(["--volume", "/usr:/usr:ro"])
            .arg("--volume")
            .arg(format!("{}:/load.py:ro", program.display()))
            .args([image, "/load.py"])
            .args(["--seed", &seed.to_string()])
            .args(["--clients", &CLIENTS.to_string()])
            .args(["--session", &SESSION.as_secs().to_string()])
            .args(["--pause", PAUSE])
            .args(SERVERS.map(|name| format!("{name}:2181")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&errors)?)
            .spawn()
            .context("cannot run `docker`")?;
        let input = child.stdin.take();
        let output = child.stdout.take().context("its output is a pipe")?;
        let heard = Arc::new(Mutex::new(Heard::default()));
        let copy = File::create(directory.join("history.jsonl"))?;
        let listener = heard.clone();
        let reader = std::thread::spawn(move || {
            let result = listen(BufReader::new(output), copy, &listener);
            lock(&listener).has_ended = true;
            result
        });
        Ok(Self {
            container,
            child,
            input,
            reader: Some(reader),
            heard,
            errors,
        })
    }

    /// Lets them go on with other nodes; back when these are there.
    pub fn begin(&mut self, round: &str) -> anyhow::Result<()> {
        self.say(&format!("round {round}"))?;
        self.wait("the clients have their nodes", PATIENCE, |heard| {
            heard.rounds.contains(round)
        })
    }

    /// Waits until each client has been promised something that it asked for after this moment.
    pub fn all_go_on(&self, since: Moment, limit: Duration) -> anyhow::Result<()> {
        self.wait("every client has written", limit, |heard| {
            let recent = heard.events.iter().rev();
            let recent = recent.take_while(|event| event.end > since);
            let written = recent.filter(|event| event.start > since && event.is_promise());
            let clients: BTreeSet<u32> = written.map(|event| event.id.client).collect();
            (1..=CLIENTS).all(|client| clients.contains(&client))
        })
    }

    /// All that was recorded so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        lock(&self.heard).events.clone()
    }

    /// Lets them end and read everything; the whole record.
    pub fn finish(mut self) -> anyhow::Result<Vec<Event>> {
        self.say("finish")?;
        let ended = until("the clients come to an end", PATIENCE, || {
            Ok(match self.child.try_wait()? {
                Some(status) => Seen::Yes(status),
                None => Seen::NotYet("they are still there".to_owned()),
            })
        });
        let ended = ended.with_context(|| self.last_words())?;
        if let Some(reader) = self.reader.take() {
            match reader.join() {
                Ok(result) => result?,
                Err(_) => bail!("the reader of the record panicked"),
            }
        }
        ensure!(ended.success(), "clients: {ended}\n{}", self.last_words());
        Ok(std::mem::take(&mut lock(&self.heard).events))
    }

    fn say(&mut self, line: &str) -> anyhow::Result<()> {
        let input = self.input.as_mut().context("the clients listen no more")?;
        let said = writeln!(input, "{line}").and_then(|()| input.flush());
        said.with_context(|| self.last_words())
    }

    fn wait(
        &self,
        condition: &str,
        limit: Duration,
        holds: impl Fn(&Heard) -> bool,
    ) -> anyhow::Result<()> {
        let result = until(condition, limit, || {
            let heard = lock(&self.heard);
            ensure!(!heard.has_ended, "the clients have ended");
            Ok(match holds(&heard) {
                true => Seen::Yes(()),
                false => Seen::NotYet(format!("{} operations", heard.events.len())),
            })
        });
        result.with_context(|| self.last_words())
    }

    fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.errors).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(30)..].join("\n");
        format!("the clients said last:\n{end}\n")
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = docker(["rm", "--force", "--volumes", &self.container]).finish();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listen(output: impl BufRead, mut copy: File, heard: &Arc<Mutex<Heard>>) -> anyhow::Result<()> {
    for line in output.lines() {
        let line = line?;
        writeln!(copy, "{line}")?;
        match history::line(&line)? {
            Line::Event(event) => lock(heard).events.push(*event),
            Line::Ready(round) => drop(lock(heard).rounds.insert(round)),
        }
    }
    Ok(())
}

fn lock(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}
