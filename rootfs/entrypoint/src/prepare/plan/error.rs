//! Why a start has nothing to do.

use std::path::PathBuf;

use super::servers::SEVERAL_ADDRESSES;
use crate::auth::AuthError;
use crate::auth::sasl::Line;
use crate::gate::GateError;
use crate::release::Release;
use crate::servers::ServerId;
use crate::tls::{Demand, StoreError};

/// Why there is nothing to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The gate is closed.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// The users who may log in are not what they must be.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// A file that is kept does not protect as is asked for.
    #[error(
        "{} is kept as it is and has no line `{}={}`, which {}=yes asks for: add it, or remove the file to have it made \
         anew",
        path.display(), line.key, line.value, line.switch
    )]
    Lacks {
        /// `zoo.cfg`.
        path: PathBuf,
        /// The line.
        line: Line,
    },
    /// Further settings take back what is asked for.
    #[error(
        "{}=yes asks for `{}={}`, and ZOO_CFG_EXTRA or ZOO_CFG_… says otherwise",
        line.switch, line.key, line.value
    )]
    TakenBack {
        /// The line.
        line: Line,
    },
    /// `myid` is no number of a server.
    #[error("{} holds no number from 1 to 255", path.display())]
    Myid {
        /// The file. Its content is not shown: it may be a link to what only root can read.
        path: PathBuf,
    },
    /// `auto`, and a host name without a number, or with one out of range.
    #[error(
        "{by} is `auto`, and the host name `{host_name}` plus {offset} gives no number from 1 to 255"
    )]
    HostName {
        /// The variable.
        by: String,
        /// The host name.
        host_name: String,
        /// What is added.
        offset: u32,
    },
    /// This server is not among the servers.
    #[error("this is server {id} by {by}, and ZOO_SERVERS has no such server: {servers}")]
    NotListed {
        /// Its number.
        id: ServerId,
        /// The variable or file that says so.
        by: String,
        /// The list.
        servers: String,
    },
    /// The own entry contradicts `ZOO_PORT_NUMBER`; ZooKeeper would leave with 2.
    #[error(
        "ZOO_SERVERS gives this server the client port {listed}, ZOO_PORT_NUMBER is {asked_for}"
    )]
    ClientPort {
        /// The one of the list.
        listed: u16,
        /// The one of the variable.
        asked_for: u16,
    },
    /// ZooKeeper would write a reconfiguration beside the mounted file, and lose it at the next start.
    #[error(
        "reconfiguration is on, and {} is mounted as a single file, which ZooKeeper cannot replace: mount its directory",
        path.display()
    )]
    ReconfigurationOfAFile {
        /// `zoo.cfg`.
        path: PathBuf,
    },
    /// Two listeners on one port.
    #[error("{first} and {second} are both on port {port}")]
    PortClash {
        /// The port.
        port: u16,
        /// One listener.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// A list for later releases.
    #[error(
        "ZOO_SERVERS gives a server several addresses, which ZooKeeper knows from {SEVERAL_ADDRESSES} on, this is {0}"
    )]
    SeveralAddresses(Release),
    /// Stores that TLS cannot be had with.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A `zoo.cfg` without the TLS that is asked for.
    #[error(transparent)]
    Tls(#[from] Demand),
}
