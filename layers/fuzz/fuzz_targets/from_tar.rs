//! Any bytes are a tree or an error, and no content lies beyond the end of the archive.
#![no_main]

use std::{io::Cursor, path::Path};

use layers::{Content, Node, Tree};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(tree) = Tree::from_tar_reader(Cursor::new(bytes), Path::new("archive.tar")) else {
        return;
    };
    for (_, entry) in &tree {
        if let Node::File(Content::Range { offset, size, .. }) = entry.node {
            assert!(offset + size <= bytes.len() as u64);
        }
    }
    let _ = tree.canonical();
});
