//! The documents of a layout as they are, before it is known whether they are as they must be.
//!
//! What the specification leaves out in places is optional here, and what it does not know is kept,
//! so that each is a finding of its own.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// Fields that no document of ours has.
type Unknown = BTreeMap<String, Value>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    pub(super) media_type: Option<String>,
    pub(super) digest: String,
    pub(super) size: u64,
    pub(super) platform: Option<Value>,
    #[serde(default)]
    pub(super) annotations: BTreeMap<String, String>,
    #[serde(flatten)]
    pub(super) unknown: Unknown,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Index {
    pub(super) schema_version: Option<u64>,
    pub(super) media_type: Option<String>,
    pub(super) manifests: Vec<Descriptor>,
    #[serde(default)]
    pub(super) annotations: BTreeMap<String, String>,
    #[serde(flatten)]
    pub(super) unknown: Unknown,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    pub(super) schema_version: Option<u64>,
    pub(super) media_type: Option<String>,
    pub(super) config: Descriptor,
    pub(super) layers: Vec<Descriptor>,
    #[serde(default)]
    pub(super) annotations: BTreeMap<String, String>,
    #[serde(flatten)]
    pub(super) unknown: Unknown,
}

#[derive(Debug, Deserialize)]
pub(super) struct Config {
    pub(super) created: String,
    pub(super) architecture: String,
    pub(super) os: String,
    pub(super) variant: Option<String>,
    pub(super) config: ContainerConfig,
    pub(super) rootfs: RootFs,
    pub(super) history: Vec<History>,
    #[serde(flatten)]
    pub(super) unknown: Unknown,
}

/// What a container starts with. That it is the right thing only a rebuild can tell.
#[derive(Debug, Deserialize)]
pub(super) struct ContainerConfig {
    #[serde(rename = "Labels", default)]
    pub(super) labels: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RootFs {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) diff_ids: Vec<String>,
    #[serde(flatten)]
    pub(super) unknown: Unknown,
}

#[derive(Debug, Deserialize)]
pub(super) struct History {
    pub(super) created: Option<String>,
    #[serde(default)]
    pub(super) empty_layer: bool,
}
