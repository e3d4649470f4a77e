//! Everything that is done to an ensemble: whom it strikes, how, for how long, and how it is undone.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::Context;

use super::cluster::{Cluster, Disks};
use super::load::SESSION;
use crate::command::call;

/// A fault.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// For the command line and the names of rounds.
    pub name: &'static str,
    /// For readers.
    pub title: &'static str,
    /// Whom it strikes.
    pub victims: Victims,
    /// Where the ensemble has its logs.
    pub disks: Disks,
    /// What it does to one server; what is to be undone later.
    pub strike: fn(&Cluster, usize) -> anyhow::Result<Wound>,
    /// When it is undone.
    pub lasts: Lasts,
    /// Whether containers end for it.
    pub ends: Ends,
    /// Whether the leader comes back, still believes to lead, and may answer a `sync`.
    pub two_leaders: bool,
}

/// Whom a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victims {
    /// The server that leads.
    Leader,
    /// One that follows.
    Follower,
    /// Each that follows, one after the other has recovered.
    Followers,
    /// Those that follow, and then the leader, each after the other has recovered.
    Each,
    /// All at once.
    All,
}

/// How long a fault lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasts {
    /// Nothing has to be undone.
    AMoment,
    /// So long.
    For(Duration),
    /// Until the others have noticed and serve every client.
    UntilNoticed,
}

/// Whether containers end for a fault, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// None does.
    Never,
    /// Each that is struck does, with this status.
    With(i32),
    /// Each that is struck may, with a status of ZooKeeper's own.
    Perhaps,
}

/// What has to be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wound {
    /// Nothing.
    None,
    /// The container is dead.
    Dead,
    /// The container stands still.
    Paused,
    /// The container is cut off; the address that it will have again.
    CutOff(IpAddr),
    /// The container is cut off; the address that it will not have again.
    Moved(IpAddr),
    /// The disk is full.
    Full,
}

/// Shorter than any time limit: nobody is given up.
const SHORT: Duration = Duration::from_secs(4);

/// Longer than those of sessions, and than `syncLimit` ticks.
const LONG: Duration = Duration::from_secs(15);
const _: () =
    assert!(SHORT.as_secs() * 2 < SESSION.as_secs() && LONG.as_secs() > SESSION.as_secs());

/// A fault that strikes the leader; for others `..` of it is overwritten.
const BASE: Fault = Fault {
    name: "",
    title: "",
    victims: Victims::Leader,
    disks: Disks::Large,
    strike: kill,
    lasts: Lasts::UntilNoticed,
    ends: Ends::Never,
    two_leaders: false,
};

