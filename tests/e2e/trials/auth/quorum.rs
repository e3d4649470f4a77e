//! Servers that must show a password to each other, and one that does not know it.

use std::time::Duration;

use anyhow::{Context, ensure};
use e2e::engine::{Container, Network, Run};
use e2e::images::{ImageId, World};
use e2e::wait::{Seen, until};
use libtest_mimic::Trial;

use super::{NEEDS, PATIENCE, server};
use crate::exposure::tells_nobody;
use crate::server::{BOTH, has_lines};
use crate::{Suite, same};

/// Three JVMs at once, and an election.
const FORMATION: Duration = Duration::from_secs(120);

const SERVERS: &str = "zoo1:2888:3888 zoo2:2888:3888 zoo3:2888:3888";

/// Of the servers among themselves.
const PASSWORD: &str = "pass4servers";

pub(super) fn trials(suite: &Suite) -> Vec<Trial> {
    suite.each("s19_s35_servers", BOTH, NEEDS, s19_servers)
}

fn member(
    world: &World,
    image: ImageId,
    network: &Network,
    (number, password): (usize, &str),
) -> anyhow::Result<Run> {
    Ok(server(world, image)?
        .network(network, &format!("zoo{number}"))
        .env("ZOO_SERVER_ID", &number.to_string())
        .env("ZOO_SERVERS", SERVERS)
        .env("ZOO_ENABLE_QUORUM_AUTH", "yes")
        .env("ZOO_QUORUM_LEARNER_USER", "zoo")
        .env("ZOO_QUORUM_LEARNER_PASSWORD", password)
        .env("ZOO_QUORUM_SERVER_USERS", "zoo")
        .env("ZOO_QUORUM_SERVER_PASSWORDS", password))
}

fn s19_servers(world: &World, image: ImageId) -> anyhow::Result<()> {
    let network = Network::create()?;
    let start = |own| member(world, image, &network, own)?.start();
    let (one, two) = (start((1, PASSWORD))?, start((2, PASSWORD))?);
    let stranger = start((3, "somebody-elses"))?;
    let mut modes = vec![one.mode(FORMATION)?, two.mode(FORMATION)?];
    modes.sort();
    same(
        "modes",
        vec!["follower".to_owned(), "leader".to_owned()],
        modes,
    )?;
    until("the stranger is turned away", PATIENCE, || {
        let log = one.logs()? + &two.logs()?;
        Ok(match log.contains("Failed to authenticate using SASL") {
            true => Seen::Yes(()),
            false => Seen::NotYet(log),
        })
    })?;
    let status = stranger.exec(["zkServer.sh", "status"])?;
    same("status of the stranger", 1, status.code).with_context(|| status.said())?;
    drop(stranger);

    let three = start((3, PASSWORD))?;
    same("mode of the third", "follower", &three.mode(FORMATION)?)?;
    let all = [&one, &two, &three];
    one_has_given_the_nodes(&all)?;
    let created = three.exec(["zkCli.sh", "create", "/quorum", "x"])?;
    same("create", 0, created.code).with_context(|| created.said())?;
    let read = one.exec(["zkCli.sh", "get", "/quorum"])?;
    same("get", 0, read.code).with_context(|| read.said())?;
    for server in all {
        let config = server.file("/srv/conf/zookeeper/zoo.cfg")?;
        has_lines(
            &config,
            &[
                "quorum.auth.enableSasl=true",
                "quorum.auth.learnerRequireSasl=true",
                "quorum.auth.serverRequireSasl=true",
            ],
        )?;
        tells_nobody(server, PASSWORD)?;
    }
    Ok(())
}

/// By the leader, once; the others see that there is nothing to do.
fn one_has_given_the_nodes(all: &[&Container]) -> anyhow::Result<()> {
    until("every server has said something of them", PATIENCE, || {
        let mut given = 0;
        let mut seen = 0;
        for server in all {
            let notes = server.notes()?;
            let says = |text: &str| notes.iter().any(|note| note.contains(text));
            given += usize::from(says("from now on for user1, user2 only"));
            seen += usize::from(says("the node / is not open to anybody"));
        }
        ensure!(given <= 1, "{given} servers have given them");
        Ok(match (given, seen) {
            (1, seen) if seen + 1 == all.len() => Seen::Yes(()),
            _ => Seen::NotYet(format!("{given} {seen}")),
        })
    })
}
