//! What a server tells those who watch it: the AdminServer, four-letter words, metrics.

use anyhow::{Context, ensure};
use e2e::ask;
use e2e::engine::Container;
use e2e::images::{ImageId, VERSIONS, World};
use e2e::need::Need;
use libtest_mimic::Trial;

use crate::server::{BOTH, START, page, server, warns};
use crate::{Suite, contains, same};

const NEEDS: &[Need] = &[Need::Engine];

const ADMIN_SERVER: u16 = 8080;
const METRICS: u16 = 7000;

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    [
        suite.each("s14_s15_by_default", BOTH, NEEDS, by_default),
        suite.each("s14_s15_s22_as_asked_for", BOTH, NEEDS, as_asked_for),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn by_default(world: &World, image: ImageId) -> anyhow::Result<()> {
    let server = server(world, image)?.start()?;
    server.mode(START)?;
    let stat = page(server.address(ADMIN_SERVER)?, "/commands/stat")?;
    same("status of /commands/stat", 200, stat.status)?;
    contains(&stat.body, "\"server_state\" : \"leader\"")?;
    let ruok = page(server.address(ADMIN_SERVER)?, "/commands/ruok")?;
    contains(&ruok.body, "\"error\" : null")?;

    contains(&word(&server, "srvr")?, "Mode: leader")?;
    let mntr = word(&server, "mntr")?;
    ensure!(
        mntr.lines().any(|line| line == "zk_server_state\tleader"),
        "no state in:\n{mntr}"
    );
    contains(&word(&server, "ruok")?, "not in the whitelist")?;
    ensure!(
        !ask::listens(server.address(METRICS)?),
        "there are metrics that nobody asked for"
    );
    Ok(())
}

fn as_asked_for(world: &World, image: ImageId) -> anyhow::Result<()> {
    let server = server(world, image)?
        .env("ZOO_ADMINSERVER_ENABLED", "no")
        .env("ZOO_4LW_COMMANDS_WHITELIST", "*")
        .env("ZOO_ENABLE_PROMETHEUS_METRICS", "yes")
        .start()?;
    server.mode(START)?;
    same("ruok", "imok", word(&server, "ruok")?.as_str())?;
    ensure!(
        !ask::listens(server.address(ADMIN_SERVER)?),
        "the AdminServer is there"
    );
    if image.version == VERSIONS[0] {
        warns(&server, &["ZOO_ENABLE_PROMETHEUS_METRICS", "3.6"])?;
        let config = server.file("/srv/conf/zookeeper/zoo.cfg")?;
        ensure!(
            !config.contains("metricsProvider"),
            "keys for later versions:\n{config}"
        );
        return Ok(());
    }
    serves_metrics(&server)
}

/// Prometheus gets what it asks for.
pub(crate) fn serves_metrics(server: &Container) -> anyhow::Result<()> {
    let metrics = ask::page(server.address(METRICS)?, "/metrics").context(server.logs()?)?;
    same("status of /metrics", 200, metrics.status)?;
    contains(&metrics.body, "\nznode_count ")?;
    contains(&metrics.body, "\njvm_memory_bytes_used")
}

fn word(server: &Container, word: &str) -> anyhow::Result<String> {
    ask::word(server.address(2181)?, word)
}
