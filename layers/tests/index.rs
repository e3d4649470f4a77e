//! Archives as other programs write them, good and bad.
#![allow(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

use std::{fs, io::Write, path::Path};

use layers::{IndexError, Node, Tree};
use tar::{Builder, EntryType, Header};
use tempfile::NamedTempFile;

/// Keys and values of one PAX header.
type Records = &'static [(&'static str, &'static [u8])];

fn header(kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o100_640);
    header.set_uid(5);
    header.set_gid(6);
    header.set_mtime(99);
    header
}

/// The header with names set as bytes, past the checks of the writer.
fn raw(kind: EntryType, name: &[u8], link: &[u8], size: u64) -> Header {
    let mut header = header(kind, size);
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link);
    header.set_cksum();
    header
}

fn on_disk(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn archive(build: impl FnOnce(&mut Builder<Vec<u8>>)) -> NamedTempFile {
    let mut builder = Builder::new(Vec::new());
    build(&mut builder);
    on_disk(&builder.into_inner().unwrap())
}

fn listing(tree: &Tree) -> Vec<String> {
    tree.iter()
        .map(|(path, e)| match &e.node {
            Node::File(content) => {
                let bytes = content.read_all().unwrap();
                let text = String::from_utf8_lossy(&bytes);
                format!("{path} {:o} {}:{} = {text}", e.mode, e.uid, e.gid)
            }
            node => format!("{path} {:o} {}:{} {node}", e.mode, e.uid, e.gid),
        })
        .collect()
}

/// The whole chain of causes in one line.
fn chain(error: &IndexError) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |e| e.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

#[test]
fn reads_packages_with_gnu_and_pax_names() {
    let long = "l".repeat(70) + "/" + &"o".repeat(120);
    let file = archive(|builder| {
        builder
            .append(&raw(EntryType::Directory, b"./", b"", 0), &[][..])
            .unwrap();
        builder
            .append(&raw(EntryType::Directory, b"./usr/", b"", 0), &[][..])
            .unwrap();
        builder
            .append(
                &raw(EntryType::Regular, b"./usr/plain", b"", 5),
                &b"plain"[..],
            )
            .unwrap();
        builder
            .append(
                &raw(EntryType::Link, b"./usr/hard", b"./usr/plain", 0),
                &[][..],
            )
            .unwrap();
        builder
            .append_data(&mut header(EntryType::Regular, 3), &long, &b"gnu"[..])
            .unwrap();
        builder
            .append_link(&mut header(EntryType::Symlink, 0), "sym", &long)
            .unwrap();
        let records = [
            ("path", "p\u{e4}x".as_bytes()),
            ("size", b"4"),
            ("uid", b"3000000"),
            ("mtime", b"1.5"),
        ];
        builder.append_pax_extensions(records).unwrap();
        builder
            .append(&raw(EntryType::Regular, b"short", b"", 4), &b"PAX!"[..])
            .unwrap();
    });
    let tree = Tree::from_tar(file.path()).unwrap();
    assert_eq!(
        listing(&tree),
        [
            format!("{long} 640 5:6 = gnu"),
            "p\u{e4}x 640 3000000:6 = PAX!".to_owned(),
            format!("sym 777 5:6 a link to `{long}`"),
            "usr 640 5:6 a directory".to_owned(),
            "usr/hard 640 5:6 a hard link to `usr/plain`".to_owned(),
            "usr/plain 640 5:6 = plain".to_owned(),
        ]
    );
}

#[test]
fn refuses_members_by_name() {
    let cases: [(&str, Header, &str); 12] = [
        (
            "dev/null",
            raw(EntryType::Char, b"dev/null", b"", 0),
            "a character device",
        ),
        (
            "sda",
            raw(EntryType::Block, b"sda", b"", 0),
            "a block device",
        ),
        (
            "pipe",
            raw(EntryType::Fifo, b"pipe", b"", 0),
            "a named pipe",
        ),
        (
            "odd",
            raw(EntryType::new(b'7'), b"odd", b"", 0),
            "of unknown kind `7`",
        ),
        (
            "../etc/passwd",
            raw(EntryType::Regular, b"../etc/passwd", b"", 0),
            "`..` component",
        ),
        (
            "a/.wh.b",
            raw(EntryType::Regular, b"a/.wh.b", b"", 0),
            "whiteout",
        ),
        ("", raw(EntryType::Regular, b"", b"", 0), "is empty"),
        (
            "\u{fffd}",
            raw(EntryType::Regular, b"\xff", b"", 0),
            "not UTF-8",
        ),
        (
            "hard",
            raw(EntryType::Link, b"hard", b"../x", 0),
            "`..` component",
        ),
        (
            "sym",
            raw(EntryType::Symlink, b"sym", b"", 0),
            "without target",
        ),
        (
            "dir",
            raw(EntryType::Directory, b"dir", b"", 512),
            "yet has content",
        ),
        (
            "big",
            raw(EntryType::Regular, b"big", b"", 1 << 40),
            "1099511627776 bytes were announced, 0 are left",
        ),
    ];
    for (name, header, expected) in cases {
        let file = on_disk(header.as_bytes());
        let error = Tree::from_tar(file.path()).unwrap_err();
        assert!(
            matches!(&error, IndexError::Member { member, .. } if member == name),
            "{name}: {error:?}"
        );
        assert!(
            chain(&error).contains(expected),
            "{name}: {}",
            chain(&error)
        );
    }
}

#[test]
fn refuses_extensions_that_would_be_lost_or_mean_two_things() {
    let cases: [(Records, &str); 5] = [
        (&[("GNU.sparse.major", b"1")], "cannot be carried"),
        (
            &[("SCHILY.xattr.security.capability", b"\x01")],
            "cannot be carried",
        ),
        (&[("path", b"a"), ("path", b"b")], "given twice"),
        (&[("size", b"many")], "not a number"),
        (&[("path", b"a/../b")], "`..` component"),
    ];
    for (records, expected) in cases {
        let file = archive(|builder| {
            builder
                .append_pax_extensions(records.iter().copied())
                .unwrap();
            builder
                .append(&raw(EntryType::Regular, b"a", b"", 0), &[][..])
                .unwrap();
        });
        let error = chain(&Tree::from_tar(file.path()).unwrap_err());
        assert!(error.contains(expected), "{records:?}: {error}");
    }
}

#[test]
fn two_members_of_one_name_must_agree() {
    let twice = |second: &'static [u8]| {
        archive(|builder| {
            for content in [b"first", second] {
                let header = raw(EntryType::Regular, b"same", b"", content.len() as u64);
                builder.append(&header, content).unwrap();
            }
        })
    };
    let agreeing = twice(b"first");
    assert_eq!(Tree::from_tar(agreeing.path()).unwrap().len(), 1);
    let differing = twice(b"later");
    let error = chain(&Tree::from_tar(differing.path()).unwrap_err());
    assert!(
        error.contains("`same` is already there with other bytes"),
        "{error}"
    );
}

