//! What a start will do: made of the values and the facts alone, and of nothing that could not be tested.

mod configuration;
mod directories;
mod error;
mod number;
mod servers;

use std::path::PathBuf;

use super::directories::Directory;
use super::facts::{Facts, Found};
use super::history::Storage;
use crate::auth::{Asked, doubts, ports, sasl};
use crate::config;
use crate::gate::{self, Configuration};
use crate::properties::Properties;
use crate::protection;
use crate::servers::ServerId;
use crate::tls::passwords;
use crate::variables::ids::{CONF_DIR, SERVERS};
use crate::variables::{Environment, Values, unknown};
pub use configuration::StartFrom;
pub use error::PlanError;
use number::OwnNumber;

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The directories to make and to hand over.
    pub directories: Vec<Directory>,
    /// Where `zoo.cfg` is.
    pub config_path: PathBuf,
    /// What to write there; nothing where the file that is there stays.
    pub config: Option<String>,
    /// Whether a password stands in it.
    pub config_has_password: bool,
    /// What the `zoo.cfg` in force says.
    pub properties: Properties,
    /// Which file the server reads.
    pub start_from: StartFrom,
    /// Where `myid` is.
    pub myid_path: PathBuf,
    /// What to write there; nothing where there is one.
    pub myid: Option<ServerId>,
    /// Who may log in.
    pub logins: Asked,
    /// Where the transaction logs are.
    pub data_log_directory: PathBuf,
    /// What to say of what may not be meant.
    pub warnings: Vec<String>,
    /// What to say of what is worth knowing.
    pub notes: Vec<String>,
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
            Found::Kept(_) => Configuration::Brought,
            Found::Nothing | Found::Ours(_) => Configuration::Generated,
        };
        let (closed, open) = gate::check(environment, values, configuration);
        errors.extend(closed.into_iter().map(PlanError::from));
        warnings.extend(open.map(str::to_owned));

        let (logins, problems) = Asked::read(environment, values);
        errors.extend(problems.into_iter().map(PlanError::from));
        warnings.extend(doubts::of(&logins, values));
        warnings.extend(sasl::warnings(&logins, facts.installed.release));

        let number = OwnNumber::find(values, facts, &mut errors);
        warnings.extend(number.warning(facts));
        let config = configuration::decide(values, facts, &number, &mut errors);
        warnings.extend(config.warnings);
        warnings.extend(ports::warning(values, &config.properties));
        let by_flags = protection::unmet_by_flags(environment, values, &config.properties);
        errors.extend(by_flags.map(PlanError::from));
        warnings.extend(storage(values, facts).warnings());
        if !errors.is_empty() {
            return Err(errors);
        }
        let writes = config.write.is_some() || config.start_from == StartFrom::Itself;
        Ok(Self {
            directories: directories::list(values, facts, writes),
            config_path: values.path(CONF_DIR).join("zoo.cfg"),
            config: config.write,
            config_has_password: passwords::stand_in(&config.properties),
            properties: config.properties,
            start_from: config.start_from,
            myid_path: facts.data_directory.join("myid"),
            myid: number.to_write(),
            logins,
            data_log_directory: facts.data_log_directory.clone(),
            warnings,
            notes: config.notes,
        })
    }
}

/// Where the server will keep its data, among so many others.
fn storage<'a>(values: &Values, facts: &'a Facts) -> Storage<'a> {
    let servers = match &facts.config {
        Found::Kept(kept) => config::servers_of(&kept.properties).map_or(1, |list| list.len()),
        Found::Nothing | Found::Ours(_) => values.servers(SERVERS).len(),
    };
    Storage {
        data: &facts.data_directory,
        data_log: &facts.data_log_directory,
        of_data: facts.of_data,
        of_data_log: facts.of_data_log,
        mounts: &facts.mounts,
        servers,
    }
}

#[cfg(test)]
mod tests;
