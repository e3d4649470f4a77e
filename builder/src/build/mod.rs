//! Images from plans: their inputs into the store, their layers, their layouts.

mod changes;
mod fetch;
mod rebuild;
mod resolve;
mod vendor;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::Context;
use layers::Digest;

use crate::catalog::{Catalog, Platform};
use crate::image::{AssembleError, Assembler, Layout, Written, up_to_date, write_image};
use crate::lock::Lock;
use crate::plan::{Plan, PlanError, Request, Source};
use crate::progress::Progress;
use crate::source::Places;
use crate::source::download::Downloader;
use crate::source::http::HttpClient;
use crate::source::keys::KeyFile;
use crate::store::{Store, StoreError};

pub(crate) use changes::{Change, State, changes};
pub(crate) use fetch::FetchError;
use fetch::Inputs;
pub(crate) use resolve::{LockWord, Resolution, Resolver};
pub(crate) use vendor::Vendored;

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
    /// Where inputs can be had beyond the catalog.
    pub(crate) places: Places,
    /// Whom to believe where packages are resolved again.
    pub(crate) keys: KeyFile,
}

/// What is asked for, whatever the lock says.
#[derive(Debug)]
pub(crate) struct Order {
    /// In this order, none twice.
    pub(crate) versions: Vec<String>,
    /// For each of them.
    pub(crate) request: Request,
    /// Where ZooKeeper may come from, the best first.
    pub(crate) sources: &'static [Source],
    /// The layout's directory, where it is not the usual one; only with one version.
    pub(crate) output: Option<PathBuf>,
    /// Whether packages that no mirror has any more may be replaced by what there is now.
    pub(crate) may_resolve: bool,
}

/// One image to be written, and where.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    pub(crate) plan: Plan<'a>,
    pub(crate) output: PathBuf,
}

/// How an image came to be in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    UpToDate,
    Written,
}

/// Told of each image as soon as it is in its place.
pub(crate) type Report<'a> =
    &'a mut dyn FnMut(&Target<'_>, &Written, Outcome) -> std::io::Result<()>;

impl Order {
    /// What a lock makes of it.
    pub(crate) fn targets<'a>(
        &self,
        catalog: &'a Catalog,
        lock: &'a Lock,
    ) -> Result<Vec<Target<'a>>, PlanError> {
        let target = |version: &String| {
            let plan = Plan::new(catalog, lock, version, &self.request)?;
            let output = (self.output.clone())
                .unwrap_or_else(|| PathBuf::from(format!("images/zookeeper-{}", plan.tag())));
            Ok(Target { plan, output })
        };
        self.versions.iter().map(target).collect()
    }

    /// Reports what is there already and returns the rest. Asks neither network nor store.
    pub(crate) fn pending<'a>(
        &self,
        targets: Vec<Target<'a>>,
        report: Report<'_>,
    ) -> anyhow::Result<Vec<Target<'a>>> {
        let mut pending = Vec::new();
        for target in targets {
            match up_to_date(&target.plan, self.sources, &target.output) {
                Some(written) => report(&target, &written, Outcome::UpToDate)?,
                None => pending.push(target),
            }
        }
        // An output that cannot be written is better known before minutes of work.
        for target in &pending {
            Layout::check_place(&target.output)?;
        }
        Ok(pending)
    }
}

impl Builder {
    /// Builds the images of `pending`, whose plans are made from `catalog` and `lock`.
    pub(crate) fn build(
        &self,
        order: &Order,
        (catalog, lock): (&Catalog, &Lock),
        pending: Vec<Target<'_>>,
        report: Report<'_>,
    ) -> anyhow::Result<()> {
        match self.fetch_for(order, &pending) {
            Ok(sources) => self.write(&pending, &sources, report),
            Err(error) if order.may_resolve && !self.client.is_offline() && error.is_gone() => {
                let newer = match self.resolve_again(catalog, lock, &pending) {
                    Ok(Some(newer)) => newer,
                    Ok(None) => return Err(error.into()),
                    Err(other) => {
                        // What is missing stays the error, whatever else does not work.
                        self.progress
                            .warn(&format!("no newer packages can be found: {other:#}"));
                        return Err(error.into());
                    }
                };
                let mut targets = order.targets(catalog, &newer)?;
                // What was up to date by the lock is none of this.
                targets.retain(|new| pending.iter().any(|old| old.output == new.output));
                let pending = order.pending(targets, report)?;
                let sources = self.fetch_for(order, &pending)?;
                self.write(&pending, &sources, report)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn fetch_for(&self, order: &Order, pending: &[Target<'_>]) -> Result<Vec<Source>, FetchError> {
        let plans: Vec<&Plan<'_>> = pending.iter().map(|target| &target.plan).collect();
        self.fetch(&plans, order.sources, &Inputs::OfMissingLayers)
    }

    /// Writes images whose inputs are in the store, from the source that each has there.
    fn write(
        &self,
        pending: &[Target<'_>],
        sources: &[Source],
        report: Report<'_>,
    ) -> anyhow::Result<()> {
        for (target, source) in pending.iter().zip(sources) {
            self.progress
                .line(&format!("building {}", target.plan.tag()));
            self.warn_of_gaps(target, *source);
            let written = self
                .write_healing(target, *source)
                .with_context(|| format!("cannot build {}", target.plan.tag()))?;
            report(target, &written, Outcome::Written)?;
        }
        Ok(())
    }

    /// An image that can do less than another of its version must not pass for it.
    fn warn_of_gaps(&self, target: &Target<'_>, source: Source) {
        let release = target.plan.release;
        if source == Source::Maven && !release.maven_lacks.is_empty() {
            self.progress.warn(&format!(
                "{}: of single jars it lacks {}, which no Maven repository has; the release archive has it",
                target.plan.tag(),
                release.maven_lacks.join(", ")
            ));
        }
    }

    /// A cached file that has gone bad is removed when it is read; then it is fetched or made again.
    /// The same one twice is a broken disk.
    fn write_healing(&self, target: &Target<'_>, source: Source) -> anyhow::Result<Written> {
        let mut healed = BTreeSet::new();
        loop {
            let assembler = self.assembler();
            let error = match write_image(&target.plan, source, &assembler, &target.output) {
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
            self.fetch(&[&target.plan], &[source], &Inputs::OfMissingLayers)?;
        }
    }

    fn assembler(&self) -> Assembler<'_> {
        Assembler {
            store: &self.store,
            host: self.host,
            threads: self.threads,
            progress: &self.progress,
        }
    }

    fn downloader(&self) -> Downloader<'_> {
        Downloader {
            client: &self.client,
            store: &self.store,
            progress: &self.progress,
        }
    }
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
