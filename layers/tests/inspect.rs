//! What the reader of layers finds in archives, good and bad.
#![allow(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

use std::num::NonZeroUsize;

use layers::inspect::{
    Encoding, EntryKind, HeaderFormat, InspectError, Inspected, InspectedEntry, VIOLATION_LIMIT,
    Visitor, inspect_archive, inspect_blob,
};
use layers::{Compression, Digest, Entry, LayerOptions, Tree, write_layer};
use tar::{Builder, EntryType, Header};

const MTIME: u64 = 1_577_836_800;

fn layer(tree: &Tree, compression: Compression) -> Vec<u8> {
    let options = LayerOptions {
        mtime: MTIME,
        compression,
        threads: NonZeroUsize::MIN,
    };
    let mut blob = Vec::new();
    write_layer(tree, &options, &mut blob).unwrap();
    blob
}

fn sample() -> Tree {
    let mut tree = Tree::new();
    let long = format!("usr/{}/{}", "d".repeat(150), "n".repeat(120));
    let entries = [
        (
            "etc/hostname",
            Entry::file(0o600, *b"zookeeper\n").owned_by(3_000_000, 42),
        ),
        (
            "etc/other-name",
            Entry::hard_link("etc/hostname".parse().unwrap()),
        ),
        ("bin", Entry::symlink("usr/bin")),
        ("usr/\u{e4}", Entry::file(0o644, vec![b'x'; 1000])),
        (long.as_str(), Entry::file(0o4755, *b"long")),
        ("tmp", Entry::directory(0o1777)),
    ];
    for (path, entry) in entries {
        tree.insert(path.parse().unwrap(), entry).unwrap();
    }
    tree
}

/// Keeps everything, and asks for all contents.
#[derive(Default)]
struct Everything(Vec<(InspectedEntry, Option<Vec<u8>>)>);

impl Visitor for Everything {
    fn wants_content(&mut self, entry: &InspectedEntry) -> bool {
        assert_eq!(entry.digest, None);
        true
    }

    fn visit(&mut self, entry: InspectedEntry, content: Option<Vec<u8>>) {
        self.0.push((entry, content));
    }
}

fn inspect(archive: &[u8]) -> Result<Inspected, InspectError> {
    inspect_archive(archive, &mut |_| {})
}

fn violations(archive: &[u8]) -> Vec<String> {
    let inspected = inspect(archive).unwrap();
    inspected
        .violations
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn a_layer_is_shown_as_it_was_written_in_every_encoding() {
    let plain = layer(&sample(), Compression::None);
    let zstandard = ruzstd::encoding::compress_to_vec(
        plain.as_slice(),
        ruzstd::encoding::CompressionLevel::Fastest,
    );
    let blobs = [
        (Encoding::Gzip, layer(&sample(), Compression::Gzip)),
        (Encoding::Zstandard, zstandard),
        (Encoding::Plain, plain.clone()),
    ];
    for (encoding, blob) in blobs {
        let mut all = Everything::default();
        let inspected = inspect_blob(blob.as_slice(), encoding, &mut all).unwrap();
        assert_eq!(inspected.violations, [], "{encoding:?}");
        assert_eq!(inspected.diff_id.0, Digest::sha256_of(&plain));
        assert_eq!(inspected.size, plain.len() as u64);
        assert_eq!(inspected.entries, all.0.len() as u64);

        let of = |path: &str| all.0.iter().find(|(entry, _)| entry.path == path).unwrap();
        let (hostname, content) = of("etc/hostname");
        assert_eq!(content.as_deref(), Some(&b"zookeeper\n"[..]));
        assert_eq!(hostname.digest, Some(Digest::sha256_of(b"zookeeper\n")));
        assert_eq!(
            (hostname.uid, hostname.gid, hostname.mode),
            (3_000_000, 42, 0o600)
        );
        assert_eq!(
            (hostname.mtime, hostname.format),
            (MTIME, HeaderFormat::Ustar)
        );
        assert_eq!(hostname.pax["uid"], "3000000");
        let (link, content) = of("etc/other-name");
        assert_eq!(link.kind, EntryKind::HardLink);
        assert_eq!(
            (link.link.as_deref(), content),
            (Some("etc/hostname"), &None)
        );
        assert_eq!(of("bin").0.kind, EntryKind::Symlink);
        assert_eq!(of("tmp").0.mode, 0o1777);
        assert!(of("usr/\u{e4}").0.pax.contains_key("path"));
    }
}

/// A member as this crate writes it, to be spoiled.
struct Member {
    header: Header,
    content: &'static [u8],
}

fn member(kind: EntryType, name: &str, content: &'static [u8]) -> Member {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_mode(if kind.is_symlink() { 0o777 } else { 0o644 });
    header.set_mtime(MTIME);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(content.len() as u64);
    header.set_device_major(0).unwrap();
    header.set_device_minor(0).unwrap();
    Member { header, content }
}

fn file(name: &str) -> Member {
    member(EntryType::Regular, name, b"content")
}

fn directory(name: &str) -> Member {
    member(EntryType::Directory, name, b"")
}

fn link(kind: EntryType, name: &str, target: &str) -> Member {
    let link = member(kind, name, b"");
    link.with(|header| {
        header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
    })
}

impl Member {
    fn with(mut self, change: impl FnOnce(&mut Header)) -> Self {
        change(&mut self.header);
        self
    }
}

fn archive(members: Vec<Member>) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for mut member in members {
        member.header.set_cksum();
        builder.append(&member.header, member.content).unwrap();
    }
    builder.into_inner().unwrap()
}

