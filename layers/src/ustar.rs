//! The header blocks of one member of a tar archive.
//!
//! POSIX ustar, with a PAX header before it only for what ustar cannot hold: a name that is long or
//! not ASCII, a size of 8 GiB and more, an owner beyond 2 097 151. GNU records are never written,
//! since two dialects for the same thing are two ways for a reader to disagree. User and group names
//! are empty, so that nobody's `/etc/passwd` decides who owns a file.

use tar::{EntryType, Header};

use crate::{Entry, ImagePath, Node};

/// The unit of a tar archive: headers are this long, contents are padded to it.
pub(crate) const BLOCK: usize = 512;
/// The latest time a ustar header can hold, in the year 2242.
pub(crate) const LATEST_TIME: u64 = 0o777_7777_7777;

/// What ustar's fixed fields can hold.
const SIZE_LIMIT: u64 = 0o777_7777_7777;
const OWNER_LIMIT: u32 = 0o777_7777;
const NAME_LIMIT: usize = 100;
const PREFIX_LIMIT: usize = 155;
/// Readers show it only when they do not know PAX; the name is the one Python writes.
const PAX_NAME: &str = "././@PaxHeader";

/// All header blocks of a member, ready to be followed by its content.
pub(crate) fn header_blocks(path: &ImagePath, entry: &Entry, mtime: u64) -> Vec<u8> {
    let mut header = Header::new_ustar();
    let mut records = PaxRecords::default();

    let (kind, link, size) = match &entry.node {
        Node::Directory => (EntryType::Directory, None, 0),
        Node::File(content) => (EntryType::Regular, None, content.size()),
        Node::Symlink(target) => (EntryType::Symlink, Some(target.as_str()), 0),
        Node::HardLink(target) => (EntryType::Link, Some(target.as_str()), 0),
    };
    header.set_entry_type(kind);
    set_common(&mut header, entry.mode, mtime);

    // In the order of the keys, so that records need no sorting.
    header.set_gid(records.number("gid", entry.gid.into(), OWNER_LIMIT.into()));
    if let Some(link) = link {
        set_link(&mut header, &mut records, link);
    }
    set_name(&mut header, &mut records, path, entry.node.is_directory());
    header.set_size(records.number("size", size, SIZE_LIMIT));
    header.set_uid(records.number("uid", entry.uid.into(), OWNER_LIMIT.into()));
    header.set_cksum();

    let mut blocks = records.into_member(mtime);
    blocks.extend_from_slice(header.as_bytes());
    blocks
}

/// The extended headers in what [`header_blocks`] made; nothing if there are none.
pub(crate) fn records(blocks: &[u8]) -> &[u8] {
    match blocks.len() {
        BLOCK => &[],
        length => {
            let size = Header::from_byte_slice(&blocks[..BLOCK]).size();
            let size = size.expect("the header was made here");
            &blocks[BLOCK..length - BLOCK][..size as usize]
        }
    }
}

/// How many zero bytes follow a content of `size` bytes.
pub(crate) fn padding(size: u64) -> usize {
    let used = (size % BLOCK as u64) as usize;
    (BLOCK - used) % BLOCK
}

fn set_common(header: &mut Header, mode: u32, mtime: u64) {
    header.set_mode(mode);
    header.set_mtime(mtime);
    if let Some(ustar) = header.as_ustar_mut() {
        ustar.set_device_major(0);
        ustar.set_device_minor(0);
    }
}

fn set_name(header: &mut Header, records: &mut PaxRecords, path: &ImagePath, directory: bool) {
    let slash = if directory { "/" } else { "" };
    let name = format!("{path}{slash}");
    let (prefix, name) = match split(&name) {
        Some((prefix, name)) => (prefix, name.to_owned()),
        None => {
            records.push("path", &name);
            ("", stand_in(&name))
        }
    };
    if let Some(ustar) = header.as_ustar_mut() {
        ustar.name[..name.len()].copy_from_slice(name.as_bytes());
        ustar.prefix[..prefix.len()].copy_from_slice(prefix.as_bytes());
    }
}

fn set_link(header: &mut Header, records: &mut PaxRecords, link: &str) {
    if link.len() > NAME_LIMIT || !link.is_ascii() {
        records.push("linkpath", link);
    }
    let link = stand_in(link);
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
}

/// The name as ustar's prefix and name, which a reader joins by `/`; `None` if they cannot hold it.
fn split(name: &str) -> Option<(&str, &str)> {
    if !name.is_ascii() {
        return None;
    }
    if name.len() <= NAME_LIMIT {
        return Some(("", name));
    }
    // The first slash that leaves a short enough name; a directory's own last slash leaves none.
    let from = name.len() - NAME_LIMIT - 1;
    let slash = from + name[from..name.len() - 1].find('/')?;
    (slash <= PREFIX_LIMIT).then(|| (&name[..slash], &name[slash + 1..]))
}

