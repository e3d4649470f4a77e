//! One container, without Compose.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};
use e2e::engine::Container;
use e2e::images::{ImageId, VERSIONS, World, full};
use e2e::need::{Need, REGISTRY, SKOPEO};
use e2e::wait::{Seen, until};
use libtest_mimic::Trial;

use super::promises::{
    ATTACH, CLIENT, EXEC, LINK, LOGS, NETWORK, PULL, RUN, RUN_IN_NETWORK, RUN_ON_HOST, STOP,
    STOP_BY_SCRIPT,
};
use super::shell::{NEEDS, Shell, succeeds};
use crate::server::START;
use crate::{Suite, contains, same};

type Body = fn(&World, ImageId) -> anyhow::Result<()>;

pub(super) fn trials(suite: &Suite) -> Vec<Trial> {
    let scenarios: [(&str, Body); 6] = [
        ("seed_run_exec_logs_stop", run_exec_logs_stop),
        ("seed_attach", attach),
        ("seed_stop_by_script", stop_by_script),
        ("seed_directories_of_the_host", directories_of_the_host),
        ("seed_client_in_network", client_in_network),
        ("s05_link", link),
    ];
    let mut trials = vec![suite.trial("seed_pull", &[Need::Engine, SKOPEO, REGISTRY], pull)];
    for (name, body) in scenarios {
        for image in VERSIONS.map(full) {
            trials.push(suite.trial(format!("{name}/{image}"), NEEDS, move |world| {
                body(world, image)
            }));
        }
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

    let mut terminal = Attached::start(&shell)?;
    // Only what is printed from now on is seen there. The answer to `srvr` is a line in the log.
    let line = until("the log is seen", START, || {
        server.exec(["zkServer.sh", "status"])?;
        Ok(match terminal.line()? {
            line if line.contains("srvr") => Seen::Yes(line),
            other => Seen::NotYet(other),
        })
    })?;
    contains(&line, "[myid:1]")?;
    drop(terminal);

    same("mode", "leader", &server.mode(START)?)?;
    let started = server.inspect("{{.RestartCount}}")?;
    same("restarts", "0", &started)
}

/// A terminal that shows a container, until it is closed.
struct Attached {
    client: Child,
    output: BufReader<std::process::ChildStdout>,
}

impl Attached {
    fn start(shell: &Shell) -> anyhow::Result<Self> {
        let mut client = Command::new("bash")
            .args(["-c", &format!("exec {}", shell.own(ATTACH.ours))])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot run bash")?;
        let output = client.stdout.take().context("its output is a pipe")?;
        let output = BufReader::new(output);
        Ok(Self { client, output })
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        ensure!(!line.is_empty(), "the client has ended");
        Ok(line)
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        let _ = self.client.kill();
        let _ = self.client.wait();
    }
}

/// With the seed's restart policy the container comes back, and the script says so.
fn stop_by_script(world: &World, image: ImageId) -> anyhow::Result<()> {
    let shell = Shell::of_engine(world, image, "stop")?;
    shell.run(RUN)?;
    let server = shell.container("zoo1")?;
    server.mode(START)?;
    let said = shell.at_terminal(STOP_BY_SCRIPT)?;
    contains(&said.said(), "Stopping zookeeper ... STOPPED")?;
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
    written(&server, "/kept")?;
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
    read(&server, "/kept")
}

fn client_in_network(world: &World, image: ImageId) -> anyhow::Result<()> {
    let shell = Shell::of_engine(world, image, "network")?;
    shell.run(NETWORK)?;
    shell.run(RUN_IN_NETWORK)?;
    shell.container("zoo1")?.mode(START)?;
    contains(&shell.at_terminal(CLIENT)?.said(), "SyncConnected")
}

fn link(world: &World, image: ImageId) -> anyhow::Result<()> {
    let shell = Shell::of_engine(world, image, "link")?;
    shell.run(NETWORK)?;
    shell.run(RUN_IN_NETWORK)?;
    shell.container("zoo1")?.mode(START)?;
    shell.run(LINK)?;
    succeeds(&shell.container("other-app")?, START)
}

/// Writes the node's own name into a new node.
pub(super) fn written(server: &Container, node: &str) -> anyhow::Result<()> {
    let created = server.exec(["zkCli.sh", "create", node, node])?;
    ensure!(
        created.code == 0,
        "cannot create {node}: {}",
        created.said()
    );
    Ok(())
}

/// Reads what [`written`] wrote.
pub(super) fn read(server: &Container, node: &str) -> anyhow::Result<()> {
    let found = server.exec(["zkCli.sh", "get", node])?;
    ensure!(
        found.code == 0 && found.stdout.lines().any(|line| line == node),
        "{node} is not there: {}",
        found.said()
    );
    Ok(())
}
