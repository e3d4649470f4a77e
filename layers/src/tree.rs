//! All names of a layer.
//!
//! A [`Tree`] is always one that can be unpacked: one entry per name, nothing below anything but a
//! directory, modes and link targets in range. Directories that were not inserted exist by
//! implication; [`Tree::canonical`] makes them explicit.

use std::{
    collections::{BTreeMap, btree_map},
    ops::Bound,
};

use crate::{ContentError, Entry, ImagePath, Node};

/// The permission bits with set-user-ID, set-group-ID and sticky.
const MODE_MASK: u32 = 0o7777;
/// The longest target of a symbolic link that Linux takes.
pub(crate) const SYMLINK_LIMIT: usize = 4095;

/// The files of a layer by name, in the order of the layer.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    entries: BTreeMap<ImagePath, Entry>,
}

impl Tree {
    /// A tree with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entry.
    ///
    /// Inserting what is there already changes nothing, and of two directories the first keeps its
    /// mode and owner: packages repeat the directories they share.
    ///
    /// # Errors
    /// [`TreeError::Conflict`] for anything else at the same path, and for an entry that could not
    /// be unpacked. Contents of equal size are compared byte by byte, which may fail to read.
    pub fn insert(&mut self, path: ImagePath, entry: Entry) -> Result<(), TreeError> {
        let entry = with_one_mode_for_links(entry);
        let Some(existing) = self.entries.get(&path) else {
            self.check(&path, &entry)?;
            self.entries.insert(path, entry);
            return Ok(());
        };
        match difference(existing, &entry) {
            Ok(None) => Ok(()),
            Ok(Some(difference)) => Err(TreeError::Conflict { path, difference }),
            Err(source) => Err(TreeError::Compare { path, source }),
        }
    }

    /// Puts an entry in the place of whatever is at `path` and returns that.
    ///
    /// # Errors
    /// As [`Tree::insert`], except that nothing at the same path is a conflict; a directory that is
    /// not empty is not replaced by anything but a directory.
    pub fn replace(&mut self, path: ImagePath, entry: Entry) -> Result<Option<Entry>, TreeError> {
        let entry = with_one_mode_for_links(entry);
        self.check(&path, &entry)?;
        Ok(self.entries.insert(path, entry))
    }

    /// The entry at `path`, if it was inserted.
    pub fn get(&self, path: &ImagePath) -> Option<&Entry> {
        self.entries.get(path)
    }

    /// Takes out one entry. What is below a removed directory stays, and implies the directory.
    pub fn remove(&mut self, path: &ImagePath) -> Option<Entry> {
        self.entries.remove(path)
    }

    /// All entries by the bytes of their paths, so parents before children.
    pub fn iter(&self) -> btree_map::Iter<'_, ImagePath, Entry> {
        self.entries.iter()
    }

    /// Keeps the entries for which `keep` is true; each is asked for by itself.
    pub fn retain(&mut self, mut keep: impl FnMut(&ImagePath, &Entry) -> bool) {
        self.entries.retain(|path, entry| keep(path, entry));
    }

    /// Inserts every entry of `other`, by the rules of [`Tree::insert`].
    ///
    /// # Errors
    /// The first conflict; entries before it have been inserted.
    pub fn merge(&mut self, other: Self) -> Result<(), TreeError> {
        other
            .into_iter()
            .try_for_each(|(path, entry)| self.insert(path, entry))
    }

    /// How many entries were inserted.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing was inserted.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether `entry` may be at `path` beside everything that is at other paths.
    fn check(&self, path: &ImagePath, entry: &Entry) -> Result<(), TreeError> {
        check_entry(path, entry)?;
        let above = path
            .ancestors()
            .find(|above| self.get(above).is_some_and(|it| !it.node.is_directory()));
        if let Some(ancestor) = above {
            let path = path.clone();
            return Err(TreeError::NotADirectory { path, ancestor });
        }
        if !entry.node.is_directory()
            && let Some(below) = self.first_below(path)
        {
            return Err(TreeError::NotADirectory {
                path: below.clone(),
                ancestor: path.clone(),
            });
        }
        Ok(())
    }

    fn first_below(&self, path: &ImagePath) -> Option<&ImagePath> {
        // Siblings such as `a-b` sort between `a` and `a/b`; `0` is the character after `/`.
        let (first, end) = (format!("{path}/"), format!("{path}0"));
        let below = (
            Bound::Included(first.as_str()),
            Bound::Excluded(end.as_str()),
        );
        self.entries
            .range::<str, _>(below)
            .next()
            .map(|(path, _)| path)
    }
}

