//! A layout as far as it has to be read: documents, then the layers that differ. Every blob of an image is
//! held against its digest before anything is said of it, also the ones that both images have.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use layers::inspect::{Encoding, InspectError, InspectedEntry, Violation, Visitor, inspect_blob};
use layers::{Algorithm, Digest, Hasher};
use serde_json::Value;
use thiserror::Error;

use super::align::{LayerIdentity, PlatformIdentity};
use super::files::normal;
use super::{java, packages};
use crate::image::{Blob, Image, Layout, LayoutError, Record};

/// Status files and `release` files are some kilobytes.
const TEXT_LIMIT: u64 = 64 << 10;
/// Of a layer; what comes after is compared as a file and not understood.
const TEXTS_LIMIT: u64 = 16 << 20;
/// Layers of an image; overlayfs takes no more.
const LAYER_LIMIT: usize = 127;

/// Why two images cannot be compared.
#[derive(Debug, Error)]
pub enum CompareError {
    /// A layout that cannot be read, or that is not what its digests say.
    #[error("cannot read the {which} image")]
    Image {
        /// Of the two.
        which: Which,
        /// Its directory.
        layout: PathBuf,
        /// What is wrong.
        source: LayoutError,
    },
    /// A layer that is what its digest says, and yet no archive.
    #[error("cannot read layer `{digest}` in `{}`", layout.display())]
    Layer {
        /// The directory.
        layout: PathBuf,
        /// Of the blob.
        digest: Digest,
        /// What is wrong.
        source: InspectError,
    },
    /// A config that lies about a layer.
    #[error(
        "layer `{digest}` in `{}` unpacks to `{found}`, the config says `{expected}`",
        layout.display()
    )]
    DiffId {
        /// The directory.
        layout: PathBuf,
        /// Of the blob.
        digest: Digest,
        /// What the config says.
        expected: Digest,
        /// What was found.
        found: Digest,
    },
    /// Blobs that were read a moment ago.
    #[error("cannot compare layers `{old}` and `{new}` byte by byte")]
    Bytes {
        /// In the first image.
        old: Digest,
        /// In the second.
        new: Digest,
        /// What the system said.
        source: io::Error,
    },
}

/// One of two images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The first.
    First,
    /// The second.
    Second,
}

impl fmt::Display for Which {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::First => "first",
            Self::Second => "second",
        })
    }
}

/// All documents of an image.
pub(super) struct ReadImage {
    which: Which,
    layout: Layout,
    /// `index.json`.
    pub(super) top: Value,
    pub(super) tag: Option<String>,
    pub(super) reference: Option<String>,
    pub(super) record: Option<Record>,
    pub(super) index: Document,
    pub(super) platforms: Vec<ReadPlatform>,
}

/// The documents of a platform.
pub(super) struct ReadPlatform {
    pub(super) identity: PlatformIdentity,
    pub(super) manifest: Document,
    pub(super) config: Document,
    /// Lowest first.
    pub(super) layers: Vec<LayerReference>,
}

/// A JSON document with the bytes it is written in.
pub(super) struct Document {
    blob: Blob,
    pub(super) bytes: Vec<u8>,
    pub(super) value: Value,
}

/// A layer as manifest and config name it.
#[derive(Debug, Clone)]
pub(super) struct LayerReference {
    pub(super) identity: LayerIdentity,
    pub(super) blob: Blob,
    pub(super) encoding: Encoding,
    /// As the config says.
    pub(super) diff_id: Digest,
}

/// A layer that was read.
pub(super) struct LayerContents {
    pub(super) encoding: Encoding,
    pub(super) diff_id: Digest,
    /// In the order of the archive.
    pub(super) entries: Vec<InspectedEntry>,
    pub(super) violations: Vec<Violation>,
    /// Small files that say what is in the image, by path.
    pub(super) texts: BTreeMap<String, Vec<u8>>,
}

impl Document {
    fn read(layout: &Layout, blob: &Blob) -> Result<Self, LayoutError> {
        let (bytes, value) = layout.document_with_bytes(&blob.digest, blob.size)?;
        Ok(Self {
            blob: blob.clone(),
            bytes,
            value,
        })
    }

    pub(super) fn digest(&self) -> &Digest {
        &self.blob.digest
    }
}

