//! `cargo xtask chaos`: ensembles of three that suffer while clients write and read all the time.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{bail, ensure};
use clap::Args;
use e2e::chaos::faults::{self, Fault};
use e2e::chaos::history;
use e2e::chaos::lenience::Lenience;
use e2e::chaos::report::{Report, into_page};
use e2e::chaos::run::{Plan, Tally, judge, run as suffer};
use e2e::chaos::upgrade::{self, Release};
use e2e::engine::{docker, sweep};
use e2e::images::{LINES, World, full};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Where the repository is.
const TOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What `--write` writes.
const PAGE: &str = "docs/chaos.md";

/// Let ensembles suffer under clients that write and read all the time, and judge what these were told
///
/// Builds the images first, or takes those that the engine has with `--images`. Records go to
/// `target/chaos`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cargo xtask chaos\n  cargo xtask chaos --version 3.6.1 cut_off_leader\n  cargo xtask chaos --version 3.6.1 --version 3.8.6 upgrade"
)]
pub(crate) struct Arguments {
    /// The faults to apply, by name, or `upgrade`; all where none is given
    faults: Vec<String>,
    /// A release; all where none is given
    #[arg(long = "version", value_name = "VERSION")]
    versions: Vec<String>,
    /// Take the images of this name from the engine, tagged with the version, and build none
    #[arg(long, value_name = "NAME")]
    images: Option<String>,
    /// Put the tables into docs/chaos.md; only where nothing is left out
    #[arg(long, conflicts_with_all = ["faults", "versions"])]
    write: bool,
    /// Judge a record that was kept, and do nothing else
    #[arg(long, value_name = "HISTORY.JSONL", exclusive = true)]
    check: Option<PathBuf>,
    /// What is left to chance hangs on this number; a new one where it is not given
    #[arg(long)]
    seed: Option<u64>,
}

/// Runs the chore.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            sweep();
            std::process::exit(130);
        }
    });
    let scratch = tempfile::tempdir()?;
    let world = World::new(scratch.path());
    let result = match &arguments.check {
        Some(record) => check(record),
        None => all(arguments, &world),
    };
    world.close();
    result
}

fn check(record: &Path) -> anyhow::Result<()> {
    let history = history::read(record)?;
    judge(&history, &Lenience::default(), record)?;
    println!("{:?}", Tally::of(&history));
    Ok(())
}

/// The rolling upgrade is no fault of one release.
const UPGRADE: &str = "upgrade";

/// What is to be done, all of which is known before anything is.
struct Order {
    versions: Vec<&'static str>,
    faults: Vec<Fault>,
    /// The releases of an upgrade, in its order; none where there is no upgrade.
    path: Vec<&'static str>,
}

impl Order {
    fn of(arguments: &Arguments) -> anyhow::Result<Self> {
        let versions = versions(arguments)?;
        let faults = faults(arguments)?;
        let asked = arguments.faults.iter().any(|name| name == UPGRADE);
        let mut path = upgrade::path(&versions);
        if asked && path.len() < 2 {
            let releases = upgrade::path(&LINES).join(", ");
            bail!("an upgrade needs two or more of {releases}");
        }
        if path.len() < 2 || !(asked || arguments.faults.is_empty()) {
            path.clear();
        }
        Ok(Self {
            versions,
            faults,
            path,
        })
    }
}

fn all(arguments: &Arguments, world: &World) -> anyhow::Result<()> {
    let order = Order::of(arguments)?;
    if arguments.write {
        // Or the page is found wrong when hours have passed.
        page("")?;
    }
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(..));
    eprintln!("seed {seed}");
    let releases = (order.versions.iter())
        .map(|version| release(arguments, world, version))
        .collect::<anyhow::Result<Vec<Release>>>()?;
    let directory = PathBuf::from(TOP).join("target/chaos");
    let plan = |release: &'_ Release, faults| Plan {
        version: release.version.clone(),
        image: release.image.clone(),
        faults,
        seed,
        directory: directory.clone(),
    };
    let mut report = Report::default();
    let mut failures = Failures::default();
    for release in releases.iter().filter(|_| !order.faults.is_empty()) {
        let survived = suffer(&plan(release, order.faults.clone()));
        if let Some(survived) = failures.note(&release.version, survived) {
            report.releases.push((release.version.clone(), survived));
        }
    }
    let path: Vec<Release> = (order.path.iter())
        .filter_map(|version| releases.iter().find(|release| release.version == *version))
        .cloned()
        .collect();
    if let Some(first) = path.first() {
        let survived = upgrade::run(&path, &plan(first, Vec::new()));
        report.upgrade = failures.note(UPGRADE, survived);
    }
    let tables = report.markdown();
    println!("{tables}");
    // Tables that lack what failed would speak well of it.
    failures.none()?;
    if arguments.write {
        fs::write(PathBuf::from(TOP).join(PAGE), page(&tables)?)?;
    }
    Ok(())
}