#[test]
fn every_broken_rule_is_named_with_its_path() {
    let bytes_of = |field: fn(&mut Header) -> &mut [u8], value: &'static [u8]| {
        move |header: &mut Header| field(header)[..value.len()].copy_from_slice(value)
    };
    let cases: Vec<(Vec<Member>, &[&str])> = vec![
        (vec![file("a"), file("b")], &[]),
        (
            vec![file("b"), file("a")],
            &["`a` comes after `b`, which sorts behind it"],
        ),
        (vec![file("a"), file("a")], &["`a` is there twice"]),
        (vec![directory("a/"), file("a-b"), file("a/b")], &[]),
        (
            vec![file("a/b")],
            &["`a/b` comes before its directory `a`, or without it"],
        ),
        (
            vec![file("a"), file("a/b")],
            &["`a/b` is below `a`, which is no directory"],
        ),
        (
            vec![
                directory("lib/"),
                file("lib/x"),
                directory("usr/"),
                directory("usr/lib/"),
                file("usr/lib/x"),
            ],
            &[
                "`usr/lib/x` is the same path as `lib/x` where `/bin`, `/lib`, `/lib64` and `/sbin` are links into `/usr`",
            ],
        ),
        (
            vec![file("/a")],
            &[
                "`/a` begins with `/` or `./`, or ends with `/`",
                "`/a` comes before its directory ``, or without it",
            ],
        ),
        (vec![file(".wh.a")], &["`.wh.a` names a whiteout (`.wh.…`)"]),
        (vec![directory("..")], &["`..` has a `..` component"]),
        (
            vec![directory("a")],
            &["`a` has `a` in header field `name`, expected `a/`"],
        ),
        (
            vec![member(EntryType::Char, "null", b"")],
            &["`null` is of kind `3`, which has no place in an image"],
        ),
        (
            vec![file("a").with(|it| it.set_username("root").unwrap())],
            &["`a` has `root` in header field `user name`, expected ``"],
        ),
        (
            vec![file("a").with(|it| it.set_device_major(1).unwrap())],
            &["`a` has `0000001` in header field `device major`, expected `0000000`"],
        ),
        (
            vec![file("a").with(bytes_of(|it| &mut it.as_old_mut().mode, b"   644 \0"))],
            &["`a` has `   644 ` in header field `mode`, expected `0000644`"],
        ),
        (
            vec![file("a").with(|it| it.set_mode(0o100_644))],
            &["`a` has mode 0o100644"],
        ),
        (
            vec![link(EntryType::Symlink, "a", "b").with(|it| it.set_mode(0o755))],
            &["`a` has mode 0o755"],
        ),
        (
            vec![file("a").with(|it| it.set_mtime(0))],
            &["`a` has time 0"],
        ),
        (
            vec![link(EntryType::Link, "a", "b"), file("b")],
            &["`a` is a hard link to `b`, which is no file before it in the same layer"],
        ),
        (
            vec![
                file("a"),
                link(EntryType::Link, "b", "a").with(|it| it.set_mode(0o755)),
            ],
            &["`b` is a hard link to `a` with another mode or owner"],
        ),
        (
            vec![link(EntryType::Symlink, "a", "")],
            &["`a` is a link to ``, which no link can hold"],
        ),
    ];
    for (members, expected) in cases {
        let found = violations(&archive(members));
        let mut expected: Vec<_> = expected.iter().map(|it| (*it).to_owned()).collect();
        let mut sorted = found.clone();
        sorted.sort();
        expected.sort();
        assert_eq!(sorted, expected);
    }
}

