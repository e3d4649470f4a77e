//! The lines of releases beside the two versions that everything is shown on: each starts, serves and stops,
//! alone and as three.

use anyhow::{Context, ensure};
use e2e::cargo;
use e2e::images::{ImageId, LINES, World, distroless, full};
use e2e::need::{Need, PS};
use libtest_mimic::Trial;

use crate::container::known_defaults;
use crate::ensemble::s10_s11;
use crate::interfaces::serves_metrics;
use crate::server::{START, does_not_warn, has_lines, server, warns};
use crate::stopping::stops_in_time;
use crate::{Suite, same};

/// One variant each: what differs between the variants does not hang on the line.
pub(crate) const OTHERS: [ImageId; 5] = [
    distroless("3.5.10"),
    full("3.6.4"),
    distroless("3.7.2"),
    full("3.8.6"),
    distroless("3.9.5"),
];

const NEEDS: &[Need] = &[Need::Engine, PS];

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    let mut trials = suite.each("s01_s08_s10_s11_s22_line", OTHERS, NEEDS, line);
    trials.push(suite.trial("lines_of_the_catalog", &[], |_| whole_catalog()));
    trials
}

fn line(world: &World, image: ImageId) -> anyhow::Result<()> {
    alone(world, image).context("alone")?;
    s10_s11(world, image).context("three")
}

fn alone(world: &World, image: ImageId) -> anyhow::Result<()> {
    let server = server(world, image)?
        .env("ZOO_ENABLE_PROMETHEUS_METRICS", "yes")
        .start()?;
    same("mode", "leader", &server.mode(START)?)?;
    warns(&server, &["ZOO_ALLOW_ANONYMOUS_LOGIN=yes"])?;
    let config = server.file("/srv/conf/zookeeper/zoo.cfg")?;
    has_lines(&config, known_defaults(image))?;
    same("user of the server", 1000, server.server()?.uid)?;
    match without_metrics(world, image)? {
        Some(reason) => {
            warns(&server, &["ZOO_ENABLE_PROMETHEUS_METRICS", reason])?;
            ensure!(!config.contains("metricsProvider"), "{config}");
        }
        None => {
            does_not_warn(&server, "ZOO_ENABLE_PROMETHEUS_METRICS")?;
            serves_metrics(&server)?;
        }
    }
    stops_in_time(&server)
}

/// What the warning says where there can be none.
fn without_metrics(world: &World, image: ImageId) -> anyhow::Result<Option<&'static str>> {
    let layout = world.layout(image)?;
    Ok(match image.version {
        "3.5.10" => Some("3.6"),
        // The archive has the provider.
        "3.7.2" if layout.record["zookiln.source"] == "maven" => {
            Some("without zookeeper-prometheus-metrics")
        }
        _ => None,
    })
}

/// Whoever adds a release to the catalog is told to show it.
fn whole_catalog() -> anyhow::Result<()> {
    let path = cargo::top().join("versions.toml");
    let catalog: toml::Table = std::fs::read_to_string(path)?.parse()?;
    let releases = catalog["release"].as_array().context("no releases")?;
    let versions: Option<Vec<&str>> = (releases.iter())
        .map(|release| release.get("version")?.as_str())
        .collect();
    same("versions", Some(LINES.to_vec()), versions)
}
