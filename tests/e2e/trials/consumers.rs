//! Everybody who should be able to take an image does: foreign tools on layouts, archives and a
//! registry.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::ensure;
use e2e::command::{Call, call};
use e2e::engine::{container, docker};
use e2e::images::{IMAGES, ImageId, VERSIONS, World, distroless, full};
use e2e::layout::keys;
use e2e::need::{BUILDAH, Need, OPENSSL, PKG_CONFIG, PODMAN, REGISTRY, SKOPEO, UMOCI};
use libtest_mimic::Trial;
use serde_json::Value;

use crate::{Suite, contains, same};

const PORTS: [&str; 4] = ["2181/tcp", "2888/tcp", "3888/tcp", "8080/tcp"];
const VOLUMES: [&str; 4] = ["/srv/conf", "/srv/data", "/srv/datalog", "/var/log"];

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    let image = full(VERSIONS[1]);
    let mut trials = vec![
        suite.trial("taken_by_buildah", &[BUILDAH, Need::Root], move |world| {
            buildah(world, image)
        }),
        suite.trial("taken_by_ocidir", &[PKG_CONFIG, OPENSSL], ocidir),
    ];
    for image in IMAGES {
        trials.extend([
            suite.trial(
                format!("taken_by_skopeo/{image}"),
                &[SKOPEO],
                move |world| skopeo(world, image),
            ),
            suite.trial(
                format!("taken_by_docker_load/{image}"),
                &[Need::Engine],
                move |world| docker_load(world, image),
            ),
        ]);
    }
    for image in [full(VERSIONS[1]), distroless(VERSIONS[0])] {
        trials.extend([
            suite.trial(
                format!("taken_by_registry_and_docker_pull/{image}"),
                &[Need::Engine, SKOPEO, REGISTRY],
                move |world| docker_pull(world, image),
            ),
            suite.trial(
                format!("taken_by_podman/{image}"),
                &[PODMAN, Need::Root],
                move |world| podman(world, image),
            ),
            suite.trial(
                format!("taken_by_umoci/{image}"),
                &[SKOPEO, UMOCI, Need::Root],
                move |world| umoci(world, image),
            ),
        ]);
    }
    trials
}

/// `oci:DIR:TAG`, as the tools around containers/image name it.
fn reference(layout: &Path, image: ImageId) -> String {
    format!("oci:{}:{image}", layout.display())
}

fn skopeo(world: &World, image: ImageId) -> anyhow::Result<()> {
    let layout = world.layout(image)?;
    for architecture in ["amd64", "arm64"] {
        let inspect = |options: &[&str]| -> anyhow::Result<Value> {
            let said = call("skopeo")
                .args(["--override-arch", architecture, "inspect"])
                .args(options)
                .arg(reference(&layout.path, image))
                .stdout()?;
            Ok(serde_json::from_str(&said)?)
        };
        let config = inspect(&["--config"])?;
        same(
            "architecture",
            Some(architecture),
            config["architecture"].as_str(),
        )?;
        same(
            "ports",
            PORTS.to_vec(),
            keys(&config["config"]["ExposedPorts"]),
        )?;
        same(
            "volumes",
            VOLUMES.to_vec(),
            keys(&config["config"]["Volumes"]),
        )?;
        let image = inspect(&[])?;
        same(
            "architecture",
            Some(architecture),
            image["Architecture"].as_str(),
        )?;
        same("digest", Some(layout.digest()?), image["Digest"].as_str())?;
    }
    Ok(())
}

fn docker_load(world: &World, image: ImageId) -> anyhow::Result<()> {
    engine_has(world.loaded(image)?, image)
}

/// Health check included: it is not a field of OCI's, but one of Docker's.
fn engine_has(reference: &str, image: ImageId) -> anyhow::Result<()> {
    let said = docker([
        "image",
        "inspect",
        "--format",
        "{{json .Config}}",
        reference,
    ])
    .stdout()?;
    let config: Value = serde_json::from_str(&said)?;
    same("ports", PORTS.to_vec(), keys(&config["ExposedPorts"]))?;
    same("volumes", VOLUMES.to_vec(), keys(&config["Volumes"]))?;
    same(
        "stop signal",
        Some("SIGTERM"),
        config["StopSignal"].as_str(),
    )?;
    let command = &config["Healthcheck"]["Test"][1];
    same("health check", Some("healthcheck"), command.as_str())?;
    let version = container(reference)
        .options(["--entrypoint", "java"])
        .command(["-version"])
        .finish()?;
    ensure!(
        version.code == 0,
        "{image}: java -version: {}",
        version.said()
    );
    contains(&version.said(), "OpenJDK 64-Bit Server VM")
}

