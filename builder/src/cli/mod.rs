//! The command line: arguments, words, and nothing else. One file per command.

mod build;
mod cache;
mod context;
mod diff;
mod dry_run;
mod export;
mod fetch;
mod hint;
mod inspect;
mod list;
mod network;
mod selection;
mod update;
mod usage;
mod vendor;
mod verify;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};

use crate::interrupt;
use crate::printable::printable;

/// Makes OCI images of Apache ZooKeeper, without a Dockerfile, a daemon or root.
#[derive(Debug, Parser)]
#[command(
    name = "zookiln",
    version,
    after_help = "Example:\n  zookiln build --version 3.6.1"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct Common {
    /// Use this catalog, and the lock beside it, instead of ./versions.toml or the built-in one
    #[arg(long, global = true, value_name = "FILE")]
    catalog: Option<PathBuf>,
    /// Print warnings and errors only
    #[arg(long, short, global = true)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Build(build::Arguments),
    List(list::Arguments),
    Inspect(inspect::Arguments),
    Diff(diff::Arguments),
    Verify(verify::Arguments),
    Export(export::Arguments),
    Update(update::Arguments),
    Fetch(fetch::Arguments),
    Vendor(vendor::Arguments),
    Cache(cache::Arguments),
}

/// Parses the arguments and runs the command. Usage errors exit 2, failures 1; for `diff`, as for
/// diff(1), 1 is a difference and 2 a failure.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let interruptible = interrupt::install().context("cannot watch for signals");
    // A listing may be cut short by its reader, an archive may not.
    let is_archive = matches!(arguments.command, Command::Export(_));
    let failure = match arguments.command {
        Command::Diff(_) => ExitCode::from(2),
        _ => ExitCode::FAILURE,
    };
    let result = interruptible.and_then(|()| {
        match arguments.command {
            Command::Build(command) => build::run(&command, &arguments.common),
            Command::List(command) => list::run(&command, &arguments.common),
            Command::Inspect(command) => inspect::run(&command, &arguments.common),
            Command::Verify(command) => verify::run(&command, &arguments.common),
            Command::Diff(command) => return diff::run(&command),
            Command::Export(command) => export::run(&command),
            Command::Update(command) => update::run(&command, &arguments.common),
            Command::Fetch(command) => fetch::run(&command, &arguments.common),
            Command::Vendor(command) => vendor::run(&command, &arguments.common),
            Command::Cache(command) => cache::run(&command, &arguments.common),
        }
        .map(|()| ExitCode::SUCCESS)
    });
    match result {
        Ok(code) => code,
        // Whoever read our output has seen enough, as `head` has.
        Err(error) if !is_archive && is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            interrupt::wait_for_end();
            let mut stderr = std::io::stderr().lock();
            // Nothing is left to be done where even this cannot be said.
            let _ = writeln!(stderr, "error: {}", printable(&format!("{error:#}")));
            if let Some(hint) = hint::for_error(&error) {
                let _ = writeln!(stderr, "hint: {}", printable(&hint));
            }
            if error.is::<usage::UsageError>() {
                ExitCode::from(2)
            } else {
                failure
            }
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let cause = error.root_cause().downcast_ref::<std::io::Error>();
    cause.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
