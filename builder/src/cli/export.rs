//! `zookiln export`: a layout as one archive.

use std::io::{self, BufWriter, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};

use super::context;
use super::usage::usage;
use crate::catalog::Platform;
use crate::export::{Format, export};
use crate::file;
use crate::image::Layout;

/// Write a layout as one archive
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  zookiln export images/zookeeper-3.6.1 --as docker-archive -o - | docker load"
)]
pub(super) struct Arguments {
    /// Directory of an image layout
    layout: PathBuf,
    /// Form of the archive
    #[arg(long = "as", value_name = "FORM")]
    form: FormArgument,
    /// The image that `docker load` takes of a docker-archive [default: the host's]
    #[arg(long)]
    platform: Option<Platform>,
    /// File to write; `-` is standard output
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormArgument {
    /// The layout with all platforms
    OciArchive,
    /// The same, and what `docker load` reads, for one platform
    DockerArchive,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let format = match (arguments.form, arguments.platform) {
        (FormArgument::OciArchive, None) => Format::OciArchive,
        (FormArgument::OciArchive, Some(_)) => {
            usage!("`--platform` goes with `--as docker-archive`: an oci-archive has all platforms")
        }
        (FormArgument::DockerArchive, platform) => {
            Format::DockerArchive(platform.map_or_else(context::host, Ok)?)
        }
    };
    let layout = Layout::open(&arguments.layout)?;
    if arguments.output != Path::new("-") {
        return file::replace(&arguments.output, |file| {
            let mut writer = BufWriter::new(file);
            export(&layout, format, &mut writer)
        })
        .with_context(|| format!("cannot export to `{}`", arguments.output.display()));
    }
    let stdout = io::stdout();
    if stdout.is_terminal() {
        usage!("an archive does not go to a terminal: name a file, or pipe it into `docker load`");
    }
    export(&layout, format, &mut BufWriter::new(stdout.lock()))
}
