//! Layers as blobs: which differ, and what differs in one beside its entries.

use layers::Digest;
use layers::inspect::{Encoding, Rule, Violation};
use serde::Serialize;

use super::entry::Pair;
use super::files::{self, LayerEntries};
use super::read::{LayerContents, LayerReference};

/// A layer of a platform that both images have.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct LayerChange {
    /// Its role, `base`; in images of others `layer 1`.
    pub layer: String,
    /// Whether it differs, and how.
    #[serde(flatten)]
    pub finding: LayerFinding,
}

/// What there is to say of a layer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum LayerFinding {
    /// Both have the same blob.
    Same(LayerBlob),
    /// Only the second image has it.
    Added(LayerBlob),
    /// Only the first image has it.
    Removed(LayerBlob),
    /// The blobs differ.
    Changed {
        /// In the first image.
        old: LayerBlob,
        /// In the second.
        new: LayerBlob,
        /// What differs beside entries. Empty if entries say it all.
        notes: Vec<LayerNote>,
    },
}

/// A layer's blob.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct LayerBlob {
    /// Of the compressed blob.
    pub digest: Digest,
    /// Bytes of the compressed blob.
    pub bytes: u64,
    /// Of the archive inside.
    pub diff_id: Digest,
}

/// What differs in a layer beside its entries.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "note", rename_all = "snake_case")]
pub enum LayerNote {
    /// The archives are the same bytes.
    SameArchive,
    /// The compression: `gzip`, `zstd` or `none`.
    Encoding(Pair<&'static str>),
    /// A number in the header of gzip.
    GzipHeader {
        /// `time`, `operating system`, …
        field: &'static str,
        /// In the first image.
        old: u32,
        /// In the second.
        new: u32,
    },
    /// The order of the entries that both have.
    EntryOrder {
        /// The first that stands elsewhere, in the second image.
        first: String,
    },
    /// Something unusual that only one of the blobs has.
    Peculiarity {
        /// `old` or `new`.
        image: &'static str,
        /// The entry, where it is about one.
        path: Option<String>,
        /// One clause; after a path to be read behind it.
        what: String,
    },
    /// Where the archives differ although their entries do not.
    ArchiveBytes {
        /// Counted from 0, uncompressed; the length of the shorter one if the other begins with it.
        first_different_byte: u64,
    },
    /// Where the compressed blobs differ although the archives do not.
    CompressedBytes {
        /// Counted from 0; the length of the shorter one if the other begins with it.
        first_different_byte: u64,
    },
}

/// The order of layers, where it differs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct LayerOrder {
    /// Layers that both have, lowest first, in the first image.
    pub old: Vec<String>,
    /// The same in the second image.
    pub new: Vec<String>,
}

/// What is left to be explained by bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unexplained {
    /// The archives differ and their entries do not.
    Archive,
    /// The archives are the same.
    Compression,
}

impl LayerBlob {
    pub(super) fn of(layer: &LayerReference) -> Self {
        Self {
            digest: layer.blob.digest.clone(),
            bytes: layer.blob.size,
            diff_id: layer.diff_id.clone(),
        }
    }
}

/// Everything that differs between two blobs beside their entries, and what only bytes can explain.
pub(super) fn notes(
    old: &LayerContents,
    new: &LayerContents,
) -> (Vec<LayerNote>, Option<Unexplained>) {
    let mut notes = Vec::new();
    let same_archive = old.diff_id == new.diff_id;
    if same_archive {
        notes.push(LayerNote::SameArchive);
    }
    if old.encoding != new.encoding {
        notes.push(LayerNote::Encoding(Pair {
            old: encoding_name(old.encoding),
            new: encoding_name(new.encoding),
        }));
    } else {
        notes.extend(gzip_headers(&old.violations, &new.violations));
    }
    if same_archive {
        notes.extend(peculiarities(old, new, is_of_compression));
        let is_explained = old.encoding != new.encoding;
        return (notes, (!is_explained).then_some(Unexplained::Compression));
    }
    let layer = LayerEntries {
        name: "",
        old: &old.entries,
        new: &new.entries,
    };
    let order = files::first_out_of_order(&layer);
    let is_explained = order.is_some() || !files::changes(&[layer]).is_empty();
    notes.extend(order.map(|first| LayerNote::EntryOrder { first }));
    if is_explained {
        return (notes, None);
    }
    notes.extend(peculiarities(old, new, |rule| !is_of_compression(rule)));
    (notes, Some(Unexplained::Archive))
}

fn encoding_name(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Plain => "none",
        Encoding::Gzip => "gzip",
        Encoding::Zstandard => "zstd",
    }
}

/// Fields that have the usual value are not among the violations.
fn gzip_headers(old: &[Violation], new: &[Violation]) -> Vec<LayerNote> {
    let fields = |violations: &[Violation]| -> Vec<(&'static str, u32, u32)> {
        (violations.iter())
            .filter_map(|violation| match violation.rule {
                Rule::GzipHeader {
                    field,
                    found,
                    expected,
                } => Some((field, found, expected)),
                _ => None,
            })
            .collect()
    };
    let (old, new) = (fields(old), fields(new));
    let value = |of: &[(&'static str, u32, u32)], field, usual| {
        (of.iter().find(|(name, ..)| *name == field)).map_or(usual, |(_, found, _)| *found)
    };
    let mut all: Vec<_> = (old.iter().chain(&new))
        .map(|(field, _, usual)| (*field, *usual))
        .collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter()
        .map(|(field, usual)| LayerNote::GzipHeader {
            field,
            old: value(&old, field, usual),
            new: value(&new, field, usual),
        })
        .filter(|note| !matches!(note, LayerNote::GzipHeader { old, new, .. } if old == new))
        .collect()
}

fn is_of_compression(rule: &Rule) -> bool {
    matches!(rule, Rule::SecondMember | Rule::AfterMember { .. })
}

/// Broken rules of one blob that the other does not break in the same way.
fn peculiarities(
    old: &LayerContents,
    new: &LayerContents,
    counts: impl Fn(&Rule) -> bool,
) -> Vec<LayerNote> {
    let mut notes = Vec::new();
    for (image, one, other) in [("old", old, new), ("new", new, old)] {
        let own = (one.violations.iter()).filter(|violation| {
            counts(&violation.rule)
                && !matches!(violation.rule, Rule::GzipHeader { .. })
                && !other.violations.contains(violation)
        });
        notes.extend(own.map(|violation| LayerNote::Peculiarity {
            image,
            path: violation.path.clone(),
            what: violation.rule.to_string(),
        }));
    }
    notes
}
