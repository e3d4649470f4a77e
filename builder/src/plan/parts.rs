//! What an identity is made of, apart: where two differ, somebody wants to know why.

use std::collections::BTreeMap;

use layers::Digest;
use serde::{Deserialize, Serialize};

use super::{LayerRecipe, Plan, Source};

/// One digest for each thing that a person may have changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// What the catalog says of the image.
    #[serde(rename = "zookiln.catalog")]
    pub catalog: Digest,
    /// The packages and jars that the lock pins.
    #[serde(rename = "zookiln.lock")]
    pub lock: Digest,
    /// The program, with what it carries for the image.
    #[serde(rename = "zookiln.program")]
    pub program: Digest,
}

impl Plan<'_> {
    /// Digests over all that shapes the image but its time and the source of ZooKeeper, which are
    /// written down as they are.
    #[must_use]
    pub fn parts(&self) -> Parts {
        Parts {
            catalog: self.catalog_part(),
            lock: self.lock_part(),
            program: self.program_part(),
        }
    }

    fn catalog_part(&self) -> Digest {
        let release = self.release;
        let shell = &self.catalog.shells[&release.shell];
        super::identity(&(
            (self.image, self.variant_settings, &self.platforms),
            (&release.version, &release.tarball.digest, &release.applets),
            &self.catalog.bases[&release.base],
            self.variant_settings.shell.then_some(shell),
            &self.catalog.java[&release.java],
            release
                .image_jars()
                .map(ToString::to_string)
                .collect::<Vec<_>>(),
        ))
    }

    fn lock_part(&self) -> Digest {
        let jars: BTreeMap<String, &Digest> = (self.jars.iter())
            .map(|jar| (jar.coordinates.to_string(), &jar.expected.digest))
            .collect();
        // Packages do not depend on where ZooKeeper comes from.
        let packages: Vec<_> = (self.platforms.iter())
            .flat_map(|platform| self.layers(*platform, Source::Maven))
            .filter_map(|recipe| match recipe {
                LayerRecipe::Base(recipe) => Some(recipe.packages),
                LayerRecipe::Shell(recipe) => Some(recipe.packages),
                LayerRecipe::Java(recipe) => Some(vec![recipe.jdk, recipe.jre]),
                LayerRecipe::ZooKeeper(_) | LayerRecipe::Own(_) => None,
            })
            .collect();
        super::identity(&(jars, packages))
    }

    fn program_part(&self) -> Digest {
        let own: Vec<_> = (self.platforms.iter())
            .flat_map(|platform| self.layers(*platform, Source::Maven))
            .filter_map(|recipe| match recipe {
                LayerRecipe::Own(recipe) => Some((recipe.entrypoint, recipe.files)),
                _ => None,
            })
            .collect();
        super::identity(&(crate::SOURCE_DIGEST, layers::FORMAT_VERSION, own))
    }
}