/// All faults, in the order in which they strike.
pub const ALL: &[Fault] = &[
    Fault {
        name: "kill_leader",
        title: "container of the leader killed",
        ends: Ends::With(137),
        ..BASE
    },
    Fault {
        name: "kill_followers",
        title: "container of each follower killed",
        victims: Victims::Followers,
        ends: Ends::With(137),
        ..BASE
    },
    Fault {
        name: "kill_all",
        title: "all containers killed at once",
        victims: Victims::All,
        lasts: Lasts::For(Duration::from_secs(2)),
        ends: Ends::With(137),
        ..BASE
    },
    Fault {
        name: "jvm_leader",
        title: "JVM of the leader killed",
        strike: kill_jvm,
        lasts: Lasts::AMoment,
        ends: Ends::With(137),
        ..BASE
    },
    Fault {
        name: "jvm_followers",
        title: "JVM of each follower killed",
        victims: Victims::Followers,
        strike: kill_jvm,
        lasts: Lasts::AMoment,
        ends: Ends::With(137),
        ..BASE
    },
    Fault {
        name: "pause_leader_short",
        title: "leader paused for 4 s",
        strike: pause,
        lasts: Lasts::For(SHORT),
        ..BASE
    },
    Fault {
        name: "pause_follower_short",
        title: "follower paused for 4 s",
        victims: Victims::Follower,
        strike: pause,
        lasts: Lasts::For(SHORT),
        ..BASE
    },
    Fault {
        name: "pause_leader",
        title: "leader paused for 15 s",
        strike: pause,
        lasts: Lasts::For(LONG),
        two_leaders: true,
        ..BASE
    },
    Fault {
        name: "pause_follower",
        title: "follower paused for 15 s",
        victims: Victims::Follower,
        strike: pause,
        lasts: Lasts::For(LONG),
        ..BASE
    },
    Fault {
        name: "cut_off_leader",
        title: "leader cut off from the network",
        strike: cut_off,
        ..BASE
    },
    Fault {
        name: "cut_off_follower",
        title: "follower cut off from the network",
        victims: Victims::Follower,
        strike: cut_off,
        ..BASE
    },
    Fault {
        name: "move_follower",
        title: "follower cut off, and back at another address by a restart",
        victims: Victims::Follower,
        strike: move_away,
        ends: Ends::With(143),
        ..BASE
    },
    Fault {
        name: "rolling_restart",
        title: "rolling restart",
        victims: Victims::Each,
        strike: restart,
        lasts: Lasts::AMoment,
        ends: Ends::With(143),
        ..BASE
    },
    Fault {
        name: "full_disk_leader",
        title: "disk of the leader full",
        disks: Disks::Small,
        strike: fill,
        ends: Ends::Perhaps,
        ..BASE
    },
    Fault {
        name: "full_disk_follower",
        title: "disk of a follower full",
        victims: Victims::Follower,
        disks: Disks::Small,
        strike: fill,
        ends: Ends::Perhaps,
        ..BASE
    },
];

fn kill(cluster: &Cluster, victim: usize) -> anyhow::Result<Wound> {
    cluster.container(victim).kill()?;
    Ok(Wound::Dead)
}

/// Only the server: PID 1 then leaves with its status, and the engine starts the container again.
fn kill_jvm(cluster: &Cluster, victim: usize) -> anyhow::Result<Wound> {
    let server = cluster.container(victim).server()?;
    call("kill")
        .args(["-KILL", &server.pid.to_string()])
        .succeed()?;
    Ok(Wound::None)
}

fn pause(cluster: &Cluster, victim: usize) -> anyhow::Result<Wound> {
    cluster.container(victim).pause()?;
    Ok(Wound::Paused)
}

fn cut_off(cluster: &Cluster, victim: usize) -> anyhow::Result<Wound> {
    Ok(Wound::CutOff(cluster.disconnect(victim)?))
}

fn move_away(cluster: &Cluster, victim: usize) -> anyhow::Result<Wound> {
    Ok(Wound::Moved(cluster.disconnect(victim)?))
}

fn restart(cluster: &Cluster, victim: usize) -> anyhow::Result<Wound> {
    cluster.container(victim).restart()?;
    Ok(Wound::None)
}

fn fill(cluster: &Cluster, victim: usize) -> anyhow::Result<Wound> {
    cluster.fill(victim)?;
    Ok(Wound::Full)
}

impl Wound {
    /// Undoes it. Whatever has ended for it comes back by itself.
    pub fn heal(self, cluster: &Cluster, victim: usize) -> anyhow::Result<()> {
        let container = cluster.container(victim);
        match self {
            Self::None => Ok(()),
            Self::Dead => container.start_again(),
            Self::Paused => container.unpause(),
            Self::CutOff(address) => cluster.reconnect(victim, address),
            Self::Moved(old) => {
                cluster.reconnect_elsewhere(victim, old)?;
                container.restart()
            }
            Self::Full => cluster.make_room(victim),
        }
    }
}

/// The fault of this name.
pub fn named(name: &str) -> anyhow::Result<Fault> {
    let fault = ALL.iter().find(|fault| fault.name == name);
    fault.copied().with_context(|| format!("no fault `{name}`"))
}
