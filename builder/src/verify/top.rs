//! `oci-layout` and `index.json`, which no digest covers.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};

use super::document::Blob;
use super::{Fault, Verification, shape};
use crate::catalog::Variant;
use crate::image::{Record, Seal};

pub(super) const INDEX: &str = "index.json";
const MARKER: &str = "oci-layout";
pub(super) const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const REF_NAME: &str = "org.opencontainers.image.ref.name";
const IMAGE_NAME: &str = "io.containerd.image.name";

/// What `index.json` says of the image.
pub(super) struct Top {
    pub(super) index: Blob,
    pub(super) tag: Option<String>,
    /// Of the build record: seconds since 1970.
    pub(super) created: Option<String>,
}

impl Verification<'_> {
    /// Reads both files; `None` where there is no image to be looked at.
    pub(super) fn top(&mut self) -> Option<Top> {
        self.marker();
        let bytes = self.file(INDEX)?;
        let value = self.parsed(INDEX, &bytes)?;
        let record = self.record(&value);
        let index: shape::Index = self.shaped(INDEX, value)?;
        self.header(
            INDEX,
            (index.schema_version, index.media_type.as_deref()),
            INDEX_TYPE,
        );
        self.unknown(INDEX, "", index.unknown.keys());
        let [descriptor] = index.manifests.as_slice() else {
            self.value(
                INDEX,
                "manifests",
                "one image",
                &index.manifests.len().to_string(),
            );
            self.is_whole = false;
            return None;
        };
        let tag = self.names(descriptor);
        let index = self.blob(INDEX, "manifests[0]", descriptor, &[INDEX_TYPE])?;
        let created = record.map(|record| record.created);
        Some(Top {
            index,
            tag,
            created,
        })
    }

    fn marker(&mut self) {
        let Some(bytes) = self.file(MARKER) else {
            return;
        };
        let Some(found) = self.parsed(MARKER, &bytes) else {
            return;
        };
        if found != json!({ "imageLayoutVersion": "1.0.0" }) {
            let expected = r#"{"imageLayoutVersion":"1.0.0"}"#;
            self.value(MARKER, "", expected, &found.to_string());
        }
    }

    fn record(&mut self, index: &Value) -> Option<Record> {
        let record = Record::of(index);
        match (&record, Seal::of(index)) {
            (None, Seal::Missing) => self.found(INDEX, Fault::NoRecord),
            (_, Seal::Missing) => self.found(INDEX, Fault::NoSeal),
            (_, Seal::Broken) => self.found(INDEX, Fault::BrokenSeal),
            (None, Seal::Intact) => self.found(INDEX, Fault::NoRecord),
            (Some(_), Seal::Intact) => {}
        }
        record
    }

    /// The names by which tools find the image; returns the tag.
    fn names(&mut self, descriptor: &shape::Descriptor) -> Option<String> {
        let annotations = &descriptor.annotations;
        let name = |name| annotations.get(name).map_or("none", String::as_str);
        let tag = Some(name(REF_NAME)).filter(|tag| is_tag(tag));
        match tag {
            Some(tag) => {
                let (found, end) = (name(IMAGE_NAME), format!(":{tag}"));
                let repository = found.strip_suffix(&end);
                if repository.is_none_or(str::is_empty) {
                    self.value(INDEX, IMAGE_NAME, &format!("a name with `{end}`"), found);
                }
            }
            None => self.value(INDEX, REF_NAME, "a bare tag", name(REF_NAME)),
        }
        let others = annotations
            .keys()
            .filter(|name| ![REF_NAME, IMAGE_NAME].contains(&name.as_str()));
        self.unknown(INDEX, "manifests[0].annotations.", others);
        if let Some(platform) = &descriptor.platform {
            self.value(
                INDEX,
                "manifests[0].platform",
                "none",
                &platform.to_string(),
            );
        }
        tag.map(str::to_owned)
    }
}

/// What a registry takes for a tag.
fn is_tag(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_');
    let is_tag_character = |it: char| it.is_ascii_alphanumeric() || "_.-".contains(it);
    begins && text.len() <= 128 && text.chars().all(is_tag_character)
}

/// The version that a tag is of: without what a variant appends.
pub(super) fn version_of(tag: &str) -> &str {
    let variants = Variant::ALL.into_iter().map(Variant::suffix);
    let suffixes = variants.filter(|suffix| !suffix.is_empty());
    let mut versions = suffixes.filter_map(|suffix| tag.strip_suffix(suffix));
    versions.next().unwrap_or(tag)
}

/// As documents write a time; `None` beyond the year 9999.
pub(super) fn rfc3339(seconds: u64) -> Option<String> {
    const YEAR_10000: u64 = 253_402_300_800;
    let time = UNIX_EPOCH + Duration::from_secs(seconds);
    (seconds < YEAR_10000).then(|| humantime::format_rfc3339_seconds(time).to_string())
}
