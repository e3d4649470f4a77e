//! An image and the one that was built in its place again: what to build, and where they differ.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::top::version_of;
use crate::catalog::{Platform, UnknownPlatform, Variant};
use crate::image::{Image, PlatformImage, Record};
use crate::plan::{Plan, Request};

/// What was asked for when the image was built, by what a verified layout says; with its version.
pub(crate) fn request(
    image: &Image,
    record: &Record,
) -> Result<(String, Request), UnknownPlatform> {
    let tag = image.tag.as_deref().unwrap_or_default();
    let version = version_of(tag);
    let suffix = &tag[version.len()..];
    let variant = Variant::ALL.into_iter().find(|it| it.suffix() == suffix);
    let platforms = image.platforms.iter().map(|image| image.platform.parse());
    let request = Request {
        variant: variant.unwrap_or(Variant::Full),
        platforms: platforms.collect::<Result<Vec<Platform>, _>>()?,
        source_date_epoch: record.created.parse().ok(),
    };
    Ok((version.to_owned(), request))
}

/// What a person may have changed since an image was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Change {
    Catalog,
    Lock,
    Program,
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Catalog => "the catalog",
            Self::Lock => "the lock",
            Self::Program => "the program",
        })
    }
}

/// Why a plan is another one than the image was built by. All of them where the record does not say;
/// nothing where it is the same.
pub(crate) fn changes(record: &Record, plan: &Plan<'_>) -> Vec<Change> {
    if record.identity == plan.identity(record.source) {
        return Vec::new();
    }
    let now = plan.parts();
    let Some(then) = &record.parts else {
        return vec![Change::Catalog, Change::Lock, Change::Program];
    };
    // The time of an image is the catalog's, or an earlier one that was asked for.
    let is_other_time = record.created != plan.created.to_string();
    let all = [
        (
            Change::Catalog,
            then.catalog != now.catalog || is_other_time,
        ),
        (Change::Lock, then.lock != now.lock),
        (Change::Program, then.program != now.program),
    ];
    let changed = all.into_iter().filter(|(_, has_changed)| *has_changed);
    changed.map(|(change, _)| change).collect()
}

/// A part of an image that did not come again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Difference {
    /// `linux/amd64`; `None` where it is about all of them.
    pub(crate) platform: Option<String>,
    /// `layer base`, `config`
    pub(crate) part: String,
    /// The image's; `None` where it has none.
    pub(crate) expected: Option<String>,
    /// That of the rebuilt one.
    pub(crate) found: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let platform = self.platform.as_deref().unwrap_or("all platforms");
        let [expected, found] =
            [&self.expected, &self.found].map(|digest| digest.as_deref().unwrap_or("none"));
        write!(
            formatter,
            "{platform}, {}: expected {expected}, found {found}",
            self.part
        )
    }
}

/// Where the second image is not the first.
pub(crate) fn differences(expected: &Image, found: &Image) -> Vec<Difference> {
    if expected.index.digest == found.index.digest {
        return Vec::new();
    }
    let mut differences = Vec::new();
    for image in &expected.platforms {
        let other = (found.platforms.iter()).find(|other| other.platform == image.platform);
        match other {
            Some(other) if other.manifest == image.manifest => {}
            Some(other) => differences.extend(in_platform(image, other)),
            None => differences.push(Difference {
                platform: Some(image.platform.clone()),
                part: "manifest".to_owned(),
                expected: Some(image.manifest.digest.to_string()),
                found: None,
            }),
        }
    }
    if differences.is_empty() {
        differences.push(Difference {
            platform: None,
            part: "index".to_owned(),
            expected: Some(expected.index.digest.to_string()),
            found: Some(found.index.digest.to_string()),
        });
    }
    differences
}

fn in_platform(expected: &PlatformImage, found: &PlatformImage) -> Vec<Difference> {
    let difference = |part: String, expected_digest, found_digest| Difference {
        platform: Some(expected.platform.clone()),
        part,
        expected: expected_digest,
        found: found_digest,
    };
    let mut differences = Vec::new();
    for position in 0..expected.layers.len().max(found.layers.len()) {
        let layers = [expected, found].map(|image| image.layers.get(position));
        if layers[0] != layers[1] {
            let name = layer_name(expected, position).or_else(|| layer_name(found, position));
            let part = format!("layer {}", name.unwrap_or_else(|| position.to_string()));
            let [one, other] = layers.map(|layer| layer.map(|layer| layer.digest.to_string()));
            differences.push(difference(part, one, other));
        }
    }
    let digests = |image: &PlatformImage| {
        [&image.config, &image.manifest].map(|blob| blob.digest.to_string())
    };
    let [[config, manifest], [other_config, other_manifest]] = [digests(expected), digests(found)];
    // A config lists the layers: what it says beside is what it may differ in by itself.
    if without_layers(&expected.config_document) != without_layers(&found.config_document) {
        differences.push(difference(
            "config".to_owned(),
            Some(config),
            Some(other_config),
        ));
    }
    if differences.is_empty() {
        differences.push(difference(
            "manifest".to_owned(),
            Some(manifest),
            Some(other_manifest),
        ));
    }
    differences
}

/// `base`, by the history, which only layers have entries in.
fn layer_name(image: &PlatformImage, position: usize) -> Option<String> {
    let created_by = image.config_document["history"][position]["created_by"].as_str()?;
    Some(created_by.trim_start_matches("zookiln: ").to_owned())
}

fn without_layers(config: &Value) -> Value {
    let mut config = config.clone();
    if let Some(fields) = config.as_object_mut() {
        fields.remove("rootfs");
        fields.remove("history");
    }
    config
}
