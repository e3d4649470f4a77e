//! Entries that differ, by layer and directory.

use std::collections::BTreeMap;

use super::table::{Cut, Table, list};
use super::words;
use crate::compare::{
    Entry, EntryField, FileChange, FileFinding, Held, Kind, jar_name, package_name,
};
use crate::size::Size;

/// Rows of one directory.
const PER_DIRECTORY: usize = 10;
/// Directories of one layer.
const PER_LAYER: usize = 12;
/// Names of entries that differ alike.
const ALIKE_NAMES: usize = 3;
/// As many entries with the very same change are said at once.
const ALIKE: usize = 4;

/// What other parts of the output have said already.
pub(super) struct Said<'a> {
    /// Names of jars.
    pub(super) jars: Vec<&'a str>,
    /// Names of packages.
    pub(super) packages: Vec<&'a str>,
}

/// Everything about the entries of some platforms.
pub(super) fn write(files: &[&FileChange], said: &Said<'_>, cut: Cut) -> String {
    let mut text = String::new();
    let mut layers: Vec<&str> = Vec::new();
    for file in files {
        if !layers.contains(&file.layer.as_str()) {
            layers.push(&file.layer);
        }
    }
    for layer in layers {
        let of_layer: Vec<&FileChange> = (files.iter().copied())
            .filter(|file| file.layer == layer)
            .collect();
        text.push_str(&format!("  {}\n", words::printable(layer)));
        text.push_str(&write_layer(&of_layer, said, cut));
    }
    text
}

/// Entries that came or went with their whole layer: how many.
pub(super) fn with_layer(files: &[Held<FileChange>]) -> String {
    let mut counts: BTreeMap<(&str, &str), BTreeMap<&str, usize>> = BTreeMap::new();
    for held in files {
        let word = match held.what.finding {
            FileFinding::Removed { .. } => "gone",
            _ => "new",
        };
        let counts = counts.entry((&held.what.layer, word)).or_default();
        for platform in &held.platforms {
            *counts.entry(platform).or_default() += 1;
        }
    }
    let mut text = String::new();
    for ((layer, word), counts) in counts {
        let mut numbers: Vec<usize> = counts.values().copied().collect();
        numbers.dedup();
        let said = match numbers[..] {
            [only] => entries(only),
            _ => (counts.iter())
                .map(|(platform, count)| {
                    format!("{} on {}", entries(*count), words::printable(platform))
                })
                .collect::<Vec<_>>()
                .join(", "),
        };
        let layer = words::printable(layer);
        text.push_str(&format!(
            "  {layer}\n    {said}, {word} with the layer (--all shows them)\n"
        ));
    }
    text
}

fn write_layer(files: &[&FileChange], said: &Said<'_>, cut: Cut) -> String {
    let mut text = String::new();
    let (covered, rest): (Vec<&FileChange>, Vec<&FileChange>) =
        (files.iter()).partition(|file| !cut.all && is_said(file, said));
    for (kind, what) in [
        (Covered::Jar, "the jars above"),
        (Covered::Package, "the packages above"),
    ] {
        let count = covered
            .iter()
            .filter(|file| covered_kind(file) == Some(kind))
            .count();
        if count > 0 {
            text.push_str(&format!("    {}, {what}\n", entries(count)));
        }
    }
    let (alike, single) = split_alike(&rest, cut);
    for (fields, names) in alike {
        let names: Vec<String> = names.iter().map(|file| path(file)).collect();
        text.push_str(&format!("    {}: {fields}\n      ", entries(names.len())));
        text.push_str(&list(&names, 6, ALIKE_NAMES, cut));
        text.push('\n');
    }
    text.push_str(&write_directories(&single, cut));
    text
}

fn write_directories(files: &[&FileChange], cut: Cut) -> String {
    let mut directories: BTreeMap<&str, Vec<&FileChange>> = BTreeMap::new();
    for file in files {
        let directory = file
            .path
            .rsplit_once('/')
            .map_or("", |(directory, _)| directory);
        directories.entry(directory).or_default().push(file);
    }
    let mut text = String::new();
    let (shown, _) = cut.of(directories.len(), PER_LAYER);
    for (directory, files) in directories.iter().take(shown) {
        let mut table = Table::default();
        if let [only] = files.as_slice() {
            table.row(path(only), what(only));
            text.push_str(&table.lines(4, PER_DIRECTORY, cut));
            continue;
        }
        for file in files {
            let name = file.path.rsplit('/').next().unwrap_or_default();
            table.row(with_occurrence(name, file), what(file));
        }
        let indent = match *directory {
            "" => 4,
            directory => {
                text.push_str(&format!("    {directory}/\n"));
                6
            }
        };
        text.push_str(&table.lines(indent, PER_DIRECTORY, cut));
    }
    let rest: usize = directories.values().skip(shown).map(Vec::len).sum();
    if rest > 0 {
        let count = directories.len() - shown;
        text.push_str(&format!(
            "    … and {rest} more in {count} directories (--all shows them)\n"
        ));
    }
    text
}