#[test]
fn headers_beyond_the_limit_are_not_read_into_memory() {
    let file = archive(|builder| {
        let name = vec![b'n'; 2 << 20];
        let header = raw(
            EntryType::GNULongName,
            b"././@LongLink",
            b"",
            name.len() as u64,
        );
        builder.append(&header, &name[..]).unwrap();
        builder
            .append(&raw(EntryType::Regular, b"a", b"", 0), &[][..])
            .unwrap();
    });
    let error = chain(&Tree::from_tar(file.path()).unwrap_err());
    assert!(error.contains("beyond 1 MiB"), "{error}");
}

#[test]
fn many_members_do_not_add_up_to_the_limit() {
    let file = archive(|builder| {
        for number in 0..3000 {
            let name = format!("f{number}");
            builder
                .append(&raw(EntryType::Regular, name.as_bytes(), b"", 0), &[][..])
                .unwrap();
        }
    });
    assert_eq!(Tree::from_tar(file.path()).unwrap().len(), 3000);
}

#[test]
fn what_is_no_archive_is_named() {
    let file = on_disk(&[b'x'; 2000]);
    let error = Tree::from_tar(file.path()).unwrap_err();
    assert!(
        chain(&error).contains(file.path().to_str().unwrap()),
        "{}",
        chain(&error)
    );
    let missing = Tree::from_tar(Path::new("/nonexistent/archive.tar")).unwrap_err();
    assert!(matches!(missing, IndexError::Open { .. }), "{missing}");
    fs::write(file.path(), [0; 1024]).unwrap();
    assert!(Tree::from_tar(file.path()).unwrap().is_empty());
}
