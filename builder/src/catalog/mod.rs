//! What can be built: `versions.toml`, from text to validated types.
//!
//! Guarantees: every name a release refers to exists, every version is unique, every digest and time
//! is well formed. Refuses unknown keys, with file, line and the nearest known one.

mod coordinates;
mod error;
mod load;
mod patterns;
mod platform;
mod raw;
mod sets;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use layers::Digest;
use serde::{Deserialize, Serialize};
use signatures::Fingerprint;

use crate::store::Expected;

pub use coordinates::{Coordinates, InvalidCoordinates};
pub use error::{CatalogError, nearest};
pub use load::EMBEDDED_CATALOG;
pub use patterns::PathPatterns;
pub use platform::{Platform, UnknownPlatform};
pub use sets::PackageSetRoots;

/// The whole catalog.
#[derive(Debug)]
pub struct Catalog {
    /// Seconds since 1970 of every image and every file; `SOURCE_DATE_EPOCH` can only lower it.
    pub created: u64,
    /// What is built where nothing is asked for.
    pub platforms: Vec<Platform>,
    /// Settings common to all images.
    pub image: ImageSettings,
    /// What differs between the variants.
    pub variants: BTreeMap<Variant, VariantSettings>,
    /// Roots of public mirrors of Apache's releases.
    pub apache_mirrors: Vec<String>,
    /// Where the public keys of the releases' signers can be had.
    pub apache_keys: Vec<String>,
    /// Public Maven repositories.
    pub maven_mirrors: Vec<String>,
    /// Debian releases by codename.
    pub debian: BTreeMap<String, DebianArchive>,
    /// Package sets that images stand on.
    pub bases: BTreeMap<String, PackageSet>,
    /// Package sets of variants with a shell.
    pub shells: BTreeMap<String, ShellSet>,
    /// Java runtimes by release.
    pub java: BTreeMap<String, JavaRuntime>,
    /// In the order of the file.
    pub releases: Vec<Release>,
}

/// One release of ZooKeeper.
#[derive(Debug, Clone)]
pub struct Release {
    /// `3.6.1`; digits and dots, safe in paths and tags.
    pub version: String,
    /// Every tag a push gives it; the first is the version.
    pub tags: Vec<String>,
    /// Key of [`Catalog::bases`].
    pub base: String,
    /// Key of [`Catalog::shells`].
    pub shell: String,
    /// Key of [`Catalog::java`].
    pub java: String,
    /// The commands on the image's PATH that are our one binary.
    pub applets: Vec<String>,
    /// OpenPGP primary key of the release's signer.
    pub signer: Fingerprint,
    /// The official archive.
    pub tarball: Tarball,
    /// The jars of its `lib/` by Maven coordinates.
    pub jars: Vec<Coordinates>,
    /// Patterns for file names of jars that no image gets.
    pub exclude: Vec<String>,
    /// Artifacts that the archive has, and no Maven repository.
    pub maven_lacks: Vec<String>,
}

/// The official release archive.
#[derive(Debug, Clone)]
pub struct Tarball {
    /// Bytes; `None` where nobody has written it down.
    pub size: Option<u64>,
    /// SHA-512.
    pub digest: Digest,
}

/// What every image of the catalog has.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImageSettings {
    /// Full name without tag.
    pub name: String,
    /// `Entrypoint` of the config.
    pub entrypoint: Vec<String>,
    /// `Cmd` of the config.
    pub command: Vec<String>,
    /// `WorkingDir` of the config.
    pub working_directory: String,
    /// `2181/tcp`
    pub ports: Vec<String>,
    /// Absolute paths.
    pub volumes: Vec<String>,
    /// `SIGTERM`
    pub stop_signal: String,
    /// Who the server runs as.
    pub user: UserSettings,
    /// `Env` of the config.
    pub environment: BTreeMap<String, String>,
    /// `Healthcheck` of the config.
    pub health_check: HealthCheckSettings,
    /// `Labels` of the config; the version is added.
    pub labels: BTreeMap<String, String>,
}

/// The user in the image's `/etc/passwd` that owns the volumes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct UserSettings {
    /// Name of the user and of its group.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

/// Docker's health check, durations in seconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HealthCheckSettings {
    /// Run without a shell.
    pub command: Vec<String>,
    /// Between two checks.
    pub interval_seconds: u64,
    /// For one check.
    pub timeout_seconds: u64,
    /// Failures do not count before.
    pub start_period_seconds: u64,
    /// Failures in a row that make a container unhealthy.
    pub retries: u32,
}

