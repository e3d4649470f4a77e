//! Several servers that have to find each other.

use std::time::Duration;

use anyhow::ensure;
use e2e::engine::{Container, Network, container};
use e2e::images::{ImageId, VERSIONS, World, distroless, full};
use e2e::need::Need;
use libtest_mimic::Trial;

use crate::server::START;
use crate::{Suite, same};

/// Three JVMs at once, and an election.
const FORMATION: Duration = Duration::from_secs(120);

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    [
        full(VERSIONS[0]),
        full(VERSIONS[1]),
        distroless(VERSIONS[1]),
    ]
    .map(|image| {
        suite.trial(
            format!("s10_three_servers/{image}"),
            &[Need::Engine],
            move |world| three_servers(world, image),
        )
    })
    .into()
}

fn three_servers(world: &World, image: ImageId) -> anyhow::Result<()> {
    let id = world.loaded(image)?;
    let network = Network::create()?;
    let servers = (1..=3)
        .map(|number| start(id, &network, number))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let mut modes = (servers.iter())
        .map(|server| server.mode(FORMATION))
        .collect::<anyhow::Result<Vec<_>>>()?;
    modes.sort();
    same(
        "modes",
        vec![
            "follower".to_owned(),
            "follower".to_owned(),
            "leader".to_owned(),
        ],
        modes,
    )?;

    let written = servers[0].exec(["zkCli.sh", "create", "/e2e", "written-on-one"])?;
    same("exit status of create", 0, written.code)?;
    // The write is acknowledged by a majority: a follower may be behind until it is asked to catch up.
    let synced = servers[2].exec(["zkCli.sh", "sync", "/e2e"])?;
    same("exit status of sync", 0, synced.code)?;
    let read = servers[2].exec(["zkCli.sh", "get", "/e2e"])?;
    ensure!(
        read.code == 0 && read.stdout.lines().any(|line| line == "written-on-one"),
        "not to be read on another server: {}",
        read.said()
    );
    Ok(())
}

/// The own entry is `0.0.0.0`, as people are used to write it.
fn start(image: &str, network: &Network, number: usize) -> anyhow::Result<Container> {
    let servers: Vec<String> = (1..=3)
        .map(|other| match other == number {
            true => "0.0.0.0:2888:3888".to_owned(),
            false => format!("zoo{other}:2888:3888"),
        })
        .collect();
    container(image)
        .anonymous()
        .network(network, &format!("zoo{number}"))
        .env("ZOO_SERVER_ID", &number.to_string())
        .env("ZOO_SERVERS", &servers.join(","))
        .start()
}
