//! `zookiln vendor`: all inputs into a directory that serves as a mirror.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::{Common, context, fetch};
use crate::build::Vendored;
use crate::catalog::Platform;
use crate::file;
use crate::size::Size;

/// Put all inputs of images into a directory that serves as a mirror
#[derive(Debug, Args)]
#[command(
    disable_version_flag = true,
    after_help = "Example:\n  zookiln vendor vendor --version 3.6.1\n  zookiln build --version 3.6.1 --offline --mirror file:vendor"
)]
pub(super) struct Arguments {
    /// Directory; made where it is not, and nothing in it is removed
    directory: PathBuf,
    #[command(flatten)]
    fetch: fetch::Arguments,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, common: &Common) -> anyhow::Result<()> {
    let directory = &arguments.directory;
    context::refuse_in_cache(directory)?;
    file::check_place(directory).map_err(|(path, error)| {
        anyhow::Error::new(error).context(format!("cannot write to `{}`", path.display()))
    })?;
    // For whoever takes the directory along: jlink may run on another kind of host there.
    fetch::fetched(
        &arguments.fetch,
        common,
        &Platform::ALL,
        |builder, inputs| {
            let mut written = 0;
            for input in inputs {
                if builder.vendor(input, directory)? == Vendored::Written {
                    written += 1;
                }
            }
            let bytes: u64 = inputs.iter().map(|input| input.expected.known_size()).sum();
            writeln!(
                std::io::stdout(),
                "{}: {} files, {}, {written} of them written now",
                directory.display(),
                inputs.len(),
                Size(bytes)
            )?;
            Ok(())
        },
    )
}
