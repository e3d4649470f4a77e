//! `zookiln update`: resolves the catalog again and writes the lock.

use std::io::Write;

use anyhow::{Context, bail};
use clap::Args;

use super::network::Network;
use super::{Common, context};
use crate::build::{changes, resolve};
use crate::file;
use crate::progress::Progress;
use crate::source::download::Downloader;

/// Resolve the catalog's packages and jars again and write versions.lock
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  zookiln update")]
pub(super) struct Arguments {
    #[command(flatten)]
    network: Network,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, common: &Common) -> anyhow::Result<()> {
    let context::Location::Files {
        catalog: catalog_path,
        lock: lock_path,
    } = context::Location::find(common.catalog.as_deref())
    else {
        bail!(
            "there is no `versions.toml` here: run this in a checkout, or name a catalog with `--catalog`"
        );
    };
    let location = context::Location::Files {
        catalog: catalog_path,
        lock: lock_path.clone(),
    };
    let catalog = location.catalog()?;
    let old = location.lock()?;
    let places = arguments.network.places()?;
    let downloader = Downloader {
        client: &arguments.network.client()?,
        store: &context::open_store()?,
        progress: &Progress::new(common.quiet),
    };
    let new = resolve(downloader, &places, &catalog, old.as_ref())?;
    let mut out = std::io::stdout().lock();
    for change in changes(old.as_ref(), &new) {
        writeln!(out, "{change}")?;
    }
    if old.as_ref() == Some(&new) {
        writeln!(out, "{} is up to date", lock_path.display())?;
        return Ok(());
    }
    file::replace::<std::io::Error>(&lock_path, |file| file.write_all(new.to_text().as_bytes()))
        .with_context(|| format!("cannot write `{}`", lock_path.display()))?;
    writeln!(out, "{} written", lock_path.display())?;
    Ok(())
}
