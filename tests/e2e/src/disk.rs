//! Disks that only the calls that are sent into them can see: of a given size, or with their directories
//! in reverse.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};

use crate::command::{Call, call};

/// A file system on a directory, in a mount namespace of its own; it ends with the value.
#[derive(Debug)]
pub struct Disk {
    directory: PathBuf,
    /// Lives in the namespace, and so does the namespace with it. It ends with its standard input,
    /// which the system closes also for a run that is killed.
    holder: Child,
}

impl Disk {
    /// Makes the directory and mounts a `tmpfs` of that size there.
    pub fn of_size(directory: &Path, megabytes: u32) -> anyhow::Result<Self> {
        let size = format!("size={megabytes}m");
        Self::mount(directory, r#"mount -t tmpfs -o "$1" tmpfs "$0""#, &size)
    }

    /// Makes the directory and mounts a file system there that lists every directory from the last
    /// name to the first. What is written to it is in the other directory.
    pub fn reversed(directory: &Path, kept_in: &Path) -> anyhow::Result<Self> {
        fs::create_dir(kept_in)?;
        let kept_in = kept_in.to_str().context("a path that is text")?;
        let script = r#"disorderfs --quiet --sort-dirents=yes --reverse-dirents=yes "$1" "$0""#;
        let disk = Self::mount(directory, script, kept_in)?;
        for name in ["a", "b", "c"] {
            fs::write(disk.seen_from_outside(name), "")?;
        }
        let listed = disk.send(call("ls")).arg("-U").arg(directory).stdout()?;
        ensure!(listed == "c\nb\na", "not in reverse: {listed}");
        Ok(disk)
    }

    fn mount(directory: &Path, mount: &str, argument: &str) -> anyhow::Result<Self> {
        fs::create_dir(directory)
            .with_context(|| format!("cannot make `{}`", directory.display()))?;
        // A daemon that serves the file system would keep the namespace, so it is ended as well.
        let script = format!(r#"{mount} && echo mounted && cat; umount --lazy "$0""#);
        let mut holder = Command::new("unshare")
            .args(["--mount", "sh", "-c", &script])
            .arg(directory)
            .arg(argument)
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
        ensure!(line == "mounted\n", "not done: `{mount}`");
        Ok(disk)
    }

    /// A disk of a size is a larger or a smaller one from now on, with what is on it.
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

impl Drop for Disk {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}
