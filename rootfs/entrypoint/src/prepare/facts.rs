//! What is there before anything is written: the release, a configuration, a `myid`.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::unistd::{geteuid, gethostname};

use super::files::{self, Unwritable};
use super::history::History;
use super::mounts::{Mounts, resolved};
use crate::config;
use crate::file::{self, Reader};
use crate::properties::Properties;
use crate::release::{Installed, ReleaseError};
use crate::servers::ServerList;
use crate::stamp::{self, Owner};
use crate::tls::{StoreError, stores};
use crate::variables::Values;
use crate::variables::ids::{BASE_DIR, CONF_DIR, DATA_DIR, DATA_LOG_DIR};

/// What is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The ZooKeeper of this image.
    pub installed: Installed,
    /// The `zoo.cfg` that is there.
    pub config: Found,
    /// Whether that is the copy which the server before this one reads, since this user may not read the file.
    pub config_is_former: bool,
    /// The data directory: the one of a kept configuration, else of the environment.
    pub data_directory: PathBuf,
    /// The directory of transaction logs, likewise.
    pub data_log_directory: PathBuf,
    /// The content of `myid`.
    pub myid: Option<String>,
    /// Whether `zoo.cfg` is mounted as a single file.
    pub config_is_mounted: bool,
    /// The name of this host; empty where it is no text.
    pub host_name: String,
    /// What is mounted.
    pub mounts: Mounts,
    /// What the data directory holds.
    pub of_data: History,
    /// What the directory of transaction logs holds.
    pub of_data_log: History,
    /// The permissions of the `zoo.cfg` that is there.
    pub config_mode: Option<u32>,
    /// The stores for TLS that the user of the server cannot read, or cannot use.
    pub unusable_stores: Vec<StoreError>,
}

/// What is known before anything is looked at.
#[derive(Debug)]
pub struct Surroundings<'a> {
    /// What is mounted.
    pub mounts: Mounts,
    /// The file that a server reads which is to be started again: root could read more at its first start than
    /// the daemon user can now.
    pub former: Option<&'a Path>,
    /// Whom the server will run as.
    pub reader: Reader,
}

/// A `zoo.cfg` that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// None.
    Nothing,
    /// One that we wrote and nobody has edited.
    Ours(Vec<u8>),
    /// One that is to be left alone.
    Kept(Kept),
}

/// A `zoo.cfg` that is to be left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its bytes.
    pub content: Vec<u8>,
    /// What they say.
    pub properties: Properties,
    /// The servers that it names, or the file beside it that ZooKeeper keeps them in.
    pub servers: Option<ServerList>,
    /// Why.
    pub reason: Reason,
}

/// Why a `zoo.cfg` is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Somebody brought it along, or edited it.
    Brought,
    /// Reconfiguration is on: ZooKeeper itself writes to it and keeps the list of servers.
    Reconfigurable,
}

impl Found {
    /// What is at `path`.
    pub fn look(path: &Path, mounts: &Mounts) -> Result<Self, FactsError> {
        let content = read(path)?;
        Ok(content.map_or(Self::Nothing, |content| Self::of(content, path, mounts)))
    }

    pub(super) fn of(content: Vec<u8>, path: &Path, mounts: &Mounts) -> Self {
        let properties = Properties::parse(&content);
        let reason = if config::is_reconfigurable(&properties) {
            Reason::Reconfigurable
        // What is mounted as a single file cannot be replaced.
        } else if stamp::owner(&content) == Owner::User || is_mounted(path, mounts) {
            Reason::Brought
        } else {
            return Self::Ours(content);
        };
        let dynamic = || config::servers_of(&config::dynamic(&properties, path)?);
        Self::Kept(Kept {
            servers: config::servers_of(&properties).or_else(dynamic),
            content,
            properties,
            reason,
        })
    }
}

fn is_mounted(path: &Path, mounts: &Mounts) -> bool {
    mounts.is_mount_point(&resolved(path))
}

/// Why we do not know what is there.
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    /// The image, or `ZOO_BASE_DIR`, is wrong.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// A file that is there cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Nor can anything else be in there.
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
}

impl FactsError {
    /// Whether this user may not look.
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::PermissionDenied)
    }
}

/// What to do next, where we know.
pub fn hint(errors: &[FactsError]) -> Option<String> {
    (geteuid().is_root() && errors.iter().any(FactsError::is_refusal)).then(|| {
        "root may not look in there, without the capability DAC_OVERRIDE or on an NFS server that takes it for \
         nobody: start the container with `--user` and the number of the owner"
            .to_owned()
    })
}

