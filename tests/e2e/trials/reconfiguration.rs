//! Members that come while the ensemble serves.

use std::fs;
use std::time::Duration;

use anyhow::{Context, ensure};
use e2e::ask;
use e2e::engine::{Container, Network, Run};
use e2e::images::{ImageId, VERSIONS, World, distroless, full};
use e2e::need::Need;
use e2e::wait::{Seen, until};
use libtest_mimic::Trial;

use crate::server::{BOTH, START, keeps, refused, server, warns, write};
use crate::{Suite, contains, same};

const NEEDS: &[Need] = &[Need::Engine, Need::Root];

/// Nobody else may change who belongs to an ensemble.
const PASSWORD: &str = "tell-nobody";

/// What the leader of two says it has, by `mntr`.
const ONE_FOLLOWER: &str = "zk_synced_followers\t1";

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    let mixed = [full(VERSIONS[0]), distroless(VERSIONS[1])];
    [
        suite.each("s24_member_added", BOTH, NEEDS, s24_member_added),
        suite.each("s24_file_that_cannot_follow", mixed, NEEDS, s24_refused),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn changeable(world: &World, image: ImageId) -> anyhow::Result<Run> {
    Ok(server(world, image)?
        .env("ZOO_RECONFIG_ENABLED", "yes")
        .env("ZOO_SUPER_USER_PASSWORD", PASSWORD))
}

fn s24_member_added(world: &World, image: ImageId) -> anyhow::Result<()> {
    const ONE: &str = "server.1=zoo1:2888:3888;2181";
    const TWO: &str = "server.2=zoo2:2888:3888;2181";
    let network = Network::create()?;
    let one = changeable(world, image)?
        .network(&network, "zoo1")
        .env("ZOO_SERVERS", ONE)
        .start()?;
    same("mode", "leader", &one.mode(START)?)?;
    write(&one, "/s24", "kept")?;

    let two = changeable(world, image)?
        .network(&network, "zoo2")
        .env("ZOO_SERVER_ID", "2")
        .env("ZOO_SERVERS", &format!("{ONE} {TWO}"))
        .start()?;
    same("mode", "follower", &two.mode(START)?)?;
    let refused = one.exec(["zkCli.sh", "reconfig", "-add", TWO])?;
    contains(&refused.said(), "Authentication is not valid")?;
    let script = format!("addauth digest super:{PASSWORD}\nreconfig -add {TWO}\nquit\n");
    let reconfigured = one.exec_on(&script, ["zkCli.sh"])?;
    contains(&reconfigured.said(), "Committed new configuration")?;
    contains(&reconfigured.said(), "server.2=zoo2:2888:3888:participant")?;

    // Only the one that was there first could have forgotten it: its variables still say that it is alone.
    one.restart()?;
    have_each_other(&one, &two).context("after a restart of the first")?;
    two.restart()?;
    have_each_other(&one, &two).context("after a restart of the second")?;
    keeps(&two, "/s24", "kept")?;

    for (server, name) in [(&one, "first"), (&two, "second")] {
        let said = server.logs()?;
        ensure!(!said.contains(PASSWORD), "the log of the {name} tells it");
    }
    let top = e2e::engine::docker(["top", one.name(), "-ww", "-eo", "pid,args"]).stdout()?;
    ensure!(!top.contains(PASSWORD), "the list of processes tells it");
    Ok(())
}

fn have_each_other(one: &Container, two: &Container) -> anyhow::Result<()> {
    for server in [one, two] {
        server.mode(START)?;
    }
    until("one leads the other", Duration::from_secs(30), || {
        let mut seen = String::new();
        for server in [one, two] {
            let mntr = ask::word(server.address(2181)?, "mntr")?;
            if mntr.lines().any(|line| line == ONE_FOLLOWER) {
                return Ok(Seen::Yes(()));
            }
            seen.push_str(&mntr);
        }
        Ok(Seen::NotYet(seen))
    })
}

/// ZooKeeper replaces zoo.cfg by a rename, which a mapped file withstands: what was changed would be lost
/// with the next start.
fn s24_refused(world: &World, image: ImageId) -> anyhow::Result<()> {
    let directory = world.directory(&format!("s24-{image}"))?;
    let file = directory.join("zoo.cfg");
    let config = "dataDir=/srv/data/zookeeper\n\
        dataLogDir=/srv/datalog/zookeeper\n\
        tickTime=2000\n\
        initLimit=10\n\
        syncLimit=5\n\
        standaloneEnabled=false\n\
        reconfigEnabled=true\n\
        server.1=0.0.0.0:2888:3888;2181\n";
    fs::write(&file, config)?;
    let target = "/srv/conf/zookeeper/zoo.cfg";
    let mapped = server(world, image)?.bind(&file, target);
    refused(mapped, &[target])?;
    let read_only = server(world, image)?.bind_read_only(&directory, "/srv/conf/zookeeper");
    refused(read_only, &["/srv/conf/zookeeper"])?;
    same("zoo.cfg", config, fs::read_to_string(&file)?.as_str())?;

    // Clients would be handed that address.
    let server = changeable(world, image)?.start()?;
    server.mode(START)?;
    warns(&server, &["0.0.0.0", "ZOO_SERVERS"])
}
