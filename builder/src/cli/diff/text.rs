//! A difference as one would explain it: a summary, then what has a name (packages, Java, jars, commands),
//! then settings, then files.

use super::files::{Files, Said};
use super::table::{Cut, Table, list};
use super::words::{arrow, change, printable};
use super::{settings, summary};
use crate::compare::{
    CommandChange, Difference, DocumentChange, Held, JarChange, LayerChange, LayerFinding,
    LayerNote, PackageChange,
};

/// Rows of one section.
const PER_SECTION: usize = 40;
/// Names in one list.
const PER_LIST: usize = 12;
/// Notes of one layer.
const PER_LAYER: usize = 5;

/// Writes everything, cut short unless `all` is set.
pub(super) fn write(difference: &Difference, all: bool) -> String {
    let cut = Cut { all };
    if difference.same {
        let mut text = format!("same image: {}\n", difference.new.digest);
        text.push_str(&settings::layout(&difference.layout, cut));
        return text;
    }
    let writer = Writer {
        difference,
        cut,
        platforms: (difference.platforms.iter())
            .filter(|platform| platform.old_bytes.is_some() && platform.new_bytes.is_some())
            .map(|platform| platform.platform.clone())
            .collect(),
    };
    let mut text = summary::write(difference, cut);
    text.push_str(&writer.section("layers", &writer.layer_notes()));
    text.push_str(&writer.section("packages", &writer.packages()));
    text.push_str(&writer.section("java", &writer.java()));
    text.push_str(&writer.section("jars", &writer.jars()));
    text.push_str(&writer.section("commands", &writer.commands()));
    text.push_str(&writer.section("config", &writer.settings()));
    text.push_str(&writer.section("files", &writer.files()));
    text.push_str(&settings::layout(&summary::unsaid(difference), cut));
    text
}

struct Writer<'a> {
    difference: &'a Difference,
    cut: Cut,
    /// Those that both images have.
    platforms: Vec<String>,
}

impl Writer<'_> {
    fn is_everywhere(&self, platforms: &[String]) -> bool {
        platforms.is_empty() || platforms.len() == self.platforms.len()
    }

    /// A heading with what stands below it; nothing if nothing does.
    fn section(&self, name: &str, text: &str) -> String {
        match text {
            "" => String::new(),
            text => format!("\n{name}\n{text}"),
        }
    }

    /// What holds on all platforms first, then what only some have, each with its platforms over it.
    fn grouped<T>(&self, items: &[Held<T>], write: impl Fn(&[&T]) -> String) -> String {
        let mut groups: Vec<(Vec<String>, Vec<&T>)> = vec![(Vec::new(), Vec::new())];
        for held in items {
            let platforms = match self.is_everywhere(&held.platforms) {
                true => Vec::new(),
                false => held.platforms.clone(),
            };
            match groups.iter_mut().find(|(known, _)| *known == platforms) {
                Some((_, items)) => items.push(&held.what),
                None => groups.push((platforms, vec![&held.what])),
            }
        }
        let mut text = String::new();
        for (platforms, items) in groups {
            let written = write(&items);
            if !platforms.is_empty() && !written.is_empty() {
                text.push_str(&format!("  {} only\n", printable(&platforms.join(", "))));
                text.extend(written.lines().map(|line| format!("  {line}\n")));
            } else {
                text.push_str(&written);
            }
        }
        text
    }

    fn layer_notes(&self) -> String {
        let order = self.grouped(&self.difference.layer_order, |orders| {
            let mut table = Table::default();
            for order in orders {
                table.row(
                    "order",
                    printable(&arrow(&order.old.join(", "), &order.new.join(", "))),
                );
            }
            table.lines(2, PER_SECTION, self.cut)
        });
        let notes = self.grouped(&self.notes(), |notes| {
            // What is said of several layers is said once.
            let mut rows: Vec<(String, Vec<String>)> = Vec::new();
            for (layer, what) in notes {
                match rows.iter_mut().find(|(known, _)| known == what) {
                    Some((_, layers)) => layers.push(printable(layer)),
                    None => rows.push((what.clone(), vec![printable(layer)])),
                }
            }
            let mut table = Table::default();
            for (what, layers) in rows {
                table.row(layers.join(", "), what);
            }
            table.lines(2, PER_SECTION, self.cut)
        });
        order + &notes
    }

    /// Layers and what is to be said of each beside its entries, the same words once.
    fn notes(&self) -> Vec<Held<(&str, String)>> {
        let mut all: Vec<Held<(&str, String)>> = Vec::new();
        for held in &self.difference.layers {
            let LayerFinding::Changed { notes, .. } = &held.what.finding else {
                continue;
            };
            if notes.is_empty() {
                continue;
            }
            let what = (held.what.layer.as_str(), layer_notes(notes, self.cut));
            match all.iter_mut().find(|known| known.what == what) {
                Some(known) => known.platforms.extend(held.platforms.iter().cloned()),
                None => all.push(Held {
                    platforms: held.platforms.clone(),
                    what,
                }),
            }
        }
        all
    }

    fn packages(&self) -> String {
        self.grouped(&self.difference.packages, |packages| {
            let mut table = Table::default();
            let mut packages = packages.to_vec();
            packages.sort_by_key(|package| rank(package.old.is_some(), package.new.is_some()));
            for PackageChange { package, old, new } in packages {
                table.row(printable(package), versions(old.as_deref(), new.as_deref()));
            }
            table.lines(2, PER_SECTION, self.cut)
        })
    }

    fn java(&self) -> String {
        self.grouped(&self.difference.java, |runtimes| {
            let mut table = Table::default();
            for runtime in runtimes {
                if runtime.old != runtime.new {
                    let what = versions(runtime.old.as_deref(), runtime.new.as_deref());
                    table.row("version", what);
                }
                let modules = [
                    ("new", &runtime.modules_added),
                    ("gone", &runtime.modules_removed),
                ];
                for (word, modules) in modules {
                    if !modules.is_empty() {
                        let modules: Vec<String> =
                            modules.iter().map(|module| printable(module)).collect();
                        let begin = "  modules  gone, ".len();
                        let names = list(&modules, begin, PER_LIST, self.cut);
                        table.row("modules", format!("{word}, {names}"));
                    }
                }
            }
            table.lines(2, PER_SECTION, self.cut)
        })
    }

    fn jars(&self) -> String {
        self.grouped(&self.difference.jars, |jars| {
            let mut table = Table::default();
            let mut jars = jars.to_vec();
            jars.sort_by_key(|jar| rank(jar.old.is_some(), jar.new.is_some()));
            for JarChange { jar, old, new } in jars {
                let what = match (old, new) {
                    (Some(old), Some(new)) if old == new => {
                        format!("{}, other contents", printable(old))
                            .trim_start_matches(", ")
                            .to_owned()
                    }
                    (old, new) => versions(old.as_deref(), new.as_deref()),
                };
                table.row(printable(jar), what);
            }
            table.lines(2, PER_SECTION, self.cut)
        })
    }

    fn commands(&self) -> String {
        self.grouped(&self.difference.commands, |commands| {
            let mut groups: Vec<(bool, Option<&str>, Vec<String>)> = Vec::new();
            for CommandChange {
                command,
                program,
                added,
            } in commands
            {
                let program = program.as_deref();
                let known = groups
                    .iter_mut()
                    .find(|(known, of, _)| known == added && *of == program);
                match known {
                    Some((_, _, names)) => names.push(command.clone()),
                    None => groups.push((*added, program, vec![command.clone()])),
                }
            }
            // Programs before the links to them.
            groups.sort_by_key(|(added, program, _)| (!added, program.is_some()));
            let mut table = Table::default();
            for (added, program, names) in groups {
                let of = program.map_or(String::new(), |program| format!("links to {program}: "));
                let begin = "  gone  ".len() + of.chars().count();
                let names = list(&names, begin, PER_LIST, self.cut);
                let word = match added {
                    true => "new",
                    false => "gone",
                };
                table.row(word, format!("{of}{names}"));
            }
            table.lines(2, PER_SECTION, self.cut)
        })
    }

    fn settings(&self) -> String {
        let everywhere: Vec<&DocumentChange> = (self.difference.documents.iter())
            .filter(|held| self.is_everywhere(&held.platforms))
            .map(|held| &held.what)
            .collect();
        self.grouped(&self.difference.documents, |changes| {
            settings::write(changes, &everywhere, self.cut)
        })
    }

    fn files(&self) -> String {
        let difference = self.difference;
        let is_alone = |held: &&Held<LayerChange>| {
            let finding = &held.what.finding;
            matches!(finding, LayerFinding::Added(_) | LayerFinding::Removed(_))
        };
        let files = Files {
            platforms: &self.platforms,
            said: Said {
                jars: (difference.jars.iter())
                    .map(|held| held.what.jar.as_str())
                    .collect(),
                packages: (difference.packages.iter())
                    .map(|held| held.what.package.as_str())
                    .collect(),
                layers: (difference.layers.iter().filter(is_alone))
                    .map(|held| held.what.layer.as_str())
                    .collect(),
            },
            cut: self.cut,
        };
        files.write(&difference.files)
    }
}

