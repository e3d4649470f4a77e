//! A reader of image layouts that shares no code with their writer.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde_json::Value;

/// The image of one platform.
#[derive(Debug)]
pub struct PlatformImage {
    /// `linux/amd64`, `linux/arm64/v8`.
    pub platform: String,
    /// Digest of its manifest.
    pub digest: String,
    /// Its manifest.
    pub manifest: Value,
    /// Its config.
    pub config: Value,
}

/// A layer as its manifest names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Layer {
    /// Of the compressed bytes.
    pub digest: String,
    /// Of the compressed bytes.
    pub size: u64,
}

/// A layout and the one image in it.
#[derive(Debug)]
pub struct Layout {
    /// Its directory.
    pub path: PathBuf,
    /// The only descriptor of `index.json`.
    pub descriptor: Value,
    /// What the build wrote down of itself: the annotations of `index.json`.
    pub record: Value,
    /// One entry per platform, in the order of the image's index.
    pub platforms: Vec<PlatformImage>,
}

impl Layout {
    /// Reads the documents, down to the configs.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let index = document(&path.join("index.json"))?;
        let [descriptor] = list(&index["manifests"])? else {
            anyhow::bail!("`{}` does not have exactly one descriptor", path.display());
        };
        let nested = document(&blob(path, &descriptor["digest"])?)?;
        let platforms = list(&nested["manifests"])?
            .iter()
            .map(|descriptor| {
                let manifest = document(&blob(path, &descriptor["digest"])?)?;
                let config = document(&blob(path, &manifest["config"]["digest"])?)?;
                Ok(PlatformImage {
                    platform: platform(&descriptor["platform"])?,
                    digest: text(&descriptor["digest"])?.to_owned(),
                    manifest,
                    config,
                })
            })
            .collect::<anyhow::Result<_>>()?;
        Ok(Self {
            path: path.to_owned(),
            descriptor: descriptor.clone(),
            record: index["annotations"].clone(),
            platforms,
        })
    }

    /// Digest of the image: of its index.
    pub fn digest(&self) -> anyhow::Result<&str> {
        text(&self.descriptor["digest"])
    }

    /// The image whose platform starts so.
    pub fn platform(&self, name: &str) -> anyhow::Result<&PlatformImage> {
        (self.platforms.iter())
            .find(|image| image.platform.starts_with(name))
            .with_context(|| format!("`{}` has no {name}", self.path.display()))
    }

    /// Where a blob is.
    pub fn blob(&self, digest: &str) -> anyhow::Result<PathBuf> {
        blob(&self.path, &Value::from(digest))
    }
}

impl PlatformImage {
    /// The layers, lowest first.
    pub fn layers(&self) -> anyhow::Result<Vec<Layer>> {
        list(&self.manifest["layers"])?
            .iter()
            .map(|layer| {
                Ok(Layer {
                    digest: text(&layer["digest"])?.to_owned(),
                    size: layer["size"].as_u64().context("a layer without a size")?,
                })
            })
            .collect()
    }
}

/// Keys of a JSON object; the config writes sets that way.
#[must_use]
pub fn keys(value: &Value) -> Vec<&str> {
    (value.as_object())
        .map(|map| map.keys().map(String::as_str).collect())
        .unwrap_or_default()
}

fn document(path: &Path) -> anyhow::Result<Value> {
    let bytes = fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("`{}` is not JSON", path.display()))
}

fn blob(layout: &Path, digest: &Value) -> anyhow::Result<PathBuf> {
    let digest = text(digest)?;
    let hex = (digest.strip_prefix("sha256:"))
        .with_context(|| format!("`{digest}` is not a sha256 digest"))?;
    ensure!(
        hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "`{digest}` is not a sha256 digest"
    );
    Ok(layout.join("blobs/sha256").join(hex))
}

fn platform(value: &Value) -> anyhow::Result<String> {
    let mut name = format!("{}/{}", text(&value["os"])?, text(&value["architecture"])?);
    if let Some(variant) = value["variant"].as_str() {
        name = format!("{name}/{variant}");
    }
    Ok(name)
}

fn list(value: &Value) -> anyhow::Result<&[Value]> {
    let list = value
        .as_array()
        .with_context(|| format!("not a list: {value}"))?;
    Ok(list)
}

fn text(value: &Value) -> anyhow::Result<&str> {
    value
        .as_str()
        .with_context(|| format!("not a text: {value}"))
}
