//! `zookiln diff`, held against what GNU tar lists, and against copies by foreign tools.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use e2e::command::{Finished, call};
use e2e::images::{ImageId, VERSIONS, World, distroless, full};
use e2e::layout::Layout;
use e2e::need::{GZIP, SKOPEO, TAR};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::{Suite, contains, same};

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    vec![
        suite.trial("diff_of_two_versions_by_gnu_tar", &[TAR], |world| {
            by_gnu_tar(world, full(VERSIONS[0]), full(VERSIONS[1]))
        }),
        suite.trial("diff_of_two_variants_by_gnu_tar", &[TAR], |world| {
            by_gnu_tar(world, full(VERSIONS[1]), distroless(VERSIONS[1]))
        }),
        suite.trial("diff_of_an_image_and_itself", &[], itself),
        suite.trial("diff_of_a_copy_by_skopeo", &[SKOPEO], copy_by_skopeo),
        suite.trial("diff_of_a_copy_in_zstd", &[SKOPEO], copy_in_zstd),
        suite.trial("diff_of_a_layer_by_gzip", &[GZIP], layer_by_gzip),
    ]
}

fn diff(world: &World, old: &Path, new: &Path, format: &str) -> anyhow::Result<Finished> {
    (world.zookiln(["diff", "--format", format])?)
        .arg(old)
        .arg(new)
        .finish()
}

/// The difference of two images that are not the same.
fn difference(world: &World, old: &Path, new: &Path) -> anyhow::Result<Value> {
    let finished = diff(world, old, new, "json")?;
    ensure!(
        finished.code == 1,
        "exits {}: {}",
        finished.code,
        finished.said()
    );
    Ok(serde_json::from_str(&finished.stdout)?)
}

/// What is known of an entry: line of the listing, digest of the content.
type Listing = BTreeMap<String, (String, Option<String>)>;

fn by_gnu_tar(world: &World, old: ImageId, new: ImageId) -> anyhow::Result<()> {
    let (old, new) = (world.layout(old)?, world.layout(new)?);
    let difference = difference(world, &old.path, &new.path)?;
    let mut expected = BTreeSet::new();
    for platform in &old.platforms {
        let (before, after) = (
            listings(&old, &platform.platform)?,
            listings(&new, &platform.platform)?,
        );
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for layer in names {
            let empty = Listing::new();
            let of = |layers: &'_ BTreeMap<String, Listing>| layers.get(layer).cloned();
            let (before, after) = (
                of(&before).unwrap_or(empty.clone()),
                of(&after).unwrap_or(empty),
            );
            let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for path in paths {
                let change = match (before.get(path), after.get(path)) {
                    (Some(before), Some(after)) if before == after => continue,
                    (Some(_), Some(_)) => "changed",
                    (Some(_), None) => "removed",
                    (None, _) => "added",
                };
                let platform = short(&platform.platform);
                expected.insert([platform, layer, path, change].map(str::to_owned));
            }
        }
    }
    ensure!(!expected.is_empty(), "tar sees no difference");
    same("entries that differ", expected, said(&difference)?)
}

/// Of every layer of a platform, by its role.
fn listings(layout: &Layout, platform: &str) -> anyhow::Result<BTreeMap<String, Listing>> {
    let image = layout.platform(platform)?;
    let history = image.config["history"].as_array().context("no history")?;
    (image.layers()?.iter().zip(history))
        .map(|(layer, step)| {
            let created_by = step["created_by"].as_str().context("no `created_by`")?;
            let role = created_by.strip_prefix("zookiln: ").context("no role")?;
            Ok((role.to_owned(), listing(&layout.blob(&layer.digest)?)?))
        })
        .collect()
}

fn listing(blob: &Path) -> anyhow::Result<Listing> {
    let tar = |arguments: &[&str]| {
        call("tar")
            .args(["--gzip", "--file"])
            .arg(blob)
            .args(arguments)
            .env("TZ", "UTC")
            .env("LC_ALL", "C")
            .stdout()
    };
    let lines = tar(&["--list", "--verbose", "--full-time", "--numeric-owner"])?;
    let print = r#"printf '%s %s\n' "$(sha256sum | cut -c 1-64)" "$TAR_FILENAME""#;
    let digests = tar(&["--extract", "--to-command", print])?;
    let digests: BTreeMap<&str, &str> = (digests.lines())
        .filter_map(|line| line.split_once(' '))
        .map(|(digest, path)| (path, digest))
        .collect();
    (lines.lines())
        .map(|line| {
            // Kind and mode, owner, size, date, time, then the name.
            let mut words = line.split_ascii_whitespace();
            let path = words
                .nth(5)
                .with_context(|| format!("not understood: {line}"))?;
            let digest = digests.get(path).map(|digest| (*digest).to_owned());
            let line = line.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
            Ok((path.trim_end_matches('/').to_owned(), (line, digest)))
        })
        .collect()
}

/// Platform, layer, path and what has happened, as `diff` says it.
fn said(difference: &Value) -> anyhow::Result<BTreeSet<[String; 4]>> {
    let text = |value: &Value| value.as_str().map(str::to_owned).context("no text");
    let mut said = BTreeSet::new();
    for file in difference["files"].as_array().context("no files")? {
        for platform in file["platforms"].as_array().context("no platforms")? {
            said.insert([
                text(platform)?,
                text(&file["layer"])?,
                text(&file["path"])?,
                text(&file["change"])?,
            ]);
        }
    }
    Ok(said)
}

