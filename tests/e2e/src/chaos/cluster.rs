//! Three servers on a network of their own, with volumes that outlive their containers.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, ensure};

use super::exits::Exits;
use crate::ask;
use crate::engine::{Container, Network, Volume, container};
use crate::wait::{Seen, until};

/// What each server is called in the network.
pub const SERVERS: [&str; 3] = ["zoo1", "zoo2", "zoo3"];

const CLIENT_PORT: u16 = 2181;

/// A server that serves says so in no time, and one that does not is asked again.
const PATIENCE: Duration = Duration::from_secs(1);

/// So often that servers are struck while they write a snapshot, and that there are old ones to go back to.
const TRANSACTIONS_PER_SNAPSHOT: &str = "1000";

/// Where the transaction logs of each server are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Disks {
    /// On the disk of the engine.
    Large,
    /// On one of their own that can be filled.
    Small,
}

/// Megabytes of a small disk: some logs, of which a server makes one for each snapshot.
const SMALL: u32 = 48;

/// Three servers.
#[derive(Debug)]
pub struct Cluster {
    /// Keeps the small disks while servers are away, and addresses.
    holder: Container,
    members: Vec<Member>,
    network: Network,
    exits: Exits,
}

/// One of them.
#[derive(Debug)]
struct Member {
    container: Container,
    image: String,
    volumes: Volumes,
}

#[derive(Debug)]
struct Volumes {
    conf: Volume,
    data: Volume,
    datalog: Volume,
}

