//! Index, manifests and configs, field by field.
//!
//! What follows from something else is not said again: a digest and a size that stand for another
//! document or layer which differs, the entries of a layer that only one image has. Lists whose members
//! have names are compared by name: layers, platforms, environment variables.

use serde::Serialize;
use serde_json::{Map, Value};

use super::align::{self, Aligned};
use super::bytes::first_difference;
use super::json;
use super::read::{Document, ReadImage, ReadPlatform};

/// A difference within a document.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct DocumentChange {
    /// Which one.
    pub document: DocumentName,
    /// What.
    #[serde(flatten)]
    pub finding: DocumentFinding,
}

/// The documents of a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentName {
    /// `index.json`.
    Layout,
    /// The image index.
    Index,
    /// The manifest of a platform.
    Manifest,
    /// The config of a platform.
    Config,
}

/// What differs in a document.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum DocumentFinding {
    /// A value.
    Value {
        /// Keys from the root; members of lists by their names.
        path: Vec<String>,
        /// `None` if only the second image has it.
        #[serde(skip_serializing_if = "Option::is_none")]
        old: Option<Value>,
        /// `None` if only the first image has it.
        #[serde(skip_serializing_if = "Option::is_none")]
        new: Option<Value>,
    },
    /// The order of a list.
    Order {
        /// Keys from the root.
        path: Vec<String>,
        /// Names of those that both have, in the order of the first image.
        old: Vec<String>,
        /// The same in the order of the second.
        new: Vec<String>,
    },
    /// The same meaning in other bytes: blanks, the order of keys, the way a number is written.
    Writing {
        /// Of the first document.
        old_digest: String,
        /// Of the second.
        new_digest: String,
        /// Counted from 0; the length of the shorter one if the other begins with it.
        first_different_byte: u64,
    },
}

/// The image indexes.
pub(super) fn index(
    old: &ReadImage,
    new: &ReadImage,
    platforms: &[Aligned],
) -> Vec<DocumentChange> {
    let comparison = Comparison::new(DocumentName::Index, &old.index, &new.index);
    comparison.finish(|findings, old_value, new_value| {
        let follows = |pair: &Aligned| {
            pair.both().is_some_and(|(before, after)| {
                old.platforms[before].manifest.digest() != new.platforms[after].manifest.digest()
            })
        };
        let list = ListOfDescriptors {
            path: &["manifests"],
            aligned: platforms,
            also: None,
        };
        findings.extend(list.rename(old_value, new_value, follows));
    })
}

/// Manifest and config of one platform.
pub(super) fn platform(
    old: &ReadPlatform,
    new: &ReadPlatform,
    layers: &[Aligned],
) -> Vec<DocumentChange> {
    let differs = |pair: &Aligned| {
        pair.both().is_some_and(|(before, after)| {
            old.layers[before].blob.digest != new.layers[after].blob.digest
        })
    };
    let manifest = Comparison::new(DocumentName::Manifest, &old.manifest, &new.manifest);
    let mut changes = manifest.finish(|_, old_value, new_value| {
        if old.config.digest() != new.config.digest() {
            forget_blob(&mut old_value["config"]);
            forget_blob(&mut new_value["config"]);
        }
        let list = ListOfDescriptors {
            path: &["layers"],
            aligned: layers,
            // The compression is said of the layer.
            also: Some("mediaType"),
        };
        // Another order of layers is said of the layers.
        let _ = list.rename(old_value, new_value, differs);
    });
    let config = Comparison::new(DocumentName::Config, &old.config, &new.config);
    changes.extend(config.finish(|findings, old_value, new_value| {
        rename_diff_ids(old_value, new_value, layers, differs);
        rename_history(old_value, new_value, layers);
        findings.extend(rename_environment(old_value, new_value));
    }));
    changes
}

/// What stands in `index.json` beside the image's digest.
pub(super) fn layout(old: &ReadImage, new: &ReadImage) -> Vec<DocumentChange> {
    let (mut before, mut after) = (old.top.clone(), new.top.clone());
    if old.index.digest() != new.index.digest() {
        for value in [&mut before, &mut after] {
            forget_blob(&mut value["manifests"][0]);
        }
    }
    // Exactly one: what holds for it is said of it.
    for value in [&mut before, &mut after] {
        if let Some(only) = value["manifests"].get_mut(0).map(Value::take) {
            value["manifests"] = only;
        }
    }
    (json::differences(&before, &after).into_iter())
        .map(|place| DocumentChange {
            document: DocumentName::Layout,
            finding: DocumentFinding::from(place),
        })
        .collect()
}

/// Two documents that are to be compared.
struct Comparison<'a> {
    name: DocumentName,
    old: &'a Document,
    new: &'a Document,
}

impl<'a> Comparison<'a> {
    fn new(name: DocumentName, old: &'a Document, new: &'a Document) -> Self {
        Self { name, old, new }
    }

    /// The differences, after `rename` has brought both into a form in which they can be compared by
    /// key.
    fn finish(
        self,
        rename: impl FnOnce(&mut Vec<DocumentFinding>, &mut Value, &mut Value),
    ) -> Vec<DocumentChange> {
        if self.old.digest() == self.new.digest() {
            return Vec::new();
        }
        let mut findings = Vec::new();
        if self.old.value == self.new.value {
            findings.push(writing(self.old, self.new));
        } else {
            let (mut old, mut new) = (self.old.value.clone(), self.new.value.clone());
            rename(&mut findings, &mut old, &mut new);
            let places = json::differences(&old, &new);
            findings.extend(places.into_iter().map(DocumentFinding::from));
        }
        (findings.into_iter())
            .map(|finding| DocumentChange {
                document: self.name,
                finding,
            })
            .collect()
    }
}

