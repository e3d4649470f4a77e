//! Which ZooKeeper this image holds, by the name of its jar: some keys exist only from a release on.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A ZooKeeper release such as 3.6.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    major: u16,
    minor: u16,
    patch: u16,
}

/// The ZooKeeper of this image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Its release.
    pub release: Release,
    /// Whether the provider of metrics for Prometheus is there: before 3.6 there was none, and single jars of
    /// some later releases come without.
    pub has_metrics: bool,
}

/// Why the release is not known.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The directory of jars cannot be listed.
    #[error("cannot list {}: {source}", directory.display())]
    List {
        /// `<base>/lib`.
        directory: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// No jar in it is ZooKeeper's.
    #[error("no zookeeper-<version>.jar in {}", directory.display())]
    Missing {
        /// `<base>/lib`.
        directory: PathBuf,
    },
}

impl Release {
    /// The release `major.minor.patch`.
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }

    /// Reads `3.6.1`, and `3.9.0-SNAPSHOT` or `3.5.4-beta` as the release they precede.
    pub fn parse(text: &str) -> Option<Self> {
        let numbers = text.split_once('-').map_or(text, |(numbers, _)| numbers);
        let mut parts = numbers.split('.').map(|part| part.parse().ok());
        let release = Self::new(parts.next()??, parts.next()??, parts.next()??);
        parts.next().is_none().then_some(release)
    }

    /// Finds `zookeeper-<version>.jar` in `directory`.
    pub fn of_jars(directory: &Path) -> Result<Self, ReleaseError> {
        Self::jar(directory).map(|(release, _)| release)
    }

    /// The same, and where the jar is.
    pub fn jar(directory: &Path) -> Result<(Self, PathBuf), ReleaseError> {
        let list = |source| ReleaseError::List {
            directory: directory.to_owned(),
            source,
        };
        for entry in std::fs::read_dir(directory).map_err(list)? {
            let entry = entry.map_err(list)?;
            if let Some(release) = release_of(&entry.file_name(), "zookeeper-") {
                return Ok((release, entry.path()));
            }
        }
        Err(ReleaseError::Missing {
            directory: directory.to_owned(),
        })
    }
}

impl Installed {
    /// What `directory` holds. The provider of another patch release does as well.
    pub fn of_jars(directory: &Path) -> Result<Self, ReleaseError> {
        let release = Release::of_jars(directory)?;
        let list = |source| ReleaseError::List {
            directory: directory.to_owned(),
            source,
        };
        let mut has_metrics = false;
        for entry in std::fs::read_dir(directory).map_err(list)? {
            let name = entry.map_err(list)?.file_name();
            has_metrics |= release_of(&name, "zookeeper-prometheus-metrics-").is_some();
        }
        Ok(Self {
            release,
            has_metrics,
        })
    }
}

fn release_of(jar: &OsStr, prefix: &str) -> Option<Release> {
    let version = jar.to_str()?.strip_prefix(prefix)?.strip_suffix(".jar")?;
    Release::parse(version)
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_read_and_ordered() {
        assert_eq!(Release::parse("3.6.1"), Some(Release::new(3, 6, 1)));
        assert_eq!(Release::parse("3.5.4-beta"), Some(Release::new(3, 5, 4)));
        for bad in ["", "3.6", "3.6.1.2", "jute-3.6.1", "3.x.1"] {
            assert_eq!(Release::parse(bad), None, "{bad}");
        }
        assert!(Release::new(3, 5, 10) < Release::new(3, 6, 0));
    }

    #[test]
    fn the_servers_jar_is_told_from_its_neighbours() {
        let lib = tempfile::tempdir().unwrap();
        assert!(matches!(
            Release::of_jars(lib.path()),
            Err(ReleaseError::Missing { .. })
        ));
        let add = |name: &str| std::fs::write(lib.path().join(name), "").unwrap();
        add("zookeeper-jute-3.6.1.jar");
        add("zookeeper-3.6.1.jar");
        let mut installed = Installed {
            release: Release::new(3, 6, 1),
            has_metrics: false,
        };
        assert_eq!(Installed::of_jars(lib.path()).unwrap(), installed);
        add("zookeeper-prometheus-metrics-3.6.2.jar");
        installed.has_metrics = true;
        assert_eq!(Installed::of_jars(lib.path()).unwrap(), installed);
        assert_eq!(Release::of_jars(lib.path()).unwrap(), Release::new(3, 6, 1));
        let (_, path) = Release::jar(lib.path()).unwrap();
        assert_eq!(path, lib.path().join("zookeeper-3.6.1.jar"));
    }
}
