//! Which ZooKeeper this image holds, by the name of its jar: some keys exist only from a release on.

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
            let name = entry.file_name();
            let version = name
                .to_str()
                .and_then(|name| name.strip_prefix("zookeeper-")?.strip_suffix(".jar"));
            if let Some(release) = version.and_then(Self::parse) {
                return Ok((release, entry.path()));
            }
        }
        Err(ReleaseError::Missing {
            directory: directory.to_owned(),
        })
    }
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
        for name in [
            "zookeeper-jute-3.6.1.jar",
            "zookeeper-prometheus-metrics-3.6.2.jar",
            "zookeeper-3.6.1.jar",
        ] {
            std::fs::write(lib.path().join(name), "").unwrap();
        }
        assert_eq!(Release::of_jars(lib.path()).unwrap(), Release::new(3, 6, 1));
        let (_, path) = Release::jar(lib.path()).unwrap();
        assert_eq!(path, lib.path().join("zookeeper-3.6.1.jar"));
    }
}
