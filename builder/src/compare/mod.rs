//! Two images, and everything in which they differ.
//!
//! | station | module |
//! |---|---|
//! | both layouts read, every blob held against its digest | [`read`] |
//! | which platform and which layer stands against which | [`align`] |
//! | index, manifests, configs | [`documents`], by [`json`] |
//! | entries of layers | [`files`], by the fields of [`entry`] |
//! | what people call these entries | [`packages`], [`jars`], [`java`], [`commands`] |
//! | what is the same on several platforms | [`held`] |
//!
//! Everything but [`read`] and [`bytes`] is pure. A difference of digests is always explained: each
//! document and each layer whose digest differs is named with what differs in it, down to the offset of
//! the first byte where nothing else is to be said.

mod align;
mod bytes;
mod commands;
mod documents;
mod entry;
mod files;
mod held;
mod jars;
mod java;
mod json;
mod layers;
mod packages;
mod read;
mod run;

use std::path::PathBuf;

use ::layers::Digest;
use serde::Serialize;

use crate::image::Record;

pub use commands::CommandChange;
pub use documents::{DocumentChange, DocumentFinding, DocumentName};
pub use entry::{Content, Entry, EntryField, Kind, Mode, Pair};
pub use files::{FileChange, FileFinding};
pub use held::Held;
pub use jars::{JarChange, jar_name};
pub use java::JavaChange;
pub use layers::{LayerBlob, LayerChange, LayerFinding, LayerNote, LayerOrder};
pub use packages::{PackageChange, package_name};
pub use read::{CompareError, Which};
pub use run::compare;

/// Everything in which two images differ. Its JSON is part of the command line's promises
/// (`docs/diff.md`).
#[derive(Debug, Serialize)]
pub struct Difference {
    /// Whether both are the same image: the digests of their indexes are equal. Then only `layout`
    /// can have something in it.
    pub same: bool,
    /// The first.
    pub old: Side,
    /// The second.
    pub new: Side,
    /// Platforms of either image, in the order of the first.
    pub platforms: Vec<PlatformChange>,
    /// Layers of the platforms that both have, the equal ones too.
    pub layers: Vec<Held<LayerChange>>,
    /// Layers that stand in another order.
    pub layer_order: Vec<Held<LayerOrder>>,
    /// Debian packages.
    pub packages: Vec<Held<PackageChange>>,
    /// Java runtimes.
    pub java: Vec<Held<JavaChange>>,
    /// Java archives.
    pub jars: Vec<Held<JarChange>>,
    /// Programs of `bin` directories that are in one image only.
    pub commands: Vec<Held<CommandChange>>,
    /// Index, manifests and configs.
    pub documents: Vec<Held<DocumentChange>>,
    /// Entries of layers.
    pub files: Vec<Held<FileChange>>,
    /// `index.json`, which is no part of an image: tag, name, what the build wrote down.
    pub layout: Vec<DocumentChange>,
}

/// One of the two images.
#[derive(Debug, Serialize)]
pub struct Side {
    /// Directory of its layout, as given.
    pub layout: PathBuf,
    /// Of its index.
    pub digest: Digest,
    /// The bare tag.
    pub tag: Option<String>,
    /// `docker.io/…/zookeeper:3.6.1`
    pub reference: Option<String>,
    /// Of what is in it: `org.opencontainers.image.version`.
    pub version: Option<String>,
    /// What the build wrote down.
    pub record: Option<Record>,
}

/// A platform of either image.
#[derive(Debug, Serialize)]
pub struct PlatformChange {
    /// `linux/amd64`
    pub platform: String,
    /// Whether its manifests have the same digest.
    pub same: bool,
    /// Bytes of all layers, compressed, in the first image; `None` if only the second has the platform.
    pub old_bytes: Option<u64>,
    /// The same in the second image.
    pub new_bytes: Option<u64>,
}

impl Difference {
    /// Whether anything is said of the images themselves.
    fn explains(&self) -> bool {
        let layers =
            (self.layers.iter()).any(|layer| !matches!(layer.what.finding, LayerFinding::Same(_)));
        let platforms = self
            .platforms
            .iter()
            .any(|platform| platform.old_bytes.is_none() || platform.new_bytes.is_none());
        layers
            || platforms
            || !self.layer_order.is_empty()
            || !self.documents.is_empty()
            || !self.files.is_empty()
    }
}

#[cfg(test)]
mod tests;
