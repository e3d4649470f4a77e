//! One container: how it starts, serves and is asked.

use std::fs;
use std::os::unix::fs::MetadataExt;

use anyhow::{Context, ensure};
use e2e::ask;
use e2e::engine::{Container, Network, container};
use e2e::images::{IMAGES, ImageId, VERSIONS, Variant, World, distroless, full};
use e2e::need::{Need, PS};
use libtest_mimic::Trial;

use crate::server::{START, has_lines, refused, server, small, warns};
use crate::{Suite, contains, same};

/// What stands in every generated configuration unless a variable says otherwise.
const DEFAULTS: [&str; 16] = [
    "tickTime=2000",
    "initLimit=10",
    "syncLimit=5",
    "dataDir=/srv/data/zookeeper",
    "dataLogDir=/srv/datalog/zookeeper",
    "clientPort=2181",
    "maxClientCnxns=60",
    "standaloneEnabled=false",
    "reconfigEnabled=false",
    "quorumListenOnAllIPs=false",
    "admin.enableServer=true",
    "admin.serverPort=8080",
    "autopurge.purgeInterval=0",
    "autopurge.snapRetainCount=3",
    "4lw.commands.whitelist=srvr, mntr",
    // A key of 3.6 and later.
    "maxCnxns=0",
];

const NEEDS: &[Need] = &[Need::Engine, PS];

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    let mixed = [full(VERSIONS[0]), distroless(VERSIONS[1])];
    let shells = VERSIONS.map(full);
    let none = VERSIONS.map(distroless);
    [
        suite.each("s01_s06_s09_one_server", IMAGES, NEEDS, one_server),
        suite.each("s02_nobody_decided", IMAGES, NEEDS, s02_nobody_decided),
        suite.each("s04_client", mixed, NEEDS, s04_client),
        suite.each("tools_of_full", shells, NEEDS, tools),
        suite.each("no_shell_in_distroless", none, NEEDS, no_shell),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Those that the release knows.
pub(crate) fn known_defaults(image: ImageId) -> &'static [&'static str] {
    &DEFAULTS[..DEFAULTS.len() - usize::from(image.version.starts_with("3.5."))]
}

fn one_server(world: &World, image: ImageId) -> anyhow::Result<()> {
    let server = server(world, image)?.start()?;
    same("mode", "leader", &server.mode(START)?)?;
    contains(&ask::word(server.address(2181)?, "srvr")?, "Mode: leader")?;
    warns(&server, &["ZOO_ALLOW_ANONYMOUS_LOGIN=yes"])?;

    let config = server.file("/srv/conf/zookeeper/zoo.cfg")?;
    has_lines(&config, known_defaults(image))?;
    has_lines(&config, &["server.1=0.0.0.0:2888:3888;2181"])?;
    same("user of the server", 1000, server.server()?.uid)?;

    s06_exec(&server, image.variant)?;
    let logs = server.logs()?;
    contains(&logs, "[myid:1]")?;
    contains(&logs, "LEADER ELECTION TOOK")?;
    // The first look is an interval after the start.
    server.healthy(START)
}

fn s06_exec(server: &Container, variant: Variant) -> anyhow::Result<()> {
    let status = server.exec(["zkServer.sh", "status"])?;
    same("exit status", 0, status.code)?;
    same(
        "standard output",
        "Client port found: 2181. Client address: localhost.\nMode: leader\n",
        &status.stdout,
    )?;
    same(
        "standard error",
        "ZooKeeper JMX enabled by default\nUsing config: /srv/conf/zookeeper/zoo.cfg\n",
        &status.stderr,
    )?;
    if variant == Variant::Full {
        let echo = server.exec(["/bin/bash", "-c", "echo ok"])?;
        same("bash -c", "ok\n", &echo.stdout)?;
    }
    // `start` would be a second server.
    let start = server.exec(["zkServer.sh", "start"])?;
    same("exit status of start", 1, start.code)?;
    contains(&start.stderr, "already running")
}

