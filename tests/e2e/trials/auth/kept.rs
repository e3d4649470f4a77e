//! Authentication that comes to what was there before.

use std::fs;

use anyhow::{Context, ensure};
use e2e::engine::Volume;
use e2e::images::{ImageId, VERSIONS, World, distroless, full};
use libtest_mimic::Trial;

use super::{NEEDS, anonymous_is_refused, nodes_are_taken, server};
use crate::server::{START, has_lines, refused, small, write};
use crate::{Suite, same};

const PROVIDER: &str = "authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider";

pub(super) fn trials(suite: &Suite) -> Vec<Trial> {
    let mixed = [full(VERSIONS[0]), distroless(VERSIONS[1])];
    suite.each("s31_authentication", mixed, NEEDS, s31_authentication)
}

fn s31_authentication(world: &World, image: ImageId) -> anyhow::Result<()> {
    let conf = world.directory(&format!("s31-auth-{image}"))?;
    std::os::unix::fs::chown(&conf, Some(1000), Some(1000))?;
    let (data, datalog) = (Volume::create()?, Volume::create()?);
    let on_volumes = |run: e2e::engine::Run| {
        run.bind(&conf, "/srv/conf")
            .volume(&data, "/srv/data")
            .volume(&datalog, "/srv/datalog")
    };
    let open = on_volumes(small(world, image)?.anonymous()).start()?;
    open.mode(START)?;
    write(&open, "/s31", "kept")?;
    open.stop()?;
    drop(open);

    let asking = || anyhow::Ok(on_volumes(server(world, image)?));
    let closed = asking()?.start()?;
    closed.mode(START)?;
    nodes_are_taken(&closed)?;
    anonymous_is_refused(&closed, image)?;
    let kept = closed.exec(["zkCli.sh", "get", "/s31"])?;
    same("get", 0, kept.code).with_context(|| kept.said())?;
    ensure!(kept.stdout.contains("kept"), "{}", kept.said());
    closed.stop()?;
    drop(closed);

    let path = conf.join("zookeeper/zoo.cfg");
    let made = fs::read_to_string(&path)?;
    has_lines(&made, &[PROVIDER])?;
    // Somebody has edited the file, and a line that protects has gone with it.
    let edited = made.replace(PROVIDER, "# no users");
    fs::write(&path, &edited)?;
    let texts = [
        "/srv/conf/zookeeper/zoo.cfg",
        "`authProvider.1=",
        "ZOO_ENABLE_AUTH=yes",
    ];
    same("errors", 1, refused(asking()?, &texts)?.len())?;
    let quorum = asking()?
        .env("ZOO_ENABLE_QUORUM_AUTH", "yes")
        .env("ZOO_QUORUM_LEARNER_USER", "zoo")
        .env("ZOO_QUORUM_LEARNER_PASSWORD", "x")
        .env("ZOO_QUORUM_SERVER_USERS", "zoo")
        .env("ZOO_QUORUM_SERVER_PASSWORDS", "x");
    refused(quorum, &["`quorum.auth.enableSasl=true`"])?;
    same("zoo.cfg", edited.as_str(), &fs::read_to_string(&path)?)?;

    // Edited otherwise it is as good as it was.
    fs::write(&path, made.replace("syncLimit=5", "syncLimit=6"))?;
    let again = asking()?.start()?;
    again.mode(START)?;
    anonymous_is_refused(&again, image)
}