/// The same document in other bytes.
pub(super) fn writing(old: &Document, new: &Document) -> DocumentFinding {
    DocumentFinding::Writing {
        old_digest: old.digest().to_string(),
        new_digest: new.digest().to_string(),
        first_different_byte: first_difference(&old.bytes[..], &new.bytes[..])
            .ok()
            .flatten()
            .unwrap_or_default(),
    }
}

impl From<json::Place> for DocumentFinding {
    fn from(place: json::Place) -> Self {
        Self::Value {
            path: place.path,
            old: place.old,
            new: place.new,
        }
    }
}

/// A list whose members have names.
struct ListOfDescriptors<'a> {
    path: &'a [&'a str],
    aligned: &'a [Aligned],
    /// What follows from another blob as well as its digest does.
    also: Option<&'a str>,
}

impl ListOfDescriptors<'_> {
    /// Makes it an object by name in both, without what only one has, and without digests and sizes of
    /// what `follows` from a difference elsewhere. Gives the difference in order.
    fn rename(
        &self,
        old: &mut Value,
        new: &mut Value,
        follows: impl Fn(&Aligned) -> bool,
    ) -> Option<DocumentFinding> {
        let [old, new] =
            [old, new].map(|value| (self.path.iter()).fold(value, |value, key| &mut value[*key]));
        let (mut before, mut after) = (Map::new(), Map::new());
        for pair in self.aligned {
            let Some((old_position, new_position)) = pair.both() else {
                continue;
            };
            let follows = follows(pair);
            for (list, position, named) in [
                (&mut *old, old_position, &mut before),
                (&mut *new, new_position, &mut after),
            ] {
                let mut descriptor = list[position].take();
                if follows {
                    forget_blob(&mut descriptor);
                    if let (Some(also), Some(map)) = (self.also, descriptor.as_object_mut()) {
                        map.remove(also);
                    }
                }
                named.insert(pair.name.clone(), descriptor);
            }
        }
        *old = Value::Object(before);
        *new = Value::Object(after);
        align::orders(self.aligned).map(|(old, new)| DocumentFinding::Order {
            path: self.path.iter().map(|key| (*key).to_owned()).collect(),
            old,
            new,
        })
    }
}

fn forget_blob(descriptor: &mut Value) {
    if let Some(map) = descriptor.as_object_mut() {
        map.remove("digest");
        map.remove("size");
    }
}

/// By layer, without those of layers that differ themselves.
fn rename_diff_ids(
    old: &mut Value,
    new: &mut Value,
    layers: &[Aligned],
    differs: impl Fn(&Aligned) -> bool,
) {
    let named = |value: &Value, side: fn(&Aligned) -> Option<usize>| {
        let named = (layers.iter())
            .filter(|pair| pair.both().is_some() && !differs(pair))
            .filter_map(|pair| Some((pair.name.clone(), value[side(pair)?].clone())));
        Value::Object(named.collect())
    };
    let before = named(&old["rootfs"]["diff_ids"], |pair| pair.old);
    let after = named(&new["rootfs"]["diff_ids"], |pair| pair.new);
    old["rootfs"]["diff_ids"] = before;
    new["rootfs"]["diff_ids"] = after;
}

/// By layer, where there is exactly one entry for each.
fn rename_history(old: &mut Value, new: &mut Value, layers: &[Aligned]) {
    let count = |side: fn(&Aligned) -> Option<usize>| layers.iter().filter_map(side).count();
    let is_one_for_each = |value: &Value, layers: usize| {
        value["history"].as_array().is_some_and(|list| {
            list.len() == layers
                && (list.iter()).all(|entry| entry["empty_layer"] != Value::Bool(true))
        })
    };
    if !is_one_for_each(old, count(|pair| pair.old))
        || !is_one_for_each(new, count(|pair| pair.new))
    {
        return;
    }
    let named = |value: &Value, side: fn(&Aligned) -> Option<usize>| {
        let named = (layers.iter())
            .filter(|pair| pair.both().is_some())
            .filter_map(|pair| Some((pair.name.clone(), value[side(pair)?].clone())));
        Value::Object(named.collect())
    };
    old["history"] = named(&old["history"], |pair| pair.old);
    new["history"] = named(&new["history"], |pair| pair.new);
}

/// By name, where every variable has one, once.
fn rename_environment(old: &mut Value, new: &mut Value) -> Option<DocumentFinding> {
    let before = variables(old.pointer("/config/Env")?)?;
    let after = variables(new.pointer("/config/Env")?)?;
    let aligned: Vec<Aligned> = (before.iter().enumerate())
        .map(|(position, (name, _))| Aligned {
            name: name.clone(),
            old: Some(position),
            new: after.iter().position(|(other, _)| other == name),
        })
        .collect();
    for (document, variables) in [(old, before), (new, after)] {
        let named = (variables.into_iter()).map(|(name, value)| (name, Value::String(value)));
        document["config"]["Env"] = Value::Object(named.collect());
    }
    align::orders(&aligned).map(|(old, new)| DocumentFinding::Order {
        path: vec!["config".to_owned(), "Env".to_owned()],
        old,
        new,
    })
}

fn variables(list: &Value) -> Option<Vec<(String, String)>> {
    let mut variables: Vec<(String, String)> = Vec::new();
    for entry in list.as_array()? {
        let (name, value) = entry.as_str()?.split_once('=')?;
        if variables.iter().any(|(known, _)| known == name) {
            return None;
        }
        variables.push((name.to_owned(), value.to_owned()));
    }
    Some(variables)
}
