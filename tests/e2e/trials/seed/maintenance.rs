//! Backup, restore, upgrade, and more servers.

use std::fs;
use std::os::unix::fs::MetadataExt;

use anyhow::{Context, ensure};
use e2e::ask;
use e2e::engine::Container;
use e2e::images::{ImageId, VERSIONS, World, full};
use libtest_mimic::Trial;

use super::compose::{FORMATION, example, formed};
use super::promises::{
    BACKUP, CLUSTER_UP, CLUSTER_UPGRADE, COMPOSE_BACKUP, COMPOSE_RESTORE, COMPOSE_STOP, COMPOSE_UP,
    COMPOSE_UPGRADE, GROW_FIRST, GROW_SECOND, NETWORK, REMOVE, RESTORE, RUN, STOP, UPGRADE,
};
use super::shell::{COMPOSE_NEEDS, NEEDS, Shell, documented};
use crate::server::{BOTH, START, keeps, write};
use crate::{Suite, contains, same};

/// A node, and what is in it before the disaster.
const KEPT: &str = "/kept";
const VALUE: &str = "written before";

pub(super) fn trials(suite: &Suite) -> Vec<Trial> {
    let by_compose = "seed_backup_and_restore_by_compose";
    let mut trials = suite.each(by_compose, BOTH, COMPOSE_NEEDS, compose_backup_and_restore);
    trials.extend(suite.each("seed_backup_and_restore", BOTH, NEEDS, backup_and_restore));
    trials.extend(suite.each("seed_growth", BOTH, NEEDS, growth));
    trials.extend([
        suite.trial("seed_upgrade", NEEDS, upgrade),
        suite.trial("seed_upgrade_by_compose", COMPOSE_NEEDS, compose_upgrade),
        suite.trial("seed_upgrade_of_a_cluster", COMPOSE_NEEDS, cluster_upgrade),
    ]);
    trials
}

fn backup_and_restore(world: &World, image: ImageId) -> anyhow::Result<()> {
    let shell = Shell::of_engine(world, image, "backup")?;
    shell.run(RUN)?;
    let server = shell.container("zoo1")?;
    server.mode(START)?;
    write(&server, KEPT, VALUE)?;

    shell.run(STOP)?;
    shell.run(BACKUP)?;
    is_backup(&shell)?;
    shell.run(REMOVE)?;
    shell.run(RESTORE)?;

    is_kept(&server, image)
}

fn compose_backup_and_restore(world: &World, image: ImageId) -> anyhow::Result<()> {
    let file = example("docker-compose.yml");
    let shell = Shell::of_compose(world, image, "compose-backup", &file)?;
    shell.run(COMPOSE_UP)?;
    let server = shell.container("zoo1")?;
    server.mode(START)?;
    write(&server, KEPT, VALUE)?;

    shell.run(COMPOSE_STOP)?;
    shell.run(COMPOSE_BACKUP)?;
    is_backup(&shell)?;
    shell.bash("docker-compose down --volumes").succeed()?;
    shell.run(COMPOSE_RESTORE)?;

    is_kept(&shell.container("zoo1")?, image)
}

/// The seed's steps: stop, back up, remove, start the new image on the backup.
fn upgrade(world: &World) -> anyhow::Result<()> {
    let [old, new] = VERSIONS.map(full);
    let shell = Shell::of_engine(world, new, "upgrade")?;
    let older = RUN
        .ours
        .replace(&documented(new.version), &documented(old.version));
    shell.bash(&older).succeed()?;
    let server = shell.container("zoo1")?;
    server.mode(START)?;
    is_version(&server, old)?;
    write(&server, KEPT, VALUE)?;

    shell.run(STOP)?;
    shell.run(BACKUP)?;
    shell.run(REMOVE)?;
    shell.run(UPGRADE)?;

    is_kept(&server, new)
}