impl ReadImage {
    /// Reads the documents of the one image of a layout.
    pub(super) fn read(path: &Path, which: Which) -> Result<Self, CompareError> {
        Self::read_documents(path, which).map_err(|source| CompareError::Image {
            which,
            layout: path.to_owned(),
            source,
        })
    }

    fn read_documents(path: &Path, which: Which) -> Result<Self, LayoutError> {
        let layout = Layout::open(path)?;
        // Types and media types are judged there; here the documents are taken as they are written.
        let image = Image::read(&layout)?;
        let index = Document::read(&layout, &image.index)?;
        let mut platforms = Vec::with_capacity(image.platforms.len());
        for (position, platform) in image.platforms.iter().enumerate() {
            let described = &index.value["manifests"][position]["platform"];
            let identity = PlatformIdentity {
                name: platform.platform.clone(),
                variant: described["variant"].as_str().map(str::to_owned),
            };
            let manifest = Document::read(&layout, &platform.manifest)?;
            let config = Document::read(&layout, &platform.config)?;
            let layers = layer_references(&manifest.value, &config.value, &platform.layers)
                .map_err(|reason| LayoutError::Document {
                    path: layout.blob_path(config.digest()),
                    reason,
                })?;
            platforms.push(ReadPlatform {
                identity,
                manifest,
                config,
                layers,
            });
        }
        Ok(Self {
            which,
            top: layout.index()?,
            record: layout.record()?,
            tag: image.tag,
            reference: image.reference,
            index,
            platforms,
            layout,
        })
    }

    /// The directory.
    pub(super) fn path(&self) -> &Path {
        self.layout.path()
    }

    /// A layer's blob, to be read once more.
    pub(super) fn open(&self, layer: &LayerReference) -> Result<File, CompareError> {
        (self.layout.open_blob(&layer.blob.digest)).map_err(|source| self.error(source))
    }

    /// Reads the blobs of all layers: those that are `wanted` with their entries, the others for their
    /// digests only.
    pub(super) fn contents(
        &self,
        wanted: &BTreeSet<Digest>,
    ) -> Result<BTreeMap<Digest, LayerContents>, CompareError> {
        let mut contents = BTreeMap::new();
        let mut checked = BTreeSet::new();
        for layer in self.platforms.iter().flat_map(|platform| &platform.layers) {
            let digest = &layer.blob.digest;
            if wanted.contains(digest) {
                if !contents.contains_key(digest) {
                    contents.insert(digest.clone(), self.inspect(layer)?);
                }
                self.check_diff_id(layer, &contents[digest].diff_id)?;
            } else if checked.insert(digest.clone()) {
                let mut blob = self.checked(layer)?;
                blob.finish().map_err(|source| self.error(source))?;
            }
        }
        Ok(contents)
    }

    fn inspect(&self, layer: &LayerReference) -> Result<LayerContents, CompareError> {
        let mut blob = self.checked(layer)?;
        let mut collector = Collector::default();
        let inspected = inspect_blob(&mut blob, layer.encoding, &mut collector);
        // Of wrong bytes nothing is said but that they are wrong.
        blob.finish().map_err(|source| self.error(source))?;
        let inspected = inspected.map_err(|source| CompareError::Layer {
            layout: self.path().to_owned(),
            digest: layer.blob.digest.clone(),
            source,
        })?;
        Ok(LayerContents {
            encoding: layer.encoding,
            diff_id: inspected.diff_id.0,
            entries: collector.entries,
            violations: inspected.violations,
            texts: collector.texts,
        })
    }

    fn check_diff_id(&self, layer: &LayerReference, found: &Digest) -> Result<(), CompareError> {
        if layer.diff_id == *found {
            return Ok(());
        }
        Err(CompareError::DiffId {
            layout: self.path().to_owned(),
            digest: layer.blob.digest.clone(),
            expected: layer.diff_id.clone(),
            found: found.clone(),
        })
    }

    fn checked(&self, layer: &LayerReference) -> Result<CheckedBlob, CompareError> {
        Ok(CheckedBlob {
            path: self.layout.blob_path(&layer.blob.digest),
            // One byte more than there should be is enough to see that there are too many.
            file: self.open(layer)?.take(layer.blob.size.saturating_add(1)),
            expected: layer.blob.clone(),
            hasher: Hasher::new(Algorithm::Sha256),
            size: 0,
        })
    }

