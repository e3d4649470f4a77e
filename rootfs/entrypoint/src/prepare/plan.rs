//! What a start will do: made of the values and the facts alone, and of nothing that could not be tested.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::directories::{Content, Directory};
use super::facts::{Facts, Found};
use crate::config;
use crate::gate::{self, Configuration, GateError};
use crate::properties::Properties;
use crate::release::Release;
use crate::servers::{Server, ServerId};
use crate::stamp;
use crate::variables::ids::{
    ADMIN_SERVER_PORT_NUMBER, ADMINSERVER_ENABLED, CONF_DIR, LOG_DIR, LOG4J_PROP, PID_FILE,
    PORT_NUMBER, SERVER_ID, SERVERS, STANDALONE_ENABLED,
};
use crate::variables::{Environment, Values, unknown};

/// The first release that knows several addresses of one server.
const SEVERAL_ADDRESSES: Release = Release::new(3, 6, 0);

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
        if let Some(id) = number
            .existing
            .filter(|id| *id != number.asked_for && number.was_asked_for)
        {
            warnings.push(format!(
                "{} says {id} and wins, {} is ignored",
                facts.data_directory.join("myid").display(),
                number.by
            ));
        }
        let config = match &facts.config {
            Found::Theirs(kept) => {
                warnings.extend(kept_warning(values, kept));
                None
            }
            Found::Nothing | Found::Ours(_) => {
                check_servers(values, facts.release, &number, &mut errors);
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
            directories: directories(values, facts, config.is_some()),
            config_path: values.path(CONF_DIR).join("zoo.cfg"),
            config,
            myid_path: facts.data_directory.join("myid"),
            myid: number.existing.is_none().then_some(number.asked_for),
            warnings,
        })
    }
}

/// The number of this server.
struct OwnNumber {
    existing: Option<ServerId>,
    asked_for: ServerId,
    was_asked_for: bool,
    by: String,
}

impl OwnNumber {
    fn find(values: &Values, facts: &Facts, errors: &mut Vec<PlanError>) -> Self {
        let asked_for = u8::try_from(values.integer(SERVER_ID))
            .ok()
            .and_then(ServerId::new);
        let asked_for = asked_for.expect("the table allows 1 to 255 only");
        // An empty file is what a start leaves that was killed between creating and writing it elsewhere.
        let content = facts
            .myid
            .as_deref()
            .map(|text| text.lines().next().unwrap_or_default().trim());
        let existing = content
            .filter(|content| !content.is_empty())
            .and_then(|content| {
                let id = ServerId::parse(content);
                if id.is_none() {
                    let path = facts.data_directory.join("myid");
                    errors.push(PlanError::Myid { path });
                }
                id
            });
        let given_as = values.given_as(SERVER_ID);
        Self {
            existing,
            asked_for,
            was_asked_for: given_as.is_some(),
            by: given_as.unwrap_or("ZOO_SERVER_ID").to_owned(),
        }
    }
}

fn check_servers(
    values: &Values,
    release: Release,
    number: &OwnNumber,
    errors: &mut Vec<PlanError>,
) {
    let servers = values.servers(SERVERS);
    if release < SEVERAL_ADDRESSES && config::has_several_addresses(servers) {
        errors.push(PlanError::SeveralAddresses(release));
    }
    let id = number.existing.unwrap_or(number.asked_for);
    match servers.get(id) {
        Some(own) => check_ports(values, own, errors),
        None => {
            let by = if number.existing.is_some() {
                "its myid"
            } else {
                &number.by
            };
            errors.push(PlanError::NotListed {
                id,
                by: by.to_owned(),
                servers: servers.to_string(),
            });
        }
    }
}

fn check_ports(values: &Values, own: &Server, errors: &mut Vec<PlanError>) {
    let asked_for = values.port(PORT_NUMBER);
    if let Some(listed) = own
        .client
        .as_ref()
        .map(|client| client.port)
        .filter(|port| *port != asked_for)
    {
        errors.push(PlanError::ClientPort { listed, asked_for });
    }
    let mut ports = vec![("ZOO_PORT_NUMBER", asked_for)];
    if values.boolean(ADMINSERVER_ENABLED) {
        ports.push((
            "ZOO_ADMIN_SERVER_PORT_NUMBER",
            values.port(ADMIN_SERVER_PORT_NUMBER),
        ));
    }
    if !(values.boolean(STANDALONE_ENABLED) && values.servers(SERVERS).len() == 1) {
        for address in &own.addresses {
            ports.push(("the quorum port of this server", address.quorum));
            ports.push(("the election port of this server", address.election));
        }
    }
    let mut taken = BTreeMap::new();
    for (second, port) in ports {
        // Several addresses of one server may well have the same ports.
        if let Some(first) = taken.insert(port, second).filter(|first| *first != second) {
            errors.push(PlanError::PortClash {
                port,
                first,
                second,
            });
        }
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

fn directories(values: &Values, facts: &Facts, writes_config: bool) -> Vec<Directory> {
    let logs_to_files = values
        .root_logger(LOG4J_PROP)
        .is_some_and(|logger| logger.appenders.iter().any(|name| name != "CONSOLE"));
    let directory = |path: &Path, content, needed| Directory {
        path: path.to_owned(),
        content,
        needed,
    };
    let mut directories = vec![
        directory(values.path(CONF_DIR), Content::Theirs, writes_config),
        directory(&facts.data_directory, Content::Data, true),
        directory(&facts.data_log_directory, Content::Data, true),
        directory(values.path(LOG_DIR), Content::Logs, logs_to_files),
    ];
    // Nothing here needs the pid file, so a read-only root file system is no reason to fail.
    directories.extend(
        values
            .path(PID_FILE)
            .parent()
            .map(|path| directory(path, Content::Theirs, false)),
    );
    directories.dedup();
    directories
}

#[cfg(test)]
mod tests;