#[test]
fn dialects_and_extended_headers_without_need_are_named() {
    let mut builder = Builder::new(Vec::new());
    let records = [
        ("mtime", &b"1577836800.5"[..]),
        ("atime", b"1"),
        ("atime", b"2"),
    ];
    builder.append_pax_extensions(records).unwrap();
    let mut plain = file("a");
    plain.header.set_cksum();
    builder.append(&plain.header, plain.content).unwrap();
    let mut gnu = Header::new_gnu();
    gnu.set_size(0);
    gnu.set_mode(0o644);
    gnu.set_mtime(MTIME);
    builder
        .append_data(&mut gnu, "b".repeat(120), &[][..])
        .unwrap();
    let found = violations(&builder.into_inner().unwrap()).join("\n");
    for expected in [
        "`a` has an extended header `mtime` that it does not need",
        "`a` has an extended header `atime` that it does not need",
        "`a` has the extended header `atime` twice",
        "has a header in GNU's dialect",
        "has a long name in a record of GNU's own",
    ] {
        assert!(found.contains(expected), "{expected}: {found}");
    }
}

#[test]
fn the_end_of_an_archive_is_two_zero_blocks() {
    let good = archive(vec![file("a")]);
    let cut = |blocks: usize| good[..good.len() - 512 * blocks].to_vec();
    let longer = [good.as_slice(), &[0; 512]].concat();
    let end = "the archive does not end with two zero blocks";
    for (archive, expected) in [
        (good.clone(), vec![]),
        (cut(1), vec![end]),
        (cut(2), vec![end]),
        (longer, vec!["512 bytes follow the end of the archive"]),
    ] {
        assert_eq!(violations(&archive), expected);
    }
    let lone = [&good[..good.len() - 512], &good[..512]].concat();
    assert!(matches!(
        inspect(&lone),
        Err(InspectError::LoneZeroBlock { .. })
    ));
    for length in [1, 511, 513, 1023] {
        let result = inspect(&good[..length]);
        assert!(
            matches!(result, Err(InspectError::Truncated { .. })),
            "{length}"
        );
    }
    let mut padded = good;
    padded[1023] = 1;
    assert_eq!(
        violations(&padded),
        ["`a` is padded with other bytes than zeros"]
    );
}

#[test]
fn what_readers_would_understand_differently_is_an_error() {
    let with_content = vec![member(EntryType::Symlink, "a", b"content")];
    let result = inspect(&archive(with_content));
    assert!(matches!(
        result,
        Err(InspectError::UnexpectedContent { offset: 0 })
    ));
    let sparse = vec![member(EntryType::GNUSparse, "a", b"")];
    let result = inspect(&archive(sparse));
    assert!(matches!(result, Err(InspectError::Sparse { offset: 0 })));
    let mut flipped = archive(vec![file("a")]);
    flipped[0] = b'b';
    assert!(matches!(
        inspect(&flipped),
        Err(InspectError::Checksum { offset: 0 })
    ));
}

#[test]
fn a_blob_is_one_member_that_says_nothing_about_its_host() {
    let good = layer(&sample(), Compression::Gzip);
    let of = |blob: &[u8]| -> Vec<String> {
        let inspected = inspect_blob(blob, Encoding::Gzip, &mut |_| {}).unwrap();
        inspected
            .violations
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    let with = |position: usize, value: u8| {
        let mut blob = good.clone();
        blob[position] = value;
        blob
    };
    assert_eq!(of(&with(4, 3)), ["the gzip header has time 3, expected 0"]);
    assert_eq!(
        of(&with(9, 3)),
        ["the gzip header has operating system 3, expected 255"]
    );
    let longer = [good.as_slice(), b"more"].concat();
    assert_eq!(of(&longer), ["4 bytes follow the compressed archive"]);

    let plain = layer(&sample(), Compression::None);
    let parts = plain.split_at(1000);
    let member = |bytes: &[u8]| {
        let mut blob = Vec::new();
        layers::gzip::compress(
            &layers::gzip::FORMAT,
            NonZeroUsize::MIN,
            &mut blob,
            |writer| writer.write_all(bytes),
        )
        .unwrap();
        blob
    };
    let two = [member(parts.0), member(parts.1)].concat();
    let inspected = inspect_blob(two.as_slice(), Encoding::Gzip, &mut |_| {}).unwrap();
    assert_eq!(inspected.diff_id.0, Digest::sha256_of(&plain));
    assert_eq!(inspected.violations.len(), 1, "{:?}", inspected.violations);
    assert_eq!(inspected.violations[0].rule.name(), "second-member");

    for length in [0, 5, 10, good.len() / 2, good.len() - 1] {
        let result = inspect_blob(&good[..length], Encoding::Gzip, &mut |_| {});
        assert!(matches!(result, Err(InspectError::Read(_))), "{length}");
    }
}

#[test]
fn an_endless_list_of_violations_is_counted() {
    let number = VIOLATION_LIMIT + 7;
    let members =
        (0..number).map(|number| file(&format!("f{number:05}")).with(|it| it.set_mtime(0)));
    let inspected = inspect(&archive(members.collect())).unwrap();
    assert_eq!(inspected.violations.len(), VIOLATION_LIMIT);
    assert_eq!(inspected.further_violations, 7);
}
