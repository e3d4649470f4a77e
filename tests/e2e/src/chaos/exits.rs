//! How containers end, also those that the engine starts again at once: its own record of the past is short
//! and shared by everybody, so this listens from the beginning.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::engine::Container;
use crate::wait::{Seen, until};

/// Until the engine has told what has happened.
const NEWS: Duration = Duration::from_secs(30);

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
    heard: Arc<Mutex<Heard>>,
}

/// What the engine has told so far.
#[derive(Debug, Default)]
struct Heard {
    exits: Vec<Exit>,
    /// The programs that were run in containers, by the container and the status; a health check is one.
    programs: Vec<Exit>,
    has_ended: bool,
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
                "event=exec_die",
                "--filter",
                &format!("label={label}"),
            ])
            .args([
                "--format",
                "{{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.exitCode}}",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot run `docker events`")?;
        let output = child.stdout.take().context("its output is a pipe")?;
        let heard = Arc::new(Mutex::new(Heard::default()));
        let listener = heard.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                lock(&listener).hear(&line);
            }
            lock(&listener).has_ended = true;
        });
        Ok(Self {
            label,
            child,
            heard,
        })
    }

    /// What a container is to be labelled with.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// How many there were so far. Fails where nobody has listened, and none would be seen.
    pub fn count(&self) -> anyhow::Result<usize> {
        Ok(self.listening()?.exits.len())
    }

    /// Those after the first so many, none of which is still to be told: the engine tells everything in its
    /// order, so this waits for a program that ends now. The container is one with our label.
    pub fn after(&self, count: usize, marker: &Container) -> anyhow::Result<Vec<Exit>> {
        let known = self.listening()?.programs.len();
        // Another one each time, so that no earlier one is taken for it; nothing else ends with these.
        let code = 100 + i32::try_from(known % 20)?;
        marker.exec(["sh", "-c", &format!("exit {code}")])?;
        until("the engine tells of a program that has ended", NEWS, || {
            let heard = self.listening()?;
            let mut programs = heard.programs.iter().skip(known);
            let is_told = programs.any(|one| one.container == marker.name() && one.code == code);
            Ok(match is_told {
                true => Seen::Yes(()),
                false => Seen::NotYet(format!("{} programs", heard.programs.len())),
            })
        })?;
        let heard = self.listening()?;
        Ok(heard.exits.iter().skip(count).cloned().collect())
    }

    fn listening(&self) -> anyhow::Result<MutexGuard<'_, Heard>> {
        let heard = lock(&self.heard);
        ensure!(!heard.has_ended, "`docker events` has ended");
        Ok(heard)
    }
}

impl Drop for Exits {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Heard {
    fn hear(&mut self, line: &str) {
        match told(line) {
            Some(("die", exit)) => self.exits.push(exit),
            Some(("exec_die", program)) => self.programs.push(program),
            _ => {}
        }
    }
}

fn told(line: &str) -> Option<(&str, Exit)> {
    let (action, exit) = line.split_once(' ')?;
    let (container, code) = exit.split_once(' ')?;
    let exit = Exit {
        container: container.to_owned(),
        code: code.parse().ok()?,
    };
    Some((action, exit))
}

fn lock(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_told_from_programs_in_them() {
        let mut heard = Heard::default();
        for line in [
            "die zoo-1 137",
            "exec_die holder 100",
            "die zoo-2",
            "stop zoo-1 0",
        ] {
            heard.hear(line);
        }
        let exit = |container: &str, code| Exit {
            container: container.to_owned(),
            code,
        };
        assert_eq!(heard.exits, [exit("zoo-1", 137)]);
        assert_eq!(heard.programs, [exit("holder", 100)]);
    }
}
