//! Entries that differ, by layer and directory.

use std::collections::{BTreeMap, BTreeSet};

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
    /// Layers that only one image has.
    pub(super) layers: Vec<&'a str>,
}

/// What differs, layer by layer.
pub(super) struct Files<'a> {
    /// Platforms that both images have.
    pub(super) platforms: &'a [String],
    pub(super) said: Said<'a>,
    pub(super) cut: Cut,
}

type IsSaid = fn(&Said<'_>, &FileChange) -> bool;

impl Files<'_> {
    pub(super) fn write(&self, files: &[Held<FileChange>]) -> String {
        let mut layers: Vec<(&str, Vec<&Held<FileChange>>)> = Vec::new();
        for held in files {
            let layer = held.what.layer.as_str();
            match layers.iter_mut().find(|(known, _)| *known == layer) {
                Some((_, files)) => files.push(held),
                None => layers.push((layer, vec![held])),
            }
        }
        let mut text = String::new();
        for (layer, files) in layers {
            text.push_str(&format!("  {}\n", words::printable(layer)));
            text.push_str(&self.write_layer(&files));
        }
        text
    }

    fn write_layer(&self, files: &[&Held<FileChange>]) -> String {
        let mut text = String::new();
        let mut rest = files.to_vec();
        if !self.cut.all {
            for (is_said, words) in Self::SAID {
                let (said, other): (Vec<_>, Vec<_>) =
                    (rest.iter()).partition(|held| is_said(&self.said, &held.what));
                if !said.is_empty() {
                    text.push_str(&format!("    {}, {words}\n", self.count(&said)));
                }
                rest = other;
            }
            for (fields, files) in self.take_alike(&mut rest) {
                let names = self.names_on_one_platform(&files);
                text.push_str(&format!("    {}: {fields}\n      ", self.count(&files)));
                text.push_str(&list(&names, 6, ALIKE_NAMES, self.cut));
                text.push('\n');
            }
            rest = without_obvious_directories(&rest, files);
        }
        let everywhere = |held: &&&Held<FileChange>| held.platforms.len() == self.platforms.len();
        let common: Vec<&FileChange> = (rest.iter().filter(everywhere))
            .map(|held| &held.what)
            .collect();
        text.push_str(&write_directories(&common, self.cut));
        let mut others: BTreeMap<&[String], Vec<&FileChange>> = BTreeMap::new();
        for held in rest.iter().filter(|held| !everywhere(held)) {
            others.entry(&held.platforms).or_default().push(&held.what);
        }
        for (platforms, files) in others {
            text.push_str(&format!(
                "    {} only\n",
                words::printable(&platforms.join(", "))
            ));
            let written = write_directories(&files, self.cut);
            text.extend(written.lines().map(|line| format!("  {line}\n")));
        }
        text
    }

    /// What is said elsewhere, and where. The first that fits counts.
    const SAID: [(IsSaid, &'static str); 4] = [
        (
            |said, file| said.is_gone_with_layer(file),
            "gone with the layer (--all shows them)",
        ),
        (
            |said, file| said.is_new_with_layer(file),
            "new with the layer (--all shows them)",
        ),
        (|said, file| said.is_of_package(file), "the packages above"),
        (|said, file| said.is_jar(file), "the jars above"),
    ];

    /// Takes out the entries that differ in the very same way, as after another time of the build.
    fn take_alike<'a>(
        &self,
        files: &mut Vec<&'a Held<FileChange>>,
    ) -> Vec<(String, Vec<&'a Held<FileChange>>)> {
        let mut groups: BTreeMap<String, Vec<&Held<FileChange>>> = BTreeMap::new();
        for held in files.iter() {
            if let Some(fields) = repeatable(&held.what) {
                groups.entry(fields).or_default().push(held);
            }
        }
        groups.retain(|_, files| files.len() >= ALIKE);
        files.retain(|held| {
            !repeatable(&held.what).is_some_and(|fields| groups.contains_key(&fields))
        });
        groups.into_iter().collect()
    }

    /// Paths with the name of the architecture in them are others on each platform.
    fn names_on_one_platform(&self, files: &[&Held<FileChange>]) -> Vec<String> {
        let has = |platform: &&String| files.iter().any(|held| held.platforms.contains(platform));
        let first = self.platforms.iter().find(has);
        (files.iter())
            .filter(|held| first.is_none_or(|platform| held.platforms.contains(platform)))
            .map(|held| path(&held.what))
            .collect()
    }

    /// `3 entries`; by platform where the numbers differ.
    fn count(&self, files: &[&Held<FileChange>]) -> String {
        let of = |platform: &String| {
            let has = |held: &&&Held<FileChange>| held.platforms.contains(platform);
            files.iter().filter(has).count()
        };
        let counts: Vec<usize> = self.platforms.iter().map(of).collect();
        if counts.windows(2).all(|pair| pair[0] == pair[1]) {
            return entries(counts.first().copied().unwrap_or(files.len()));
        }
        (self.platforms.iter().zip(counts))
            .filter(|(_, count)| *count > 0)
            .map(|(platform, count)| {
                format!("{} on {}", entries(count), words::printable(platform))
            })
            .collect::<Vec<_>>()
            .join(", ")
    }
}

impl Said<'_> {
    fn is_gone_with_layer(&self, file: &FileChange) -> bool {
        self.layers.contains(&file.layer.as_str())
            && matches!(file.finding, FileFinding::Removed { .. })
    }

    fn is_new_with_layer(&self, file: &FileChange) -> bool {
        self.layers.contains(&file.layer.as_str())
            && matches!(file.finding, FileFinding::Added { .. })
    }

    fn is_of_package(&self, file: &FileChange) -> bool {
        is_plain(file) && package_name(&file.path).is_some_and(|name| self.packages.contains(&name))
    }

    fn is_jar(&self, file: &FileChange) -> bool {
        is_plain(file)
            && jar_name(&file.path).is_some_and(|name| self.jars.contains(&name.as_str()))
    }
}

/// Whether it came, went or has other bytes, and nothing else.
fn is_plain(file: &FileChange) -> bool {
    match &file.finding {
        FileFinding::Added { entry } | FileFinding::Removed { entry } => entry.kind == Kind::FILE,
        FileFinding::Changed { fields } => matches!(fields[..], [EntryField::Content(_)]),
        FileFinding::Moved { .. } => false,
    }
}

/// A layer lists the directories above what it has: with a new file in it, a new directory is no news.
fn without_obvious_directories<'a>(
    files: &[&'a Held<FileChange>],
    of_layer: &[&'a Held<FileChange>],
) -> Vec<&'a Held<FileChange>> {
    let usual = |entry: &Entry| {
        entry.kind == Kind::DIRECTORY && entry.mode.0 == 0o755 && entry.owner == "0:0"
    };
    let is_directory = |held: &Held<FileChange>| match &held.what.finding {
        FileFinding::Added { entry } | FileFinding::Removed { entry } => {
            usual(entry) && held.what.occurrence == 1
        }
        FileFinding::Changed { .. } | FileFinding::Moved { .. } => false,
    };
    let mut above: BTreeSet<&str> = BTreeSet::new();
    for held in of_layer.iter().filter(|held| !is_directory(held)) {
        let mut path = held.what.path.as_str();
        while let Some((parent, _)) = path.rsplit_once('/') {
            // Whatever is above it was put in with it.
            if !above.insert(parent) {
                break;
            }
            path = parent;
        }
    }
    (files.iter().copied())
        .filter(|held| !is_directory(held) || !above.contains(held.what.path.as_str()))
        .collect()
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
