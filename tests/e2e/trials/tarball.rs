//! A release archive of the real jars: the same layer as from the jars one by one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use e2e::command::call;
use e2e::files::FileServer;
use e2e::images::World;
use e2e::layout::Layout;
use e2e::need::{Need, TAR, UNSHARE};
use e2e::vendored::{IMAGE, PLATFORM, names};
use libtest_mimic::Trial;

use crate::{Suite, contains, same};

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    let needs = &[Need::Root, UNSHARE, TAR];
    vec![suite.trial("tarball_gives_the_layers_of_its_jars", needs, same_layers)]
}

fn same_layers(world: &World) -> anyhow::Result<()> {
    let vendored = world.vendored()?;
    let directory = world.directory("tarball")?;
    let jars = vendored.directory.join("maven2");
    let tarball = make(&directory, &jars, IMAGE.version)?;
    let server = FileServer::start(&directory.join("dist"))?;
    let catalog = write_catalog(&directory, &tarball, &server.url())?;
    let output = directory.join("layout");

    let finished = world
        .zookiln(["build", "--version", IMAGE.version, "--variant"])?
        .args([IMAGE.variant.as_str(), "--platform", PLATFORM])
        .args(["--source", "tarball", "--catalog"])
        .arg(&catalog)
        .arg("--output")
        .arg(&output)
        // All layers but that of ZooKeeper are there.
        .env("ZOOKILN_CACHE", &vendored.cache)
        .succeed()?;

    contains(&finished.stdout, "(tarball, written)")?;
    contains(&finished.stderr, "made layer zookeeper")?;
    let (expected, found) = (Layout::read(&vendored.output)?, Layout::read(&output)?);
    let layers = |layout: &Layout| layout.platform(PLATFORM)?.layers();
    same("layers", layers(&expected)?, layers(&found)?)
}

/// A release archive in the place that a mirror of Apache has for it, with all that a real one has.
fn make(directory: &Path, jars: &Path, version: &str) -> anyhow::Result<PathBuf> {
    let top = format!("apache-zookeeper-{version}-bin");
    let tree = directory.join(&top);
    let texts = [
        ("LICENSE.txt", "Apache License\n"),
        ("NOTICE.txt", "Apache ZooKeeper\n"),
        ("README.md", "# Apache ZooKeeper\n"),
        ("README_packaging.txt", "# How to package\n"),
        ("bin/zkServer.sh", "#!/usr/bin/env bash\n"),
        ("bin/zkServer.cmd", "@echo off\r\n"),
        ("conf/log4j.properties", "zookeeper.root.logger=INFO\n"),
        ("conf/zoo_sample.cfg", "tickTime=2000\n"),
        ("docs/index.html", "<html></html>\n"),
        ("docs/skin/page.css", "body {}\n"),
        ("lib/commons-cli-1.2.LICENSE.txt", "Apache License\n"),
    ];
    for (path, text) in texts {
        let path = tree.join(path);
        fs::create_dir_all(path.parent().context("it has a parent")?)?;
        fs::write(path, text)?;
    }
    let mut copied = 0;
    for path in names(jars)? {
        if let (Some(name), true) = (path.file_name(), path.extension() == Some("jar".as_ref())) {
            fs::copy(jars.join(&path), tree.join("lib").join(name))?;
            copied += 1;
        }
    }
    ensure!(copied > 20, "`{}` has {copied} jars", jars.display());
    let place = directory.join(format!("dist/zookeeper/zookeeper-{version}"));
    fs::create_dir_all(&place)?;
    let tarball = place.join(format!("{top}.tar.gz"));
    // Not in the order of names, and of somebody's: as a release is.
    call("tar")
        .args([
            "--create",
            "--gzip",
            "--owner=release:1001",
            "--group=staff:50",
        ])
        .args(["--mode=u+rwX,g+rwX,o+rX", "--format=gnu", "--directory"])
        .arg(directory)
        .arg("--file")
        .arg(&tarball)
        .args(["lib", "LICENSE.txt", "docs", "conf", "bin"].map(|name| format!("{top}/{name}")))
        .args(
            ["NOTICE.txt", "README.md", "README_packaging.txt"].map(|name| format!("{top}/{name}")),
        )
        .succeed()?;
    Ok(tarball)
}

/// The catalog with that archive, and the lock beside it.
fn write_catalog(directory: &Path, tarball: &Path, url: &str) -> anyhow::Result<PathBuf> {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = fs::read_to_string(checkout.join("versions.toml"))?;
    let sum = call("sha512sum").arg(tarball).stdout()?;
    let sum = sum.split(' ').next().context("`sha512sum` says nothing")?;
    let size = fs::metadata(tarball)?.len();
    let (before, release) = text
        .split_once(&format!("\nversion = \"{}\"\n", IMAGE.version))
        .context("the catalog does not have the version")?;
    let before = replace_value(before, "mirrors", "apache", &format!("[\"{url}\"]"))?;
    let release = replace_line(release, "tarball.size", &size.to_string())?;
    let release = replace_line(&release, "tarball.sha512", &format!("\"{sum}\""))?;
    let catalog = directory.join("versions.toml");
    let text = format!("{before}\nversion = \"{}\"\n{release}", IMAGE.version);
    fs::write(&catalog, text)?;
    // As `update` would write it.
    let lock = fs::read_to_string(checkout.join("versions.lock"))?;
    let (before, release) = lock
        .split_once(&format!("[[release]]\nversion = \"{}\"\n", IMAGE.version))
        .context("the lock does not have the version")?;
    let release = replace_line(release, "size", &size.to_string())?;
    let release = replace_line(&release, "sha512", &format!("\"{sum}\""))?;
    let version = IMAGE.version;
    let lock = format!("{before}[[release]]\nversion = \"{version}\"\n{release}");
    fs::write(directory.join("versions.lock"), lock)?;
    Ok(catalog)
}

/// Gives a key of a table another value.
fn replace_value(text: &str, key: &str, table: &str, value: &str) -> anyhow::Result<String> {
    let header = format!("\n[{table}]\n");
    let (before, rest) =
        (text.split_once(&header)).with_context(|| format!("the catalog has no `{table}`"))?;
    let rest = replace_line(rest, key, value)?;
    Ok(format!("{before}{header}{rest}"))
}

/// Gives the first line of a key another value.
fn replace_line(text: &str, key: &str, value: &str) -> anyhow::Result<String> {
    let mut is_done = false;
    let lines: Vec<String> = (text.split('\n'))
        .map(|line| {
            let is_it = !is_done && line.starts_with(&format!("{key} = "));
            is_done |= is_it;
            match is_it {
                true => format!("{key} = {value}"),
                false => line.to_owned(),
            }
        })
        .collect();
    ensure!(is_done, "the catalog has no `{key}`");
    Ok(lines.join("\n"))
}
