//! A layout changed by somebody who knows how digests are written: after every edit, all documents
//! above it name what it became, and the seal fits.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::digest::sha256;
use super::layout::{Layout, json};

/// A change to the image of the first platform, or to what is above it.
pub(crate) enum Edit {
    Config(fn(&mut Value)),
    Manifest(fn(&mut Value)),
    Index(fn(&mut Value)),
    /// `index.json`, before it is sealed.
    Top(fn(&mut Value)),
    /// The archive in the layer of this name.
    Tar(&'static str, fn(Vec<u8>) -> Vec<u8>),
    /// The blob of the layer of this name.
    Blob(&'static str, fn(Vec<u8>) -> Vec<u8>),
}

/// Replaces a layout by a forged one.
pub(crate) fn forge(path: &Path, edits: &[Edit]) {
    let layout = Layout::read(path);
    let mut blobs = BTreeMap::new();
    let mut index = layout.index.clone();
    for (position, image) in layout.images.iter().enumerate() {
        let (mut manifest, mut config) = (image.manifest.clone(), image.config.clone());
        let edits = if position == 0 { edits } else { &[] };
        for (position, layer) in image.layers.iter().enumerate() {
            let mut blob = fs::read(layout.blob_path(&layer.digest)).unwrap();
            for edit in edits {
                match edit {
                    Edit::Tar(name, change) if *name == layer.name => {
                        let tar = change(layer.tar.clone());
                        config["rootfs"]["diff_ids"][position] = digest(&tar);
                        blob = gzip(&tar);
                    }
                    Edit::Blob(name, change) if *name == layer.name => blob = change(blob),
                    _ => {}
                }
            }
            name(&mut manifest["layers"][position], &blob);
            blobs.insert(sha256(&blob), blob);
        }
        for edit in edits {
            if let Edit::Config(change) = edit {
                change(&mut config);
            }
        }
        name(&mut manifest["config"], &add(&mut blobs, &config));
        for edit in edits {
            if let Edit::Manifest(change) = edit {
                change(&mut manifest);
            }
        }
        name(
            &mut index["manifests"][position],
            &add(&mut blobs, &manifest),
        );
    }
    let mut top = layout.top.clone();
    for edit in edits {
        if let Edit::Index(change) = edit {
            change(&mut index);
        }
    }
    name(&mut top["manifests"][0], &add(&mut blobs, &index));
    for edit in edits {
        if let Edit::Top(change) = edit {
            change(&mut top);
        }
    }
    seal(&mut top);
    fs::write(path.join("index.json"), top.to_string()).unwrap();
    fs::remove_dir_all(path.join("blobs/sha256")).unwrap();
    fs::create_dir(path.join("blobs/sha256")).unwrap();
    for (name, bytes) in blobs {
        fs::write(path.join("blobs/sha256").join(name), bytes).unwrap();
    }
}

/// Writes the seal that `index.json` must have.
pub(crate) fn seal(top: &mut Value) {
    let annotations = top["annotations"].as_object_mut().unwrap();
    annotations.remove("zookiln.seal");
    let seal = digest(top.to_string().as_bytes());
    top["annotations"]["zookiln.seal"] = seal;
}

/// The archive of a gzip blob.
pub(crate) fn gunzip(blob: &[u8]) -> Vec<u8> {
    let mut tar = Vec::new();
    GzDecoder::new(blob).read_to_end(&mut tar).unwrap();
    tar
}

/// One member that says nothing about its host.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Edits the first `index.json` that is there, and leaves its seal as it is.
pub(crate) fn edit_top(path: &Path, change: impl FnOnce(&mut Value)) {
    let path = path.join("index.json");
    let mut top = json(&fs::read(&path).unwrap());
    change(&mut top);
    fs::write(path, top.to_string()).unwrap();
}

fn add(blobs: &mut BTreeMap<String, Vec<u8>>, document: &Value) -> Vec<u8> {
    let bytes = document.to_string().into_bytes();
    blobs.insert(sha256(&bytes), bytes.clone());
    bytes
}

fn name(descriptor: &mut Value, bytes: &[u8]) {
    descriptor["digest"] = digest(bytes);
    descriptor["size"] = json!(bytes.len());
}

fn digest(bytes: &[u8]) -> Value {
    json!(format!("sha256:{}", sha256(bytes)))
}
