//! `cargo xtask chaos`: ensembles of three that suffer while clients write and read all the time.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use e2e::chaos::faults::{self, Fault};
use e2e::chaos::report::{Report, into_page};
use e2e::chaos::run::{Plan, run as suffer};
use e2e::chaos::upgrade::{self, Release};
use e2e::engine::{docker, sweep};
use e2e::images::{LINES, World, full};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Where the repository is.
const TOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Let ensembles suffer under clients that write and read all the time, and judge what these were told
///
/// Builds the images first, or takes those that the engine has with `--images`. Records go to
/// `target/chaos`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cargo xtask chaos\n  cargo xtask chaos --version 3.6.1 cut_off_leader"
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
    let result = all(arguments, &world);
    world.close();
    result
}

/// The rolling upgrade is no fault of one release.
const UPGRADE: &str = "upgrade";

/// The lines that an upgrade goes through, each by its newest release but for the oldest two.
const PATH: [&str; 4] = ["3.5.7", "3.6.1", "3.8.", "3.9."];

fn all(arguments: &Arguments, world: &World) -> anyhow::Result<()> {
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(..));
    eprintln!("seed {seed}");
    let releases = (versions(arguments)?.into_iter())
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
    let faults = faults(arguments)?;
    for release in releases.iter().filter(|_| !faults.is_empty()) {
        let survived = suffer(&plan(release, faults.clone()))?;
        report.releases.push((release.version.clone(), survived));
    }
    let asked = arguments.faults.iter().any(|name| name == UPGRADE);
    let path = path(&releases);
    if asked || (arguments.faults.is_empty() && path.len() > 1) {
        let first = path.first().context("no release to begin with")?;
        report.upgrade = Some(upgrade::run(&path, &plan(first, Vec::new()))?);
    }
    let tables = report.markdown();
    println!("{tables}");
    if arguments.write {
        let page = PathBuf::from(TOP).join("docs/chaos.md");
        let written = into_page(&fs::read_to_string(&page)?, &tables)?;
        fs::write(&page, written)?;
    }
    Ok(())
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

/// The releases that an upgrade goes through.
fn path(releases: &[Release]) -> Vec<Release> {
    let of_line = |line: &&str| {
        let release = |release: &&Release| release.version.starts_with(*line);
        releases.iter().rfind(release).cloned()
    };
    PATH.iter().filter_map(of_line).collect()
}

fn versions(arguments: &Arguments) -> anyhow::Result<Vec<&'static str>> {
    if arguments.versions.is_empty() {
        return Ok(LINES.to_vec());
    }
    (arguments.versions.iter())
        .map(|asked| match LINES.iter().find(|known| *known == asked) {
            Some(version) => Ok(*version),
            None => bail!("no version `{asked}`: there are {}", LINES.join(", ")),
        })
        .collect()
}
