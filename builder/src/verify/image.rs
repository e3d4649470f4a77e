//! The nested index, and of each platform manifest and config.

use std::collections::{BTreeMap, BTreeSet};
use std::time::UNIX_EPOCH;

use layers::inspect::Encoding;
use layers::{DiffId, Digest};
use serde_json::{Value, json};

use super::document::Blob;
use super::top::{self, INDEX, INDEX_TYPE, REF_NAME, Top};
use super::{Fault, Verification, files, shape};
use crate::catalog::Platform;

const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_TYPE: &str = "application/vnd.oci.image.config.v1+json";
const LAYER_TYPES: [&str; 3] = [
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd",
    "application/vnd.oci.image.layer.v1.tar",
];
const VERSION: &str = "org.opencontainers.image.version";
const CREATED: &str = "org.opencontainers.image.created";
/// The most layers that engines take.
const LAYER_LIMIT: usize = 127;
/// More than there are platforms that anybody builds for.
const PLATFORM_LIMIT: usize = 32;

/// What the documents of a platform say of its layers.
#[derive(Debug)]
pub(super) struct PlatformDocuments {
    /// The config's file.
    pub(super) config: String,
    /// Of every entry, in seconds since 1970, if that could be found out.
    pub(super) created: Option<u64>,
    /// Lowest first; those that cannot be read are left out.
    pub(super) layers: Vec<NamedLayer>,
}

/// A layer that is there.
#[derive(Debug)]
pub(super) struct NamedLayer {
    pub(super) blob: Blob,
    pub(super) encoding: Encoding,
    /// By the config, and by which of its fields.
    pub(super) diff_id: Option<(String, DiffId)>,
}

/// What all documents of an image must agree about: what the nested index says.
struct Expected<'a> {
    created: Option<&'a str>,
    version: Option<&'a str>,
}

