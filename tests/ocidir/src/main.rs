//! `read-layout DIR…`: opens image layouts with ocidir, walks index → manifests → configs and layers,
//! verifies every digest, size and diff_id, and prints `PLATFORM DIGEST` for each manifest.

use std::collections::BTreeMap;
use std::io::Read;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use flate2::read::GzDecoder;
use ocidir::OciDir;
use ocidir::cap_std::{ambient_authority, fs::Dir};
use ocidir::oci_spec::image::{
    Descriptor, ImageConfiguration, ImageIndex, ImageManifest, MediaType,
};
use sha2::{Digest as _, Sha256};

/// Digest of a layer → its diff_id. Layouts share layers; equal bytes unpack to equal bytes.
type Unpacked = BTreeMap<String, String>;

fn main() -> ExitCode {
    let mut unpacked = Unpacked::new();
    for path in std::env::args().skip(1) {
        if let Err(error) = read(&path, &mut unpacked) {
            eprintln!("error: {path}: {error:#}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn read(path: &str, unpacked: &mut Unpacked) -> Result<()> {
    let layout = OciDir::open(Dir::open_ambient_dir(path, ambient_authority())?)?;
    let index = layout.read_index()?;
    let [image] = index.manifests().as_slice() else {
        anyhow::bail!("not exactly one descriptor in index.json");
    };
    let tag = (image.annotations().as_ref())
        .and_then(|annotations| annotations.get("org.opencontainers.image.ref.name"))
        .context("the image has no tag")?;
    ensure!(
        *image.media_type() == MediaType::ImageIndex,
        "the image is not an index"
    );
    verify(&layout, image)?;
    let nested: ImageIndex = layout.read_json_blob(image)?;
    for descriptor in nested.manifests() {
        let platform = descriptor.platform().as_ref().context("no platform")?;
        let mut name = format!("{}/{}", platform.os(), platform.architecture());
        if let Some(variant) = platform.variant() {
            name = format!("{name}/{variant}");
        }
        read_manifest(&layout, descriptor, unpacked).context(name.clone())?;
        println!("{name} {}", descriptor.digest());
    }
    // What a program that wants to run the image asks for.
    let resolved = layout.open_image_this_platform(Some(tag))?;
    ensure!(
        nested.manifests().contains(&resolved.manifest_descriptor),
        "tag {tag} leads elsewhere"
    );
    Ok(())
}

fn read_manifest(layout: &OciDir, descriptor: &Descriptor, unpacked: &mut Unpacked) -> Result<()> {
    verify(layout, descriptor)?;
    let manifest: ImageManifest = layout.read_json_blob(descriptor)?;
    verify(layout, manifest.config())?;
    let config: ImageConfiguration = layout.read_json_blob(manifest.config())?;
    let diff_ids = config.rootfs().diff_ids();
    ensure!(
        manifest.layers().len() == diff_ids.len(),
        "{} layers, {} diff_ids",
        manifest.layers().len(),
        diff_ids.len()
    );
    for (layer, diff_id) in manifest.layers().iter().zip(diff_ids) {
        verify(layout, layer)?;
        let found = match unpacked.get(&layer.digest().to_string()) {
            Some(found) => found.clone(),
            None => digest(GzDecoder::new(layout.read_blob(layer)?))?.0,
        };
        ensure!(
            *diff_id == found,
            "{}: diff_id {diff_id}, unpacked {found}",
            layer.digest()
        );
        unpacked.insert(layer.digest().to_string(), found);
    }
    Ok(())
}

fn verify(layout: &OciDir, descriptor: &Descriptor) -> Result<()> {
    let (found, size) = digest(layout.read_blob(descriptor)?)?;
    ensure!(
        descriptor.digest().to_string() == found && descriptor.size() == size,
        "expected {} of {} bytes, found {found} of {size}",
        descriptor.digest(),
        descriptor.size()
    );
    Ok(())
}

fn digest(mut reader: impl Read) -> Result<(String, u64)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        hasher.update(&buffer[..count]);
        size += count as u64;
    }
    let hex: String = (hasher.finalize().iter())
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok((format!("sha256:{hex}"), size))
}
