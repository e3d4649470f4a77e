//! Any text may stand in the files that name packages and runtimes, and any name may be that of a jar: two
//! images are compared, and a difference is said.
#![no_main]

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use layers::{Compression, Digest, Entry, LayerOptions, Tree, write_layer};
use libfuzzer_sys::fuzz_target;
use zookiln::compare::compare;

fuzz_target!(|bytes: &[u8]| {
    let directory = tempfile::tempdir().expect("a directory");
    let (old, new) = (directory.path().join("old"), directory.path().join("new"));
    write(&old, b"", "a-1.jar");
    let name = String::from_utf8_lossy(bytes);
    write(&new, bytes, &name);

    let difference = compare(&old, &new).expect("both are images");

    assert_eq!(difference.same, difference.files.is_empty());
});

/// A layout with `text` in every file that is looked into, and `name` beside them.
fn write(path: &Path, text: &[u8], name: &str) {
    let mut tree = Tree::new();
    for file in ["usr/lib/jvm/java/release", "var/lib/dpkg/status.d/package"] {
        let path = file.parse().expect("a path");
        tree.insert(path, Entry::file(0o644, text)).expect("a new path");
    }
    if let Ok(path) = format!("lib/{name}").parse() {
        let _ = tree.insert(path, Entry::file(0o644, *b"jar"));
    }
    let mut layer = Vec::new();
    let options = LayerOptions {
        mtime: 1,
        compression: Compression::None,
        threads: NonZeroUsize::MIN,
    };
    write_layer(&tree, &options, &mut layer).expect("a layer");
    let diff_id = Digest::sha256_of(&layer);
    let layer = put(path, "layer.v1.tar", &layer);
    let config = format!(r#"{{"rootfs":{{"type":"layers","diff_ids":["{diff_id}"]}}}}"#);
    let config = put(path, "config.v1+json", config.as_bytes());
    let manifest = format!(r#"{{"schemaVersion":2,"config":{config},"layers":[{layer}]}}"#);
    let manifest = put(path, "manifest.v1+json", manifest.as_bytes());
    let platform = r#","platform":{"os":"linux","architecture":"amd64"}}"#;
    let manifest = format!("{}{platform}", manifest.trim_end_matches('}'));
    let index = format!(r#"{{"schemaVersion":2,"manifests":[{manifest}]}}"#);
    let index = put(path, "index.v1+json", index.as_bytes());
    let top = format!(r#"{{"schemaVersion":2,"manifests":[{index}]}}"#);
    fs::write(path.join("index.json"), top).expect("a file");
    fs::write(path.join("oci-layout"), "{}").expect("a file");
}

/// Writes a blob and gives its descriptor.
fn put(path: &Path, kind: &str, bytes: &[u8]) -> String {
    let digest = Digest::sha256_of(bytes);
    let blobs = path.join("blobs/sha256");
    fs::create_dir_all(&blobs).expect("a directory");
    fs::write(blobs.join(digest.hex()), bytes).expect("a file");
    let size = bytes.len();
    format!(
        r#"{{"mediaType":"application/vnd.oci.image.{kind}","digest":"{digest}","size":{size}}}"#
    )
}
