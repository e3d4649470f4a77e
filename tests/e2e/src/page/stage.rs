//! Where a page is run: a directory and one bash, in which what one step sets the next one has.
//!
//! All that has a name of the page's is removed with the value, after a failure, too.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::ensure;

use super::shown::is_shown;
use super::{Names, Page, Step};
use crate::command::{Call, call};
use crate::engine::docker;

/// Names of the volumes of a container, for `docker inspect`.
const MOUNTS: &str = "{{range .Mounts}}{{.Name}} {{end}}";

/// Volumes that containers of the page had at some time.
const VOLUMES: &str = "volumes";

/// A place for one run of one page.
#[derive(Debug)]
pub struct Stage {
    names: Names,
    /// Where the commands are run.
    directory: PathBuf,
    /// What is needed to run them.
    backstage: tempfile::TempDir,
}

impl Stage {
    /// One in a directory of its own.
    pub fn new(names: Names, directory: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            names,
            directory: directory.to_owned(),
            backstage: tempfile::tempdir()?,
        })
    }

    /// Runs the steps in their order, up to one that fails. That is an error, and so is each that has printed
    /// something else than the page shows.
    pub fn run(&self, page: &Page) -> anyhow::Result<()> {
        let mut script = self.prelude();
        for (number, step) in page.steps.iter().enumerate() {
            fs::write(self.file(number, "sh"), self.names.own(&step.command))?;
            script.push_str(&format!("step {number}\n"));
        }
        let script_path = self.backstage.path().join("page.sh");
        fs::write(&script_path, script)?;
        let finished = self.bash(&script_path).finish();

        let mut wrong = Vec::new();
        for (number, step) in page.steps.iter().enumerate() {
            let Ok(printed) = fs::read(self.file(number, "out")) else {
                break;
            };
            let printed = self.names.documented(&String::from_utf8_lossy(&printed));
            if self.file(number, "done").exists() {
                wrong.extend(compare(step, &printed).err().map(|error| error.to_string()));
                continue;
            }
            let why = match &finished {
                Ok(_) => "fails".to_owned(),
                Err(error) => error.to_string(),
            };
            wrong.push(format!(
                "line {}: `{}` {why}; it printed:\n{printed}\n{}",
                step.line,
                step.command.trim(),
                self.last_words()
            ));
        }
        ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
        let finished = finished?;
        ensure!(finished.code == 0, "bash fails: {}", finished.said());
        Ok(())
    }

    /// `step N` runs a step. Volumes without a name are noted while their containers are there.
    fn prelude(&self) -> String {
        let backstage = self.backstage.path().display();
        let prefix = self.names.prefix();
        format!(
            "step() {{\n\
             . '{backstage}'/\"$1.sh\" >'{backstage}'/\"$1.out\" 2>&1 </dev/null\n\
             touch '{backstage}'/\"$1.done\"\n\
             docker ps --all --quiet --filter name={prefix} |\n\
             xargs --no-run-if-empty docker inspect --format '{MOUNTS}' >>'{backstage}'/{VOLUMES} || :\n\
             }}\n"
        )
    }

    /// A page has deadlines of its own, whose status is that of ours.
    fn bash(&self, script: &Path) -> Call {
        call("bash")
            .args(["-c", r#"bash -euo pipefail "$0" || exit 1"#])
            .arg(script)
            .directory(&self.directory)
    }

    fn file(&self, number: usize, kind: &str) -> PathBuf {
        self.backstage.path().join(format!("{number}.{kind}"))
    }

    /// Picks what has a name of this stage, from a list of the engine.
    fn ours(&self) -> [String; 2] {
        [
            "--filter".to_owned(),
            format!("name={}", self.names.prefix()),
        ]
    }

    /// What the containers have said last, for a message.
    fn last_words(&self) -> String {
        let format = "{{.Names}} {{.Status}}";
        let list = docker(["ps", "--all", "--format", format]).args(self.ours());
        let mut words = String::new();
        for line in list.stdout().unwrap_or_default().lines() {
            let name = line.split(' ').next().unwrap_or_default();
            let log = docker(["logs", "--tail", "15", name]).finish();
            let log = log.map(|log| log.said()).unwrap_or_default();
            words.push_str(&format!("== {line}\n{log}"));
        }
        self.names.documented(&words)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let noted = fs::read_to_string(self.backstage.path().join(VOLUMES)).unwrap_or_default();
        for (list, remove) in [
            (vec!["ps", "--all"], vec!["rm", "--force", "--volumes"]),
            (vec!["network", "ls"], vec!["network", "rm"]),
            (vec!["volume", "ls"], vec!["volume", "rm", "--force"]),
        ] {
            let found = call("docker").args(list).arg("--quiet").args(self.ours());
            let found = found.stdout().unwrap_or_default();
            if !found.is_empty() {
                let _ = call("docker").args(remove).args(found.lines()).finish();
            }
        }
        let noted: BTreeSet<&str> = noted.split_whitespace().collect();
        if !noted.is_empty() {
            let _ = docker(["volume", "rm", "--force"]).args(noted).finish();
        }
    }
}

/// The page shows what was printed, or nothing of it.
fn compare(step: &Step, printed: &str) -> anyhow::Result<()> {
    let Some(shown) = &step.shown else {
        return Ok(());
    };
    let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
    let lines: Vec<&str> = printed.lines().collect();
    ensure!(
        is_shown(&shown, &lines),
        "line {}: `{}` is shown to print:\n{}\nit printed:\n{printed}",
        step.line,
        step.command.trim(),
        shown.join("\n")
    );
    Ok(())
}
