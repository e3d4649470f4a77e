//! Who the server is, and what it may write: mapped directories, other users, fewer rights.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::PathBuf;

use anyhow::Context;
use e2e::engine::{Run, Volume};
use e2e::images::{IMAGES, ImageId, VERSIONS, Variant, World, distroless, full};
use e2e::need::{Need, PS};
use libtest_mimic::Trial;

use crate::server::{BOTH, START, keeps, refused, server, write};
use crate::{Suite, contains, same};

const NEEDS: &[Need] = &[Need::Engine, Need::Root, PS];

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    let mixed = [full(VERSIONS[0]), distroless(VERSIONS[1])];
    let others = [distroless(VERSIONS[0]), full(VERSIONS[1])];
    [
        suite.each("s03_empty_directories", IMAGES, NEEDS, s03_directories),
        suite.each("s27_any_user", mixed, NEEDS, s27_any_user),
        suite.each("s27_no_rights", others, NEEDS, s27_no_rights),
        suite.each("s27_read_only_as_root", BOTH, NEEDS, s27_read_only),
        suite.each("s27_errors", BOTH, NEEDS, s27_errors),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn s03_directories(world: &World, image: ImageId) -> anyhow::Result<()> {
    let top = world.directory(&format!("s03-{image}"))?;
    let mut run = server(world, image)?;
    for name in ["conf", "data", "datalog"] {
        let directory = top.join(name);
        fs::create_dir(&directory)?;
        if image.variant == Variant::Distroless {
            chown(&directory, Some(1000), Some(1000))?;
        }
        run = run.bind(&directory, &format!("/srv/{name}"));
    }
    let server = run.start()?;
    server.mode(START)?;
    write(&server, "/s03", "kept")?;
    for (path, is_directory) in [
        ("conf/zookeeper", true),
        ("conf/zookeeper/zoo.cfg", false),
        ("conf/zookeeper/log4j.properties", false),
        ("data/zookeeper", true),
        ("data/zookeeper/myid", false),
        ("data/zookeeper/version-2", true),
        ("datalog/zookeeper", true),
        ("datalog/zookeeper/version-2", true),
    ] {
        let found = fs::metadata(top.join(path)).with_context(|| format!("no {path}"))?;
        same(path, is_directory, found.is_dir())?;
        same(path, 1000, found.uid())?;
    }
    same(
        "myid",
        "1\n",
        &fs::read_to_string(top.join("data/zookeeper/myid"))?,
    )?;
    let logs = fs::read_dir(top.join("datalog/zookeeper/version-2"))?.count();
    same("transaction logs", 1, logs)?;
    // Directories that are mapped stay whose they were.
    let owner = if image.variant == Variant::Full {
        0
    } else {
        1000
    };
    same(
        "owner of data",
        owner,
        fs::metadata(top.join("data"))?.uid(),
    )
}

/// As some platforms do it: any number, and group 0.
fn s27_any_user(world: &World, image: ImageId) -> anyhow::Result<()> {
    let run = server(world, image)?.options(["--user", "12345:0"]);
    serves_twice(run, 12345)
}

fn s27_no_rights(world: &World, image: ImageId) -> anyhow::Result<()> {
    let run = server(world, image)?
        .options(["--user", "1000", "--cap-drop", "ALL", "--read-only"])
        .options(["--security-opt", "no-new-privileges"]);
    serves_twice(run, 1000)
}

fn s27_read_only(world: &World, image: ImageId) -> anyhow::Result<()> {
    serves_twice(server(world, image)?.options(["--read-only"]), 1000)
}

/// Serves, stops, and serves the same in another container on the same volumes.
fn serves_twice(run: Run, uid: u32) -> anyhow::Result<()> {
    let volumes = (0..4)
        .map(|_| Volume::create())
        .collect::<anyhow::Result<Vec<_>>>()?;
    let run = (volumes.iter())
        .zip(["/srv/conf", "/srv/data", "/srv/datalog", "/var/log"])
        .fold(run, |run, (volume, target)| run.volume(volume, target));
    let first = run.clone().start()?;
    same("mode", "leader", &first.mode(START)?)?;
    same("user", uid, first.server()?.uid)?;
    write(&first, "/s27", "kept")?;
    first.stop()?;
    same("exit status", 143, first.exit_code()?)?;
    drop(first);
    let second = run.start()?;
    second.mode(START)?;
    keeps(&second, "/s27", "kept")
}

fn s27_errors(world: &World, image: ImageId) -> anyhow::Result<()> {
    let powerless = server(world, image)?
        .options(["--cap-drop", "ALL"])
        .start()?;
    same("exit status", 1, powerless.ended(START)?)?;
    let notes = powerless.notes()?.join("\n");
    contains(&notes, "hint: ")?;
    contains(&notes, "--user 1000")?;

    for (mode, shown) in [(0o755, "755"), (0o750, "750")] {
        let top = world.directory(&format!("s27-{image}-{shown}"))?;
        let directory = |name: &str, mode: u32| -> anyhow::Result<PathBuf> {
            let path = top.join(name);
            fs::create_dir(&path)?;
            fs::set_permissions(&path, Permissions::from_mode(mode))?;
            Ok(path)
        };
        let data = directory("data", mode)?;
        let run = server(world, image)?
            .options(["--user", "2000:2000"])
            .bind(&directory("conf", 0o777)?, "/srv/conf")
            .bind(&directory("datalog", 0o777)?, "/srv/datalog")
            .bind(&data, "/srv/data");
        let errors = refused(run, &["/srv/data"])?;
        same("errors", 1, errors.len()).context(format!("{errors:?}"))?;
        // What to mend it with: whose it is, what they may, and who we are.
        for part in [shown, "2000", "0"] {
            contains(&errors[0], part)?;
        }
        let left = fs::read_dir(&data)?.count();
        same("what is in there", 0, left)?;
    }
    Ok(())
}
