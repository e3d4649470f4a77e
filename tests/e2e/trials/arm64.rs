//! The images for arm64, pulled from a registry; under an emulator where the machine is another.

use std::time::Duration;

use e2e::engine::{container, docker};
use e2e::images::{ImageId, VERSIONS, World, distroless, full};
use e2e::need::{Need, REGISTRY, SKOPEO};
use libtest_mimic::Trial;

use crate::{Suite, same};

const PLATFORM: &str = "linux/arm64";

/// A JVM under an emulator takes twenty seconds where nothing else runs.
const START: Duration = Duration::from_secs(180);

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    [full(VERSIONS[1]), distroless(VERSIONS[0])]
        .map(|image| {
            suite.trial(
                format!("arm64_serves/{image}"),
                &[Need::Engine, Need::Arm64, SKOPEO, REGISTRY],
                move |world| serves(world, image),
            )
        })
        .into()
}

fn serves(world: &World, image: ImageId) -> anyhow::Result<()> {
    // A repository of its own: the engine holds one platform for a reference.
    let reference = world.pushed(image, "arm64/zookeeper")?;
    docker(["pull", "--platform", PLATFORM, &reference]).succeed()?;
    let architecture = [
        "image",
        "inspect",
        "--format",
        "{{.Architecture}}",
        &reference,
    ];
    same("architecture", "arm64", &docker(architecture).stdout()?)?;
    let server = container(&reference)
        .anonymous()
        .options(["--platform", PLATFORM])
        .start()?;
    same("mode", "leader", &server.mode(START)?)
}
