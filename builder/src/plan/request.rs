//! What a build is asked for, after the command line was checked.

use std::fmt;

use crate::catalog::{Platform, Variant};

/// One request; it may go for several versions.
#[derive(Debug, Clone)]
pub struct Request {
    /// With a shell or without.
    pub variant: Variant,
    /// At least one, in the order of the index, none twice.
    pub platforms: Vec<Platform>,
    /// `SOURCE_DATE_EPOCH`, where it is set: lowers the time of everything, never raises it.
    pub source_date_epoch: Option<u64>,
}

/// Where ZooKeeper's jars come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The official archive.
    Tarball,
    /// The same jars one by one.
    Maven,
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Tarball => "tarball",
            Self::Maven => "maven",
        })
    }
}
