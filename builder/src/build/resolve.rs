//! From the catalog to a lock: what `update` writes, and what a build goes by when mirrors no longer
//! have what the lock names.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use anyhow::{Context, bail};

use super::{Builder, Target};
use crate::catalog::{Catalog, Coordinates};
use crate::lock::{DebianLock, Lock};
use crate::source::download::Downloader;
use crate::source::{Places, debian, maven};
use crate::store::Expected;

/// Resolves the whole catalog. What `old` has stays where the catalog still wants it and nothing
/// newer is there.
pub(crate) fn resolve(
    downloader: Downloader<'_>,
    places: &Places,
    catalog: &Catalog,
    old: Option<&Lock>,
) -> anyhow::Result<Lock> {
    let mut locked = BTreeMap::new();
    for codename in catalog.debian.keys() {
        let old = old.and_then(|old| old.debian.get(codename));
        let new = resolve_debian(downloader, places, catalog, codename, old)?;
        locked.insert(codename.clone(), new);
    }
    Ok(Lock {
        debian: locked,
        jars: jars(downloader, catalog, old)?,
    })
}

fn resolve_debian(
    downloader: Downloader<'_>,
    places: &Places,
    catalog: &Catalog,
    codename: &str,
    old: Option<&DebianLock>,
) -> anyhow::Result<DebianLock> {
    let packages = debian::lock::packages(downloader, catalog, codename, places)
        .with_context(|| format!("cannot resolve the packages of Debian `{codename}`"))?;
    let sets = catalog.package_sets(codename);
    let resolved = sets
        .into_iter()
        .map(|set| (set.name.clone(), set.identity()))
        .collect();
    // The same packages keep their time: a lock changes only where an input does.
    let kept = old.filter(|old| old.packages == packages && old.resolved == resolved);
    let now = || snapshot_time(SystemTime::now());
    Ok(DebianLock {
        snapshot: kept.map_or_else(now, |old| old.snapshot.clone()),
        resolved,
        packages,
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
    downloader: Downloader<'_>,
    catalog: &Catalog,
    old: Option<&Lock>,
) -> anyhow::Result<BTreeMap<Coordinates, Expected>> {
    let wanted: BTreeSet<Coordinates> = catalog
        .releases
        .iter()
        .flat_map(|release| release.jars.clone())
        .collect();
    let mut pinned = old.map(|old| old.jars.clone()).unwrap_or_default();
    pinned.retain(|jar, _| wanted.contains(jar));
    let new: BTreeSet<Coordinates> = wanted
        .into_iter()
        .filter(|jar| !pinned.contains_key(jar))
        .collect();
    if downloader.client.is_offline() && !new.is_empty() {
        let names: Vec<String> = new.iter().map(Coordinates::to_string).collect();
        bail!(
            "no lock has {}, and nobody is asked offline",
            names.join(", ")
        );
    }
    pinned.extend(maven::pin(downloader.store, &new, downloader.progress)?);
    Ok(pinned)
}

impl Builder {
    /// The lock as `update` would write it now, packages only, with a warning for each difference;
    /// `None` where there is none, so that resolving again does not help. All packages of a release
    /// are resolved, not only those that are gone: only together do they fit.
    pub(super) fn resolve_again(
        &self,
        catalog: &Catalog,
        lock: &Lock,
        targets: &[Target<'_>],
    ) -> anyhow::Result<Option<Lock>> {
        let codenames: BTreeSet<&str> = targets.iter().map(|it| it.plan.codename).collect();
        let mut newer = lock.clone();
        for codename in codenames {
            let old = lock.debian.get(codename);
            let new = resolve_debian(self.downloader(), &self.places, catalog, codename, old)?;
            newer.debian.insert(codename.to_owned(), new);
        }
        if newer == *lock {
            return Ok(None);
        }
        let mut text = "no mirror that answers has all locked packages any more: the build goes by those of today, whose signatures are not checked yet".to_owned();
        for change in &changes(Some(lock), &newer) {
            text.push_str(&format!("\n  {change}"));
        }
        self.progress.warn(&text);
        Ok(Some(newer))
    }
}

/// An input that is another one in a newer lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// Package with set and platform, or jar.
    pub(crate) name: String,
    /// Version or beginning of the digest; `None` for an input that is new.
    pub(crate) old: Option<String>,
    /// The same; `None` for one that is gone.
    pub(crate) new: Option<String>,
}

impl std::fmt::Display for Change {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = &self.name;
        match (&self.old, &self.new) {
            (Some(old), Some(new)) => write!(formatter, "{name}: {old} -> {new}"),
            (None, Some(new)) => write!(formatter, "{name}: new, {new}"),
            _ => write!(formatter, "{name}: gone"),
        }
    }
}

/// Inputs that are new, gone or different.
pub(crate) fn changes(old: Option<&Lock>, new: &Lock) -> Vec<Change> {
    let before = old.map(versions).unwrap_or_default();
    let after = versions(new);
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| {
            let (old, new) = (before.get(name), after.get(name));
            let is_moved = old.map(|old| &old.version) == new.map(|new| &new.version);
            let shown = |state: Option<&State>| {
                state.map(|state| match is_moved {
                    true => format!("{} ({})", state.version, state.place),
                    false => state.version.clone(),
                })
            };
            Change {
                name: name.clone(),
                old: shown(old),
                new: shown(new),
            }
        })
        .collect()
}

/// What a lock says of one input.
#[derive(Debug, PartialEq, Eq)]
struct State {
    /// Or the beginning of the digest.
    version: String,
    /// Where a package stands, and its digest: the same version can move to another archive.
    place: String,
}

fn versions(lock: &Lock) -> BTreeMap<String, State> {
    let packages = (lock.debian.values())
        .flat_map(|release| &release.packages)
        .map(|package| {
            (
                format!("{} ({}, {})", package.name, package.set, package.platform),
                State {
                    version: package.version.clone(),
                    place: format!("{}, {}", package.path, &package.sha256.hex()[..12]),
                },
            )
        });
    let jars = lock.jars.iter().map(|(jar, expected)| {
        (
            format!("{}:{}", jar.group, jar.file_name()),
            State {
                version: expected.digest.hex()[..12].to_owned(),
                place: String::new(),
            },
        )
    });
    packages.chain(jars).collect()
}