impl Verification<'_> {
    /// Reads the documents of every platform.
    pub(super) fn index(&mut self, top: &Top) -> Vec<PlatformDocuments> {
        let Some(index) = self.document::<shape::Index>(&top.index) else {
            return Vec::new();
        };
        let file = files::name(&top.index.digest);
        self.header(
            &file,
            (index.schema_version, index.media_type.as_deref()),
            INDEX_TYPE,
        );
        self.unknown(&file, "", index.unknown.keys());
        let expected = self.expected(&file, &index.annotations);
        self.names_of(top, &expected);
        if !(1..=PLATFORM_LIMIT).contains(&index.manifests.len()) {
            let found = index.manifests.len().to_string();
            self.value(
                &file,
                "manifests",
                &format!("1 to {PLATFORM_LIMIT}"),
                &found,
            );
            self.is_whole = false;
        }
        let mut seen = BTreeSet::new();
        let mut platforms = Vec::new();
        for (position, descriptor) in index.manifests.iter().take(PLATFORM_LIMIT).enumerate() {
            let field = format!("manifests[{position}]");
            let platform = self.platform(&file, &field, descriptor);
            if !seen.insert(platform.to_string()) {
                self.found(&file, Fault::PlatformTwice(platform.to_string()));
            }
            self.unknown(
                &file,
                &format!("{field}.annotations."),
                descriptor.annotations.keys(),
            );
            if let Some(blob) = self.blob(&file, &field, descriptor, &[MANIFEST_TYPE]) {
                platforms.extend(self.manifest(&blob, &platform, &expected));
            }
        }
        platforms
    }

    fn expected<'i>(
        &mut self,
        file: &str,
        annotations: &'i BTreeMap<String, String>,
    ) -> Expected<'i> {
        let mut get = |name: &str, what| {
            let found = annotations.get(name).map(String::as_str);
            if found.is_none() {
                self.value(file, &format!("annotations.{name}"), what, "none");
            }
            found
        };
        Expected {
            created: get(CREATED, "a time"),
            version: get(VERSION, "a version"),
        }
    }

    /// `index.json`, which may have been written later, against the image.
    fn names_of(&mut self, top: &Top, expected: &Expected<'_>) {
        if let (Some(tag), Some(version)) = (&top.tag, expected.version)
            && top::version_of(tag) != version
        {
            self.value(INDEX, REF_NAME, &format!("a tag of version {version}"), tag);
        }
        if let (Some(seconds), Some(created)) = (&top.created, expected.created)
            && seconds.parse().ok().and_then(top::rfc3339).as_deref() != Some(created)
        {
            self.value(
                INDEX,
                "zookiln.created",
                &format!("that of {created}"),
                seconds,
            );
        }
    }

    /// The platform of a descriptor, which must be one of ours in full.
    fn platform(&mut self, file: &str, field: &str, descriptor: &shape::Descriptor) -> Value {
        let found = descriptor.platform.clone().unwrap_or_default();
        if !Platform::ALL
            .iter()
            .any(|platform| platform_fields(*platform) == found)
        {
            let known: Vec<String> = (Platform::ALL.iter())
                .map(|platform| platform_fields(*platform).to_string())
                .collect();
            let field = format!("{field}.platform");
            self.value(file, &field, &known.join(" or "), &found.to_string());
        }
        found
    }

    fn manifest(
        &mut self,
        blob: &Blob,
        platform: &Value,
        expected: &Expected<'_>,
    ) -> Option<PlatformDocuments> {
        let manifest: shape::Manifest = self.document(blob)?;
        let file = files::name(&blob.digest);
        self.header(
            &file,
            (manifest.schema_version, manifest.media_type.as_deref()),
            MANIFEST_TYPE,
        );
        self.unknown(&file, "", manifest.unknown.keys());
        self.labels(&file, "annotations", &manifest.annotations, expected);
        self.plain(&file, "config", &manifest.config);
        let config_blob = self.blob(&file, "config", &manifest.config, &[CONFIG_TYPE]);
        if !(1..=LAYER_LIMIT).contains(&manifest.layers.len()) {
            let found = manifest.layers.len().to_string();
            self.value(&file, "layers", &format!("1 to {LAYER_LIMIT}"), &found);
            self.is_whole &= manifest.layers.len() < LAYER_LIMIT;
        }
        let mut layers = Vec::new();
        for (position, descriptor) in manifest.layers.iter().take(LAYER_LIMIT).enumerate() {
            let field = format!("layers[{position}]");
            self.plain(&file, &field, descriptor);
            let blob = self.blob(&file, &field, descriptor, &LAYER_TYPES);
            let encoding = descriptor
                .media_type
                .as_deref()
                .and_then(Encoding::of_media_type);
            layers.push(blob.zip(encoding));
        }
        let config_blob = config_blob?;
        let config: shape::Config = self.document(&config_blob)?;
        let file = files::name(&config_blob.digest);
        self.config(&file, &config, platform, expected);
        let diff_ids = self.diff_ids(&file, &config, layers.len());
        let layers = layers
            .into_iter()
            .enumerate()
            .filter_map(|(position, layer)| {
                let (blob, encoding) = layer?;
                Some(NamedLayer {
                    blob,
                    encoding,
                    diff_id: diff_ids.get(position).cloned().flatten(),
                })
            });
        Some(PlatformDocuments {
            layers: layers.collect(),
            created: self.created(&file, &config.created),
            config: file,
        })
    }

    /// A descriptor within a manifest has neither a platform nor annotations.
    fn plain(&mut self, file: &str, field: &str, descriptor: &shape::Descriptor) {
        self.unknown(
            file,
            &format!("{field}.annotations."),
            descriptor.annotations.keys(),
        );
        if descriptor.platform.is_some() {
            let field = format!("{field}.platform");
            self.found(file, Fault::UnknownField { field });
        }
    }

    fn config(
        &mut self,
        file: &str,
        config: &shape::Config,
        platform: &Value,
        expected: &Expected<'_>,
    ) {
        self.unknown(file, "", config.unknown.keys());
        self.unknown(file, "rootfs.", config.rootfs.unknown.keys());
        let mut found = json!({ "architecture": config.architecture, "os": config.os });
        if let Some(variant) = &config.variant {
            found["variant"] = json!(variant);
        }
        if found != *platform {
            let expected = format!("those of the manifest's platform, {platform}");
            self.value(
                file,
                "architecture, os, variant",
                &expected,
                &found.to_string(),
            );
        }
        self.same(file, "created", expected.created, Some(&config.created));
        self.labels(file, "config.Labels", &config.config.labels, expected);
        for (position, entry) in config.history.iter().enumerate() {
            let field = format!("history[{position}].created");
            self.same(
                file,
                &field,
                Some(&config.created),
                entry.created.as_deref(),
            );
        }
        if config.rootfs.kind != "layers" {
            self.value(file, "rootfs.type", "layers", &config.rootfs.kind);
        }
    }

    fn diff_ids(
        &mut self,
        file: &str,
        config: &shape::Config,
        layers: usize,
    ) -> Vec<Option<(String, DiffId)>> {
        let histories = config
            .history
            .iter()
            .filter(|entry| !entry.empty_layer)
            .count();
        for (field, count) in [
            ("rootfs.diff_ids", config.rootfs.diff_ids.len()),
            ("history", histories),
        ] {
            if count != layers {
                let expected = format!("{layers}, one for each layer");
                self.value(file, field, &expected, &count.to_string());
            }
        }
        let diff_ids = config.rootfs.diff_ids.iter().enumerate();
        diff_ids
            .map(|(position, text)| {
                let field = format!("rootfs.diff_ids[{position}]");
                match text.parse::<Digest>() {
                    Ok(digest) => Some((field, DiffId(digest))),
                    Err(error) => {
                        let (text, reason) = (text.clone(), error.to_string());
                        self.found(
                            file,
                            Fault::Digest {
                                field,
                                text,
                                reason,
                            },
                        );
                        None
                    }
                }
            })
            .collect()
    }

    /// Version and time, which index, manifest and config all have.
    fn labels(
        &mut self,
        file: &str,
        field: &str,
        labels: &BTreeMap<String, String>,
        expected: &Expected<'_>,
    ) {
        for (name, expected) in [(VERSION, expected.version), (CREATED, expected.created)] {
            let found = labels.get(name).map(String::as_str);
            self.same(file, &format!("{field}.{name}"), expected, found);
        }
    }

    /// Says nothing where what is to be expected is not known.
    fn same(&mut self, file: &str, field: &str, expected: Option<&str>, found: Option<&str>) {
        if let Some(expected) = expected
            && found != Some(expected)
        {
            self.value(file, field, expected, found.unwrap_or("none"));
        }
    }

    /// Seconds since 1970.
    fn created(&mut self, file: &str, text: &str) -> Option<u64> {
        let time = humantime::parse_rfc3339(text).ok();
        let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let seconds = since.map(|since| since.as_secs());
        if seconds.and_then(top::rfc3339).as_deref() != Some(text) {
            self.value(file, "created", "a time such as 2026-01-01T00:00:00Z", text);
            return None;
        }
        seconds
    }
}

/// As an index writes it.
fn platform_fields(platform: Platform) -> Value {
    let mut fields = json!({ "architecture": platform.architecture(), "os": "linux" });
    if let Some(variant) = platform.variant() {
        fields["variant"] = json!(variant);
    }
    fields
}