/// Without the variant.
fn short(platform: &str) -> &str {
    match platform.match_indices('/').nth(1) {
        Some((at, _)) => &platform[..at],
        None => platform,
    }
}

fn itself(world: &World) -> anyhow::Result<()> {
    let layout = world.layout(full(VERSIONS[0]))?;
    let finished = diff(world, &layout.path, &layout.path, "text")?;
    let expected = format!("same image: {}\n", layout.digest()?);
    same(
        "what it says",
        (0, expected),
        (finished.code, finished.said()),
    )
}

/// `skopeo copy --all` of an image into a directory of its own.
fn copied(world: &World, name: &str, options: &[&str]) -> anyhow::Result<(Layout, PathBuf)> {
    let image = full(VERSIONS[0]);
    let layout = world.layout(image)?;
    let copy = world.directory(name)?.join("layout");
    call("skopeo")
        .args(["copy", "--all"])
        .args(options)
        .arg(format!("oci:{}:{image}", layout.path.display()))
        .arg(format!("oci:{}:{image}", copy.display()))
        .succeed()?;
    Ok((layout, copy))
}

fn copy_by_skopeo(world: &World) -> anyhow::Result<()> {
    let (layout, copy) = copied(world, "diff-skopeo", &[])?;
    let finished = diff(world, &layout.path, &copy, "text")?;
    same("exit status", 0, finished.code)?;
    contains(
        &finished.stdout,
        &format!("same image: {}\n", layout.digest()?),
    )?;
    // What the build has written down is not copied.
    contains(&finished.stdout, "identity of the build  gone")
}

fn copy_in_zstd(world: &World) -> anyhow::Result<()> {
    let options = ["--dest-compress-format", "zstd"];
    let (layout, copy) = copied(world, "diff-zstd", &options)?;
    let difference = difference(world, &layout.path, &copy)?;
    same("files", &json!([]), &difference["files"])?;
    same("documents", &json!([]), &difference["documents"])?;
    let layers = difference["layers"].as_array().context("no layers")?;
    ensure!(!layers.is_empty(), "no layers");
    for layer in layers {
        let expected = json!([
            { "note": "same_archive" },
            { "note": "encoding", "old": "gzip", "new": "zstd" },
        ]);
        same("notes", &expected, &layer["notes"])?;
    }
    Ok(())
}

fn layer_by_gzip(world: &World) -> anyhow::Result<()> {
    let layout = world.layout(full(VERSIONS[0]))?;
    let copy = world.directory("diff-gzip")?;
    call("cp")
        .arg("-rT")
        .arg(&layout.path)
        .arg(&copy)
        .succeed()?;
    let amd64 = layout.platform("linux/amd64")?;
    let base = amd64.layers()?.remove(0);
    let scratch = copy.join("scratch");
    let pipe = r#"gzip -dc "$0" | gzip -9 > "$1""#;
    (call("sh").args(["-c", pipe]))
        .arg(layout.blob(&base.digest)?)
        .arg(&scratch)
        .succeed()?;
    let blob = put(&copy, &fs::read(&scratch)?)?;
    fs::remove_file(&scratch)?;
    // The digests above follow.
    let mut manifest = amd64.manifest.clone();
    name(&mut manifest["layers"][0], &blob);
    let manifest_blob = put(&copy, manifest.to_string().as_bytes())?;
    let digest = layout.digest()?;
    let mut index: Value = serde_json::from_slice(&fs::read(layout.blob(digest)?)?)?;
    let descriptors = index["manifests"].as_array_mut().context("no manifests")?;
    let descriptor = (descriptors.iter_mut())
        .find(|descriptor| descriptor["digest"] == json!(amd64.digest))
        .context("no descriptor")?;
    name(descriptor, &manifest_blob);
    let index_blob = put(&copy, index.to_string().as_bytes())?;
    let mut top: Value = serde_json::from_slice(&fs::read(copy.join("index.json"))?)?;
    name(&mut top["manifests"][0], &index_blob);
    fs::write(copy.join("index.json"), top.to_string())?;

    let difference = difference(world, &layout.path, &copy)?;
    same("files", &json!([]), &difference["files"])?;
    same("documents", &json!([]), &difference["documents"])?;
    let layers = difference["layers"].as_array().context("no layers")?;
    let changed: Vec<&Value> = (layers.iter())
        .filter(|layer| layer["change"] == json!("changed"))
        .collect();
    let [only] = changed[..] else {
        anyhow::bail!("not one layer: {changed:?}");
    };
    same("layer", &json!("base"), &only["layer"])?;
    same("platforms", &json!(["linux/amd64"]), &only["platforms"])?;
    same(
        "first note",
        &json!({ "note": "same_archive" }),
        &only["notes"][0],
    )?;
    let text = diff(world, &layout.path, &copy, "text")?;
    same("exit status", 1, text.code)?;
    contains(&text.stdout, "the same archive in another compression")
}

/// Digest and size.
type Blob = (String, usize);

/// Puts a blob into a layout.
fn put(layout: &Path, bytes: &[u8]) -> anyhow::Result<Blob> {
    let scratch = layout.join("scratch-blob");
    fs::write(&scratch, bytes)?;
    let said = call("sha256sum").arg(&scratch).stdout()?;
    let hex = said.split(' ').next().context("no digest")?;
    fs::rename(&scratch, layout.join("blobs/sha256").join(hex))?;
    Ok((format!("sha256:{hex}"), bytes.len()))
}

fn name(descriptor: &mut Value, (digest, size): &Blob) {
    descriptor["digest"] = json!(digest);
    descriptor["size"] = json!(size);
}
