//! `cargo xtask lint`: everything that judges the text of the repository, the same by hand and in CI.

use std::process::{Command, Stdio};

use anyhow::bail;
use clap::Args;

use crate::chore::{cargo, program, succeed};

/// Check format, lints, workflows and dependencies
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cargo xtask lint --require actionlint")]
pub(crate) struct Arguments {
    /// Fail where this program is not installed, instead of skipping its check
    #[arg(long, value_name = "PROGRAM", value_parser = ["actionlint", "cargo-deny"])]
    require: Vec<String>,
}

/// Runs the chore.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    succeed(cargo(["fmt", "--all", "--check"]))?;
    let reader = "tests/ocidir/Cargo.toml";
    succeed(cargo(["fmt", "--manifest-path", reader, "--check"]))?;
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
    ];
    let mut clippy = cargo(clippy);
    clippy.args(["-D", "warnings"]);
    succeed(clippy)?;
    optional("actionlint", &[], arguments)?;
    // Advisories change from day to day: they are a job of their own, and no reason for a commit to fail.
    optional(
        "cargo-deny",
        &["check", "bans", "licenses", "sources"],
        arguments,
    )
}

fn optional(name: &str, words: &[&str], arguments: &Arguments) -> anyhow::Result<()> {
    if !installed(name) {
        if arguments.require.iter().any(|required| required == name) {
            bail!("`{name}` is not installed");
        }
        eprintln!("skipped: `{name}` is not installed");
        return Ok(());
    }
    let mut command = program(name);
    command.args(words);
    succeed(command)
}

fn installed(name: &str) -> bool {
    Command::new(name)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
