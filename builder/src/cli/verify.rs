//! `zookiln verify`: whether a layout is what it says, and whether it can be built again.

use std::fs;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};
use thiserror::Error;

use super::build::{Format, available_threads};
use super::network::Network;
use super::usage::usage;
use super::{Common, context};
use crate::build::Builder;
use crate::image::{Image, Layout};
use crate::plan::{Plan, Source};
use crate::progress::Progress;
use crate::size::Size;
use crate::verify::{Change, Difference, Report, changes, differences, request, verify};

/// Recompute every digest of a layout and check every rule of its documents and layers
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zookiln verify images/zookeeper-3.6.1\n  zookiln verify images/zookeeper-3.6.1 --rebuild"
)]
pub(super) struct Arguments {
    /// Directory of an image layout
    layout: PathBuf,
    /// Then build the image again from catalog, lock and verified inputs, with nothing that was made before, and
    /// compare the digests
    #[arg(long)]
    rebuild: bool,
    /// Keep what was built again in this directory, which must be empty or not there
    #[arg(long, value_name = "DIR", requires = "rebuild")]
    keep: Option<PathBuf>,
    #[command(flatten)]
    network: Network,
    /// Threads that hash and compress [default: one per core]
    #[arg(long, short = 'j', value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Form of what is printed
    #[arg(long, default_value = "text")]
    format: Format,
}

/// Why a layout is refused.
#[derive(Debug, Error)]
pub(super) enum VerifyError {
    #[error("`{}` is not as it was written: {}", layout.display(), number(*findings))]
    Findings { layout: PathBuf, findings: usize },
    #[error("`{}`, built again, has another digest: expected {expected}, found {found}{}", layout.display(), lines(differences))]
    OtherDigest {
        layout: PathBuf,
        expected: String,
        found: String,
        differences: Vec<Difference>,
        /// Where what was built again is.
        kept: Option<PathBuf>,
    },
}

fn number(findings: usize) -> String {
    match findings {
        1 => "one finding".to_owned(),
        several => format!("{several} findings"),
    }
}

fn lines(differences: &[Difference]) -> String {
    let lines = differences.iter();
    lines
        .map(|difference| format!("\n  {difference}"))
        .collect()
}

impl VerifyError {
    /// The next action.
    pub(super) fn hint(&self) -> String {
        match self {
            Self::Findings { .. } => {
                "copy the whole directory from where it is intact, or build the image anew"
                    .to_owned()
            }
            Self::OtherDigest {
                layout,
                kept: Some(kept),
                ..
            } => format!(
                "`zookiln diff {} {}` shows what differs",
                layout.display(),
                kept.display()
            ),
            Self::OtherDigest { layout, .. } => format!(
                "`--keep DIR` keeps what was built again; then `zookiln diff {} DIR` shows what differs",
                layout.display()
            ),
        }
    }
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, common: &Common) -> anyhow::Result<()> {
    let places = arguments.network.places()?;
    if let Some(keep) = &arguments.keep {
        check_empty(keep)?;
    }
    let threads = arguments.jobs.map_or_else(available_threads, Ok)?;
    let layout = Layout::open_damaged(&arguments.layout)?;
    let lock = layout.lock_shared();
    let report = verify(&layout, threads)?;
    let mut rebuilt = None;
    if arguments.rebuild && report.findings.is_empty() {
        let image = Image::read(&layout)?;
        drop(lock);
        let builder = Builder {
            store: context::open_store()?,
            client: arguments.network.client()?,
            host: context::host()?,
            progress: Progress::new(common.quiet),
            threads,
            places,
            keys: context::Location::find(common.catalog.as_deref()).keys(),
        };
        rebuilt = Some(rebuild(&builder, (&layout, &image), arguments, common)?);
    }
    print(arguments, &report, rebuilt.as_ref())?;
    if !report.findings.is_empty() {
        return Err(VerifyError::Findings {
            layout: arguments.layout.clone(),
            findings: report.findings.len(),
        }
        .into());
    }
    match rebuilt {
        Some(rebuilt) if !rebuilt.same => Err(VerifyError::OtherDigest {
            layout: arguments.layout.clone(),
            expected: report.digest.map_or_else(String::new, |it| it.to_string()),
            found: rebuilt.digest,
            differences: rebuilt.differences,
            kept: arguments.keep.clone(),
        }
        .into()),
        _ => Ok(()),
    }
}

