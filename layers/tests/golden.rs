//! The bytes of the format: a change here is a change of `FORMAT_VERSION` and of every image.
#![allow(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

use std::{collections::BTreeMap, io::Read, num::NonZeroUsize};

use layers::{Compression, Entry, FORMAT_VERSION, ImagePath, LayerOptions, Tree, write_layer};

const MTIME: u64 = 1_577_836_800;

/// For `FORMAT_VERSION` 1, with zlib-rs 0.6.8.
const DIGEST: &str = "sha256:3124d381f32aa40269c05e98f4ac171631cfe62372896b50c4ee51eba3011e7f";
const SIZE: u64 = 1_874_767;
const DIFF_ID: &str = "sha256:7a84f955541a5bbfa58d0140665b8e7321c949ee25a88128086eaf7e6dc06d1a";
const UNCOMPRESSED_SIZE: u64 = 3_894_272;

fn path(text: &str) -> ImagePath {
    text.parse().unwrap()
}

/// Bytes that do not compress, the same on every host (xorshift64).
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.flatten().take(length).collect()
}

/// Bytes that compress as text does.
fn prose(length: usize) -> Vec<u8> {
    let lines =
        (0_u64..).flat_map(|n| format!("zxid 0x{:x}: session {}\n", n * n, n % 97).into_bytes());
    lines.take(length).collect()
}

/// Every kind of entry and every corner of the format, contents of several blocks included.
fn fixture() -> Tree {
    let long_name = format!("usr/share/{}/{}", "d".repeat(60), "n".repeat(99));
    let longer_name = format!("usr/share/{}/{}/leaf", "e".repeat(200), "m".repeat(150));
    let long_target = format!("../{}/leaf", "t".repeat(120));
    let entries = [
        ("tmp", Entry::directory(0o1777)),
        ("srv/data", Entry::directory(0o750).owned_by(1000, 1000)),
        ("etc/empty", Entry::file(0o644, [])),
        (
            "etc/hostname",
            Entry::file(0o600, *b"zookeeper\n").owned_by(3_000_000, 42),
        ),
        ("etc/block", Entry::file(0o644, prose(512))),
        ("usr/lib/noise", Entry::file(0o644, noise(1_300_000))),
        ("usr/lib/prose", Entry::file(0o644, prose(2_500_001))),
        ("usr/bin/su", Entry::file(0o4755, prose(70_000))),
        ("bin", Entry::symlink("usr/bin")),
        ("usr/lib/long-link", Entry::symlink(long_target)),
        ("usr/bin/a-link", Entry::hard_link(path("usr/bin/su"))),
        ("usr/bin/z-link", Entry::hard_link(path("usr/bin/a-link"))),
        (&long_name, Entry::file(0o644, *b"fits a split name")),
        (&longer_name, Entry::file(0o644, *b"fits PAX only")),
        (
            "usr/share/\u{df}/\u{65e5}\u{672c}",
            Entry::file(0o644, *b"not ASCII"),
        ),
    ];
    let mut tree = Tree::new();
    for (at, entry) in entries {
        tree.insert(path(at), entry).unwrap();
    }
    tree
}

fn options(compression: Compression, threads: usize) -> LayerOptions {
    LayerOptions {
        mtime: MTIME,
        compression,
        threads: NonZeroUsize::new(threads).unwrap(),
    }
}

#[test]
fn the_fixture_has_the_golden_digests_for_any_number_of_threads() {
    for threads in [1, 2, 3, 8] {
        let mut blob = Vec::new();
        let layer =
            write_layer(&fixture(), &options(Compression::Gzip, threads), &mut blob).unwrap();
        let found = (
            layer.digest.to_string(),
            layer.size,
            layer.diff_id.to_string(),
            layer.uncompressed_size,
        );
        let golden = (
            DIGEST.to_owned(),
            SIZE,
            DIFF_ID.to_owned(),
            UNCOMPRESSED_SIZE,
        );
        assert_eq!(found, golden, "format {FORMAT_VERSION}, {threads} threads");
        assert_eq!(layer.entries, 25);
    }
}

#[test]
fn the_blob_decodes_to_the_tar_and_the_tar_reads_as_the_fixture() {
    let (mut blob, mut tar) = (Vec::new(), Vec::new());
    let gzip = write_layer(&fixture(), &options(Compression::Gzip, 2), &mut blob).unwrap();
    let plain = write_layer(&fixture(), &options(Compression::None, 2), &mut tar).unwrap();
    assert_eq!(gzip.diff_id.0, plain.digest);

    let mut decoded = Vec::new();
    flate2::bufread::GzDecoder::new(&blob[..])
        .read_to_end(&mut decoded)
        .unwrap();
    assert!(
        decoded == tar,
        "the blob is one gzip member with the tar in it"
    );

    let canonical = fixture().canonical().unwrap();
    let mut archive = tar::Archive::new(&tar[..]);
    let mut sizes = BTreeMap::new();
    for (member, (path, entry)) in archive.entries().unwrap().zip(&canonical) {
        let member = member.unwrap();
        let name = String::from_utf8(member.path_bytes().into_owned()).unwrap();
        assert_eq!(name.trim_end_matches('/'), path.as_str());
        let header = member.header();
        assert_eq!(header.mtime().unwrap(), MTIME);
        assert_eq!(header.mode().unwrap(), entry.mode);
        let owner = (header.uid().unwrap(), header.gid().unwrap());
        assert_eq!(owner, (entry.uid.into(), entry.gid.into()));
        assert_eq!(header.username_bytes().unwrap_or_default(), b"");
        assert_eq!(header.groupname_bytes().unwrap_or_default(), b"");
        sizes.insert(name, member.size());
    }
    assert_eq!(sizes.len(), canonical.len());
    assert_eq!(sizes["usr/lib/noise"], 1_300_000);
}
