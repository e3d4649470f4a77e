//! Entries of layers that differ: added, removed, changed, moved to another layer.

use std::collections::BTreeMap;

use layers::inspect::{EntryKind, InspectedEntry};
use serde::Serialize;

use super::entry::{Entry, EntryField, differing_fields};

/// An entry that differs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct FileChange {
    /// Its layer; that in the second image if it has moved.
    pub layer: String,
    /// Its path, without a slash before it.
    pub path: String,
    /// Which of the entries of that path in its layer, counted from 1: sound layers have one.
    #[serde(skip_serializing_if = "is_first")]
    pub occurrence: usize,
    /// What.
    #[serde(flatten)]
    pub finding: FileFinding,
}

/// What differs about an entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum FileFinding {
    /// Only the second image has it.
    Added {
        /// What it is.
        entry: Entry,
    },
    /// Only the first image has it.
    Removed {
        /// What it was.
        entry: Entry,
    },
    /// Both have it in the same layer.
    Changed {
        /// Never empty.
        fields: Vec<EntryField>,
    },
    /// Both have it, in different layers.
    Moved {
        /// Its layer in the first image.
        from: String,
        /// What has changed beside.
        fields: Vec<EntryField>,
    },
}

fn is_first(occurrence: &usize) -> bool {
    *occurrence == 1
}

/// The entries of a layer that differs, in each image that has the layer.
pub(super) struct LayerEntries<'a> {
    pub(super) name: &'a str,
    pub(super) old: &'a [InspectedEntry],
    pub(super) new: &'a [InspectedEntry],
}

/// Path without its spelling, and which of that path.
type Key = (String, usize);

/// The path that `./usr`, `/usr` and `usr` spell.
pub(super) fn normal(path: &str) -> &str {
    let mut path = path;
    while let Some(rest) = path.strip_prefix("./").or_else(|| path.strip_prefix('/')) {
        path = rest;
    }
    match path {
        "" => ".",
        path => path,
    }
}

/// Everything that differs, by layer in their order, then by path.
pub(super) fn changes(layers: &[LayerEntries<'_>]) -> Vec<FileChange> {
    let keyed: Vec<_> = layers
        .iter()
        .map(|layer| (layer.name, keyed(layer.old), keyed(layer.new)))
        .collect();
    // Directories are in every layer that has something below them: they do not move.
    let mut left: BTreeMap<&Key, Vec<&str>> = BTreeMap::new();
    for (name, old, new) in &keyed {
        let gone = old
            .iter()
            .filter(|(key, entry)| entry.kind != EntryKind::Directory && !new.contains_key(*key));
        for (key, _) in gone {
            left.entry(key).or_default().push(name);
        }
    }
    let mut moved_from: BTreeMap<(&str, &Key), &str> = BTreeMap::new();
    for (name, old, new) in &keyed {
        let come = new
            .iter()
            .filter(|(key, entry)| entry.kind != EntryKind::Directory && !old.contains_key(*key));
        for (key, _) in come {
            if let Some(from) = left.get_mut(key).and_then(Vec::pop) {
                moved_from.insert((name, key), from);
            }
        }
    }
    let mut moved_away: Vec<(&str, &Key)> = moved_from
        .iter()
        .map(|((_, key), from)| (*from, *key))
        .collect();
    moved_away.sort_unstable();

    let mut changes = Vec::new();
    for (name, old, new) in &keyed {
        let mut keys: Vec<&Key> = old.keys().chain(new.keys()).collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            let finding = match (old.get(key), new.get(key)) {
                (Some(before), Some(after)) => {
                    let fields = differing_fields(before, after);
                    (!fields.is_empty()).then_some(FileFinding::Changed { fields })
                }
                (Some(before), None) => {
                    let stays = moved_away.binary_search(&(*name, key)).is_ok();
                    (!stays).then(|| FileFinding::Removed {
                        entry: Entry::of(before),
                    })
                }
                (None, Some(after)) => Some(match moved_from.get(&(*name, key)) {
                    Some(from) => FileFinding::Moved {
                        from: (*from).to_owned(),
                        fields: (keyed.iter().find(|(other, ..)| other == from))
                            .and_then(|(_, old, _)| old.get(key))
                            .map_or_else(Vec::new, |before| differing_fields(before, after)),
                    },
                    None => FileFinding::Added {
                        entry: Entry::of(after),
                    },
                }),
                (None, None) => None,
            };
            changes.extend(finding.map(|finding| FileChange {
                layer: (*name).to_owned(),
                path: key.0.clone(),
                occurrence: key.1,
                finding,
            }));
        }
    }
    changes
}

/// The first entry that stands elsewhere among those that both have.
pub(super) fn first_out_of_order(layer: &LayerEntries<'_>) -> Option<String> {
    let (old, new) = (keys(layer.old), keys(layer.new));
    let (before, after) = (keyed(layer.old), keyed(layer.new));
    let old = old.into_iter().filter(|key| after.contains_key(key));
    let new = new.into_iter().filter(|key| before.contains_key(key));
    old.zip(new)
        .find(|(left, right)| left != right)
        .map(|(_, (path, _))| path)
}

