//! Networks, in which containers find each other by name.

use super::{docker, unique};

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
