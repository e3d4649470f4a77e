//! Where the server's log goes, and how much of it.

use std::os::unix::fs::MetadataExt;

use anyhow::ensure;
use e2e::images::{ImageId, VERSIONS, World, distroless, full};
use e2e::need::{Need, TAR};
use libtest_mimic::Trial;

use crate::server::{BOTH, START, server};
use crate::{Suite, contains, same};

const NEEDS: &[Need] = &[Need::Engine, Need::Root, TAR];

/// Said at INFO by every member of a quorum.
const AT_INFO: &str = "LEADER ELECTION TOOK";

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    let mixed = [full(VERSIONS[0]), distroless(VERSIONS[1])];
    [
        suite.each("s18_log_to_a_file", mixed, NEEDS, s18_file),
        suite.each("s18_log_levels", BOTH, NEEDS, s18_levels),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn s18_file(world: &World, image: ImageId) -> anyhow::Result<()> {
    const LOG: &str = "/var/log/zookeeper/zookeeper.log";
    let server = server(world, image)?
        .env("ZOO_LOG4J_PROP", "INFO,ROLLINGFILE")
        .start()?;
    server.mode(START)?;
    let log = server.file(LOG)?;
    contains(&log, "[myid:1]")?;
    contains(&log, AT_INFO)?;
    let console = server.logs()?;
    ensure!(!console.contains(AT_INFO), "it is on the console, too");

    // A client is not the server, whoever runs it: it must neither write that file nor take it away.
    let client = server.exec_as("0", ["zkCli.sh", "get", "/"])?;
    same("exit status", 0, client.code)?;
    contains(&client.said(), "org.apache.zookeeper.ZooKeeper")?;
    let log = server.file(LOG)?;
    ensure!(
        !log.contains("ZooKeeperMain"),
        "the client writes into the server's log"
    );
    let directory = world.directory(&format!("s18-{image}"))?;
    server.copy("/var/log/zookeeper", &directory)?;
    for entry in std::fs::read_dir(directory.join("zookeeper"))? {
        let entry = entry?;
        same(
            &entry.path().display().to_string(),
            1000,
            entry.metadata()?.uid(),
        )?;
    }
    Ok(())
}

fn s18_levels(world: &World, image: ImageId) -> anyhow::Result<()> {
    let quiet = server(world, image)?.env("ZOO_LOG_LEVEL", "WARN").start()?;
    quiet.mode(START)?;
    let log = quiet.logs()?;
    ensure!(!log.contains(" - INFO "), "INFO is shown:\n{log}");
    drop(quiet);

    let loud = server(world, image)?
        .env("ZOO_LOG_LEVEL", "DEBUG")
        .start()?;
    loud.mode(START)?;
    contains(&loud.logs()?, " - DEBUG ")?;
    contains(&loud.logs()?, AT_INFO)
}
