//! The first lines: what is compared, versions, sizes, layers.

use super::table::{Cut, Table};
use super::words::{self, change, printable, short};
use crate::compare::{
    Difference, DocumentChange, DocumentFinding, Held, LayerChange, LayerFinding, PlatformChange,
    Side,
};
use crate::size::Size;

/// Everything above the sections.
pub(super) fn write(difference: &Difference, cut: Cut) -> String {
    let mut text = sides(&difference.old, &difference.new);
    text.push('\n');
    let mut table = Table::default();
    let version = |side: &Side| side.version.as_deref().map(printable);
    match (version(&difference.old), version(&difference.new)) {
        (None, None) => {}
        (Some(old), Some(new)) if old == new => table.row("version", format!("{old}, the same")),
        (old, new) => table.row("version", change(old.as_deref(), new.as_deref())),
    }
    headed(&mut table, "size", &platforms(&difference.platforms));
    let (same, different) = layers(difference);
    if !same.is_empty() {
        table.row("same", same.join(", "));
    }
    headed(&mut table, "different", &different);
    text.push_str(&table.lines(0, usize::MAX - 1, cut));
    text
}

/// What `index.json` says beside name and tag, which stand above already.
pub(super) fn unsaid(difference: &Difference) -> Vec<DocumentChange> {
    let is_said = |change: &&DocumentChange| match &change.finding {
        DocumentFinding::Value { path, .. } => matches!(
            path.iter().map(String::as_str).collect::<Vec<_>>()[..],
            [
                "manifests",
                "annotations",
                "org.opencontainers.image.ref.name" | "io.containerd.image.name"
            ]
        ),
        DocumentFinding::Order { .. } | DocumentFinding::Writing { .. } => false,
    };
    let changes = difference.layout.iter();
    changes.filter(|change| !is_said(change)).cloned().collect()
}

fn sides(old: &Side, new: &Side) -> String {
    let columns = |side: &Side| {
        let name = side.reference.as_ref().or(side.tag.as_ref());
        [
            printable(&side.layout.display().to_string()),
            name.map_or_else(|| "without a name".to_owned(), |name| printable(name)),
            short(&side.digest),
        ]
    };
    let (old, new) = (columns(old), columns(new));
    let width = |column: usize| old[column].chars().count().max(new[column].chars().count());
    let (first, second) = (width(0), width(1));
    let line = |name: &str, [layout, reference, digest]: &[String; 3]| {
        format!("{name}  {layout:<first$}  {reference:<second$}  {digest}\n")
    };
    line("A", &old) + &line("B", &new)
}

fn platforms(platforms: &[PlatformChange]) -> Vec<String> {
    let names: Vec<String> = (platforms.iter())
        .map(|platform| printable(&platform.platform))
        .collect();
    let width = names
        .iter()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0);
    let what = |platform: &PlatformChange| match (platform.old_bytes, platform.new_bytes) {
        (Some(old), Some(_)) if platform.same => format!("{}, the same image", Size(old)),
        (Some(old), Some(new)) => words::sizes(old, new),
        (Some(old), None) => format!("{}, only in A", Size(old)),
        (None, Some(new)) => format!("{}, only in B", Size(new)),
        (None, None) => String::new(),
    };
    (names.iter().zip(platforms))
        .map(|(name, platform)| format!("{name:<width$}  {}", what(platform)))
        .collect()
}

/// Names of layers that are the same on all platforms, and a line for each that is not.
fn layers(difference: &Difference) -> (Vec<String>, Vec<String>) {
    let mut layers: Vec<Vec<&Held<LayerChange>>> = Vec::new();
    for held in &difference.layers {
        let known = (layers.iter_mut()).find(|known| known[0].what.layer == held.what.layer);
        match known {
            Some(known) => known.push(held),
            None => layers.push(vec![held]),
        }
    }
    let is_same = |held: &&Held<LayerChange>| matches!(held.what.finding, LayerFinding::Same(_));
    let (same, different): (Vec<_>, Vec<_>) =
        (layers.into_iter()).partition(|changes| changes.iter().all(is_same));
    let name = |changes: &[&Held<LayerChange>]| printable(&changes[0].what.layer);
    let width = (different.iter())
        .map(|changes| name(changes).chars().count())
        .max()
        .unwrap_or(0);
    let mut lines = Vec::new();
    for changes in &different {
        let name = name(changes);
        for (position, (what, platforms)) in by_words(changes).iter().enumerate() {
            let name = match position {
                0 => name.as_str(),
                _ => "",
            };
            let is_everywhere = platforms.len() == of_both(&difference.platforms);
            let platforms = match is_everywhere {
                true => String::new(),
                false => format!(", {}", printable(&platforms.join(", "))),
            };
            lines.push(format!("{name:<width$}  {what}{platforms}"));
        }
    }
    (same.iter().map(|changes| name(changes)).collect(), lines)
}

/// Platforms of which the same is said, whatever the bytes.
fn by_words<'a>(changes: &[&'a Held<LayerChange>]) -> Vec<(String, Vec<&'a str>)> {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for held in changes {
        let what = match &held.what.finding {
            LayerFinding::Same(blob) => format!("{}, the same", Size(blob.bytes)),
            LayerFinding::Added(blob) => format!("{}, only in B", Size(blob.bytes)),
            LayerFinding::Removed(blob) => format!("{}, only in A", Size(blob.bytes)),
            LayerFinding::Changed { old, new, .. } => words::sizes(old.bytes, new.bytes),
        };
        let platforms = held.platforms.iter().map(String::as_str);
        match groups.iter_mut().find(|(known, _)| *known == what) {
            Some((_, known)) => known.extend(platforms),
            None => groups.push((what, platforms.collect())),
        }
    }
    groups
}

fn of_both(platforms: &[PlatformChange]) -> usize {
    let both =
        |platform: &&PlatformChange| platform.old_bytes.is_some() && platform.new_bytes.is_some();
    platforms.iter().filter(both).count()
}

/// Lines of which only the first has the heading before it.
fn headed(table: &mut Table, heading: &str, lines: &[String]) {
    for (position, line) in lines.iter().enumerate() {
        let heading = match position {
            0 => heading,
            _ => "",
        };
        table.row(heading, line.as_str());
    }
}
