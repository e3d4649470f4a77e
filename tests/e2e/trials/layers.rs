//! The layers, one by one, by GNU tar.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use e2e::command::call;
use e2e::images::{IMAGES, World};
use e2e::need::TAR;
use libtest_mimic::Trial;

use crate::{Suite, same};

/// `created` of the catalog, in UTC.
const TIME: &str = "2026-01-01 00:00:00";

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    vec![suite.trial("layers_by_gnu_tar", &[TAR], by_gnu_tar)]
}

fn by_gnu_tar(world: &World) -> anyhow::Result<()> {
    let mut blobs: BTreeMap<String, PathBuf> = BTreeMap::new();
    for image in IMAGES {
        let layout = world.layout(image)?;
        for platform in &layout.platforms {
            for layer in platform.layers()? {
                blobs.insert(layer.digest.clone(), layout.blob(&layer.digest)?);
            }
        }
    }
    for (digest, path) in &blobs {
        judge(path).with_context(|| format!("layer {digest}"))?;
    }
    Ok(())
}

fn judge(path: &PathBuf) -> anyhow::Result<()> {
    let listing = call("tar")
        .args([
            "--list",
            "--gzip",
            "--verbose",
            "--full-time",
            "--numeric-owner",
            "--file",
        ])
        .arg(path)
        .env("TZ", "UTC")
        .env("LC_ALL", "C")
        .succeed()?;
    same("complaints", "", &listing.stderr)?;
    let mut paths = BTreeSet::new();
    for line in listing.stdout.lines() {
        let entry = Entry::parse(line).with_context(|| format!("not understood: {line}"))?;
        ensure!(paths.insert(entry.path.to_owned()), "twice: {line}");
        ensure!(entry.time == TIME, "another time: {line}");
        check_mode(&entry).with_context(|| line.to_owned())?;
    }
    ensure!(!paths.is_empty(), "an empty layer");
    Ok(())
}

/// A line of `tar --list --verbose --full-time --numeric-owner`.
struct Entry<'a> {
    mode: &'a str,
    owner: &'a str,
    time: &'a str,
    path: &'a str,
}

impl<'a> Entry<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (mode, rest) = line.split_once(' ')?;
        let (owner, rest) = rest.trim_start().split_once(' ')?;
        let (_size, rest) = rest.trim_start().split_once(' ')?;
        let (time, path) = (rest.get(..TIME.len())?, rest.get(TIME.len() + 1..)?);
        let path = path.split(" -> ").next()?.split(" link to ").next()?;
        Some(Self {
            mode,
            owner,
            time,
            path: path.trim_end_matches('/'),
        })
    }
}

/// What others than the owner may write, and nothing else.
fn check_mode(entry: &Entry<'_>) -> anyhow::Result<()> {
    let mode = entry.mode.as_bytes();
    let (group, world) = (mode.get(5) == Some(&b'w'), mode.get(8) == Some(&b'w'));
    if entry.mode.starts_with('l') || !(group || world) {
        return Ok(());
    }
    if world {
        let temporary = ["tmp", "var/tmp", "run/lock"].contains(&entry.path);
        ensure!(temporary && entry.mode == "drwxrwxrwt", "anybody may write");
        return Ok(());
    }
    // An arbitrary user of group 0 may run the server.
    let ours = [
        "srv",
        "var/log",
        "var/run",
        "run",
        "etc/zookeeper",
        "usr/local/zookeeper",
    ];
    let ours = ours.iter().any(|root| {
        (entry.path.strip_prefix(root)).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    match (entry.mode.starts_with('d'), ours, entry.owner) {
        (true, true, "1000/0") => Ok(()),
        _ => bail!("its group may write"),
    }
}
