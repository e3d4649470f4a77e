//! A small image of two platforms that is written as a test wants it: every digest follows what is below
//! it, so that one thing can be changed at a time.

use std::fs;
use std::path::Path;

use layers::Digest;
use serde_json::{Value, json};
use tar::{Builder, EntryType, Header};

/// A document of the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Index,
    Manifest(usize),
    Config(usize),
}

/// How the value of a document becomes its bytes.
type Writer<'a> = Box<dyn Fn(&Value) -> Vec<u8> + 'a>;

pub(super) struct Model<'a> {
    pub(super) platforms: Vec<Platform>,
    /// Writes one of the documents in its own way.
    pub(super) writer: Option<(Place, Writer<'a>)>,
}

#[derive(Clone)]
pub(super) struct Platform {
    pub(super) architecture: &'static str,
    pub(super) layers: Vec<Layer>,
}

#[derive(Clone)]
pub(super) struct Layer {
    pub(super) role: &'static str,
    pub(super) tar: Vec<u8>,
    /// Compressed; by itself gzip.
    pub(super) blob: Option<Vec<u8>>,
    pub(super) media_type: &'static str,
}

pub(super) const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
pub(super) const ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
pub(super) const PLAIN: &str = "application/vnd.oci.image.layer.v1.tar";

impl Layer {
    pub(super) fn new(role: &'static str, tar: Vec<u8>) -> Self {
        Self {
            role,
            tar,
            blob: None,
            media_type: GZIP,
        }
    }
}

/// Two platforms of two layers, of which they share one.
pub(super) fn image() -> Model<'static> {
    let platform = |architecture| Platform {
        architecture,
        layers: vec![
            Layer::new("base", archive(architecture)),
            Layer::new("own", archive("every architecture")),
        ],
    };
    Model {
        platforms: vec![platform("amd64"), platform("arm64")],
        writer: None,
    }
}

/// An entry of each kind, one of them with a long name.
pub(super) fn archive(content: &str) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    let mut append = |path: &str, kind: EntryType, link: &str, content: &str| {
        let mut header = Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(if kind.is_dir() { 0o755 } else { 0o644 });
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(1);
        header.set_size(content.len() as u64);
        header.set_device_major(0).unwrap();
        header.set_device_minor(0).unwrap();
        header.set_path(path).unwrap();
        if !link.is_empty() {
            header.set_link_name(link).unwrap();
        }
        header.set_cksum();
        builder.append(&header, content.as_bytes()).unwrap();
    };
    append("d", EntryType::Directory, "", "");
    append("d/a", EntryType::Regular, "", content);
    append("d/b", EntryType::Regular, "", "");
    append("d/l", EntryType::Symlink, "a", "");
    builder
        .append_pax_extensions([("comment", b"a record".as_slice())])
        .unwrap();
    let mut header = Header::new_ustar();
    header.set_path("d/p").unwrap();
    header.set_mode(0o600);
    header.set_mtime(1);
    header.set_size(1);
    header.set_cksum();
    builder.append(&header, b"p".as_slice()).unwrap();
    builder.into_inner().unwrap()
}

impl Model<'_> {
    /// Writes it as a layout.
    pub(super) fn write(&self, path: &Path) {
        fs::create_dir_all(path.join("blobs/sha256")).unwrap();
        fs::write(path.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        let manifests: Vec<Value> = (self.platforms.iter().enumerate())
            .map(|(position, platform)| self.platform(path, position, platform))
            .collect();
        let index = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": manifests,
            "annotations": { "org.opencontainers.image.version": "1" },
        });
        let mut descriptor = self.document(path, Place::Index, &index);
        descriptor["annotations"] = json!({ "org.opencontainers.image.ref.name": "1" });
        let top = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [descriptor],
        });
        fs::write(path.join("index.json"), top.to_string()).unwrap();
    }

    fn platform(&self, path: &Path, position: usize, platform: &Platform) -> Value {
        let layers: Vec<Value> = (platform.layers.iter())
            .map(|layer| {
                let blob = layer.blob.clone().unwrap_or_else(|| gzip(&layer.tar));
                put(path, layer.media_type, &blob)
            })
            .collect();
        let diff_ids: Vec<String> = (platform.layers.iter())
            .map(|layer| Digest::sha256_of(&layer.tar).to_string())
            .collect();
        let history: Vec<Value> = (platform.layers.iter())
            .map(|layer| json!({ "created_by": format!("zookiln: {}", layer.role) }))
            .collect();
        let config = json!({
            "architecture": platform.architecture,
            "os": "linux",
            "created": "2026-01-01T00:00:00Z",
            "config": {
                "Cmd": ["run"],
                "Entrypoint": ["/entrypoint", "--now"],
                "Env": ["A=1", "B=2"],
                "ExposedPorts": { "1/tcp": {} },
                "Healthcheck": { "Test": ["CMD", "true"], "Retries": 3 },
                "Labels": { "org.opencontainers.image.version": "1" },
                "User": "0:0",
                "Volumes": { "/data": {} },
            },
            "rootfs": { "type": "layers", "diff_ids": diff_ids },
            "history": history,
        });
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": self.document(path, Place::Config(position), &config),
            "layers": layers,
            "annotations": { "org.opencontainers.image.version": "1" },
        });
        let mut descriptor = self.document(path, Place::Manifest(position), &manifest);
        descriptor["platform"] = json!({ "os": "linux", "architecture": platform.architecture });
        descriptor
    }

    fn document(&self, path: &Path, place: Place, value: &Value) -> Value {
        let media_type = match place {
            Place::Index => "application/vnd.oci.image.index.v1+json",
            Place::Manifest(_) => "application/vnd.oci.image.manifest.v1+json",
            Place::Config(_) => "application/vnd.oci.image.config.v1+json",
        };
        let bytes = match &self.writer {
            Some((of, writer)) if *of == place => writer(value),
            _ => value.to_string().into_bytes(),
        };
        put(path, media_type, &bytes)
    }
}

/// Writes a blob and describes it.
fn put(path: &Path, media_type: &str, bytes: &[u8]) -> Value {
    let digest = Digest::sha256_of(bytes);
    fs::write(path.join("blobs/sha256").join(digest.hex()), bytes).unwrap();
    json!({ "mediaType": media_type, "digest": digest.to_string(), "size": bytes.len() })
}

/// As layers are compressed here: nothing of host or time in the header.
pub(super) fn gzip(tar: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::GzBuilder::new()
        .operating_system(255)
        .write(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(tar).unwrap();
    encoder.finish().unwrap()
}