impl IntoIterator for Tree {
    type Item = (ImagePath, Entry);
    type IntoIter = btree_map::IntoIter<ImagePath, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<'tree> IntoIterator for &'tree Tree {
    type Item = (&'tree ImagePath, &'tree Entry);
    type IntoIter = btree_map::Iter<'tree, ImagePath, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Archives disagree about the mode of a symbolic link, and no system looks at it.
fn with_one_mode_for_links(mut entry: Entry) -> Entry {
    if let Node::Symlink(_) = entry.node {
        entry.mode = 0o777;
    }
    entry
}

/// Whether the entry by itself can be written and unpacked.
fn check_entry(path: &ImagePath, entry: &Entry) -> Result<(), TreeError> {
    if entry.mode > MODE_MASK {
        return Err(TreeError::Mode {
            path: path.clone(),
            mode: entry.mode,
        });
    }
    match &entry.node {
        Node::Symlink(target)
            if target.is_empty()
                || target.len() > SYMLINK_LIMIT
                || target.contains(char::is_control) =>
        {
            Err(TreeError::SymlinkTarget {
                path: path.clone(),
                target: target.clone(),
            })
        }
        _ => Ok(()),
    }
}

/// How a second entry for a path disagrees with the first, if it does.
fn difference(first: &Entry, second: &Entry) -> Result<Option<Difference>, ContentError> {
    if first.node.is_directory() && second.node.is_directory() {
        return Ok(None);
    }
    if std::mem::discriminant(&first.node) != std::mem::discriminant(&second.node) {
        return Ok(Some(Difference::Kind));
    }
    if !first.node.same_as(&second.node)? {
        return Ok(Some(match first.node {
            Node::File(_) => Difference::Bytes,
            _ => Difference::Target,
        }));
    }
    let metadata = |entry: &Entry| (entry.mode, entry.uid, entry.gid);
    Ok((metadata(first) != metadata(second)).then_some(Difference::Metadata))
}

/// How two entries for one path disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// A file and a link, say.
    Kind,
    /// Two files with other contents.
    Bytes,
    /// Two links to other targets.
    Target,
    /// Same bytes or target, other mode or owner.
    Metadata,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Kind => "another kind",
            Self::Bytes => "other bytes",
            Self::Target => "another link target",
            Self::Metadata => "another mode or owner",
        })
    }
}

