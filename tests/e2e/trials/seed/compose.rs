//! The compose files of the seed, and those that we show instead.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::ensure;
use e2e::ask;
use e2e::engine::Container;
use e2e::images::{ImageId, World};
use libtest_mimic::Trial;

use super::Body;
use super::promises::{
    APP_UP, CLIENT, CLUSTER_STATUS, CLUSTER_UP, COMPOSE_LOGS, COMPOSE_STOP, COMPOSE_UP,
};
use super::shell::{COMPOSE_NEEDS, Shell, succeeds};
use crate::server::{BOTH, START, keeps, page, write};
use crate::{Suite, contains, same};

/// Three JVMs at once, and an election.
pub(super) const FORMATION: Duration = Duration::from_secs(120);

pub(super) fn trials(suite: &Suite) -> Vec<Trial> {
    [
        ("s05_compose_single", single as Body),
        ("s05_compose_links", links),
        ("seed_cluster", cluster_of_the_seed),
        ("seed_cluster_of_the_examples", cluster_of_the_examples),
    ]
    .into_iter()
    .flat_map(|(name, body)| suite.each(name, BOTH, COMPOSE_NEEDS, body))
    .collect()
}

/// A compose file that users are shown.
pub(super) fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(name)
}

fn single(world: &World, image: ImageId) -> anyhow::Result<()> {
    let file = example("docker-compose.yml");
    let shell = Shell::of_compose(world, image, "compose", &file)?;
    shell.run(COMPOSE_UP)?;
    let server = shell.container("zoo1")?;
    same("mode", "leader", &server.mode(START)?)?;
    let answer = ask::word(shell.published("zoo1", 2181)?, "srvr")?;
    contains(&answer, "Mode: leader")?;
    contains(&answer, &format!("Zookeeper version: {}", image.version))?;
    contains(&shell.at_terminal(CLIENT, 0)?, "SyncConnected")?;
    contains(&shell.run(COMPOSE_LOGS)?.said(), "LEADER ELECTION TOOK")?;
    shell.run(COMPOSE_STOP)?;
    same("exit status", 143, server.exit_code()?)
}

fn links(world: &World, image: ImageId) -> anyhow::Result<()> {
    let file = example("docker-compose-app.yml");
    let shell = Shell::of_compose(world, image, "links", &file)?;
    shell.run(APP_UP)?;
    succeeds(&shell.container("myapp")?, FORMATION)
}

fn cluster_of_the_seed(world: &World, image: ImageId) -> anyhow::Result<()> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("compose/docker-compose-cluster.yml");
    cluster(&Shell::of_compose(world, image, "cluster", &file)?)
}

fn cluster_of_the_examples(world: &World, image: ImageId) -> anyhow::Result<()> {
    let file = example("docker-compose-cluster.yml");
    cluster(&Shell::of_compose(world, image, "examples", &file)?)
}

fn cluster(shell: &Shell) -> anyhow::Result<()> {
    shell.run(CLUSTER_UP)?;
    let servers = formed(shell)?;
    let said = shell.at_terminal(CLUSTER_STATUS, 0)?;
    ensure!(
        said.contains("Mode: leader") || said.contains("Mode: follower"),
        "the status is {said}"
    );
    write(&servers[0], "/written", "on one")?;
    keeps(&servers[2], "/written", "on one")?;
    for service in ["zoo1", "zoo2", "zoo3"] {
        let answer = ask::word(shell.published(service, 2181)?, "srvr")?;
        contains(&answer, "Mode: ")?;
        let page = page(shell.published(service, 8080)?, "/commands/stat")?;
        same("status of the page", 200, page.status)?;
    }
    Ok(())
}

/// The three servers, once one of them leads and two follow.
pub(super) fn formed(shell: &Shell) -> anyhow::Result<Vec<Container>> {
    let servers = ["zoo1", "zoo2", "zoo3"]
        .iter()
        .map(|name| shell.container(name))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let mut modes = (servers.iter())
        .map(|server| server.mode(FORMATION))
        .collect::<anyhow::Result<Vec<_>>>()?;
    modes.sort();
    let expected = ["follower", "follower", "leader"];
    same("modes", expected.map(str::to_owned).to_vec(), modes)?;
    Ok(servers)
}