impl Cluster {
    /// Starts them, as docs/image.md has it for three servers.
    pub fn start(image: &str, disks: Disks) -> anyhow::Result<Self> {
        let network = Network::with_addresses()?;
        let exits = Exits::listen(network.name())?;
        let place = Place {
            network: &network,
            label: exits.label(),
        };
        let mut volumes = Vec::new();
        for _ in SERVERS {
            volumes.push(Volumes {
                conf: Volume::create()?,
                data: Volume::create()?,
                datalog: match disks {
                    Disks::Large => Volume::create()?,
                    Disks::Small => Volume::of_size(SMALL)?,
                },
            });
        }
        // Not a server, so it would never be healthy.
        let mut holder = container(image).options(["--no-healthcheck", "--label", exits.label()]);
        for (name, volumes) in SERVERS.iter().zip(&volumes) {
            holder = holder.volume(&volumes.datalog, &format!("/disks/{name}"));
        }
        let holder = holder.command(["sleep", "infinity"]).start()?;
        let members = (volumes.into_iter().enumerate())
            .map(|(index, volumes)| {
                let container = member(image, index, &place, &volumes)?;
                let image = image.to_owned();
                Ok(Member {
                    container,
                    image,
                    volumes,
                })
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        Ok(Self {
            holder,
            members,
            network,
            exits,
        })
    }

    /// The container of a server.
    #[must_use]
    pub fn container(&self, index: usize) -> &Container {
        &self.members[index].container
    }

    /// Where the servers are.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Removes the container of a server and starts another image on what it has left.
    pub fn replace(&mut self, index: usize, image: &str) -> anyhow::Result<()> {
        self.members[index].container.stop()?;
        let place = Place {
            network: &self.network,
            label: self.exits.label(),
        };
        let volumes = &self.members[index].volumes;
        self.members[index].container = member(image, index, &place, volumes)?;
        image.clone_into(&mut self.members[index].image);
        Ok(())
    }

    /// The image of a server.
    #[must_use]
    pub fn image(&self, index: usize) -> &str {
        &self.members[index].image
    }

    /// What a server says it is; nothing while it does not serve.
    #[must_use]
    pub fn mode(&self, index: usize) -> Option<String> {
        ask::mode(self.address(index).ok()?, PATIENCE)
    }

    fn address(&self, index: usize) -> anyhow::Result<SocketAddr> {
        self.members[index].container.address(CLIENT_PORT)
    }

    /// Which one leads, while all of them serve.
    #[must_use]
    pub fn leader(&self) -> Option<usize> {
        let modes = self.modes();
        let leads = |mode: &Option<String>| mode.as_deref() == Some("leader");
        let complete = modes.iter().all(Option::is_some);
        let single = modes.iter().filter(|mode| leads(mode)).count() == 1;
        (complete && single).then(|| modes.iter().position(leads))?
    }

    fn modes(&self) -> Vec<Option<String>> {
        (0..self.members.len())
            .map(|index| self.mode(index))
            .collect()
    }

    /// Waits until all of them serve; the one that leads.
    pub fn serves(&self, limit: Duration) -> anyhow::Result<usize> {
        let result = until("all servers serve, and one leads", limit, || {
            Ok(match self.leader() {
                Some(leader) => Seen::Yes(leader),
                None => Seen::NotYet(format!("{:?}", self.modes())),
            })
        });
        result.with_context(|| self.last_words())
    }

    /// The ends of all logs.
    #[must_use]
    pub fn last_words(&self) -> String {
        let mut text = String::new();
        for (name, member) in SERVERS.iter().zip(&self.members) {
            let log = member.container.logs().unwrap_or_default();
            // Our own asking is most of it.
            let lines = log.lines().filter(|line| !line.contains(" srvr "));
            let lines: Vec<&str> = lines.collect();
            let end = lines[lines.len().saturating_sub(40)..].join("\n");
            text.push_str(&format!("the log of {name} ends:\n{end}\n"));
        }
        text
    }

    /// Cuts a server off; the address that it had.
    pub fn disconnect(&self, index: usize) -> anyhow::Result<IpAddr> {
        let address = self.address(index)?.ip();
        self.network.disconnect(self.container(index))?;
        Ok(address)
    }

    /// Brings it back as it was.
    pub fn reconnect(&self, index: usize, address: IpAddr) -> anyhow::Result<()> {
        let container = self.container(index);
        self.network.connect_at(container, SERVERS[index], address)
    }

    /// Brings it back under its name and with another address, because somebody else has taken the old one.
    pub fn reconnect_elsewhere(&self, index: usize, old: IpAddr) -> anyhow::Result<()> {
        self.network.connect_at(&self.holder, "holder", old)?;
        self.network
            .connect(self.container(index), SERVERS[index])?;
        self.network.disconnect(&self.holder)?;
        let new = self.address(index)?.ip();
        ensure!(new != old, "{} is at {old} again", SERVERS[index]);
        Ok(())
    }

    /// Fills the small disk of a server.
    pub fn fill(&self, index: usize) -> anyhow::Result<()> {
        let file = format!("of=/disks/{}/filled", SERVERS[index]);
        let finished = self.holder.exec(["dd", "if=/dev/zero", &file, "bs=4k"])?;
        ensure!(
            finished.stderr.contains("No space left on device"),
            "the disk is not full: {}",
            finished.said()
        );
        Ok(())
    }

    /// Makes room there again.
    pub fn make_room(&self, index: usize) -> anyhow::Result<()> {
        let file = format!("/disks/{}/filled", SERVERS[index]);
        let finished = self.holder.exec(["rm", &file])?;
        ensure!(finished.code == 0, "cannot make room: {}", finished.said());
        Ok(())
    }

    /// How many containers of servers have ended so far.
    pub fn exits(&self) -> anyhow::Result<usize> {
        self.exits.count()
    }

    /// The statuses with which they ended after the first so many.
    pub fn exits_after(&self, count: usize) -> anyhow::Result<Vec<i32>> {
        let exits = self.exits.after(count, &self.holder)?;
        Ok(exits.into_iter().map(|exit| exit.code).collect())
    }
}

/// Where containers of servers are.
struct Place<'p> {
    network: &'p Network,
    label: &'p str,
}

fn member(
    image: &str,
    index: usize,
    place: &Place<'_>,
    volumes: &Volumes,
) -> anyhow::Result<Container> {
    let servers: Vec<String> = (1..)
        .zip(SERVERS)
        .map(|(number, name)| format!("server.{number}={name}:2888:3888"))
        .collect();
    container(image)
        .anonymous()
        .network(place.network, SERVERS[index])
        .volume(&volumes.conf, "/srv/conf")
        .volume(&volumes.data, "/srv/data")
        .volume(&volumes.datalog, "/srv/datalog")
        .options(["--restart", "always", "--label", place.label])
        .env("ZOO_SERVER_ID", &(index + 1).to_string())
        .env("ZOO_SERVERS", &servers.join(" "))
        .env("ZOO_SNAPCOUNT", TRANSACTIONS_PER_SNAPSHOT)
        .env("ZOO_HEAP_SIZE", "128")
        .start()
}
