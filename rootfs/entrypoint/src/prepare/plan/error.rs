//! Why a start has nothing to do.

use std::path::PathBuf;

use super::servers::SEVERAL_ADDRESSES;
use crate::auth::{AuthError, asked};
use crate::gate::GateError;
use crate::protection::Demand;
use crate::release::Release;
use crate::servers::ServerId;
use crate::tls::{self, StoreError};
use crate::variables::Broken;
use crate::variables::ids::{ALLOW_ANONYMOUS_LOGIN, ENABLE_AUTH};

/// Why there is nothing to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The gate is closed.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// The users who may log in are not what they must be.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// What is asked for to protect is not done.
    #[error(transparent)]
    Protection(#[from] Demand),
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
}

impl PlanError {
    /// Whether it may be there only because these rows could not be read, and is not worth saying beside them.
    pub fn follows_from(&self, broken: &Broken) -> bool {
        match self {
            Self::Gate(GateError::Undecided) => {
                broken.is_any_of(&[ALLOW_ANONYMOUS_LOGIN.row(), ENABLE_AUTH.row()])
            }
            Self::Gate(GateError::Unknown { .. }) => false,
            Self::Auth(_) => broken.is_any_of(&asked::ROWS),
            Self::Protection(demand) => broken.is_any_of(demand.asked.rows),
            // Stores and what they are may also be settings.
            Self::Store(StoreError::NotNamed { .. } | StoreError::UnknownType { .. }) => {
                broken.is_any_of(&tls::ROWS) || broken.is_a_setting()
            }
            Self::Store(StoreError::Unreadable(_) | StoreError::Lacks { .. }) => false,
            _ => !broken.is_nothing(),
        }
    }
}
