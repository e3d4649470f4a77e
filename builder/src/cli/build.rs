//! `zookiln build`: from the catalog to layouts.

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};

use super::usage::usage;
use super::{Common, context};
use crate::build::Builder;
use crate::catalog::{Catalog, Platform, Variant};
use crate::image::{Layout, Written, up_to_date};
use crate::lock::Lock;
use crate::plan::{Plan, Request, Source};
use crate::progress::Progress;
use crate::source::http::HttpClient;

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
    let mut out = std::io::stdout().lock();
    let mut pending = Vec::new();
    for target in &targets {
        match up_to_date(&target.plan, sources, &target.output) {
            Some(written) => report(&mut out, target, &written, "up to date")?,
            None => pending.push(target),
        }
    }
    if pending.is_empty() {
        return Ok(());
    }
    // An output that cannot be written is better known before minutes of work.
    for target in &pending {
        Layout::check_place(&target.output)?;
    }
    let builder = Builder {
        store: context::open_store()?,
        client: HttpClient::new()?,
        host: context::host()?,
        progress: Progress::new(common.quiet),
        threads: arguments.jobs.map_or_else(available_threads, Ok)?,
        apt_directory: context::apt_directory(),
        maven_repository: context::maven_repository(),
    };
    for target in pending {
        let written = builder
            .build(&target.plan, sources, &target.output)
            .with_context(|| format!("cannot build {}", target.plan.tag()))?;
        report(&mut out, target, &written, "written")?;
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

/// One line per image: directory, tag, digest, source, what happened.
fn report(
    out: &mut impl Write,
    target: &Target<'_>,
    written: &Written,
    outcome: &str,
) -> std::io::Result<()> {
    writeln!(
        out,
        "{}:{} {} ({}, {outcome})",
        target.output.display(),
        target.plan.tag(),
        written.digest,
        written.source
    )
}
