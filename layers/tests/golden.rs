//! The bytes of the format: a change here is a change of `FORMAT_VERSION` and of every image.
//!
//! If a test fails and no byte was meant to change, a build is not reproducible any more: find out why
//! (a feature that another crate switches on? an upgrade?). If it was meant: raise `FORMAT_VERSION`, name
//! the compressor in `COMPRESSOR`, add a row to [`GOLDEN`], and say so in the changelog and in
//! `docs/layers.md`.
#![allow(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

use std::{collections::BTreeMap, io::Read, num::NonZeroUsize};

use layers::{
    COMPRESSOR, Compression, Digest, Entry, FORMAT_VERSION, ImagePath, LayerOptions, Tree, gzip,
    write_layer,
};

const MTIME: u64 = 1_577_836_800;

/// What a version of the format makes of [`fixture`], and its compressor of [`varied`].
#[derive(Debug, PartialEq, Eq)]
struct Golden<'a> {
    format: u32,
    compressor: &'a str,
    digest: &'a str,
    size: u64,
    diff_id: &'a str,
    uncompressed_size: u64,
    varied: &'a str,
}

/// A row for each version; the older ones stay, as a record.
const GOLDEN: &[Golden<'_>] = &[Golden {
    format: 1,
    compressor: "zlib-rs 0.6.8",
    digest: "sha256:3124d381f32aa40269c05e98f4ac171631cfe62372896b50c4ee51eba3011e7f",
    size: 1_874_767,
    diff_id: "sha256:7a84f955541a5bbfa58d0140665b8e7321c949ee25a88128086eaf7e6dc06d1a",
    uncompressed_size: 3_894_272,
    varied: "sha256:33bd3a01621ebd375b8caa833264f19ef417c59edefaa0c480bdabf7a4a81f3e",
}];

/// The row of `FORMAT_VERSION`.
fn golden() -> &'static Golden<'static> {
    let row = GOLDEN.iter().find(|row| row.format == FORMAT_VERSION);
    row.unwrap_or_else(|| panic!("format {FORMAT_VERSION} has no row in `GOLDEN`: add one"))
}

fn path(text: &str) -> ImagePath {
    text.parse().unwrap()
}

/// Numbers without a pattern, the same on every host (xorshift64).
fn numbers() -> impl Iterator<Item = u64> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    })
}

/// Bytes that do not compress.
fn noise(length: usize) -> Vec<u8> {
    let words = numbers().map(u64::to_le_bytes);
    words.flatten().take(length).collect()
}

/// Bytes that compress as text does.
fn prose(length: usize) -> Vec<u8> {
    let lines =
        (0_u64..).flat_map(|n| format!("zxid 0x{:x}: session {}\n", n * n, n % 97).into_bytes());
    lines.take(length).collect()
}

/// Bytes that a compressor finds matches in of every length at every distance, and many to choose from:
/// whatever it does otherwise than before shows here.
fn varied(length: usize) -> Vec<u8> {
    let mut bytes = vec![0];
    let mut numbers = numbers();
    let mut below = |limit: usize| {
        let number = numbers.next().unwrap() >> 16;
        (number % limit as u64) as usize
    };
    while bytes.len() < length {
        let count = match below(8) {
            0 => 3 + below(300),
            _ => 3 + below(40),
        };
        match below(8) {
            0 => bytes.extend((0..count).map(|_| below(256) as u8)),
            // So few letters that there is many a place with the same beginning.
            1 | 2 => bytes.extend((0..count).map(|_| b'a' + below(3) as u8)),
            // A short match, and a longer one that begins a byte later.
            3 => {
                let from = bytes.len() - bytes.len().min(400);
                let old: Vec<u8> = bytes[from..].to_vec();
                let short = &old[..old.len().min(count)];
                let letter = below(256) as u8;
                for part in [short, &old[..]] {
                    bytes.push(letter);
                    bytes.extend_from_slice(part);
                    bytes.push(below(256) as u8);
                }
            }
            _ => {
                let distance = 1 + below(bytes.len().min(40_000));
                for _ in 0..count {
                    bytes.push(bytes[bytes.len() - distance]);
                }
            }
        }
    }
    bytes.truncate(length);
    bytes
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

/// The digest of what the compressor alone makes of it, and of its beginnings: short inputs are
/// written in other ways than long ones.
fn compressed(bytes: &[u8], threads: usize) -> String {
    let threads = NonZeroUsize::new(threads).unwrap();
    let mut output = Vec::new();
    for length in (0..2000).step_by(7).chain([bytes.len()]) {
        gzip::compress(&gzip::FORMAT, threads, &mut output, |writer| {
            writer.write_all(&bytes[..length])
        })
        .unwrap();
    }
    Digest::sha256_of(&output).to_string()
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
        let golden = golden();
        let found = Golden {
            format: FORMAT_VERSION,
            compressor: COMPRESSOR,
            digest: &layer.digest.to_string(),
            size: layer.size,
            diff_id: &layer.diff_id.to_string(),
            uncompressed_size: layer.uncompressed_size,
            varied: &compressed(&varied(2_000_000), threads),
        };
        assert_eq!(&found, golden, "with {threads} threads");
        assert_eq!(layer.entries, 25);
    }
}

#[test]
fn each_version_of_the_format_has_a_row_of_its_own() {
    for (row, next) in GOLDEN.iter().zip(&GOLDEN[1..]) {
        assert!(row.format < next.format, "{next:?}");
        let same = (row.digest, row.diff_id) == (next.digest, next.diff_id);
        assert!(!same, "no byte differs from format {}", row.format);
    }
}

/// Most upgrades change some bytes of some input, and no fixture can show that one does not.
#[test]
fn the_compressor_is_the_one_that_the_format_names() {
    let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock");
    let lock = std::fs::read_to_string(lock).unwrap();
    let locked: Vec<&str> = (lock.split("[[package]]"))
        .filter_map(|package| package.trim_start().strip_prefix("name = \"zlib-rs\""))
        .filter_map(|rest| rest.split('"').nth(1))
        .collect();
    let words = format!(
        "Cargo.lock has zlib-rs {locked:?}, format {FORMAT_VERSION} is written by {COMPRESSOR}: \
         keep that one, or raise `FORMAT_VERSION`, name the other in `COMPRESSOR` and in a new row of \
         `GOLDEN`, and say so in the changelog"
    );
    let [version] = locked[..] else {
        panic!("{words}");
    };
    assert_eq!(format!("zlib-rs {version}"), COMPRESSOR, "{words}");
    assert_eq!(golden().compressor, COMPRESSOR, "{words}");
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
