//! Networks, in which containers find each other by name.

use std::net::{IpAddr, Ipv4Addr};

use anyhow::Context;

use super::{Container, docker, unique};

/// Ranges that are tried, one after the other, for a network that needs a range of its own.
const RANGES: std::ops::Range<u8> = 160..224;

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

    /// Makes one in which a container can be given an address: engines want to be told its range then.
    pub fn with_addresses() -> anyhow::Result<Self> {
        let name = unique("network");
        let mut refused = None;
        for range in RANGES {
            let subnet = format!("{}/24", Ipv4Addr::new(10, 213, range, 0));
            match docker(["network", "create", "--subnet", &subnet, &name]).succeed() {
                Ok(_) => return Ok(Self { name }),
                // Somebody has that one.
                Err(error) => refused = Some(error),
            }
        }
        let refused = refused.context("there are ranges to try")?;
        Err(refused.context("no range of addresses is free"))
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

    /// The same at an address, of a network that has a range of its own.
    pub fn connect_at(
        &self,
        container: &Container,
        name: &str,
        address: IpAddr,
    ) -> anyhow::Result<()> {
        docker(["network", "connect", "--ip", &address.to_string()])
            .args(["--alias", name, &self.name, container.name()])
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
