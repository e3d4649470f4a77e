//! A layout as one archive: streamed, deterministic, nothing temporary.

use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::bail;
use layers::DigestWriter;
use serde_json::{Value, json};
use tar::{EntryType, Header};

use crate::catalog::Platform;
use crate::image::{Blob, Image, Layout, LayoutError};
use crate::json;

/// The form of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The layout as it is.
    OciArchive,
    /// The layout, and `manifest.json` of one platform, which Docker's classic store reads.
    DockerArchive(Platform),
}

/// Writes `layout` into `output`.
pub fn export(layout: &Layout, format: Format, output: &mut impl Write) -> anyhow::Result<()> {
    let image = Image::read(layout)?;
    let manifest = match format {
        Format::OciArchive => None,
        Format::DockerArchive(platform) => Some(docker_manifest(&image, platform)?),
    };
    let mut archive = Archive { output };
    archive.document("index.json", &layout.index()?)?;
    archive.document("oci-layout", &json!({ "imageLayoutVersion": "1.0.0" }))?;
    if let Some(manifest) = manifest {
        archive.document("manifest.json", &manifest)?;
    }
    for (digest, size) in image.blobs() {
        let path = layout.blob_path(&digest);
        let file = layout.open_blob(&digest)?;
        archive.blob(&Blob { digest, size }, &path, file)?;
    }
    archive.finish()
}

/// Docker's own list of images: paths of config and layers inside the archive.
fn docker_manifest(image: &Image, platform: Platform) -> anyhow::Result<Value> {
    let chosen = image
        .platforms
        .iter()
        .find(|candidate| candidate.platform == platform.as_str());
    let Some(chosen) = chosen else {
        let known: Vec<&str> = image
            .platforms
            .iter()
            .map(|candidate| candidate.platform.as_str())
            .collect();
        bail!(
            "the layout has no platform `{platform}`, only {}",
            known.join(", ")
        );
    };
    let path = |blob: &Blob| format!("blobs/{}/{}", blob.digest.algorithm(), blob.digest.hex());
    // Docker writes familiar names: without its own host.
    let tags: Vec<&str> = (image.reference.iter())
        .map(|reference| reference.strip_prefix("docker.io/").unwrap_or(reference))
        .collect();
    Ok(json!([{
        "Config": path(&chosen.config),
        "RepoTags": tags,
        "Layers": chosen.layers.iter().map(path).collect::<Vec<_>>(),
    }]))
}

struct Archive<'a, W: Write> {
    output: &'a mut W,
}

impl<W: Write> Archive<'_, W> {
    fn document(&mut self, name: &str, value: &Value) -> anyhow::Result<()> {
        let bytes = json::canonical(value);
        self.header(name, bytes.len() as u64)?;
        self.output.write_all(&bytes)?;
        self.pad(bytes.len() as u64)
    }

    fn blob(&mut self, blob: &Blob, path: &Path, mut content: impl Read) -> anyhow::Result<()> {
        self.header(
            &format!("blobs/{}/{}", blob.digest.algorithm(), blob.digest.hex()),
            blob.size,
        )?;
        let mut checked = DigestWriter::new(blob.digest.algorithm(), &mut self.output);
        // One more than there should be, so that too many are noticed and no more are written.
        io::copy(
            &mut content.by_ref().take(blob.size.saturating_add(1)),
            &mut checked,
        )?;
        let (found, copied) = checked.finish();
        if copied != blob.size || found != blob.digest {
            return Err(LayoutError::Mismatch {
                path: path.to_owned(),
                expected: format!("{} of {} bytes", blob.digest, blob.size),
                found: format!("{found} of {copied} bytes"),
            }
            .into());
        }
        self.pad(copied)
    }

    fn header(&mut self, name: &str, size: u64) -> anyhow::Result<()> {
        let mut header = Header::new_ustar();
        header.set_path(name)?;
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(size);
        header.set_cksum();
        Ok(self.output.write_all(header.as_bytes())?)
    }

    fn pad(&mut self, size: u64) -> anyhow::Result<()> {
        let rest = (512 - size % 512) % 512;
        Ok(self.output.write_all(&[0; 512][..usize::try_from(rest)?])?)
    }

    fn finish(self) -> anyhow::Result<()> {
        self.output.write_all(&[0; 1024])?;
        Ok(self.output.flush()?)
    }
}
