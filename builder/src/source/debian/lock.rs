//! The catalog's package sets, resolved: what `update` writes into the lock.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail};

use super::mirrors::Mirrors;
use super::name::PackageName;
use super::package::Package;
use super::resolver::{Request, resolve};
use super::suite::{self, Believed, Scope};
use crate::catalog::{Catalog, PackageSetRoots, Platform};
use crate::lock::{LockedPackage, LockedSuite};
use crate::source::Places;
use crate::source::download::Downloader;

/// What is resolved, and whose word is taken.
#[derive(Debug, Clone, Copy)]
pub struct Resolving<'a> {
    /// Package sets, unwanted names, signers.
    pub catalog: &'a Catalog,
    /// Key in [`Catalog::debian`].
    pub codename: &'a str,
    /// Where packages can be had.
    pub places: &'a Places,
    /// Keys, and what was believed before.
    pub believed: Believed<'a>,
}

/// A Debian release at one moment.
#[derive(Debug)]
pub struct Resolved {
    /// By name: what vouches for the packages.
    pub suites: BTreeMap<String, LockedSuite>,
    /// In order of platform, set and name.
    pub packages: Vec<LockedPackage>,
}

/// Resolves every set of one Debian release for every platform.
/// A [`ResolveError`](super::resolver::ResolveError) is in the chain of the error, with its hint.
pub fn packages(downloader: Downloader<'_>, what: Resolving<'_>) -> anyhow::Result<Resolved> {
    let Resolving {
        catalog, codename, ..
    } = what;
    let archive = &catalog.debian[codename];
    refuse_two_bases(catalog, codename)?;
    let sets = catalog.package_sets(codename);
    let mirrors = Mirrors::find(downloader, codename, archive, what.places);
    let suites = suite::suites(downloader, &mirrors, archive, what.believed)?;
    let unwanted = names(&archive.unwanted)?;
    let choices = choices(&archive.choices)?;
    let mut locked = Vec::new();
    for platform in Platform::ALL {
        let scope = Scope {
            component: &archive.component,
            platform,
        };
        let index = suite::index(downloader, &mirrors, &suites, scope)?;
        for PackageSetRoots {
            name: set,
            roots,
            below,
            ..
        } in &sets
        {
            let closure = |roots: &[String]| {
                let request = Request {
                    roots: names(roots)?,
                    unwanted: unwanted.clone(),
                    choices: choices.clone(),
                };
                let closure = resolve(&index, &request)
                    .map_err(anyhow::Error::from)
                    .with_context(|| format!("`{set}` for {platform}"))?;
                anyhow::Ok(closure.packages)
            };
            let lower: BTreeSet<&str> = closure(below)?
                .iter()
                .map(|package| package.name.as_str())
                .collect();
            let all: Vec<String> = below.iter().chain(roots).cloned().collect();
            let closure = closure(&all)?;
            // What a lower layer has is not wanted twice.
            let own = closure
                .into_iter()
                .filter(|package| !lower.contains(package.name.as_str()));
            locked.extend(own.map(|package| lock(package, set, platform)));
        }
    }
    locked.sort();
    let suites = (suites.into_iter())
        .map(|suite| (suite.name, suite.locked))
        .collect();
    Ok(Resolved {
        suites,
        packages: locked,
    })
}

/// A shell or a Java runtime is locked once, without what the base below it has: with two bases, what
/// that is would depend on the image.
fn refuse_two_bases(catalog: &Catalog, codename: &str) -> anyhow::Result<()> {
    let mut bases = (catalog.bases.iter()).filter(|(_, set)| set.debian == codename);
    if let (Some((one, _)), Some((other, _))) = (bases.next(), bases.next()) {
        bail!(
            "catalog: `base.{one}` and `base.{other}` are both of Debian `{codename}`, which can have one base only"
        );
    }
    Ok(())
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

fn choices(
    choices: &BTreeMap<String, String>,
) -> anyhow::Result<BTreeMap<PackageName, PackageName>> {
    let name = |name: &String| {
        (name.parse::<PackageName>()).with_context(|| format!("catalog: choice `{name}`"))
    };
    (choices.iter())
        .map(|(wanted, choice)| Ok((name(wanted)?, name(choice)?)))
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::catalog::EMBEDDED_CATALOG;

    fn refusal(text: &str) -> Option<String> {
        let catalog = Catalog::parse(Path::new("versions.toml"), text).unwrap();
        refuse_two_bases(&catalog, "trixie")
            .err()
            .map(|error| error.to_string())
    }

    #[test]
    fn two_bases_of_one_debian_release_are_refused() {
        assert_eq!(refusal(EMBEDDED_CATALOG), None);
        let second = "[base.small]\ndebian = \"trixie\"\npackages = [\"libc6\"]\nexclude = []\n\n";
        let text = EMBEDDED_CATALOG.replace("[base.trixie]", &format!("{second}[base.trixie]"));
        assert_eq!(
            refusal(&text).unwrap(),
            "catalog: `base.small` and `base.trixie` are both of Debian `trixie`, which can have one base only"
        );
    }
}
