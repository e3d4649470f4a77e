//! `zookiln build`: from the catalog to layouts.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};

use super::usage::usage;
use super::{Common, context};
use crate::catalog::{Catalog, Platform, Variant};
use crate::image::{AssembleError, Assembler, Layout, Written, up_to_date, write_image};
use crate::lock::{Lock, LockedPackage};
use crate::plan::{LayerRecipe, Plan, Request, Source};
use crate::progress::Progress;
use crate::source::apache;
use crate::source::debian::Mirrors;
use crate::source::download::fetch_all;
use crate::source::http::HttpClient;
use crate::source::maven::{MavenSource, PinnedJar};
use crate::store::{Expected, Store};

/// Write the image of one or more versions as OCI layouts
#[derive(Debug, Args)]
#[command(
    disable_version_flag = true,
    after_help = "Examples:\n  zookiln build --version 3.6.1\n  zookiln build --all --variant distroless --platform linux/amd64"
)]
pub(super) struct Arguments {
    /// Versions of ZooKeeper, as `zookiln list` shows them
    #[arg(long = "version", value_name = "VERSION", num_args = 1.., value_delimiter = ',', required_unless_present = "all", conflicts_with = "all")]
    versions: Vec<String>,
    /// Every version of the catalog
    #[arg(long)]
    all: bool,
    /// Platforms of the image [default: those of the catalog]
    #[arg(long = "platform", value_name = "PLATFORM", num_args = 1.., value_delimiter = ',')]
    platforms: Vec<Platform>,
    /// With a shell and small tools, or without
    #[arg(long, default_value = "full", value_name = "full|distroless")]
    variant: Variant,
    /// Directory of the layout [default: images/zookeeper-<version>[-distroless]]
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Where ZooKeeper comes from; `auto` takes the tarball, and the jars where no address of it answers
    #[arg(long, default_value = "auto")]
    source: SourceArgument,
    /// Compressing threads [default: one per core]
    #[arg(long, short = 'j', value_name = "N")]
    jobs: Option<NonZeroUsize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SourceArgument {
    Auto,
    Tarball,
    Maven,
}

impl SourceArgument {
    /// The sources that will do, the best first.
    fn candidates(self) -> &'static [Source] {
        match self {
            Self::Auto => &[Source::Tarball, Source::Maven],
            Self::Tarball => &[Source::Tarball],
            Self::Maven => &[Source::Maven],
        }
    }
}

/// One image to be written, and where.
struct Target<'a> {
    plan: Plan<'a>,
    output: PathBuf,
}

/// Runs the command.
pub(super) fn run(arguments: Arguments, common: &Common) -> anyhow::Result<()> {
    let location = context::Location::find(common.catalog.as_deref());
    let catalog = location.catalog()?;
    let lock = location.existing_lock()?;
    let targets = targets(&arguments, &catalog, &lock)?;

    let sources = arguments.source.candidates();
    let mut pending = Vec::new();
    for target in &targets {
        match up_to_date(&target.plan, sources, &target.output) {
            Some(written) => report(target, &written, "up to date"),
            None => pending.push(target),
        }
    }
    if pending.is_empty() {
        return Ok(());
    }
    let builder = Builder {
        store: context::open_store()?,
        client: HttpClient::new()?,
        host: context::host()?,
        progress: Progress::new(common.quiet),
        threads: arguments.jobs.map_or_else(available_threads, Ok)?,
    };
    for target in pending {
        let written = builder
            .build(target, sources)
            .with_context(|| format!("cannot build {}", target.plan.tag()))?;
        report(target, &written, "written");
    }
    Ok(())
}

fn targets<'a>(
    arguments: &Arguments,
    catalog: &'a Catalog,
    lock: &'a Lock,
) -> anyhow::Result<Vec<Target<'a>>> {
    let mut platforms = arguments.platforms.clone();
    if platforms.is_empty() {
        platforms.clone_from(&catalog.platforms);
    }
    platforms.sort();
    platforms.dedup();
    if let Some(platform) = platforms
        .iter()
        .find(|platform| !catalog.platforms.contains(platform))
    {
        let known: Vec<&str> = catalog
            .platforms
            .iter()
            .map(|platform| platform.as_str())
            .collect();
        usage!(
            "the catalog has no platform `{platform}`, only {}",
            known.join(", ")
        );
    }
    let request = Request {
        variant: arguments.variant,
        platforms,
        source_date_epoch: context::source_date_epoch()?,
    };
    let mut versions = arguments.versions.clone();
    if arguments.all {
        versions = catalog
            .releases
            .iter()
            .map(|release| release.version.clone())
            .collect();
    }
    let mut seen = std::collections::BTreeSet::new();
    versions.retain(|version| seen.insert(version.clone()));
    if arguments.output.is_some() && versions.len() > 1 {
        usage!(
            "`--output` is the directory of one image, and {} versions were asked for",
            versions.len()
        );
    }
    let mut targets = Vec::with_capacity(versions.len());
    for version in &versions {
        let plan = Plan::new(catalog, lock, version, &request)?;
        let output = (arguments.output.clone())
            .unwrap_or_else(|| PathBuf::from(format!("images/zookeeper-{}", plan.tag())));
        targets.push(Target { plan, output });
    }
    Ok(targets)
}

