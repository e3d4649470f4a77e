//! Full disks: one clear error, nothing lost and nothing left, and all is well once there is room.

use std::collections::BTreeSet;
use std::fs;

use anyhow::ensure;
use e2e::command::{Finished, call};
use e2e::disk::Disk;
use e2e::images::{VERSIONS, World, distroless};
use e2e::layout::Layout;
use e2e::need::{NSENTER, Need, SKOPEO, UNSHARE};
use libtest_mimic::Trial;

use crate::{Suite, contains, same};

/// Megabytes of disks that are too small for the cache: the inputs do not go in, a package cannot be
/// unpacked, jlink has no room for its result, the layer has none.
const CACHES: [u32; 4] = [40, 150, 850, 900];
/// Of one with room for everything.
const LARGE: u32 = 2000;
/// What is free beside another version's image, less than the layer of ZooKeeper that is to be put there.
const FREE: [u32; 3] = [0, 4, 8];

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    vec![
        suite.trial(
            "full_disk_for_the_cache",
            &[Need::Root, UNSHARE, NSENTER],
            cache,
        ),
        suite.trial(
            "full_disk_for_the_output",
            &[Need::Root, UNSHARE, NSENTER, SKOPEO],
            output,
        ),
    ]
}

/// One disk that grows: each build goes on with what the one before has kept.
fn cache(world: &World) -> anyhow::Result<()> {
    let vendored = world.vendored()?;
    let directory = world.directory("full-cache")?;
    let (cache, output) = (directory.join("disk"), directory.join("layout"));
    let disk = Disk::of_size(&cache, CACHES[0])?;
    let mut stages = BTreeSet::new();
    for megabytes in CACHES {
        disk.resize(megabytes)?;

        let finished = disk
            .send(vendored.build(world, &cache, &output)?)
            .finish()?;

        let error = no_room(&finished)?;
        eprintln!("{megabytes} MB for the cache: {error}");
        stages.insert(error.split('`').next().unwrap_or_default().to_owned());
        let work = disk.seen_from_outside("v1/work");
        same("scratch", 0, fs::read_dir(work)?.count())?;
        same("an output", false, output.exists())?;
    }
    ensure!(stages.len() > 1, "they all fail at one place: {stages:?}");

    disk.resize(LARGE)?;
    (disk.send(vendored.build(world, &cache, &output)?)).succeed()?;
    vendored.is_image(&output)
}

/// A new image over an old one: it is the old one until it is the new one.
fn output(world: &World) -> anyhow::Result<()> {
    let vendored = world.vendored()?;
    let old = world.layout(distroless(VERSIONS[0]))?;
    let directory = world.directory("full-output")?.join("disk");
    let disk = Disk::of_size(&directory, LARGE)?;
    let output = directory.join("layout");
    (disk.send(call("cp").arg("-r").arg(&old.path).arg(&output))).succeed()?;
    let used = disk.send(call("du").arg("-sm").arg(&directory)).stdout()?;
    let used: u32 = used.split('\t').next().unwrap_or_default().parse()?;
    let seen = disk.seen_from_outside("layout");
    for free in FREE {
        disk.resize(used + free)?;

        let finished = (disk.send(vendored.build(world, &vendored.cache, &output)?)).finish()?;

        let error = no_room(&finished)?;
        contains(&finished.stderr, "\nhint: make room there")?;
        eprintln!("{free} MB free for the output: {error}");
        same("digest", old.digest()?, Layout::read(&seen)?.digest()?)?;
        same("files", 3, fs::read_dir(&seen)?.count())?;
    }
    // Every blob of the old image is there and right.
    let copy = world.directory("full-output-copy")?;
    disk.send(call("skopeo"))
        .args(["copy", "--all"])
        .arg(format!("oci:{}", output.display()))
        .arg(format!("oci:{}:copy", copy.display()))
        .succeed()?;

    disk.resize(LARGE)?;
    (disk.send(vendored.build(world, &vendored.cache, &output)?)).succeed()?;
    vendored.is_image(&seen)
}

/// The one error, which says what could not be done, and once why.
fn no_room(finished: &Finished) -> anyhow::Result<String> {
    same("exit status", 1, finished.code)?;
    let errors: Vec<&str> = (finished.stderr.split('\n'))
        .filter(|line| line.starts_with("error: "))
        .collect();
    same("number of errors", 1, errors.len())?;
    let times = finished.stderr.matches("No space left on device").count();
    ensure!(times == 1, "it says it {times} times:\n{}", finished.stderr);
    same("warnings", false, finished.stderr.contains("warning: "))?;
    Ok(errors[0].to_owned())
}
