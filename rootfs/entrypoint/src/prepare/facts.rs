//! What is there before anything is written: the release, a configuration, a `myid`.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::unistd::{geteuid, gethostname};

use super::history::History;
use super::mounts::{Mounts, resolved};
use crate::config;
use crate::properties::Properties;
use crate::release::{Release, ReleaseError};
use crate::servers::ServerList;
use crate::stamp::{self, Owner};
use crate::variables::Values;
use crate::variables::ids::{BASE_DIR, CONF_DIR, DATA_DIR, DATA_LOG_DIR};

/// What is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The ZooKeeper of this image.
    pub release: Release,
    /// The `zoo.cfg` that is there.
    pub config: Found,
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
    pub fn look(path: &Path) -> Result<Self, FactsError> {
        Ok(read(path)?.map_or(Self::Nothing, Self::of))
    }

    pub(super) fn of(content: Vec<u8>) -> Self {
        let properties = Properties::parse(&content);
        let reason = if config::is_reconfigurable(&properties) {
            Reason::Reconfigurable
        } else if stamp::owner(&content) == Owner::User {
            Reason::Brought
        } else {
            return Self::Ours(content);
        };
        let dynamic = || {
            let path = PathBuf::from(properties.get("dynamicConfigFile")?);
            let content = read(&path).ok()??;
            config::servers_of(&Properties::parse(&content))
        };
        Self::Kept(Kept {
            servers: config::servers_of(&properties).or_else(dynamic),
            content,
            properties,
            reason,
        })
    }
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
}

/// What to do next, where we know.
pub fn hint(errors: &[FactsError]) -> Option<String> {
    let is_refused = |error: &FactsError| {
        matches!(error, FactsError::Unreadable { source, .. }
            if source.kind() == io::ErrorKind::PermissionDenied)
    };
    (geteuid().is_root() && errors.iter().any(is_refused)).then(|| {
        "root may not look in there, without the capability DAC_OVERRIDE or on an NFS server that takes it for \
         nobody: start the container with `--user` and the number of the owner"
            .to_owned()
    })
}

impl Facts {
    /// Looks, and changes nothing.
    pub fn look(values: &Values, mounts: Mounts) -> Result<Self, Vec<FactsError>> {
        let release =
            Release::of_jars(&values.path(BASE_DIR).join("lib")).map_err(FactsError::from);
        let config_path = values.path(CONF_DIR).join("zoo.cfg");
        let config = Found::look(&config_path);
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
            .map(|content| content.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
        match (release, config, myid) {
            (Ok(release), Ok(config), Ok(myid)) => Ok(Self {
                release,
                config,
                data_directory,
                data_log_directory,
                myid,
                config_is_mounted: mounts.is_mount_point(&resolved(&config_path)),
                host_name: host_name(),
                mounts,
                of_data,
                of_data_log,
            }),
            (release, config, myid) => Err([release.err(), config.err(), myid.err()]
                .into_iter()
                .flatten()
                .collect()),
        }
    }
}

fn host_name() -> String {
    gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .unwrap_or_default()
}

/// The largest file that is read: nobody writes one by hand, and a device has no end.
const LARGEST: u64 = 1 << 20;

/// The content of a file, if there is one. Whoever may write to a volume may have put a pipe or a device
/// there, which would hold the start for ever.
fn read(path: &Path) -> Result<Option<Vec<u8>>, FactsError> {
    let unreadable = |source| FactsError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(OFlag::O_NONBLOCK.bits())
        .open(path);
    let file = match opened {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(unreadable)?,
    };
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(unreadable(io::Error::other("it is no regular file")));
    }
    let mut content = Vec::new();
    let mut limited = file.take(LARGEST + 1);
    limited.read_to_end(&mut content).map_err(unreadable)?;
    if content.len() as u64 > LARGEST {
        return Err(unreadable(io::Error::other(format!(
            "it has more than {LARGEST} bytes"
        ))));
    }
    Ok(Some(content))
}
