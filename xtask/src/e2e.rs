//! `cargo xtask e2e`: real images from real inputs, judged by a real engine and foreign tools.

use anyhow::bail;
use clap::Args;
use e2e::need;

use crate::chore::{cargo, succeed};

/// Build real images and have an engine and foreign tools judge them
///
/// Starts and installs nothing: what is missing is named, and the trials that need it are ignored, or
/// fail where `E2E_REQUIRE_ALL=1` is set.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cargo xtask e2e\n  cargo xtask e2e taken_by\n  cargo xtask e2e -- --list"
)]
pub(crate) struct Arguments {
    /// Part of the names of the trials to run
    filter: Option<String>,
    /// Options of the test runner, such as `--exact`, `--skip NAME` or `--test-threads 1`
    #[arg(last = true)]
    options: Vec<String>,
}

/// Runs the chore.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let missing: Vec<String> = need::ALL.iter().filter_map(|need| need.missing()).collect();
    for reason in &missing {
        eprintln!("missing: {reason}");
    }
    if !missing.is_empty() && std::env::var_os("E2E_REQUIRE_ALL").is_some_and(|value| value == "1")
    {
        bail!("`E2E_REQUIRE_ALL` is set, so everything above must be there");
    }
    let mut command = cargo([
        "test",
        "--package",
        "e2e",
        "--features",
        "engine",
        "--test",
        "e2e",
        "--",
    ]);
    command.args(&arguments.options).args(&arguments.filter);
    succeed(command)
}