fn docker_pull(world: &World, image: ImageId) -> anyhow::Result<()> {
    let reference = world.pushed(image, "pulled/zookeeper")?;
    docker(["pull", &reference]).succeed()?;
    // Pushed and pulled under the digest that the build said: nothing was converted on the way.
    let digests = docker([
        "image",
        "inspect",
        "--format",
        "{{.RepoDigests}}",
        &reference,
    ])
    .stdout()?;
    contains(&digests, world.layout(image)?.digest()?)?;
    engine_has(&reference, image)
}

fn podman(world: &World, image: ImageId) -> anyhow::Result<()> {
    let layout = world.layout(image)?;
    let directory = world.directory(&format!("podman-{image}"))?;
    let podman = || -> Call {
        call("podman")
            .arg("--root")
            .arg(directory.join("root"))
            .arg("--runroot")
            .arg(directory.join("run"))
            .args(["--storage-driver", "vfs", "--cgroup-manager", "cgroupfs"])
    };
    let id = podman()
        .args(["pull", "--quiet"])
        .arg(reference(&layout.path, image))
        .stdout()?;
    let said = podman().args(["image", "inspect", &id]).stdout()?;
    let inspected: Value = serde_json::from_str(&said)?;
    let config = &inspected[0]["Config"];
    same("ports", PORTS.to_vec(), keys(&config["ExposedPorts"]))?;
    same("volumes", VOLUMES.to_vec(), keys(&config["Volumes"]))?;
    // Limits that any machine grants: podman's own are higher than some let even root go.
    let run = || -> Call {
        podman().args(["run", "--rm", "--network", "none"]).args([
            "--ulimit",
            "nofile=1024:1024",
            "--ulimit",
            "nproc=1024:1024",
        ])
    };
    let version = run()
        .args(["--entrypoint", "java", &id, "-version"])
        .succeed()?;
    contains(&version.said(), "OpenJDK 64-Bit Server VM")?;
    let gate = run().arg(&id).finish()?;
    same("exit status of the gate", 1, gate.code)?;
    contains(&gate.stderr, "ZOO_ALLOW_ANONYMOUS_LOGIN")
}

fn buildah(world: &World, image: ImageId) -> anyhow::Result<()> {
    let layout = world.layout(image)?;
    let directory = world.directory(&format!("buildah-{image}"))?;
    let buildah = || -> Call {
        call("buildah")
            .arg("--root")
            .arg(directory.join("root"))
            .arg("--runroot")
            .arg(directory.join("run"))
            .args(["--storage-driver", "vfs"])
    };
    let container = buildah()
        .args(["from", "--quiet", "--name", "e2e"])
        .arg(reference(&layout.path, image))
        .stdout()?;
    let mount = buildah().args(["mount", &container]).stdout()?;
    let tree = has_files(Path::new(&mount));
    buildah().args(["rm", &container]).succeed()?;
    tree
}

/// umoci 0.4 calls an image for two platforms ambiguous; skopeo copies the host's out of it.
fn umoci(world: &World, image: ImageId) -> anyhow::Result<()> {
    let layout = world.layout(image)?;
    let directory = world.directory(&format!("umoci-{image}"))?;
    let one = directory.join("one-platform");
    call("skopeo")
        .arg("copy")
        .arg(reference(&layout.path, image))
        .arg(reference(&one, image))
        .succeed()?;
    let bundle = directory.join("bundle");
    call("umoci")
        .args(["unpack", "--image"])
        .arg(format!("{}:{image}", one.display()))
        .arg(&bundle)
        .succeed()?;
    has_files(&bundle.join("rootfs"))
}

/// The parts of an image that its user meets.
fn has_files(root: &Path) -> anyhow::Result<()> {
    for path in [
        "etc/os-release",
        "etc/passwd",
        "etc/zookeeper/log4j.properties",
        "usr/lib/jvm/java-21-openjdk/bin/java",
        "usr/local/zookeeper/bin/entrypoint",
        "usr/local/zookeeper/bin/zkServer.sh",
        "srv/data",
    ] {
        ensure!(
            fs::symlink_metadata(root.join(path)).is_ok(),
            "no `{path}` in `{}`",
            root.display()
        );
    }
    Ok(())
}

/// A reader in Rust by other people; a workspace of its own, because it links C libraries.
fn ocidir(world: &World) -> anyhow::Result<()> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../ocidir/Cargo.toml");
    let layouts = (IMAGES.into_iter())
        .map(|image| world.layout(image))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let said = call(env!("CARGO"))
        .args([
            "run",
            "--quiet",
            "--locked",
            "--manifest-path",
            manifest,
            "--",
        ])
        .args(layouts.iter().map(|layout| &layout.path))
        .stdout()?;
    let expected: BTreeSet<String> = (layouts.iter())
        .flat_map(|layout| &layout.platforms)
        .map(|platform| format!("{} {}", platform.platform, platform.digest))
        .collect();
    let found: BTreeSet<String> = said.lines().map(str::to_owned).collect();
    same("what it finds and verifies", expected, found)
}
