//! What a start will do: made of the values and the facts alone, and of nothing that could not be tested.

mod directories;
mod number;
mod servers;

use std::path::PathBuf;

use super::directories::Directory;
use super::facts::{Facts, Found};
use crate::config;
use crate::gate::{self, Configuration, GateError};
use crate::properties::Properties;
use crate::release::Release;
use crate::servers::ServerId;
use crate::stamp;
use crate::variables::ids::CONF_DIR;
use crate::variables::{Environment, Values, unknown};
use number::OwnNumber;
use servers::SEVERAL_ADDRESSES;

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The directories to make and to hand over.
    pub directories: Vec<Directory>,
    /// Where `zoo.cfg` is.
    pub config_path: PathBuf,
    /// What to write there; nothing where the file that is there stays.
    pub config: Option<String>,
    /// Where `myid` is.
    pub myid_path: PathBuf,
    /// What to write there; nothing where there is one.
    pub myid: Option<ServerId>,
    /// What to say.
    pub warnings: Vec<String>,
}

/// Why there is nothing to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The gate is closed.
    #[error(transparent)]
    Gate(#[from] GateError),
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
}

impl Plan {
    /// Makes a plan, or says everything that is in its way.
    pub fn make(
        environment: &Environment,
        values: &Values,
        facts: &Facts,
    ) -> Result<Self, Vec<PlanError>> {
        let mut errors = Vec::new();
        let mut warnings = unknown::warnings(environment);
        let configuration = match facts.config {
            Found::Theirs(_) => Configuration::Brought,
            Found::Nothing | Found::Ours(_) => Configuration::Generated,
        };
        let (closed, open) = gate::check(environment, values, configuration);
        errors.extend(closed.into_iter().map(PlanError::from));
        warnings.extend(open.map(str::to_owned));

        let number = OwnNumber::find(values, facts, &mut errors);
        warnings.extend(number.warning(facts));
        let config = match &facts.config {
            Found::Theirs(kept) => {
                warnings.extend(kept_warning(values, kept));
                None
            }
            Found::Nothing | Found::Ours(_) => {
                servers::check(values, facts.release, &number, &mut errors);
                let (body, of_config) = config::body(values, facts.release);
                warnings.extend(of_config);
                let content = stamp::stamped(&body);
                let there = matches!(&facts.config, Found::Ours(old) if *old == content.as_bytes());
                (!there).then_some(content)
            }
        };
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self {
            directories: directories::list(values, facts, config.is_some()),
            config_path: values.path(CONF_DIR).join("zoo.cfg"),
            config,
            myid_path: facts.data_directory.join("myid"),
            myid: number.to_write(),
            warnings,
        })
    }
}

fn kept_warning(values: &Values, kept: &Properties) -> Option<String> {
    let ignored = config::ignored_variables(values, kept);
    (!ignored.is_empty()).then(|| {
        let path = values.path(CONF_DIR).join("zoo.cfg");
        format!(
            "{} was brought along or edited and wins; ignored: {}",
            path.display(),
            ignored.join(", ")
        )
    })
}

#[cfg(test)]
mod tests;
