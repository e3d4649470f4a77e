//! Data that goes to another container: from a backup, or to another version.

use std::path::Path;

use e2e::ask;
use e2e::engine::{Container, Run, Volume};
use e2e::images::{ImageId, VERSIONS, World, distroless, full};
use e2e::need::{Need, TAR};
use libtest_mimic::Trial;

use crate::server::{BOTH, START, does_not_warn, keeps, server, warns, write};
use crate::{Suite, contains, same};

const NEEDS: &[Need] = &[Need::Engine, Need::Root, TAR];

/// What every warning of a backup without its transaction logs has.
const LOGS: &str = "transaction logs";

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    let mut trials = suite.each("s25_backup", BOTH, NEEDS, s25_backup);
    trials.push(suite.trial("s26_upgrade", NEEDS, s26_upgrade));
    trials
}

fn s25_backup(world: &World, image: ImageId) -> anyhow::Result<()> {
    let top = world.directory(&format!("s25-{image}"))?;
    let original = server(world, image)?.start()?;
    original.mode(START)?;
    let idle = original.warnings()?;
    original.restart()?;
    original.mode(START)?;
    // It has a snapshot of nothing, and no transaction log.
    same("warnings of an idle one", idle, original.warnings()?)?;

    write(&original, "/s25", "saved")?;
    // At the start it takes a snapshot of what it has.
    original.restart()?;
    original.mode(START)?;
    write(&original, "/s25-later", "only in a log")?;
    original.stop()?;
    let (both, half) = (top.join("both"), top.join("half"));
    save(&original, &both)?;
    save(&original, &half)?;
    drop(original);

    let restored = restored(world, image, &both)?
        .bind(&both.join("datalog"), "/srv/datalog")
        .start()?;
    restored.mode(START)?;
    does_not_warn(&restored, LOGS)?;
    keeps(&restored, "/s25", "saved")?;
    keeps(&restored, "/s25-later", "only in a log")?;
    drop(restored);

    let empty = Volume::create()?;
    let without = self::restored(world, image, &half)?
        .volume(&empty, "/srv/datalog")
        .start()?;
    without.server()?;
    warns(&without, &[LOGS, "/srv/datalog/zookeeper"])
}

/// Copies what a server has into the directories `data` and `datalog`.
fn save(server: &Container, target: &Path) -> anyhow::Result<()> {
    for name in ["data", "datalog"] {
        let directory = target.join(name);
        std::fs::create_dir_all(&directory)?;
        server.copy(&format!("/srv/{name}/zookeeper"), &directory)?;
    }
    Ok(())
}

fn restored(world: &World, image: ImageId, saved: &Path) -> anyhow::Result<Run> {
    Ok(server(world, image)?.bind(&saved.join("data"), "/srv/data"))
}

/// To the other variant, too: the data is the same user's.
fn s26_upgrade(world: &World) -> anyhow::Result<()> {
    let (old, new) = (full(VERSIONS[0]), distroless(VERSIONS[1]));
    let volumes = (0..3)
        .map(|_| Volume::create())
        .collect::<anyhow::Result<Vec<_>>>()?;
    let on_volumes = |image: ImageId| -> anyhow::Result<_> {
        Ok((volumes.iter())
            .zip(["/srv/conf", "/srv/data", "/srv/datalog"])
            .fold(server(world, image)?, |run, (volume, target)| {
                run.volume(volume, target)
            }))
    };
    let before = on_volumes(old)?.start()?;
    before.mode(START)?;
    write(&before, "/s26", "written before")?;
    before.stop()?;
    drop(before);

    let after = on_volumes(new)?.start()?;
    same("mode", "leader", &after.mode(START)?)?;
    let srvr = ask::word(after.address(2181)?, "srvr")?;
    contains(&srvr, &format!("Zookeeper version: {}-", new.version))?;
    keeps(&after, "/s26", "written before")?;
    // The configuration is the new version's, too.
    contains(&after.file("/srv/conf/zookeeper/zoo.cfg")?, "\nmaxCnxns=")
}
