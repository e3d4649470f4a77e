//! What is run beside a server, or instead of one.

use std::fs;

use anyhow::{Context, ensure};
use e2e::ask;
use e2e::command::Finished;
use e2e::engine::{Container, Network};
use e2e::images::{ImageId, VERSIONS, World, distroless, full};
use e2e::need::{Need, PS};
use e2e::wait::{Seen, until};
use e2e::znodes::Session;
use libtest_mimic::Trial;

use crate::server::{START, keeps, server, small};
use crate::{Suite, contains, same};

const NEEDS: &[Need] = &[Need::Engine, Need::Root, PS];

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    let mixed = [full(VERSIONS[0]), distroless(VERSIONS[1])];
    [
        suite.each("s30_debug", mixed, NEEDS, s30_debug),
        suite.each("s30_nothing_started", mixed, NEEDS, s30_nothing_started),
        suite.each("s37_client_address", mixed, NEEDS, s37_client_address),
        suite.each("s37_real_data", mixed, NEEDS, s37_real_data),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn s30_debug(world: &World, image: ImageId) -> anyhow::Result<()> {
    let look = |debug: &str| -> anyhow::Result<_> {
        let server = server(world, image)?
            .options(["--hostname", "zoo1"])
            .env("ENV_DEBUG", debug)
            .start()?;
        let command = server.server()?.command;
        // Each container has a private directory of its own.
        let words = command
            .split(' ')
            .filter(|word| !word.starts_with("-XX:ErrorFile="));
        let command: Vec<String> = words.map(str::to_owned).collect();
        let config = server.file("/srv/conf/zookeeper/zoo.cfg")?;
        let (debug, other): (Vec<_>, Vec<_>) =
            (server.notes()?.into_iter()).partition(|note| note.starts_with("debug: "));
        Ok((command, config, debug, other))
    };
    let (quiet, loud) = (look("")?, look("1")?);
    ensure!(quiet.2.is_empty(), "not asked for: {:?}", quiet.2);
    ensure!(!loud.2.is_empty(), "no debug lines");
    same("command", quiet.0, loud.0)?;
    same("zoo.cfg", quiet.1, loud.1)?;
    same("other lines", quiet.3, loud.3)
}

/// Nobody has said who may connect, and nobody has to.
fn s30_nothing_started(world: &World, image: ImageId) -> anyhow::Result<()> {
    let top = world.directory(&format!("s30-{image}"))?;
    std::os::unix::fs::chown(&top, Some(1000), Some(1000))?;
    let run = |words: &[&str]| -> anyhow::Result<Finished> {
        let finished = small(world, image)?
            .bind(&top, "/srv/conf")
            .words(words.iter().copied())
            .finish()?;
        same(&format!("exit status of {words:?}"), 0, finished.code).context(finished.said())?;
        Ok(finished)
    };
    for help in ["--help", "-h"] {
        contains(&run(&["zkServer.sh", help])?.stdout, "start-foreground")?;
        // The first word is `zkServer.sh` where it begins with a dash.
        contains(&run(&[help])?.stdout, "start-foreground")?;
    }
    let release = format!("Apache ZooKeeper, version {}", image.version);
    for version in ["version", "--version", "-V"] {
        contains(&run(&["zkServer.sh", version])?.stdout, &release)?;
    }
    let command = run(&["zkServer.sh", "print-cmd"])?.stdout;
    for word in [
        "java",
        "-Xmx128m",
        "QuorumPeerMain /srv/conf/zookeeper/zoo.cfg",
    ] {
        contains(&command, word)?;
    }
    let left: Vec<_> = fs::read_dir(&top)?.collect::<Result<_, _>>()?;
    ensure!(left.is_empty(), "left behind: {left:?}");
    Ok(())
}

/// Clients are served on one address only, which is not the loopback's.
fn s37_client_address(world: &World, image: ImageId) -> anyhow::Result<()> {
    let directory = world.directory(&format!("s37-{image}"))?;
    let config = "dataDir=/srv/data/zookeeper\n\
        dataLogDir=/srv/datalog/zookeeper\n\
        tickTime=2000\n\
        clientPort=2182\n\
        clientPortAddress=zoo1\n";
    fs::write(directory.join("zoo.cfg"), config)?;
    let network = Network::create()?;
    let server = small(world, image)?
        .network(&network, "zoo1")
        .bind(&directory.join("zoo.cfg"), "/srv/conf/zookeeper/zoo.cfg")
        .start()?;
    same("mode", "standalone", &server.mode(START)?)?;
    let status = server.exec(["zkServer.sh", "status"])?;
    contains(
        &status.stdout,
        "Client port found: 2182. Client address: zoo1.\n",
    )?;
    for words in [vec!["healthcheck"], vec!["healthcheck", "--liveness"]] {
        let check = e2e::engine::docker(["exec", server.name()])
            .args(&words)
            .finish()?;
        same(&format!("{words:?}"), 0, check.code).context(check.said())?;
    }
    let client = server.exec(["zkCli.sh", "get", "/"])?;
    same("exit status of zkCli.sh", 0, client.code).context(client.said())
}

const DATA: &str = "/srv/data/zookeeper/version-2";
const DATALOG: &str = "/srv/datalog/zookeeper/version-2";

fn s37_real_data(world: &World, image: ImageId) -> anyhow::Result<()> {
    let top = world.directory(&format!("s37-data-{image}"))?;
    for name in ["data", "datalog"] {
        fs::create_dir(top.join(name))?;
        std::os::unix::fs::chown(top.join(name), Some(1000), Some(1000))?;
    }
    let server = server(world, image)?
        .env("ZOO_SNAPCOUNT", "10")
        .env("ZOO_PRE_ALLOC_SIZE", "64")
        .bind(&top.join("data"), "/srv/data")
        .bind(&top.join("datalog"), "/srv/datalog")
        .start()?;
    server.mode(START)?;
    let files = |of: &str, prefix: &str| -> anyhow::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(top.join(of).join("zookeeper/version-2"))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            names.extend(name.starts_with(prefix).then_some(name));
        }
        // Hexadecimal numbers, without zeros before them.
        names.sort_by_key(|name| (name.len(), name.clone()));
        Ok(names)
    };
    let mut session = Session::open(server.address(2181)?)?;
    let mut number = 0;
    // Snapshots are taken beside the writing, and one at a time.
    until("there are five snapshots", START, || {
        for _ in 0..20 {
            number += 1;
            session.create(&format!("/s37-{number}"), b"real")?;
        }
        let snapshots = files("data", "snapshot.")?;
        Ok(match snapshots.len() {
            ..5 => Seen::NotYet(format!("{snapshots:?}")),
            _ => Seen::Yes(()),
        })
    })?;
    drop(session);
    shows_logs_and_snapshots(
        &server,
        image,
        &files("datalog", "log.")?,
        &files("data", "snapshot.")?,
    )?;

    let cleanup = succeeds(&server, ["zkCleanup.sh", "-n", "3"])?;
    same("snapshots", 3, files("data", "snapshot.")?.len()).context(cleanup)?;
    // What it keeps is what the data can be made of again.
    server.restart()?;
    server.mode(START)?;
    keeps(&server, "/s37-1", "real")?;
    keeps(&server, &format!("/s37-{number}"), "real")?;
    contains(&ask::word(server.address(2181)?, "srvr")?, "Mode: leader")
}

fn shows_logs_and_snapshots(
    server: &Container,
    image: ImageId,
    logs: &[String],
    snapshots: &[String],
) -> anyhow::Result<()> {
    let log = format!("{DATALOG}/{}", logs.first().context("no log")?);
    let shown = succeeds(server, ["zkTxnLogToolkit.sh", "--dump", &log])?;
    contains(&shown, "/s37-1")?;
    // Releases that have a snapshot toolkit have it here.
    if image.version != VERSIONS[0] {
        let newest = snapshots.iter().rev().nth(1).context("no snapshot")?;
        let path = format!("{DATA}/{newest}");
        let shown = succeeds(server, ["zkSnapShotToolkit.sh", &path])?;
        contains(&shown, "/s37-1")?;
    }
    Ok(())
}

fn succeeds<const N: usize>(server: &Container, words: [&str; N]) -> anyhow::Result<String> {
    let finished = server.exec(words)?;
    same(&format!("exit status of {words:?}"), 0, finished.code).context(finished.said())?;
    Ok(finished.said())
}
