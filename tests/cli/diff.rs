//! `diff`: in what two images differ.

mod document;
mod files;
mod images;
mod settings_and_headers;
mod trouble;

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use crate::support::{Layout, Member, Rewritten, Run, Workspace, fixture, json as parse};

/// Where the images of a test are.
struct Images {
    workspace: Workspace,
}

impl Images {
    fn build<const N: usize>(images: [(&str, &str); N]) -> Self {
        let workspace = Workspace::new();
        for (version, variant) in images {
            workspace
                .zookiln(["--quiet", "build", "--version", version])
                .arg("--variant")
                .arg(variant)
                .succeed();
        }
        Self { workspace }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.workspace.project().join(name)
    }

    fn layout(&self, name: &str) -> Layout {
        Layout::read(&self.path(name))
    }

    /// Writes `OLD` with something changed as `name`.
    fn rewrite(&self, name: &str, edit: impl FnOnce(&mut Rewritten)) {
        let mut rewritten = self.layout(OLD).rewritten();
        edit(&mut rewritten);
        rewritten.write(&self.path(name));
    }

    fn diff(&self, old: &str, new: &str) -> Run {
        self.workspace.zookiln(["diff", old, new]).run()
    }

    fn diff_json(&self, old: &str, new: &str) -> (Option<i32>, Value) {
        let run = self
            .workspace
            .zookiln(["diff", old, new, "--format", "json"])
            .run();
        assert_eq!(run.stderr, "");
        (run.code, parse(&run.stdout))
    }
}

const OLD: &str = "images/zookeeper-3.5.7";
const NEW: &str = "images/zookeeper-3.6.1";
const DISTROLESS: &str = "images/zookeeper-3.5.7-distroless";

/// The transcript without what the entrypoint's bytes have a say in: digests and sums.
fn shown(run: &Run) -> String {
    let digests = |line: &str| -> String {
        let mut parts = line.split("sha256:");
        let mut line = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let rest = part.trim_start_matches(|digit: char| digit.is_ascii_hexdigit());
            line.push_str("sha256:…");
            line.push_str(rest);
        }
        line
    };
    let sums = |line: &str| match line.split_once("linux/") {
        Some((before, rest))
            if before.starts_with("size ") || (before.len() > 8 && before.trim().is_empty()) =>
        {
            let platform = rest.split(' ').next().unwrap_or_default();
            let word = match rest {
                rest if rest.contains("only") || rest.contains("same image") => {
                    rest.split_once(", ").map_or("", |(_, word)| word)
                }
                _ => "…",
            };
            format!("{before}linux/{platform}  {word}")
        }
        _ => line.to_owned(),
    };
    run.transcript()
        .lines()
        .map(|line| format!("{}\n", sums(&digests(line))))
        .collect()
}
