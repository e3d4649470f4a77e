//! The list of servers, `ZOO_SERVERS`, in every form that people write it.
//!
//! Entries are separated by blanks, commas or semicolons:
//! `[server.N=]host:quorum:election[:role][|more addresses][;[address:]client-port]`, or
//! `host:quorum:election[:role]::N`. A semicolon before a port (or `address:port`) begins the client port of
//! the entry it follows; before anything else it separates entries. Without a number an entry is numbered by
//! its position.
//!
//! Guaranteed: what is parsed has different numbers from 1 to 255 in ascending order, valid and different
//! ports, and what it displays is parsed again to the same. Every problem of a list is reported, not only
//! the first one.

mod parse;

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv6Addr;

/// The number of a server in its ensemble, 1 to 255: the content of `myid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerId(u8);

/// A name or an address; IPv6 stands in brackets wherever it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A host name or an IPv4 address.
    Name(String),
    /// An IPv6 address.
    V6(Ipv6Addr),
}

/// Where the other servers reach a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The host.
    pub host: Host,
    /// The port followers use to follow the leader.
    pub quorum: u16,
    /// The port of leader election.
    pub election: u16,
}

/// Whether a server votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It votes.
    Participant,
    /// It only follows.
    Observer,
}

/// Where clients reach a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientAddress {
    /// The address to listen on; all of them if absent.
    pub host: Option<Host>,
    /// The port.
    pub port: u16,
}

/// One server of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its number.
    pub id: ServerId,
    /// Its addresses, at least one; several only from ZooKeeper 3.6 on.
    pub addresses: Vec<Address>,
    /// Its role.
    pub role: Role,
    /// Where its clients connect, if the entry says so.
    pub client: Option<ClientAddress>,
}

/// A list of servers in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerList(Vec<Server>);

/// Why a list is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServersError {
    /// Nothing in it.
    #[error("names no server")]
    Empty,
    /// One entry cannot be read.
    #[error("entry `{entry}`: {problem}")]
    Entry {
        /// The entry as it was written.
        entry: String,
        /// What is wrong with it.
        problem: EntryProblem,
    },
    /// Two entries have one number.
    #[error("number {0} is used twice")]
    Duplicate(ServerId),
}

/// What is wrong with an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryProblem {
    /// `server.` is followed by something else than a number in range.
    #[error("the number of a server is 1 to 255, not `{0}`")]
    Number(String),
    /// `server.1=…::2`.
    #[error("its number is given twice")]
    NumberTwice,
    /// By its position its number would be beyond 255.
    #[error("there are at most 255 servers")]
    TooMany,
    /// Not host, two ports and perhaps a role.
    #[error("not of the form host:quorum-port:election-port")]
    Form,
    /// A host that is none.
    #[error("`{0}` is no host name and no address; an IPv6 address stands in brackets")]
    Host(String),
    /// A port out of range.
    #[error("a port is 1 to 65535, not `{0}`")]
    Port(String),
    /// Quorum and election on one port.
    #[error("quorum and election port are both {0}")]
    SamePort(u16),
    /// A role that ZooKeeper does not know.
    #[error("a role is `participant` or `observer`, not `{0}`")]
    Role(String),
}

impl Host {
    /// Reads a name or an address that no port follows; IPv6 with or without brackets.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse()
            .map(Self::V6)
            .ok()
            .or_else(|| parse::host(text).ok())
    }

    /// As it is written where no port follows.
    pub fn unbracketed(&self) -> String {
        match self {
            Self::Name(name) => name.clone(),
            Self::V6(address) => address.to_string(),
        }
    }

    /// Whether it stands for every address of the machine.
    pub fn is_unspecified(&self) -> bool {
        match self {
            Self::Name(name) => name == "0.0.0.0",
            Self::V6(address) => address.is_unspecified(),
        }
    }
}

impl ServerId {
    /// `number` as a server's, if it can be one.
    pub fn new(number: u8) -> Option<Self> {
        (number > 0).then_some(Self(number))
    }

    /// Reads `1` to `255`.
    pub fn parse(text: &str) -> Option<Self> {
        parse::decimal(text)
            .and_then(|number| u8::try_from(number).ok())
            .and_then(Self::new)
    }
}

impl ServerList {
    /// Reads a list; on failure every problem of it.
    pub fn parse(text: &str) -> Result<Self, Vec<ServersError>> {
        let mut servers = BTreeMap::new();
        let mut problems = Vec::new();
        let entries = parse::entries(text);
        if entries.is_empty() {
            problems.push(ServersError::Empty);
        }
        for (index, entry) in entries.iter().enumerate() {
            match entry.parse(index + 1) {
                Ok(server) => {
                    let id = server.id;
                    if servers.insert(id, server).is_some() {
                        problems.push(ServersError::Duplicate(id));
                    }
                }
                Err(problem) => problems.push(ServersError::Entry {
                    entry: entry.to_string(),
                    problem,
                }),
            }
        }
        if problems.is_empty() {
            Ok(Self(servers.into_values().collect()))
        } else {
            Err(problems)
        }
    }

    /// The servers in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &Server> {
        self.0.iter()
    }

    /// How many servers there are; never 0.
    #[expect(clippy::len_without_is_empty, reason = "a parsed list is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The server with this number.
    pub fn get(&self, id: ServerId) -> Option<&Server> {
        self.0.iter().find(|server| server.id == id)
    }

    /// The same list with this entry in the place of the one with its number.
    pub fn with(mut self, entry: Server) -> Self {
        let place = self.0.iter_mut().find(|server| server.id == entry.id);
        if let Some(place) = place {
            *place = entry;
        }
        self
    }

    /// Whether both lists make the same ensemble, `port` being the client port of entries without one.
    pub fn means(&self, other: &Self, port: u16) -> bool {
        let normal = |list: &Self| {
            let mut list = list.clone().with_client_port(port);
            for client in list
                .0
                .iter_mut()
                .filter_map(|server| server.client.as_mut())
            {
                // ZooKeeper itself writes `;0.0.0.0:2181` where a user writes `;2181`.
                client.host.take_if(|host| host.is_unspecified());
            }
            list
        };
        normal(self) == normal(other)
    }

    /// The same list, every server with a client port.
    pub fn with_client_port(mut self, port: u16) -> Self {
        for server in &mut self.0 {
            server
                .client
                .get_or_insert(ClientAddress { host: None, port });
        }
        self
    }
}

impl Server {
    /// What stands after `server.N=` in `zoo.cfg`.
    pub fn value(&self) -> String {
        let addresses: Vec<String> = self.addresses.iter().map(Address::to_string).collect();
        let role = match self.role {
            Role::Participant => "",
            Role::Observer => ":observer",
        };
        let client = match &self.client {
            None => String::new(),
            Some(ClientAddress { host: None, port }) => format!(";{port}"),
            Some(ClientAddress {
                host: Some(host),
                port,
            }) => format!(";{host}:{port}"),
        };
        // ZooKeeper takes the role from the last address, so it stands once, at the end.
        format!("{}{role}{client}", addresses.join("|"))
    }
}

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::V6(address) => write!(f, "[{address}]"),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.host, self.quorum, self.election)
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "server.{}={}", self.id, self.value())
    }
}

impl fmt::Display for ServerList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, server) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            server.fmt(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
