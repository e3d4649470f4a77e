//! The memory of the server's JVM: who decides about it, and that tools are spared.

use std::time::Duration;

use anyhow::ensure;
use e2e::engine::{Process, Run, container};
use e2e::images::{ImageId, World};
use e2e::need::{Need, PS};
use e2e::wait::{Seen, until};
use libtest_mimic::Trial;

use crate::server::{BOTH, does_not_warn, warns};
use crate::{Suite, same};

const NEEDS: &[Need] = &[Need::Engine, PS];

/// Variables, and the flags of the heap that they lead to.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);

const CASES: [Case; 6] = [
    (&[], &["-Xms1024m", "-Xmx1024m"]),
    (&[("ZOO_HEAP_SIZE", "256")], &["-Xms256m", "-Xmx256m"]),
    // The last of two wins in Java, so ours must not even be there.
    (
        &[("JVMFLAGS", "-Xms64m -Xmx300m")],
        &["-Xms64m", "-Xmx300m"],
    ),
    // The other half fits.
    (&[("JVMFLAGS", "-Xmx300m")], &["-Xms300m", "-Xmx300m"]),
    (
        &[("SERVER_JVMFLAGS", "-XX:MaxRAMPercentage=25")],
        &["-XX:MaxRAMPercentage=25"],
    ),
    // Java reads it by itself: it is not on the command line.
    (&[("JAVA_TOOL_OPTIONS", "-XX:MaxRAMPercentage=25")], &[]),
];

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    [
        suite.each("s23_heap_of_the_server", BOTH, NEEDS, s23_server),
        suite.each("s23_heap_of_tools", BOTH, NEEDS, s23_tools),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn anonymous(world: &World, image: ImageId) -> anyhow::Result<Run> {
    Ok(container(world.loaded(image)?).anonymous())
}

fn s23_server(world: &World, image: ImageId) -> anyhow::Result<()> {
    for (variables, expected) in CASES {
        let run = (variables.iter()).fold(anonymous(world, image)?, |run, (name, value)| {
            run.env(name, value)
        });
        let server = run.start()?;
        let mut flags = heap_flags(&server.server()?);
        flags.sort();
        same(
            &format!("{variables:?}"),
            expected.to_vec(),
            flags.iter().map(String::as_str).collect(),
        )?;
        does_not_warn(&server, "of memory")?;
    }
    let limited = anonymous(world, image)?.options(["--memory", "1200m"]);
    let server = limited.start()?;
    server.server()?;
    warns(&server, &["1024 MB", "1200 MB of memory", "75 %"])
}

/// In the container of a server all its variables are the tools', too.
fn s23_tools(world: &World, image: ImageId) -> anyhow::Result<()> {
    for (name, value) in [("ZOO_HEAP_SIZE", "512"), ("JVMFLAGS", "-Xms512m -Xmx512m")] {
        // Nobody listens there: it tries for a while.
        let client = anonymous(world, image)?
            .env(name, value)
            .command(["zkCli.sh", "-server", "127.0.0.1:1", "get", "/"])
            .start()?;
        let java = until("there is a client", Duration::from_secs(30), || {
            let processes = client.processes()?;
            let java = processes
                .iter()
                .find(|one| one.command.contains("ZooKeeperMain"));
            Ok(match java {
                Some(java) => Seen::Yes(java.clone()),
                None => Seen::NotYet(format!("{processes:?}")),
            })
        })?;
        let flags = heap_flags(&java);
        ensure!(
            !flags.iter().any(|flag| flag.contains("512")),
            "{name} reaches the client: {flags:?}"
        );
    }
    Ok(())
}

fn heap_flags(java: &Process) -> Vec<String> {
    (java.command.split(' '))
        .filter(|word| {
            ["-Xm", "-XX:MaxRAM", "-XX:InitialRAM", "-XX:MaxHeap"]
                .iter()
                .any(|flag| word.starts_with(flag))
        })
        .map(str::to_owned)
        .collect()
}