/// Changed before new before gone.
fn rank(in_old: bool, in_new: bool) -> u8 {
    match (in_old, in_new) {
        (true, true) => 0,
        (false, _) => 1,
        (true, false) => 2,
    }
}

fn versions(old: Option<&str>, new: Option<&str>) -> String {
    let (old, new) = (old.map(printable), new.map(printable));
    change(old.as_deref(), new.as_deref())
}

fn layer_notes(notes: &[LayerNote], cut: Cut) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut is_header = false;
    for note in notes {
        let what = layer_note(note);
        let was_header =
            std::mem::replace(&mut is_header, matches!(note, LayerNote::GzipHeader { .. }));
        match words.last_mut() {
            Some(last) if was_header && is_header => last.push_str(&format!(", {what}")),
            _ if is_header => words.push(format!("gzip header: {what}")),
            _ => words.push(what),
        }
    }
    let (shown, rest) = cut.of(words.len(), PER_LAYER);
    words.truncate(shown);
    words.extend(rest);
    words.join("; ")
}

fn layer_note(note: &LayerNote) -> String {
    match note {
        LayerNote::SameArchive => "the same archive in another compression".to_owned(),
        LayerNote::Encoding(pair) => arrow(pair.old, pair.new),
        LayerNote::GzipHeader { field, old, new } => {
            format!("{field} {old} → {new}")
        }
        LayerNote::EntryOrder { first } => {
            format!("entries in another order, from {first} on")
        }
        LayerNote::Peculiarity { image, path, what } => {
            let image = match *image {
                "old" => "A",
                _ => "B",
            };
            let path = path
                .as_ref()
                .map_or(String::new(), |path| format!("{path} "));
            format!("only in {image}: {path}{}", printable(what))
        }
        LayerNote::ArchiveBytes {
            first_different_byte,
        } => format!(
            "the archives differ from byte {first_different_byte} on, though their entries do not"
        ),
        LayerNote::CompressedBytes {
            first_different_byte,
        } => format!("the blobs differ from byte {first_different_byte} on"),
    }
}
