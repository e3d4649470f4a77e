//! Holds each entry against those before it, and its header against the one that is written for it.

use std::collections::{BTreeSet, HashMap};

use super::{
    EntryKind, HeaderFormat, InspectedEntry, Rule, VIOLATION_LIMIT, Violation,
    header::{self, Field},
    member::{Member, NamedEntry},
    records,
    text::printable,
};
use crate::{
    Content, Entry, ImagePath, Node,
    path::ImagePathError,
    tree::SYMLINK_LIMIT,
    ustar::{self, BLOCK},
};

/// Names at the root that are links into `usr`.
const MERGED: [&[u8]; 4] = [b"bin", b"lib", b"lib64", b"sbin"];

/// An entry with all that it was read from.
#[derive(Clone, Copy)]
struct Found<'a> {
    member: &'a Member,
    entry: &'a InspectedEntry,
    name: &'a [u8],
    link: Option<&'a [u8]>,
}

/// What has to be remembered of an entry.
struct Before {
    kind: EntryKind,
    mode: u32,
    uid: u64,
    gid: u64,
}

#[derive(Default)]
pub(super) struct Checker {
    violations: Vec<Violation>,
    further: u64,
    /// The name of the entry before.
    last: Vec<u8>,
    before: HashMap<Vec<u8>, Before>,
    /// Names below links into `usr`, by what they are once those are followed.
    merged: HashMap<Vec<u8>, Vec<u8>>,
}

impl Checker {
    pub(super) fn broken(&mut self, path: Option<&str>, rule: Rule) {
        if self.violations.len() < VIOLATION_LIMIT {
            let path = path.map(str::to_owned);
            self.violations.push(Violation { path, rule });
        } else {
            self.further += 1;
        }
    }

    pub(super) fn finish(self) -> (Vec<Violation>, u64) {
        (self.violations, self.further)
    }

    pub(super) fn entry(&mut self, member: &Member, named: &NamedEntry) {
        let found = &Found {
            member,
            entry: &named.entry,
            name: &named.name,
            link: named.link.as_deref(),
        };
        let mut rules = Vec::new();
        self.check_place(found, &mut rules);
        self.check_links(found, &mut rules);
        check_values(found, &mut rules);
        check_header(found, &mut rules);
        for rule in rules {
            self.broken(Some(&found.entry.path), rule);
        }
        self.remember(found);
    }

    fn check_place(&self, found: &Found<'_>, rules: &mut Vec<Rule>) {
        let name = found.name;
        if self.before.contains_key(name) {
            rules.push(Rule::Duplicate);
        } else if name < self.last.as_slice() {
            let after = printable(&self.last);
            rules.push(Rule::Order { after });
        }
        let same = match merged(name) {
            Some(merged) => self.before.get_key_value(&merged).map(|(name, _)| name),
            None => self.merged.get(name),
        };
        if let Some(other) = same {
            let other = printable(other);
            rules.push(Rule::Merged { other });
        }
        let Some(slash) = name.iter().rposition(|byte| *byte == b'/') else {
            return;
        };
        let parent = printable(&name[..slash]);
        match self.before.get(&name[..slash]).map(|before| before.kind) {
            Some(EntryKind::Directory) => {}
            Some(_) => rules.push(Rule::NotADirectory { parent }),
            None => rules.push(Rule::Parent { parent }),
        }
    }

    fn check_links(&self, found: &Found<'_>, rules: &mut Vec<Rule>) {
        let entry = found.entry;
        let Some(link) = found.link else {
            return;
        };
        let target = printable(link);
        if entry.kind == EntryKind::Symlink {
            if symlink_target(link).is_none() {
                rules.push(Rule::SymlinkTarget { target });
            }
            return;
        }
        match self.before.get(link) {
            Some(file) if file.kind == EntryKind::File => {
                if (file.mode, file.uid, file.gid) != (entry.mode, entry.uid, entry.gid) {
                    rules.push(Rule::HardLinkMetadata { target });
                }
            }
            _ => rules.push(Rule::HardLinkTarget { target }),
        }
    }

    fn remember(&mut self, found: &Found<'_>) {
        let entry = found.entry;
        let before = Before {
            kind: entry.kind,
            mode: entry.mode,
            uid: entry.uid,
            gid: entry.gid,
        };
        if let Some(merged) = merged(found.name) {
            self.merged.insert(merged, found.name.to_vec());
        }
        self.before.insert(found.name.to_vec(), before);
        self.last = found.name.to_vec();
    }
}

/// What a name is in a root whose `/bin` is a link to `/usr/bin`, if that is something else.
pub(super) fn merged(name: &[u8]) -> Option<Vec<u8>> {
    let slash = name.iter().position(|byte| *byte == b'/')?;
    MERGED
        .contains(&&name[..slash])
        .then(|| [b"usr/", name].concat())
}

fn check_values(found: &Found<'_>, rules: &mut Vec<Rule>) {
    let entry = found.entry;
    if let Err(reason) = image_path(found.name) {
        rules.push(Rule::Path { reason });
    }
    if let EntryKind::Other(kind) = entry.kind {
        rules.push(Rule::Kind(kind));
    }
    if entry.format != HeaderFormat::Ustar {
        rules.push(Rule::Format(entry.format));
    }
    if found.member.long_name.is_some() || found.member.long_link.is_some() {
        rules.push(Rule::GnuRecord);
    }
    let is_symlink = entry.kind == EntryKind::Symlink;
    if entry.mode > 0o7777 || (is_symlink && entry.mode != 0o777) {
        rules.push(Rule::Mode(entry.mode));
    }
    if owner(entry).is_none() {
        let (uid, gid) = (entry.uid, entry.gid);
        rules.push(Rule::Owner { uid, gid });
    }
    if !(1..=ustar::LATEST_TIME).contains(&entry.mtime) {
        rules.push(Rule::Time(entry.mtime));
    }
}

