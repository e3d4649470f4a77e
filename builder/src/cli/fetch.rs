//! `zookiln fetch`: all inputs into the cache, for builds without a network.

use std::io::Write;
use std::num::NonZeroUsize;

use clap::Args;

use super::network::Network;
use super::selection::Selection;
use super::{Common, context};
use crate::build::Builder;
use crate::catalog::{Platform, Variant};
use crate::plan::{InputFile, Plan};
use crate::progress::Progress;
use crate::size::Size;

/// Bring all inputs of images into the cache, so that they can be built with `--offline`
#[derive(Debug, Args)]
// `vendor` has all of it, and a group of this name already.
#[group(skip)]
#[command(
    disable_version_flag = true,
    after_help = "Example:\n  zookiln fetch --version 3.6.1"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) selection: Selection,
    #[command(flatten)]
    pub(super) network: Network,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, common: &Common) -> anyhow::Result<()> {
    let host = context::host()?;
    fetched(arguments, common, &[host], |_, inputs| {
        let bytes: u64 = inputs.iter().map(|input| input.expected.known_size()).sum();
        let (files, bytes) = (inputs.len(), Size(bytes));
        writeln!(std::io::stdout(), "{files} files in the cache, {bytes}")?;
        Ok(())
    })
}

/// Fetches what the images take on any of `hosts`, for both variants, and hands it on.
pub(super) fn fetched(
    arguments: &Arguments,
    common: &Common,
    hosts: &[Platform],
    then: impl FnOnce(&Builder, &[InputFile]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let location = context::Location::find(common.catalog.as_deref());
    let catalog = location.catalog()?;
    let lock = location.existing_lock()?;
    // The fuller variant has all that the other has.
    let request = arguments.selection.request(&catalog, Variant::Full)?;
    let versions = arguments.selection.versions(&catalog);
    let plans = (versions.iter())
        .map(|version| Plan::new(&catalog, &lock, version, &request))
        .collect::<Result<Vec<_>, _>>()?;
    let builder = Builder {
        places: arguments.network.places()?,
        keys: location.keys(),
        store: context::open_store()?,
        client: arguments.network.client()?,
        host: context::host()?,
        progress: Progress::new(common.quiet),
        threads: NonZeroUsize::MIN,
    };
    let borrowed: Vec<&Plan<'_>> = plans.iter().collect();
    let sources = arguments.selection.source.candidates();
    let inputs = builder.fetch_intact(&borrowed, sources, hosts)?;
    then(&builder, &Vec::from_iter(inputs))
}
