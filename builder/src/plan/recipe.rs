//! What each layer is made of. The canonical JSON of a recipe is the key under which the finished
//! layer is kept, so a recipe holds all that shapes the layer's bytes.

use std::collections::{BTreeMap, BTreeSet};

use layers::Digest;
use serde::Serialize;

use super::{Plan, Source};
use crate::catalog::{Coordinates, JavaRuntime, Platform, UserSettings};
use crate::entrypoint;
use crate::lock::LockedPackage;
use crate::store::DerivedKey;

/// One layer of one platform.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "layer", rename_all = "kebab-case")]
pub enum LayerRecipe {
    /// The C library and friends, users, os-release.
    Base(BaseRecipe),
    /// The trimmed Java runtime.
    Java(JavaRecipe),
    /// ZooKeeper's jars; the same for every platform.
    ZooKeeper(ZooKeeperRecipe),
    /// bash and busybox.
    Shell(ShellRecipe),
    /// Our entrypoint, its names, default files and the volumes.
    Own(OwnRecipe),
}

/// See [`LayerRecipe::Base`].
#[derive(Debug, Clone, Serialize)]
pub struct BaseRecipe {
    /// Whose packages.
    pub platform: Platform,
    /// In order of name.
    pub packages: Vec<LockedPackage>,
    /// Path patterns.
    pub exclude: Vec<String>,
    /// The user beside root.
    pub user: UserSettings,
}

/// See [`LayerRecipe::Java`].
#[derive(Debug, Clone, Serialize)]
pub struct JavaRecipe {
    /// The platform the runtime is for.
    pub platform: Platform,
    /// The package with the target's `jmods/`.
    pub jdk: LockedPackage,
    /// The target's runtime package, whose licence is in the layer.
    pub jre: LockedPackage,
    /// Modules, options, cut.
    pub runtime: JavaRuntime,
}

/// See [`LayerRecipe::ZooKeeper`].
#[derive(Debug, Clone, Serialize)]
pub struct ZooKeeperRecipe {
    /// Where the jars come from.
    pub origin: ZooKeeperOrigin,
}

/// The bytes of ZooKeeper.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ZooKeeperOrigin {
    /// `lib/*.jar` of the archive with this digest.
    Tarball {
        /// SHA-512 of the archive.
        archive: Digest,
        /// Its top folder.
        folder: String,
        /// Patterns for file names of jars that stay out.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        exclude: Vec<String>,
        /// The same jars by Maven, to say where the archive's differ.
        jars: BTreeMap<Coordinates, Digest>,
    },
    /// These jars.
    Jars(BTreeMap<Coordinates, Digest>),
}

/// See [`LayerRecipe::Shell`].
#[derive(Debug, Clone, Serialize)]
pub struct ShellRecipe {
    /// Whose packages.
    pub platform: Platform,
    /// In order of name.
    pub packages: Vec<LockedPackage>,
    /// Path patterns.
    pub exclude: Vec<String>,
    /// Links made by us.
    pub links: BTreeMap<String, String>,
    /// Path of busybox.
    pub busybox: String,
    /// Its names in `/usr/bin`.
    pub applets: Vec<String>,
}

/// See [`LayerRecipe::Own`].
#[derive(Debug, Clone, Serialize)]
pub struct OwnRecipe {
    /// Whose binary.
    pub platform: Platform,
    /// SHA-256 of the entrypoint.
    pub entrypoint: Digest,
    /// SHA-256 of each file laid into the image, by path.
    pub files: BTreeMap<String, Digest>,
    /// Names of the binary.
    pub applets: Vec<String>,
    /// Directories that the daemon user owns.
    pub volumes: Vec<String>,
    /// The daemon user.
    pub user: UserSettings,
}

/// What shapes every layer, whatever is in it.
#[derive(Debug, Serialize)]
struct Common {
    created: u64,
    /// Of the tar and gzip bytes.
    format: u32,
    /// Of the source of this program, so that no change to it can meet a stale layer.
    program: &'static str,
}

impl LayerRecipe {
    /// What a person calls this layer.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Base(_) => "base",
            Self::Java(_) => "java",
            Self::ZooKeeper(_) => "zookeeper",
            Self::Shell(_) => "shell",
            Self::Own(_) => "entrypoint",
        }
    }

    /// The platform this layer is for; `None` where it fits all.
    #[must_use]
    pub fn platform(&self) -> Option<Platform> {
        match self {
            Self::Base(recipe) => Some(recipe.platform),
            Self::Java(recipe) => Some(recipe.platform),
            Self::Shell(recipe) => Some(recipe.platform),
            Self::Own(recipe) => Some(recipe.platform),
            Self::ZooKeeper(_) => None,
        }
    }

    /// Where the finished layer is kept.
    #[must_use]
    pub fn key(&self, created: u64) -> DerivedKey {
        DerivedKey::of("layer", &(common(created), self))
    }
}