/// Compose replaces the container and keeps named volumes.
fn compose_upgrade(world: &World) -> anyhow::Result<()> {
    let [old, new] = VERSIONS.map(full);
    let file = example("docker-compose.yml");
    let mut shell = Shell::of_compose(world, old, "compose-upgrade", &file)?;
    shell.run(COMPOSE_UP)?;
    let server = shell.container("zoo1")?;
    server.mode(START)?;
    is_version(&server, old)?;
    write(&server, KEPT, VALUE)?;

    shell.change_image(world, new)?;
    shell.run(COMPOSE_UPGRADE)?;

    is_kept(&shell.container("zoo1")?, new)
}

/// One server after the other and the leader last: two of three serve all the time.
fn cluster_upgrade(world: &World) -> anyhow::Result<()> {
    let [old, new] = VERSIONS.map(full);
    let file = example("docker-compose-cluster.yml");
    let mut shell = Shell::of_compose(world, old, "cluster-upgrade", &file)?;
    shell.run(CLUSTER_UP)?;
    let servers = formed(&shell)?;
    write(&servers[0], KEPT, VALUE)?;
    let mut order = Vec::new();
    for (server, name) in servers.iter().zip(["zoo1", "zoo2", "zoo3"]) {
        order.push((server.mode(START)? == "leader", name));
    }
    order.sort_unstable();

    shell.change_image(world, new)?;
    for (_, name) in order {
        let command = CLUSTER_UPGRADE.ours.replace("zoo2", name);
        shell.bash(&command).succeed()?;
        let server = shell.container(name)?;
        server.mode(FORMATION).context(name)?;
        is_version(&server, new)?;
        keeps(&server, KEPT, VALUE)?;
    }
    formed(&shell).map(drop)
}

/// One server with data becomes three, and the data is everywhere.
fn growth(world: &World, image: ImageId) -> anyhow::Result<()> {
    let mut shell = Shell::of_engine(world, image, "growth")?;
    shell.run(NETWORK)?;
    let single = RESTORE.ours.replace("/path/to/back-up", "/host/dir/to");
    shell.bash(&single).succeed()?;
    let first = shell.container("zoo1")?;
    first.mode(START)?;
    write(&first, KEPT, VALUE)?;

    shell.remember_volumes();
    shell.run(GROW_FIRST)?;
    shell.run(GROW_SECOND)?;
    let second = shell.container("zoo2")?;
    same("mode", "follower", &second.mode(FORMATION)?)?;
    let command = (GROW_SECOND.ours)
        .replace("--name zoo2", "--name zoo3")
        .replace("ZOO_SERVER_ID=2", "ZOO_SERVER_ID=3")
        .replace("zoo2-data", "zoo3-data");
    shell.bash(&command).succeed()?;
    let third = shell.container("zoo3")?;
    same("mode", "follower", &third.mode(FORMATION)?)?;

    same("mode", "leader", &first.mode(START)?)?;
    for server in [&first, &second, &third] {
        keeps(server, KEPT, VALUE)?;
    }
    Ok(())
}

/// Both halves are in it, and belong to whom they belonged to.
fn is_backup(shell: &Shell) -> anyhow::Result<()> {
    for (path, file) in [("data", "snapshot."), ("datalog", "log.")] {
        let directory = shell.path(&format!("/path/to/back-up/{path}/zookeeper/version-2"));
        same(path, 1000, fs::metadata(&directory)?.uid())?;
        let found = (fs::read_dir(&directory)?)
            .filter_map(Result::ok)
            .any(|entry| entry.file_name().to_string_lossy().starts_with(file));
        ensure!(found, "no {file}… in {}", directory.display());
    }
    Ok(())
}

fn is_kept(server: &Container, image: ImageId) -> anyhow::Result<()> {
    same("mode", "leader", &server.mode(START)?)?;
    is_version(server, image)?;
    keeps(server, KEPT, VALUE)
}

fn is_version(server: &Container, image: ImageId) -> anyhow::Result<()> {
    let answer = ask::word(server.address(2181)?, "srvr")?;
    contains(&answer, &format!("Zookeeper version: {}-", image.version))
}
