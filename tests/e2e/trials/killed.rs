//! `kill -9` in the middle of real builds.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::ensure;
use e2e::images::World;
use e2e::need::{Need, UNSHARE};
use e2e::vendored::names;
use libtest_mimic::Trial;

use crate::{Suite, same};

/// Builds that are killed one after the other, each taking up what the one before has left.
const KILLED: u32 = 3;

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    vec![suite.trial(
        "killed_builds_leave_nothing",
        &[Need::Root, UNSHARE],
        leave_nothing,
    )]
}

fn leave_nothing(world: &World) -> anyhow::Result<()> {
    let vendored = world.vendored()?;
    let directory = world.directory("killed")?;
    let (cache, output) = (directory.join("cache"), directory.join("layout"));
    let mut seed = u64::from(SystemTime::now().duration_since(UNIX_EPOCH)?.subsec_nanos());
    eprintln!("killed builds: seed {seed}");
    let mut killed = 0;
    for step in 0..KILLED {
        // In the first half of a cold build, then in the second, then in the first again.
        let share = (random(&mut seed) + f64::from(step % 2)) / 2.0;
        let seconds = vendored.length.mul_f64(share).as_secs_f64();
        let begun = Instant::now();
        // Not its children: jlink goes on for a while, as after any `kill -9`.
        let finished = vendored
            .build(world, &cache, &output)?
            .through([
                "timeout",
                "--foreground",
                "--signal=KILL",
                &seconds.to_string(),
            ])
            .finish()?;
        eprintln!(
            "killed builds: {} after {:?}",
            finished.code,
            begun.elapsed()
        );
        match finished.code {
            // What the others have left was less than expected.
            0 => break,
            137 => killed += 1,
            code => anyhow::bail!("it exits {code}: {}", finished.said()),
        }
    }
    ensure!(killed > 0, "no build was killed");

    let finished = vendored.build(world, &cache, &output)?.succeed()?;

    same("warnings", false, finished.stderr.contains("warning: "))?;
    vendored.is_image(&output)?;
    same("paths in the cache", &vendored.cached, &names(&cache)?)
}

/// From 0 to 1; Knuth's MMIX generator.
fn random(seed: &mut u64) -> f64 {
    *seed = (seed.wrapping_mul(6_364_136_223_846_793_005)).wrapping_add(1_442_695_040_888_963_407);
    #[expect(clippy::cast_precision_loss, reason = "a few bits are enough")]
    let share = (*seed >> 11) as f64 / (1_u64 << 53) as f64;
    share
}
