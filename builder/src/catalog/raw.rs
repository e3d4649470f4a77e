//! The catalog as it is written: one struct per table, unknown keys refused.

use std::collections::BTreeMap;

use serde::Deserialize;
use signatures::Fingerprint;

use super::{Coordinates, Platform};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawCatalog {
    pub(super) created: String,
    pub(super) platforms: Vec<Platform>,
    pub(super) image: super::ImageSettings,
    pub(super) variant: BTreeMap<super::Variant, super::VariantSettings>,
    pub(super) apache: RawApache,
    pub(super) maven: RawMirrors,
    pub(super) debian: BTreeMap<String, super::DebianArchive>,
    pub(super) base: BTreeMap<String, super::PackageSet>,
    pub(super) shell: BTreeMap<String, super::ShellSet>,
    pub(super) java: BTreeMap<String, super::JavaRuntime>,
    pub(super) release: Vec<RawRelease>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawApache {
    pub(super) mirrors: Vec<String>,
    pub(super) keys: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawMirrors {
    pub(super) mirrors: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawRelease {
    pub(super) version: String,
    pub(super) tags: Vec<String>,
    pub(super) base: String,
    pub(super) shell: String,
    pub(super) java: String,
    pub(super) applets: Vec<String>,
    pub(super) signer: Fingerprint,
    pub(super) tarball: RawTarball,
    #[serde(default)]
    pub(super) maven_lacks: Vec<String>,
    #[serde(default)]
    pub(super) exclude: Vec<String>,
    pub(super) jars: Vec<Coordinates>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawTarball {
    pub(super) size: Option<u64>,
    pub(super) sha512: String,
}
