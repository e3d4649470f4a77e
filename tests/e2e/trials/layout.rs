//! What lies in the output directory after a build, and what a second build does to it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use e2e::images::{IMAGES, VERSIONS, World, distroless, full};
use e2e::layout::keys;
use libtest_mimic::Trial;

use crate::{Suite, contains, same};

/// What a pull of 3.6.1 may cost on amd64, in bytes. The official image of the line has 107 MB.
const LIMITS: [(e2e::images::ImageId, u64); 2] = [
    (full(VERSIONS[1]), 40_000_000),
    (distroless(VERSIONS[1]), 37_000_000),
];

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    let mut trials = vec![
        suite.trial("layout_again_is_up_to_date", &[], again_is_up_to_date),
        suite.trial("layout_layers_are_shared", &[], layers_are_shared),
    ];
    for image in IMAGES {
        trials.push(
            suite.trial(format!("layout_documents/{image}"), &[], move |world| {
                documents(world, image)
            }),
        );
    }
    for (image, limit) in LIMITS {
        trials.push(
            suite.trial(format!("layout_size/{image}"), &[], move |world| {
                size(world, image, limit)
            }),
        );
    }
    trials
}

fn documents(world: &World, image: e2e::images::ImageId) -> anyhow::Result<()> {
    let layout = world.layout(image)?;
    let platforms: Vec<&str> = (layout.platforms.iter())
        .map(|image| image.platform.as_str())
        .collect();
    same(
        "platforms",
        vec!["linux/amd64", "linux/arm64/v8"],
        platforms,
    )?;
    let annotations = &layout.descriptor["annotations"];
    same(
        "tag",
        Some(image.to_string().as_str()),
        annotations["org.opencontainers.image.ref.name"].as_str(),
    )?;
    for platform in &layout.platforms {
        let config = &platform.config["config"];
        same(
            "ports",
            vec!["2181/tcp", "2888/tcp", "3888/tcp", "8080/tcp"],
            keys(&config["ExposedPorts"]),
        )?;
        same(
            "volumes",
            vec!["/srv/conf", "/srv/data", "/srv/datalog", "/var/log"],
            keys(&config["Volumes"]),
        )?;
        same(
            "stop signal",
            Some("SIGTERM"),
            config["StopSignal"].as_str(),
        )?;
    }
    Ok(())
}

fn again_is_up_to_date(world: &World) -> anyhow::Result<()> {
    for image in IMAGES {
        let layout = world.layout(image)?;
        let before = files(&layout.path)?;
        let again = world
            .zookiln([
                "build",
                "--version",
                image.version,
                "--variant",
                image.variant.as_str(),
            ])?
            .succeed()?;
        contains(&again.stdout, "up to date")?;
        contains(&again.stdout, layout.digest()?)?;
        same("files, inodes and times", before, files(&layout.path)?)?;
    }
    Ok(())
}

/// Path → inode, size, and the times of contents and of the inode.
fn files(directory: &Path) -> anyhow::Result<BTreeMap<PathBuf, [i64; 6]>> {
    let mut found = BTreeMap::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(path) = pending.pop() {
        let metadata = fs::symlink_metadata(&path)?;
        if metadata.is_dir() {
            for entry in fs::read_dir(&path)? {
                pending.push(entry?.path());
            }
        }
        let facts = [
            metadata.ino().cast_signed(),
            metadata.size().cast_signed(),
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.ctime(),
            metadata.ctime_nsec(),
        ];
        found.insert(path, facts);
    }
    Ok(found)
}

/// A host that pulls several of the images pays for base and Java once.
fn layers_are_shared(world: &World) -> anyhow::Result<()> {
    let layers = |image, platform| -> anyhow::Result<Vec<_>> {
        world.layout(image)?.platform(platform)?.layers()
    };
    for platform in ["linux/amd64", "linux/arm64"] {
        let one = layers(distroless(VERSIONS[0]), platform)?;
        let other = layers(distroless(VERSIONS[1]), platform)?;
        ensure!(
            one[..2] == other[..2],
            "{platform}: the versions do not share base and Java"
        );
        for version in VERSIONS {
            let without = layers(distroless(version), platform)?;
            let with = layers(full(version), platform)?;
            ensure!(
                without.iter().all(|layer| with.contains(layer)),
                "{platform}: {version} has a layer that `full` does not have"
            );
        }
    }
    Ok(())
}

fn size(world: &World, image: e2e::images::ImageId, limit: u64) -> anyhow::Result<()> {
    let layout = world.layout(image)?;
    let layers = layout.platform("linux/amd64")?.layers()?;
    let bytes: u64 = layers.iter().map(|layer| layer.size).sum();
    ensure!(bytes <= limit, "{image}: {bytes} bytes, more than {limit}");

    // What `inspect` shows is the same sum.
    let shown = world
        .zookiln(["inspect"])?
        .arg(&layout.path)
        .succeed()?
        .stdout;
    let amd64 = (shown
        .split("\nlinux/")
        .find(|part| part.starts_with("amd64")))
    .context("`inspect` does not show linux/amd64")?;
    let tenths = (bytes + 50_000) / 100_000;
    let megabytes = format!("{}.{} MB", tenths / 10, tenths % 10);
    let total = (amd64.lines().find(|line| line.trim().starts_with("total")))
        .context("`inspect` shows no total")?;
    contains(total, &megabytes)
}
