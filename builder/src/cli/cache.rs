//! `zookiln cache`: what the cache holds, and making room.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand, ValueEnum};
use layers::Digest;
use serde::Serialize;

use super::{Common, context};
use crate::progress::Progress;
use crate::size::Size;
use crate::store::{Entry, Inventory, Kind, Pruned, Selection, prune, selected};

/// Show what is in the cache, or make room in it
#[derive(Debug, Args)]
#[command(
    after_help = "The cache is `$ZOOKILN_CACHE`, else `$XDG_CACHE_HOME/zookiln`, else `~/.cache/zookiln`.\n\nExamples:\n  zookiln cache list\n  zookiln cache prune --older-than 30d"
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(ListArguments),
    Prune(PruneArguments),
}

/// Show what is in the cache, the largest first
#[derive(Debug, Args)]
#[command(
    after_help = "KIND is `input` (fetched), `derived` (made from inputs), `stale` (a record whose blob is gone), `scratch`,\n`version` (of another version of zookiln) or `unknown`. With `--format json`:\n\n  {\"cache\": PATH, \"bytes\": TOTAL, \"entries\": [\n    {\"kind\": KIND, \"name\": NAME, \"digest\": DIGEST of inputs and derived, \"bytes\": SIZE, \"used\": RFC 3339 TIME}]}\n\nExample:\n  zookiln cache list"
)]
struct ListArguments {
    /// For people or for programs
    #[arg(long, default_value = "text", value_name = "text|json")]
    format: Format,
}

/// Remove what was not used for some time; never while a build runs
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  zookiln cache prune --older-than 30d --dry-run")]
struct PruneArguments {
    /// Remove what was not used for so long: `12h`, `30d`, `2months`
    #[arg(long, value_name = "AGE", default_value = "30d", value_parser = parse_age)]
    older_than: Duration,
    /// Remove everything, also what other versions of zookiln have left
    #[arg(long, conflicts_with = "older_than")]
    all: bool,
    /// Show what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, common: &Common) -> anyhow::Result<()> {
    let cache = context::cache_directory()?;
    let names = Names::find(common);
    match &arguments.command {
        Command::List(arguments) => list(&cache, &names, arguments.format),
        Command::Prune(arguments) => run_prune(&cache, &names, arguments),
    }
}

fn list(cache: &Path, names: &Names, format: Format) -> anyhow::Result<()> {
    let mut inventory = Inventory::read(cache)?;
    sort(&mut inventory.entries, names);
    let mut out = io::stdout().lock();
    match format {
        Format::Text => {
            print_table(&mut out, &inventory.entries, names, SystemTime::now())?;
            write!(
                out,
                "{}, {} in `{}`",
                count(&inventory.entries),
                Size(total(&inventory.entries)),
                cache.display()
            )?;
            let missing = if cache.exists() {
                ""
            } else {
                ", which does not exist"
            };
            writeln!(out, "{missing}")?;
        }
        Format::Json => {
            let entries = inventory.entries.iter();
            let document = Document {
                cache: cache.to_string_lossy().into_owned(),
                bytes: total(&inventory.entries),
                entries: entries.map(|entry| Row::of(entry, names)).collect(),
            };
            serde_json::to_writer_pretty(&mut out, &document)?;
            writeln!(out)?;
        }
    }
    Ok(())
}

fn run_prune(cache: &Path, names: &Names, arguments: &PruneArguments) -> anyhow::Result<()> {
    let now = SystemTime::now();
    let selection = if arguments.all {
        Selection::Everything
    } else {
        // Nothing is older than what cannot be reckoned.
        let time = now.checked_sub(arguments.older_than);
        Selection::NotUsedSince(time.unwrap_or(SystemTime::UNIX_EPOCH))
    };
    let mut pruned = if arguments.dry_run {
        let entries = Inventory::read(cache)?.entries.into_iter();
        let (removed, kept) = entries.partition(|entry| selected(entry, selection));
        Pruned {
            removed,
            kept,
            failures: Vec::new(),
        }
    } else {
        prune(cache, selection)?
    };
    sort(&mut pruned.removed, names);
    let mut out = io::stdout().lock();
    print_table(&mut out, &pruned.removed, names, now)?;
    let (removed, left) = if arguments.dry_run {
        ("would be removed", "would be left")
    } else {
        ("removed", "left")
    };
    writeln!(
        out,
        "{} {removed}, {} freed; {}, {} {left} in `{}`",
        count(&pruned.removed),
        Size(total(&pruned.removed)),
        count(&pruned.kept),
        Size(total(&pruned.kept)),
        cache.display()
    )?;
    out.flush()?;
    // One is the error that the command ends with; of the others a person must hear as well.
    let Some(last) = pruned.failures.pop() else {
        return Ok(());
    };
    let progress = Progress::new(true);
    for failure in pruned.failures {
        progress.warn(&format!("{:#}", anyhow::Error::from(failure)));
    }
    Err(last.into())
}

fn parse_age(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|error| format!("{error}; an age is written like `12h` or `30d`"))
}

/// What people call the inputs, by digest.
struct Names(BTreeMap<Digest, String>);

impl Names {
    /// From catalog and lock. A cache can be looked at without them.
    fn find(common: &Common) -> Self {
        let mut names = BTreeMap::new();
        if let Err(error) = Self::collect(common, &mut names) {
            let error = anyhow::Error::from(error);
            Progress::new(true).warn(&format!("{error:#}; inputs are shown by digest"));
        }
        Self(names)
    }

