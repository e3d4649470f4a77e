//! The JSON documents of one platform: config and manifest; and the index over all platforms.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, UNIX_EPOCH};

use anyhow::Context;
use oci_spec::image::{
    ANNOTATION_CREATED, ANNOTATION_VERSION, ConfigBuilder, Descriptor, DescriptorBuilder,
    HistoryBuilder, ImageConfigurationBuilder, ImageIndexBuilder, ImageManifestBuilder, MediaType,
    PlatformBuilder, RootFsBuilder, Sha256Digest,
};
use serde::Serialize;
use serde_json::Value;

use super::Layer;
use crate::catalog::{HealthCheckSettings, Platform};
use crate::json;
use crate::plan::{LayerRecipe, Plan};

/// A JSON blob and what points to it.
#[derive(Debug, Clone)]
pub(super) struct Document {
    /// Canonical bytes.
    pub(super) bytes: Vec<u8>,
    /// Media type, digest, size.
    pub(super) descriptor: Descriptor,
}

impl Document {
    fn new(media_type: MediaType, value: &impl Serialize) -> anyhow::Result<Self> {
        let bytes = json::canonical(value);
        let digest = layers::Digest::sha256_of(&bytes);
        let descriptor = descriptor(media_type, &digest, bytes.len() as u64)?;
        Ok(Self { bytes, descriptor })
    }
}

fn descriptor(
    media_type: MediaType,
    digest: &layers::Digest,
    size: u64,
) -> anyhow::Result<Descriptor> {
    let digest: Sha256Digest = digest.hex().parse().context("a SHA-256 digest")?;
    Ok(DescriptorBuilder::default()
        .media_type(media_type)
        .digest(digest)
        .size(size)
        .build()?)
}

/// The config of one platform.
pub(super) fn config(
    plan: &Plan<'_>,
    platform: Platform,
    layers: &[(&LayerRecipe, Layer)],
) -> anyhow::Result<Document> {
    let image = plan.image;
    let created = created(plan);
    let mut environment: BTreeMap<&str, &str> = image
        .environment
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    environment.insert("JAVA_HOME", plan.java_home());
    let config = ConfigBuilder::default()
        .user(plan.variant_settings.user.clone())
        .exposed_ports(image.ports.clone())
        .env(
            environment
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>(),
        )
        .entrypoint(image.entrypoint.clone())
        .cmd(image.command.clone())
        .volumes(image.volumes.clone())
        .working_dir(image.working_directory.clone())
        .labels(labels(plan).into_iter().collect::<HashMap<_, _>>())
        .stop_signal(image.stop_signal.clone())
        .build()?;
    let diff_ids: Vec<String> = layers
        .iter()
        .map(|(_, layer)| layer.diff_id.to_string())
        .collect();
    let mut history = Vec::with_capacity(layers.len());
    for (recipe, _) in layers {
        let entry = HistoryBuilder::default()
            .created(created.clone())
            .created_by(format!("zookiln: {}", recipe.name()));
        history.push(entry.build()?);
    }
    let mut builder = ImageConfigurationBuilder::default()
        .created(created)
        .architecture(platform.architecture())
        .os("linux")
        .config(config)
        .rootfs(
            RootFsBuilder::default()
                .typ("layers")
                .diff_ids(diff_ids)
                .build()?,
        )
        .history(history);
    if let Some(variant) = platform.variant() {
        builder = builder.variant(variant);
    }
    // Docker's health check is no part of the OCI config, so its types have no field for it.
    let mut value = serde_json::to_value(builder.build()?)?;
    let inner = value
        .get_mut("config")
        .and_then(Value::as_object_mut)
        .context("the config has no `config`")?;
    inner.insert(
        "Healthcheck".to_owned(),
        serde_json::to_value(HealthCheck::new(&image.health_check))?,
    );
    Document::new(MediaType::ImageConfig, &value)
}

/// Docker's form; durations are nanoseconds.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct HealthCheck {
    test: Vec<String>,
    interval: u64,
    timeout: u64,
    start_period: u64,
    retries: u32,
}

impl HealthCheck {
    fn new(settings: &HealthCheckSettings) -> Self {
        const SECOND: u64 = 1_000_000_000;
        let test = ["CMD".to_owned()]
            .into_iter()
            .chain(settings.command.iter().cloned())
            .collect();
        Self {
            test,
            interval: settings.interval_seconds * SECOND,
            timeout: settings.timeout_seconds * SECOND,
            start_period: settings.start_period_seconds * SECOND,
            retries: settings.retries,
        }
    }
}

/// The manifest of one platform; its descriptor names the platform, as an index wants it.
pub(super) fn manifest(
    plan: &Plan<'_>,
    platform: Platform,
    config: &Document,
    layers: &[(&LayerRecipe, Layer)],
) -> anyhow::Result<Document> {
    let descriptors = (layers.iter())
        .map(|(_, layer)| descriptor(MediaType::ImageLayerGzip, &layer.digest, layer.size))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let manifest = ImageManifestBuilder::default()
        .schema_version(2u32)
        .media_type(MediaType::ImageManifest)
        .config(config.descriptor.clone())
        .layers(descriptors)
        .annotations(labels(plan).into_iter().collect::<HashMap<_, _>>())
        .build()?;
    let mut document = Document::new(MediaType::ImageManifest, &manifest)?;
    let mut named = PlatformBuilder::default()
        .architecture(platform.architecture())
        .os("linux");
    if let Some(variant) = platform.variant() {
        named = named.variant(variant);
    }
    document.descriptor.set_platform(Some(named.build()?));
    Ok(document)
}

/// The index over all platforms, also where there is one: a flat layout cannot be pushed as
/// multi-platform later.
pub(super) fn index(plan: &Plan<'_>, manifests: &[Document]) -> anyhow::Result<Document> {
    let index = ImageIndexBuilder::default()
        .schema_version(2u32)
        .media_type(MediaType::ImageIndex)
        .manifests(
            manifests
                .iter()
                .map(|manifest| manifest.descriptor.clone())
                .collect::<Vec<_>>(),
        )
        .annotations(labels(plan).into_iter().collect::<HashMap<_, _>>())
        .build()?;
    Document::new(MediaType::ImageIndex, &index)
}

fn labels(plan: &Plan<'_>) -> BTreeMap<String, String> {
    let mut labels = plan.image.labels.clone();
    labels.insert(ANNOTATION_VERSION.to_owned(), plan.release.version.clone());
    labels.insert(ANNOTATION_CREATED.to_owned(), created(plan));
    labels
}

/// RFC 3339: `docker load` refuses anything else.
fn created(plan: &Plan<'_>) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(plan.created)).to_string()
}
