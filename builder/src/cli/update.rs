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
use crate::build::{Change, LockWord, Resolution, Resolver, State, changes};
use crate::catalog::{Catalog, CatalogError};
use crate::file;
use crate::lock::Lock;
use crate::plan::PlanError;
use crate::printable::printable;
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
    let old = old_lock(&location)?;
    let places = arguments.network.places()?;
    let resolver = Resolver {
        downloader: Downloader {
            client: &arguments.network.client()?,
            store: &context::open_store()?,
            progress: &progress,
        },
        places: &places,
        catalog: &catalog,
        keys: &location.keys(),
        word: match arguments.check {
            true => LockWord::Doubted,
            false => LockWord::Taken,
        },
        now: SystemTime::now(),
    };
    let mut versions = versions(arguments, &catalog)?;
    if let OldLock::OtherFormat(error) = &old {
        // What the others need is not known any more.
        versions = all_versions(&catalog);
        progress.warn(&format!("{error}; all of it is resolved anew"));
    }
    let old = old.usable();
    let Resolution {
        lock: new,
        new_keys,
    } = resolver.resolve(&versions, old.as_ref())?;
    let mut out = std::io::stdout().lock();
    write!(out, "{}", printable(&table(&changes(old.as_ref(), &new))))?;
    if old.as_ref() == Some(&new) {
        writeln!(out, "{} is up to date", lock_path.display())?;
        return Ok(());
    }
    if arguments.check {
        return Err(OutOfDate(lock_path.clone()).into());
    }
    file::replace::<std::io::Error>(lock_path, |file| file.write_all(new.to_text().as_bytes()))
        .with_context(|| format!("cannot write `{}`", lock_path.display()))?;
    // After the lock: without them it is as good, the other way round it would be half an update.
    location.keys().keep(&new_keys)?;
    writeln!(out, "{} written", lock_path.display())?;
    Ok(())
}

/// The lock there is.
enum OldLock {
    None,
    OtherFormat(CatalogError),
    Usable(Lock),
}

impl OldLock {
    fn usable(self) -> Option<Lock> {
        match self {
            Self::Usable(lock) => Some(lock),
            Self::None | Self::OtherFormat(_) => None,
        }
    }
}

fn old_lock(location: &context::Location) -> Result<OldLock, CatalogError> {
    match location.lock() {
        Ok(Some(lock)) => Ok(OldLock::Usable(lock)),
        Ok(None) => Ok(OldLock::None),
        Err(error @ CatalogError::LockFormat { found, known, .. }) if found < known => {
            Ok(OldLock::OtherFormat(error))
        }
        Err(error) => Err(error),
    }
}

fn all_versions(catalog: &Catalog) -> Vec<String> {
    let releases = catalog.releases.iter();
    releases.map(|release| release.version.clone()).collect()
}

fn versions(arguments: &Arguments, catalog: &Catalog) -> Result<Vec<String>, PlanError> {
    let known = all_versions(catalog);
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

/// `88.3 kB`, `88.3 kB (+1.2 kB)`, `-88.3 kB`; nothing for what has no size.
fn size(change: &Change) -> String {
    let bytes = |state: &Option<State>| state.as_ref().and_then(|state| state.size);
    match (bytes(&change.old), bytes(&change.new)) {
        (Some(old), Some(new)) if new > old => format!("{} (+{})", Size(new), Size(new - old)),
        (Some(old), Some(new)) if new < old => format!("{} (-{})", Size(new), Size(old - new)),
        (_, Some(new)) => Size(new).to_string(),
        (Some(old), None) => format!("-{}", Size(old)),
        (None, None) => String::new(),
    }
}