/// Nothing is said but why, and nothing stays behind.
fn s02_nobody_decided(world: &World, image: ImageId) -> anyhow::Result<()> {
    let directory = world.directory(&format!("s02-{image}"))?;
    std::os::unix::fs::chown(&directory, Some(1000), Some(1000))?;
    let mapped = || -> anyhow::Result<_> {
        Ok(small(world, image)?
            .bind(&directory, "/srv/conf")
            .bind(&directory, "/srv/data"))
    };
    let errors = refused(
        mapped()?,
        &["ZOO_ALLOW_ANONYMOUS_LOGIN=yes", "ZOO_ENABLE_AUTH=yes"],
    )?;
    same("errors", 1, errors.len())?;

    // All that is wrong at once, not one after the other.
    let wrong = mapped()?.env("ZOO_TICK_TIME", "0").env("ZOO_SERVERS", "x");
    let texts = ["ZOO_TICK_TIME", "ZOO_SERVERS", "ZOO_ALLOW_ANONYMOUS_LOGIN"];
    same("errors", 3, refused(wrong, &texts)?.len())?;

    let left: Vec<_> = fs::read_dir(&directory)?.collect::<Result<_, _>>()?;
    ensure!(left.is_empty(), "left behind: {left:?}");
    same("owner", 1000, fs::metadata(&directory)?.uid())
}

fn s04_client(world: &World, image: ImageId) -> anyhow::Result<()> {
    let network = Network::create()?;
    let server = server(world, image)?.network(&network, "zoo1").start()?;
    server.mode(START)?;
    let client = |command: &[&str]| {
        let words = ["zkCli.sh", "-server", "zoo1:2181"].iter().chain(command);
        container(world.loaded(image)?)
            .options(["--rm", "--network", network.name()])
            .words(words.copied())
            .finish()
    };
    let created = client(&["create", "/e2e", "written-by-a-client"])?;
    same("exit status of create", 0, created.code).context(created.said())?;
    let read = client(&["get", "/e2e"])?;
    same("exit status of get", 0, read.code).context(read.said())?;
    has_lines(&read.stdout, &["written-by-a-client"])?;
    if image.variant == Variant::Full {
        let root = client(&["get", "/"])?;
        same("exit status of get /", 0, root.code).context(root.said())?;
    }
    // No gate and no configuration for a client.
    for finished in [created, read] {
        ensure!(
            !finished.said().contains("zookeeper-entrypoint"),
            "the client's container prepared something: {}",
            finished.said()
        );
    }
    Ok(())
}

/// What people do in a container when something is wrong.
fn tools(world: &World, image: ImageId) -> anyhow::Result<()> {
    let id = world.loaded(image)?;
    let run = |words: &[&str]| -> anyhow::Result<String> {
        let finished = container(id).words(words.iter().copied()).finish()?;
        ensure!(finished.code == 0, "{words:?}: {}", finished.said());
        Ok(finished.said())
    };
    contains(&run(&["java", "-version"])?, "OpenJDK 64-Bit Server VM")?;
    contains(&run(&["ls", "/srv"])?, "datalog")?;
    contains(&run(&["ps"])?, "ps")?;
    contains(&run(&["bash", "-c", "echo $((6 * 7)) | cat"])?, "42")?;
    contains(
        &run(&["sh", "-c", "vi --help 2>&1; nc --help 2>&1; true"])?,
        "BusyBox",
    )?;
    contains(&run(&["cat", "/etc/os-release"])?, "ID=debian")
}

fn no_shell(world: &World, image: ImageId) -> anyhow::Result<()> {
    let id = world.loaded(image)?;
    let java = container(id).command(["java", "-version"]).finish()?;
    contains(&java.said(), "OpenJDK 64-Bit Server VM")?;
    for shell in ["/bin/sh", "/bin/bash", "/usr/bin/busybox"] {
        let finished = container(id)
            .options(["--entrypoint", shell])
            .command(["-c", "true"])
            .finish()?;
        ensure!(
            finished.code == 127 || finished.said().contains("no such file"),
            "{shell}: {} {}",
            finished.code,
            finished.said()
        );
    }
    Ok(())
}
