//! Index, manifest, config and `index.json`, a row for each value.

use super::table::{Cut, Table};
use super::words::{self, arrow, printable};
use crate::compare::{DocumentChange, DocumentFinding, DocumentName};

/// Rows of one section.
const PER_SECTION: usize = 40;

/// What differs in the documents of some platforms. `everywhere` is what differs on all.
pub(super) fn write(
    changes: &[&DocumentChange],
    everywhere: &[&DocumentChange],
    cut: Cut,
) -> String {
    let mut table = Table::default();
    let mut changes = changes.to_vec();
    // Settings first, then what is written about the image.
    changes.sort_by_key(|change| match change.document {
        DocumentName::Config => 0,
        DocumentName::Manifest => 1,
        DocumentName::Index | DocumentName::Layout => 2,
    });
    for change in changes {
        let (name, what) = row(change);
        if !is_written_everywhere(change, everywhere) {
            table.row(name, what);
        } else if change.document == DocumentName::Config {
            table.row(name.replacen("label ", "label and annotations ", 1), what);
        }
    }
    table.lines(2, PER_SECTION, cut)
}

/// `index.json`, also where the images are the same.
pub(super) fn layout(changes: &[DocumentChange], cut: Cut) -> String {
    if changes.is_empty() {
        return String::new();
    }
    let mut table = Table::default();
    for change in changes {
        let (name, what) = row(change);
        table.row(name, what);
    }
    format!(
        "\nindex.json (no part of the image)\n{}",
        table.lines(2, PER_SECTION, cut)
    )
}

fn row(change: &DocumentChange) -> (String, String) {
    match &change.finding {
        DocumentFinding::Value { path, old, new } => {
            let value = |value: &Option<_>| value.as_ref().map(|value| words::value(path, value));
            let (old, new) = (value(old), value(new));
            let what = words::change(old.as_deref(), new.as_deref());
            (words::field(change.document, path), what)
        }
        DocumentFinding::Order { path, old, new } => {
            let name = format!("{}, order", words::field(change.document, path));
            (name, printable(&arrow(&old.join(" "), &new.join(" "))))
        }
        DocumentFinding::Writing {
            first_different_byte,
            ..
        } => {
            let name = match change.document {
                DocumentName::Layout => "index.json",
                DocumentName::Index => "index",
                DocumentName::Manifest => "manifest",
                DocumentName::Config => "config",
            };
            let what = format!(
                "reads the same as JSON, in other bytes from byte {first_different_byte} on"
            );
            (name.to_owned(), what)
        }
    }
}

/// Whether label and annotations of the key change alike: builders write them from one setting.
fn is_written_everywhere(change: &DocumentChange, everywhere: &[&DocumentChange]) -> bool {
    let Some(label) = label(change) else {
        return false;
    };
    [
        DocumentName::Config,
        DocumentName::Manifest,
        DocumentName::Index,
    ]
    .into_iter()
    .all(|document| {
        everywhere.iter().any(|other| {
            other.document == document
                && self::label(other) == Some(label)
                && has_same_values(&other.finding, &change.finding)
        })
    })
}

/// The key of a label, or of an annotation.
fn label(change: &DocumentChange) -> Option<&str> {
    let DocumentFinding::Value { path, .. } = &change.finding else {
        return None;
    };
    let keys: Vec<&str> = path.iter().map(String::as_str).collect();
    match (change.document, keys.as_slice()) {
        (DocumentName::Config, ["config", "Labels", key])
        | (DocumentName::Manifest | DocumentName::Index, ["annotations", key]) => Some(key),
        _ => None,
    }
}

fn has_same_values(one: &DocumentFinding, other: &DocumentFinding) -> bool {
    let values = |finding: &DocumentFinding| match finding {
        DocumentFinding::Value { old, new, .. } => Some((old.clone(), new.clone())),
        _ => None,
    };
    values(one) == values(other)
}
