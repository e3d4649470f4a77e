//! The jars of a release against those that the lock pins by Maven.
//!
//! A release archive is authenticated by itself, so a difference is worth a word and no more: it says
//! that the image of the archive and that of the single jars have different digests.

use std::collections::BTreeMap;
use std::fs::File;

use layers::inspect::{Encoding, EntryKind, InspectedEntry, inspect_blob};
use layers::{DiffId, Digest};

use super::layout::{Layout, LayoutError};
use super::read::PlatformImage;
use crate::catalog::Coordinates;

/// How `config.rs` names the layer.
const LAYER: &str = "zookiln: zookeeper";

/// The jars of an image, by file name.
pub fn jars_of_image(
    layout: &Layout,
    image: &PlatformImage,
) -> Result<BTreeMap<String, Digest>, LayoutError> {
    let document = &image.config_document;
    let mut history = document["history"].as_array().into_iter().flatten();
    let position = history.position(|layer| layer["created_by"] == LAYER);
    let Some((position, layer)) = position.and_then(|it| Some((it, image.layers.get(it)?))) else {
        return Ok(BTreeMap::new());
    };
    let path = layout.blob_path(&layer.digest);
    let file = File::open(&path).map_err(LayoutError::io("open", &path))?;
    let manifest = layout.document(&image.manifest.digest, image.manifest.size)?;
    let media_type = manifest["layers"][position]["mediaType"].as_str();
    let unknown = || LayoutError::Document {
        path: path.clone(),
        reason: "of an unknown media type".to_owned(),
    };
    let encoding = media_type
        .and_then(Encoding::of_media_type)
        .ok_or_else(unknown)?;
    let mut jars = BTreeMap::new();
    let mut take = |entry: InspectedEntry| {
        let name = entry.path.rsplit('/').next().unwrap_or_default();
        if let (EntryKind::File, true, Some(digest)) =
            (entry.kind, name.ends_with(".jar"), &entry.digest)
        {
            jars.insert(name.to_owned(), digest.clone());
        }
    };
    let inspected =
        inspect_blob(file, encoding, &mut take).map_err(|error| LayoutError::Document {
            path: path.clone(),
            reason: error.to_string(),
        })?;
    let expected = &document["rootfs"]["diff_ids"][position];
    let DiffId(found) = &inspected.diff_id;
    if *expected != found.to_string() {
        return Err(LayoutError::Mismatch {
            path,
            expected: expected.as_str().unwrap_or_default().to_owned(),
            found: found.to_string(),
        });
    }
    Ok(jars)
}

/// One line for each jar that is not what Maven has; `whose` is the beginning of it.
pub fn jar_differences(
    whose: &str,
    jars: &BTreeMap<String, Digest>,
    pinned: &BTreeMap<Coordinates, Digest>,
) -> Vec<String> {
    let mut by_name: BTreeMap<String, &Digest> = pinned
        .iter()
        .map(|(jar, digest)| (jar.file_name(), digest))
        .collect();
    let mut found = Vec::new();
    for (name, digest) in jars {
        match by_name.remove(name) {
            Some(pinned) if pinned == digest => {}
            Some(pinned) => found.push(format!(
                "{whose} `{name}` is {digest}, by Maven it is {pinned}"
            )),
            None => found.push(format!(
                "{whose} `{name}` is not in the catalog's list of jars"
            )),
        }
    }
    let missing = by_name.keys();
    found.extend(
        missing.map(|name| format!("{whose} `{name}` is missing, which the catalog lists")),
    );
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_jar_that_differs_has_a_line() {
        let digest = |text: &str| Digest::sha256_of(text.as_bytes());
        let jars = ["a-1.jar", "b-1.jar", "c-1.jar"].map(|name| (name.to_owned(), digest(name)));
        let pinned = [("x:a:1", "a-1.jar"), ("x:b:1", "other"), ("x:d:1", "d")]
            .map(|(jar, content)| (jar.parse().unwrap(), digest(content)));
        assert_eq!(
            jar_differences("the image's", &jars.into(), &pinned.into()),
            [
                format!(
                    "the image's `b-1.jar` is {}, by Maven it is {}",
                    digest("b-1.jar"),
                    digest("other")
                ),
                "the image's `c-1.jar` is not in the catalog's list of jars".to_owned(),
                "the image's `d-1.jar` is missing, which the catalog lists".to_owned(),
            ]
        );
    }
}
