//! The package sets of the catalog: what `update` resolves, and what a lock was resolved from.

use layers::Digest;
use serde::Serialize;

use super::{Catalog, DebianArchive};
use crate::json;

/// Packages that are resolved together.
#[derive(Debug, Clone, Serialize)]
pub struct PackageSetRoots<'a> {
    /// `base.trixie`, `java.21`: how the lock names it.
    pub name: String,
    /// Where the closure begins.
    pub roots: Vec<String>,
    /// The roots of the layer below, whose closure is not wanted again.
    pub below: Vec<String>,
    /// Suites, unwanted names and choices.
    #[serde(serialize_with = "resolving")]
    pub archive: &'a DebianArchive,
}

impl PackageSetRoots<'_> {
    /// A digest over all that decides the closure, beside the package lists: a lock that was resolved
    /// from another is out of date.
    #[must_use]
    pub fn identity(&self) -> Digest {
        Digest::sha256_of(&json::canonical(self))
    }
}

/// Mirrors decide where packages come from, and signers whether they are believed, not which.
fn resolving<S: serde::Serializer>(
    archive: &&DebianArchive,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let DebianArchive {
        suites,
        component,
        unwanted,
        choices,
        ..
    } = archive;
    (suites, component, unwanted, choices).serialize(serializer)
}

impl Catalog {
    /// Every set of one Debian release.
    #[must_use]
    pub fn package_sets(&self, codename: &str) -> Vec<PackageSetRoots<'_>> {
        let archive = &self.debian[codename];
        let of_release = |debian: &str| debian == codename;
        let set = |name, roots, below| PackageSetRoots {
            name,
            roots,
            below,
            archive,
        };
        let below: Vec<String> = (self.bases.values())
            .filter(|base| of_release(&base.debian))
            .flat_map(|base| base.packages.clone())
            .collect();
        let bases = (self
            .bases
            .iter()
            .filter(|(_, base)| of_release(&base.debian)))
        .map(|(name, base)| set(format!("base.{name}"), base.packages.clone(), Vec::new()));
        let shells = (self
            .shells
            .iter()
            .filter(|(_, shell)| of_release(&shell.debian)))
        .map(|(name, shell)| {
            set(
                format!("shell.{name}"),
                shell.packages.clone(),
                below.clone(),
            )
        });
        let java = (self
            .java
            .iter()
            .filter(|(_, java)| of_release(&java.debian)))
        .map(|(name, java)| {
            let roots = vec![java.jdk_package.clone(), java.jre_package.clone()];
            set(format!("java.{name}"), roots, below.clone())
        });
        bases.chain(shells).chain(java).collect()
    }
}
