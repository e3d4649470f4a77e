//! The inputs of images into the store, all at once: ZooKeeper beside the packages.

use std::collections::{BTreeMap, BTreeSet};
use std::panic;

use thiserror::Error;

use super::Builder;
use crate::catalog::{Platform, Release};
use crate::image::AssembleError;
use crate::lock::LockedPackage;
use crate::plan::{InputFile, LayerRecipe, Plan, Source};
use crate::source::apache::fetch_tarballs;
use crate::source::debian::Mirrors;
use crate::source::download::{DownloadError, Input};
use crate::source::maven::{MavenError, MavenSource, PinnedJar};
use crate::store::{Expected, StoreError};

/// Which inputs of an image are wanted.
#[derive(Debug, Clone)]
pub(crate) enum Inputs {
    /// Of layers that are not in the store yet.
    OfMissingLayers,
    /// Everything that making the image takes on any of these hosts.
    All { hosts: Vec<Platform> },
}

/// Why inputs are missing.
#[derive(Debug, Error)]
pub(crate) enum FetchError {
    /// No address gave the release archives, or the jars.
    #[error(transparent)]
    ZooKeeper(DownloadError),
    /// No address gave the packages.
    #[error(transparent)]
    Packages(DownloadError),
    /// No address gave either.
    #[error(transparent)]
    Everything(DownloadError),
    /// Jars were not to be had.
    #[error(transparent)]
    Maven(#[from] MavenError),
    /// The store could not be read.
    #[error(transparent)]
    Assemble(#[from] AssembleError),
    /// ZooKeeper and packages are both missing, for different reasons.
    #[error("{0}\n{1}")]
    Both(Box<FetchError>, Box<FetchError>),
}

impl FetchError {
    /// Whether all that is missing are packages that mirrors say they do not have any more.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self, Self::Packages(error) if error.is_gone())
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::ZooKeeper(mut error), Self::Packages(other)) => {
                error.failures.extend(other.failures);
                Self::Everything(error)
            }
            // One thing in the cache can be in the way of both.
            (error, other) if error.to_string() == other.to_string() => error,
            (error, other) => Self::Both(Box::new(error), Box::new(other)),
        }
    }
}

