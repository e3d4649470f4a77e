//! Without a network: `--offline`, in a network namespace that has none.

use std::collections::BTreeSet;
use std::fs;

use anyhow::Context;
use e2e::images::{VERSIONS, World, full};
use e2e::layout::Layout;
use e2e::need::{Need, UNSHARE};
use e2e::vendored::{IMAGE, PLATFORM, names};
use libtest_mimic::Trial;
use serde_json::Value;

use crate::{Suite, contains, same};

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    let needs = &[Need::Root, UNSHARE];
    vec![
        suite.trial("offline_after_a_build", needs, after_a_build),
        suite.trial("offline_with_an_empty_cache", needs, empty_cache),
        suite.trial("offline_from_a_vendored_directory", needs, vendored),
    ]
}

/// Both platforms, from the cache that the builds of this run have filled.
fn after_a_build(world: &World) -> anyhow::Result<()> {
    let image = full(VERSIONS[1]);
    let expected = world.layout(image)?;
    let output = world.directory("offline")?.join("layout");
    world
        .zookiln(["build", "--version", image.version, "--offline", "--output"])?
        .arg(&output)
        .through(["unshare", "--net"])
        .succeed()?;
    same(
        "digest",
        expected.digest()?,
        Layout::read(&output)?.digest()?,
    )
}

/// All that is missing is named at once, and it is what a dry run lists.
fn empty_cache(world: &World) -> anyhow::Result<()> {
    let directory = world.directory("offline-empty")?;
    let (cache, output) = (directory.join("cache"), directory.join("layout"));
    let build = |options: &[&str]| -> anyhow::Result<_> {
        Ok(world
            .zookiln(["build", "--version", VERSIONS[1], "--output"])?
            .arg(&output)
            .args(options)
            .env("HOME", &directory)
            .env("ZOOKILN_CACHE", &cache)
            .through(["unshare", "--net"]))
    };
    let listed = build(&["--dry-run", "--format", "json"])?.stdout()?;
    same(
        "files after a dry run",
        0,
        fs::read_dir(&directory)?.count(),
    )?;
    let listed: Value = serde_json::from_str(&listed)?;
    let listed = listed["fetch"].as_array().context("no list of files")?;

    let finished = build(&["--offline"])?.finish()?;

    same("exit status", 1, finished.code)?;
    same("standard output", "", &finished.stdout)?;
    let lines: Vec<&str> = finished.stderr.lines().collect();
    let named: BTreeSet<&str> = (lines.iter())
        .filter_map(|line| line.strip_prefix("  ")?.split([',', ' ']).next())
        .collect();
    let expected = listed.iter().filter_map(|file| file["name"].as_str());
    same("names", expected.collect(), named)?;
    let begins = format!(
        "error: not in the cache, and the build is offline: {} files",
        listed.len()
    );
    contains(lines[0], &begins)?;
    contains(lines[lines.len() - 1], "hint: run `zookiln fetch`")?;
    let blobs = names(&cache.join("v1/blobs"))?;
    same("cached files", 3, blobs.len())?;
    same("an output", false, output.exists())
}

fn vendored(world: &World) -> anyhow::Result<()> {
    let vendored = world.vendored()?;
    vendored.is_image(&vendored.output)?;
    let (expected, found) = (world.layout(IMAGE)?, Layout::read(&vendored.output)?);
    let (expected, found) = (expected.platform(PLATFORM)?, found.platform(PLATFORM)?);
    same("layers", expected.layers()?, found.layers()?)?;
    same("digest", &expected.digest, &found.digest)
}
