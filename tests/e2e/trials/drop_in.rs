//! examples/drop-in: compose files for other images, of which only the name of the image was changed.

use std::fs;

use anyhow::{Context, ensure};
use e2e::ask;
use e2e::compose::{IMAGE, Project, examples};
use e2e::engine::Container;
use e2e::images::{ImageId, World};
use libtest_mimic::Trial;

use crate::examples::{NEEDS, SERVICES, leads_two, only_warns_of_the_beginning};
use crate::secured::refuses_strangers;
use crate::server::{BOTH, START, has_lines, keeps, page, write};
use crate::{Suite, contains, same};

/// Bitnami's documentation calls them so.
const OF_BITNAMI: [&str; 3] = ["zookeeper1", "zookeeper2", "zookeeper3"];

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    [
        suite.each("s29_official", BOTH, NEEDS, s29_official),
        suite.each("s29_bitnami", BOTH, NEEDS, s29_bitnami),
        suite.each("s29_bitnami_with_users", BOTH, NEEDS, s29_users),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A file that was written for this image, started with ours.
fn moved(world: &World, image: ImageId, name: &str, theirs: &str) -> anyhow::Result<Project> {
    let file = examples("drop-in").join(name);
    let text = fs::read_to_string(&file)?;
    let images = text.lines().filter(|line| line.contains("image:"));
    for line in images.clone() {
        same(
            "image",
            format!("image: {IMAGE}  # {theirs}"),
            line.trim().to_owned(),
        )?;
    }
    // No variable, volume or path of ours.
    same(
        "mentions of ours",
        images.count(),
        text.matches("zookiln").count(),
    )?;
    same("mentions of ours", 0, text.matches("/srv").count())?;
    let directory = world.directory(&format!("s29-{name}-{image}"))?;
    let project = Project::copy(&file, &directory, world.loaded(image)?)?;
    project.up()?;
    Ok(project)
}

fn s29_official(world: &World, image: ImageId) -> anyhow::Result<()> {
    let single = moved(world, image, "official-single.yml", "zookeeper:3.6.1")?;
    let server = single.container("zoo1")?;
    same("mode", "standalone", &server.mode(START)?)?;
    only_warns_of_the_beginning(&server)?;
    has_lines(
        &server.file("/conf/zoo.cfg")?,
        &[
            "dataDir=/data",
            "dataLogDir=/datalog",
            "initLimit=5",
            "syncLimit=2",
            "standaloneEnabled=true",
            "autopurge.purgeInterval=1",
            "snapCount=50000",
            "globalOutstandingLimit=500",
        ],
    )?;
    same("myid", "1\n", &server.file("/data/myid")?)?;
    contains(&server.server()?.command, "-Dzookeeper.forceSync=yes")?;
    let address = single.published("zoo1", 2181)?;
    same("answer to `ruok`", "imok", &ask::word(address, "ruok")?)?;
    let page = page(single.published("zoo1", 8080)?, "/commands/ruok")?;
    same("status of the page", 200, page.status)?;
    survives(&single, &server, "zoo1")?;
    drop(single);

    let cluster = moved(world, image, "official-cluster.yml", "zookeeper:3.6.1")?;
    let servers = cluster.containers(SERVICES)?;
    serve(&servers)?;
    for (server, number) in servers.iter().zip(1..) {
        same("myid", format!("{number}\n"), server.file("/data/myid")?)?;
    }
    contains(
        &ask::word(cluster.published("zoo2", 2181)?, "srvr")?,
        "Mode: ",
    )
}

fn s29_bitnami(world: &World, image: ImageId) -> anyhow::Result<()> {
    let single = moved(
        world,
        image,
        "bitnami-single.yml",
        "bitnami/zookeeper:3.6.1",
    )?;
    let server = single.container("zookeeper")?;
    same("mode", "leader", &server.mode(START)?)?;
    only_warns_of_the_beginning(&server)?;
    has_lines(
        &server.file("/srv/conf/zookeeper/zoo.cfg")?,
        &[
            "dataDir=/bitnami/zookeeper/data",
            "dataLogDir=/bitnami/zookeeper/data",
            "clientPort=12181",
            "admin.serverPort=18080",
            "autopurge.purgeInterval=1",
            "maxSessionTimeout=40000",
            "preAllocSize=65536",
            "snapCount=100000",
        ],
    )?;
    contains(&server.server()?.command, "-Xmx256m")?;
    let address = single.published("zookeeper", 12181)?;
    same("answer to `ruok`", "imok", &ask::word(address, "ruok")?)?;
    let page = page(single.published("zookeeper", 18080)?, "/commands/ruok")?;
    same("status of the page", 200, page.status)?;
    drop(single);

    let cluster = moved(
        world,
        image,
        "bitnami-cluster.yml",
        "bitnami/zookeeper:3.6.1",
    )?;
    let servers = cluster.containers(OF_BITNAMI)?;
    serve(&servers)?;
    for (server, number) in servers.iter().zip(1..) {
        let myid = server.file("/bitnami/zookeeper/data/myid")?;
        same("myid", format!("{number}\n"), myid)?;
    }
    survives(&cluster, &servers[1], OF_BITNAMI[1])
}

fn s29_users(world: &World, image: ImageId) -> anyhow::Result<()> {
    let project = moved(world, image, "bitnami-auth.yml", "bitnami/zookeeper:3.6.1")?;
    let server = project.container("zookeeper")?;
    same("mode", "leader", &server.mode(START)?)?;
    refuses_strangers(&server)?;
    let created = server.exec(["zkCli.sh", "create", "/s29", "by-user1"])?;
    same("exit status of create", 0, created.code).context(created.said())?;
    let wrong = [
        "env",
        "ZOO_CLIENT_PASSWORD=wrong",
        "zkCli.sh",
        "create",
        "/s29-wrong",
    ];
    let refused = server.exec(wrong)?;
    ensure!(refused.code != 0, "it is taken: {}", refused.said());
    contains(&refused.said(), "KeeperErrorCode = ")
}

fn serve(servers: &[Container]) -> anyhow::Result<()> {
    leads_two(servers)?;
    servers.iter().try_for_each(only_warns_of_the_beginning)?;
    write(&servers[0], "/s29", "written-on-one")?;
    keeps(&servers[2], "/s29", "written-on-one")
}

/// What is written is in their volumes, which another container gets.
fn survives(project: &Project, server: &Container, service: &str) -> anyhow::Result<()> {
    write(server, "/s29-kept", "kept")?;
    let again = ["up", "--detach", "--force-recreate", "--no-deps", service];
    project.compose(again)?.succeed()?;
    let second = project.container(service)?;
    second.mode(START)?;
    keeps(&second, "/s29-kept", "kept")
}
