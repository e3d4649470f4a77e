//! From catalog, lock and request to what is to be done, without reading or asking anything.
//!
//! A plan says which layers an image has, as recipes that hold all that shapes their bytes, and where
//! the inputs can be had. Finished layers and images are found again by digests over recipes and
//! settings: what shapes bytes must be in them, what does not must stay out.

mod inputs;
mod parts;
mod recipe;
mod request;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use layers::Digest;
use serde::Serialize;
use thiserror::Error;

use crate::catalog::{
    Catalog, Coordinates, DebianArchive, ImageSettings, Platform, Release, Variant, VariantSettings,
};
use crate::lock::{DebianLock, Lock, LockedPackage, LockedRelease, OutputFormat};
use crate::source::maven::PinnedJar;

pub use inputs::InputFile;
pub use parts::Parts;
pub use recipe::{
    BaseRecipe, JavaRecipe, LayerRecipe, OwnRecipe, ShellRecipe, ZooKeeperOrigin, ZooKeeperRecipe,
};
pub use request::{Request, Source};

/// One image: all platforms of one version and variant.
#[derive(Debug)]
pub struct Plan<'a> {
    /// What is built.
    pub release: &'a Release,
    /// With a shell or without.
    pub variant: Variant,
    /// How it differs from the other.
    pub variant_settings: &'a VariantSettings,
    /// In the order of the index.
    pub platforms: Vec<Platform>,
    /// Seconds since 1970 of everything in it.
    pub created: u64,
    /// Settings of the config.
    pub image: &'a ImageSettings,
    /// Where the packages come from.
    pub archive: &'a DebianArchive,
    /// Codename of [`Self::archive`].
    pub codename: &'a str,
    /// The snapshot archive's time that still has every package.
    pub snapshot: &'a str,
    /// The jars of the image as the lock pins them.
    pub jars: Vec<PinnedJar>,
    catalog: &'a Catalog,
    packages: &'a [LockedPackage],
}

/// What a catalog, a lock and a request do not give together.
#[derive(Debug, Error)]
pub enum PlanError {
    /// Not in the catalog.
    #[error("unknown version `{version}`")]
    UnknownVersion {
        /// As asked for.
        version: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The lock is older than the catalog.
    #[error("the lock has no {0}")]
    NotLocked(String),
    /// Layers would be other bytes than the lock was written for.
    #[error(
        "the lock is for layers of format {} by {}, this program writes format {} by {}",
        locked.layer_format, locked.compressor, ours.layer_format, ours.compressor
    )]
    OtherOutput {
        /// By the lock.
        locked: OutputFormat,
        /// By this program.
        ours: OutputFormat,
    },
}

impl PlanError {
    /// The next action.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::UnknownVersion { known, .. } => format!("the catalog has {}", known.join(", ")),
            Self::NotLocked(_) => "run `zookiln update`".to_owned(),
            Self::OtherOutput { .. } => {
                "build with the `zookiln` that wrote the lock, or run `zookiln update`: every digest changes then".to_owned()
            }
        }
    }
}

impl<'a> Plan<'a> {
    /// Plans one version.
    pub fn new(
        catalog: &'a Catalog,
        lock: &'a Lock,
        version: &str,
        request: &Request,
    ) -> Result<Self, PlanError> {
        let release = catalog
            .release(version)
            .ok_or_else(|| PlanError::UnknownVersion {
                version: version.to_owned(),
                known: catalog
                    .releases
                    .iter()
                    .map(|release| release.version.clone())
                    .collect(),
            })?;
        let ours = OutputFormat::current();
        if lock.output != ours {
            let locked = lock.output.clone();
            return Err(PlanError::OtherOutput { locked, ours });
        }
        check_release(lock, release)?;
        let codename = catalog.bases[&release.base].debian.as_str();
        let locked = (lock.debian.get(codename))
            .ok_or_else(|| PlanError::NotLocked(format!("packages of Debian `{codename}`")))?;
        let jars = (release.image_jars())
            .map(|coordinates| pinned_jar(lock, coordinates))
            .collect::<Result<_, _>>()?;
        let plan = Self {
            release,
            variant: request.variant,
            variant_settings: &catalog.variants[&request.variant],
            platforms: request.platforms.clone(),
            created: request
                .source_date_epoch
                .map_or(catalog.created, |epoch| epoch.min(catalog.created)),
            image: &catalog.image,
            archive: &catalog.debian[codename],
            codename,
            snapshot: &locked.snapshot,
            jars,
            catalog,
            packages: &locked.packages,
        };
        plan.check_suites(locked)?;
        plan.check_locked(&locked.resolved)?;
        Ok(plan)
    }