    fn error(&self, source: LayoutError) -> CompareError {
        CompareError::Image {
            which: self.which,
            layout: self.path().to_owned(),
            source,
        }
    }
}

/// Manifest and config side by side.
fn layer_references(
    manifest: &Value,
    config: &Value,
    blobs: &[Blob],
) -> Result<Vec<LayerReference>, String> {
    if blobs.len() > LAYER_LIMIT {
        return Err(format!(
            "it has {} layers, more than {LAYER_LIMIT}, which no engine takes",
            blobs.len()
        ));
    }
    let diff_ids =
        (config["rootfs"]["diff_ids"].as_array()).ok_or("it has no `rootfs.diff_ids`")?;
    if diff_ids.len() != blobs.len() {
        return Err(format!(
            "it lists {} layers, its manifest {}",
            diff_ids.len(),
            blobs.len()
        ));
    }
    // Steps that made no layer have no place among the layers.
    let steps: Vec<&Value> = (config["history"].as_array().into_iter().flatten())
        .filter(|step| step["empty_layer"] != Value::Bool(true))
        .collect();
    let created_by = |position: usize| {
        let step = steps.get(position).filter(|_| steps.len() == blobs.len())?;
        step["created_by"].as_str().map(str::to_owned)
    };
    (blobs.iter().zip(diff_ids).enumerate())
        .map(|(position, (blob, diff_id))| {
            let media_type = manifest["layers"][position]["mediaType"].as_str();
            let encoding = (media_type.and_then(Encoding::of_media_type))
                .ok_or_else(|| format!("layer {position} has no known media type"))?;
            let diff_id =
                (diff_id.as_str().and_then(|text| text.parse().ok())).ok_or_else(|| {
                    let text = diff_id.to_string();
                    format!("`{}` is no digest of a layer", text.escape_debug())
                })?;
            Ok(LayerReference {
                identity: LayerIdentity {
                    created_by: created_by(position),
                    digest: blob.digest.clone(),
                },
                blob: blob.clone(),
                encoding,
                diff_id,
            })
        })
        .collect()
}

/// Keeps what is compared of a layer: entries, and the texts that name packages and runtimes.
#[derive(Default)]
struct Collector {
    entries: Vec<InspectedEntry>,
    texts: BTreeMap<String, Vec<u8>>,
    text_bytes: u64,
}

impl Visitor for Collector {
    fn wants_content(&mut self, entry: &InspectedEntry) -> bool {
        let path = normal(&entry.path);
        let tells = packages::is_status(path) || java::is_release(path);
        tells && entry.size <= TEXT_LIMIT && self.text_bytes + entry.size <= TEXTS_LIMIT
    }

    fn visit(&mut self, entry: InspectedEntry, content: Option<Vec<u8>>) {
        if let Some(content) = content {
            self.text_bytes += content.len() as u64;
            self.texts.insert(normal(&entry.path).to_owned(), content);
        }
        self.entries.push(entry);
    }
}

/// A blob that is hashed while it is read.
struct CheckedBlob {
    path: PathBuf,
    file: io::Take<File>,
    expected: Blob,
    hasher: Hasher,
    size: u64,
}

impl Read for CheckedBlob {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.hasher.update(&buffer[..length]);
        self.size += length as u64;
        Ok(length)
    }
}

impl CheckedBlob {
    /// Reads what was left, and holds all of it against size and digest.
    fn finish(&mut self) -> Result<(), LayoutError> {
        io::copy(self, &mut io::sink()).map_err(|source| LayoutError::Io {
            operation: "read",
            path: self.path.clone(),
            source,
        })?;
        let found = std::mem::replace(&mut self.hasher, Hasher::new(Algorithm::Sha256)).finish();
        if self.size == self.expected.size && found == self.expected.digest {
            return Ok(());
        }
        let (expected, found) = match self.size == self.expected.size {
            true => (self.expected.digest.to_string(), found.to_string()),
            false if self.size > self.expected.size => {
                (format!("{} bytes", self.expected.size), "more".to_owned())
            }
            false => (
                format!("{} bytes", self.expected.size),
                format!("{} bytes", self.size),
            ),
        };
        Err(LayoutError::Mismatch {
            path: self.path.clone(),
            expected,
            found,
        })
    }
}
