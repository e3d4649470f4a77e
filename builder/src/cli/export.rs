//! `zookiln export`: a layout as one archive.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use super::context;
use crate::catalog::Platform;
use crate::export::{Format, export};
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
    let format = match arguments.form {
        FormArgument::OciArchive => Format::OciArchive,
        FormArgument::DockerArchive => Format::DockerArchive,
    };
    let layout = Layout::open(&arguments.layout)?;
    let platform = arguments.platform.map_or_else(context::host, Ok)?;
    if arguments.output == Path::new("-") {
        let stdout = io::stdout();
        if stdout.is_terminal() {
            bail!(
                "an archive does not go to a terminal: name a file, or pipe it into `docker load`"
            );
        }
        return export(
            &layout,
            format,
            platform.as_str(),
            &mut BufWriter::new(stdout.lock()),
        );
    }
    write_file(&layout, format, platform, &arguments.output)
}

/// By rename: a broken export leaves no file that looks like one.
fn write_file(
    layout: &Layout,
    format: Format,
    platform: Platform,
    path: &Path,
) -> anyhow::Result<()> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let failed = || format!("cannot write `{}`", path.display());
    let file = tempfile::Builder::new()
        .prefix(".zookiln")
        .tempfile_in(parent)
        .with_context(failed)?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    file.as_file().set_permissions(mode).with_context(failed)?;
    let mut writer: BufWriter<&File> = BufWriter::new(file.as_file());
    export(layout, format, platform.as_str(), &mut writer).with_context(failed)?;
    drop(writer);
    file.persist(path).with_context(failed)?;
    Ok(())
}
