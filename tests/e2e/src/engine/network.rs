//! Networks, in which containers find each other by name.

use super::{Container, docker, unique};

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

    /// Pulls the cable of a running container.
    pub fn disconnect(&self, container: &Container) -> anyhow::Result<()> {
        docker(["network", "disconnect", &self.name, container.name()])
            .succeed()
            .map(drop)
    }

    /// Puts a running container in, under this name.
    pub fn connect(&self, container: &Container, name: &str) -> anyhow::Result<()> {
        docker(["network", "connect", "--alias", name, &self.name])
            .arg(container.name())
            .succeed()
            .map(drop)
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
