//! What was there before: a configuration, an identity, data. It wins, and stays as it is.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use anyhow::{Context, ensure};
use e2e::ask;
use e2e::engine::{Container, Volume};
use e2e::images::{ImageId, VERSIONS, Variant, World, distroless, full};
use e2e::need::{Need, PS};
use libtest_mimic::Trial;

use crate::server::{
    BOTH, START, does_not_warn, has_lines, keeps, refused, server, small, warns, write,
};
use crate::{Suite, contains, same};

const NEEDS: &[Need] = &[Need::Engine, Need::Root, PS];

/// Somebody's own, with a comment, a blank at the end of a line, and no end of the last one.
const THEIRS: &str = "# ours since 2019 \n\
    dataDir=/srv/data/zookeeper\n\
    dataLogDir=/srv/datalog/zookeeper\n\
    tickTime=1234\n\
    initLimit=10\n\
    syncLimit=5\n\
    standaloneEnabled=false\n\
    4lw.commands.whitelist=*\n\
    server.7=0.0.0.0:2888:3888;2181";

/// Somebody who is neither root nor the daemon user.
const SOMEBODY: u32 = 4321;

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    let mixed = [full(VERSIONS[0]), distroless(VERSIONS[1])];
    [
        suite.each("s16_s36_their_file", mixed, NEEDS, their_file),
        suite.each("s16_s36_their_directory", BOTH, NEEDS, their_directory),
        suite.each("s16_s36_read_only", mixed, NEEDS, read_only),
        suite.each("s17_edited", BOTH, NEEDS, s17_edited),
        suite.each("s31_other_values", BOTH, NEEDS, s31_other_values),
        suite.each("s36_taken_volume", mixed, NEEDS, s36_taken),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// How a file was before, to be compared with how it is.
#[derive(Debug, PartialEq, Eq)]
struct Snapshot {
    text: String,
    owner: (u32, u32),
    mode: u32,
    /// Replaced by an equal one it would have another number.
    number: u64,
}

impl Snapshot {
    fn of(path: &Path) -> anyhow::Result<Self> {
        let metadata = fs::metadata(path)?;
        Ok(Self {
            text: fs::read_to_string(path)?,
            owner: (metadata.uid(), metadata.gid()),
            mode: metadata.mode(),
            number: metadata.ino(),
        })
    }
}

/// Writes somebody's own zoo.cfg into a directory, as private as the image can bear: root reads any file, and
/// `distroless` never is root.
fn theirs(directory: &Path, image: ImageId) -> anyhow::Result<Snapshot> {
    let path = directory.join("zoo.cfg");
    fs::write(&path, THEIRS)?;
    let mode = match image.variant {
        Variant::Full => 0o600,
        Variant::Distroless => 0o604,
    };
    fs::set_permissions(&path, Permissions::from_mode(mode))?;
    chown(&path, Some(SOMEBODY), Some(SOMEBODY))?;
    Snapshot::of(&path)
}

/// What makes server 7: the file says so, whatever the variables are.
fn is_in_force(server: &Container) -> anyhow::Result<()> {
    same("mode", "leader", &server.mode(START)?)?;
    let conf = ask::word(server.address(2181)?, "conf")?;
    has_lines(&conf, &["tickTime=1234", "serverId=7"])?;
    same("myid", "7", server.file("/srv/data/zookeeper/myid")?.trim())
}

/// Nobody has to say that anybody may connect: whoever brings a zoo.cfg along decides it there.
fn their_file(world: &World, image: ImageId) -> anyhow::Result<()> {
    let directory = world.directory(&format!("s16-file-{image}"))?;
    let before = theirs(&directory, image)?;
    let file = directory.join("zoo.cfg");
    let server = small(world, image)?
        .bind(&file, "/srv/conf/zookeeper/zoo.cfg")
        .env("ZOO_SERVER_ID", "7")
        .env("ZOO_TICK_TIME", "3000")
        .env("ZOO_SYNC_LIMIT", "5")
        .start()?;
    is_in_force(&server)?;
    warns(&server, &["zoo.cfg", "ZOO_TICK_TIME"])?;
    // It says the same.
    does_not_warn(&server, "ZOO_SYNC_LIMIT")?;
    server.restart()?;
    is_in_force(&server)?;
    same("zoo.cfg", before, Snapshot::of(&file)?)
}

fn their_directory(world: &World, image: ImageId) -> anyhow::Result<()> {
    let top = world.directory(&format!("s16-directory-{image}"))?;
    let (conf, data) = (top.join("conf/zookeeper"), top.join("data/zookeeper"));
    fs::create_dir_all(&conf)?;
    fs::create_dir_all(&data)?;
    let before = theirs(&conf, image)?;
    let myid = data.join("myid");
    fs::write(&myid, "7")?;
    let server = small(world, image)?
        .bind(&top.join("conf"), "/srv/conf")
        .bind(&top.join("data"), "/srv/data")
        .env("ZOO_SERVER_ID", "1")
        .start()?;
    is_in_force(&server)?;
    warns(&server, &["myid", "7", "ZOO_SERVER_ID"])?;
    same("zoo.cfg", before, Snapshot::of(&conf.join("zoo.cfg"))?)?;
    same("myid", "7", fs::read_to_string(&myid)?.as_str())
}

/// As a Kubernetes ConfigMap is mounted.
fn read_only(world: &World, image: ImageId) -> anyhow::Result<()> {
    let top = world.directory(&format!("s16-read-only-{image}"))?;
    let conf = top.join("zookeeper");
    fs::create_dir(&conf)?;
    let before = theirs(&conf, image)?;
    let server = small(world, image)?
        .bind_read_only(&top, "/srv/conf")
        .env("ZOO_SERVER_ID", "7")
        .start()?;
    is_in_force(&server)?;
    same("zoo.cfg", before, Snapshot::of(&conf.join("zoo.cfg"))?)?;
    same("files beside it", 1, fs::read_dir(&conf)?.count())
}

fn s17_edited(world: &World, image: ImageId) -> anyhow::Result<()> {
    let top = world.directory(&format!("s17-{image}"))?;
    let server = server(world, image)?
        .bind(&top, "/srv/conf")
        .env("ZOO_4LW_COMMANDS_WHITELIST", "*")
        .start()?;
    server.mode(START)?;
    let path = top.join("zookeeper/zoo.cfg");
    let edited = fs::read_to_string(&path)?.replace("tickTime=2000", "tickTime=1700");
    contains(&edited, "tickTime=1700")?;
    fs::write(&path, &edited)?;
    let before = Snapshot::of(&path)?;
    server.restart()?;
    server.mode(START)?;
    let conf = ask::word(server.address(2181)?, "conf")?;
    has_lines(&conf, &["tickTime=1700"])?;
    same("zoo.cfg", before, Snapshot::of(&path)?)
}

/// What `docker-compose up` does after somebody has changed the variables: another container, the same
/// volumes.
fn s31_other_values(world: &World, image: ImageId) -> anyhow::Result<()> {
    let conf = world.directory(&format!("s31-{image}"))?;
    let (data, datalog) = (Volume::create()?, Volume::create()?);
    let base = || -> anyhow::Result<_> {
        Ok(server(world, image)?
            .bind(&conf, "/srv/conf")
            .volume(&data, "/srv/data")
            .volume(&datalog, "/srv/datalog"))
    };
    let first = base()?.start()?;
    first.mode(START)?;
    write(&first, "/s31", "kept")?;
    first.stop()?;
    drop(first);

    let second = base()?
        .env("ZOO_SERVERS", "server.1=0.0.0.0:4888:5888")
        .env("ZOO_TICK_TIME", "3000")
        .env("ZOO_HEAP_SIZE", "96")
        .start()?;
    second.mode(START)?;
    contains(&second.server()?.command, "-Xmx96m")?;
    let path = conf.join("zookeeper/zoo.cfg");
    let config = fs::read_to_string(&path)?;
    has_lines(
        &config,
        &["tickTime=3000", "server.1=0.0.0.0:4888:5888;2181"],
    )?;
    keeps(&second, "/s31", "kept")?;
    second.stop()?;
    drop(second);

    fs::write(&path, config.replace("syncLimit=5", "syncLimit=6"))?;
    let third = base()?
        .env("ZOO_TICK_TIME", "2500")
        .env("ZOO_SERVERS", "server.1=0.0.0.0:6888:7888")
        .env("ZOO_HEAP_SIZE", "112")
        .start()?;
    third.mode(START)?;
    let edited = fs::read_to_string(&path)?;
    has_lines(
        &edited,
        &[
            "tickTime=3000",
            "syncLimit=6",
            "server.1=0.0.0.0:4888:5888;2181",
        ],
    )?;
    warns(&third, &["zoo.cfg", "ZOO_TICK_TIME", "ZOO_SERVERS"])?;
    // What is not in that file is not kept there.
    contains(&third.server()?.command, "-Xmx112m")?;
    keeps(&third, "/s31", "kept")?;
    third.stop()?;
    drop(third);

    // Protection that is asked for and not there must not be missing silently.
    for name in ["ZOO_TLS_CLIENT_ENABLE", "ZOO_TLS_QUORUM_ENABLE"] {
        refused(base()?.env(name, "yes"), &[name])?;
    }
    same("zoo.cfg", edited, fs::read_to_string(&path)?)
}

fn s36_taken(world: &World, image: ImageId) -> anyhow::Result<()> {
    let data = Volume::create()?;
    let run = server(world, image)?.volume(&data, "/srv/data");
    let first = run.clone().start()?;
    first.mode(START)?;
    let errors = refused(run.clone(), &["/srv/data/zookeeper"])?;
    same("errors", 1, errors.len()).context(format!("{errors:?}"))?;
    same("mode", "leader", &first.mode(START)?)?;
    // However it ends, the volume is free then. Its own transaction logs stay with it.
    write(&first, "/s36", "kept")?;
    first.kill()?;
    ensure!(first.exit_code()? == 137, "it was killed");
    first.start_again()?;
    first.mode(START)?;
    keeps(&first, "/s36", "kept")
}
