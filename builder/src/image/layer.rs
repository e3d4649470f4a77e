//! A layer by its recipe: from the store where it was made before, else made now and kept.

use std::num::NonZeroUsize;
use std::path::Path;

use layers::{Algorithm, Compression, DiffId, Digest, Entry, LayerOptions, Tree, write_layer};
use serde::{Deserialize, Serialize};

use super::{AssembleError, base, own, packages, shell, zookeeper};
use crate::catalog::Platform;
use crate::lock::LockedPackage;
use crate::plan::{JavaRecipe, LayerRecipe, Plan};
use crate::progress::Progress;
use crate::source::debian::UnpackedPackage;
use crate::source::java::{self, HostJdk};
use crate::store::{DerivedKey, Expected, Store};

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
            size: self.size,
        }
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
        let layer: Option<Layer> = self.store.derived(&recipe.key(created))?;
        Ok(layer.filter(|layer| self.store.contains(&layer.expected())))
    }

    /// The layer, made now where it is not in the store. Its inputs must be.
    pub fn layer(&self, plan: &Plan<'_>, recipe: &LayerRecipe) -> Result<Layer, AssembleError> {
        if let Some(layer) = self.cached(recipe, plan.created)? {
            return Ok(layer);
        }
        let platform = recipe
            .platform()
            .map_or_else(String::new, |platform| format!(" for {platform}"));
        let task = self
            .progress
            .step(&format!("layer {}{platform}", recipe.name()));
        let scratch = self.store.work().subdirectory()?;
        let tree = self.tree(plan, recipe, scratch.path())?;
        let layer = self.write(&tree, plan.created, Compression::Gzip)?;
        self.store
            .record_derived(&recipe.key(plan.created), &layer)?;
        task.done();
        Ok(layer)
    }

    fn write(
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
            LayerRecipe::Java(recipe) => self.java_tree(plan, recipe, scratch),
            LayerRecipe::ZooKeeper(recipe) => zookeeper::tree(recipe, self.store, scratch),
            LayerRecipe::Own(recipe) => own::tree(recipe),
        }
    }

    fn unpack_all(
        &self,
        packages: &[LockedPackage],
        scratch: &Path,
    ) -> Result<Vec<UnpackedPackage>, AssembleError> {
        packages
            .iter()
            .map(|package| self.unpack(package, scratch))
            .collect()
    }

    fn unpack(
        &self,
        package: &LockedPackage,
        scratch: &Path,
    ) -> Result<UnpackedPackage, AssembleError> {
        let path = self.store.verified_path(&package.sha256)?;
        Ok(UnpackedPackage::unpack(&package.name, &path, scratch)?)
    }

    /// The runtime under its home, with the package's status and licence.
    fn java_tree(
        &self,
        plan: &Plan<'_>,
        recipe: &JavaRecipe,
        scratch: &Path,
    ) -> Result<Tree, AssembleError> {
        let host = self.unpack_all(&plan.jlink_packages(self.host), scratch)?;
        let target = self.unpack(&recipe.jdk, scratch)?;
        let runtime = self.java_runtime(plan.created, recipe, &host, &target, scratch)?;

        let home = recipe.runtime.home.trim_matches('/');
        let mut tree = Tree::new();
        for (path, entry) in runtime.iter() {
            tree.insert(format!("{home}/{path}").parse()?, entry.clone())?;
        }
        tree.insert(
            "usr/bin/java".parse()?,
            Entry::symlink(format!("/{home}/bin/java")),
        )?;
        packages::add_status(&mut tree, &target, &[])?;
        // The JDK's package links its documents to the runtime's package, which is co-installable
        // for all architectures: its documents are the same bytes in each.
        let copyright =
            format!("usr/share/doc/{}/copyright", recipe.runtime.jre_package).parse()?;
        let text = (host.iter()).find_map(|package| package.tree.get(&copyright));
        let text = text.ok_or_else(|| AssembleError::NotInPackages {
            path: copyright.to_string(),
        })?;
        tree.insert(
            format!("usr/share/doc/{}/copyright", target.name).parse()?,
            text.clone(),
        )?;
        Ok(tree)
    }

    /// jlink's result is kept by itself, as a tar: a change of compression or of our own files does
    /// not run it again.
    fn java_runtime(
        &self,
        created: u64,
        recipe: &JavaRecipe,
        host: &[UnpackedPackage],
        target: &UnpackedPackage,
        scratch: &Path,
    ) -> Result<Tree, AssembleError> {
        let key = DerivedKey::of("jlink", recipe);
        let cached: Option<Layer> = self.store.derived(&key)?;
        let archive = match cached.filter(|archive| self.store.contains(&archive.expected())) {
            Some(archive) => archive,
            None => {
                let jdk = HostJdk::unpack(
                    host.iter().map(|package| &package.tree),
                    &scratch.join("host"),
                    self.host,
                )?;
                let tree = java::link(&jdk, &target.tree, &recipe.runtime, scratch)?;
                let archive = self.write(&tree, created, Compression::None)?;
                self.store.record_derived(&key, &archive)?;
                archive
            }
        };
        Ok(Tree::from_tar(&self.store.verified_path(&archive.digest)?)?)
    }
}
