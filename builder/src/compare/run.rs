//! From two directories to a [`Difference`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use layers::Digest;

use super::align::{self, Aligned};
use super::documents::{self, DocumentChange, DocumentName};
use super::files::{self, FileChange, LayerEntries};
use super::held::{Held, merge};
use super::layers::{
    self as layer_notes, LayerBlob, LayerChange, LayerFinding, LayerNote, LayerOrder,
};
use super::read::{CompareError, LayerContents, ReadImage, ReadPlatform, Which};
use super::{Difference, PlatformChange, Side, bytes, commands, jars, java, packages};

/// The label and annotation that says which version is in an image.
const VERSION: &str = "org.opencontainers.image.version";

/// Reads the images of two layouts and says in what they differ. Every blob of both is read and held
/// against its digest; only layers that differ are unpacked, in memory that does not grow with the sizes
/// of files.
///
/// # Errors
/// A layout that cannot be read, or a blob that is not what its digest says.
pub fn compare(old: &Path, new: &Path) -> Result<Difference, CompareError> {
    let (old, new) = both(
        || ReadImage::read(old, Which::First),
        || ReadImage::read(new, Which::Second),
    )?;
    let platforms = align::platforms(&identities(&old), &identities(&new));
    let is_same = old.index.digest() == new.index.digest();
    let pairs: Vec<PlatformPair<'_>> = (platforms.iter())
        .filter(|_| !is_same)
        .filter_map(|aligned| PlatformPair::new(&old, &new, aligned))
        .collect();
    let wanted = |which: Which| -> BTreeSet<Digest> {
        let digests = pairs.iter().flat_map(|pair| pair.differing(which));
        digests.cloned().collect()
    };
    let (wanted_old, wanted_new) = (wanted(Which::First), wanted(Which::Second));
    let (old_contents, new_contents) =
        both(|| old.contents(&wanted_old), || new.contents(&wanted_new))?;
    let mut comparison = Comparison {
        old: &old,
        new: &new,
        old_contents,
        new_contents,
        notes: BTreeMap::new(),
    };
    let mut parts = Parts::default();
    for pair in &pairs {
        comparison.compare(pair, &mut parts)?;
    }
    let mut documents = Vec::new();
    if !is_same {
        documents.extend(
            documents::index(&old, &new, &platforms)
                .into_iter()
                .map(of_all),
        );
    }
    documents.extend(merge(parts.documents));
    let mut difference = Difference {
        same: is_same,
        old: side(&old),
        new: side(&new),
        platforms: platform_changes(&old, &new, &platforms),
        layers: merge(parts.layers),
        layer_order: merge(parts.layer_order),
        packages: merge(parts.packages),
        java: merge(parts.java),
        jars: merge(parts.jars),
        commands: merge(parts.commands),
        documents,
        files: merge(parts.files),
        layout: documents::layout(&old, &new),
    };
    if !is_same && !difference.explains() {
        // Cannot happen as long as each part explains its own digests; if it does, it is still said.
        difference.documents.push(of_all(DocumentChange {
            document: DocumentName::Index,
            finding: documents::writing(&old.index, &new.index),
        }));
    }
    Ok(difference)
}

/// What belongs to no platform.
fn of_all<T>(what: T) -> Held<T> {
    Held {
        platforms: Vec::new(),
        what,
    }
}

/// Both at once: each is busy with hashing or unpacking.
fn both<L: Send, R: Send>(
    old: impl FnOnce() -> Result<L, CompareError> + Send,
    new: impl FnOnce() -> Result<R, CompareError> + Send,
) -> Result<(L, R), CompareError> {
    std::thread::scope(|scope| {
        let old = scope.spawn(old);
        let new = new();
        let old = old
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok((old?, new?))
    })
}

fn identities(image: &ReadImage) -> Vec<align::PlatformIdentity> {
    (image.platforms.iter())
        .map(|platform| platform.identity.clone())
        .collect()
}

fn side(image: &ReadImage) -> Side {
    let annotated = image.index.value["annotations"][VERSION].as_str();
    let labelled = (image.platforms.iter())
        .find_map(|platform| platform.config.value["config"]["Labels"][VERSION].as_str());
    Side {
        layout: image.path().to_owned(),
        digest: image.index.digest().clone(),
        tag: image.tag.clone(),
        reference: image.reference.clone(),
        version: annotated.or(labelled).map(str::to_owned),
        record: image.record.clone(),
    }
}