/// `full` or `distroless`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// With bash and the usual small tools; starts as root and drops.
    Full,
    /// No shell; starts as the daemon user.
    Distroless,
}

impl Variant {
    /// Every variant.
    pub const ALL: [Self; 2] = [Self::Full, Self::Distroless];

    /// As written on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Distroless => "distroless",
        }
    }

    /// What is appended to a version in a tag and a directory name.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Full => "",
            Self::Distroless => "-distroless",
        }
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Variant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|variant| variant.as_str() == text)
            .ok_or_else(|| format!("unknown variant `{text}`, expected `full` or `distroless`"))
    }
}

/// What differs between the variants.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct VariantSettings {
    /// `User` of the config.
    pub user: String,
    /// Whether the shell layer is there.
    pub shell: bool,
}

/// A release of Debian, and where its packages can be had.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DebianArchive {
    /// `trixie`, `trixie-security`.
    pub suites: Vec<String>,
    /// `main`
    pub component: String,
    /// Public mirrors of the main archive.
    pub mirrors: Vec<String>,
    /// Public mirrors of the security archive.
    pub security_mirrors: Vec<String>,
    /// Root of the snapshot archive.
    pub snapshot: String,
    /// OpenPGP primary keys of which one must have signed the suites' InRelease files.
    pub signers: BTreeSet<Fingerprint>,
    /// Dependencies that an image does without.
    pub unwanted: Vec<String>,
    /// Which package answers a name that several provide.
    #[serde(default)]
    pub choices: BTreeMap<String, String>,
}

/// Debian packages and what of them stays out.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PackageSet {
    /// Key of [`Catalog::debian`].
    pub debian: String,
    /// Roots of the closure.
    pub packages: Vec<String>,
    /// Paths left out; `*` within a name, `**` across names.
    pub exclude: Vec<String>,
}

/// The packages of variants with a shell.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ShellSet {
    /// Key of [`Catalog::debian`].
    pub debian: String,
    /// Roots of the closure, beyond what the base has.
    pub packages: Vec<String>,
    /// Paths left out; `*` within a name, `**` across names.
    pub exclude: Vec<String>,
    /// Symbolic links made by us: path to target.
    pub links: BTreeMap<String, String>,
    /// Path of busybox.
    pub busybox: String,
    /// Names in `/usr/bin` that are links to busybox.
    pub applets: Vec<String>,
}

/// A Java runtime made by jlink from Debian's packages.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct JavaRuntime {
    /// Key of [`Catalog::debian`].
    pub debian: String,
    /// Holds `jmods/` and `bin/jlink`.
    pub jdk_package: String,
    /// Holds `lib/modules` and the native libraries that jlink itself runs on.
    pub jre_package: String,
    /// Where the runtime stands in the image.
    pub home: String,
    /// Modules of the image, beside those they require.
    pub modules: Vec<String>,
    /// Further options of jlink.
    pub options: Vec<String>,
    /// Modules of which only a part stays.
    #[serde(default)]
    pub cut: Vec<ModuleCut>,
}

/// A module cut down to named files and one file of every other package.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ModuleCut {
    /// `java.desktop`
    pub module: String,
    /// What stays in full; `*` within a name, `**` across names.
    pub keep: Vec<String>,
}

impl Tarball {
    /// What the archive must be.
    #[must_use]
    pub fn expected(&self) -> Expected {
        Expected {
            digest: self.digest.clone(),
            size: self.size,
        }
    }
}

impl Release {
    /// The archive's file name.
    #[must_use]
    pub fn tarball_name(&self) -> String {
        format!("{}.tar.gz", self.tarball_folder())
    }

    /// The archive below the root of a mirror of Apache's releases.
    #[must_use]
    pub fn tarball_path(&self) -> String {
        let version = &self.version;
        format!("zookeeper/zookeeper-{version}/{}", self.tarball_name())
    }

    /// The archive's top folder.
    #[must_use]
    pub fn tarball_folder(&self) -> String {
        format!("apache-zookeeper-{}-bin", self.version)
    }

    /// The jars that an image gets.
    pub fn image_jars(&self) -> impl Iterator<Item = &Coordinates> {
        let exclude = PathPatterns(&self.exclude);
        (self.jars.iter()).filter(move |jar| !exclude.matches(&jar.file_name()))
    }
}

impl Catalog {
    /// The release of this version.
    #[must_use]
    pub fn release(&self, version: &str) -> Option<&Release> {
        self.releases
            .iter()
            .find(|release| release.version == version)
    }
}
