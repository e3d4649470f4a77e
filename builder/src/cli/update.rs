//! `zookiln update`: resolves the catalog again and writes the lock.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::time::SystemTime;

use anyhow::{Context, bail};
use clap::Args;

use super::{Common, context};
use crate::catalog::{Catalog, Coordinates};
use crate::file;
use crate::lock::{DebianLock, Lock};
use crate::progress::Progress;
use crate::source::http::HttpClient;
use crate::source::{debian, maven};
use crate::store::{Expected, Store};

/// Resolve the catalog's packages and jars again and write versions.lock
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  zookiln update")]
pub(super) struct Arguments {}

/// Runs the command.
pub(super) fn run(_: &Arguments, common: &Common) -> anyhow::Result<()> {
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
    let new = resolve(&catalog, old.as_ref(), &Progress::new(common.quiet))?;
    let mut out = std::io::stdout().lock();
    print_changes(&mut out, old.as_ref(), &new)?;
    if old.as_ref() == Some(&new) {
        writeln!(out, "{} is up to date", lock_path.display())?;
        return Ok(());
    }
    file::replace::<std::io::Error>(&lock_path, |file| file.write_all(new.to_text().as_bytes()))
        .with_context(|| format!("cannot write `{}`", lock_path.display()))?;
    writeln!(out, "{} written", lock_path.display())?;
    Ok(())
}

fn resolve(catalog: &Catalog, old: Option<&Lock>, progress: &Progress) -> anyhow::Result<Lock> {
    let store = context::open_store()?;
    let client = HttpClient::new()?;
    let now = snapshot_time(SystemTime::now());
    let mut locked = BTreeMap::new();
    for codename in catalog.debian.keys() {
        let packages = debian::lock::packages(
            &client,
            &store,
            catalog,
            codename,
            &context::apt_directory(),
            progress,
        )
        .with_context(|| format!("cannot resolve the packages of Debian `{codename}`"))?;
        let sets = catalog.package_sets(codename);
        let resolved = sets
            .into_iter()
            .map(|set| (set.name.clone(), set.identity()))
            .collect();
        // The same packages keep their time: a lock changes only where an input does.
        let kept = old
            .and_then(|old| old.debian.get(codename))
            .filter(|old| old.packages == packages && old.resolved == resolved);
        let snapshot = kept.map_or_else(|| now.clone(), |old| old.snapshot.clone());
        locked.insert(
            codename.clone(),
            DebianLock {
                snapshot,
                resolved,
                packages,
            },
        );
    }
    Ok(Lock {
        debian: locked,
        jars: jars(catalog, old, &store, progress)?,
    })
}

/// As the snapshot archive writes a time: `20260101T000000Z`.
fn snapshot_time(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time)
        .to_string()
        .replace(['-', ':'], "")
}

/// What the old lock pins stays pinned; the rest is asked for.
fn jars(
    catalog: &Catalog,
    old: Option<&Lock>,
    store: &Store,
    progress: &Progress,
) -> anyhow::Result<BTreeMap<Coordinates, Expected>> {
    let wanted: BTreeSet<Coordinates> = catalog
        .releases
        .iter()
        .flat_map(|release| release.jars.clone())
        .collect();
    let mut pinned = old.map(|old| old.jars.clone()).unwrap_or_default();
    pinned.retain(|jar, _| wanted.contains(jar));
    let new = wanted
        .into_iter()
        .filter(|jar| !pinned.contains_key(jar))
        .collect();
    pinned.extend(maven::pin(store, &new, progress)?);
    Ok(pinned)
}

/// One line per input that is new, gone or different.
fn print_changes(out: &mut impl Write, old: Option<&Lock>, new: &Lock) -> std::io::Result<()> {
    let before = old.map(versions).unwrap_or_default();
    let after = versions(new);
    for (name, version) in &after {
        match before.get(name) {
            Some(old) if old == version => {}
            Some(old) => writeln!(out, "{name}: {old} -> {version}")?,
            None => writeln!(out, "{name}: new, {version}")?,
        }
    }
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        writeln!(out, "{name}: gone")?;
    }
    Ok(())
}

fn versions(lock: &Lock) -> BTreeMap<String, String> {
    let packages = (lock.debian.values())
        .flat_map(|release| &release.packages)
        .map(|package| {
            (
                format!("{} ({}, {})", package.name, package.set, package.platform),
                package.version.clone(),
            )
        });
    let jars = lock.jars.iter().map(|(jar, expected)| {
        (
            format!("{}:{}", jar.group, jar.file_name()),
            expected.digest.hex()[..12].to_owned(),
        )
    });
    packages.chain(jars).collect()
}
