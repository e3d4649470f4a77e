//! One image from a plan: its inputs into the store, its layers, its layout.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::Context;
use layers::Digest;

use crate::catalog::Platform;
use crate::image::{AssembleError, Assembler, Written, write_image};
use crate::lock::LockedPackage;
use crate::plan::{LayerRecipe, Plan, Source};
use crate::progress::Progress;
use crate::source::apache::fetch_tarball;
use crate::source::debian::Mirrors;
use crate::source::download::{DownloadError, fetch_all};
use crate::source::http::HttpClient;
use crate::source::maven::MavenSource;
use crate::store::{Expected, Store, StoreError};

/// What all images of a run share.
#[derive(Debug)]
pub(crate) struct Builder {
    /// Inputs and results.
    pub(crate) store: Store,
    /// Connections, and which addresses do not answer.
    pub(crate) client: HttpClient,
    /// Whose JDK runs here.
    pub(crate) host: Platform,
    /// What moves meanwhile.
    pub(crate) progress: Progress,
    /// Compressing threads.
    pub(crate) threads: NonZeroUsize,
    /// Where the host's apt is configured.
    pub(crate) apt_directory: PathBuf,
    /// The user's local Maven repository.
    pub(crate) maven_repository: Option<PathBuf>,
}

impl Builder {
    /// Builds into `output`. ZooKeeper comes from the first of `sources` that answers.
    pub(crate) fn build(
        &self,
        plan: &Plan<'_>,
        sources: &[Source],
        output: &Path,
    ) -> anyhow::Result<Written> {
        self.progress.line(&format!("building {}", plan.tag()));
        // A cached file that has gone bad is removed when it is read; then it is fetched or made
        // again. The same one twice is a broken disk.
        let mut healed = BTreeSet::new();
        loop {
            let error = match self.attempt(plan, sources, output) {
                Ok(written) => return Ok(written),
                Err(error) => error,
            };
            match error.chain().find_map(bad_cached_file).cloned() {
                Some(digest) if healed.insert(digest.clone()) => {
                    self.progress
                        .warn(&format!("{error:#}; it is fetched or made again"));
                }
                _ => return Err(error),
            }
        }
    }

    fn attempt(
        &self,
        plan: &Plan<'_>,
        sources: &[Source],
        output: &Path,
    ) -> anyhow::Result<Written> {
        let assembler = Assembler {
            store: &self.store,
            host: self.host,
            threads: self.threads,
            progress: &self.progress,
        };
        let source = self.fetch_zookeeper(plan, sources, &assembler)?;
        self.fetch_packages(plan, source, &assembler)?;
        write_image(plan, source, &assembler, output)
    }

    fn fetch_zookeeper(
        &self,
        plan: &Plan<'_>,
        sources: &[Source],
        assembler: &Assembler<'_>,
    ) -> anyhow::Result<Source> {
        let (last, earlier) = sources.split_last().context("no source was asked for")?;
        for source in earlier {
            match self.fetch_from(plan, *source, assembler) {
                Ok(()) => return Ok(*source),
                // An address that answers with other bytes is no reason to take yet others.
                Err(error) if is_silence(&error) => self.progress.warn(&format!(
                    "{error:#}\n  the same jars are taken one by one: where one differs from the tarball's, so does the image's digest"
                )),
                Err(error) => return Err(error),
            }
        }
        self.fetch_from(plan, *last, assembler)?;
        Ok(*last)
    }

    fn fetch_from(
        &self,
        plan: &Plan<'_>,
        source: Source,
        assembler: &Assembler<'_>,
    ) -> anyhow::Result<()> {
        let missing = missing_layers(plan, source, assembler)?;
        if !missing
            .iter()
            .any(|recipe| matches!(recipe, LayerRecipe::ZooKeeper(_)))
        {
            return Ok(());
        }
        match source {
            Source::Tarball => {
                fetch_tarball(&self.client, &self.store, plan.release, &self.progress)?
            }
            Source::Maven => {
                let maven = MavenSource {
                    mirrors: plan.maven_mirrors(),
                    local_repository: self.maven_repository.clone(),
                };
                maven.fetch(&self.client, &self.store, &plan.jars, &self.progress)?;
            }
        }
        Ok(())
    }

    /// Brings the packages of all layers that are still to be made into the store.
    fn fetch_packages(
        &self,
        plan: &Plan<'_>,
        source: Source,
        assembler: &Assembler<'_>,
    ) -> anyhow::Result<()> {
        let mut packages: BTreeMap<Expected, LockedPackage> = BTreeMap::new();
        for recipe in missing_layers(plan, source, assembler)? {
            for package in plan.packages_for(&recipe, self.host) {
                packages.insert(package.expected(), package);
            }
        }
        packages.retain(|expected, _| !self.store.contains(expected));
        if packages.is_empty() {
            return Ok(());
        }
        let mirrors = Mirrors::find(
            &self.client,
            plan.codename,
            plan.archive,
            &self.apt_directory,
            &self.progress,
        );
        let inputs: Vec<_> = packages
            .values()
            .map(|package| mirrors.input(package, plan.snapshot))
            .collect();
        Ok(fetch_all(
            &self.client,
            &self.store,
            &inputs,
            &self.progress,
        )?)
    }
}

fn missing_layers(
    plan: &Plan<'_>,
    source: Source,
    assembler: &Assembler<'_>,
) -> Result<Vec<LayerRecipe>, AssembleError> {
    let mut missing = Vec::new();
    for platform in &plan.platforms {
        for recipe in plan.layers(*platform, source) {
            if assembler.cached(&recipe, plan.created)?.is_none() {
                missing.push(recipe);
            }
        }
    }
    Ok(missing)
}

/// Whether nobody answered, as opposed to somebody answering wrongly or the cache failing.
fn is_silence(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<DownloadError>()
        .is_some_and(DownloadError::no_address_answered)
}

/// The file that is not, or no longer, what the store says.
fn bad_cached_file<'a>(cause: &'a (dyn std::error::Error + 'static)) -> Option<&'a Digest> {
    let store = match cause.downcast_ref::<AssembleError>() {
        Some(AssembleError::Store(error)) => Some(error),
        _ => cause.downcast_ref::<StoreError>(),
    };
    match store? {
        StoreError::Corrupt { expected, .. } => Some(expected),
        // Another build has found it bad and removed it.
        StoreError::Missing(digest) => Some(digest),
        _ => None,
    }
}
