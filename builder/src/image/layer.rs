//! A layer by its recipe: from the store where it was made before, else made now and kept.

use std::num::NonZeroUsize;
use std::path::Path;

use layers::{Algorithm, Compression, DiffId, Digest, LayerOptions, Tree, write_layer};
use serde::{Deserialize, Serialize};

use super::{AssembleError, base, java, own, shell, zookeeper};
use crate::catalog::Platform;
use crate::lock::LockedPackage;
use crate::plan::{LayerRecipe, Plan};
use crate::progress::Progress;
use crate::source::debian::UnpackedPackage;
use crate::store::{Claimed, Derived, Expected, Store};

/// No layer of ours comes near; a store that fills up without end would be worse than an error.
const LAYER_LIMIT: u64 = 8 << 30;

/// A finished layer, whose blob is in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Of the compressed blob.
    pub digest: Digest,
    /// Bytes of the compressed blob.
    pub size: u64,
    /// Of the tar inside.
    pub diff_id: DiffId,
    /// Bytes of the tar inside.
    pub uncompressed_size: u64,
}

impl Layer {
    /// The blob in the store.
    #[must_use]
    pub fn expected(&self) -> Expected {
        Expected {
            digest: self.digest.clone(),
            size: Some(self.size),
        }
    }
}

impl Derived for Layer {
    fn blob(&self) -> Expected {
        self.expected()
    }
}

/// Makes layers on this host.
#[derive(Debug)]
pub struct Assembler<'a> {
    /// Inputs and results.
    pub store: &'a Store,
    /// Whose JDK runs here.
    pub host: Platform,
    /// Compressing threads.
    pub threads: NonZeroUsize,
    /// What moves meanwhile.
    pub progress: &'a Progress,
}

impl Assembler<'_> {
    /// The layer if it was made before and its blob is still there.
    pub fn cached(
        &self,
        recipe: &LayerRecipe,
        created: u64,
    ) -> Result<Option<Layer>, AssembleError> {
        Ok(self.store.derived(&recipe.key(created))?)
    }

    /// The layer, made now where it is not in the store. Its inputs must be. Of several builds that
    /// want it at the same time, one makes it.
    pub fn layer(&self, plan: &Plan<'_>, recipe: &LayerRecipe) -> Result<Layer, AssembleError> {
        if let Some(layer) = self.cached(recipe, plan.created)? {
            return Ok(layer);
        }
        let key = recipe.key(plan.created);
        let platform = recipe
            .platform()
            .map_or_else(String::new, |platform| format!(" for {platform}"));
        let name = format!("layer {}{platform}", recipe.name());
        let _claim =
            self.store
                .claim(Claimed::Derived(&key), &format!("makes {name}"), |holder| {
                    self.progress.waiting(holder)
                })?;
        // Made by whoever had the claim before.
        if let Some(layer) = self.cached(recipe, plan.created)? {
            return Ok(layer);
        }
        let task = self.progress.step(&name);
        let scratch = self.store.work().subdirectory()?;
        let tree = self.tree(plan, recipe, scratch.path())?;
        let layer = self.write(&tree, plan.created, Compression::Gzip)?;
        self.store.record_derived(&key, &name, &layer)?;
        task.done();
        Ok(layer)
    }

    /// Writes a tree as a blob of the store.
    pub(super) fn write(
        &self,
        tree: &Tree,
        created: u64,
        compression: Compression,
    ) -> Result<Layer, AssembleError> {
        let options = LayerOptions {
            mtime: created,
            compression,
            threads: self.threads,
        };
        let mut writer = self.store.writer(Algorithm::Sha256, LAYER_LIMIT)?;
        let summary = write_layer(tree, &options, &mut writer)?;
        let layer = Layer {
            digest: summary.digest,
            size: summary.size,
            diff_id: summary.diff_id,
            uncompressed_size: summary.uncompressed_size,
        };
        writer.commit("layer", &layer.expected())?;
        Ok(layer)
    }

    fn tree(
        &self,
        plan: &Plan<'_>,
        recipe: &LayerRecipe,
        scratch: &Path,
    ) -> Result<Tree, AssembleError> {
        match recipe {
            LayerRecipe::Base(recipe) => {
                base::tree(recipe, self.unpack_all(&recipe.packages, scratch)?)
            }
            LayerRecipe::Shell(recipe) => {
                shell::tree(recipe, self.unpack_all(&recipe.packages, scratch)?)
            }
            LayerRecipe::Java(recipe) => java::tree(self, plan, recipe, scratch),
            LayerRecipe::ZooKeeper(recipe) => {
                zookeeper::tree(recipe, self.store, self.progress, scratch)
            }
            LayerRecipe::Own(recipe) => own::tree(recipe),
        }
    }

    /// See [`Self::unpack`].
    pub(super) fn unpack_all(
        &self,
        packages: &[LockedPackage],
        scratch: &Path,
    ) -> Result<Vec<UnpackedPackage>, AssembleError> {
        packages
            .iter()
            .map(|package| self.unpack(package, scratch))
            .collect()
    }

    /// A verified package of the store as a tree; its contents are in `scratch`.
    pub(super) fn unpack(
        &self,
        package: &LockedPackage,
        scratch: &Path,
    ) -> Result<UnpackedPackage, AssembleError> {
        let path = self.store.verified_path(&package.sha256)?;
        Ok(UnpackedPackage::unpack(&package.name, &path, scratch)?)
    }
}
