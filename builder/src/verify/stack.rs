//! The layers of one platform on top of each other, held against each other and their config.

use std::collections::{BTreeMap, HashMap};

use layers::Digest;
use layers::inspect::{EntryKind, usr_merged};

use super::image::{NamedLayer, PlatformDocuments};
use super::layer::{Contents, Entry};
use super::{Fault, Finding, Verification, files};

impl Verification<'_> {
    /// Checks what no layer shows by itself.
    pub(super) fn stack(
        &mut self,
        platform: &PlatformDocuments,
        contents: &BTreeMap<Digest, Contents>,
    ) {
        let mut below: HashMap<String, (&Digest, &Entry)> = HashMap::new();
        for layer in &platform.layers {
            let Some(content) = contents.get(&layer.blob.digest) else {
                continue;
            };
            self.diff_id(platform, layer, content);
            if let Some(created) = platform.created {
                self.times(layer, content, created);
            }
            for entry in &content.entries {
                let path = usr_merged(&entry.path);
                if let Some((lower, first)) = below.get(path.as_ref())
                    && let Some(how) = conflict(first, entry)
                {
                    self.findings.push(Finding {
                        file: files::name(&layer.blob.digest),
                        entry: Some(entry.path.clone()),
                        fault: Fault::InTwoLayers {
                            lower: (*lower).clone(),
                            how,
                        },
                    });
                }
            }
            // After all of them: what a layer has twice is a finding about that layer.
            for entry in &content.entries {
                let path = usr_merged(&entry.path).into_owned();
                below.entry(path).or_insert((&layer.blob.digest, entry));
            }
        }
    }

    fn diff_id(&mut self, platform: &PlatformDocuments, layer: &NamedLayer, content: &Contents) {
        let (Some((field, named)), Some(found)) = (&layer.diff_id, &content.diff_id) else {
            return;
        };
        if named != found {
            let expected = format!("{found}, that of layer `{}`", layer.blob.digest);
            self.value(&platform.config, field, &expected, &named.to_string());
        }
    }

    /// All entries of an image have one time; one finding for all of a layer that do not.
    fn times(&mut self, layer: &NamedLayer, content: &Contents, expected: u64) {
        let others = || {
            content
                .entries
                .iter()
                .filter(|entry| entry.mtime != expected)
        };
        if let Some(first) = others().next() {
            self.findings.push(Finding {
                file: files::name(&layer.blob.digest),
                entry: Some(first.path.clone()),
                fault: Fault::Time {
                    entries: others().count(),
                    found: first.mtime,
                    expected,
                },
            });
        }
    }
}

/// Layers share directories, which the upper one repeats as they are, and nothing else.
fn conflict(lower: &Entry, upper: &Entry) -> Option<&'static str> {
    if (lower.kind, upper.kind) != (EntryKind::Directory, EntryKind::Directory) {
        return Some("and only directories may be");
    }
    let same = (lower.mode, lower.owner) == (upper.mode, upper.owner);
    (!same).then_some("with another mode or owner")
}
