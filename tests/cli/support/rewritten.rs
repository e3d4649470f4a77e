//! A layout written anew with something changed: every digest follows what is below it.

use std::fs;
use std::io::Read;
use std::path::Path;

use serde_json::{Value, json};
use tar::{Archive, Builder, Header};

use super::deb::gzip;
use super::digest::sha256;
use super::layout::Layout;

/// What a layout is made of, to be changed.
pub(crate) struct Rewritten {
    /// `index.json`, of which the digest in the descriptor is made anew.
    pub(crate) top: Value,
    /// The image index, of which the descriptors are made anew.
    pub(crate) index: Value,
    pub(crate) platforms: Vec<RewrittenPlatform>,
}

pub(crate) struct RewrittenPlatform {
    /// The descriptor without digest and size.
    pub(crate) descriptor: Value,
    pub(crate) manifest: Value,
    pub(crate) config: Value,
    pub(crate) layers: Vec<RewrittenLayer>,
}

pub(crate) struct RewrittenLayer {
    pub(crate) name: String,
    pub(crate) tar: Vec<u8>,
    /// The compressed blob; made anew where there is none.
    pub(crate) blob: Option<Vec<u8>>,
    pub(crate) media_type: String,
    /// Its entry of the history.
    pub(crate) history: Value,
}

/// An entry of an archive, to be changed.
pub(crate) struct Member {
    pub(crate) header: Header,
    pub(crate) path: String,
    pub(crate) link: Option<String>,
    pub(crate) content: Vec<u8>,
}

impl Layout {
    /// Everything in it, to be changed and written elsewhere.
    pub(crate) fn rewritten(&self) -> Rewritten {
        let platforms = (self.images.iter())
            .map(|image| RewrittenPlatform {
                descriptor: image.descriptor.clone(),
                manifest: image.manifest.clone(),
                config: image.config.clone(),
                layers: (image.layers.iter().enumerate())
                    .map(|(position, layer)| RewrittenLayer {
                        name: layer.name.clone(),
                        tar: layer.tar.clone(),
                        blob: Some(fs::read(self.blob_path(&layer.digest)).unwrap()),
                        media_type: text(&image.manifest["layers"][position]["mediaType"]),
                        history: image.config["history"][position].clone(),
                    })
                    .collect(),
            })
            .collect();
        Rewritten {
            top: self.top.clone(),
            index: self.index.clone(),
            platforms,
        }
    }
}

impl Rewritten {
    /// Changes the entries of the layer `name` of every platform.
    pub(crate) fn edit_layer(&mut self, name: &str, edit: impl Fn(&mut Vec<Member>)) {
        for platform in &mut self.platforms {
            let layer = platform.layer(name);
            let mut members = members(&layer.tar);
            edit(&mut members);
            layer.tar = archive(&members);
            layer.blob = None;
        }
    }

    /// Writes it all, and returns the digest of the image.
    pub(crate) fn write(mut self, path: &Path) -> String {
        fs::create_dir_all(path.join("blobs/sha256")).unwrap();
        fs::write(path.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        let descriptors = (self.platforms.iter_mut())
            .map(|platform| platform.write(path))
            .collect();
        self.index["manifests"] = Value::Array(descriptors);
        let (digest, size) = put(path, self.index.to_string().as_bytes());
        self.top["manifests"][0]["digest"] = json!(digest);
        self.top["manifests"][0]["size"] = json!(size);
        fs::write(path.join("index.json"), self.top.to_string()).unwrap();
        digest
    }
}

impl RewrittenPlatform {
    pub(crate) fn layer(&mut self, name: &str) -> &mut RewrittenLayer {
        let mut layers = self.layers.iter_mut();
        layers.find(|layer| layer.name == name).unwrap()
    }

    fn write(&mut self, path: &Path) -> Value {
        let layers: Vec<Value> = (self.layers.iter())
            .map(|layer| {
                let blob = layer.blob.clone().unwrap_or_else(|| gzip(&layer.tar));
                let (digest, size) = put(path, &blob);
                json!({ "mediaType": layer.media_type, "digest": digest, "size": size })
            })
            .collect();
        let diff_ids: Vec<String> = (self.layers.iter())
            .map(|layer| format!("sha256:{}", sha256(&layer.tar)))
            .collect();
        self.config["rootfs"]["diff_ids"] = json!(diff_ids);
        self.config["history"] = (self.layers.iter())
            .map(|layer| layer.history.clone())
            .collect();
        let (digest, size) = put(path, self.config.to_string().as_bytes());
        self.manifest["config"]["digest"] = json!(digest);
        self.manifest["config"]["size"] = json!(size);
        self.manifest["layers"] = Value::Array(layers);
        let (digest, size) = put(path, self.manifest.to_string().as_bytes());
        self.descriptor["digest"] = json!(digest);
        self.descriptor["size"] = json!(size);
        self.descriptor.clone()
    }
}

/// The entries of an archive without extended headers.
fn members(tar: &[u8]) -> Vec<Member> {
    let mut archive = Archive::new(tar);
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        Member {
            header: entry.header().clone(),
            path: entry.path().unwrap().display().to_string(),
            link: (entry.link_name().unwrap()).map(|link| link.display().to_string()),
            content,
        }
    });
    entries.collect()
}

fn archive(members: &[Member]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for member in members {
        let mut header = member.header.clone();
        header.set_path(&member.path).unwrap();
        if let Some(link) = &member.link {
            header.set_link_name(link).unwrap();
        }
        header.set_size(member.content.len() as u64);
        header.set_cksum();
        builder.append(&header, member.content.as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn put(path: &Path, bytes: &[u8]) -> (String, usize) {
    let hex = sha256(bytes);
    fs::write(path.join("blobs/sha256").join(&hex), bytes).unwrap();
    (format!("sha256:{hex}"), bytes.len())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
