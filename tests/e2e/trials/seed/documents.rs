//! What was run is what users are told.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use e2e::images::World;
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
            .map(|block| unindented(block))
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
        files.push(fs::read_to_string(entry?.path())?);
    }
    for name in DOCUMENTS {
        for block in blocks(name)? {
            let Some(yaml) = block.strip_prefix("yaml\n") else {
                continue;
            };
            ensure!(
                files.iter().any(|file| file == yaml),
                "{name} shows what is no file in examples/:\n{yaml}"
            );
        }
    }
    Ok(())
}

/// The fenced blocks of a document, each with the name of its language in the first line.
fn blocks(name: &str) -> anyhow::Result<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name);
    let text = fs::read_to_string(path).with_context(|| name.to_owned())?;
    let blocks = text.split("```").skip(1).step_by(2);
    Ok(blocks.map(str::to_owned).collect())
}

/// A command in a list is indented more, which is all the same to a shell.
fn unindented(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    lines.join("\n")
}
