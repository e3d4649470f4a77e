//! `zookiln list`: what can be built, and what of it is in the cache already.

use std::io::Write;
use std::path::Path;

use clap::Args;

use super::{Common, context};
use crate::catalog::{Catalog, Release, Variant};
use crate::lock::Lock;
use crate::plan::{Plan, Request, Source};
use crate::store::{Expected, is_cached};

/// Show what the catalog has
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  zookiln list")]
pub(super) struct Arguments {}

/// Runs the command.
pub(super) fn run(_: &Arguments, common: &Common) -> anyhow::Result<()> {
    let location = context::Location::find(common.catalog.as_deref());
    let catalog = location.catalog()?;
    let lock = location.lock()?;
    // A listing must not fail for want of a cache.
    let cache = context::cache_directory().ok();
    let mut out = std::io::stdout().lock();
    let platforms: Vec<&str> = catalog
        .platforms
        .iter()
        .map(|platform| platform.as_str())
        .collect();
    let variants = Variant::ALL.map(Variant::as_str).join(",");
    writeln!(
        out,
        "{:<8} {:<18} {:<5} {:<24} {:<16} CACHED",
        "VERSION", "TAGS", "JAVA", "PLATFORMS", "VARIANTS"
    )?;
    for release in &catalog.releases {
        let cached = match &lock {
            Some(lock) => cached(&catalog, lock, release, cache.as_deref()),
            None => "not locked".to_owned(),
        };
        writeln!(
            out,
            "{:<8} {:<18} {:<5} {:<24} {variants:<16} {cached}",
            release.version,
            release.tags.join(","),
            release.java,
            platforms.join(",")
        )?;
    }
    Ok(())
}

/// How many of a release's inputs are in the store, for its default platforms and the fuller variant.
fn cached(catalog: &Catalog, lock: &Lock, release: &Release, cache: Option<&Path>) -> String {
    let request = Request {
        variant: Variant::Full,
        platforms: catalog.platforms.clone(),
        source_date_epoch: None,
    };
    let Ok(plan) = Plan::new(catalog, lock, &release.version, &request) else {
        return "not locked".to_owned();
    };
    let host = crate::catalog::Platform::host().unwrap_or(catalog.platforms[0]);
    let mut inputs: Vec<Expected> = (plan.platforms.iter())
        .flat_map(|platform| plan.layers(*platform, Source::Maven))
        .flat_map(|recipe| plan.packages_for(&recipe, host))
        .map(|package| package.expected())
        .collect();
    inputs.sort();
    inputs.dedup();
    let has = |input: &Expected| cache.is_some_and(|cache| is_cached(cache, input));
    let packages = inputs.iter().filter(|input| has(input)).count();
    let jars = plan.jars.iter().filter(|jar| has(&jar.expected)).count();
    let tarball = if has(&release.tarball.expected()) {
        ", tarball"
    } else {
        ""
    };
    format!(
        "{packages}/{} packages, {jars}/{} jars{tarball}",
        inputs.len(),
        plan.jars.len()
    )
}