type Alike<'a> = Vec<(String, Vec<&'a FileChange>)>;

/// Entries that differ in the very same way, as after another time of the build; and all others.
fn split_alike<'a>(files: &[&'a FileChange], cut: Cut) -> (Alike<'a>, Vec<&'a FileChange>) {
    let mut groups: BTreeMap<String, Vec<&FileChange>> = BTreeMap::new();
    if !cut.all {
        for file in files {
            if let Some(fields) = repeatable(file) {
                groups.entry(fields).or_default().push(file);
            }
        }
        groups.retain(|_, files| files.len() >= ALIKE);
    }
    let is_grouped =
        |file: &&FileChange| repeatable(file).is_some_and(|fields| groups.contains_key(&fields));
    let single = files
        .iter()
        .copied()
        .filter(|file| !is_grouped(file))
        .collect();
    (groups.into_iter().collect(), single)
}

/// What can be the same for many entries: all but contents and targets.
fn repeatable(file: &FileChange) -> Option<String> {
    let (from, fields) = match &file.finding {
        FileFinding::Changed { fields } => (None, fields),
        FileFinding::Moved { from, fields } => (Some(from), fields),
        FileFinding::Added { .. } | FileFinding::Removed { .. } => return None,
    };
    let own = |field: &EntryField| {
        matches!(
            field,
            EntryField::Content(_)
                | EntryField::Target(_)
                | EntryField::Spelling(_)
                | EntryField::Kind(_)
        )
    };
    (!fields.iter().any(own)).then(|| said_of(from.map(String::as_str), fields))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Covered {
    Jar,
    Package,
}

fn covered_kind(file: &FileChange) -> Option<Covered> {
    if package_name(&file.path).is_some() {
        Some(Covered::Package)
    } else {
        jar_name(&file.path).map(|_| Covered::Jar)
    }
}

/// Whether the jars or packages tell all that there is about an entry.
fn is_said(file: &FileChange, said: &Said<'_>) -> bool {
    let is_plain = match &file.finding {
        FileFinding::Added { entry } | FileFinding::Removed { entry } => entry.kind == Kind::FILE,
        FileFinding::Changed { fields } => matches!(fields[..], [EntryField::Content(_)]),
        FileFinding::Moved { .. } => false,
    };
    let named = match covered_kind(file) {
        Some(Covered::Package) => {
            package_name(&file.path).is_some_and(|name| said.packages.contains(&name))
        }
        Some(Covered::Jar) => {
            jar_name(&file.path).is_some_and(|name| said.jars.contains(&name.as_str()))
        }
        None => false,
    };
    is_plain && named
}

fn what(file: &FileChange) -> String {
    match &file.finding {
        FileFinding::Added { entry } => format!("new, {}", described(entry)),
        FileFinding::Removed { entry } => format!("gone, {}", described(entry)),
        FileFinding::Changed { fields } => said_of(None, fields),
        FileFinding::Moved { from, fields } => said_of(Some(from), fields),
    }
}

fn said_of(from: Option<&str>, fields: &[EntryField]) -> String {
    let from = from.map(|from| format!("moved here from {}", words::printable(from)));
    let fields = fields.iter().map(words::entry_field);
    from.into_iter()
        .chain(fields)
        .collect::<Vec<_>>()
        .join(", ")
}

fn described(entry: &Entry) -> String {
    let mut said = match (&entry.content, &entry.target) {
        (_, Some(target)) => format!("{} to {target}", entry.kind),
        (Some(content), None) if entry.kind == Kind::FILE => Size(content.bytes).to_string(),
        _ => entry.kind.to_string(),
    };
    let usual = match entry.kind {
        Kind::FILE => "0644",
        Kind::DIRECTORY => "0755",
        _ => "0777",
    };
    let mode = entry.mode.to_string();
    if mode != usual {
        said.push_str(&format!(", mode {mode}"));
    }
    if entry.owner != "0:0" {
        said.push_str(&format!(", owner {}", entry.owner));
    }
    said
}

fn path(file: &FileChange) -> String {
    with_occurrence(&file.path, file)
}

fn with_occurrence(name: &str, file: &FileChange) -> String {
    match file.occurrence {
        1 => name.to_owned(),
        occurrence => format!("{name} (entry {occurrence} of that name)"),
    }
}

fn entries(count: usize) -> String {
    match count {
        1 => "1 entry".to_owned(),
        count => format!("{count} entries"),
    }
}
