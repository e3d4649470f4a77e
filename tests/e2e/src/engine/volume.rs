//! Volumes with a name, which outlive the containers that use them.

use super::{docker, unique};

/// A volume of the engine.
#[derive(Debug)]
pub struct Volume {
    name: String,
}

impl Volume {
    /// Makes one.
    pub fn create() -> anyhow::Result<Self> {
        let name = unique("volume");
        docker(["volume", "create", &name]).succeed()?;
        Ok(Self { name })
    }

    /// Its name, for `--volume`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let _ = docker(["volume", "rm", "--force", &self.name]).finish();
    }
}
