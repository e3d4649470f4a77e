//! What is at one name of an image: kind, mode and owner. No times, names of users or attributes:
//! a layer has one constant time, numeric owners and nothing else.

use std::fmt;

use crate::{Content, ContentError, ImagePath};

/// One entry of a [`crate::Tree`].
#[derive(Debug, Clone)]
pub struct Entry {
    /// What kind of entry, with what belongs to that kind.
    pub node: Node,
    /// Permission bits, at most `0o7777`. A tree sets it to `0777` for symbolic links.
    pub mode: u32,
    /// Numeric owner.
    pub uid: u32,
    /// Numeric group.
    pub gid: u32,
}

/// The kinds of entries a layer may hold. Devices, pipes and sockets have no place in an image.
#[derive(Debug, Clone)]
pub enum Node {
    /// A directory.
    Directory,
    /// A regular file.
    File(Content),
    /// A symbolic link with its target, kept as it is: it is resolved inside the running container.
    Symlink(String),
    /// Another name of a regular file of the same tree, with which it shares mode and owner.
    HardLink(ImagePath),
}

impl Entry {
    /// What a missing parent directory becomes: `0755`, owned by root.
    pub const PARENT: Self = Self::directory(0o755);

    /// A directory owned by root.
    pub const fn directory(mode: u32) -> Self {
        Self::of_root(Node::Directory, mode)
    }

    /// A regular file owned by root.
    pub fn file(mode: u32, content: impl Into<Content>) -> Self {
        Self::of_root(Node::File(content.into()), mode)
    }

    /// A symbolic link owned by root; mode `0777` as Linux reports for every link.
    pub fn symlink(target: impl Into<String>) -> Self {
        Self::of_root(Node::Symlink(target.into()), 0o777)
    }

    /// Another name for the file at `target`, whose mode and owner it takes when it is written.
    pub fn hard_link(target: ImagePath) -> Self {
        Self::of_root(Node::HardLink(target), 0o644)
    }

    /// The same entry with another owner.
    pub fn owned_by(self, uid: u32, gid: u32) -> Self {
        Self { uid, gid, ..self }
    }

    /// Whether both are the same in kind, mode, owner and bytes. Reads contents only if they could
    /// be equal.
    pub fn same_as(&self, other: &Self) -> Result<bool, ContentError> {
        if (self.mode, self.uid, self.gid) != (other.mode, other.uid, other.gid) {
            return Ok(false);
        }
        self.node.same_as(&other.node)
    }

    const fn of_root(node: Node, mode: u32) -> Self {
        Self {
            node,
            mode,
            uid: 0,
            gid: 0,
        }
    }
}

impl Node {
    /// Whether this is a directory.
    pub fn is_directory(&self) -> bool {
        matches!(self, Self::Directory)
    }

    /// Whether both are of one kind with the same bytes or target.
    pub fn same_as(&self, other: &Self) -> Result<bool, ContentError> {
        match (self, other) {
            (Self::Directory, Self::Directory) => Ok(true),
            (Self::File(left), Self::File(right)) => left.same_bytes(right),
            (Self::Symlink(left), Self::Symlink(right)) => Ok(left == right),
            (Self::HardLink(left), Self::HardLink(right)) => Ok(left == right),
            _ => Ok(false),
        }
    }
}

/// The kind in words, for errors.
impl fmt::Display for Node {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory => formatter.write_str("a directory"),
            Self::File(_) => formatter.write_str("a file"),
            Self::Symlink(target) => write!(formatter, "a link to `{}`", target.escape_debug()),
            Self::HardLink(target) => write!(formatter, "a hard link to `{target}`"),
        }
    }
}
