//! `zookiln inspect`: what is in a layout, and what its bytes are spent on.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use crate::image::{Image, Layout, PlatformImage};
use crate::size::Size;

/// Show the config, layers and sizes of a layout
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  zookiln inspect images/zookeeper-3.6.1")]
pub(super) struct Arguments {
    /// Directory of an image layout
    layout: PathBuf,
}

/// Characters of the longest bar.
const BAR: u64 = 30;

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let layout = Layout::open(&arguments.layout)?;
    let image = Image::read(&layout)?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "image    {}",
        image.reference.as_deref().unwrap_or("without a name")
    )?;
    writeln!(out, "tag      {}", image.tag.as_deref().unwrap_or("none"))?;
    writeln!(out, "digest   {}", image.index.digest)?;
    if let Some(record) = layout.record()? {
        writeln!(out, "source   {}", record.source)?;
    }
    for platform in &image.platforms {
        print_platform(&mut out, platform)?;
    }
    Ok(())
}

fn print_platform(out: &mut impl Write, platform: &PlatformImage) -> std::io::Result<()> {
    let config = &platform.config_document["config"];
    let keys = |name: &str| {
        config[name]
            .as_object()
            .map(|map| map.keys().cloned().collect::<Vec<_>>().join(" "))
    };
    let words = |name: &str| config[name].as_array().map(|list| join(list));
    writeln!(out, "\n{}", platform.platform)?;
    writeln!(
        out,
        "  created      {}",
        text(&platform.config_document["created"])
    )?;
    writeln!(out, "  user         {}", text(&config["User"]))?;
    writeln!(
        out,
        "  entrypoint   {}",
        words("Entrypoint").unwrap_or_default()
    )?;
    writeln!(out, "  command      {}", words("Cmd").unwrap_or_default())?;
    writeln!(
        out,
        "  ports        {}",
        keys("ExposedPorts").unwrap_or_default()
    )?;
    writeln!(
        out,
        "  volumes      {}",
        keys("Volumes").unwrap_or_default()
    )?;
    writeln!(out, "  stop signal  {}", text(&config["StopSignal"]))?;
    writeln!(out, "  environment  {}", words("Env").unwrap_or_default())?;
    writeln!(out, "  layers")?;
    let largest = platform
        .layers
        .iter()
        .map(|layer| layer.size)
        .max()
        .unwrap_or(1)
        .max(1);
    let history = platform.config_document["history"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    for (position, layer) in platform.layers.iter().enumerate() {
        let name = history
            .get(position)
            .map_or("", |entry| text(&entry["created_by"]));
        let bar = "#".repeat(bar_length(layer.size, largest));
        writeln!(
            out,
            "    {:<20} {:>9}  {}  {bar}",
            name,
            Size(layer.size),
            &layer.digest.hex()[..12]
        )?;
    }
    let total = platform
        .layers
        .iter()
        .fold(0_u64, |total, layer| total.saturating_add(layer.size));
    writeln!(out, "    {:<20} {:>9}", "total", Size(total))?;
    Ok(())
}

/// Sizes are whatever a layout says.
fn bar_length(size: u64, largest: u64) -> usize {
    let length = u128::from(size) * u128::from(BAR) / u128::from(largest);
    usize::try_from(length).unwrap_or_default().max(1)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn join(list: &[Value]) -> String {
    list.iter().map(text).collect::<Vec<_>>().join(" ")
}
