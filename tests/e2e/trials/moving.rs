//! Volumes that another image has filled, and may get back.
//!
//! Those images cannot be had here. What matters of them is their layout, their `zoo.cfg` and their user; the
//! ZooKeeper in them is plain, and so is the one that plays their part: Java of our image, without our entrypoint.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use e2e::ask;
use e2e::engine::{Container, Run, container};
use e2e::images::{IMAGES, ImageId, VERSIONS, Variant, World, distroless, full};
use e2e::need::{Need, PS};
use e2e::wait::{Seen, until};
use libtest_mimic::Trial;

use crate::examples::only_warns_of_the_beginning;
use crate::server::{START, keeps, refused, small, write};
use crate::{Suite, same};

const NEEDS: &[Need] = &[Need::Engine, Need::Root, PS];

/// As the official image's entrypoint writes it where nothing is set.
const OF_OFFICIAL: &str = "dataDir=/data\n\
    dataLogDir=/datalog\n\
    tickTime=2000\n\
    initLimit=5\n\
    syncLimit=2\n\
    autopurge.snapRetainCount=3\n\
    autopurge.purgeInterval=0\n\
    maxClientCnxns=60\n\
    standaloneEnabled=true\n\
    admin.enableServer=true\n\
    server.1=localhost:2888:3888;2181\n";