/// The page with these tables.
fn page(tables: &str) -> anyhow::Result<String> {
    into_page(&fs::read_to_string(PathBuf::from(TOP).join(PAGE))?, tables)
}

/// What has failed while the others went on.
#[derive(Debug, Default)]
struct Failures(Vec<String>);

impl Failures {
    fn note<T>(&mut self, name: &str, result: anyhow::Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                eprintln!("{name} failed: {error:#}");
                self.0.push(name.to_owned());
                None
            }
        }
    }

    fn none(self) -> anyhow::Result<()> {
        ensure!(
            self.0.is_empty(),
            "failed, and not in the tables: {}",
            self.0.join(", ")
        );
        Ok(())
    }
}

fn release(arguments: &Arguments, world: &World, version: &'static str) -> anyhow::Result<Release> {
    let image = match &arguments.images {
        Some(name) => {
            // Tags can be moved while we use them.
            let name = format!("{name}:{version}");
            docker(["image", "inspect", "--format", "{{.Id}}", &name]).stdout()?
        }
        None => world.loaded(full(version))?.to_owned(),
    };
    let version = version.to_owned();
    Ok(Release { version, image })
}

fn faults(arguments: &Arguments) -> anyhow::Result<Vec<Fault>> {
    if arguments.faults.is_empty() {
        return Ok(faults::ALL.to_vec());
    }
    let names = arguments.faults.iter().filter(|name| *name != UPGRADE);
    names.map(|name| faults::named(name)).collect()
}

/// Those that are asked for, in the order in which they came out.
fn versions(arguments: &Arguments) -> anyhow::Result<Vec<&'static str>> {
    for asked in &arguments.versions {
        if !LINES.contains(&asked.as_str()) {
            bail!("no version `{asked}`: there are {}", LINES.join(", "));
        }
    }
    let mut versions = LINES.to_vec();
    if !arguments.versions.is_empty() {
        versions.retain(|known| arguments.versions.iter().any(|asked| asked == known));
    }
    Ok(versions)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn order(words: &[&str]) -> anyhow::Result<Order> {
        let words = std::iter::once(&"chaos").chain(words);
        Order::of(&Line::try_parse_from(words)?.arguments)
    }

    #[test]
    fn an_upgrade_has_two_releases_or_is_refused() {
        assert!(order(&["--version", "3.6.1", "kill_leader", "upgrade"]).is_err());
        assert!(order(&["--version", "3.6.4", "--version", "3.7.2", "upgrade"]).is_err());
        let order = order(&["--version", "3.8.6", "--version", "3.6.1", "upgrade"]).unwrap();
        assert_eq!(order.path, ["3.6.1", "3.8.6"]);
        assert!(order.faults.is_empty());
    }

    #[test]
    fn everything_is_done_where_nothing_is_named() {
        let whole = order(&[]).unwrap();
        assert_eq!(whole.versions, LINES);
        assert_eq!(whole.faults.len(), faults::ALL.len());
        assert_eq!(whole.path, ["3.5.7", "3.6.1", "3.8.6", "3.9.5"]);
        let one = order(&["--version", "3.6.1"]).unwrap();
        assert_eq!((one.versions.len(), one.path.len()), (1, 0));
        let fault = order(&["kill_leader"]).unwrap();
        assert_eq!((fault.faults.len(), fault.path.len()), (1, 0));
        for words in [["kill_nobody"], ["--version=3.4.14"]] {
            assert!(order(&words).is_err());
        }
    }

    #[test]
    fn the_page_has_a_place_for_tables() {
        assert!(page("tables").unwrap().contains("tables"));
    }

    #[test]
    fn what_failed_is_named_at_the_end() {
        let mut failures = Failures::default();
        assert_eq!(failures.note("3.5.7", Ok(1)), Some(1));
        assert_eq!(
            failures.note::<u8>("3.6.1", Err(anyhow::anyhow!("lost"))),
            None
        );
        assert!(failures.none().unwrap_err().to_string().contains("3.6.1"));
        assert!(Failures::default().none().is_ok());
    }
}
