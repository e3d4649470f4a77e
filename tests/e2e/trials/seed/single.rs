//! One container, without Compose.

use std::fs;
use std::os::unix::fs::MetadataExt;

use anyhow::{Context, ensure};
use e2e::images::{ImageId, VERSIONS, World, full};
use e2e::need::{Need, REGISTRY, SKOPEO};
use e2e::wait::{Seen, until};
use libtest_mimic::Trial;

use super::Body;
use super::promises::{
    ATTACH, CLIENT, EXEC, LINK, LOGS, NETWORK, PULL, RUN, RUN_IN_NETWORK, RUN_ON_HOST, STOP,
    STOP_BY_SCRIPT,
};
use super::shell::{NEEDS, Shell, succeeds};
use crate::server::{BOTH, START, keeps, write};
use crate::{Suite, contains, same};

pub(super) fn trials(suite: &Suite) -> Vec<Trial> {
    let registry = &[Need::Engine, SKOPEO, REGISTRY];
    let mut trials = vec![suite.trial("seed_pull", registry, pull)];
    for (name, body) in [
        ("seed_run_exec_logs_stop", run_exec_logs_stop as Body),
        ("seed_attach", attach),
        ("seed_stop_by_script", stop_by_script),
        ("seed_directories_of_the_host", directories_of_the_host),
        ("seed_client_in_network", client_in_network),
        ("s05_link", link),
    ] {
        trials.extend(suite.each(name, BOTH, NEEDS, body));
    }
    trials
}

fn pull(world: &World) -> anyhow::Result<()> {
    let image = full(VERSIONS[1]);
    let mut shell = Shell::of_engine(world, image, "pull")?;
    let reference = world.pushed(image, "seed/zookeeper")?;
    shell.place("registry.example/zookeeper:3.6.1", &reference);
    contains(&shell.run(PULL)?.stdout, &reference)
}

fn run_exec_logs_stop(world: &World, image: ImageId) -> anyhow::Result<()> {
    let shell = Shell::of_engine(world, image, "run")?;
    shell.run(RUN)?;
    let server = shell.container("zoo1")?;
    same("mode", "leader", &server.mode(START)?)?;
    let policy = server.inspect("{{.HostConfig.RestartPolicy.Name}}")?;
    same("restart policy", "always", &policy)?;

    let said = shell.typing(EXEC, "echo $((6 * 7)) from \"$HOSTNAME\"\nexit\n")?;
    contains(&said.said(), "42 from ")?;

    contains(&shell.run(LOGS)?.said(), "LEADER ELECTION TOOK")?;

    shell.run(STOP)?;
    same("exit status", 143, server.exit_code()?)
}

/// Whoever closes the terminal leaves the server running.
fn attach(world: &World, image: ImageId) -> anyhow::Result<()> {
    let shell = Shell::of_engine(world, image, "attach")?;
    shell.run(RUN)?;
    let server = shell.container("zoo1")?;
    server.mode(START)?;

    ensure!(ATTACH.ours == "docker attach --sig-proxy=false zoo1");
    let terminal = server.attach(["--sig-proxy=false"])?;
    // Only what is printed from now on is shown there, such as an answer to `srvr`.
    until("the log is shown", START, || {
        server.exec(["zkServer.sh", "status"])?;
        let shown = terminal.shown()?;
        Ok(match shown.contains("srvr") {
            true => Seen::Yes(()),
            false => Seen::NotYet(shown),
        })
    })?;
    drop(terminal);

    same("mode", "leader", &server.mode(START)?)?;
    let started = server.inspect("{{.RestartCount}}")?;
    same("restarts", "0", &started)
}

/// With the seed's restart policy the container comes back, and the script says so.
fn stop_by_script(world: &World, image: ImageId) -> anyhow::Result<()> {
    let shell = Shell::of_engine(world, image, "stop")?;
    shell.run(RUN)?;
    let server = shell.container("zoo1")?;
    server.mode(START)?;
    let said = shell.at_terminal(STOP_BY_SCRIPT, 0)?;
    contains(&said, "Stopping zookeeper ... STOPPED")?;
    until("the engine starts it again", START, || {
        let count = server.inspect("{{.RestartCount}} {{.State.Running}}")?;
        Ok(match count.as_str() {
            "1 true" => Seen::Yes(()),
            _ => Seen::NotYet(count),
        })
    })?;
    same("mode", "leader", &server.mode(START)?)
}

/// They outlive the container, and what is needed in them is made.
fn directories_of_the_host(world: &World, image: ImageId) -> anyhow::Result<()> {
    let shell = Shell::of_engine(world, image, "host")?;
    shell.run(RUN_ON_HOST)?;
    let server = shell.container("zoo1")?;
    server.mode(START)?;
    write(&server, "/kept", "before")?;
    for path in [
        "conf/zookeeper/zoo.cfg",
        "data/zookeeper/myid",
        "data/zookeeper/version-2",
        "datalog/zookeeper/version-2",
        "log/zookeeper",
    ] {
        let metadata = fs::metadata(shell.path(&format!("/host/dir/to/{path}")))
            .with_context(|| path.to_owned())?;
        same(path, 1000, metadata.uid())?;
    }

    shell.bash("docker rm --force --volumes zoo1").succeed()?;
    shell.run(RUN_ON_HOST)?;
    server.mode(START)?;
    keeps(&server, "/kept", "before")
}

fn client_in_network(world: &World, image: ImageId) -> anyhow::Result<()> {
    let shell = Shell::of_engine(world, image, "network")?;
    shell.run(NETWORK)?;
    shell.run(RUN_IN_NETWORK)?;
    shell.container("zoo1")?.mode(START)?;
    contains(&shell.at_terminal(CLIENT, 0)?, "SyncConnected")
}

fn link(world: &World, image: ImageId) -> anyhow::Result<()> {
    let shell = Shell::of_engine(world, image, "link")?;
    shell.run(NETWORK)?;
    shell.run(RUN_IN_NETWORK)?;
    shell.container("zoo1")?.mode(START)?;
    shell.run(LINK)?;
    succeeds(&shell.container("other-app")?, START)
}