/// What is there is somebody's, and may be the very layout that is verified.
fn check_empty(keep: &Path) -> anyhow::Result<()> {
    context::refuse_in_cache(keep)?;
    let is_empty = match fs::read_dir(keep) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    if !is_empty {
        usage!("`--keep`: `{}` is no empty directory", keep.display());
    }
    Ok(Layout::check_place(keep)?)
}

/// What building an image again came to.
#[derive(Serialize)]
struct Rebuilt {
    digest: String,
    same: bool,
    source: Source,
    /// What is not as it was when the image was built.
    changed: Vec<Change>,
    differences: Vec<Difference>,
}

fn rebuild(
    builder: &Builder,
    (layout, image): (&Layout, &Image),
    arguments: &Arguments,
    common: &Common,
) -> anyhow::Result<Rebuilt> {
    let location = context::Location::find(common.catalog.as_deref());
    let (catalog, lock) = (location.catalog()?, location.existing_lock()?);
    let record = layout.record()?.context("the layout has no build record")?;
    let (version, request) = request(image, &record)?;
    let plan = Plan::new(&catalog, &lock, &version, &request)
        .with_context(|| format!("cannot build {} again", arguments.layout.display()))?;
    let changed = changes(&record, &plan);
    if !changed.is_empty() {
        builder.progress.warn(&warning(&changed));
    }
    let scratch = builder.store.work().subdirectory()?;
    let output = arguments.keep.clone();
    let output = output.unwrap_or_else(|| scratch.path().join("layout"));
    let written = (builder.rebuild(&plan, record.source, &output))
        .with_context(|| format!("cannot build {} again", plan.tag()))?;
    let again = Image::read(&Layout::open(&output)?)?;
    Ok(Rebuilt {
        same: written.digest == image.index.digest,
        digest: written.digest.to_string(),
        source: record.source,
        changed,
        differences: differences(image, &again),
    })
}

fn warning(changed: &[Change]) -> String {
    let names: Vec<String> = changed.iter().map(Change::to_string).collect();
    let (names, verb) = match names.as_slice() {
        [one] => (one.clone(), "is"),
        [others @ .., last] => (format!("{} and {last}", others.join(", ")), "are"),
        [] => (String::new(), "is"),
    };
    format!("{names} {verb} not as when the image was built: its digest may not come again")
}

fn print(arguments: &Arguments, report: &Report, rebuilt: Option<&Rebuilt>) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match arguments.format {
        Format::Json => writeln!(out, "{:#}", document(&arguments.layout, report, rebuilt))?,
        Format::Text => {
            for finding in &report.findings {
                writeln!(out, "{finding}")?;
            }
            if report.findings.is_empty() && rebuilt.is_none_or(|rebuilt| rebuilt.same) {
                writeln!(out, "{}", summary(&arguments.layout, report, rebuilt))?;
            }
        }
    }
    Ok(())
}

fn summary(layout: &Path, report: &Report, rebuilt: Option<&Rebuilt>) -> String {
    let checked = &report.checked;
    let again = rebuilt.map_or_else(String::new, |rebuilt| {
        format!("; built again from {}: the same", rebuilt.source)
    });
    format!(
        "{}:{} {} (intact: {} blobs, {}, {} layers, {} entries{again})",
        layout.display(),
        report.tag.as_deref().unwrap_or_default(),
        report
            .digest
            .as_ref()
            .map_or_else(String::new, |it| it.to_string()),
        checked.blobs,
        Size(checked.bytes),
        checked.layers,
        checked.entries,
    )
}

fn document(layout: &Path, report: &Report, rebuilt: Option<&Rebuilt>) -> Value {
    let checked = &report.checked;
    let findings: Vec<Value> = (report.findings.iter())
        .map(|finding| {
            json!({
                "file": finding.file,
                "path": finding.entry,
                "rule": finding.fault.rule(),
                "message": finding.to_string(),
            })
        })
        .collect();
    json!({
        "layout": layout,
        "tag": report.tag,
        "digest": report.digest,
        "intact": findings.is_empty(),
        "checked": {
            "blobs": checked.blobs,
            "bytes": checked.bytes,
            "layers": checked.layers,
            "entries": checked.entries,
        },
        "findings": findings,
        "rebuilt": rebuilt,
    })
}