fn platform_changes(
    old: &ReadImage,
    new: &ReadImage,
    platforms: &[Aligned],
) -> Vec<PlatformChange> {
    let bytes = |image: &ReadImage, at: usize| {
        let sizes = image.platforms[at]
            .layers
            .iter()
            .map(|layer| layer.blob.size);
        sizes.fold(0_u64, u64::saturating_add)
    };
    platforms
        .iter()
        .map(|aligned| PlatformChange {
            platform: aligned.name.clone(),
            same: aligned.both().is_some_and(|(before, after)| {
                old.platforms[before].manifest.digest() == new.platforms[after].manifest.digest()
            }),
            old_bytes: aligned.old.map(|at| bytes(old, at)),
            new_bytes: aligned.new.map(|at| bytes(new, at)),
        })
        .collect()
}

/// A platform that both images have, with its layers side by side.
struct PlatformPair<'a> {
    name: &'a str,
    old: &'a ReadPlatform,
    new: &'a ReadPlatform,
    layers: Vec<Aligned>,
}

impl<'a> PlatformPair<'a> {
    fn new(old: &'a ReadImage, new: &'a ReadImage, aligned: &'a Aligned) -> Option<Self> {
        let (before, after) = aligned.both()?;
        let (old, new) = (&old.platforms[before], &new.platforms[after]);
        let identities = |platform: &ReadPlatform| -> Vec<_> {
            (platform.layers.iter())
                .map(|layer| layer.identity.clone())
                .collect()
        };
        Some(Self {
            name: &aligned.name,
            layers: align::layers(&identities(old), &identities(new)),
            old,
            new,
        })
    }

    /// Digests of the layers of one image that are not the same in the other.
    fn differing(&self, which: Which) -> impl Iterator<Item = &Digest> {
        let layers = self.layers.iter().filter(|aligned| !self.is_same(aligned));
        layers.filter_map(move |aligned| {
            let layer = match which {
                Which::First => &self.old.layers[aligned.old?],
                Which::Second => &self.new.layers[aligned.new?],
            };
            Some(&layer.blob.digest)
        })
    }

    fn is_same(&self, aligned: &Aligned) -> bool {
        aligned.both().is_some_and(|(before, after)| {
            self.old.layers[before].blob.digest == self.new.layers[after].blob.digest
        })
    }
}

/// Lists by platform.
#[derive(Default)]
struct Parts {
    layers: Vec<(String, Vec<LayerChange>)>,
    layer_order: Vec<(String, Vec<LayerOrder>)>,
    packages: Vec<(String, Vec<packages::PackageChange>)>,
    java: Vec<(String, Vec<java::JavaChange>)>,
    jars: Vec<(String, Vec<jars::JarChange>)>,
    commands: Vec<(String, Vec<commands::CommandChange>)>,
    documents: Vec<(String, Vec<DocumentChange>)>,
    files: Vec<(String, Vec<FileChange>)>,
}

struct Comparison<'a> {
    old: &'a ReadImage,
    new: &'a ReadImage,
    old_contents: BTreeMap<Digest, LayerContents>,
    new_contents: BTreeMap<Digest, LayerContents>,
    /// By both digests: platforms share layers.
    notes: BTreeMap<(Digest, Digest), Vec<LayerNote>>,
}

