//! Each layer, read once whatever refers to it.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use layers::inspect::{EntryKind, Inspected, InspectedEntry, inspect_blob};
use layers::{DiffId, Digest};

use super::image::{NamedLayer, PlatformDocuments};
use super::{Fault, Finding, Verification, files, threads};
use crate::image::Layout;

/// What a layer has in it.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// `None` where it cannot be read to its end.
    pub(super) diff_id: Option<DiffId>,
    /// In the order of the archive.
    pub(super) entries: Vec<Entry>,
}

/// What other layers and the documents have to fit.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) kind: EntryKind,
    pub(super) mode: u32,
    pub(super) owner: (u64, u64),
    pub(super) mtime: u64,
}

impl From<InspectedEntry> for Entry {
    fn from(entry: InspectedEntry) -> Self {
        Self {
            path: entry.path,
            kind: entry.kind,
            mode: entry.mode,
            owner: (entry.uid, entry.gid),
            mtime: entry.mtime,
        }
    }
}

impl Verification<'_> {
    /// Reads all layers of all platforms.
    pub(super) fn layers(
        &mut self,
        platforms: &[PlatformDocuments],
        threads: NonZeroUsize,
    ) -> BTreeMap<Digest, Contents> {
        let layers = platforms.iter().flat_map(|platform| &platform.layers);
        let layers: BTreeMap<&Digest, &NamedLayer> =
            layers.map(|layer| (&layer.blob.digest, layer)).collect();
        let layers: Vec<&NamedLayer> = layers.into_values().collect();
        let layout = self.layout;
        let read = threads::map(threads, &layers, |layer| read(layout, layer));
        let mut contents = BTreeMap::new();
        for (layer, (content, findings)) in layers.into_iter().zip(read) {
            self.findings.extend(findings);
            contents.insert(layer.blob.digest.clone(), content);
        }
        contents
    }
}

fn read(layout: &Layout, layer: &NamedLayer) -> (Contents, Vec<Finding>) {
    let file = files::name(&layer.blob.digest);
    let mut contents = Contents::default();
    let mut findings = Vec::new();
    let blob = match layout.open_blob(&layer.blob.digest) {
        Ok(blob) => blob,
        Err(error) => {
            findings.push(Finding::new(&file, Fault::Unreadable(error.to_string())));
            return (contents, findings);
        }
    };
    let mut visit = |entry: InspectedEntry| contents.entries.push(entry.into());
    match inspect_blob(blob, layer.encoding, &mut visit) {
        Ok(inspected) => {
            findings.extend(broken_rules(&file, &inspected));
            contents.diff_id = Some(inspected.diff_id);
        }
        Err(error) => findings.push(Finding::new(&file, Fault::Archive(chain(&error)))),
    }
    (contents, findings)
}

fn broken_rules(file: &str, inspected: &Inspected) -> Vec<Finding> {
    let mut findings: Vec<Finding> = (inspected.violations.iter())
        .map(|violation| Finding {
            file: file.to_owned(),
            entry: violation.path.clone(),
            fault: Fault::Rule(violation.rule.clone()),
        })
        .collect();
    if inspected.further_violations > 0 {
        let further = Fault::FurtherRules(inspected.further_violations);
        findings.push(Finding::new(file, further));
    }
    findings
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