    fn collect(
        common: &Common,
        names: &mut BTreeMap<Digest, String>,
    ) -> Result<(), crate::catalog::CatalogError> {
        let location = context::Location::find(common.catalog.as_deref());
        for release in location.catalog()?.releases {
            names.insert(release.tarball.digest.clone(), release.tarball_name());
        }
        let Some(lock) = location.lock()? else {
            return Ok(());
        };
        for package in lock.debian.values().flat_map(|debian| &debian.packages) {
            names.insert(package.sha256.clone(), package.file_name().to_owned());
        }
        for (coordinates, expected) in lock.jars {
            names.insert(expected.digest, coordinates.file_name());
        }
        Ok(())
    }

    fn name(&self, entry: &Entry) -> String {
        match &entry.kind {
            Kind::Input(digest) => (self.0.get(digest).cloned()).unwrap_or(digest.to_string()),
            Kind::Derived { names, .. } => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                names.join(", ")
            }
            Kind::Scratch {
                is_living: true,
                process: Some(process),
            } => format!("of process {process}"),
            Kind::Scratch {
                is_living: true,
                process: None,
            } => "of a process that runs".to_owned(),
            Kind::Scratch { .. } => "of a process that has ended".to_owned(),
            Kind::Stale(path) | Kind::OtherVersion(path) | Kind::Unknown(path) => {
                path.to_string_lossy().into_owned()
            }
        }
    }
}

/// The shape of `--format json`.
#[derive(Serialize)]
struct Document {
    cache: String,
    bytes: u64,
    entries: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    kind: &'static str,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
    bytes: u64,
    used: String,
}

impl Row {
    fn of(entry: &Entry, names: &Names) -> Self {
        Self {
            kind: kind(entry),
            name: names.name(entry),
            digest: match &entry.kind {
                Kind::Input(digest) | Kind::Derived { digest, .. } => Some(digest.clone()),
                _ => None,
            },
            bytes: entry.size,
            used: rfc3339(entry.last_used),
        }
    }
}

fn kind(entry: &Entry) -> &'static str {
    match entry.kind {
        Kind::Input(_) => "input",
        Kind::Derived { .. } => "derived",
        Kind::Stale(_) => "stale",
        Kind::Scratch { .. } => "scratch",
        Kind::OtherVersion(_) => "version",
        Kind::Unknown(_) => "unknown",
    }
}

/// The largest first.
fn sort(entries: &mut [Entry], names: &Names) {
    entries.sort_by_cached_key(|entry| (std::cmp::Reverse(entry.size), names.name(entry)));
}

fn print_table(
    out: &mut impl Write,
    entries: &[Entry],
    names: &Names,
    now: SystemTime,
) -> io::Result<()> {
    if !entries.is_empty() {
        writeln!(out, "{:>9}  {:<22}  {:<7}  NAME", "SIZE", "USED", "KIND")?;
    }
    for entry in entries {
        // Names of foreign files may be anything, also what a terminal obeys.
        let name = names.name(entry).replace(char::is_control, "\u{fffd}");
        let age = now.duration_since(entry.last_used).unwrap_or_default();
        writeln!(
            out,
            "{:>9}  {:<22}  {:<7}  {name}",
            Size(entry.size),
            ago(age),
            kind(entry)
        )?;
    }
    Ok(())
}

/// No finer than the store notes it.
fn ago(age: Duration) -> String {
    let hours = age.as_secs() / 3600;
    let (number, unit) = match hours {
        0 => return "less than an hour ago".to_owned(),
        1..24 => (hours, "hour"),
        _ => (hours / 24, "day"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural} ago")
}

/// Of a file, whose time may be anything: years that have no such form are shown as the nearest.
fn rfc3339(time: SystemTime) -> String {
    const LAST_OF_9999: Duration = Duration::from_secs(253_402_300_799);
    let since_1970 = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let time = SystemTime::UNIX_EPOCH + since_1970.min(LAST_OF_9999);
    humantime::format_rfc3339_seconds(time).to_string()
}

fn count(entries: &[Entry]) -> String {
    match entries.len() {
        1 => "1 entry".to_owned(),
        number => format!("{number} entries"),
    }
}

/// Sizes are whatever somebody's sparse files say.
fn total(entries: &[Entry]) -> u64 {
    entries
        .iter()
        .fold(0, |total, entry| total.saturating_add(entry.size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_in_words() {
        let table = [
            (0, "less than an hour ago"),
            (3599, "less than an hour ago"),
            (3600, "1 hour ago"),
            (2 * 3600, "2 hours ago"),
            (24 * 3600 - 1, "23 hours ago"),
            (24 * 3600, "1 day ago"),
            (48 * 3600, "2 days ago"),
            (400 * 24 * 3600, "400 days ago"),
        ];
        for (seconds, words) in table {
            assert_eq!(ago(Duration::from_secs(seconds)), words);
        }
    }

    #[test]
    fn times_that_no_calendar_has_are_shown_all_the_same() {
        let day = Duration::from_secs(86400);
        let table = [
            (SystemTime::UNIX_EPOCH - day, "1970-01-01T00:00:00Z"),
            (SystemTime::UNIX_EPOCH + day, "1970-01-02T00:00:00Z"),
            (
                SystemTime::UNIX_EPOCH + 4_000_000 * day,
                "9999-12-31T23:59:59Z",
            ),
        ];
        for (time, shown) in table {
            assert_eq!(rfc3339(time), shown);
        }
    }
}