    /// Name of the image's directory and of its tag's variant part: `3.6.1` or `3.6.1-distroless`.
    #[must_use]
    pub fn tag(&self) -> String {
        format!("{}{}", self.release.version, self.variant.suffix())
    }

    /// `JAVA_HOME` of the image.
    #[must_use]
    pub fn java_home(&self) -> &'a str {
        &self.catalog.java[&self.release.java].home
    }

    /// Roots of public mirrors of Apache's releases, in order.
    #[must_use]
    pub fn apache_mirrors(&self) -> &'a [String] {
        &self.catalog.apache_mirrors
    }

    /// Public Maven repositories, in order.
    #[must_use]
    pub fn maven_mirrors(&self) -> &'a [String] {
        &self.catalog.maven_mirrors
    }

    /// That all packages are of suites for which somebody vouched whom the catalog still names.
    fn check_suites(&self, locked: &DebianLock) -> Result<(), PlanError> {
        let signers = &self.archive.signers;
        for suite in &self.archive.suites {
            let vouched = (locked.suites.get(suite)).is_some_and(|locked| {
                !locked.signers.is_empty() && locked.signers.iter().all(|it| signers.contains(it))
            });
            if !vouched {
                return Err(PlanError::NotLocked(format!(
                    "suite `{suite}` signed by whom the catalog names now"
                )));
            }
        }
        let mut packages = locked.packages.iter();
        match packages.find(|package| !self.archive.suites.contains(&package.suite)) {
            Some(package) => Err(PlanError::NotLocked(format!(
                "package `{}` of a suite that the catalog names",
                package.name
            ))),
            None => Ok(()),
        }
    }

    /// That the lock was resolved from this catalog's package sets, and has their roots.
    fn check_locked(&self, resolved: &BTreeMap<String, Digest>) -> Result<(), PlanError> {
        let ours = [self.base_set(), self.shell_set(), self.java_set()];
        let sets = self.catalog.package_sets(self.codename);
        for set in sets.iter().filter(|set| ours.contains(&set.name)) {
            if resolved.get(&set.name) != Some(&set.identity()) {
                return Err(PlanError::NotLocked(format!(
                    "`{}` as the catalog has it now",
                    set.name
                )));
            }
            for platform in &self.platforms {
                for root in &set.roots {
                    self.package(&set.name, root, *platform)?;
                }
            }
        }
        Ok(())
    }

    fn base_set(&self) -> String {
        format!("base.{}", self.release.base)
    }

    fn shell_set(&self) -> String {
        format!("shell.{}", self.release.shell)
    }

    fn java_set(&self) -> String {
        format!("java.{}", self.release.java)
    }

    fn set(&self, set: &str, platform: Platform) -> Vec<LockedPackage> {
        (self.packages.iter())
            .filter(|package| package.set == set && package.platform == platform)
            .cloned()
            .collect()
    }

    fn package(
        &self,
        set: &str,
        name: &str,
        platform: Platform,
    ) -> Result<LockedPackage, PlanError> {
        (self.packages.iter())
            .find(|package| {
                package.set == set && package.platform == platform && package.name == name
            })
            .cloned()
            .ok_or_else(|| {
                PlanError::NotLocked(format!("package `{name}` of `{set}` for {platform}"))
            })
    }
}

/// That the lock was written for this archive and this signer.
fn check_release(lock: &Lock, release: &Release) -> Result<(), PlanError> {
    let is_current = |locked: &LockedRelease| {
        let signer = locked.signature.as_ref().map(|it| it.signer);
        locked.tarball == release.tarball.expected()
            && locked.path == release.tarball_path()
            && signer.is_none_or(|signer| signer == release.signer)
    };
    match lock.releases.get(&release.version) {
        Some(locked) if is_current(locked) => Ok(()),
        Some(_) => Err(PlanError::NotLocked(format!(
            "release {} as the catalog has it now",
            release.version
        ))),
        None => Err(PlanError::NotLocked(format!("release {}", release.version))),
    }
}

fn pinned_jar(lock: &Lock, coordinates: &Coordinates) -> Result<PinnedJar, PlanError> {
    match lock.jars.get(coordinates) {
        Some(expected) => Ok(PinnedJar {
            coordinates: coordinates.clone(),
            expected: expected.clone(),
        }),
        None => Err(PlanError::NotLocked(format!("jar `{coordinates}`"))),
    }
}

/// A digest over a value's canonical JSON.
fn identity(value: &impl Serialize) -> Digest {
    Digest::sha256_of(&crate::json::canonical(value))
}
