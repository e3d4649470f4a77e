//! `zookiln inspect`: what is in a layout, and what its bytes are spent on.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use super::{Common, context};
use crate::image::{Image, Layout, PlatformImage, jar_differences, jars_of_image};
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
pub(super) fn run(arguments: &Arguments, common: &Common) -> anyhow::Result<()> {
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
    print_jars(&mut out, common, &layout, &image)?;
    for platform in &image.platforms {
        print_platform(&mut out, platform)?;
    }
    Ok(())
}

/// Whether the jars are those that Maven has: where they are, both sources give the same image.
fn print_jars(
    out: &mut impl Write,
    common: &Common,
    layout: &Layout,
    image: &Image,
) -> anyhow::Result<()> {
    let Some(platform) = image.platforms.first() else {
        return Ok(());
    };
    let jars = jars_of_image(layout, platform)?;
    if jars.is_empty() {
        return Ok(());
    }
    let version = image.tag.as_deref().unwrap_or_default();
    let version = version.split('-').next().unwrap_or_default();
    let location = context::Location::find(common.catalog.as_deref());
    // To look at an image takes no catalog: without one there is nothing to compare with.
    let (catalog, lock) = (location.catalog().ok(), location.lock().ok().flatten());
    let release = (catalog.as_ref()).and_then(|catalog| catalog.release(version));
    let (Some(release), Some(lock)) = (release, lock) else {
        return writeln!(
            out,
            "jars     {}, of a release that is not locked",
            jars.len()
        )
        .map_err(Into::into);
    };
    let pinned = (release.image_jars())
        .filter_map(|jar| Some((jar.clone(), lock.jars.get(jar)?.digest.clone())))
        .collect();
    let differences = jar_differences("the image's", &jars, &pinned);
    let verdict = match differences.is_empty() {
        true => "all as the lock pins them by Maven".to_owned(),
        false => format!("{} differences from the lock", differences.len()),
    };
    writeln!(out, "jars     {}, {verdict}", jars.len())?;
    for difference in differences {
        writeln!(out, "  {difference}")?;
    }
    for artifact in &release.maven_lacks {
        let prefix = format!("{artifact}-");
        if !jars.keys().any(|name| name.starts_with(&prefix)) {
            writeln!(
                out,
                "  it lacks `{artifact}`, which no Maven repository has"
            )?;
        }
    }
    if !release.exclude.is_empty() {
        writeln!(out, "  left out: {}", release.exclude.join(" "))?;
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
