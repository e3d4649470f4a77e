//! Faults on the servers of one release, one after the other, under clients that never pause.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use fastrand::Rng;

use super::check::{check, unread};
use super::cluster::{Cluster, Disks, SERVERS};
use super::faults::Fault;
use super::history::{End, Event, Operation};
use super::lenience::Lenience;
use super::load::Load;
use super::ordeal::{Outcome, Stage, suffer};

/// Three JVMs at once, and an election, on a busy machine.
pub const FORMATION: Duration = Duration::from_secs(180);

/// How many broken promises are printed: one loss is often seen a thousand times.
const PRINTED: usize = 20;

/// What a run is made of.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What the release is called.
    pub version: String,
    /// Its image, as the engine knows it.
    pub image: String,
    /// What is done to it.
    pub faults: Vec<Fault>,
    /// What is left to chance hangs on this.
    pub seed: u64,
    /// Where records go.
    pub directory: PathBuf,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Survived {
    /// What each fault came to, by its title.
    pub outcomes: Vec<(String, Outcome)>,
    /// What was asked and answered.
    pub tally: Tally,
}

/// Operations of all clients, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Writes that were promised; none of them is lost.
    pub promised: usize,
    /// Writes whose outcome nobody knows.
    pub unknown: usize,
    /// Reads and listings with an answer.
    pub reads: usize,
    /// Reads and listings of the end, on each server.
    pub audited: usize,
    /// Sessions.
    pub sessions: usize,
}

impl Tally {
    /// Counts a record.
    #[must_use]
    pub fn of(history: &[Event]) -> Self {
        let mut tally = Self::default();
        let mut sessions = BTreeSet::new();
        for event in history {
            sessions.insert(event.session);
            let reads = matches!(
                event.operation,
                Operation::Get { .. } | Operation::Children { .. }
            );
            match event.operation.end() {
                End::Done if event.operation.writes() => tally.promised += 1,
                End::Unknown if event.operation.writes() => tally.unknown += 1,
                End::Done if reads && event.auditor_of.is_some() => tally.audited += 1,
                End::Done if reads => tally.reads += 1,
                _ => {}
            }
        }
        // 0 stands for none.
        sessions.remove(&0);
        tally.sessions = sessions.len();
        tally
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            promised: self.promised + other.promised,
            unknown: self.unknown + other.unknown,
            reads: self.reads + other.reads,
            audited: self.audited + other.audited,
            sessions: self.sessions + other.sessions,
        }
    }
}

/// Lets a release suffer. A broken promise is an error that says which.
pub fn run(plan: &Plan) -> anyhow::Result<Survived> {
    let mut survived = Survived::default();
    for disks in [Disks::Large, Disks::Small] {
        let faults: Vec<&Fault> = (plan.faults.iter())
            .filter(|fault| fault.disks == disks)
            .collect();
        if faults.is_empty() {
            continue;
        }
        let mut cluster = Cluster::start(&plan.image, disks)?;
        let directory = plan.directory.join(format!("{}-{disks:?}", plan.version));
        let history = on_stage(plan, &mut cluster, &directory, |stage| {
            for fault in faults {
                let outcome = suffer(fault, stage)?;
                announce(&plan.version, fault.title, &outcome);
                judge(&stage.load.events(), stage.lenience, &directory)?;
                survived.outcomes.push((fault.title.to_owned(), outcome));
            }
            Ok(())
        })?;
        survived.tally = survived.tally.and(Tally::of(&history));
    }
    Ok(survived)
}

/// Starts clients on an ensemble, lets something happen, and judges what they have recorded.
pub fn on_stage(
    plan: &Plan,
    cluster: &mut Cluster,
    directory: &Path,
    act: impl FnOnce(&mut Stage<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<Event>> {
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot make `{}`", directory.display()))?;
    cluster.serves(FORMATION)?;
    let mut load = Load::start(&plan.image, cluster.network(), plan.seed, directory)?;
    let mut rng = Rng::with_seed(plan.seed);
    let mut lenience = Lenience::default();
    act(&mut Stage {
        cluster,
        load: &mut load,
        rng: &mut rng,
        lenience: &mut lenience,
    })?;
    let history = load.finish()?;
    judge(&history, &lenience, directory)?;
    refuse(&unread(&history, &SERVERS), directory)?;
    Ok(history)
}

/// Fails where the record shows what ZooKeeper may not show.
pub fn judge(history: &[Event], lenience: &Lenience, directory: &Path) -> anyhow::Result<()> {
    let judgement = lenience.split(history, check(history));
    refuse(&judgement.refused, directory)
}

fn refuse(violations: &[super::check::Violation], directory: &Path) -> anyhow::Result<()> {
    if violations.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = (violations.iter().take(PRINTED))
        .map(|violation| format!("  {violation}"))
        .collect();
    bail!(
        "{} broken promises in {}:\n{}",
        violations.len(),
        directory.display(),
        lines.join("\n")
    )
}

/// One line for who watches.
pub fn announce(version: &str, title: &str, outcome: &Outcome) {
    eprintln!(
        "{version}: {title}: no write for {:.1} s, a client without an answer for {:.1} s, all serve after \
         {:.1} s, all write {:.1} s later; {} sessions lost, {} operations unknown, ended with {:?}",
        outcome.felt.no_write.as_secs_f64(),
        outcome.felt.no_answer.as_secs_f64(),
        outcome.serving.as_secs_f64(),
        outcome.writing.as_secs_f64(),
        outcome.felt.sessions_lost,
        outcome.felt.unknown,
        outcome.exits,
    );
    if outcome.stale_syncs > 0 {
        eprintln!(
            "{version}: {title}: {} times a read after a `sync` was older than that (ZOOKEEPER-1675)",
            outcome.stale_syncs
        );
    }
}
