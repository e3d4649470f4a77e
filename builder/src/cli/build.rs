//! `zookiln build`: from the catalog to layouts.

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::network::Network;
use super::selection::{Selection, SourceArgument};
use super::usage::usage;
use super::{Common, context, dry_run};
use crate::build::{Builder, Order, Outcome, Target};
use crate::catalog::{Catalog, Variant};
use crate::image::Written;
use crate::plan::{Request, Source};
use crate::progress::Progress;

/// Write the image of one or more versions as OCI layouts
#[derive(Debug, Args)]
#[command(
    disable_version_flag = true,
    after_help = "Examples:\n  zookiln build --version 3.6.1\n  zookiln build --all --variant distroless --platform linux/amd64\n  zookiln build --version 3.6.1 --offline --mirror file:vendor"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// With a shell and small tools, or without
    #[arg(long, default_value = "full", value_name = "full|distroless")]
    variant: Variant,
    /// Directory of the layout [default: images/zookeeper-<version>[-distroless]]
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Build from what the lock names or fail: no newer package for one that is gone, no jars for the tarball
    #[arg(long)]
    locked: bool,
    #[command(flatten)]
    network: Network,
    /// Print what would be built and fetched, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Compressing threads [default: one per core]
    #[arg(long, short = 'j', value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Form of what is printed
    #[arg(long, default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, common: &Common) -> anyhow::Result<()> {
    let location = context::Location::find(common.catalog.as_deref());
    let catalog = location.catalog()?;
    let lock = location.existing_lock()?;
    let order = Order {
        versions: arguments.selection.versions(&catalog),
        request: (arguments.selection).request(&catalog, arguments.variant)?,
        sources: match (arguments.locked, arguments.selection.source) {
            (true, SourceArgument::Auto) => SourceArgument::Tarball,
            (_, source) => source,
        }
        .candidates(),
        output: arguments.output.clone(),
        may_resolve: !arguments.locked,
    };
    if order.output.is_some() && order.versions.len() > 1 {
        usage!(
            "`--output` is the directory of one image, and {} versions were asked for",
            order.versions.len()
        );
    }
    if let Some(output) = &order.output {
        context::refuse_in_cache(output)?;
    }
    let targets = order.targets(&catalog, &lock)?;
    let places = arguments.network.places()?;
    if let Some(effect) = effect_of_epoch(&order.request, &catalog)
        && !common.quiet
    {
        eprintln!("{effect}");
    }
    if arguments.dry_run {
        return dry_run::print(&order, &targets, arguments.format);
    }

    let mut printer = Printer::new(arguments.format);
    let mut report =
        |target: &Target<'_>, written: &Written, outcome| printer.print(target, written, outcome);
    let pending = order.pending(targets, &mut report)?;
    if !pending.is_empty() {
        let builder = Builder {
            store: context::open_store()?,
            client: arguments.network.client()?,
            host: context::host()?,
            progress: Progress::new(common.quiet),
            threads: arguments.jobs.map_or_else(available_threads, Ok)?,
            places,
            keys: location.keys(),
        };
        builder.build(&order, (&catalog, &lock), pending, &mut report)?;
    }
    Ok(printer.finish()?)
}

/// What `SOURCE_DATE_EPOCH` comes to, where it is set.
fn effect_of_epoch(request: &Request, catalog: &Catalog) -> Option<String> {
    let epoch = request.source_date_epoch?;
    let used = UNIX_EPOCH + Duration::from_secs(epoch.min(catalog.created));
    let used = humantime::format_rfc3339_seconds(used);
    Some(match epoch < catalog.created {
        true => format!("`SOURCE_DATE_EPOCH` lowers every time to {used}"),
        false => format!("`SOURCE_DATE_EPOCH` raises no time: that of the catalog stays, {used}"),
    })
}

pub(super) fn available_threads() -> anyhow::Result<NonZeroUsize> {
    std::thread::available_parallelism()
        .context("cannot count the cores: name a number with `--jobs`")
}

/// A line per image as soon as it is there, or one document at the end.
enum Printer {
    Text,
    Json(Vec<Line>),
}

#[derive(Serialize)]
struct Line {
    output: PathBuf,
    tag: String,
    digest: String,
    source: Source,
    outcome: &'static str,
}

impl Printer {
    fn new(format: Format) -> Self {
        match format {
            Format::Text => Self::Text,
            Format::Json => Self::Json(Vec::new()),
        }
    }

    fn print(
        &mut self,
        target: &Target<'_>,
        written: &Written,
        outcome: Outcome,
    ) -> std::io::Result<()> {
        let line = Line {
            output: target.output.clone(),
            tag: target.plan.tag(),
            digest: written.digest.to_string(),
            source: written.source,
            outcome: match outcome {
                Outcome::UpToDate => "up to date",
                Outcome::Written => "written",
            },
        };
        match self {
            Self::Json(lines) => {
                lines.push(line);
                Ok(())
            }
            Self::Text => writeln!(
                std::io::stdout(),
                "{}:{} {} ({}, {})",
                line.output.display(),
                line.tag,
                line.digest,
                line.source,
                line.outcome
            ),
        }
    }

    fn finish(self) -> std::io::Result<()> {
        match self {
            Self::Text => Ok(()),
            Self::Json(lines) => {
                let text = serde_json::json!({ "images": lines });
                writeln!(std::io::stdout(), "{text:#}")
            }
        }
    }
}
