//! Several servers that have to find each other, and one that becomes several.

use std::time::Duration;

use anyhow::{Context, ensure};
use e2e::engine::{Container, Network, Run, Volume};
use e2e::images::{ImageId, VERSIONS, World, distroless, full};
use e2e::need::{Need, PS};
use e2e::wait::{Seen, until};
use libtest_mimic::Trial;

use crate::server::{BOTH, START, has_lines, keeps, refused, server, warns, write};
use crate::{Suite, contains, same};

/// Three JVMs at once, and an election.
const FORMATION: Duration = Duration::from_secs(120);

/// A member that was away for a moment.
const REJOIN: Duration = Duration::from_secs(30);

const NEEDS: &[Need] = &[Need::Engine, PS];

/// As people have copied them from a page, in a list of YAML where the quotes belong to the value.
const COPIED: [&str; 3] = [
    r#""server.1=0.0.0.0:2888:3888 server.2=zoo2:4888:5888 server.3=zoo3:6888:7888""#,
    r#""server.1=zoo1:2888:3888 server.2=0.0.0.0:4888:5888 server.3=zoo3:6888:7888""#,
    r#""server.1=zoo1:2888:3888 server.2=zoo2:4888:5888 server.3=0.0.0.0:6888:7888""#,
];

/// The same ensemble in all ways it can be written.
const FORMS: [&str; 4] = [
    "zoo1:2888:3888,zoo2:2888:3888,zoo3:2888:3888,zoo4:2888:3888:observer",
    "server.1=zoo1:2888:3888;2181 server.2=0.0.0.0:2888:3888;2181 server.3=zoo3:2888:3888;2181 server.4=zoo4:2888:3888:observer;2181",
    "zoo4:2888:3888:observer::4 zoo3:2888:3888::3, zoo1:2888:3888:participant::1 zoo2:2888:3888::2",
    "'server.1=zoo1:2888:3888;server.2=zoo2:2888:3888;server.3=zoo3:2888:3888;server.4=0.0.0.0:2888:3888:observer'",
];

/// Lists that are wrong, and what must be in the reason.
const WRONG: [(&str, &str); 6] = [
    ("zoo1", "zoo1"),
    ("server.1=zoo1:2888", "zoo1:2888"),
    ("server.1=zoo1:2888:2888", "2888"),
    ("server.1=a:2888:3888 server.1=b:2888:3888", "1"),
    ("server.256=zoo1:2888:3888", "256"),
    ("server.1=0.0.0.0:2888:3888;2182", "2182"),
];