impl Comparison<'_> {
    fn compare(&mut self, pair: &PlatformPair<'_>, parts: &mut Parts) -> Result<(), CompareError> {
        let name = || pair.name.to_owned();
        let mut layers = Vec::with_capacity(pair.layers.len());
        for aligned in &pair.layers {
            layers.extend(self.layer(pair, aligned)?);
        }
        parts.layers.push((name(), layers));
        let order = align::orders(&pair.layers).map(|(old, new)| LayerOrder { old, new });
        parts
            .layer_order
            .push((name(), order.into_iter().collect()));
        let documents = documents::platform(pair.old, pair.new, &pair.layers);
        parts.documents.push((name(), documents));

        let differing: Vec<Differing<'_>> = self.differing(pair);
        let entries: Vec<LayerEntries<'_>> = differing.iter().map(Differing::entries).collect();
        let files = files::changes(&entries);
        parts.commands.push((name(), commands::changes(&files)));
        parts.files.push((name(), files));
        let old: Vec<&LayerContents> = differing.iter().filter_map(|layer| layer.old).collect();
        let new: Vec<&LayerContents> = differing.iter().filter_map(|layer| layer.new).collect();
        let found = packages::changes(statuses(&old), statuses(&new));
        parts.packages.push((name(), found));
        let found = java::changes(releases(&old), releases(&new));
        parts.java.push((name(), found));
        let found = jars::changes(
            old.iter().flat_map(|layer| &layer.entries),
            new.iter().flat_map(|layer| &layer.entries),
        );
        parts.jars.push((name(), found));
        Ok(())
    }

    /// What there is to say of one layer beside its entries.
    fn layer(
        &mut self,
        pair: &PlatformPair<'_>,
        aligned: &Aligned,
    ) -> Result<Option<LayerChange>, CompareError> {
        let before = aligned.old.map(|at| &pair.old.layers[at]);
        let after = aligned.new.map(|at| &pair.new.layers[at]);
        let finding = match (before, after) {
            (Some(before), Some(_)) if pair.is_same(aligned) => {
                LayerFinding::Same(LayerBlob::of(before))
            }
            (Some(before), Some(after)) => {
                let digests = (before.blob.digest.clone(), after.blob.digest.clone());
                if !self.notes.contains_key(&digests) {
                    let (old, new) = (
                        &self.old_contents[&digests.0],
                        &self.new_contents[&digests.1],
                    );
                    let (mut notes, unexplained) = layer_notes::notes(old, new);
                    if let Some(what) = unexplained {
                        let note = bytes::explain((self.old, before), (self.new, after), what)?;
                        notes.push(note);
                    }
                    self.notes.insert(digests.clone(), notes);
                }
                LayerFinding::Changed {
                    old: LayerBlob::of(before),
                    new: LayerBlob::of(after),
                    notes: self.notes[&digests].clone(),
                }
            }
            (Some(before), None) => LayerFinding::Removed(LayerBlob::of(before)),
            (None, Some(after)) => LayerFinding::Added(LayerBlob::of(after)),
            (None, None) => return Ok(None),
        };
        Ok(Some(LayerChange {
            layer: aligned.name.clone(),
            finding,
        }))
    }

    /// The contents of all layers that are not the same in both.
    fn differing<'b>(&'b self, pair: &'b PlatformPair<'_>) -> Vec<Differing<'b>> {
        (pair.layers.iter())
            .filter(|aligned| !pair.is_same(aligned))
            .map(|aligned| Differing {
                name: &aligned.name,
                old: (aligned.old).map(|at| &self.old_contents[&pair.old.layers[at].blob.digest]),
                new: (aligned.new).map(|at| &self.new_contents[&pair.new.layers[at].blob.digest]),
            })
            .collect()
    }
}

/// A layer that is not the same in both images.
struct Differing<'a> {
    name: &'a str,
    old: Option<&'a LayerContents>,
    new: Option<&'a LayerContents>,
}

impl Differing<'_> {
    fn entries(&self) -> LayerEntries<'_> {
        LayerEntries {
            name: self.name,
            old: self.old.map_or(&[], |contents| &contents.entries),
            new: self.new.map_or(&[], |contents| &contents.entries),
        }
    }
}

fn statuses<'a>(layers: &'a [&'a LayerContents]) -> impl Iterator<Item = &'a [u8]> {
    (layers.iter().flat_map(|layer| &layer.texts))
        .filter(|(path, _)| packages::is_status(path))
        .map(|(_, text)| text.as_slice())
}

fn releases<'a>(layers: &'a [&'a LayerContents]) -> impl Iterator<Item = (&'a str, &'a [u8])> {
    (layers.iter().flat_map(|layer| &layer.texts))
        .filter(|(path, _)| java::is_release(path))
        .map(|(path, text)| (path.as_str(), text.as_slice()))
}
