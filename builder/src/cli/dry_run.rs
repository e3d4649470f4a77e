//! `zookiln build --dry-run`: what would be done, from catalog, lock and cache alone.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use super::build::Format;
use super::context;
use crate::build::{Order, Target};
use crate::catalog::Platform;
use crate::image::{Assembler, Layout, up_to_date};
use crate::plan::{InputFile, Source};
use crate::progress::Progress;
use crate::size::Size;
use crate::store::Store;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DryRun {
    images: Vec<ImagePlan>,
    fetch: Vec<FilePlan>,
    fetch_bytes: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ImagePlan {
    tag: String,
    output: PathBuf,
    variant: &'static str,
    platforms: Vec<Platform>,
    /// The best first; the one that is in the layout where the image is up to date.
    sources: Vec<Source>,
    created: String,
    up_to_date: bool,
    layers: Vec<LayerPlan>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LayerPlan {
    name: &'static str,
    /// `null` where it fits all.
    platform: Option<Platform>,
    cached: bool,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
struct FilePlan {
    name: String,
    archive: &'static str,
    path: String,
    /// `null` where only the digest is known.
    size: Option<u64>,
    digest: String,
}

/// Prints the plan.
pub(super) fn print(order: &Order, targets: &[Target<'_>], format: Format) -> anyhow::Result<()> {
    let store = context::open_existing_store()?;
    let host = context::host()?;
    let mut images = Vec::new();
    let mut fetch = BTreeSet::new();
    for target in targets {
        let (image, files) = image(order, target, store.as_ref(), host)?;
        images.push(image);
        fetch.extend(files);
    }
    let dry_run = DryRun {
        images,
        fetch_bytes: fetch.iter().filter_map(|file| file.size).sum(),
        fetch: fetch.into_iter().collect(),
    };
    let mut out = std::io::stdout().lock();
    match format {
        Format::Json => writeln!(out, "{:#}", serde_json::to_value(&dry_run)?)?,
        Format::Text => print_text(&mut out, &dry_run)?,
    }
    Ok(())
}

fn image(
    order: &Order,
    target: &Target<'_>,
    store: Option<&Store>,
    host: Platform,
) -> anyhow::Result<(ImagePlan, Vec<FilePlan>)> {
    let plan = &target.plan;
    let written = up_to_date(plan, order.sources, &target.output);
    Layout::check_free(&target.output)?;
    let sources = match &written {
        Some(written) => vec![written.source],
        None => order.sources.to_vec(),
    };
    let source = sources.first().copied().unwrap_or(Source::Tarball);
    let progress = Progress::new(true);
    let mut layers: Vec<LayerPlan> = Vec::new();
    let mut files: BTreeSet<InputFile> = BTreeSet::new();
    for platform in &plan.platforms {
        for recipe in plan.layers(*platform, source) {
            let assembler = store.map(|store| Assembler {
                store,
                host,
                threads: std::num::NonZeroUsize::MIN,
                progress: &progress,
            });
            let cached = match &assembler {
                Some(assembler) => assembler.cached(&recipe, plan.created)?.is_some(),
                None => false,
            };
            let layer = LayerPlan {
                name: recipe.name(),
                platform: recipe.platform(),
                cached,
            };
            if layer.platform.is_none() && layers.iter().any(|known| known.name == layer.name) {
                continue;
            }
            if !cached && written.is_none() {
                files.extend(plan.layer_inputs(&recipe, source, host));
            }
            layers.push(layer);
        }
    }
    files.retain(|file| !store.is_some_and(|store| store.contains(&file.expected)));
    let files = files.into_iter().map(|file| FilePlan {
        name: file.name().to_owned(),
        archive: file.archive.as_str(),
        path: file.path.clone(),
        size: file.expected.size,
        digest: file.expected.digest.to_string(),
    });
    let created = std::time::UNIX_EPOCH + std::time::Duration::from_secs(plan.created);
    let image = ImagePlan {
        tag: plan.tag(),
        output: target.output.clone(),
        variant: plan.variant.as_str(),
        platforms: plan.platforms.clone(),
        sources,
        created: humantime::format_rfc3339_seconds(created).to_string(),
        up_to_date: written.is_some(),
        layers,
    };
    Ok((image, files.collect()))
}

fn print_text(out: &mut impl Write, dry_run: &DryRun) -> std::io::Result<()> {
    for image in &dry_run.images {
        let state = match image.up_to_date {
            true => "up to date",
            false => "to be written",
        };
        let sources: Vec<String> = image.sources.iter().map(Source::to_string).collect();
        writeln!(
            out,
            "{}:{} ({}, {state})",
            image.output.display(),
            image.tag,
            sources.join(" or ")
        )?;
        if image.up_to_date {
            continue;
        }
        for layer in &image.layers {
            let platform = layer.platform.map_or("all", Platform::as_str);
            let state = match layer.cached {
                true => "cached",
                false => "to be made",
            };
            writeln!(out, "  layer {:<10} {platform:<11} {state}", layer.name)?;
        }
    }
    for file in &dry_run.fetch {
        let size = file
            .size
            .map_or("?".to_owned(), |size| Size(size).to_string());
        writeln!(out, "fetch {size:>10}  {}", file.name)?;
    }
    let bytes = Size(dry_run.fetch_bytes);
    match dry_run.fetch.len() {
        0 => writeln!(out, "nothing to be fetched"),
        1 => writeln!(out, "one file to be fetched, {bytes}"),
        files => writeln!(out, "{files} files to be fetched, {bytes}"),
    }
}
