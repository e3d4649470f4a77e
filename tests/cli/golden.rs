//! The digests of the fixture's image, committed: the bytes of an image are a promise.
//!
//! They hang on the form of tar and gzip, on the JSON of config, manifest and index, and on the rules
//! that lay files into an image. If this test fails and nothing of the kind was meant to change, a
//! build is not reproducible any more: find out why. If it was meant, every user's digests change:
//! raise the format version or the program's version, say so in the changelog, and write the new
//! digests with `SNAPSHOTS=overwrite cargo test --test cli golden`.
//!
//! The layer of the entrypoint, which changes with every change to its source, is left out: in
//! configs, manifests and index its digests are zeros.

use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use crate::support::{Layout, PlatformImage, Workspace, sha256};

const ZEROS: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

#[test]
fn the_image_is_the_same_bytes_as_ever() {
    let workspace = Workspace::new();
    workspace.zookiln(["--quiet", "build", "--version", "3.6.1"]).succeed();
    let layout = Layout::read(&workspace.project().join("images/zookeeper-3.6.1"));

    let mut text = String::new();
    let mut index = layout.index.clone();
    for (position, image) in layout.images.iter().enumerate() {
        let architecture = image.config["architecture"].as_str().unwrap();
        for layer in image.layers.iter().filter(|layer| layer.name != "entrypoint") {
            text.push_str(&format!("{architecture} {:<9} {}\n", layer.name, layer.digest));
        }
        let manifest = without_entrypoint(image);
        name(&mut index["manifests"][position], &manifest);
        text.push_str(&format!("{architecture} manifest  {}\n", digest(&manifest)));
    }
    text.push_str(&format!("image           {}\n", digest(&index)));
    assert_data_eq!(text, str![]);
}

/// The manifest with zeros in the place of the entrypoint's digests.
fn without_entrypoint(image: &PlatformImage) -> Value {
    let last = image.layers.len() - 1;
    assert_eq!(image.layers[last].name, "entrypoint");
    let mut config = image.config.clone();
    config["rootfs"]["diff_ids"][last] = json!(ZEROS);
    let mut manifest = image.manifest.clone();
    manifest["layers"][last]["digest"] = json!(ZEROS);
    manifest["layers"][last]["size"] = json!(0);
    name(&mut manifest["config"], &config);
    manifest
}

/// Lets a descriptor name `document`.
fn name(descriptor: &mut Value, document: &Value) {
    descriptor["digest"] = json!(digest(document));
    descriptor["size"] = json!(document.to_string().len());
}

/// Of the document as it is written: keys in order, no blanks.
fn digest(document: &Value) -> String {
    format!("sha256:{}", sha256(document.to_string().as_bytes()))
}

#[test]
fn documents_are_written_with_keys_in_order_and_without_blanks() {
    let workspace = Workspace::new();
    workspace.zookiln(["--quiet", "build", "--version", "3.6.1"]).succeed();
    let layout = Layout::read(&workspace.project().join("images/zookeeper-3.6.1"));

    assert_eq!(digest(&layout.index), layout.digest());
    for image in &layout.images {
        assert_eq!(digest(&image.manifest), image.descriptor["digest"]);
        assert_eq!(digest(&image.config), image.manifest["config"]["digest"]);
    }
}
