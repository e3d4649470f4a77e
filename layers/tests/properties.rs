//! What holds for any tree and any archive.
#![allow(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

use std::{io::Cursor, num::NonZeroUsize, path::Path};

use layers::inspect::{Encoding, InspectedEntry, Visitor, inspect_archive, inspect_blob};
use layers::{Compression, Content, Entry, ImagePath, LayerOptions, Node, Tree, write_layer};
use proptest::prelude::*;

fn tar_of(tree: &Tree) -> Vec<u8> {
    let options = LayerOptions {
        mtime: 1,
        compression: Compression::None,
        threads: NonZeroUsize::MIN,
    };
    let mut tar = Vec::new();
    write_layer(tree, &options, &mut tar).unwrap();
    tar
}

fn image_path() -> impl Strategy<Value = ImagePath> {
    let component = prop_oneof![
        8 => "[ab0-]{1,2}",
        1 => "[a-z ]{90,110}",
        1 => "[\u{e4}\u{65e5}\u{1f980}]{1,40}",
    ];
    prop::collection::vec(component, 1..5)
        .prop_map(|components| components.join("/").parse().unwrap())
}

fn node() -> impl Strategy<Value = Node> {
    prop_oneof![
        2 => Just(Node::Directory),
        4 => prop::collection::vec(any::<u8>(), 0..2000).prop_map(|it| Node::File(Content::from(it))),
        1 => "[a-z./\u{e4}]{1,150}".prop_map(Node::Symlink),
        2 => image_path().prop_map(Node::HardLink),
    ]
}

prop_compose! {
    fn entry()(node in node(), mode in 0_u32..0o10000, uid: u32, gid in 0_u32..5) -> Entry {
        Entry { node, mode, uid, gid }
    }
}

/// Any tree that can be written: what conflicts or links to nothing is left out.
fn tree() -> impl Strategy<Value = Tree> {
    prop::collection::vec((image_path(), entry()), 0..20).prop_map(|entries| {
        let mut tree = Tree::new();
        for (path, entry) in entries {
            let mut next = tree.clone();
            if next.insert(path, entry).is_ok() && next.canonical().is_ok() {
                tree = next;
            }
        }
        tree
    })
}

fn assert_same(left: &Tree, right: &Tree) {
    let paths = |tree: &Tree| {
        tree.iter()
            .map(|(path, _)| path.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(paths(left), paths(right));
    for ((path, left), (_, right)) in left.iter().zip(right) {
        assert!(left.same_as(right).unwrap(), "{path}: {left:?} {right:?}");
    }
}

/// Wants all contents and keeps none.
struct Contents;

impl Visitor for Contents {
    fn wants_content(&mut self, _: &InspectedEntry) -> bool {
        true
    }

    fn visit(&mut self, entry: InspectedEntry, content: Option<Vec<u8>>) {
        if let Some(content) = content {
            assert_eq!(entry.digest, Some(layers::Digest::sha256_of(&content)));
        }
    }
}

/// Makes the checksum right in every block that says it is a header, so that changes elsewhere reach
/// the code behind the check.
fn repair_checksums(archive: &mut [u8]) {
    for block in archive.chunks_exact_mut(512) {
        if &block[257..262] == b"ustar" {
            block[148..156].fill(b' ');
            let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
    }
}

/// The latest time of any entry: that of all of them is 1 in what is written here.
fn inspected_mtime(archive: &[u8]) -> u64 {
    let mut latest = 1;
    inspect_archive(archive, &mut |entry: InspectedEntry| {
        latest = latest.max(entry.mtime)
    })
    .unwrap();
    latest
}

fn read_all(archive: &[u8]) {
    let host = Path::new("archive.tar");
    if let Ok(tree) = Tree::from_tar_reader(Cursor::new(archive), host) {
        for (_, entry) in &tree {
            if let Node::File(Content::Range { offset, size, .. }) = entry.node {
                assert!(offset + size <= archive.len() as u64);
            }
        }
        let _ = tree.canonical();
    }
    let _ = inspect_archive(archive, &mut Contents);
    for encoding in [Encoding::Gzip, Encoding::Zstandard] {
        let _ = inspect_blob(archive, encoding, &mut Contents);
    }
}

proptest! {
    #[test]
    fn a_tree_survives_its_tar(tree in tree()) {
        let tar = tar_of(&tree);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &tar).unwrap();
        let read = Tree::from_tar(file.path()).unwrap();
        assert_same(&read, &tree.canonical().unwrap());
        prop_assert!(tar_of(&read) == tar);
    }

    #[test]
    fn a_layer_breaks_no_rule(tree in tree()) {
        let tar = tar_of(&tree);
        let canonical = tree.canonical().unwrap();
        let mut entries = canonical.iter();
        let inspected = inspect_archive(tar.as_slice(), &mut |found: InspectedEntry| {
            let (path, entry) = entries.next().unwrap();
            assert_eq!(&found.path, path.as_str());
            assert_eq!((found.mode, found.uid, found.gid), (entry.mode, entry.uid.into(), entry.gid.into()));
        })
        .unwrap();
        prop_assert_eq!(inspected.violations, []);
        prop_assert_eq!(inspected.size, tar.len() as u64);
        prop_assert_eq!(inspected.entries, canonical.len() as u64);
    }

    /// No archive but the one that is written for a tree is without fault.
    #[test]
    fn a_changed_byte_outside_of_contents_is_another_tree_or_a_broken_rule(
        tree in tree(),
        at in any::<prop::sample::Index>(),
        byte: u8,
    ) {
        let good = tar_of(&tree);
        let mut tar = good.clone();
        let at = at.index(tar.len());
        tar[at] = byte;
        repair_checksums(&mut tar);
        if tar == good {
            return Ok(());
        }
        let Ok(inspected) = inspect_archive(tar.as_slice(), &mut |_| {}) else {
            return Ok(());
        };
        if inspected.violations.is_empty() {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), &tar).unwrap();
            let read = Tree::from_tar(file.path()).unwrap();
            let mtime = inspected_mtime(&tar);
            prop_assert!(mtime != 1 || tar_of(&read) == tar);
        }
    }

    #[test]
    fn a_canonical_tree_stays_as_it_is(tree in tree()) {
        let canonical = tree.canonical().unwrap();
        assert_same(&canonical.canonical().unwrap(), &canonical);
    }

    #[test]
    fn any_bytes_are_a_tree_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        read_all(&bytes);
    }

    #[test]
    fn a_mutated_archive_is_a_tree_or_an_error(
        tree in tree(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut tar = tar_of(&tree);
        for (at, byte) in changes {
            let at = at.index(tar.len());
            tar[at] = byte;
        }
        repair_checksums(&mut tar);
        read_all(&tar);
        read_all(&tar[..cut.index(tar.len())]);
        let mut blob = Vec::new();
        let piece = &tar[..tar.len().min(5000)];
        layers::gzip::compress(&layers::gzip::FORMAT, NonZeroUsize::MIN, &mut blob, |writer| writer.write_all(piece)).unwrap();
        let at = cut.index(blob.len());
        blob[at] ^= 1;
        read_all(&blob);
    }
}
