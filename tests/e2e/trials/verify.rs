//! `verify` over the real images: as they are, built again, copied by somebody else, and damaged.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use e2e::command::call;
use e2e::images::{IMAGES, ImageId, VERSIONS, World, distroless, full};
use e2e::layout::Layout;
use e2e::need::SKOPEO;
use libtest_mimic::Trial;
use serde_json::Value;

use crate::{Suite, contains, same};

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    let mut trials = suite.each("verified", IMAGES, &[], intact);
    let again = VERSIONS
        .map(full)
        .into_iter()
        .chain([distroless(VERSIONS[1])]);
    trials.extend(suite.each("rebuilt", again, &[], rebuilt));
    trials.push(suite.trial("verified_copy_by_skopeo", &[SKOPEO], copied_by_skopeo));
    trials.push(suite.trial("verified_damage_is_named", &[], damaged));
    trials
}

fn intact(world: &World, image: ImageId) -> anyhow::Result<()> {
    let layout = world.layout(image)?;
    let report = report(world, &layout.path, 0)?;
    same("findings", &Value::Array(Vec::new()), &report["findings"])?;
    same("digest", Some(layout.digest()?), report["digest"].as_str())?;
    let blobs = fs::read_dir(layout.path.join("blobs/sha256"))?.count();
    same(
        "blobs",
        Some(blobs as u64),
        report["checked"]["blobs"].as_u64(),
    )?;
    let entries = report["checked"]["entries"].as_u64();
    ensure!(entries > Some(500), "entries: {entries:?}");
    Ok(())
}

/// From verified inputs alone, both platforms.
fn rebuilt(world: &World, image: ImageId) -> anyhow::Result<()> {
    let layout = world.layout(image)?;
    let said = world
        .zookiln(["verify", "--rebuild"])?
        .arg(&layout.path)
        .succeed()?;
    contains(&said.stdout, layout.digest()?)?;
    contains(&said.stdout, ": the same)")?;
    let layers: usize = (layout.platforms.iter())
        .map(|platform| Ok(platform.layers()?.len()))
        .sum::<anyhow::Result<usize>>()?;
    let made = said
        .stderr
        .lines()
        .filter(|line| line.starts_with("made layer "));
    // ZooKeeper's layer fits both platforms.
    same("layers made", layers - 1, made.count())
}

/// The blobs are intact, and what names them is no longer as it was written.
fn copied_by_skopeo(world: &World) -> anyhow::Result<()> {
    let image = full(VERSIONS[1]);
    let layout = world.layout(image)?;
    let copy = world.directory("verify-skopeo")?.join("copy");
    call("skopeo")
        .args(["copy", "--all"])
        .arg(format!("oci:{}:{image}", layout.path.display()))
        .arg(format!("oci:{}:{image}", copy.display()))
        .succeed()?;
    let report = report(world, &copy, 1)?;
    same("digest", Some(layout.digest()?), report["digest"].as_str())?;
    let findings = report["findings"].as_array().context("no findings")?;
    let files: Vec<&str> = findings
        .iter()
        .filter_map(|it| it["file"].as_str())
        .collect();
    ensure!(
        files
            .iter()
            .all(|file| ["index.json", "oci-layout"].contains(file)),
        "{findings:#?}"
    );
    let rules: Vec<&str> = findings
        .iter()
        .filter_map(|it| it["rule"].as_str())
        .collect();
    ensure!(rules.contains(&"no-record"), "{findings:#?}");
    Ok(())
}

/// One flipped byte in a blob of each kind, one after the other.
fn damaged(world: &World) -> anyhow::Result<()> {
    let layout = world.layout(distroless(VERSIONS[0]))?;
    let copy = world.directory("verify-damaged")?.join("copy");
    call("cp")
        .arg("-r")
        .arg(&layout.path)
        .arg(&copy)
        .succeed()?;
    let mut files = vec![copy.join("index.json"), copy.join("oci-layout")];
    files.extend(blobs_of_each_kind(&layout, &copy)?);
    for file in files {
        flip(&file)?;
        let report = report(world, &copy, 1)?;
        let name = file.strip_prefix(&copy)?.to_str().context("a path")?;
        let findings = report["findings"].as_array().context("no findings")?;
        ensure!(
            findings.iter().any(|finding| finding["file"] == name),
            "`{name}` is not in {findings:#?}"
        );
        flip(&file)?;
    }
    report(world, &copy, 0).map(drop)
}

fn blobs_of_each_kind(layout: &Layout, copy: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let image = layout.platforms.first().context("no platform")?;
    let config = image.manifest["config"]["digest"]
        .as_str()
        .context("no config")?;
    let mut digests = vec![
        layout.digest()?.to_owned(),
        image.digest.clone(),
        config.to_owned(),
    ];
    digests.extend(image.layers()?.into_iter().map(|layer| layer.digest));
    let blob = |digest: String| Ok(copy.join(layout.blob(&digest)?.strip_prefix(&layout.path)?));
    digests.into_iter().map(blob).collect()
}

/// Twice is as before.
fn flip(path: &Path) -> anyhow::Result<()> {
    let mut bytes = fs::read(path)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    Ok(fs::write(path, bytes)?)
}

/// What `verify` says of a layout, provided that it exits so.
fn report(world: &World, layout: &Path, code: i32) -> anyhow::Result<Value> {
    let finished = world
        .zookiln(["verify", "--format", "json"])?
        .arg(layout)
        .finish()?;
    ensure!(
        finished.code == code,
        "exit {}: {}",
        finished.code,
        finished.said()
    );
    Ok(serde_json::from_str(&finished.stdout)?)
}
