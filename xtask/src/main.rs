//! Chores of this repository, one file each: `cargo xtask help`.

mod chaos;
mod chore;
mod e2e;
mod lint;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Chores of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", after_help = "Example:\n  cargo xtask e2e s08")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    Chaos(chaos::Arguments),
    E2e(e2e::Arguments),
    Lint(lint::Arguments),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().chore {
        Chore::Chaos(arguments) => chaos::run(&arguments),
        Chore::E2e(arguments) => e2e::run(&arguments),
        Chore::Lint(arguments) => lint::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
