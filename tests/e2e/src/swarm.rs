//! A swarm of this machine alone, and stacks in it. A swarm that was there before is used and stays.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::engine::{Container, docker, unique};
use crate::wait::{Seen, until};

/// The bridge that an engine makes for its swarm, and leaves behind.
const BRIDGE: &str = "docker_gwbridge";

/// Tasks that have to end, and what was theirs.
const REMOVAL: Duration = Duration::from_secs(60);

/// An engine that is a swarm.
#[derive(Debug)]
pub struct Swarm {
    was_there: bool,
    had_bridge: bool,
}

/// What `docker stack deploy` has made.
#[derive(Debug)]
pub struct Stack<'a> {
    name: String,
    /// There is none without it.
    _swarm: &'a Swarm,
}

/// A secret of the swarm.
#[derive(Debug)]
pub struct Secret<'a> {
    name: String,
    _swarm: &'a Swarm,
}

impl Swarm {
    /// Makes one that listens on loopback only, unless there is one.
    pub fn join() -> anyhow::Result<Self> {
        let state = docker(["info", "--format", "{{.Swarm.LocalNodeState}}"]).stdout()?;
        let bridge = docker(["network", "inspect", BRIDGE]).finish()?;
        let swarm = Self {
            was_there: state == "active",
            had_bridge: bridge.code == 0,
        };
        if !swarm.was_there {
            docker(["swarm", "init"])
                .args([
                    "--advertise-addr",
                    "127.0.0.1",
                    "--listen-addr",
                    "127.0.0.1",
                ])
                .succeed()?;
        }
        Ok(swarm)
    }

    /// Undoes it. The engine takes every container off its networks then, also those that the swarm knows
    /// nothing of: no other trial may run.
    pub fn leave(&self) {
        if !self.was_there {
            let _ = docker(["swarm", "leave", "--force"]).finish();
        }
        if !self.had_bridge {
            let _ = docker(["network", "rm", BRIDGE]).finish();
        }
    }

    /// Makes a secret, of a file.
    pub fn secret(&self, name: &str, file: &Path) -> anyhow::Result<Secret<'_>> {
        docker(["secret", "create", name]).arg(file).succeed()?;
        Ok(Secret {
            name: name.to_owned(),
            _swarm: self,
        })
    }

    /// Deploys a file. The image is one that no registry has.
    pub fn deploy(&self, file: &Path) -> anyhow::Result<Stack<'_>> {
        let stack = Stack {
            name: unique("stack"),
            _swarm: self,
        };
        docker(["stack", "deploy", "--resolve-image", "never"])
            .arg("--compose-file")
            .arg(file)
            .arg(&stack.name)
            .succeed()?;
        Ok(stack)
    }
}

impl Drop for Secret<'_> {
    fn drop(&mut self) {
        let _ = docker(["secret", "rm", &self.name]).finish();
    }
}

impl Stack<'_> {
    /// The whole name of a service.
    #[must_use]
    pub fn service(&self, name: &str) -> String {
        format!("{}_{name}", self.name)
    }

    /// Waits for a container of a service that is healthy, as the engine sees it, and is none of these.
    pub fn healthy(
        &self,
        service: &str,
        but: &[&Container],
        limit: Duration,
    ) -> anyhow::Result<Container> {
        let label = format!(
            "label=com.docker.swarm.service.name={}",
            self.service(service)
        );
        let list = || {
            let filters = ["--filter", &label, "--filter", "health=healthy"];
            docker(["ps", "--quiet", "--no-trunc"])
                .args(filters)
                .stdout()
        };
        let found = until(&format!("{service} is healthy"), limit, || {
            let there = list()?;
            let mut new = (there.lines()).filter(|id| but.iter().all(|old| old.name() != *id));
            Ok(match (new.next(), new.next()) {
                (Some(id), None) => Seen::Yes(Container::named(id)),
                (None, _) => Seen::NotYet("it is not".to_owned()),
                (Some(_), Some(_)) => bail!("{service} has several containers: {there}"),
            })
        });
        found.with_context(|| {
            let tasks = docker(["service", "ps", "--no-trunc", &self.service(service)]).stdout();
            tasks.unwrap_or_default()
        })
    }

    /// Removes everything of it, volumes included, and waits until it is gone.
    pub fn remove(&self) -> anyhow::Result<()> {
        docker(["stack", "rm", &self.name]).succeed()?;
        let label = format!("label=com.docker.stack.namespace={}", self.name);
        for kind in [
            ["ps", "--all"].as_slice(),
            &["network", "ls"],
            &["volume", "ls"],
        ] {
            until("what a stack has made is gone", REMOVAL, || {
                let there = (docker([]).args(kind))
                    .args(["--quiet", "--filter", &label])
                    .stdout()?;
                if there.is_empty() {
                    return Ok(Seen::Yes(()));
                }
                if kind[0] == "volume" {
                    docker(["volume", "rm"]).args(there.lines()).finish()?;
                }
                Ok(Seen::NotYet(format!("{kind:?}: {there}")))
            })?;
        }
        Ok(())
    }
}

impl Drop for Stack<'_> {
    fn drop(&mut self) {
        let _ = self.remove();
    }
}