/// As Bitnami's does, which begins with the sample.
const OF_BITNAMI: &str = "# The number of milliseconds of each tick\n\
    tickTime=2000\n\
    initLimit=10\n\
    syncLimit=5\n\
    dataDir=/bitnami/zookeeper/data\n\
    clientPort=2181\n\
    maxClientCnxns=60\n\
    autopurge.snapRetainCount=3\n\
    autopurge.purgeInterval=0\n\
    maxCnxns=0\n\
    reconfigEnabled=false\n\
    quorumListenOnAllIPs=false\n\
    4lw.commands.whitelist=srvr, mntr\n";

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    // Nothing changes hands there, in neither variant.
    let mixed = [full(VERSIONS[0]), distroless(VERSIONS[1])];
    [
        suite.each("s32_official", mixed, NEEDS, s32_official),
        suite.each("s32_bitnami", IMAGES, NEEDS, s32_bitnami),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Another image.
struct Theirs {
    /// Directories of the host, and where they are mounted.
    volumes: Vec<(PathBuf, &'static str)>,
    /// Whom it runs as.
    user: u32,
    group: u32,
    /// The directory of its `zoo.cfg` on the host, and in a container.
    conf: (PathBuf, &'static str),
}

impl Theirs {
    /// Everything below `top` is its user's.
    fn lay_out(&self, top: &Path, config: &str, myid: &Path) -> anyhow::Result<()> {
        for (directory, _) in &self.volumes {
            fs::create_dir_all(directory)?;
        }
        fs::create_dir_all(&self.conf.0)?;
        fs::write(self.conf.0.join("zoo.cfg"), config)?;
        fs::create_dir_all(myid)?;
        fs::write(myid.join("myid"), "1\n")?;
        for path in all_below(top)? {
            chown(&path, Some(self.user), Some(self.group))?;
        }
        Ok(())
    }

    fn mounted(&self, run: Run) -> Run {
        (self.volumes.iter()).fold(run, |run, (directory, target)| run.bind(directory, target))
    }

    /// Their image, as far as it matters.
    fn start(&self, world: &World, image: ImageId) -> anyhow::Result<Container> {
        let (directory, target) = &self.conf;
        let user = format!("{}:{}", self.user, self.group);
        let run = container(world.loaded(image)?)
            .options(["--user", &user, "--cap-drop", "ALL"])
            .options(["--entrypoint", "java"])
            .bind(directory, target);
        let server = self
            .mounted(run)
            .command([
                "-Xmx128m",
                "-cp",
                "/usr/local/zookeeper/lib/*:/etc/zookeeper",
                "org.apache.zookeeper.server.quorum.QuorumPeerMain",
                &format!("{target}/zoo.cfg"),
            ])
            .start()?;
        serves_alone(&server).with_context(|| server.logs().unwrap_or_default())?;
        Ok(server)
    }

    /// There is a way back: they have what was written before and since, and write on.
    fn goes_on(&self, world: &World, image: ImageId, top: &Path) -> anyhow::Result<()> {
        self.still_owns(top)?;
        let back = self.start(world, image)?;
        keeps(&back, "/s32-before", "written-by-them")?;
        keeps(&back, "/s32-by-ours", "written-by-us")?;
        keeps(&back, "/s32-with-their-file", "written-by-us")?;
        write(&back, "/s32-back", "written-by-them")
    }

    /// Nothing has changed hands, and what is new is theirs as well.
    fn still_owns(&self, top: &Path) -> anyhow::Result<()> {
        for path in all_below(top)? {
            let found = fs::symlink_metadata(&path)?;
            let what = path.display().to_string();
            same(&what, (self.user, self.group), (found.uid(), found.gid()))?;
        }
        Ok(())
    }
}

/// Asked from outside: none of our commands is part of their image.
fn serves_alone(server: &Container) -> anyhow::Result<()> {
    let limit = Duration::from_secs(60);
    until("it serves", limit, || {
        anyhow::ensure!(
            server.inspect("{{.State.Running}}")? == "true",
            "it has ended"
        );
        let address = server.address(2181)?;
        Ok(match ask::word(address, "srvr") {
            Ok(answer) if answer.contains("Mode: standalone") => Seen::Yes(()),
            Ok(answer) => Seen::NotYet(answer),
            Err(error) => Seen::NotYet(error.to_string()),
        })
    })
}

fn s32_official(world: &World, image: ImageId) -> anyhow::Result<()> {
    let top = world.directory(&format!("s32-official-{image}"))?;
    let theirs = Theirs {
        volumes: vec![
            (top.join("data"), "/data"),
            (top.join("datalog"), "/datalog"),
            (top.join("logs"), "/logs"),
        ],
        user: 1000,
        group: 1000,
        conf: (top.join("conf"), "/conf"),
    };
    theirs.lay_out(&top, OF_OFFICIAL, &top.join("data"))?;
    let before = theirs.start(world, image)?;
    write(&before, "/s32-before", "written-by-them")?;
    before.stop()?;

    // Most people mount no configuration. Some mount its directory, and it is theirs then.
    let ours = || -> anyhow::Result<Run> {
        let run = small(world, image)?.env("ZOO_MY_ID", "1");
        Ok(theirs.mounted(run))
    };
    for (run, mode, path) in [
        (ours()?, "leader", "/s32-by-ours"),
        (
            ours()?.bind(&theirs.conf.0, "/conf"),
            "standalone",
            "/s32-with-their-file",
        ),
    ] {
        let server = run.start()?;
        same("mode", mode, &server.mode(START)?)?;
        only_warns_of_the_beginning(&server)?;
        keeps(&server, "/s32-before", "written-by-them")?;
        write(&server, path, "written-by-us")?;
        server.stop()?;
    }
    theirs.goes_on(world, image, &top)
}

fn s32_bitnami(world: &World, image: ImageId) -> anyhow::Result<()> {
    let top = world.directory(&format!("s32-bitnami-{image}"))?;
    let theirs = Theirs {
        volumes: vec![(top.join("volume"), "/bitnami/zookeeper")],
        user: 1001,
        group: 0,
        conf: (top.join("conf"), "/opt/bitnami/zookeeper/conf"),
    };
    theirs.lay_out(&top, OF_BITNAMI, &top.join("volume/data"))?;
    // So that any user with group 0 may write, but ZooKeeper's own files are as it makes them.
    for directory in ["volume", "volume/data"] {
        fs::set_permissions(top.join(directory), Permissions::from_mode(0o775))?;
    }
    let before = theirs.start(world, image)?;
    write(&before, "/s32-before", "written-by-them")?;
    before.stop()?;

    let ours = || -> anyhow::Result<Run> {
        let run = small(world, image)?.env("ALLOW_ANONYMOUS_LOGIN", "yes");
        Ok(theirs.mounted(run))
    };
    let as_them = |run: Run| match image.variant {
        Variant::Full => run,
        Variant::Distroless => run.options(["--user", "1001:0"]),
    };
    if image.variant == Variant::Distroless {
        refused(ours()?, &["/bitnami/zookeeper/data"])?;
    }
    let file = theirs.conf.0.join("zoo.cfg");
    let with_file = ours()?.bind(&file, "/opt/bitnami/zookeeper/conf/zoo.cfg");
    for (run, mode, path) in [
        (ours()?, "leader", "/s32-by-ours"),
        (with_file, "standalone", "/s32-with-their-file"),
    ] {
        let server = as_them(run).start()?;
        same("mode", mode, &server.mode(START)?)?;
        only_warns_of_the_beginning(&server)?;
        same("user", theirs.user, server.server()?.uid)?;
        keeps(&server, "/s32-before", "written-by-them")?;
        // A tool beside it is the same user, and leaves nothing that the server could not read.
        let said = server.exec(["zkCli.sh", "create", path, "written-by-us"])?;
        same("exit status of create", 0, said.code).context(said.said())?;
        server.stop()?;
    }
    theirs.goes_on(world, image, &top)
}

/// A directory with everything in it.
fn all_below(top: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut paths = vec![top.to_owned()];
    let mut next = 0;
    while let Some(path) = paths.get(next).cloned() {
        next += 1;
        if path.is_dir() {
            for entry in fs::read_dir(&path)? {
                paths.push(entry?.path());
            }
        }
    }
    Ok(paths)
}
