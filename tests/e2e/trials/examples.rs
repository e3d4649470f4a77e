//! The compose files of examples/compose, as they are.

use std::time::Duration;

use anyhow::ensure;
use e2e::ask;
use e2e::compose::{Project, examples};
use e2e::engine::Container;
use e2e::images::{ImageId, VERSIONS, World, distroless, full};
use e2e::need::{Need, PS};
use libtest_mimic::Trial;

use crate::server::{START, keeps, write};
use crate::{Suite, contains, same};

pub(crate) const NEEDS: &[Need] = &[Need::Engine, Need::Compose, PS];

/// Three JVMs at once, and an election.
const FORMATION: Duration = Duration::from_secs(120);

pub(crate) const SERVICES: [&str; 3] = ["zoo1", "zoo2", "zoo3"];

/// What a first start of an open cluster warns of, and nothing else.
const BEGINNING: [&str; 2] = [
    "ZOO_ALLOW_ANONYMOUS_LOGIN=yes",
    "is empty and there are 3 servers",
];

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    let old_full = [full(VERSIONS[0]), distroless(VERSIONS[1])];
    let new_full = [distroless(VERSIONS[0]), full(VERSIONS[1])];
    [
        suite.each("example_compose_single", old_full, NEEDS, single),
        suite.each("example_compose_cluster", new_full, NEEDS, cluster),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn single(world: &World, image: ImageId) -> anyhow::Result<()> {
    let directory = world.directory(&format!("single-{image}"))?;
    let file = examples("compose").join("single.yml");
    let project = Project::copy(&file, &directory, world.loaded(image)?)?;
    project.up()?;
    let server = project.container("zoo1")?;
    same("mode", "leader", &server.mode(START)?)?;
    only_warns_of_the_beginning(&server)?;
    only_named_volumes(&server)?;
    contains(&server.server()?.command, "-Xmx512m")?;
    let answer = ask::word(project.published("zoo1", 2181)?, "srvr")?;
    contains(&answer, "Mode: leader")?;
    server.healthy(START)?;

    write(&server, "/single", "kept")?;
    let again = ["up", "--detach", "--force-recreate"];
    project.compose(again)?.succeed()?;
    let second = project.container("zoo1")?;
    ensure!(second.name() != server.name(), "it is the same container");
    second.mode(START)?;
    keeps(&second, "/single", "kept")
}

fn cluster(world: &World, image: ImageId) -> anyhow::Result<()> {
    let directory = world.directory(&format!("cluster-{image}"))?;
    let file = examples("compose").join("cluster.yml");
    let project = Project::copy(&file, &directory, world.loaded(image)?)?;
    project.up()?;
    let servers = project.containers(SERVICES)?;
    leads_two(&servers)?;
    write(&servers[0], "/cluster", "written-on-one")?;
    keeps(&servers[2], "/cluster", "written-on-one")?;
    for (server, service) in servers.iter().zip(SERVICES) {
        only_warns_of_the_beginning(server)?;
        only_named_volumes(server)?;
        let answer = ask::word(project.published(service, 2181)?, "srvr")?;
        contains(&answer, "Mode: ")?;
        server.healthy(START)?;
    }
    Ok(())
}

/// Of three servers one leads, and the others follow.
pub(crate) fn leads_two(servers: &[Container]) -> anyhow::Result<()> {
    let mut modes = (servers.iter())
        .map(|server| server.mode(FORMATION))
        .collect::<anyhow::Result<Vec<_>>>()?;
    modes.sort();
    let expected = ["follower", "follower", "leader"].map(str::to_owned);
    same("modes", expected.to_vec(), modes)
}

/// What else is warned of, somebody who copies the file would have to understand.
pub(crate) fn only_warns_of_the_beginning(server: &Container) -> anyhow::Result<()> {
    only_warns_of(server, &BEGINNING)
}

/// No warning but those that have one of the texts.
pub(crate) fn only_warns_of(server: &Container, texts: &[&str]) -> anyhow::Result<()> {
    let mut warnings = server.warnings()?;
    warnings.retain(|warning| !texts.iter().any(|text| warning.contains(text)));
    same("warnings", Vec::<String>::new(), warnings)
}

/// One without a name would be lost with the container.
fn only_named_volumes(server: &Container) -> anyhow::Result<()> {
    let names = server.inspect("{{range .Mounts}}{{.Name}} {{end}}")?;
    let names: Vec<&str> = names.split_whitespace().collect();
    let named = (names.iter())
        .filter(|name| name.contains("zoo1-") || name.contains("zoo2-") || name.contains("zoo3-"));
    same("named volumes", 4, named.count())?;
    same("volumes", 4, names.len())
}
