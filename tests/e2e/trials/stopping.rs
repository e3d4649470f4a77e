//! How a container ends, or does not: signals, `zkServer.sh stop` and `restart`, orphans, no memory.

use std::time::Duration;

use anyhow::{Context, ensure};
use e2e::ask;
use e2e::engine::Container;
use e2e::images::{ImageId, VERSIONS, World, distroless, full};
use e2e::need::{Need, PS};
use e2e::wait::{Seen, until};
use e2e::znodes::Session;
use libtest_mimic::Trial;

use crate::server::{BOTH, START, server};
use crate::{Suite, contains, same};

/// 128 and SIGINT.
const INTERRUPTED: i32 = 130;

/// 128 and SIGTERM: ZooKeeper's own answer to it.
const TERMINATED: i32 = 143;

/// What `zkServer.sh stop` says, as upstream's.
const STOPPED: &str = "Stopping zookeeper ... STOPPED";

/// A container that has been told to end.
const END: Duration = Duration::from_secs(20);

/// What an engine waits before it kills is 10 s; nobody should have to wait for half of that.
const QUICK: Duration = Duration::from_secs(5);

const NEEDS: &[Need] = &[Need::Engine, PS];

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    let mixed = [full(VERSIONS[0]), distroless(VERSIONS[1])];
    let others = [distroless(VERSIONS[0]), full(VERSIONS[1])];
    [
        suite.each("s07_attach", mixed, NEEDS, s07_attach),
        suite.each("s08_stop", others, NEEDS, s08_stop),
        suite.each("s08_restart_always", BOTH, NEEDS, s08_restart_always),
        suite.each("s28_no_zombies", mixed, NEEDS, s28_no_zombies),
        suite.each("s28_out_of_memory", BOTH, NEEDS, s28_out_of_memory),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn s07_attach(world: &World, image: ImageId) -> anyhow::Result<()> {
    let server = server(world, image)?.start()?;
    server.mode(START)?;

    let watching = server.attach(["--sig-proxy=false"])?;
    until("the log is shown", START, || {
        // It is a line in the log.
        ask::word(server.address(2181)?, "srvr")?;
        let shown = watching.shown()?;
        Ok(match shown.contains("Processing srvr command") {
            true => Seen::Yes(()),
            false => Seen::NotYet(shown),
        })
    })?;
    let before = server.server()?;
    watching.interrupt()?;
    // Some clients of the engine stay after that.
    drop(watching);
    same("mode", "leader", &server.mode(START)?)?;
    same("server", before.pid, server.server()?.pid)?;

    let mut attached = server.attach([])?;
    until("the client is attached", START, || {
        ask::word(server.address(2181)?, "srvr")?;
        Ok(match attached.shown()?.is_empty() {
            false => Seen::Yes(()),
            true => Seen::NotYet("nothing is shown".to_owned()),
        })
    })?;
    attached.interrupt()?;
    same("exit status", INTERRUPTED, server.ended(END)?)?;
    same("the client's", Some(INTERRUPTED), attached.left(END)?)
}

fn s08_stop(world: &World, image: ImageId) -> anyhow::Result<()> {
    let server = server(world, image)?.start()?;
    server.mode(START)?;
    stops_in_time(&server)?;

    server.start_again()?;
    server.mode(START)?;
    let stop = server.exec(["zkServer.sh", "stop"])?;
    same("exit status of stop", 0, stop.code).context(stop.said())?;
    contains(&stop.stdout, STOPPED)?;
    same("exit status", TERMINATED, server.ended(END)?)
}

/// `docker stop`, long before the engine would kill.
pub(crate) fn stops_in_time(server: &Container) -> anyhow::Result<()> {
    let took = server.stop()?;
    same("exit status", TERMINATED, server.exit_code()?)?;
    ensure!(took < QUICK, "`docker stop` took {took:?}");
    Ok(())
}

fn s08_restart_always(world: &World, image: ImageId) -> anyhow::Result<()> {
    let server = (server(world, image)?)
        .options(["--restart", "always"])
        .start()?;
    server.mode(START)?;
    let (first, born) = (server.server()?, started(&server)?);

    let restart = server.exec(["zkServer.sh", "restart"])?;
    same("exit status of restart", 0, restart.code).context(restart.said())?;
    same("mode", "leader", &server.mode(START)?)?;
    let second = server.server()?;
    ensure!(first.pid != second.pid, "it is the same server: {first:?}");
    same("the container's start", &born, &started(&server)?)?;

    let stop = server.exec(["zkServer.sh", "stop"])?;
    same("exit status of stop", 0, stop.code).context(stop.said())?;
    contains(&stop.stdout, STOPPED)?;
    contains(&stop.said(), "restart policy")?;
    until("the engine starts it again", END, || {
        let count = server.inspect("{{.RestartCount}} {{.State.Running}}")?;
        Ok(match count.as_str() {
            "1 true" => Seen::Yes(()),
            _ => Seen::NotYet(count),
        })
    })?;
    same("mode", "leader", &server.mode(START)?)?;

    // The engine does not start again what it was told to stop.
    server.stop()?;
    same("exit status", TERMINATED, server.exit_code()?)
}

fn started(server: &Container) -> anyhow::Result<String> {
    server.inspect("{{.State.StartedAt}} {{.RestartCount}}")
}

fn s28_no_zombies(world: &World, image: ImageId) -> anyhow::Result<()> {
    let server = server(world, image)?.start()?;
    server.mode(START)?;
    for _ in 0..10 {
        same("healthcheck", 0, server.exec(["healthcheck"])?.code)?;
        let status = server.exec(["zkServer.sh", "status"])?;
        same("status", 0, status.code)?;
        if image == full(VERSIONS[0]) {
            // Leaves a child behind, as probes do that are shell scripts.
            let orphan = server.exec(["bash", "-c", "(exec sleep 0.3) & exit 0"])?;
            same("orphan", 0, orphan.code)?;
        }
    }
    until("PID 1 and the server are alone", END, || {
        let processes = server.processes()?;
        Ok(match processes.len() {
            2 => Seen::Yes(()),
            _ => Seen::NotYet(format!("{processes:?}")),
        })
    })?;
    let dead: Vec<_> = (server.processes()?.into_iter())
        .filter(|process| process.state.starts_with('Z'))
        .collect();
    ensure!(dead.is_empty(), "nobody has waited for {dead:?}");
    Ok(())
}

fn s28_out_of_memory(world: &World, image: ImageId) -> anyhow::Result<()> {
    let server = server(world, image)?.env("JVMFLAGS", "-Xmx32m").start()?;
    server.mode(START)?;
    let mut session = Session::open(server.address(2181)?)?;
    let value = vec![b'x'; 512 * 1024];
    let refused = (0..200).find_map(|number| {
        let path = format!("/load{number}");
        session.create(&path, &value).err()
    });
    ensure!(refused.is_some(), "100 MB fit into 32 MB");
    // Java's own status for it, which is also ZooKeeper's for a data directory.
    same("exit status", 3, server.ended(END)?)?;
    let notes = server.notes()?;
    let last = notes.last().context("the entrypoint has said nothing")?;
    contains(last, "memory")?;
    ensure!(!last.contains("data directory"), "it could be both: {last}");
    Ok(())
}
