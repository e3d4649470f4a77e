//! The tree as it will be written: pure planning, without reading a byte of content.
//!
//! A layer has rules a tree being filled does not: every parent directory is there, and a hard link
//! comes after the file it names. Since the order is that of the paths, the content of a file with
//! several names goes to the first of them and every later name is a link to it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Entry, ImagePath, Node, Tree, TreeError};

impl Tree {
    /// The same files in the one form that is written.
    ///
    /// Missing parents become [`Entry::PARENT`]; insert a directory beforehand to give it the mode
    /// and owner that a lower layer gave it. Of the names of one file the first holds the content,
    /// the others are hard links to it, and all have mode and owner of the file, since they share
    /// an inode. Canonical trees of the same files are equal.
    ///
    /// # Errors
    /// A hard link whose target is missing, is not a file, or is itself.
    pub fn canonical(&self) -> Result<Self, TreeError> {
        let mut tree = self.clone();
        for path in missing_parents(self) {
            tree.replace(path, Entry::PARENT)?;
        }
        for (target, links) in names_by_file(self)? {
            let file = tree
                .get(target)
                .expect("names_by_file found the file in this tree")
                .clone();
            let mut names = links;
            names.insert(target);
            let mut names = names.into_iter().cloned();
            let first = names.next().expect("the target itself is a name");
            for name in names {
                let link = Node::HardLink(first.clone());
                tree.replace(name, Entry { node: link, ..file })?;
            }
            tree.replace(first, file)?;
        }
        Ok(tree)
    }
}

/// Directories that are implied by what is below them.
fn missing_parents(tree: &Tree) -> BTreeSet<ImagePath> {
    let mut missing = BTreeSet::new();
    for (path, _) in tree {
        for above in path.ancestors() {
            if tree.get(&above).is_some() || !missing.insert(above) {
                break;
            }
        }
    }
    missing
}

/// Each file that has hard links, with those links.
fn names_by_file(tree: &Tree) -> Result<BTreeMap<&ImagePath, BTreeSet<&ImagePath>>, TreeError> {
    let mut names: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (path, entry) in tree {
        if let Node::HardLink(target) = &entry.node {
            let file = follow(tree, path, target)?;
            names.entry(file).or_default().insert(path);
        }
    }
    Ok(names)
}

/// The file a hard link leads to, through other links if need be.
fn follow<'tree>(
    tree: &'tree Tree,
    path: &ImagePath,
    mut target: &'tree ImagePath,
) -> Result<&'tree ImagePath, TreeError> {
    for _ in 0..tree.len() {
        match tree.get(target).map(|entry| &entry.node) {
            Some(Node::File(_)) => return Ok(target),
            Some(Node::HardLink(next)) => target = next,
            Some(_) => {
                return Err(TreeError::HardLinkTargetNotAFile {
                    path: path.clone(),
                    target: target.clone(),
                });
            }
            None => {
                return Err(TreeError::HardLinkTargetMissing {
                    path: path.clone(),
                    target: target.clone(),
                });
            }
        }
    }
    Err(TreeError::HardLinkCycle { path: path.clone() })
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

    fn link(target: &str) -> Entry {
        Entry::hard_link(path(target))
    }

    /// Names with kinds, modes and owners, to compare trees at a glance.
    fn listing(tree: &Tree) -> Vec<String> {
        tree.iter()
            .map(|(path, e)| format!("{path} {:o} {}:{} {}", e.mode, e.uid, e.gid, e.node))
            .collect()
    }

    #[test]
    fn missing_parents_are_added_and_given_ones_kept() {
        let tree = tree(&[
            ("a", Entry::directory(0o1777).owned_by(7, 8)),
            ("a/b/c/d", Entry::symlink("x")),
            ("a/b-c", Entry::symlink("y")),
        ]);
        assert_eq!(
            listing(&tree.canonical().unwrap()),
            [
                "a 1777 7:8 a directory",
                "a/b 755 0:0 a directory",
                "a/b-c 777 0:0 a link to `y`",
                "a/b/c 755 0:0 a directory",
                "a/b/c/d 777 0:0 a link to `x`",
            ]
        );
    }

    #[test]
    fn the_first_name_of_a_file_holds_its_content() {
        let file = Entry::file(0o4755, *b"x").owned_by(1, 2);
        let later_target = tree(&[("a", link("m")), ("m", file.clone()), ("z", link("a"))]);
        let earlier_target = tree(&[("a", file), ("m", link("z")), ("z", link("a"))]);
        for tree in [later_target, earlier_target] {
            let canonical = tree.canonical().unwrap();
            assert_eq!(
                listing(&canonical),
                [
                    "a 4755 1:2 a file",
                    "m 4755 1:2 a hard link to `a`",
                    "z 4755 1:2 a hard link to `a`",
                ]
            );
            assert_eq!(
                listing(&canonical.canonical().unwrap()),
                listing(&canonical)
            );
        }
    }

    #[test]
    fn hard_links_that_lead_nowhere_are_refused() {
        let cases = [
            (tree(&[("a", link("b"))]), "not in the same layer"),
            (tree(&[("a", link("a"))]), "leads to no file"),
            (
                tree(&[("a", link("b")), ("b", link("a"))]),
                "leads to no file",
            ),
            (
                tree(&[("a", link("d")), ("d", Entry::PARENT)]),
                "not a file",
            ),
            (
                tree(&[("a", link("s")), ("s", Entry::symlink("x"))]),
                "not a file",
            ),
        ];
        for (tree, expected) in cases {
            let error = tree.canonical().unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
