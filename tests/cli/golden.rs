//! The digests of the fixture's image, committed: the bytes of an image are a promise.
//!
//! They hang on the form of tar and gzip, on the JSON of config, manifest and index, and on the rules
//! that lay files into an image. If this test fails and nothing of the kind was meant to change, a
//! build is not reproducible any more: find out why. If it was meant, every user's digests change:
//! raise the format version or the program's version, say so in the changelog, and write the new
//! digests with `SNAPSHOTS=overwrite cargo test --test cli golden`. A new format version gets an arm of
//! its own; those of the older ones stay, as a record.
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
    workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();
    let layout = Layout::read(&workspace.project().join("images/zookeeper-3.6.1"));

    let mut text = String::new();
    let mut index = layout.index.clone();
    for (position, image) in layout.images.iter().enumerate() {
        let architecture = image.config["architecture"].as_str().unwrap();
        for layer in image
            .layers
            .iter()
            .filter(|layer| layer.name != "entrypoint")
        {
            text.push_str(&format!(
                "{architecture} {:<9} {}\n",
                layer.name, layer.digest
            ));
        }
        let manifest = without_entrypoint(image);
        name(&mut index["manifests"][position], &manifest);
        text.push_str(&format!("{architecture} manifest  {}\n", digest(&manifest)));
    }
    text.push_str(&format!("image           {}\n", digest(&index)));
    let golden = match layers::FORMAT_VERSION {
        1 => str![[r#"
amd64 base      sha256:be8e1d3ce3d8ce868a4fb57e2aae831c4c21dbe9213d07a8e12ca4dcfd50ebd1
amd64 java      sha256:9f14eaf6413b97dde9508ac49b5d714c447c4d7af5d7cee4bca9d302c1f99e18
amd64 zookeeper sha256:d2b9e4fb8a7bf03f19184d9a74e8ce6b9a417ff0903fb70bb3363ec1f44e5f7e
amd64 shell     sha256:5c9bdb99d8967feb792068b2e6d6a80c49d95091d5c9d82673ac43a9bd49e848
amd64 manifest  sha256:c33871e8dcb98e308b82889172d66a8d1e8389d7dbc4541e7dfb3356ae74b1a0
arm64 base      sha256:954f47fb367021a4e0b5a96733a3406692e5a2782a405c0245e2b5cc58c643b3
arm64 java      sha256:8e536860e8e146b3a97d84cdb242326b385036e4e058eda3540380c5b6448b6c
arm64 zookeeper sha256:d2b9e4fb8a7bf03f19184d9a74e8ce6b9a417ff0903fb70bb3363ec1f44e5f7e
arm64 shell     sha256:2f554b592495aee396e8bda03ac26bb8ca5866bf1f68d62d89c864ae63cf9f9d
arm64 manifest  sha256:fedcd8773baa9e1ba423f405876035f7f766a4a72a9d39988bbe9289017bf2bb
image           sha256:62fcd8b8d8aadb19685120fb473e43b42f105045af5611aba77463c45a9c1c96

"#]],
        other => panic!("format {other} has no digests here: give it an arm, and keep the others"),
    };
    assert_data_eq!(text, golden);
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
    workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();
    let layout = Layout::read(&workspace.project().join("images/zookeeper-3.6.1"));

    assert_eq!(digest(&layout.index), layout.digest());
    for image in &layout.images {
        assert_eq!(digest(&image.manifest), image.descriptor["digest"]);
        assert_eq!(digest(&image.config), image.manifest["config"]["digest"]);
    }
}
