//! `zookiln list`: what can be built.

use clap::Args;

use super::{Common, context};
use crate::catalog::Variant;

/// Show what the catalog has
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  zookiln list")]
pub(super) struct Arguments {}

/// Runs the command.
pub(super) fn run(_: &Arguments, common: &Common) -> anyhow::Result<()> {
    let catalog = context::Location::find(common.catalog.as_deref()).catalog()?;
    let platforms: Vec<&str> = catalog
        .platforms
        .iter()
        .map(|platform| platform.as_str())
        .collect();
    let variants = Variant::ALL.map(Variant::as_str).join(",");
    println!(
        "{:<10} {:<22} {:<6} {:<26} VARIANTS",
        "VERSION", "TAGS", "JAVA", "PLATFORMS"
    );
    for release in &catalog.releases {
        let tags = release.tags.join(",");
        println!(
            "{:<10} {tags:<22} {:<6} {:<26} {variants}",
            release.version,
            release.java,
            platforms.join(",")
        );
    }
    Ok(())
}
