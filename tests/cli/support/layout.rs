//! An image layout, read by nothing but the specification: every blob is checked on the way.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde_json::Value;

use super::digest::sha256;

pub(crate) struct Layout {
    pub(crate) path: PathBuf,
    /// `index.json`
    pub(crate) top: Value,
    /// The one descriptor in it.
    pub(crate) descriptor: Value,
    /// What it names: the image index.
    pub(crate) index: Value,
    pub(crate) images: Vec<PlatformImage>,
}

pub(crate) struct PlatformImage {
    /// Of the index.
    pub(crate) descriptor: Value,
    pub(crate) manifest: Value,
    pub(crate) config: Value,
    pub(crate) layers: Vec<Layer>,
}

pub(crate) struct Layer {
    /// `base`, `java`, …
    pub(crate) name: String,
    /// `sha256:…` of the compressed blob.
    pub(crate) digest: String,
    pub(crate) tar: Vec<u8>,
}

impl Layout {
    /// Reads and checks everything; panics at the first thing that is not as it must be.
    pub(crate) fn read(path: &Path) -> Self {
        let marker = json(&fs::read(path.join("oci-layout")).unwrap());
        assert_eq!(marker["imageLayoutVersion"], "1.0.0");
        let top = json(&fs::read(path.join("index.json")).unwrap());
        let manifests = top["manifests"].as_array().unwrap();
        assert_eq!(manifests.len(), 1, "exactly one descriptor in index.json");
        let descriptor = manifests[0].clone();

        let mut seen = BTreeSet::new();
        let index = json(&blob(path, &descriptor, &mut seen));
        let mut images = Vec::new();
        for descriptor in index["manifests"].as_array().unwrap() {
            let manifest = json(&blob(path, descriptor, &mut seen));
            let config = json(&blob(path, &manifest["config"], &mut seen));
            let layers = layers(path, &manifest, &config, &mut seen);
            images.push(PlatformImage {
                descriptor: descriptor.clone(),
                manifest,
                config,
                layers,
            });
        }
        let there: BTreeSet<String> = fs::read_dir(path.join("blobs/sha256"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(there, seen, "exactly the blobs that the image needs");
        Self {
            path: path.to_owned(),
            top,
            descriptor,
            index,
            images,
        }
    }

    /// `sha256:…` of the image.
    pub(crate) fn digest(&self) -> &str {
        self.descriptor["digest"].as_str().unwrap()
    }

    pub(crate) fn blob_path(&self, digest: &str) -> PathBuf {
        self.path.join("blobs").join(digest.replace(':', "/"))
    }
}

impl PlatformImage {
    pub(crate) fn layer(&self, name: &str) -> &Layer {
        let mut found = self.layers.iter().filter(|layer| layer.name == name);
        found
            .next()
            .unwrap_or_else(|| panic!("there is no layer `{name}`"))
    }
}

impl Layer {
    /// Path, mode and owner of every entry, and the target of a link.
    pub(crate) fn listing(&self) -> Vec<String> {
        let mut archive = tar::Archive::new(self.tar.as_slice());
        let entries = archive.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            let header = entry.header();
            let target = match entry.link_name().unwrap() {
                Some(target) => format!(" -> {}", target.display()),
                None => String::new(),
            };
            format!(
                "{:04o} {}:{} {}{target}",
                header.mode().unwrap(),
                header.uid().unwrap(),
                header.gid().unwrap(),
                entry.path().unwrap().display()
            )
        });
        entries.collect()
    }

    /// The text of a file in it.
    pub(crate) fn text(&self, path: &str) -> String {
        let mut archive = tar::Archive::new(self.tar.as_slice());
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            if entry.path().unwrap() == Path::new(path) {
                let mut text = String::new();
                entry.read_to_string(&mut text).unwrap();
                return text;
            }
        }
        panic!("layer `{}` has no `{path}`", self.name);
    }
}

fn layers(
    path: &Path,
    manifest: &Value,
    config: &Value,
    seen: &mut BTreeSet<String>,
) -> Vec<Layer> {
    let descriptors = manifest["layers"].as_array().unwrap();
    let diff_ids = config["rootfs"]["diff_ids"].as_array().unwrap();
    let history = config["history"].as_array().unwrap();
    assert_eq!(descriptors.len(), diff_ids.len());
    assert_eq!(descriptors.len(), history.len());
    let described = descriptors.iter().zip(diff_ids).zip(history);
    described
        .map(|((descriptor, diff_id), history)| {
            let compressed = blob(path, descriptor, seen);
            let mut tar = Vec::new();
            GzDecoder::new(compressed.as_slice())
                .read_to_end(&mut tar)
                .unwrap();
            assert_eq!(format!("sha256:{}", sha256(&tar)), *diff_id);
            let created_by = history["created_by"].as_str().unwrap();
            Layer {
                name: created_by.trim_start_matches("zookiln: ").to_owned(),
                digest: descriptor["digest"].as_str().unwrap().to_owned(),
                tar,
            }
        })
        .collect()
}

fn blob(path: &Path, descriptor: &Value, seen: &mut BTreeSet<String>) -> Vec<u8> {
    let digest = descriptor["digest"].as_str().unwrap();
    let hex = digest.strip_prefix("sha256:").unwrap();
    let bytes = fs::read(path.join("blobs/sha256").join(hex)).unwrap();
    assert_eq!(sha256(&bytes), hex);
    assert_eq!(bytes.len() as u64, descriptor["size"].as_u64().unwrap());
    seen.insert(hex.to_owned());
    bytes
}

pub(crate) fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}
