//! One fault on a running ensemble: strike, wait, undo, and wait until everything is well again.

use std::time::Duration;

use anyhow::{Context, ensure};
use fastrand::Rng;

use super::check::check;
use super::clock::now;
use super::cluster::{Cluster, SERVERS};
use super::faults::{Ends, Fault, Lasts, Victims, Wound};
use super::lenience::{Lenience, Window};
use super::load::Load;
use super::measure::{Felt, between, felt};
use crate::wait::{Seen, until};

/// Until an ensemble serves again that nothing is wrong with any more: the engine's longest pause between
/// two starts is a minute.
pub const RECOVERY: Duration = Duration::from_secs(150);

/// Until a fault is noticed by all whom it concerns.
const NOTICE: Duration = Duration::from_secs(90);

/// The statuses that ZooKeeper itself gives up with.
const ERRORS: [i32; 2] = [1, 10];

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// What clients felt.
    pub felt: Felt,
    /// From the end of the fault until all servers serve; the longest, where it struck several in turn.
    pub serving: Duration,
    /// From then until every client had written.
    pub writing: Duration,
    /// The statuses with which containers ended.
    pub exits: Vec<i32>,
    /// Reads after a sync that were older than the sync should have made them.
    pub stale_syncs: usize,
}

impl Outcome {
    /// The worse of two in each respect, and the sum of what is counted.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.exits.extend(other.exits);
        Self {
            felt: self.felt.and(other.felt),
            serving: self.serving.max(other.serving),
            writing: self.writing.max(other.writing),
            exits: self.exits,
            stale_syncs: self.stale_syncs + other.stale_syncs,
        }
    }
}

/// An ensemble and its clients.
pub struct Stage<'s> {
    /// The servers.
    pub cluster: &'s mut Cluster,
    /// The clients.
    pub load: &'s mut Load,
    /// Who is struck.
    pub rng: &'s mut Rng,
    /// What is forgiven, and when.
    pub lenience: &'s mut Lenience,
}

/// Applies a fault to an ensemble that serves, and waits until it serves again.
pub fn suffer(fault: &Fault, stage: &mut Stage<'_>) -> anyhow::Result<Outcome> {
    let leader = stage.cluster.serves(RECOVERY)?;
    stage.load.begin(fault.name)?;
    stage.load.all_go_on(now()?, NOTICE)?;
    let before = stage.cluster.exits()?;
    let mut struck = 0;
    let mut outcome = Outcome::default();
    for victims in victims(fault.victims, leader, stage.rng) {
        struck += victims.len();
        let names: Vec<&str> = victims.iter().map(|victim| SERVERS[*victim]).collect();
        let blow = blow(fault, &victims, stage);
        let blow = blow.with_context(|| format!("{} of {}", fault.name, names.join(", ")))?;
        outcome = outcome.and(blow);
    }
    outcome.exits = stage.cluster.exits_after(before)?;
    let fits = match fault.ends {
        Ends::Never => outcome.exits.is_empty(),
        Ends::With(code) => outcome.exits == vec![code; struck],
        Ends::Perhaps => outcome.exits.iter().all(|code| ERRORS.contains(code)),
    };
    ensure!(
        fits,
        "containers ended with {:?}, expected of {struck}: {:?}\n{}",
        outcome.exits,
        fault.ends,
        stage.cluster.last_words()
    );
    Ok(outcome)
}

/// Those that are struck at once, for each time that it strikes.
fn victims(victims: Victims, leader: usize, rng: &mut Rng) -> Vec<Vec<usize>> {
    let mut followers: Vec<usize> = (0..SERVERS.len())
        .filter(|index| *index != leader)
        .collect();
    rng.shuffle(&mut followers);
    match victims {
        Victims::Leader => vec![vec![leader]],
        Victims::Follower => vec![vec![followers[0]]],
        Victims::Followers => followers.into_iter().map(|one| vec![one]).collect(),
        Victims::Each => (followers.into_iter().chain([leader]))
            .map(|one| vec![one])
            .collect(),
        Victims::All => vec![(0..SERVERS.len()).collect()],
    }
}

fn blow(fault: &Fault, victims: &[usize], stage: &mut Stage<'_>) -> anyhow::Result<Outcome> {
    let (cluster, load) = (&*stage.cluster, &*stage.load);
    let struck = now()?;
    let before = cluster.exits()?;
    let wounds = (victims.iter())
        .map(|victim| Ok((*victim, (fault.strike)(cluster, *victim)?)))
        .collect::<anyhow::Result<Vec<(usize, Wound)>>>()?;
    match fault.lasts {
        Lasts::AMoment => {}
        Lasts::For(duration) => {
            // Not a wait for something: this is the fault.
            std::thread::sleep(duration);
        }
        Lasts::UntilNoticed => {
            noticed(cluster, victims)?;
            load.all_go_on(now()?, NOTICE)?;
        }
    }
    let undone = now()?;
    for (victim, wound) in wounds {
        wound.heal(cluster, victim)?;
    }
    if matches!(fault.ends, Ends::With(_)) {
        // Or what serves may be what is about to be gone.
        ended(cluster, before + victims.len())?;
    }
    cluster.serves(RECOVERY)?;
    let serving = now()?;
    load.all_go_on(serving, RECOVERY)?;
    let writing = now()?;
    let events = load.events();
    let mut stale_syncs = 0;
    if fault.two_leaders {
        let window = Window {
            from: undone,
            to: serving,
        };
        stale_syncs = Lenience::from(window)
            .split(&events, check(&events))
            .forgiven;
        stage.lenience.forgive(window);
    }
    Ok(Outcome {
        felt: felt(&events, struck, writing),
        serving: between(undone, serving),
        writing: between(serving, writing),
        exits: Vec::new(),
        stale_syncs,
    })
}

/// The struck ones serve no more, and one of the others leads.
fn noticed(cluster: &Cluster, victims: &[usize]) -> anyhow::Result<()> {
    until("the others go on without it", NOTICE, || {
        let others = (0..SERVERS.len()).filter(|index| !victims.contains(index));
        let modes: Vec<Option<String>> = others.map(|index| cluster.mode(index)).collect();
        let leads = modes.iter().flatten().any(|mode| mode == "leader");
        if !leads || modes.iter().any(Option::is_none) {
            return Ok(Seen::NotYet(format!("{modes:?}")));
        }
        for victim in victims {
            let container = cluster.container(*victim);
            let serves = container.exec(["zkServer.sh", "status"]);
            if serves.is_ok_and(|status| status.code == 0) {
                return Ok(Seen::NotYet(format!("{} still serves", SERVERS[*victim])));
            }
        }
        Ok(Seen::Yes(()))
    })
}

fn ended(cluster: &Cluster, count: usize) -> anyhow::Result<()> {
    until("the struck containers have ended", NOTICE, || {
        let exits = cluster.exits()?;
        Ok(match exits >= count {
            true => Seen::Yes(()),
            false => Seen::NotYet(format!("{exits} of {count}")),
        })
    })
}
