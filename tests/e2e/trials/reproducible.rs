//! The same digest, whoever builds, where, when, with how many threads and from which checkout.
//!
//! A network and a directory of inputs, a warm and an empty cache are compared in `offline`, the
//! release archive and its jars in `tarball`; `SOURCE_DATE_EPOCH` in `tests/cli`.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use e2e::checkout::Checkout;
use e2e::command::call;
use e2e::disk::Disk;
use e2e::images::{ImageId, VERSIONS, World, distroless, full};
use e2e::layout::Layout;
use e2e::need::{DISORDERFS, GIT, NSENTER, Need, SETPRIV, UNSHARE};
use libtest_mimic::Trial;

use crate::{Suite, same};

/// `nobody`.
const OTHER_USER: u32 = 65534;

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    vec![
        suite.trial("same_digest_output_deleted", &[], output_deleted),
        suite.trial(
            "same_digest_other_checkout_cold_cache_eight_threads",
            &[GIT],
            other_checkout,
        ),
        suite.trial(
            "same_digest_directories_in_reverse_empty_cache_other_language",
            &[Need::Root, Need::Fuse, DISORDERFS, UNSHARE, NSENTER],
            in_reverse,
        ),
        suite.trial(
            "same_digest_cold_cache_one_thread_other_user_umask_zone_directory",
            &[Need::Root, SETPRIV],
            one_thread_elsewhere,
        ),
    ]
}

fn output_deleted(world: &World) -> anyhow::Result<()> {
    let image = distroless(VERSIONS[0]);
    let directory = world.directory("output-deleted")?;
    let output = directory.join("layout");
    for _ in 0..2 {
        let build = [
            "build",
            "--version",
            image.version,
            "--variant",
            "distroless",
            "--output",
        ];
        world.zookiln(build)?.arg(&output).succeed()?;
        same_digest(world, image, &output)?;
        fs::remove_dir_all(&output)?;
    }
    Ok(())
}

/// The entrypoint that the program carries is compiled, and so is the program.
fn other_checkout(world: &World) -> anyhow::Result<()> {
    let image = full(VERSIONS[1]);
    let directory = world.directory("other-checkout")?;
    let cache = inputs_only(world, image, &directory)?;
    let checkout = Checkout::compile(&directory)?;
    let entrypoints = checkout.entrypoints_of_another_cargo_home(["x86_64", "aarch64"])?;
    for (platform, found) in ["linux/amd64", "linux/arm64"].into_iter().zip(entrypoints) {
        let expected = zookiln::entrypoint::binary(platform.parse()?);
        ensure!(found == expected, "another entrypoint for {platform}");
    }
    let output = directory.join("layout");
    call(&checkout.program)
        .args(["build", "--version", image.version, "-j", "8", "--output"])
        .arg(&output)
        .directory(&directory)
        .env("ZOOKILN_CACHE", cache)
        .succeed()?;
    same_digest(world, image, &output)
}

/// Cache, output and temporary files on a file system that lists names from the last to the first.
fn in_reverse(world: &World) -> anyhow::Result<()> {
    let vendored = world.vendored()?;
    let directory = world.directory("in-reverse")?;
    let place = directory.join("disk");
    let disk = Disk::reversed(&place, &directory.join("kept"))?;
    for name in ["cache", "temporary", "project"] {
        fs::create_dir(disk.seen_from_outside(name))?;
    }
    let build = vendored.build(world, &place.join("cache"), &place.join("project/layout"))?;
    disk.send(build)
        .args(["-j", "3"])
        .env("TMPDIR", place.join("temporary"))
        .env("TZ", "Pacific/Kiritimati")
        .env("LANG", "tr_TR.UTF-8")
        .env("LC_ALL", "tr_TR.UTF-8")
        .succeed()?;
    vendored.is_image(&disk.seen_from_outside("project/layout"))
}

fn one_thread_elsewhere(world: &World) -> anyhow::Result<()> {
    let image = full(VERSIONS[1]);
    let directory = world.directory("one-thread")?;
    let cache = inputs_only(world, image, &directory)?;
    give_away(&directory)?;
    let output = directory.join("some/other place");
    let user = OTHER_USER.to_string();
    call("setpriv")
        .args(["--reuid", &user, "--regid", &user, "--clear-groups"])
        .args(["sh", "-c", r#"umask 077; exec "$0" "$@""#])
        .arg(world.program()?)
        .args(["build", "--version", image.version, "-j", "1", "--output"])
        .arg(&output)
        .directory(&directory)
        .env("HOME", &directory)
        .env("ZOOKILN_CACHE", cache)
        .env("TZ", "Asia/Tokyo")
        .env("LC_ALL", "C")
        .succeed()?;
    same_digest(world, image, &output)
}

fn same_digest(world: &World, image: ImageId, output: &Path) -> anyhow::Result<()> {
    let expected = world.layout(image)?;
    let found = Layout::read(output)?;
    for (expected, found) in expected.platforms.iter().zip(&found.platforms) {
        same(
            &format!("layers of {}", expected.platform),
            expected.layers()?,
            found.layers()?,
        )?;
    }
    same("digest", expected.digest()?, found.digest()?)
}

/// A copy of the cache that has the inputs, but has forgotten all that was made of them: jlink and
/// every layer run again.
fn inputs_only(world: &World, image: ImageId, directory: &Path) -> anyhow::Result<PathBuf> {
    // So that the inputs are there.
    world.layout(image)?;
    let cache = directory.join("cache");
    call("cp")
        .arg("-r")
        .arg(used_cache()?)
        .arg(&cache)
        .succeed()?;
    let mut forgotten = 0;
    for version in fs::read_dir(&cache)? {
        let derived = version?.path().join("derived");
        // Beside the store is a file that tells backups to pass over all of it.
        if !derived.is_dir() {
            continue;
        }
        for record in fs::read_dir(&derived)? {
            fs::remove_file(record?.path())?;
            forgotten += 1;
        }
    }
    ensure!(forgotten > 0, "the cache has no records to forget");
    Ok(cache)
}

/// Where the builds of this run have their cache, by the rule of the documentation.
fn used_cache() -> anyhow::Result<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    variable("ZOOKILN_CACHE")
        .or_else(|| Some(variable("XDG_CACHE_HOME")?.join("zookiln")))
        .or_else(|| Some(variable("HOME")?.join(".cache/zookiln")))
        .context("there is no place for the cache")
}

fn give_away(path: &Path) -> anyhow::Result<()> {
    chown(path, Some(OTHER_USER), Some(OTHER_USER))?;
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            give_away(&entry?.path())?;
        }
    }
    Ok(())
}
