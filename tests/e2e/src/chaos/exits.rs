//! How containers end, also those that the engine starts again at once: its own record of the past is short
//! and shared by everybody, so this listens from the beginning.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;

/// A container that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// Its name.
    pub container: String,
    /// The status it left with.
    pub code: i32,
}

/// Listens to the engine; it ends with the value.
#[derive(Debug)]
pub struct Exits {
    label: String,
    child: Child,
    seen: Arc<Mutex<Vec<Exit>>>,
}

impl Exits {
    /// Listens for containers with a label that is named like this.
    pub fn listen(name: &str) -> anyhow::Result<Self> {
        let label = format!("zookiln.chaos={name}");
        let mut child = Command::new("docker")
            .args([
                "events",
                "--filter",
                "event=die",
                "--filter",
                &format!("label={label}"),
            ])
            .args([
                "--format",
                "{{.Actor.Attributes.name}} {{.Actor.Attributes.exitCode}}",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot run `docker events`")?;
        let output = child.stdout.take().context("its output is a pipe")?;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = seen.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Some(exit) = exit(&line) {
                    lock(&noted).push(exit);
                }
            }
        });
        Ok(Self { label, child, seen })
    }

    /// What a container is to be labelled with.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// How many there were so far.
    #[must_use]
    pub fn count(&self) -> usize {
        lock(&self.seen).len()
    }

    /// Those after the first so many.
    #[must_use]
    pub fn after(&self, count: usize) -> Vec<Exit> {
        lock(&self.seen).iter().skip(count).cloned().collect()
    }
}

impl Drop for Exits {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn exit(line: &str) -> Option<Exit> {
    let (container, code) = line.split_once(' ')?;
    Some(Exit {
        container: container.to_owned(),
        code: code.parse().ok()?,
    })
}

fn lock(seen: &Mutex<Vec<Exit>>) -> MutexGuard<'_, Vec<Exit>> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
