//! A header with what describes it, and the entry that they make together.

use super::{
    EntryKind, InspectError, InspectedEntry,
    header::{self, Field, RawHeader},
    records::{self, Records},
    text::printable,
};

/// A header with everything before it that belongs to it.
pub(super) struct Member {
    pub(super) header: RawHeader,
    /// Its own extended headers.
    pub(super) records: Records,
    /// All blocks of these as they are.
    pub(super) record_blocks: Vec<u8>,
    pub(super) long_name: Option<Vec<u8>>,
    pub(super) long_link: Option<Vec<u8>>,
}

/// An entry with its name and link as the bytes they are.
pub(super) struct NamedEntry {
    pub(super) entry: InspectedEntry,
    /// Without the slash at the end of a directory.
    pub(super) name: Vec<u8>,
    pub(super) link: Option<Vec<u8>>,
}

/// Where a value can be: in the member's own extended headers, in those for all members, in its
/// header.
struct Values<'a> {
    member: &'a Member,
    global: &'a Records,
}

impl NamedEntry {
    /// What a member is, given the extended headers for all members before it.
    pub(super) fn of(member: &Member, global: &Records) -> Result<Self, InspectError> {
        let values = Values { member, global };
        let header = &member.header;
        let long_name = values.record("path").or(member.long_name.as_ref());
        let mut name = long_name.cloned().unwrap_or_else(|| header.name());
        let kind = header.kind(&name);
        if kind == EntryKind::Directory && name.ends_with(b"/") {
            name.pop();
        }
        let link = values.link(kind);
        let mode = header.number(&header::MODE)?;
        let entry = InspectedEntry {
            path: printable(&name),
            kind,
            mode: u32::try_from(mode).map_err(|_| values.no_number(&header::MODE))?,
            uid: values.number("uid", &header::UID)?,
            gid: values.number("gid", &header::GID)?,
            mtime: values.whole_seconds()?,
            size: values.size(kind)?,
            link: link.as_deref().map(printable),
            user_name: values.text("uname", &header::USER_NAME),
            group_name: values.text("gname", &header::GROUP_NAME),
            device: (
                header.number(&header::DEVICE_MAJOR)?,
                header.number(&header::DEVICE_MINOR)?,
            ),
            format: header.format(),
            pax: (global.iter().chain(&member.records))
                .map(|(key, value)| (printable(key), printable(value)))
                .collect(),
            digest: None,
        };
        Ok(Self { entry, name, link })
    }
}

impl<'a> Values<'a> {
    fn record(&self, key: &str) -> Option<&'a Vec<u8>> {
        (self.global.iter().chain(&self.member.records))
            .rfind(|(candidate, _)| candidate == key.as_bytes())
            .map(|(_, value)| value)
    }

    fn number(&self, key: &str, field: &Field) -> Result<u64, InspectError> {
        match self.record(key) {
            Some(value) => records::decimal(value).ok_or_else(|| self.no_number(field)),
            None => self.member.header.number(field),
        }
    }

    fn text(&self, key: &str, field: &Field) -> String {
        let header = &self.member.header;
        printable(
            self.record(key)
                .map_or_else(|| header.text(field), Vec::as_slice),
        )
    }

    fn link(&self, kind: EntryKind) -> Option<Vec<u8>> {
        if !matches!(kind, EntryKind::Symlink | EntryKind::HardLink) {
            return None;
        }
        let long_link = self.record("linkpath").or(self.member.long_link.as_ref());
        let header = &self.member.header;
        Some(long_link.map_or_else(|| header.text(&header::LINK).to_vec(), Vec::clone))
    }

    fn size(&self, kind: EntryKind) -> Result<u64, InspectError> {
        let size = self.number("size", &header::SIZE)?;
        // Readers disagree whether it is there: one that skips it sees other members.
        let has_content = match kind {
            EntryKind::Directory | EntryKind::Symlink | EntryKind::HardLink => false,
            EntryKind::Other(b'3' | b'4' | b'6') => false,
            EntryKind::File | EntryKind::Other(_) => true,
        };
        match size {
            1.. if !has_content => Err(InspectError::UnexpectedContent {
                offset: self.member.header.offset,
            }),
            size => Ok(size),
        }
    }

    /// The time without a fraction of a second, which stays in `pax`.
    fn whole_seconds(&self) -> Result<u64, InspectError> {
        let seconds = (self.record("mtime"))
            .and_then(|value| records::decimal(value.split(|byte| *byte == b'.').next()?));
        match seconds {
            Some(seconds) => Ok(seconds),
            None => self.member.header.number(&header::MTIME),
        }
    }

    fn no_number(&self, field: &Field) -> InspectError {
        InspectError::Number {
            offset: self.member.header.offset,
            field: field.0,
        }
    }
}