fn available_threads() -> anyhow::Result<NonZeroUsize> {
    std::thread::available_parallelism()
        .context("cannot count the cores: name a number with `--jobs`")
}

/// One line per image on stdout: directory, tag, digest, source, what happened.
fn report(target: &Target<'_>, written: &Written, outcome: &str) {
    let source = match written.source {
        Source::Tarball => "tarball",
        Source::Maven => "maven",
    };
    println!(
        "{}:{} {} ({source}, {outcome})",
        target.output.display(),
        target.plan.tag(),
        written.digest
    );
}

/// What all images of a run share.
struct Builder {
    store: Store,
    client: HttpClient,
    host: Platform,
    progress: Progress,
    threads: NonZeroUsize,
}

impl Builder {
    fn build(&self, target: &Target<'_>, sources: &[Source]) -> anyhow::Result<Written> {
        self.progress
            .line(&format!("building {}", target.plan.tag()));
        Layout::check_place(&target.output)?;
        // A cached file that has gone bad is removed when it is read; then it is fetched or made
        // again. Twice is a broken disk.
        match self.attempt(target, sources) {
            Err(error) if error.chain().any(is_corrupt_cache) => {
                self.progress
                    .warn(&format!("{error:#}; it is fetched or made again"));
                self.attempt(target, sources)
            }
            result => result,
        }
    }

    fn attempt(&self, target: &Target<'_>, sources: &[Source]) -> anyhow::Result<Written> {
        let plan = &target.plan;
        let assembler = Assembler {
            store: &self.store,
            host: self.host,
            threads: self.threads,
            progress: &self.progress,
        };
        let source = self.fetch_zookeeper(plan, sources, &assembler)?;
        self.fetch_packages(plan, source, &assembler)?;
        write_image(plan, source, &assembler, &target.output)
    }

    /// Brings ZooKeeper into the store by the first source that has it.
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
                Err(error) => self.progress.warn(&format!(
                    "{error:#}\n  the same jars are taken one by one: where one differs from the tarball's, so does the image's digest"
                )),
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
        if self
            .missing(plan, source, assembler)?
            .iter()
            .all(|recipe| !matches!(recipe, LayerRecipe::ZooKeeper(_)))
        {
            return Ok(());
        }
        match source {
            Source::Tarball => {
                apache::fetch_tarball(&self.client, &self.store, plan.release, &self.progress)?
            }
            Source::Maven => self.fetch_jars(plan, &plan.jars)?,
        }
        Ok(())
    }

    fn fetch_jars(&self, plan: &Plan<'_>, jars: &[PinnedJar]) -> anyhow::Result<()> {
        let maven = MavenSource {
            mirrors: plan.maven_mirrors(),
            local_repository: context::maven_repository(),
        };
        Ok(maven.fetch(&self.client, &self.store, jars, &self.progress)?)
    }

    /// Brings the packages of all layers that are still to be made into the store.
    fn fetch_packages(
        &self,
        plan: &Plan<'_>,
        source: Source,
        assembler: &Assembler<'_>,
    ) -> anyhow::Result<()> {
        let mut packages: BTreeMap<Expected, LockedPackage> = BTreeMap::new();
        for recipe in self.missing(plan, source, assembler)? {
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
            &context::apt_directory(),
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

    fn missing(
        &self,
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
}

fn is_corrupt_cache(cause: &(dyn std::error::Error + 'static)) -> bool {
    use crate::store::StoreError;
    matches!(
        cause.downcast_ref::<StoreError>(),
        Some(StoreError::Corrupt { .. })
    ) || cause
        .downcast_ref::<AssembleError>()
        .is_some_and(AssembleError::is_corrupt_cache)
}
