//! A disk of a given size, which only the calls that are sent into it can see and fill.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};

use crate::command::{Call, call};

/// A `tmpfs` on a directory, in a mount namespace of its own; it ends with the value.
#[derive(Debug)]
pub struct SmallDisk {
    directory: PathBuf,
    /// Lives in the namespace, and so does the namespace with it. It ends with its standard input,
    /// which the system closes also for a run that is killed.
    holder: Child,
}

impl SmallDisk {
    /// Makes the directory and mounts the disk there.
    pub fn mount(directory: &Path, megabytes: u32) -> anyhow::Result<Self> {
        fs::create_dir(directory)
            .with_context(|| format!("cannot make `{}`", directory.display()))?;
        let script = r#"mount -t tmpfs -o "size=$1m" tmpfs "$0" && echo mounted && exec cat"#;
        let mut holder = Command::new("unshare")
            .args(["--mount", "sh", "-c", script])
            .arg(directory)
            .arg(megabytes.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot run `unshare`")?;
        let output = holder.stdout.take().context("its output is a pipe")?;
        let disk = Self {
            directory: directory.to_owned(),
            holder,
        };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        ensure!(line == "mounted\n", "cannot mount a `tmpfs`");
        Ok(disk)
    }

    /// The disk is a larger or a smaller one from now on, with what is on it.
    pub fn resize(&self, megabytes: u32) -> anyhow::Result<()> {
        (self.send(call("mount")))
            .args(["-o", &format!("remount,size={megabytes}m")])
            .arg(&self.directory)
            .succeed()
            .map(drop)
    }

    /// Lets a program see the disk. It starts at the root directory.
    #[must_use]
    pub fn send(&self, program: Call) -> Call {
        program.through([
            "nsenter",
            &format!("--mount=/proc/{}/ns/mnt", self.holder.id()),
        ])
    }

    /// A place on the disk for whoever was not sent into it.
    #[must_use]
    pub fn seen_from_outside(&self, path: &str) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        let directory = self.directory.strip_prefix("/").unwrap_or(&self.directory);
        root.join(directory).join(path)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
