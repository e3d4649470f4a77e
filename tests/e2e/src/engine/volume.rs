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

    /// Makes one of this size. It is in memory, so it is empty again after a moment in which no running
    /// container uses it.
    pub fn of_size(megabytes: u32) -> anyhow::Result<Self> {
        let name = unique("volume");
        docker([
            "volume",
            "create",
            "--opt",
            "type=tmpfs",
            "--opt",
            "device=tmpfs",
        ])
        .args(["--opt", &format!("o=size={megabytes}m")])
        .arg(&name)
        .succeed()?;
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
