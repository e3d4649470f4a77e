//! The files that an image is made from, and where each stands in its archive.

use std::collections::BTreeSet;

use super::{LayerRecipe, Plan, Source};
use crate::catalog::Platform;
use crate::lock::LockedPackage;
use crate::source::mirror::Archive;
use crate::store::Expected;

/// One file that comes from outside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InputFile {
    /// Which archive has it.
    pub archive: Archive,
    /// Its path below the archive's root.
    pub path: String,
    /// What it must be.
    pub expected: Expected,
}

impl InputFile {
    /// The last component of its path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

impl Plan<'_> {
    /// All that making the image on any of `hosts` takes, ZooKeeper from `source`.
    #[must_use]
    pub fn inputs(&self, source: Source, hosts: &[Platform]) -> BTreeSet<InputFile> {
        let mut files = BTreeSet::new();
        for platform in &self.platforms {
            for recipe in self.layers(*platform, source) {
                for host in hosts {
                    files.extend(self.layer_inputs(&recipe, source, *host));
                }
            }
        }
        files
    }

    /// What one layer takes on `host`.
    #[must_use]
    pub fn layer_inputs(
        &self,
        recipe: &LayerRecipe,
        source: Source,
        host: Platform,
    ) -> BTreeSet<InputFile> {
        if matches!(recipe, LayerRecipe::ZooKeeper(_)) {
            return self.zookeeper_inputs(source);
        }
        let file = |package: LockedPackage| InputFile {
            archive: Archive::of_suite(&package.suite),
            path: package.path.clone(),
            expected: package.expected(),
        };
        self.packages_for(recipe, host)
            .into_iter()
            .map(file)
            .collect()
    }

    /// The release archive, or the jars.
    fn zookeeper_inputs(&self, source: Source) -> BTreeSet<InputFile> {
        match source {
            Source::Tarball => BTreeSet::from([InputFile {
                archive: Archive::Apache,
                path: self.release.tarball_path(),
                expected: self.release.tarball.expected(),
            }]),
            Source::Maven => (self.jars.iter())
                .map(|jar| InputFile {
                    archive: Archive::Maven,
                    path: jar.coordinates.repository_path(),
                    expected: jar.expected.clone(),
                })
                .collect(),
        }
    }
}