const THREE: &str = "zoo1:2888:3888 zoo2:2888:3888 zoo3:2888:3888";

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    let without_shell = VERSIONS.map(distroless);
    let mixed = [full(VERSIONS[0]), distroless(VERSIONS[1])];
    let ipv6: &[Need] = &[Need::Engine, Need::Ipv6, PS];
    [
        suite.each("s10_s11_three_servers", BOTH, NEEDS, s10_s11),
        suite.each("s12_forms", without_shell, NEEDS, s12_forms),
        suite.each("s12_ipv6", mixed, ipv6, s12_ipv6),
        suite.each("s12_wrong", mixed, NEEDS, s12_wrong),
        suite.each("s33_one_becomes_three", BOTH, NEEDS, s33_growth),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Member `number` of an ensemble whose members are called `zoo1` and so on.
fn member(
    world: &World,
    image: ImageId,
    network: &Network,
    (number, servers): (usize, &str),
) -> anyhow::Result<Run> {
    Ok(server(world, image)?
        .network(network, &format!("zoo{number}"))
        .env("ZOO_SERVER_ID", &number.to_string())
        .env("ZOO_SERVERS", servers))
}

fn modes(servers: &[&Container], limit: Duration) -> anyhow::Result<Vec<String>> {
    let mut modes = (servers.iter())
        .map(|server| server.mode(limit))
        .collect::<anyhow::Result<Vec<_>>>()?;
    modes.sort();
    Ok(modes)
}

/// Written on one and read on another; each restarted, the leader killed, all stopped and started.
pub(crate) fn s10_s11(world: &World, image: ImageId) -> anyhow::Result<()> {
    let network = Network::create()?;
    let servers = (1..)
        .zip(COPIED)
        .map(|own| member(world, image, &network, own)?.start())
        .collect::<anyhow::Result<Vec<_>>>()?;
    let all: Vec<&Container> = servers.iter().collect();
    let expected = ["follower", "follower", "leader"].map(str::to_owned);
    same("modes", expected.to_vec(), modes(&all, FORMATION)?)?;

    let written = all[0].exec(["zkCli.sh", "create", "/s10", "written-on-one"])?;
    same("exit status of create", 0, written.code).context(written.said())?;
    keeps(all[2], "/s10", "written-on-one")?;

    for server in &all {
        server.restart()?;
        // A majority is there all the time, so it is the member that has to come back.
        (server.mode(REJOIN)).with_context(|| format!("{} does not rejoin", server.name()))?;
        keeps(server, "/s10", "written-on-one")?;
    }
    same("modes", expected.to_vec(), modes(&all, REJOIN)?)?;
    lose_the_leader(&all)?;

    let mut stop = e2e::engine::docker(["stop"]);
    let mut start = e2e::engine::docker(["start"]);
    for server in &all {
        (stop, start) = (stop.arg(server.name()), start.arg(server.name()));
    }
    stop.succeed()?;
    start.succeed()?;
    same("modes", expected.to_vec(), modes(&all, FORMATION)?)?;
    for server in all {
        keeps(server, "/s10", "written-on-one")?;
        keeps(server, "/s11", "written-without-the-leader")?;
    }
    Ok(())
}

fn lose_the_leader(all: &[&Container]) -> anyhow::Result<()> {
    let leads = |server: &Container| -> anyhow::Result<bool> {
        let status = server.exec(["zkServer.sh", "status"])?;
        Ok(status.stdout.contains("Mode: leader"))
    };
    let mut leader = None;
    let mut others = Vec::new();
    for server in all {
        match leads(server)? {
            true => leader = Some(server),
            false => others.push(server),
        }
    }
    let leader = leader.context("nobody leads")?;
    leader.kill()?;
    let elected = until("one of the others leads", FORMATION, || {
        for server in &others {
            if leads(server)? {
                return Ok(Seen::Yes(server));
            }
        }
        Ok(Seen::NotYet("nobody does".to_owned()))
    })?;
    write(elected, "/s11", "written-without-the-leader")?;
    leader.start_again()?;
    same("mode of the old leader", "follower", &leader.mode(REJOIN)?)?;
    keeps(leader, "/s11", "written-without-the-leader")
}

fn s12_forms(world: &World, image: ImageId) -> anyhow::Result<()> {
    let network = Network::create()?;
    let servers = (1..)
        .zip(FORMS)
        .map(|own| member(world, image, &network, own)?.start())
        .collect::<anyhow::Result<Vec<_>>>()?;
    let all: Vec<&Container> = servers.iter().collect();
    let expected = ["follower", "follower", "leader", "observer"].map(str::to_owned);
    same("modes", expected.to_vec(), modes(&all, FORMATION)?)?;
    same("mode of server 4", "observer", &all[3].mode(START)?)?;
    write(all[3], "/s12", "through-the-observer")?;
    keeps(all[0], "/s12", "through-the-observer")
}

fn s12_ipv6(world: &World, image: ImageId) -> anyhow::Result<()> {
    let server = server(world, image)?
        // Engines switch it off in networks that have none.
        .options(["--sysctl", "net.ipv6.conf.all.disable_ipv6=0"])
        .env("ZOO_SERVERS", "[::1]:2888:3888")
        .start()?;
    same("mode", "leader", &server.mode(START)?)?;
    let config = server.file("/srv/conf/zookeeper/zoo.cfg")?;
    has_lines(&config, &["server.1=[::1]:2888:3888;2181"])
}

fn s12_wrong(world: &World, image: ImageId) -> anyhow::Result<()> {
    for (servers, reason) in WRONG {
        let run = server(world, image)?.env("ZOO_SERVERS", servers);
        let errors = refused(run, &["ZOO_SERVERS"]).with_context(|| servers.to_owned())?;
        same("errors", 1, errors.len()).with_context(|| format!("{errors:?}"))?;
        contains(&errors[0], reason)?;
    }
    Ok(())
}

/// The order of docs/image.md: the one with data first, then one that is empty, and only when these two serve
/// the other one.
fn s33_growth(world: &World, image: ImageId) -> anyhow::Result<()> {
    let network = Network::create()?;
    let (data, datalog) = (Volume::create()?, Volume::create()?);
    let first = |servers: &str| -> anyhow::Result<_> {
        Ok(member(world, image, &network, (1, servers))?
            .volume(&data, "/srv/data")
            .volume(&datalog, "/srv/datalog"))
    };
    let alone = first("zoo1:2888:3888")?.start()?;
    same("mode", "leader", &alone.mode(START)?)?;
    write(&alone, "/s33", "kept")?;
    alone.stop()?;
    drop(alone);

    // Whoever comes empty to a list of several cannot know who else is there.
    let empty = |number: usize| -> anyhow::Result<_> {
        let server = member(world, image, &network, (number, THREE))?.start()?;
        server.server()?;
        warns(&server, &["/srv/data/zookeeper is empty", "3 servers"])?;
        Ok(server)
    };
    drop(empty(3)?);

    let one = first(THREE)?.start()?;
    one.server()?;
    let about_empty = one.warnings()?;
    let about_empty = about_empty
        .iter()
        .find(|warning| warning.contains("is empty"));
    ensure!(about_empty.is_none(), "it is not empty: {about_empty:?}");
    let two = empty(2)?;
    same("mode of the second", "follower", &two.mode(FORMATION)?)?;
    let three = empty(3)?;
    let expected = ["follower", "follower", "leader"].map(str::to_owned);
    let found = modes(&[&one, &two, &three], FORMATION)?;
    same("modes", expected.to_vec(), found)?;
    for server in [&one, &two, &three] {
        keeps(server, "/s33", "kept")?;
    }
    Ok(())
}
