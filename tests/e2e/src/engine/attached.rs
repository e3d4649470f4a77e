//! Clients of the engine that stay: `docker attach`.

use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use tempfile::NamedTempFile;

use crate::command::call;
use crate::wait::{Seen, until};

/// A client in the foreground of nobody's terminal; it is killed when the value goes.
#[derive(Debug)]
pub struct Attached {
    child: Child,
    output: NamedTempFile,
}

impl Attached {
    pub(super) fn start(arguments: &[&str]) -> anyhow::Result<Self> {
        let output = NamedTempFile::new()?;
        let into = || -> anyhow::Result<File> { Ok(output.as_file().try_clone()?) };
        let child = Command::new("docker")
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(into()?)
            .stderr(into()?)
            .spawn()
            .context("cannot run `docker`")?;
        Ok(Self { child, output })
    }

    /// All that it has shown.
    pub fn shown(&self) -> anyhow::Result<String> {
        let bytes = std::fs::read(self.output.path())?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// What Ctrl-C sends.
    pub fn interrupt(&self) -> anyhow::Result<()> {
        let pid = self.child.id().to_string();
        let sent = call("kill").args(["-s", "INT", &pid]).finish()?;
        ensure!(sent.code == 0, "cannot interrupt: {}", sent.said());
        Ok(())
    }

    /// Waits until it leaves; its exit status, nothing where a signal has ended it.
    pub fn left(&mut self, limit: Duration) -> anyhow::Result<Option<i32>> {
        until("the attached client leaves", limit, || {
            Ok(match self.child.try_wait()? {
                Some(status) => Seen::Yes(status.code()),
                None => Seen::NotYet("it is still there".to_owned()),
            })
        })
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