/// Whatever else could be different in the header of such an entry.
fn check_header(found: &Found<'_>, rules: &mut Vec<Rule>) {
    let Some(expected) = Expected::of(found) else {
        return;
    };
    let broken_before = rules.len();
    let mut seen = BTreeSet::new();
    for (key, _) in &found.member.records {
        let printed = printable(key);
        if !seen.insert(key) {
            rules.push(Rule::RecordTwice { key: printed });
        } else if !expected.records.contains(key) {
            rules.push(Rule::Record { key: printed });
        }
    }
    let header = &found.member.header;
    let (record_blocks, block) = expected.blocks.split_at(expected.blocks.len() - BLOCK);
    let differing = |field: &&Field| header.field(field) != &block[field.1.clone()];
    let fields = header::FIELDS.iter().filter(differing);
    for field in fields.filter(|field| !expected.unknown.contains(field)) {
        rules.push(broken_field(field, header.field(field), block));
    }
    let as_a_whole = rules.len() == broken_before && expected.unknown.is_empty();
    if as_a_whole && header.block != block {
        let field = header::CHECKSUM;
        rules.push(broken_field(&field, header.field(&field), block));
    }
    if as_a_whole && record_blocks != found.member.record_blocks {
        rules.push(Rule::RecordForm);
    }
}

fn broken_field(field: &Field, found: &[u8], block: &[u8]) -> Rule {
    // Zeros fill a field up, and are shown only where they are what differs.
    let trimmed = |bytes: &[u8]| {
        let end = bytes.iter().rposition(|byte| *byte != 0);
        printable(&bytes[..end.map_or(0, |end| end + 1)])
    };
    let expected = &block[field.1.clone()];
    Rule::Field {
        field: field.0,
        found: trimmed(found),
        expected: trimmed(expected),
    }
}

/// How an entry of these values is written.
struct Expected {
    blocks: Vec<u8>,
    /// The extended headers that it needs.
    records: BTreeSet<Vec<u8>>,
    /// Fields whose values are broken rules already, and could be anything.
    unknown: Vec<Field>,
}

impl Expected {
    /// `None` for what has no place in a layer.
    fn of(found: &Found<'_>) -> Option<Self> {
        let (entry, member) = (found.entry, found.member);
        let stand_in = || "x".parse::<ImagePath>().expect("a letter is a path");
        let mut unknown = Vec::new();
        let path = image_path(found.name).unwrap_or_else(|_| {
            unknown.extend([header::NAME, header::PREFIX]);
            stand_in()
        });
        let link = found.link.unwrap_or_default();
        let node = match entry.kind {
            EntryKind::Directory => Node::Directory,
            EntryKind::File => Node::File(Content::File {
                path: std::path::Path::new("").into(),
                size: entry.size,
            }),
            EntryKind::Symlink => Node::Symlink(symlink_target(link).unwrap_or_else(|| {
                unknown.push(header::LINK);
                String::new()
            })),
            EntryKind::HardLink => Node::HardLink(image_path(link).unwrap_or_else(|_| {
                unknown.push(header::LINK);
                stand_in()
            })),
            EntryKind::Other(_) => return None,
        };
        let (uid, gid) = owner(entry).unwrap_or_else(|| {
            unknown.extend([header::UID, header::GID]);
            (0, 0)
        });
        if member.long_name.is_some() {
            unknown.extend([header::NAME, header::PREFIX]);
        }
        if member.long_link.is_some() {
            unknown.push(header::LINK);
        }
        if entry.format != HeaderFormat::Ustar {
            unknown.extend([header::MAGIC, header::PREFIX, header::PADDING]);
        }
        let mode = entry.mode;
        let whole = Entry {
            node,
            mode,
            uid,
            gid,
        };
        // An extended header of its own for the time is a broken rule already.
        let mtime = member.header.number(&header::MTIME).ok()?;
        let blocks = ustar::header_blocks(&path, &whole, mtime);
        let records = ustar::records(&blocks);
        let records = records::parse(records).expect("what this crate writes can be read");
        Some(Self {
            blocks,
            records: records.into_iter().map(|(key, _)| key).collect(),
            unknown,
        })
    }
}

fn owner(entry: &InspectedEntry) -> Option<(u32, u32)> {
    Some((entry.uid.try_into().ok()?, entry.gid.try_into().ok()?))
}

fn symlink_target(target: &[u8]) -> Option<String> {
    let target = std::str::from_utf8(target).ok()?;
    let fits = !target.is_empty() && target.len() <= SYMLINK_LIMIT;
    (fits && !target.contains(char::is_control)).then(|| target.to_owned())
}

/// A name that is spelled as layers spell it; otherwise why not.
fn image_path(name: &[u8]) -> Result<ImagePath, &'static str> {
    let text = std::str::from_utf8(name).map_err(|_| "is not UTF-8")?;
    let path: ImagePath = text.parse().map_err(|error: ImagePathError| error.reason)?;
    match path.as_str() == text {
        true => Ok(path),
        false => Err("begins with `/` or `./`, or ends with `/`"),
    }
}