impl Builder {
    /// Brings the inputs of `plans` into the store. Says for each plan which of `sources` its
    /// ZooKeeper is from: the first that answers.
    pub(crate) fn fetch(
        &self,
        plans: &[&Plan<'_>],
        sources: &[Source],
        inputs: &Inputs,
    ) -> Result<Vec<Source>, FetchError> {
        // So that there is one total for both, from the first file to the last.
        let _all = self.progress.downloads(0, 0);
        let (zookeeper, packages) = std::thread::scope(|scope| {
            let packages = scope.spawn(|| self.fetch_packages(plans, inputs));
            let zookeeper = self.fetch_zookeeper(plans, sources, inputs);
            let packages = packages.join();
            (
                zookeeper,
                packages.unwrap_or_else(|it| panic::resume_unwind(it)),
            )
        });
        match (zookeeper, packages) {
            (Ok(sources), Ok(())) => Ok(sources),
            (Err(error), Ok(())) | (Ok(_), Err(error)) => Err(error),
            (Err(error), Err(other)) => Err(error.and(other)),
        }
    }

    /// Brings all inputs of `plans` on any of `hosts` into the store and checks every byte of them, also
    /// of those that were there before: a bad one is fetched again.
    pub(crate) fn fetch_intact(
        &self,
        plans: &[&Plan<'_>],
        sources: &[Source],
        hosts: &[Platform],
    ) -> anyhow::Result<BTreeSet<InputFile>> {
        let wanted = Inputs::All {
            hosts: hosts.to_vec(),
        };
        let mut healed = BTreeSet::new();
        loop {
            let chosen = self.fetch(plans, sources, &wanted)?;
            let inputs: BTreeSet<InputFile> = (plans.iter().zip(chosen))
                .flat_map(|(plan, source)| plan.inputs(source, hosts))
                .collect();
            let mut is_intact = true;
            for input in &inputs {
                match self.store.verified_path(&input.expected.digest) {
                    Ok(_) => {}
                    // The store has removed it. The same one twice is a broken disk.
                    Err(error @ (StoreError::Corrupt { .. } | StoreError::Missing(_)))
                        if healed.insert(input.clone()) =>
                    {
                        self.progress.warn(&format!("{error}; it is fetched again"));
                        is_intact = false;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            if is_intact {
                return Ok(inputs);
            }
        }
    }

    fn fetch_zookeeper(
        &self,
        plans: &[&Plan<'_>],
        sources: &[Source],
        inputs: &Inputs,
    ) -> Result<Vec<Source>, FetchError> {
        let mut chosen: Vec<Option<Source>> = vec![None; plans.len()];
        let mut first_error: Option<DownloadError> = None;
        for (position, source) in sources.iter().enumerate() {
            let mut wanted = Vec::new();
            for (plan, chosen) in plans.iter().zip(&mut chosen) {
                match chosen {
                    Some(_) => {}
                    None if self.wants_zookeeper(plan, *source, inputs)? => wanted.push(*plan),
                    None => *chosen = Some(*source),
                }
            }
            let result = self.fetch_from(&wanted, *source);
            for (plan, chosen) in plans.iter().zip(&mut chosen) {
                if chosen.is_none() && (result.is_ok() || self.has_zookeeper(plan, *source)) {
                    *chosen = Some(*source);
                }
            }
            let is_last = position + 1 == sources.len();
            match result {
                Ok(()) => {}
                // An address that answers with other bytes is no reason to take yet others.
                Err(FetchError::ZooKeeper(error)) if !is_last && error.no_address_answered() => {
                    if !self.client.is_offline() {
                        self.warn_of_jars(&error);
                    }
                    first_error = Some(error);
                }
                Err(error) => {
                    return Err(match (first_error, &error) {
                        (Some(first), FetchError::ZooKeeper(jars)) if jars.is_of_offline() => {
                            FetchError::ZooKeeper(either(first))
                        }
                        _ => error,
                    });
                }
            }
        }
        if let Some(error) = first_error.filter(|_| self.client.is_offline()) {
            self.warn_of_jars(&error);
        }
        Ok(chosen.into_iter().flatten().collect())
    }

    fn warn_of_jars(&self, error: &DownloadError) {
        self.progress.warn(&format!(
            "{error}\n  the same jars are taken one by one: where one differs from the tarball's, so does the image's digest"
        ));
    }

    /// Whether the bytes of ZooKeeper are needed at all.
    fn wants_zookeeper(
        &self,
        plan: &Plan<'_>,
        source: Source,
        inputs: &Inputs,
    ) -> Result<bool, AssembleError> {
        let recipes = self.recipes(plan, source, inputs)?;
        Ok((recipes.iter()).any(|recipe| matches!(recipe, LayerRecipe::ZooKeeper(_))))
    }

    fn has_zookeeper(&self, plan: &Plan<'_>, source: Source) -> bool {
        match source {
            Source::Tarball => self.store.contains(&plan.release.tarball.expected()),
            Source::Maven => plan
                .jars
                .iter()
                .all(|jar| self.store.contains(&jar.expected)),
        }
    }

    fn fetch_from(&self, plans: &[&Plan<'_>], source: Source) -> Result<(), FetchError> {
        let Some(any) = plans.first() else {
            return Ok(());
        };
        let mirrors = &self.places.mirrors;
        match source {
            Source::Tarball => {
                let releases: Vec<&Release> = plans.iter().map(|plan| plan.release).collect();
                fetch_tarballs(self.downloader(), mirrors, any.apache_mirrors(), &releases)
                    .map_err(FetchError::ZooKeeper)?;
            }
            Source::Maven => {
                let jars: BTreeSet<&PinnedJar> = plans.iter().flat_map(|plan| &plan.jars).collect();
                let jars: Vec<PinnedJar> = jars.into_iter().cloned().collect();
                let repository = self.places.maven_repository.clone();
                MavenSource::new(repository, mirrors, any.maven_mirrors())
                    .fetch(self.downloader(), &jars)
                    .map_err(|error| match error {
                        MavenError::Download(error) => FetchError::ZooKeeper(error),
                        error => error.into(),
                    })?;
            }
        }
        Ok(())
    }

    fn fetch_packages(&self, plans: &[&Plan<'_>], inputs: &Inputs) -> Result<(), FetchError> {
        let mut mirrors: BTreeMap<&str, Mirrors> = BTreeMap::new();
        let mut wanted: BTreeMap<Expected, Input> = BTreeMap::new();
        for plan in plans {
            for package in self.packages(plan, inputs)? {
                let expected = package.expected();
                if self.store.contains(&expected) || wanted.contains_key(&expected) {
                    continue;
                }
                let mirrors = mirrors.entry(plan.codename).or_insert_with(|| {
                    Mirrors::find(self.downloader(), plan.codename, plan.archive, &self.places)
                });
                wanted.insert(expected, mirrors.input(&package, plan.snapshot));
            }
        }
        let wanted: Vec<Input> = wanted.into_values().collect();
        (self.downloader().fetch_all(&wanted)).map_err(FetchError::Packages)
    }

    fn packages(
        &self,
        plan: &Plan<'_>,
        inputs: &Inputs,
    ) -> Result<BTreeSet<LockedPackage>, AssembleError> {
        let hosts = match inputs {
            Inputs::OfMissingLayers => std::slice::from_ref(&self.host),
            Inputs::All { hosts } => hosts,
        };
        // Packages do not depend on where ZooKeeper comes from.
        let recipes = self.recipes(plan, Source::Maven, inputs)?;
        let needs = |recipe| {
            hosts
                .iter()
                .flat_map(move |host| plan.packages_for(recipe, *host))
        };
        Ok(recipes.iter().flat_map(needs).collect())
    }

    /// The layers whose inputs are wanted.
    fn recipes(
        &self,
        plan: &Plan<'_>,
        source: Source,
        inputs: &Inputs,
    ) -> Result<Vec<LayerRecipe>, AssembleError> {
        let assembler = self.assembler();
        let mut recipes = Vec::new();
        for platform in &plan.platforms {
            for recipe in plan.layers(*platform, source) {
                let is_wanted = match inputs {
                    Inputs::All { .. } => true,
                    Inputs::OfMissingLayers => assembler.cached(&recipe, plan.created)?.is_none(),
                };
                if is_wanted {
                    recipes.push(recipe);
                }
            }
        }
        Ok(recipes)
    }
}

/// Offline, either would do: the archives stand for their jars too.
fn either(mut tarballs: DownloadError) -> DownloadError {
    for failure in &mut tarballs.failures {
        failure.input.push_str(", or its jars one by one");
    }
    tarballs
}
