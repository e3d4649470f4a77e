//! What the tools take from the `zoo.cfg` that is in force, and from the environment where there is none.

use std::io;
use std::path::{Path, PathBuf};

use crate::endpoint::Endpoint;
use crate::file;
use crate::prepare::history::VERSION;
use crate::properties::Properties;
use crate::runtime::RuntimeDirectory;
use crate::variables::Values;
use crate::variables::ids::{CONF_DIR, DATA_DIR, DATA_LOG_DIR, PID_FILE, PORT_NUMBER};

/// The directories of snapshots and of transaction logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DataDirectories {
    /// `dataDir`.
    pub(super) data: PathBuf,
    /// `dataLogDir`, which is `dataDir` where it is not set.
    pub(super) log: PathBuf,
}

/// The rows that [`endpoint`] needs.
pub(super) const ENDPOINT_ROWS: [usize; 3] = [CONF_DIR.row(), PID_FILE.row(), PORT_NUMBER.row()];

/// The rows that [`data_directories`] needs.
pub(super) const DATA_ROWS: [usize; 4] = [
    CONF_DIR.row(),
    PID_FILE.row(),
    DATA_DIR.row(),
    DATA_LOG_DIR.row(),
];

/// Where `zoo.cfg` is.
pub(super) fn path(values: &Values) -> PathBuf {
    values.path(CONF_DIR).join("zoo.cfg")
}

/// Where the server of this container listens.
pub(super) fn endpoint(values: &Values) -> Option<Endpoint> {
    let path = path(values);
    match content(values) {
        Ok(Some(content)) => Endpoint::of_file(&path, &content),
        Err(_) if path.exists() => None,
        Ok(None) | Err(_) => Some(Endpoint::local(values.port(PORT_NUMBER))),
    }
}

/// What `zoo.cfg` says; where this user may not read it, what the copy says that the running server has of it.
fn content(values: &Values) -> io::Result<Option<Vec<u8>>> {
    let copy = || {
        let runtime = RuntimeDirectory::find(values.path(PID_FILE))?;
        file::read(&runtime.path().join("zoo.cfg")).ok()?
    };
    match file::read(&path(values)) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            copy().map_or(Err(error), |content| Ok(Some(content)))
        }
        read => read,
    }
}

/// Where the server of this container keeps its data.
pub(super) fn data_directories(values: &Values) -> DataDirectories {
    let config = content(values).ok().flatten();
    config
        .and_then(|content| DataDirectories::of(&Properties::parse(&content)))
        .unwrap_or_else(|| DataDirectories {
            data: values.path(DATA_DIR).to_owned(),
            log: values.path(DATA_LOG_DIR).to_owned(),
        })
}

impl DataDirectories {
    /// By a `zoo.cfg`; nothing where it names none.
    pub(super) fn of(config: &Properties) -> Option<Self> {
        let named = |key| {
            let path = config.get(key).filter(|path| !path.is_empty());
            path.map(PathBuf::from)
        };
        let data = named("dataDir")?;
        let log = named("dataLogDir").unwrap_or_else(|| data.clone());
        Some(Self { data, log })
    }

    /// Both, or the one where they are the same.
    pub(super) fn all(&self) -> impl Iterator<Item = &Path> {
        let log = (self.log != self.data).then_some(self.log.as_path());
        std::iter::once(self.data.as_path()).chain(log)
    }
}

/// Where ZooKeeper keeps snapshots or logs below `directory`.
pub(super) fn version_2(directory: &Path) -> PathBuf {
    directory.join(VERSION)
}
