//! A short ordeal; the whole one is `cargo xtask chaos`, and docs/chaos.md has what came of it.

use e2e::chaos::faults;
use e2e::chaos::run::{Plan, run};
use e2e::images::{ImageId, VERSIONS, World, full};
use e2e::need::{KAZOO, Need};
use libtest_mimic::Trial;

use crate::Suite;

/// One of each kind: a process, a container, a network, time.
const FAULTS: [&str; 4] = [
    "jvm_leader",
    "kill_followers",
    "cut_off_leader",
    "pause_leader_short",
];

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    let images = [full(VERSIONS[1])];
    let needs = &[Need::Engine, Need::Root, KAZOO];
    suite.each("chaos_loses_nothing", images, needs, short)
}

fn short(world: &World, image: ImageId) -> anyhow::Result<()> {
    let faults = FAULTS.map(faults::named);
    let plan = Plan {
        version: image.version.to_owned(),
        image: world.loaded(image)?.to_owned(),
        faults: faults.into_iter().collect::<anyhow::Result<_>>()?,
        seed: 1,
        directory: world.directory("chaos")?,
    };
    run(&plan).map(drop)
}
