//! From member to member through an archive.

use std::io::Read;

use super::{
    CONTENT_LIMIT, EntryKind, InspectError, Inspected, InspectedEntry, Rule, Visitor,
    checker::Checker,
    header::{self, RawHeader},
    member::{Member, NamedEntry},
    records::{self, Records},
    stream::{Block, Stream},
};
use crate::{Algorithm, DiffId, Hasher, ustar};

/// The most that is read for the extended headers of one member.
const METADATA_LIMIT: u64 = 1 << 20;
/// The most that is kept of names, links and extended headers of all members together.
const NAMES_LIMIT: u64 = 256 << 20;
/// The most records that are for all members that follow; no known writer makes more than one.
const GLOBAL_LIMIT: usize = 1000;
/// What an entry takes beside its texts.
const ENTRY_SIZE: u64 = 512;

const ZERO: Block = [0; ustar::BLOCK];

struct Walk<R> {
    stream: Stream<R>,
    checker: Checker,
    /// Extended headers for all members that follow.
    global: Records,
    /// How many there were, overridden ones too.
    global_records: usize,
    entries: u64,
    names: u64,
}

pub(super) fn walk(
    reader: impl Read,
    visitor: &mut dyn Visitor,
) -> Result<Inspected, InspectError> {
    let mut walk = Walk {
        stream: Stream::new(reader),
        checker: Checker::default(),
        global: Records::new(),
        global_records: 0,
        entries: 0,
        names: 0,
    };
    while let Some(member) = walk.member()? {
        walk.visit(&member, visitor)?;
    }
    let (digest, size) = walk.stream.finish();
    let (violations, further_violations) = walk.checker.finish();
    Ok(Inspected {
        diff_id: DiffId(digest),
        size,
        entries: walk.entries,
        violations,
        further_violations,
    })
}

impl<R: Read> Walk<R> {
    /// The next member; `None` after the last.
    fn member(&mut self) -> Result<Option<Member>, InspectError> {
        let mut extended = false;
        let mut records = Records::new();
        let mut record_blocks = Vec::new();
        let (mut long_name, mut long_link) = (None, None);
        loop {
            let offset = self.stream.position();
            let block = self.stream.block()?;
            let Some(block) = block.filter(|block| *block != ZERO) else {
                if extended {
                    return Err(InspectError::NoMember);
                }
                return self.end(offset, block.is_some()).map(|()| None);
            };
            let header = RawHeader::new(block, offset)?;
            extended = true;
            match header.kind_byte() {
                b'x' => {
                    let blocks = self.metadata(&header)?;
                    records.extend(parse_records(&header, &blocks)?);
                    record_blocks.extend_from_slice(&block);
                    record_blocks.extend_from_slice(&blocks);
                    if record_blocks.len() as u64 > METADATA_LIMIT {
                        let limit = METADATA_LIMIT;
                        return Err(InspectError::TooManyNames { limit });
                    }
                }
                b'g' => {
                    let blocks = self.metadata(&header)?;
                    self.take_global(parse_records(&header, &blocks)?)?;
                    self.checker.broken(None, Rule::GlobalRecords);
                }
                b'L' => long_name = Some(header::until_zero(&self.metadata(&header)?).to_vec()),
                b'K' => long_link = Some(header::until_zero(&self.metadata(&header)?).to_vec()),
                b'S' => return Err(InspectError::Sparse { offset }),
                _ => {
                    return Ok(Some(Member {
                        header,
                        records,
                        record_blocks,
                        long_name,
                        long_link,
                    }));
                }
            }
        }
    }

    /// They are looked through for every member, so there must not be many of them.
    fn take_global(&mut self, records: Records) -> Result<(), InspectError> {
        self.global_records += records.len();
        if self.global_records > GLOBAL_LIMIT {
            let limit = GLOBAL_LIMIT;
            return Err(InspectError::TooManyGlobalRecords { limit });
        }
        for record in records {
            self.global.retain(|(key, _)| *key != record.0);
            self.global.push(record);
        }
        Ok(())
    }

    /// What follows the last member: one zero block was read, or nothing.
    fn end(&mut self, offset: u64, zero_block: bool) -> Result<(), InspectError> {
        let second = match zero_block {
            true => self.stream.block()?,
            false => None,
        };
        match second {
            None => self.checker.broken(None, Rule::End),
            Some(block) if block != ZERO => return Err(InspectError::LoneZeroBlock { offset }),
            Some(_) => match self.stream.rest()? {
                0 => {}
                bytes => self.checker.broken(None, Rule::AfterEnd { bytes }),
            },
        }
        Ok(())
    }

    /// The content of a member that describes the next one, with its padding.
    fn metadata(&mut self, header: &RawHeader) -> Result<Vec<u8>, InspectError> {
        let size = header.number(&header::SIZE)?;
        if size > METADATA_LIMIT {
            let limit = METADATA_LIMIT;
            return Err(InspectError::TooManyNames { limit });
        }
        let padded = size + ustar::padding(size) as u64;
        let mut bytes = Vec::new();
        (self.stream).content(padded, header.offset, |piece| {
            bytes.extend_from_slice(piece)
        })?;
        Ok(bytes)
    }

    fn visit(&mut self, member: &Member, visitor: &mut dyn Visitor) -> Result<(), InspectError> {
        let named = NamedEntry::of(member, &self.global)?;
        self.keep(&named.entry)?;
        self.entries += 1;
        self.checker.entry(member, &named);
        let mut entry = named.entry;
        let is_file = entry.kind == EntryKind::File;
        let wanted = is_file && entry.size <= CONTENT_LIMIT && visitor.wants_content(&entry);
        let mut content = wanted.then(Vec::new);
        let mut hasher = Hasher::new(Algorithm::Sha256);
        (self.stream).content(entry.size, member.header.offset, |piece| {
            hasher.update(piece);
            if let Some(content) = &mut content {
                content.extend_from_slice(piece);
            }
        })?;
        let mut clean = true;
        let padding = ustar::padding(entry.size) as u64;
        (self.stream).content(padding, member.header.offset, |piece| {
            clean &= piece.iter().all(|byte| *byte == 0);
        })?;
        if !clean {
            self.checker.broken(Some(&entry.path), Rule::Padding);
        }
        entry.digest = is_file.then(|| hasher.finish());
        visitor.visit(entry, content);
        Ok(())
    }

    /// Counts what visitors and the checker may keep of an entry.
    fn keep(&mut self, entry: &InspectedEntry) -> Result<(), InspectError> {
        let texts = entry.path.len() + entry.link.as_ref().map_or(0, String::len);
        let records = (entry.pax.iter()).map(|(key, value)| key.len() + value.len());
        let bytes = texts + records.sum::<usize>();
        self.names += bytes as u64 + ENTRY_SIZE;
        match self.names {
            0..=NAMES_LIMIT => Ok(()),
            _ => Err(InspectError::TooManyNames { limit: NAMES_LIMIT }),
        }
    }
}

fn parse_records(header: &RawHeader, blocks: &[u8]) -> Result<Records, InspectError> {
    let size = header.number(&header::SIZE)?;
    let malformed = InspectError::Records {
        offset: header.offset,
    };
    let bytes = usize::try_from(size)
        .ok()
        .and_then(|size| blocks.get(..size));
    bytes.and_then(records::parse).ok_or(malformed)
}
