//! Which images a command is about.

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::context;
use super::usage::usage;
use crate::catalog::{Catalog, Platform, Variant};
use crate::plan::{Request, Source};

#[derive(Debug, Args)]
pub(super) struct Selection {
    /// Versions of ZooKeeper, as `zookiln list` shows them
    #[arg(long = "version", value_name = "VERSION", num_args = 1.., value_delimiter = ',', required_unless_present = "all", conflicts_with = "all")]
    versions: Vec<String>,
    /// Every version of the catalog
    #[arg(long)]
    all: bool,
    /// Platforms of the image [default: those of the catalog]
    #[arg(long = "platform", value_name = "PLATFORM", value_delimiter = ',')]
    platforms: Vec<Platform>,
    /// Where ZooKeeper comes from; `auto` takes the tarball, and the jars where no address of it answers
    #[arg(long, default_value = "auto")]
    pub(super) source: SourceArgument,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SourceArgument {
    Auto,
    Tarball,
    Maven,
}

impl SourceArgument {
    /// The sources that will do, the best first.
    pub(super) fn candidates(self) -> &'static [Source] {
        match self {
            Self::Auto => &[Source::Tarball, Source::Maven],
            Self::Tarball => &[Source::Tarball],
            Self::Maven => &[Source::Maven],
        }
    }
}

impl Selection {
    /// In the order asked for, none twice.
    pub(super) fn versions(&self, catalog: &Catalog) -> Vec<String> {
        let mut versions = self.versions.clone();
        if self.all {
            let releases = catalog.releases.iter();
            versions = releases.map(|release| release.version.clone()).collect();
        }
        let mut seen = std::collections::BTreeSet::new();
        versions.retain(|version| seen.insert(version.clone()));
        versions
    }

    /// What to plan for each version.
    pub(super) fn request(&self, catalog: &Catalog, variant: Variant) -> Result<Request> {
        let mut platforms = self.platforms.clone();
        if platforms.is_empty() {
            platforms.clone_from(&catalog.platforms);
        }
        platforms.sort();
        platforms.dedup();
        let is_unknown = |platform: &&Platform| !catalog.platforms.contains(platform);
        if let Some(platform) = platforms.iter().find(is_unknown) {
            let known: Vec<&str> = (catalog.platforms.iter())
                .map(|platform| platform.as_str())
                .collect();
            usage!(
                "the catalog has no platform `{platform}`, only {}",
                known.join(", ")
            );
        }
        Ok(Request {
            variant,
            platforms,
            source_date_epoch: context::source_date_epoch()?,
        })
    }
}
