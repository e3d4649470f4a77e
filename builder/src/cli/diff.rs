//! `zookiln diff`: in what two images differ.

mod files;
mod settings;
mod summary;
mod table;
mod text;
mod words;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::build::Format;
use crate::compare::compare;

/// Show in what two images differ
///
/// Config, layers, packages, jars, files and their header fields. What is the same on several platforms is
/// said once. Every blob is held against its digest.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 if both are the same image, 1 if they differ, 2 in trouble.\n\n\
                  Example:\n  zookiln diff images/zookeeper-3.5.7 images/zookeeper-3.6.1"
)]
pub(super) struct Arguments {
    /// Directory of an image layout
    #[arg(value_name = "A")]
    old: PathBuf,
    /// Directory of the layout to be held against it
    #[arg(value_name = "B")]
    new: PathBuf,
    /// Form of the output; `json` always has everything
    #[arg(long, default_value = "text")]
    format: Format,
    /// Cut no list short
    #[arg(long)]
    all: bool,
}

/// Runs the command. 0 for the same image, 1 for a difference.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let difference = compare(&arguments.old, &arguments.new)?;
    let text = match arguments.format {
        Format::Json => format!("{:#}\n", serde_json::to_value(&difference)?),
        Format::Text => text::write(&difference, arguments.all),
    };
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever read it has seen enough; the verdict is still the verdict.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        result => result?,
    }
    Ok(match difference.same {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(1),
    })
}
