//! One container: how it starts, serves, is asked, and stops.

use std::time::Duration;

use anyhow::{Context, ensure};
use e2e::engine::{Network, container, docker};
use e2e::images::{IMAGES, ImageId, VERSIONS, Variant, World, distroless, full};
use e2e::need::Need;
use libtest_mimic::Trial;

use crate::{Suite, contains, same};

/// A JVM beside others on a busy machine.
pub(crate) const START: Duration = Duration::from_secs(60);

/// 128 and SIGTERM: ZooKeeper's own answer to it.
const TERMINATED: i32 = 143;

const NEEDS: &[Need] = &[Need::Engine];

type Body = fn(&World, ImageId) -> anyhow::Result<()>;

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    let scenarios: [(&str, Body); 7] = [
        ("s01_server_leads", s01_server_leads),
        ("s01_becomes_healthy", s01_becomes_healthy),
        ("s02_nobody_decided_about_anonymous", s02_nobody_decided),
        ("s04_client_in_another_container", s04_client),
        ("s06_status", s06_status),
        ("s08_docker_stop", s08_docker_stop),
        ("s09_docker_logs", s09_docker_logs),
    ];
    let mut trials = Vec::new();
    for (name, body) in scenarios {
        for image in IMAGES {
            trials.push(suite.trial(format!("{name}/{image}"), NEEDS, move |world| {
                body(world, image)
            }));
        }
    }
    for version in VERSIONS {
        trials.push(
            suite.trial(format!("tools_of_full/{version}"), NEEDS, move |world| {
                tools(world, full(version))
            }),
        );
        trials.push(suite.trial(
            format!("no_shell_in_distroless/{version}"),
            NEEDS,
            move |world| no_shell(world, distroless(version)),
        ));
    }
    trials
}

fn s01_server_leads(world: &World, image: ImageId) -> anyhow::Result<()> {
    let server = container(world.loaded(image)?).anonymous().start()?;
    same("mode", "leader", &server.mode(START)?)?;
    contains(&server.logs()?, "ZOO_ALLOW_ANONYMOUS_LOGIN=yes")?;

    let users = docker(["top"])
        .arg(server.name())
        .args(["-eo", "pid,uid,args"])
        .stdout()?;
    let java = (users.lines().map(str::trim))
        .find(|line| line.contains("QuorumPeerMain"))
        .context("no server among the processes")?;
    ensure!(
        java.split_whitespace().nth(1) == Some("1000"),
        "the server is not user 1000: {java}"
    );
    Ok(())
}

fn s01_becomes_healthy(world: &World, image: ImageId) -> anyhow::Result<()> {
    let server = container(world.loaded(image)?).anonymous().start()?;
    // The first look is an interval after the start.
    server.healthy(START)
}

fn s02_nobody_decided(world: &World, image: ImageId) -> anyhow::Result<()> {
    let finished = container(world.loaded(image)?).finish()?;
    same("exit status", 1, finished.code)?;
    contains(&finished.stderr, "ZOO_ALLOW_ANONYMOUS_LOGIN")?;
    contains(&finished.stderr, "ZOO_ENABLE_AUTH")?;
    same("lines", 1, finished.said().lines().count())
}

fn s04_client(world: &World, image: ImageId) -> anyhow::Result<()> {
    let id = world.loaded(image)?;
    let network = Network::create()?;
    let server = container(id)
        .anonymous()
        .network(&network, "zoo1")
        .start()?;
    server.mode(START)?;
    let client = |command: &[&str]| {
        let words = ["zkCli.sh", "-server", "zoo1:2181"].iter().chain(command);
        container(id)
            .options(["--network", network.name()])
            .words(words.copied())
            .finish()
    };
    let created = client(&["create", "/e2e", "written-by-a-client"])?;
    same("exit status of create", 0, created.code)?;
    let read = client(&["get", "/e2e"])?;
    same("exit status of get", 0, read.code)?;
    ensure!(
        read.stdout
            .lines()
            .any(|line| line == "written-by-a-client"),
        "the value is not there: {}",
        read.said()
    );
    let root = client(&["get", "/"])?;
    same("exit status of get /", 0, root.code)?;
    // No gate and no configuration for a client.
    ensure!(
        !root.said().contains("zookeeper-entrypoint"),
        "the client's container prepared something: {}",
        root.said()
    );
    Ok(())
}

fn s06_status(world: &World, image: ImageId) -> anyhow::Result<()> {
    let server = container(world.loaded(image)?).anonymous().start()?;
    server.mode(START)?;
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
    if image.variant == Variant::Full {
        let echo = server.exec(["/bin/bash", "-c", "echo ok"])?;
        same("bash -c", "ok\n", &echo.stdout)?;
    }
    Ok(())
}

fn s08_docker_stop(world: &World, image: ImageId) -> anyhow::Result<()> {
    let server = container(world.loaded(image)?).anonymous().start()?;
    server.mode(START)?;
    let took = server.stop()?;
    same("exit status", TERMINATED, server.exit_code()?)?;
    ensure!(took < Duration::from_secs(5), "`docker stop` took {took:?}");
    Ok(())
}

fn s09_docker_logs(world: &World, image: ImageId) -> anyhow::Result<()> {
    let server = container(world.loaded(image)?).anonymous().start()?;
    server.mode(START)?;
    let log = server.logs()?;
    contains(&log, "[myid:1]")?;
    contains(&log, "LEADER ELECTION TOOK")
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
