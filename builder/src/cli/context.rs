//! Where things are: catalog, lock, cache, home.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use thiserror::Error;

use crate::catalog::{Catalog, CatalogError, EMBEDDED_CATALOG, Platform};
use crate::lock::{EMBEDDED_LOCK, Lock};
use crate::source::keys::KeyFile;
use crate::store::Store;

const CATALOG_FILE: &str = "versions.toml";
const LOCK_FILE: &str = "versions.lock";
/// Of either; ours have 20 KB.
const LARGEST_FILE: u64 = 64 << 20;

/// Where a catalog and its lock were found.
#[derive(Debug)]
pub(super) enum Location {
    /// Files; the lock may not be there yet.
    Files { catalog: PathBuf, lock: PathBuf },
    /// Inside this program.
    BuiltIn,
}

impl Location {
    /// `--catalog`, else the working directory's, else the built-in one.
    pub(super) fn find(catalog: Option<&Path>) -> Self {
        match catalog {
            Some(path) => Self::Files {
                catalog: path.to_owned(),
                lock: path.with_extension("lock"),
            },
            None if Path::new(CATALOG_FILE).exists() => Self::Files {
                catalog: CATALOG_FILE.into(),
                lock: LOCK_FILE.into(),
            },
            None => Self::BuiltIn,
        }
    }

    pub(super) fn catalog(&self) -> Result<Catalog, CatalogError> {
        match self {
            Self::Files { catalog, .. } => Catalog::parse(catalog, &read(catalog)?),
            Self::BuiltIn => Catalog::parse(Path::new(CATALOG_FILE), EMBEDDED_CATALOG),
        }
    }

    /// `None` where there is no lock yet.
    pub(super) fn lock(&self) -> Result<Option<Lock>, CatalogError> {
        match self {
            Self::Files { lock, .. } if !lock.exists() => Ok(None),
            Self::Files { lock, .. } => Lock::parse(lock, &read(lock)?).map(Some),
            Self::BuiltIn => Lock::parse(Path::new(LOCK_FILE), EMBEDDED_LOCK).map(Some),
        }
    }

    /// The keys beside the catalog.
    pub(super) fn keys(&self) -> KeyFile {
        KeyFile {
            path: match self {
                Self::Files { catalog, .. } => Some(catalog.with_extension("keys")),
                Self::BuiltIn => None,
            },
        }
    }

    /// The lock that a build goes by.
    pub(super) fn existing_lock(&self) -> anyhow::Result<Lock> {
        let missing = match self {
            Self::Files { lock, .. } => lock.clone(),
            Self::BuiltIn => LOCK_FILE.into(),
        };
        self.lock()?.ok_or_else(|| NoLock(missing).into())
    }
}

/// Nothing is pinned yet.
#[derive(Debug, Error)]
#[error("`{}` does not exist", .0.display())]
pub(super) struct NoLock(PathBuf);

fn read(path: &Path) -> Result<String, CatalogError> {
    let text = || {
        let metadata = fs::metadata(path)?;
        // A pipe would be waited for without end.
        if metadata.is_file() && metadata.len() > LARGEST_FILE {
            return Err(io::Error::other("larger than any catalog or lock"));
        }
        match metadata.file_type().is_fifo() {
            true => Err(io::Error::other("it is a pipe")),
            false => fs::read_to_string(path),
        }
    };
    text().map_err(|source| CatalogError::Read {
        path: path.to_owned(),
        source,
    })
}

/// The store in [`cache_directory`], made where it is not.
pub(super) fn open_store() -> anyhow::Result<Store> {
    Store::open(&cache_directory()?)
        .context("cannot open the cache: `ZOOKILN_CACHE` names another place")
}

/// The same for whoever only looks: makes none where there is none.
pub(super) fn open_existing_store() -> anyhow::Result<Option<Store>> {
    match cache_directory()?.join("v1").exists() {
        true => open_store().map(Some),
        false => Ok(None),
    }
}

/// `$ZOOKILN_CACHE`, else `$XDG_CACHE_HOME/zookiln`, else `~/.cache/zookiln`; it need not exist.
pub(super) fn cache_directory() -> anyhow::Result<PathBuf> {
    let variable = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let cache = variable("ZOOKILN_CACHE")
        .or_else(|| variable("XDG_CACHE_HOME").map(|path| path.join("zookiln")))
        .or_else(|| variable("HOME").map(|path| path.join(".cache/zookiln")))
        .context("neither `ZOOKILN_CACHE` nor `HOME` is set: there is no place for the cache")?;
    // jlink and mvn run elsewhere: a relative path would mean another place to them.
    std::path::absolute(&cache)
        .with_context(|| format!("cannot use `{}` as cache", cache.display()))
}

/// What stands in the cache's stores is swept or pruned some day.
pub(super) fn refuse_in_cache(output: &Path) -> anyhow::Result<()> {
    let cache = cache_directory()?;
    let output = std::path::absolute(output)
        .with_context(|| format!("cannot use `{}`", output.display()))?;
    if output.starts_with(&cache) {
        bail!(
            "`{}` is in the cache: name another directory",
            output.display()
        );
    }
    Ok(())
}

/// The user's local Maven repository, where there is a home directory.
pub(super) fn maven_repository() -> Option<PathBuf> {
    std::env::var_os("HOME")
        .filter(|home| !home.is_empty())
        .map(|home| PathBuf::from(home).join(".m2/repository"))
}

/// Where the host's apt is configured; another place for tests.
pub(super) fn apt_directory() -> PathBuf {
    std::env::var_os("ZOOKILN_APT_DIRECTORY")
        .filter(|directory| !directory.is_empty())
        .map_or_else(|| PathBuf::from("/etc/apt"), PathBuf::from)
}

/// The platform of this host, whose JDK is run.
pub(super) fn host() -> anyhow::Result<Platform> {
    Platform::host().with_context(|| {
        format!(
            "zookiln runs on Linux on x86-64 and arm64, this is {} on {}: use a container or a virtual machine",
            std::env::consts::OS,
            std::env::consts::ARCH
        )
    })
}

/// A variable of the environment; an empty one is none.
pub(super) fn text_variable(name: &str) -> anyhow::Result<Option<String>> {
    match std::env::var(name) {
        Ok(text) => Ok(Some(text).filter(|text| !text.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("`{name}`")),
    }
}

/// Seconds of `SOURCE_DATE_EPOCH`.
pub(super) fn source_date_epoch() -> anyhow::Result<Option<u64>> {
    const NAME: &str = "SOURCE_DATE_EPOCH";
    let Some(text) = text_variable(NAME)? else {
        return Ok(None);
    };
    match text.parse() {
        // Some programs refuse a time of 0.
        Ok(seconds) if seconds > 0 => Ok(Some(seconds)),
        _ => bail!("`{NAME}={text}` is not a number of seconds above 0"),
    }
}
