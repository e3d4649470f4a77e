//! The rules of a layer, as far as one archive can break them.

use std::fmt;

use super::HeaderFormat;

/// A broken rule, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The entry, in the spelling of [`InspectedEntry`](super::InspectedEntry); `None` where it is
    /// about the archive as a whole.
    pub path: Option<String>,
    /// The rule, with what is found instead.
    pub rule: Rule,
}

/// What must not be. Texts are printable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rule {
    /// Entries are sorted by the bytes of their full paths.
    #[error("comes after `{after}`, which sorts behind it")]
    Order {
        /// The entry before it.
        after: String,
    },
    /// One entry per path.
    #[error("is there twice")]
    Duplicate,
    /// One entry per path in a root whose `/bin` is a link to `/usr/bin`.
    #[error(
        "is the same path as `{other}` where `/bin`, `/lib`, `/lib64` and `/sbin` are links into `/usr`"
    )]
    Merged {
        /// The other spelling, which came before.
        other: String,
    },
    /// Directories come before what is in them.
    #[error("comes before its directory `{parent}`, or without it")]
    Parent {
        /// What is missing.
        parent: String,
    },
    /// Only directories have something in them.
    #[error("is below `{parent}`, which is no directory")]
    NotADirectory {
        /// What should be a directory.
        parent: String,
    },
    /// Names are relative, normal and no whiteouts.
    #[error("{reason}")]
    Path {
        /// To be read after the path.
        reason: &'static str,
    },
    /// Files, directories and links are all there is.
    #[error("is of kind `{}`, which has no place in an image", .0.escape_ascii())]
    Kind(u8),
    /// Headers are ustar.
    #[error("has a header in {}", match .0 { HeaderFormat::Gnu => "GNU's dialect", _ => "a dialect older than ustar" })]
    Format(HeaderFormat),
    /// Long names are in extended headers, not in GNU's own records.
    #[error("has a long name in a record of GNU's own")]
    GnuRecord,
    /// Each member speaks for itself.
    #[error("there is an extended header for all members at once")]
    GlobalRecords,
    /// Extended headers are for what ustar cannot hold.
    #[error("has an extended header `{key}` that it does not need")]
    Record {
        /// The key.
        key: String,
    },
    /// An extended header is given once.
    #[error("has the extended header `{key}` twice")]
    RecordTwice {
        /// The key.
        key: String,
    },
    /// Extended headers have one form.
    #[error("has its extended headers in another form than they are written in")]
    RecordForm,
    /// Everything else in a header follows from the entry.
    #[error("has `{found}` in header field `{field}`, expected `{expected}`")]
    Field {
        /// Which part of the header.
        field: &'static str,
        /// What is there.
        found: String,
        /// What this crate writes for the same entry.
        expected: String,
    },
    /// Modes are permissions; that of a symbolic link is 0777.
    #[error("has mode {0:#o}")]
    Mode(u32),
    /// Owners have 32 bits.
    #[error("has owner {uid}:{gid}, beyond 32 bits")]
    Owner {
        /// Numeric owner.
        uid: u64,
        /// Numeric group.
        gid: u64,
    },
    /// Some programs refuse a time of 0, and headers hold none after 2242.
    #[error("has time {0}")]
    Time(u64),
    /// A hard link comes after its file.
    #[error("is a hard link to `{target}`, which is no file before it in the same layer")]
    HardLinkTarget {
        /// As the header spells it.
        target: String,
    },
    /// All names of a file share mode and owner.
    #[error("is a hard link to `{target}` with another mode or owner")]
    HardLinkMetadata {
        /// The file.
        target: String,
    },
    /// A link has a target that a file system can hold.
    #[error("is a link to `{target}`, which no link can hold")]
    SymlinkTarget {
        /// As the header spells it.
        target: String,
    },
    /// Contents are padded with zeros.
    #[error("is padded with other bytes than zeros")]
    Padding,
    /// Two zero blocks end an archive.
    #[error("the archive does not end with two zero blocks")]
    End,
    /// Nothing follows the end.
    #[error("{bytes} bytes follow the end of the archive")]
    AfterEnd {
        /// How many.
        bytes: u64,
    },
    /// A gzip header says nothing about the host or the time.
    #[error("the gzip header has {field} {found}, expected {expected}")]
    GzipHeader {
        /// Which part of the header.
        field: &'static str,
        /// What is there.
        found: u32,
        /// What is written.
        expected: u32,
    },
    /// A blob is one gzip member or one Zstandard frame: consumers stop after the first.
    #[error("the blob is not one piece: another gzip member or Zstandard frame follows")]
    SecondMember,
    /// Nothing follows what is decompressed.
    #[error("{bytes} bytes follow the compressed archive")]
    AfterMember {
        /// How many.
        bytes: u64,
    },
}

impl Rule {
    /// A name for programs: lower case, with hyphens.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Order { .. } => "order",
            Self::Duplicate => "duplicate",
            Self::Merged { .. } => "merged",
            Self::Parent { .. } => "parent",
            Self::NotADirectory { .. } => "not-a-directory",
            Self::Path { .. } => "path",
            Self::Kind(_) => "kind",
            Self::Format(_) => "format",
            Self::GnuRecord => "gnu-record",
            Self::GlobalRecords => "global-records",
            Self::Record { .. } => "record",
            Self::RecordTwice { .. } => "record-twice",
            Self::RecordForm => "record-form",
            Self::Field { .. } => "field",
            Self::Mode(_) => "mode",
            Self::Owner { .. } => "owner",
            Self::Time(_) => "time",
            Self::HardLinkTarget { .. } => "hard-link-target",
            Self::HardLinkMetadata { .. } => "hard-link-metadata",
            Self::SymlinkTarget { .. } => "symlink-target",
            Self::Padding => "padding",
            Self::End => "end",
            Self::AfterEnd { .. } => "after-end",
            Self::GzipHeader { .. } => "gzip-header",
            Self::SecondMember => "second-member",
            Self::AfterMember { .. } => "after-member",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(formatter, "`{path}` {}", self.rule),
            None => self.rule.fmt(formatter),
        }
    }
}