/// Why an entry cannot be in a tree, or a tree cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// Two different entries for one path.
    #[error("`{path}` is already there with {difference}")]
    Conflict {
        /// The path given twice.
        path: ImagePath,
        /// How the second differs from the first.
        difference: Difference,
    },
    /// Two files for one path could not be compared.
    #[error("cannot compare the two files for `{path}`")]
    Compare {
        /// The path given twice.
        path: ImagePath,
        /// Which of the two could not be read.
        source: ContentError,
    },
    /// Something would be below a file or a link.
    #[error("`{path}` cannot be below `{ancestor}`, which is not a directory")]
    NotADirectory {
        /// The path that has no directory to be in.
        path: ImagePath,
        /// The file or link above it.
        ancestor: ImagePath,
    },
    /// Bits that are not permissions.
    #[error("`{path}` has mode {mode:#o}, beyond 0o7777")]
    Mode {
        /// Whose mode.
        path: ImagePath,
        /// The mode given.
        mode: u32,
    },
    /// An empty, overlong or unprintable target.
    #[error("`{path}` is a link to `{}`, which no link can hold", target.escape_debug())]
    SymlinkTarget {
        /// The link.
        path: ImagePath,
        /// Its target.
        target: String,
    },
    /// A hard link to something that is not in the tree.
    #[error("`{path}` is a hard link to `{target}`, which is not in the same layer")]
    HardLinkTargetMissing {
        /// The link.
        path: ImagePath,
        /// Its target.
        target: ImagePath,
    },
    /// A hard link to something that is not a file.
    #[error("`{path}` is a hard link to `{target}`, which is not a file")]
    HardLinkTargetNotAFile {
        /// The link.
        path: ImagePath,
        /// Its target.
        target: ImagePath,
    },
    /// Hard links that only lead to each other.
    #[error("`{path}` is a hard link that leads to no file, only to other links")]
    HardLinkCycle {
        /// One of the links.
        path: ImagePath,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> ImagePath {
        text.parse().unwrap()
    }

    fn tree(entries: &[(&str, Entry)]) -> Tree {
        let mut tree = Tree::new();
        for (at, entry) in entries {
            tree.insert(path(at), entry.clone()).unwrap();
        }
        tree
    }

    #[test]
    fn the_same_again_is_no_conflict_and_the_first_directory_stays() {
        let mut tree = tree(&[
            ("d", Entry::directory(0o700).owned_by(1, 2)),
            ("d/f", Entry::file(0o644, *b"same")),
            ("l", Entry::symlink("d/f")),
        ]);
        tree.insert(path("d"), Entry::directory(0o755)).unwrap();
        tree.insert(path("d/f"), Entry::file(0o644, b"same".to_vec()))
            .unwrap();
        tree.insert(path("l"), Entry::symlink("d/f")).unwrap();
        let directory = tree.get(&path("d")).unwrap();
        assert_eq!(
            (directory.mode, directory.uid, directory.gid),
            (0o700, 1, 2)
        );
        assert_eq!(tree.len(), 3);
    }

    #[test]
    fn a_conflict_names_the_path_and_the_difference() {
        let cases = [
            (Entry::file(0o644, *b"Same"), "other bytes"),
            (Entry::file(0o644, *b"longer"), "other bytes"),
            (Entry::file(0o600, *b"same"), "another mode or owner"),
            (
                Entry::file(0o644, *b"same").owned_by(0, 1),
                "another mode or owner",
            ),
            (Entry::symlink("same"), "another kind"),
            (Entry::directory(0o755), "another kind"),
        ];
        for (second, expected) in cases {
            let mut tree = tree(&[("usr/f", Entry::file(0o644, *b"same"))]);
            let error = tree.insert(path("usr/f"), second.clone()).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("`usr/f` is already there with {expected}")
            );
            assert!(tree.replace(path("usr/f"), second).unwrap().is_some());
        }
    }

    #[test]
    fn nothing_is_below_anything_but_a_directory() {
        let below = |ancestor| {
            let mut tree = tree(&[("a", ancestor), ("a-b", Entry::symlink("x"))]);
            tree.insert(path("a/b/c"), Entry::PARENT)
        };
        assert!(below(Entry::PARENT).is_ok());
        assert!(below(Entry::symlink("elsewhere")).is_err());
        let error = below(Entry::file(0o644, [])).unwrap_err().to_string();
        assert_eq!(
            error,
            "`a/b/c` cannot be below `a`, which is not a directory"
        );

        let mut full = tree(&[("a/b/c", Entry::PARENT), ("a", Entry::PARENT)]);
        for at in ["a", "a/b"] {
            assert!(full.replace(path(at), Entry::symlink("x")).is_err(), "{at}");
        }
        full.insert(path("a/b-"), Entry::symlink("x")).unwrap();
        full.replace(path("a/b/c"), Entry::symlink("x")).unwrap();
    }

    #[test]
    fn refuses_what_no_file_system_holds() {
        let entries = [
            Entry::directory(0o10000),
            Entry::symlink(""),
            Entry::symlink("a\0b"),
            Entry::symlink("x".repeat(4096)),
        ];
        for entry in entries {
            assert!(Tree::new().insert(path("a"), entry).is_err());
        }
    }

    #[test]
    fn merges_filters_and_takes_out() {
        let mut all = tree(&[("a", Entry::PARENT), ("b/c", Entry::symlink("x"))]);
        all.merge(tree(&[("a", Entry::PARENT), ("b/d", Entry::symlink("y"))]))
            .unwrap();
        assert!(all.merge(tree(&[("b/d", Entry::symlink("z"))])).is_err());
        all.retain(|path, _| path.as_str() != "b/c");
        assert!(all.remove(&path("a")).is_some());
        let names: Vec<_> = all.into_iter().map(|(path, _)| path).collect();
        assert_eq!(names, [path("b/d")]);
    }
}