/// What fits a field of the header beside a PAX record that has the whole text.
///
/// Kept to ASCII since POSIX defines nothing else there, and Go calls the member's format unknown.
fn stand_in(text: &str) -> String {
    let ascii = |character: char| if character.is_ascii() { character } else { '_' };
    text.chars().map(ascii).take(NAME_LIMIT).collect()
}

/// PAX records as they stand in the archive.
#[derive(Default)]
struct PaxRecords(Vec<u8>);

impl PaxRecords {
    fn push(&mut self, key: &str, value: &str) {
        // `LENGTH KEY=VALUE\n`, where LENGTH counts the whole record with its own digits.
        let rest = key.len() + value.len() + " =\n".len();
        let mut length = rest + 1;
        while length != rest + length.to_string().len() {
            length += 1;
        }
        self.0
            .extend_from_slice(format!("{length} {key}={value}\n").as_bytes());
    }

    /// The number for the ustar field: itself, or 0 with a record when the field cannot hold it.
    fn number(&mut self, key: &str, value: u64, limit: u64) -> u64 {
        if value <= limit {
            return value;
        }
        self.push(key, &value.to_string());
        0
    }

    /// The member that carries the records; nothing if there are none.
    fn into_member(self, mtime: u64) -> Vec<u8> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::XHeader);
        set_common(&mut header, 0o644, mtime);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(self.0.len() as u64);
        header.as_old_mut().name[..PAX_NAME.len()].copy_from_slice(PAX_NAME.as_bytes());
        header.set_cksum();

        let padding = padding(self.0.len() as u64);
        let mut member = header.as_bytes().to_vec();
        member.extend_from_slice(&self.0);
        member.resize(member.len() + padding, 0);
        member
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Content;

    fn path(text: &str) -> ImagePath {
        text.parse().unwrap()
    }

    fn pax(at: &str, entry: &Entry) -> String {
        let blocks = header_blocks(&path(at), entry, 1);
        match blocks.len() / BLOCK {
            1 => String::new(),
            _ => {
                let text = &blocks[BLOCK..blocks.len() - BLOCK];
                String::from_utf8(text.to_vec())
                    .unwrap()
                    .trim_end_matches('\0')
                    .to_owned()
            }
        }
    }

    #[test]
    fn names_are_split_only_where_a_reader_joins_them_again() {
        let of = |lengths: &[usize]| -> String {
            let parts: Vec<_> = lengths.iter().map(|&length| "n".repeat(length)).collect();
            parts.join("/")
        };
        let cases = [
            (of(&[100]), Some((0, 100))),
            (of(&[101]), None),
            (of(&[155, 100]), Some((155, 100))),
            (of(&[156, 99]), None),
            (of(&[155, 101]), None),
            (of(&[50, 50, 50]), Some((101, 50))),
            (of(&[100]) + "/", None),
            (of(&[99]) + "/", Some((0, 100))),
            (of(&[10, 99]) + "/", Some((10, 100))),
            ("\u{e4}".to_owned(), None),
        ];
        for (name, expected) in cases {
            let found = split(&name).map(|(prefix, name)| (prefix.len(), name.len()));
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn pax_is_written_for_what_ustar_cannot_hold_and_nothing_else() {
        let huge = |size| {
            Entry::file(
                0o644,
                Content::File {
                    path: std::path::Path::new("x").into(),
                    size,
                },
            )
        };
        let long = "n".repeat(101);
        let cases = [
            ("short", Entry::PARENT, String::new()),
            ("a", huge(SIZE_LIMIT), String::new()),
            ("a", huge(SIZE_LIMIT + 1), "19 size=8589934592\n".into()),
            ("a", Entry::PARENT.owned_by(2_097_151, 0), String::new()),
            (
                "a",
                Entry::PARENT.owned_by(2_097_152, 2_097_153),
                "15 gid=2097153\n15 uid=2097152\n".into(),
            ),
            (&long, Entry::PARENT, format!("112 path={long}/\n")),
            ("\u{e4}", Entry::file(0, []), "11 path=\u{e4}\n".into()),
            ("a", Entry::symlink(&long), format!("115 linkpath={long}\n")),
            ("a", Entry::symlink("\u{e4}"), "15 linkpath=\u{e4}\n".into()),
        ];
        for (at, entry, expected) in cases {
            assert_eq!(pax(at, &entry), expected, "{at}");
        }
    }

    #[test]
    fn a_record_counts_its_own_digits() {
        for value in 85..100 {
            let mut records = PaxRecords::default();
            records.push("path", &"v".repeat(value));
            let text = String::from_utf8(records.0).unwrap();
            let (length, _) = text.split_once(' ').unwrap();
            assert_eq!(length.parse(), Ok(text.len()), "{value}");
        }
    }
}
