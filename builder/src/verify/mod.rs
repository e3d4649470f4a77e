//! Whether a layout is what it says: every digest, size, document, layer and rule, recomputed from
//! its files alone. Asks no network, no cache and no catalog.
//!
//! The stations: all [`files`] are listed and hashed; the documents are read from `index.json`
//! ([`top`]) down to the configs ([`image`]); each layer is read once ([`layer`]), then held against
//! the documents and the layers below it ([`stack`]). Whatever is wrong becomes a [`Finding`], and the
//! rest is looked at as far as it can be; only what has the digest it is named by is read at all.

mod document;
mod files;
mod finding;
mod image;
mod layer;
mod rebuilt;
mod shape;
mod stack;
mod threads;
mod top;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use layers::Digest;

use crate::image::{Layout, LayoutError};
use files::Blobs;

use finding::Fault;
pub(crate) use finding::Finding;
pub(crate) use rebuilt::{Change, Difference, changes, differences, request};

/// What came of a verification.
#[derive(Debug)]
pub(crate) struct Report {
    /// In the order of the documents and layers; empty where nothing is wrong.
    pub(crate) findings: Vec<Finding>,
    /// The tag in `index.json`.
    pub(crate) tag: Option<String>,
    /// The image's digest by `index.json`.
    pub(crate) digest: Option<Digest>,
    /// How much there was.
    pub(crate) checked: Checked,
}

/// How much was looked at.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Checked {
    /// Files below `blobs/`.
    pub(crate) blobs: usize,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Layers, each counted once.
    pub(crate) layers: usize,
    /// Entries of these layers.
    pub(crate) entries: u64,
}

/// What the stations hand on.
struct Verification<'a> {
    layout: &'a Layout,
    blobs: Blobs,
    findings: Vec<Finding>,
    /// Blobs that a document named and that were looked at.
    named: BTreeSet<Digest>,
    /// Whether every document could be read, so that it is known which blobs are needed.
    is_whole: bool,
}

/// Looks at everything in a layout.
///
/// # Errors
/// There is no layout. Anything else is a finding.
pub(crate) fn verify(layout: &Layout, threads: NonZeroUsize) -> Result<Report, LayoutError> {
    let mut findings = Vec::new();
    let blobs = Blobs::of(layout, threads, &mut findings)?;
    let checked = Checked {
        blobs: blobs.count(),
        bytes: blobs.bytes(),
        ..Checked::default()
    };
    let mut verification = Verification {
        layout,
        blobs,
        findings,
        named: BTreeSet::new(),
        is_whole: true,
    };
    let top = verification.top();
    let platforms = match &top {
        Some(top) => verification.index(top),
        None => Vec::new(),
    };
    let contents = verification.layers(&platforms, threads);
    for platform in &platforms {
        verification.stack(platform, &contents);
    }
    verification.report_unreferenced();
    let mut findings = verification.findings;
    // Platforms share layers, and what is wrong with those.
    let mut seen = BTreeSet::new();
    findings.retain(|finding| seen.insert(finding.to_string()));
    Ok(Report {
        findings,
        tag: top.as_ref().and_then(|top| top.tag.clone()),
        digest: top.map(|top| top.index.digest),
        checked: Checked {
            layers: contents.len(),
            entries: contents
                .values()
                .map(|layer| layer.entries.len() as u64)
                .sum(),
            ..checked
        },
    })
}

impl Verification<'_> {
    fn found(&mut self, file: &str, fault: Fault) {
        self.findings.push(Finding::new(file, fault));
    }

    fn report_unreferenced(&mut self) {
        // Below a document that cannot be read, anything may be needed.
        if !self.is_whole {
            return;
        }
        for digest in self.blobs.all() {
            if !self.named.contains(digest) {
                let file = files::name(digest);
                self.findings.push(Finding::new(&file, Fault::Unreferenced));
            }
        }
    }
}