fn common(created: u64) -> Common {
    Common {
        created,
        format: layers::FORMAT_VERSION,
        program: crate::SOURCE_DIGEST,
    }
}

impl Plan<'_> {
    /// The layers of one platform, lowest first. Base, Java and ZooKeeper do not depend on the
    /// variant, so that both share them.
    #[must_use]
    pub fn layers(&self, platform: Platform, source: Source) -> Vec<LayerRecipe> {
        let base = &self.catalog.bases[&self.release.base];
        let mut layers = vec![
            LayerRecipe::Base(BaseRecipe {
                platform,
                packages: self.set(&self.base_set(), platform),
                exclude: base.exclude.clone(),
                user: self.image.user.clone(),
            }),
            LayerRecipe::Java(self.java(platform)),
            LayerRecipe::ZooKeeper(self.zookeeper(source)),
        ];
        if self.variant_settings.shell {
            let shell = &self.catalog.shells[&self.release.shell];
            layers.push(LayerRecipe::Shell(ShellRecipe {
                platform,
                packages: self.set(&self.shell_set(), platform),
                exclude: shell.exclude.clone(),
                links: shell.links.clone(),
                busybox: shell.busybox.clone(),
                applets: shell.applets.clone(),
            }));
        }
        layers.push(LayerRecipe::Own(OwnRecipe {
            platform,
            entrypoint: Digest::sha256_of(entrypoint::binary(platform)),
            files: entrypoint::FILES
                .iter()
                .map(|(path, bytes)| ((*path).to_owned(), Digest::sha256_of(bytes)))
                .collect(),
            applets: self.release.applets.clone(),
            volumes: self.image.volumes.clone(),
            user: self.image.user.clone(),
        }));
        layers
    }

    /// The Java runtime of one platform.
    fn java(&self, platform: Platform) -> JavaRecipe {
        let runtime = &self.catalog.java[&self.release.java];
        let package = |name| {
            self.package(&self.java_set(), name, platform)
                .expect("`Plan::new` checked that it is locked")
        };
        JavaRecipe {
            platform,
            jdk: package(&runtime.jdk_package),
            jre: package(&runtime.jre_package),
            runtime: runtime.clone(),
        }
    }

    /// What jlink needs to run on `host`: the JDK, the runtime it runs on, and its C libraries.
    #[must_use]
    pub fn jlink_packages(&self, host: Platform) -> Vec<LockedPackage> {
        let mut packages = self.set(&self.java_set(), host);
        packages.extend(self.set(&self.base_set(), host));
        packages
    }

    fn zookeeper(&self, source: Source) -> ZooKeeperRecipe {
        let jars = (self.jars.iter())
            .map(|jar| (jar.coordinates.clone(), jar.expected.digest.clone()))
            .collect();
        let origin = match source {
            Source::Tarball => ZooKeeperOrigin::Tarball {
                archive: self.release.tarball.digest.clone(),
                folder: self.release.tarball_folder(),
                exclude: self.release.exclude.clone(),
                jars,
            },
            Source::Maven => ZooKeeperOrigin::Jars(jars),
        };
        ZooKeeperRecipe { origin }
    }

    /// The Debian packages that making `recipe` on `host` reads.
    #[must_use]
    pub fn packages_for(&self, recipe: &LayerRecipe, host: Platform) -> BTreeSet<LockedPackage> {
        match recipe {
            LayerRecipe::Base(recipe) => recipe.packages.iter().cloned().collect(),
            LayerRecipe::Shell(recipe) => recipe.packages.iter().cloned().collect(),
            LayerRecipe::Java(recipe) => self
                .jlink_packages(host)
                .into_iter()
                .chain([recipe.jdk.clone()])
                .collect(),
            LayerRecipe::ZooKeeper(_) | LayerRecipe::Own(_) => BTreeSet::new(),
        }
    }

    /// Digest over all that shapes the image: the same identity and source mean the same bytes.
    #[must_use]
    pub fn identity(&self, source: Source) -> Digest {
        let layers: Vec<_> = self
            .platforms
            .iter()
            .map(|platform| (platform, self.layers(*platform, source)))
            .collect();
        super::identity(&(
            common(self.created),
            self.image,
            self.variant_settings,
            &self.release.version,
            layers,
        ))
    }
}
