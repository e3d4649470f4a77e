//! The catalog's package sets, resolved: what `update` writes into the lock.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, anyhow};

use super::mirrors::Mirrors;
use super::name::PackageName;
use super::package::Package;
use super::resolver::{Request, resolve};
use super::suite;
use crate::catalog::{Catalog, Platform};
use crate::lock::LockedPackage;
use crate::progress::Progress;
use crate::source::http::HttpClient;
use crate::store::Store;

/// Resolves every set of one Debian release for every platform, in order of platform, set and name.
pub fn packages(
    client: &HttpClient,
    store: &Store,
    catalog: &Catalog,
    codename: &str,
    apt_directory: &Path,
    progress: &Progress,
) -> anyhow::Result<Vec<LockedPackage>> {
    let archive = &catalog.debian[codename];
    let mirrors = Mirrors::find(client, codename, archive, apt_directory, progress);
    let unwanted = names(&archive.unwanted)?;
    let mut locked = Vec::new();
    for platform in Platform::ALL {
        let index = suite::index(client, store, &mirrors, archive, platform, progress)?;
        for (set, roots, below) in sets(catalog, codename) {
            let closure = |roots: &[String]| {
                let request = Request {
                    roots: names(roots)?,
                    unwanted: unwanted.clone(),
                    choices: BTreeMap::new(),
                };
                let closure = resolve(&index, &request).map_err(|error| match error.hint() {
                    Some(hint) => anyhow!("{error}\nhint: {hint}"),
                    None => anyhow!(error),
                })?;
                anyhow::Ok(closure.packages)
            };
            let lower: BTreeSet<&str> = closure(&below)?
                .iter()
                .map(|package| package.name.as_str())
                .collect();
            let all: Vec<String> = below.iter().chain(&roots).cloned().collect();
            let closure = closure(&all).with_context(|| format!("`{set}` for {platform}"))?;
            // What a lower layer has is not wanted twice.
            let own = closure
                .into_iter()
                .filter(|package| !lower.contains(package.name.as_str()));
            locked.extend(own.map(|package| lock(package, &set, platform)));
        }
    }
    locked.sort();
    Ok(locked)
}

/// Name, roots and the roots of what lies below, of every set of a Debian release.
fn sets(catalog: &Catalog, codename: &str) -> Vec<(String, Vec<String>, Vec<String>)> {
    let of_release = |debian: &str| debian == codename;
    let base_roots: Vec<String> = catalog
        .bases
        .values()
        .filter(|set| of_release(&set.debian))
        .flat_map(|set| set.packages.clone())
        .collect();
    let bases = (catalog
        .bases
        .iter()
        .filter(|(_, set)| of_release(&set.debian)))
    .map(|(name, set)| (format!("base.{name}"), set.packages.clone(), Vec::new()));
    let shells = (catalog
        .shells
        .iter()
        .filter(|(_, set)| of_release(&set.debian)))
    .map(|(name, set)| {
        (
            format!("shell.{name}"),
            set.packages.clone(),
            base_roots.clone(),
        )
    });
    let java = (catalog
        .java
        .iter()
        .filter(|(_, runtime)| of_release(&runtime.debian)))
    .map(|(name, runtime)| {
        let roots = vec![runtime.jdk_package.clone(), runtime.jre_package.clone()];
        (format!("java.{name}"), roots, base_roots.clone())
    });
    bases.chain(shells).chain(java).collect()
}

fn names(names: &[String]) -> anyhow::Result<BTreeSet<PackageName>> {
    names
        .iter()
        .map(|name| {
            name.parse()
                .with_context(|| format!("catalog: package `{name}`"))
        })
        .collect()
}

fn lock(package: &Package, set: &str, platform: Platform) -> LockedPackage {
    LockedPackage {
        platform,
        set: set.to_owned(),
        name: package.name.to_string(),
        version: package.version.to_string(),
        suite: package.suite.to_string(),
        path: package.filename.to_string(),
        size: package.size,
        sha256: package.sha256.clone(),
    }
}