impl Facts {
    /// Looks, and changes nothing.
    pub fn look(values: &Values, surroundings: Surroundings) -> Result<Self, Vec<FactsError>> {
        let Surroundings { mounts, former, .. } = surroundings;
        let installed =
            Installed::of_jars(&values.path(BASE_DIR).join("lib")).map_err(FactsError::from);
        let config_path = values.path(CONF_DIR).join("zoo.cfg");
        let mut config = Found::look(&config_path, &mounts);
        let copy = former.filter(|former| {
            *former != config_path && matches!(&config, Err(error) if error.is_refusal())
        });
        let copy = copy.and_then(|copy| file::read(copy).ok()?);
        let config_is_former = copy.is_some();
        if let Some(content) = copy {
            config = Ok(Found::of(content, &config_path, &mounts));
        }
        let kept = match &config {
            Ok(Found::Kept(kept)) => kept.properties.clone(),
            _ => Properties::default(),
        };
        let of_kept = |key| kept.get(key).map(PathBuf::from);
        let asked_for = values.path(DATA_DIR).to_owned();
        let data_directory = of_kept("dataDir").unwrap_or(asked_for);
        let data_log_directory = of_kept("dataLogDir").unwrap_or_else(|| match &config {
            // ZooKeeper's own default: the logs lie with the data.
            Ok(Found::Kept(_)) => data_directory.clone(),
            _ => values.path(DATA_LOG_DIR).to_owned(),
        });
        let of_data = History::of(&data_directory);
        let of_data_log = History::of(&data_log_directory);
        let myid = read(&data_directory.join("myid"))
            .map(|content| content.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
            .map_err(|error| explained(error, &data_directory));
        match (installed, config, myid) {
            (Ok(installed), Ok(config), Ok(myid)) => Ok(Self {
                installed,
                config,
                data_directory,
                data_log_directory,
                myid,
                config_is_former,
                config_is_mounted: is_mounted(&config_path, &mounts),
                host_name: host_name(),
                mounts,
                of_data,
                of_data_log,
                config_mode: mode(&config_path),
                unusable_stores: stores::unusable(values, surroundings.reader),
            }),
            (installed, config, myid) => Err([installed.err(), config.err(), myid.err()]
                .into_iter()
                .flatten()
                .collect()),
        }
    }
}

fn mode(path: &Path) -> Option<u32> {
    let metadata = fs::metadata(path).ok()?;
    Some(metadata.permissions().mode() & 0o7777)
}

fn host_name() -> String {
    gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .unwrap_or_default()
}

/// A directory that this user may not even look into is better named than the file in it; root, who may give
/// it away, comes to that later.
fn explained(error: FactsError, directory: &Path) -> FactsError {
    if geteuid().is_root() || !error.is_refusal() {
        return error;
    }
    match files::check_writable(directory) {
        Err(unwritable) => unwritable.into(),
        Ok(()) => error,
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, FactsError> {
    file::read(path).map_err(|source| FactsError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_is_kept_where_it_cannot_be_replaced() {
        let path = Path::new("/nowhere/conf/zoo.cfg");
        let ours = stamp::stamped("tickTime=2000\n").into_bytes();
        let of = |mounts| Found::of(ours.clone(), path, &mounts);
        for directory in [
            Mounts::default(),
            Mounts::of(&[("/nowhere/conf", "/home/me")]),
        ] {
            assert_eq!(of(directory), Found::Ours(ours.clone()));
        }
        let Found::Kept(kept) = of(Mounts::of(&[("/nowhere/conf/zoo.cfg", "/home/me/zoo.cfg")]))
        else {
            panic!("not kept");
        };
        assert_eq!(kept.reason, Reason::Brought);
    }

    #[test]
    fn servers_are_in_the_file_beside_the_configuration() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("zoo.cfg");
        std::fs::write(root.path().join("zoo.cfg.dynamic"), "server.2=b:1:2\n").unwrap();
        let content = b"reconfigEnabled=true\ndynamicConfigFile=zoo.cfg.dynamic\n".to_vec();
        let Found::Kept(kept) = Found::of(content, &path, &Mounts::default()) else {
            panic!("not kept");
        };
        assert_eq!(kept.servers.unwrap().to_string(), "server.2=b:1:2");
    }
}
