//! A layout from its index down to its layers, every document checked against what named it.

use std::collections::BTreeMap;

use layers::Digest;
use oci_spec::image::{Descriptor, ImageIndex, ImageManifest, MediaType};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::layout::{Layout, LayoutError};

/// The annotation that carries a layout's tag.
const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The annotation that carries the full reference, for containerd.
const IMAGE_NAME: &str = "io.containerd.image.name";

/// Index, manifests and configs of a real image have some kilobytes; all of them are kept in memory.
const DOCUMENTS_LIMIT: u64 = 8 << 20;

const LAYER_TYPES: [MediaType; 3] = [
    MediaType::ImageLayerGzip,
    MediaType::ImageLayerZstd,
    MediaType::ImageLayer,
];

/// One image of a layout.
#[derive(Debug)]
pub struct Image {
    /// The bare tag.
    pub tag: Option<String>,
    /// `docker.io/…/zookeeper:3.6.1`
    pub reference: Option<String>,
    /// The nested index.
    pub index: Blob,
    /// One per platform.
    pub platforms: Vec<PlatformImage>,
}

/// A blob as its descriptor says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// SHA-256.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
}

/// The image of one platform.
#[derive(Debug)]
pub struct PlatformImage {
    /// `linux/amd64`
    pub platform: String,
    /// The manifest.
    pub manifest: Blob,
    /// The config.
    pub config: Blob,
    /// The config's document.
    pub config_document: Value,
    /// Lowest first.
    pub layers: Vec<Blob>,
}

impl Image {
    /// Reads the one image of a layout. Its layers are not read.
    pub fn read(layout: &Layout) -> Result<Self, LayoutError> {
        let path = layout.path().join("index.json");
        let bad = |reason: String| LayoutError::Document {
            path: path.clone(),
            reason,
        };
        let top: ImageIndex = typed(layout.index()?).map_err(bad)?;
        let [only] = top.manifests().as_slice() else {
            return Err(bad(format!(
                "{} images where one is expected",
                top.manifests().len()
            )));
        };
        let index_blob = blob_of(&[MediaType::ImageIndex], only).map_err(bad)?;
        let index: ImageIndex = document(layout, &index_blob)?;
        let mut documents = Documents { layout, bytes: 0 };
        let platforms = index
            .manifests()
            .iter()
            .map(|descriptor| read_platform(&mut documents, descriptor))
            .collect::<Result<_, _>>()?;
        let annotation = |name| {
            only.annotations()
                .as_ref()
                .and_then(|all| all.get(name))
                .cloned()
        };
        Ok(Self {
            tag: annotation(REF_NAME),
            reference: annotation(IMAGE_NAME),
            index: index_blob,
            platforms,
        })
    }

    /// Everything below `blobs/` that this image needs, with sizes.
    #[must_use]
    pub fn blobs(&self) -> BTreeMap<Digest, u64> {
        let platforms = self.platforms.iter().flat_map(|platform| {
            [&platform.manifest, &platform.config]
                .into_iter()
                .chain(&platform.layers)
        });
        [&self.index]
            .into_iter()
            .chain(platforms)
            .map(|blob| (blob.digest.clone(), blob.size))
            .collect()
    }
}

/// Reads documents as long as they are not too many.
struct Documents<'a> {
    layout: &'a Layout,
    bytes: u64,
}

impl Documents<'_> {
    fn read(&mut self, blob: &Blob) -> Result<Value, LayoutError> {
        self.bytes = self.bytes.saturating_add(blob.size);
        if self.bytes > DOCUMENTS_LIMIT {
            return Err(LayoutError::Document {
                path: self.layout.blob_path(&blob.digest),
                reason: format!(
                    "with it the documents of the image have more than {DOCUMENTS_LIMIT} bytes"
                ),
            });
        }
        self.layout.document(&blob.digest, blob.size)
    }
}

fn read_platform(
    documents: &mut Documents<'_>,
    descriptor: &Descriptor,
) -> Result<PlatformImage, LayoutError> {
    let path = documents.layout.path().join("index.json");
    let bad = |reason: String| LayoutError::Document {
        path: path.clone(),
        reason,
    };
    let manifest_blob = blob_of(&[MediaType::ImageManifest], descriptor).map_err(bad)?;
    let manifest: ImageManifest =
        typed(documents.read(&manifest_blob)?).map_err(|reason| LayoutError::Document {
            path: documents.layout.blob_path(&manifest_blob.digest),
            reason,
        })?;
    let config = blob_of(&[MediaType::ImageConfig], manifest.config()).map_err(bad)?;
    let config_document = documents.read(&config)?;
    let platform = descriptor
        .platform()
        .as_ref()
        .ok_or_else(|| bad("a manifest without a platform".to_owned()))?;
    Ok(PlatformImage {
        platform: format!("{}/{}", platform.os(), platform.architecture()),
        manifest: manifest_blob,
        config,
        config_document,
        layers: manifest
            .layers()
            .iter()
            .map(|layer| blob_of(&LAYER_TYPES, layer))
            .collect::<Result<_, _>>()
            .map_err(bad)?,
    })
}

/// The digest becomes a path, so it is parsed before anything is done with it.
fn blob_of(expected: &[MediaType], descriptor: &Descriptor) -> Result<Blob, String> {
    let found = descriptor.media_type();
    if !expected.contains(found) {
        return Err(format!(
            "media type `{}` where `{}` is expected",
            found.to_string().escape_debug(),
            expected[0]
        ));
    }
    let text = descriptor.digest().to_string();
    let digest = text
        .parse()
        .map_err(|error| format!("digest `{}`: {error}", text.escape_debug()))?;
    Ok(Blob {
        digest,
        size: descriptor.size(),
    })
}

fn document<T: DeserializeOwned>(layout: &Layout, blob: &Blob) -> Result<T, LayoutError> {
    let value = layout.document(&blob.digest, blob.size)?;
    typed(value).map_err(|reason| LayoutError::Document {
        path: layout.blob_path(&blob.digest),
        reason,
    })
}

fn typed<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}
