//! One entry against another, field by field.

use std::fmt;

use layers::Digest;
use layers::inspect::{EntryKind, HeaderFormat, InspectedEntry};
use serde::{Serialize, Serializer};

/// Two values that differ.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Pair<T> {
    /// In the first image.
    pub old: T,
    /// In the second.
    pub new: T,
}

/// What an entry is, as far as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Permissions.
    pub mode: Mode,
    /// Numeric user and group: `0:0`.
    pub owner: String,
    /// Of a file.
    pub content: Option<Content>,
    /// Of a link.
    pub target: Option<String>,
}

/// A field of an entry that differs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "field", rename_all = "snake_case")]
pub enum EntryField {
    /// It has become something else.
    Kind(Pair<Kind>),
    /// Other bytes; `None` for what is no file.
    Content(Pair<Option<Content>>),
    /// The target of a link; `None` for what is none.
    Target(Pair<Option<String>>),
    /// All bits of the header's mode.
    Mode(Pair<Mode>),
    /// Numeric user and group: `0:0`.
    Owner(Pair<String>),
    /// Names of user and group: `root:root`.
    OwnerName(Pair<String>),
    /// Seconds since 1970.
    Time(Pair<u64>),
    /// Major and minor number: `1:3`.
    Device(Pair<String>),
    /// The dialect of its header: `ustar`, `gnu`, `old`.
    Format(Pair<&'static str>),
    /// The same path in another spelling: `./usr` for `usr`.
    Spelling(Pair<String>),
    /// An extended header.
    Record {
        /// Its key.
        key: String,
        /// `None` if only the second image has it.
        old: Option<String>,
        /// `None` if only the first image has it.
        new: Option<String>,
    },
}

/// Bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Content {
    /// How many.
    pub bytes: u64,
    /// Of the bytes.
    pub digest: Option<Digest>,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Kind(pub EntryKind);

/// The bits of a mode; in JSON as text, `0644`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mode(pub u32);

impl Kind {
    /// A regular file.
    pub const FILE: Self = Self(EntryKind::File);
    /// A directory.
    pub const DIRECTORY: Self = Self(EntryKind::Directory);
}

impl Entry {
    /// Of an entry of an archive.
    pub(super) fn of(entry: &InspectedEntry) -> Self {
        Self {
            kind: Kind(entry.kind),
            mode: Mode(entry.mode),
            owner: owner(entry),
            content: content(entry),
            target: entry.link.clone(),
        }
    }
}

/// Every field in which the entries of one path differ, the weightiest first.
pub(super) fn differing_fields(old: &InspectedEntry, new: &InspectedEntry) -> Vec<EntryField> {
    let mut fields = Vec::new();
    fields.extend(pair(Kind(old.kind), Kind(new.kind)).map(EntryField::Kind));
    fields.extend(pair(content(old), content(new)).map(EntryField::Content));
    fields.extend(pair(old.link.clone(), new.link.clone()).map(EntryField::Target));
    fields.extend(pair(Mode(old.mode), Mode(new.mode)).map(EntryField::Mode));
    fields.extend(pair(owner(old), owner(new)).map(EntryField::Owner));
    fields.extend(pair(owner_name(old), owner_name(new)).map(EntryField::OwnerName));
    fields.extend(pair(old.mtime, new.mtime).map(EntryField::Time));
    fields.extend(pair(device(old), device(new)).map(EntryField::Device));
    fields.extend(pair(format(old), format(new)).map(EntryField::Format));
    fields.extend(pair(old.path.clone(), new.path.clone()).map(EntryField::Spelling));
    let mut keys: Vec<&String> = old.pax.keys().chain(new.pax.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let (before, after) = (old.pax.get(key), new.pax.get(key));
        if before != after {
            fields.push(EntryField::Record {
                key: key.clone(),
                old: before.cloned(),
                new: after.cloned(),
            });
        }
    }
    fields
}

fn pair<T: PartialEq>(old: T, new: T) -> Option<Pair<T>> {
    (old != new).then_some(Pair { old, new })
}

/// Also of what is no file: its size is that of bytes which readers may or may not skip.
fn content(entry: &InspectedEntry) -> Option<Content> {
    (entry.kind == EntryKind::File || entry.size != 0).then(|| Content {
        bytes: entry.size,
        digest: entry.digest.clone(),
    })
}

fn owner(entry: &InspectedEntry) -> String {
    format!("{}:{}", entry.uid, entry.gid)
}

fn owner_name(entry: &InspectedEntry) -> String {
    format!("{}:{}", entry.user_name, entry.group_name)
}

fn device(entry: &InspectedEntry) -> String {
    format!("{}:{}", entry.device.0, entry.device.1)
}

fn format(entry: &InspectedEntry) -> &'static str {
    match entry.format {
        HeaderFormat::Ustar => "ustar",
        HeaderFormat::Gnu => "gnu",
        HeaderFormat::Old => "old",
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            EntryKind::File => formatter.write_str("file"),
            EntryKind::Directory => formatter.write_str("directory"),
            EntryKind::Symlink => formatter.write_str("link"),
            EntryKind::HardLink => formatter.write_str("hard link"),
            EntryKind::Other(b'3') => formatter.write_str("character device"),
            EntryKind::Other(b'4') => formatter.write_str("block device"),
            EntryKind::Other(b'6') => formatter.write_str("pipe"),
            EntryKind::Other(byte) => write!(formatter, "kind {byte}"),
        }
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04o}", self.0)
    }
}

