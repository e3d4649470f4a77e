//! One release after the other on the same volumes, a server at a time, under clients that never pause. And
//! one server back: nobody promises that it works, so what it comes to is only told.

use std::time::Duration;

use anyhow::ensure;

use super::clock::now;
use super::cluster::{Cluster, Disks, SERVERS};
use super::measure::{between, felt};
use super::ordeal::{Outcome, RECOVERY, Stage};
use super::run::{Plan, Survived, Tally, announce, judge, on_stage};
use crate::wait::{Seen, until};

/// A release and its image.
#[derive(Debug, Clone)]
pub struct Release {
    /// What it is called.
    pub version: String,
    /// As the engine knows it.
    pub image: String,
}

/// Until a server that is put back serves, if it does at all.
const BACK: Duration = Duration::from_secs(40);

/// What an upgrade goes through: the oldest two that everything is shown on, then the lines that came after,
/// each by its newest release.
const STEPS: [&str; 4] = ["3.5.7", "3.6.1", "3.8.", "3.9."];

/// Those of the versions that an upgrade goes through.
#[must_use]
pub fn path<'v>(versions: &[&'v str]) -> Vec<&'v str> {
    let newest = |step: &&str| versions.iter().rfind(|version| version.starts_with(*step));
    STEPS.iter().filter_map(newest).copied().collect()
}

/// Upgrades an ensemble through all of these, the leader last each time.
pub fn run(releases: &[Release], plan: &Plan) -> anyhow::Result<Survived> {
    ensure!(releases.len() > 1, "nothing to upgrade to");
    let mut cluster = Cluster::start(&releases[0].image, Disks::Large)?;
    let directory = plan.directory.join("upgrade");
    let mut outcomes = Vec::new();
    let history = on_stage(plan, &mut cluster, &directory, |stage| {
        for pair in releases.windows(2) {
            let [from, to] = pair else { continue };
            let title = format!("{} to {}", from.version, to.version);
            let outcome = upgrade(stage, from, to)?;
            announce("upgrade", &title, &outcome);
            judge(&stage.load.events(), stage.lenience, &directory)?;
            outcomes.push((title, outcome));

            let serves = back(stage, from, to)?;
            let verb = if serves { "serves" } else { "does not serve" };
            let title = format!(
                "one follower back to {}, which {verb}, and forth",
                from.version
            );
            let outcome = forth(stage, to)?;
            announce("upgrade", &title, &outcome);
            judge(&stage.load.events(), stage.lenience, &directory)?;
            outcomes.push((title, outcome));
        }
        Ok(())
    })?;
    Ok(Survived {
        outcomes,
        tally: Tally::of(&history),
    })
}

fn upgrade(stage: &mut Stage<'_>, from: &Release, to: &Release) -> anyhow::Result<Outcome> {
    let leader = stage.cluster.serves(RECOVERY)?;
    stage.load.begin(&format!("to-{}", to.version))?;
    stage.load.all_go_on(now()?, RECOVERY)?;
    let mut total: Option<Outcome> = None;
    let followers = (0..SERVERS.len()).filter(|index| *index != leader);
    for index in followers.chain([leader]) {
        let outcome = replace(stage, index, &to.image)?;
        let name = SERVERS[index];
        announce(
            "upgrade",
            &format!("{name} from {} to {}", from.version, to.version),
            &outcome,
        );
        total = Some(match total {
            None => outcome,
            Some(total) => total.and(outcome),
        });
    }
    total.ok_or_else(|| anyhow::anyhow!("no server was upgraded"))
}

/// Whether a follower that is put back one release serves.
fn back(stage: &mut Stage<'_>, from: &Release, to: &Release) -> anyhow::Result<bool> {
    stage.load.begin(&format!("back-from-{}", to.version))?;
    let leader = stage.cluster.serves(RECOVERY)?;
    let index = follower(leader);
    stage.cluster.replace(index, &from.image)?;
    let served = until("it serves", BACK, || {
        Ok(match stage.cluster.mode(index) {
            Some(_) => Seen::Yes(()),
            None => Seen::NotYet("it does not".to_owned()),
        })
    });
    if served.is_err() {
        let log = stage.cluster.container(index).logs()?;
        let reasons = log
            .lines()
            .filter(|line| line.contains("Exception") || line.contains("ERROR"));
        for reason in reasons.take(5) {
            eprintln!("upgrade: {}: {reason}", from.version);
        }
    }
    stage.load.all_go_on(now()?, RECOVERY)?;
    Ok(served.is_ok())
}

/// The same server with the new release again.
fn forth(stage: &mut Stage<'_>, to: &Release) -> anyhow::Result<Outcome> {
    let is = |index: &usize| stage.cluster.image(*index) != to.image;
    let index = (0..SERVERS.len()).find(is).unwrap_or_default();
    replace(stage, index, &to.image)
}

fn follower(leader: usize) -> usize {
    (leader + 1) % SERVERS.len()
}

fn replace(stage: &mut Stage<'_>, index: usize, image: &str) -> anyhow::Result<Outcome> {
    let (begun, before) = (now()?, stage.cluster.exits()?);
    stage.cluster.replace(index, image)?;
    let replaced = now()?;
    stage.cluster.serves(RECOVERY)?;
    let serving = now()?;
    stage.load.all_go_on(serving, RECOVERY)?;
    let writing = now()?;
    Ok(Outcome {
        felt: felt(&stage.load.events(), begun, writing),
        serving: between(replaced, serving),
        writing: between(serving, writing),
        exits: stage.cluster.exits_after(before)?,
        stale_syncs: 0,
    })
}