fn keys(entries: &[InspectedEntry]) -> Vec<Key> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    entries
        .iter()
        .map(|entry| {
            let path = normal(&entry.path);
            let occurrence = seen.entry(path).or_default();
            *occurrence += 1;
            (path.to_owned(), *occurrence)
        })
        .collect()
}

fn keyed(entries: &[InspectedEntry]) -> BTreeMap<Key, &InspectedEntry> {
    keys(entries).into_iter().zip(entries).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::compare::entry::samples::{directory, file, link};

    /// `a=1` a file, `d/` a directory, `l>t` a link.
    fn entries(text: &str) -> Vec<InspectedEntry> {
        text.split_whitespace()
            .map(|word| {
                if let Some((path, target)) = word.split_once('>') {
                    link(path, target)
                } else if let Some((path, content)) = word.split_once('=') {
                    file(path, content)
                } else {
                    directory(word.trim_end_matches('/'))
                }
            })
            .collect()
    }

    /// `layer: entries` lines, the same number on both sides.
    fn shown(layers: &[(&str, &str, &str)]) -> Vec<String> {
        let read: Vec<_> = layers
            .iter()
            .map(|(name, old, new)| (*name, entries(old), entries(new)))
            .collect();
        let layers: Vec<_> = read
            .iter()
            .map(|(name, old, new)| LayerEntries { name, old, new })
            .collect();
        changes(&layers)
            .into_iter()
            .map(|change| {
                let what = match change.finding {
                    FileFinding::Added { .. } => "added".to_owned(),
                    FileFinding::Removed { .. } => "removed".to_owned(),
                    FileFinding::Changed { fields } => format!("{} changed", fields.len()),
                    FileFinding::Moved { from, fields } => {
                        format!("from {from}, {} changed", fields.len())
                    }
                };
                format!(
                    "{}:{}#{} {what}",
                    change.layer, change.path, change.occurrence
                )
            })
            .collect()
    }

    #[test]
    fn entries_come_go_change_and_move() {
        type Layers<'a> = &'a [(&'a str, &'a str, &'a str)];
        let cases: [(Layers<'_>, &[&str]); 9] = [
            (&[("l", "d/ d/a=1", "d/ d/a=1")], &[]),
            (
                &[("l", "d/a=1", "d/a=2 d/b=1")],
                &["l:d/a#1 1 changed", "l:d/b#1 added"],
            ),
            (&[("l", "a=1 c=1", "c=1")], &["l:a#1 removed"]),
            (&[("l", "a=1", "a>b")], &["l:a#1 4 changed"]),
            (&[("l", "./a=1", "a=1")], &["l:a#1 1 changed"]),
            (&[("l", "a=1 a=2", "a=1")], &["l:a#2 removed"]),
            (
                &[("x", "a=1 d/", ""), ("y", "", "a=1 d/")],
                &["x:d#1 removed", "y:a#1 from x, 0 changed", "y:d#1 added"],
            ),
            (
                &[("x", "a=1", ""), ("y", "b=1", "a=2 b=1")],
                &["y:a#1 from x, 1 changed"],
            ),
            (&[("x", "a=1", ""), ("y", "a=1", "a=1")], &["x:a#1 removed"]),
        ];
        for (layers, expected) in cases {
            assert_eq!(shown(layers), expected, "{layers:?}");
        }
    }

    #[test]
    fn another_order_is_seen_beside_what_came_and_went() {
        let cases = [
            ("a=1 b=1 c=1", "a=1 c=1", None),
            ("a=1 b=1", "b=1 a=1", Some("b")),
            ("a=1 b=1 c=1", "x=1 a=1 c=1 b=1", Some("c")),
            ("a=1 a=2", "a=2 a=1", None),
        ];
        for (old, new, expected) in cases {
            let (old, new) = (entries(old), entries(new));
            let layer = LayerEntries {
                name: "l",
                old: &old,
                new: &new,
            };
            assert_eq!(first_out_of_order(&layer).as_deref(), expected);
        }
    }

    #[test]
    fn spellings_of_one_path() {
        for path in ["usr", "./usr", "/usr", "//./usr"] {
            assert_eq!(normal(path), "usr");
        }
        for path in ["", ".", "./", "/"] {
            assert_eq!(normal(path), ".");
        }
        assert_eq!(normal("../usr"), "../usr");
    }

    proptest! {
        /// Either the entries or their order are said to differ, unless neither does.
        #[test]
        fn nothing_is_missed(
            old in prop::collection::vec("[ab](=[12]|>[12])|d/", 0..5),
            new in prop::collection::vec("[ab](=[12]|>[12])|d/", 0..5),
        ) {
            let (old, new) = (entries(&old.join(" ")), entries(&new.join(" ")));
            let layer = [LayerEntries { name: "l", old: &old, new: &new }];
            let found = !changes(&layer).is_empty() || first_out_of_order(&layer[0]).is_some();
            prop_assert_eq!(found, old != new);
        }
    }
}
