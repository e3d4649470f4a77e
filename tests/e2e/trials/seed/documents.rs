//! What was run is what users are told.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use e2e::images::World;
use e2e::markdown::{Fence, fences};
use libtest_mimic::Trial;

use super::compose::example;
use super::promises;
use crate::Suite;

/// Where users are told.
const DOCUMENTS: [&str; 2] = ["README.zh-CN.md", "docs/image.md"];

pub(super) fn trials(suite: &Suite) -> Vec<Trial> {
    vec![
        suite.trial("seed_commands_are_documented", &[], commands),
        suite.trial("seed_compose_files_are_documented", &[], compose_files),
    ]
}

fn commands(_: &World) -> anyhow::Result<()> {
    for name in DOCUMENTS {
        let blocks: Vec<String> = blocks(name)?
            .iter()
            .map(|block| unindented(&block.text))
            .collect();
        for promise in promises::ALL {
            ensure!(
                blocks
                    .iter()
                    .any(|block| block.contains(&unindented(promise.ours))),
                "{name} does not show:\n{}",
                promise.ours
            );
        }
    }
    Ok(())
}

/// Every YAML file that is shown is one that was run.
fn compose_files(_: &World) -> anyhow::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(example(""))? {
        let path = entry?.path();
        if path.is_file() {
            files.push(fs::read_to_string(path)?);
        }
    }
    for name in DOCUMENTS {
        for block in blocks(name)? {
            ensure!(
                block.language != "yaml" || files.contains(&block.text),
                "{name} shows what is no file in examples/:\n{}",
                block.text
            );
        }
    }
    Ok(())
}

fn blocks(name: &str) -> anyhow::Result<Vec<Fence>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name);
    let text = fs::read_to_string(path).with_context(|| name.to_owned())?;
    fences(&text).with_context(|| name.to_owned())
}

/// A command in a list is indented more, which is all the same to a shell.
fn unindented(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    lines.join("\n")
}