impl Serialize for Mode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Entries for the tests of this module and its neighbours.
#[cfg(test)]
pub(super) mod samples {
    use std::collections::BTreeMap;

    use super::*;

    /// A file of root.
    pub(in crate::compare) fn file(path: &str, content: &str) -> InspectedEntry {
        InspectedEntry {
            path: path.to_owned(),
            kind: EntryKind::File,
            mode: 0o644,
            uid: 0,
            gid: 0,
            mtime: 1,
            size: content.len() as u64,
            link: None,
            user_name: String::new(),
            group_name: String::new(),
            device: (0, 0),
            format: HeaderFormat::Ustar,
            pax: BTreeMap::new(),
            digest: Some(Digest::sha256_of(content.as_bytes())),
        }
    }

    /// A directory of root.
    pub(in crate::compare) fn directory(path: &str) -> InspectedEntry {
        InspectedEntry {
            kind: EntryKind::Directory,
            mode: 0o755,
            digest: None,
            ..file(path, "")
        }
    }

    /// A symbolic link.
    pub(in crate::compare) fn link(path: &str, target: &str) -> InspectedEntry {
        InspectedEntry {
            kind: EntryKind::Symlink,
            mode: 0o777,
            link: Some(target.to_owned()),
            digest: None,
            ..file(path, "")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::samples::{directory, file, link};
    use super::*;

    #[test]
    fn each_field_is_named_with_both_values() {
        let base = || file("usr/a", "x");
        let cases: [(InspectedEntry, &str); 14] = [
            (base(), "[]"),
            (
                file("usr/a", "yy"),
                r#"[{"field":"content","old":{"bytes":1,"#,
            ),
            (
                directory("usr/a"),
                r#"[{"field":"kind","old":"file","new":"directory"},{"field":"content""#,
            ),
            (
                link("usr/a", "b"),
                r#""old":null,"new":"b"},{"field":"mode","old":"0644","new":"0777"}]"#,
            ),
            (
                InspectedEntry {
                    mode: 0o4755,
                    ..base()
                },
                r#"[{"field":"mode","old":"0644","new":"4755"}]"#,
            ),
            (
                InspectedEntry {
                    uid: 1000,
                    ..base()
                },
                r#"[{"field":"owner","old":"0:0","new":"1000:0"}]"#,
            ),
            (
                InspectedEntry { gid: 7, ..base() },
                r#"[{"field":"owner","old":"0:0","new":"0:7"}]"#,
            ),
            (
                InspectedEntry {
                    user_name: "root".to_owned(),
                    ..base()
                },
                r#"[{"field":"owner_name","old":":","new":"root:"}]"#,
            ),
            (
                InspectedEntry { mtime: 2, ..base() },
                r#"[{"field":"time","old":1,"new":2}]"#,
            ),
            (
                InspectedEntry {
                    device: (0, 1),
                    ..base()
                },
                r#"[{"field":"device","old":"0:0","new":"0:1"}]"#,
            ),
            (
                InspectedEntry {
                    format: HeaderFormat::Gnu,
                    ..base()
                },
                r#"[{"field":"format","old":"ustar","new":"gnu"}]"#,
            ),
            (
                InspectedEntry {
                    path: "./usr/a".to_owned(),
                    ..base()
                },
                r#"[{"field":"spelling","old":"usr/a","new":"./usr/a"}]"#,
            ),
            (
                InspectedEntry {
                    pax: [("uid".to_owned(), "0".to_owned())].into(),
                    ..base()
                },
                r#"[{"field":"record","key":"uid","old":null,"new":"0"}]"#,
            ),
            (
                InspectedEntry {
                    kind: EntryKind::Other(b'6'),
                    ..base()
                },
                r#"[{"field":"kind","old":"file","new":"pipe"}]"#,
            ),
        ];
        for (new, expected) in cases {
            let fields = serde_json::to_string(&differing_fields(&base(), &new)).unwrap();
            assert!(fields.contains(expected), "{expected}\n{fields}");
        }
    }
}
