//! An image into its layout: layers from the store, documents from the plan, one commit.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use anyhow::Context;
use layers::Digest;
use serde_json::json;

use super::config::{self, Document};
use super::layout::Layout;
use super::read::Image;
use super::record::Record;
use super::{Assembler, Layer};
use crate::plan::{LayerRecipe, Plan, Source};

/// What a build came to.
#[derive(Debug)]
pub struct Written {
    /// Of the nested index: the image's digest, as a registry shows it.
    pub digest: Digest,
    /// Where ZooKeeper came from.
    pub source: Source,
}

/// What is in `output` already, if it is what `plan` would write. Reads documents only.
pub fn up_to_date(plan: &Plan<'_>, sources: &[Source], output: &Path) -> Option<Written> {
    let layout = Layout::open(output).ok()?;
    let record = layout.record().ok()??;
    if !sources.contains(&record.source) || record.identity != plan.identity(record.source) {
        return None;
    }
    let image = Image::read(&layout).ok()?;
    layout.is_complete(&image.blobs()).then_some(Written {
        digest: image.index.digest,
        source: record.source,
    })
}

/// Makes the image of all platforms and puts it into `output`. The inputs must be in the store.
pub fn write_image(
    plan: &Plan<'_>,
    source: Source,
    assembler: &Assembler<'_>,
    output: &Path,
) -> anyhow::Result<Written> {
    let recipes: Vec<_> = plan
        .platforms
        .iter()
        .map(|platform| (*platform, plan.layers(*platform, source)))
        .collect();
    let mut documents = Vec::new();
    let mut manifests = Vec::new();
    let mut blobs: BTreeMap<Digest, Layer> = BTreeMap::new();
    for (platform, recipes) in &recipes {
        let layers = (recipes.iter())
            .map(|recipe| Ok((recipe, assembler.layer(plan, recipe)?)))
            .collect::<anyhow::Result<Vec<(&LayerRecipe, Layer)>>>()?;
        let config = config::config(plan, *platform, &layers)?;
        let manifest = config::manifest(plan, *platform, &config, &layers)?;
        blobs.extend(
            layers
                .into_iter()
                .map(|(_, layer)| (layer.digest.clone(), layer)),
        );
        documents.push(config);
        manifests.push(manifest);
    }
    let index = config::index(plan, &manifests)?;
    documents.extend(manifests);
    documents.push(index.clone());

    let layout = Layout::create(output)?;
    let _lock = layout.lock()?;
    let mut referenced = BTreeMap::new();
    for (digest, layer) in &blobs {
        let path = assembler.store.verified_path(digest)?;
        let file =
            File::open(&path).with_context(|| format!("cannot open `{}`", path.display()))?;
        layout.add_blob(digest, layer.size, file)?;
        referenced.insert(digest.clone(), layer.size);
    }
    for Document { bytes, descriptor } in &documents {
        let digest: Digest = descriptor.digest().to_string().parse()?;
        layout.add_blob(&digest, descriptor.size(), bytes.as_slice())?;
        referenced.insert(digest, descriptor.size());
    }
    let tag = plan.tag();
    let mut descriptor = serde_json::to_value(&index.descriptor)?;
    descriptor["annotations"] = json!({
        "org.opencontainers.image.ref.name": tag,
        "io.containerd.image.name": format!("{}:{tag}", plan.image.name),
    });
    let record = Record {
        identity: plan.identity(source),
        source,
        created: plan.created.to_string(),
        parts: Some(plan.parts()),
    };
    layout.commit(descriptor, &record, &referenced)?;
    Ok(Written {
        digest: index.descriptor.digest().to_string().parse()?,
        source,
    })
}
