//! `zookiln update`: resolves the catalog again and writes the lock.

use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::{Context, bail};
use clap::Args;
use thiserror::Error;

use super::network::Network;
use super::{Common, context};
use crate::build::{Change, Resolver, changes};
use crate::catalog::{Catalog, CatalogError};
use crate::file;
use crate::lock::Lock;
use crate::plan::PlanError;
use crate::progress::Progress;
use crate::size::Size;
use crate::source::download::Downloader;

/// Resolve the catalog's packages and jars again, check signatures, and write versions.lock
#[derive(Debug, Args)]
#[command(
    disable_version_flag = true,
    after_help = "Examples:\n  zookiln update\n  zookiln update --check"
)]
pub(super) struct Arguments {
    /// Only what these versions need [default: all of the catalog]
    #[arg(long = "version", value_name = "VERSION", num_args = 1.., value_delimiter = ',')]
    versions: Vec<String>,
    /// Write nothing; exit 1 if the lock would change
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    network: Network,
}

/// What `--check` is there to find.
#[derive(Debug, Error)]
#[error("`{}` is not up to date", .0.display())]
pub(super) struct OutOfDate(PathBuf);

/// Runs the command.
pub(super) fn run(arguments: &Arguments, common: &Common) -> anyhow::Result<()> {
    let location = context::Location::find(common.catalog.as_deref());
    let context::Location::Files {
        lock: lock_path, ..
    } = &location
    else {
        bail!(
            "there is no `versions.toml` here: run this in a checkout, or name a catalog with `--catalog`"
        );
    };
    let catalog = location.catalog()?;
    let progress = Progress::new(common.quiet);
    let old = old_lock(&location, &progress)?;
    let places = arguments.network.places()?;
    let resolver = Resolver {
        downloader: Downloader {
            client: &arguments.network.client()?,
            store: &context::open_store()?,
            progress: &progress,
        },
        places: &places,
        catalog: &catalog,
        keys: &match arguments.check {
            true => location.keys().read_only(),
            false => location.keys(),
        },
        now: SystemTime::now(),
    };
    let new = resolver.resolve(&versions(arguments, &catalog)?, old.as_ref())?;
    let mut out = std::io::stdout().lock();
    write!(out, "{}", table(&changes(old.as_ref(), &new)))?;
    if old.as_ref() == Some(&new) {
        writeln!(out, "{} is up to date", lock_path.display())?;
        return Ok(());
    }
    if arguments.check {
        return Err(OutOfDate(lock_path.clone()).into());
    }
    file::replace::<std::io::Error>(lock_path, |file| file.write_all(new.to_text().as_bytes()))
        .with_context(|| format!("cannot write `{}`", lock_path.display()))?;
    writeln!(out, "{} written", lock_path.display())?;
    Ok(())
}

/// `None` where there is none, or one that is of no use any more.
fn old_lock(location: &context::Location, progress: &Progress) -> anyhow::Result<Option<Lock>> {
    match location.lock() {
        Err(error @ CatalogError::LockFormat { found, known, .. }) if found < known => {
            progress.warn(&format!("{error}; it is written anew"));
            Ok(None)
        }
        lock => Ok(lock?),
    }
}

fn versions(arguments: &Arguments, catalog: &Catalog) -> Result<Vec<String>, PlanError> {
    let known: Vec<String> = (catalog.releases.iter())
        .map(|release| release.version.clone())
        .collect();
    match arguments.versions.iter().find(|it| !known.contains(it)) {
        Some(unknown) => Err(PlanError::UnknownVersion {
            version: unknown.clone(),
            known,
        }),
        None if arguments.versions.is_empty() => Ok(known),
        None => Ok(arguments.versions.clone()),
    }
}

/// One row for each input that is not what it was, with the size it has now and by how much that
/// differs; nothing where there is none.
fn table(changes: &[Change]) -> String {
    if changes.is_empty() {
        return String::new();
    }
    let absent = || "-".to_owned();
    let mut rows = vec![["input", "old", "new", "size"].map(str::to_owned)];
    rows.extend(changes.iter().map(|change| {
        let (old, new) = change.shown();
        [
            change.name.clone(),
            old.unwrap_or_else(absent),
            new.unwrap_or_else(absent),
            size(change),
        ]
    }));
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or_default()
    };
    let (name, old, new) = (width(0), width(1), width(2));
    let mut text = String::new();
    for row in &rows {
        let line = format!(
            "{:name$}  {:old$}  {:new$}  {}",
            row[0], row[1], row[2], row[3]
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// `88.3 kB`, `88.3 kB (+1.2 kB)`, `-88.3 kB`.
fn size(change: &Change) -> String {
    match (&change.old, &change.new) {
        (Some(old), Some(new)) if new.size > old.size => {
            format!("{} (+{})", Size(new.size), Size(new.size - old.size))
        }
        (Some(old), Some(new)) if new.size < old.size => {
            format!("{} (-{})", Size(new.size), Size(old.size - new.size))
        }
        (_, Some(new)) => Size(new.size).to_string(),
        (Some(old), None) => format!("-{}", Size(old.size)),
        (None, None) => String::new(),
    }
}
