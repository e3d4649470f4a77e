//! Debian packages into a tree: usr-merged, without what the catalog leaves out, with what scanners
//! look for.

use std::collections::BTreeMap;

use layers::{Entry, ImagePath, Node, Tree, TreeError};
use thiserror::Error;

use crate::catalog::PathPatterns;
use crate::source::debian::UnpackedPackage;

/// Why packages do not make a tree.
#[derive(Debug, Error)]
pub enum PackagesError {
    /// Two packages disagree about a path.
    #[error("packages `{first}` and `{second}` do not go together")]
    Conflict {
        /// The one that was there.
        first: String,
        /// The one that came.
        second: String,
        /// Names the path.
        source: Box<TreeError>,
    },
    /// An entry that cannot be in an image.
    #[error("package `{package}`")]
    Entry {
        /// The package.
        package: String,
        /// Names the path.
        source: Box<TreeError>,
    },
    /// A path made by rule is none.
    #[error(transparent)]
    Path(#[from] layers::ImagePathError),
}

/// Puts all packages into one tree.
pub(super) fn merge(
    packages: Vec<UnpackedPackage>,
    exclude: &[String],
) -> Result<Tree, PackagesError> {
    let exclude = PathPatterns(exclude);
    let mut tree = Tree::new();
    let mut owners: BTreeMap<ImagePath, String> = BTreeMap::new();
    for package in packages {
        let mut shipped = Vec::new();
        for (path, entry) in package.tree.iter() {
            let Some(path) = usr_merged(path, entry)? else {
                continue;
            };
            if exclude.matches(path.as_str()) {
                continue;
            }
            tree.insert(path.clone(), usr_merged_target(entry)?)
                .map_err(|source| match owners.get(&path) {
                    Some(first) => PackagesError::Conflict {
                        first: first.clone(),
                        second: package.name.clone(),
                        source: Box::new(source),
                    },
                    None => PackagesError::Entry {
                        package: package.name.clone(),
                        source: Box::new(source),
                    },
                })?;
            if !entry.node.is_directory() {
                shipped.push(path.clone());
            }
            owners.entry(path).or_insert_with(|| package.name.clone());
        }
        add_status(&mut tree, &package, &shipped)?;
    }
    prune_empty_directories(&mut tree);
    Ok(tree)
}

/// Scanners find packages by their status and their files by the checksums beside it.
pub(super) fn add_status(
    tree: &mut Tree,
    package: &UnpackedPackage,
    shipped: &[ImagePath],
) -> Result<(), PackagesError> {
    let name = &package.name;
    let shipped_sums: String = (package.md5sums.lines())
        .filter(|line| {
            let path = line
                .split_once("  ")
                .and_then(|(_, path)| path.parse::<ImagePath>().ok());
            path.is_some_and(|path| shipped.contains(&path))
        })
        .map(|line| format!("{line}\n"))
        .collect();
    let status = format!("{}\n", package.control.trim_end());
    for (file, text) in [
        (name.clone(), status),
        (format!("{name}.md5sums"), shipped_sums),
    ] {
        let path: ImagePath = format!("var/lib/dpkg/status.d/{file}").parse()?;
        tree.insert(path, Entry::file(0o644, text.into_bytes()))
            .map_err(|source| PackagesError::Entry {
                package: name.clone(),
                source: Box::new(source),
            })?;
    }
    Ok(())
}

/// Debian's packages may still say `/lib/x` for `/usr/lib/x`; an image must have one path for it.
/// `None` for a directory that is a link in a merged root.
fn usr_merged(path: &ImagePath, entry: &Entry) -> Result<Option<ImagePath>, PackagesError> {
    const MERGED: [&str; 4] = ["bin", "lib", "lib64", "sbin"];
    let text = path.as_str();
    let (first, rest) = text.split_once('/').unwrap_or((text, ""));
    if !MERGED.contains(&first) {
        return Ok(Some(path.clone()));
    }
    match (rest.is_empty(), entry.node.is_directory()) {
        (true, true) => Ok(None),
        (true, false) => Ok(Some(path.clone())),
        (false, _) => Ok(Some(format!("usr/{text}").parse()?)),
    }
}

/// A hard link names its target by path, which is merged too.
fn usr_merged_target(entry: &Entry) -> Result<Entry, PackagesError> {
    let mut entry = entry.clone();
    if let Node::HardLink(target) = &entry.node {
        let file = Entry::file(0o644, Vec::new());
        if let Some(merged) = usr_merged(target, &file)? {
            entry.node = Node::HardLink(merged);
        }
    }
    Ok(entry)
}

/// A directory that exclusion has emptied says nothing.
fn prune_empty_directories(tree: &mut Tree) {
    loop {
        let parents: std::collections::BTreeSet<ImagePath> =
            tree.iter().filter_map(|(path, _)| path.parent()).collect();
        let before = tree.len();
        tree.retain(|path, entry| !entry.node.is_directory() || parents.contains(path));
        if tree.len() == before {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, entries: &[(&str, Entry)]) -> UnpackedPackage {
        let mut tree = Tree::new();
        let mut md5sums = String::new();
        for (path, entry) in entries {
            tree.insert(path.parse().unwrap(), entry.clone()).unwrap();
            md5sums.push_str(&format!("0123  {path}\n"));
        }
        let control = format!("Package: {name}\nVersion: 1\n");
        UnpackedPackage {
            name: name.to_owned(),
            control,
            md5sums,
            tree,
        }
    }

    fn file(text: &str) -> Entry {
        Entry::file(0o644, text.as_bytes().to_vec())
    }

    fn paths(tree: &Tree) -> Vec<&str> {
        tree.iter().map(|(path, _)| path.as_str()).collect()
    }

    #[test]
    fn old_paths_are_merged_below_usr() {
        let base = package(
            "base",
            &[
                ("lib", Entry::symlink("usr/lib")),
                ("usr/lib", Entry::directory(0o755)),
            ],
        );
        let old = package(
            "old",
            &[("lib", Entry::directory(0o755)), ("lib/x.so", file("x"))],
        );
        let tree = merge(vec![base, old], &[]).unwrap();
        assert!(matches!(
            tree.get(&"lib".parse().unwrap()).unwrap().node,
            Node::Symlink(_)
        ));
        assert!(tree.get(&"usr/lib/x.so".parse().unwrap()).is_some());
        assert!(!paths(&tree).contains(&"lib/x.so"));
    }

    #[test]
    fn the_same_path_with_other_bytes_names_both_packages() {
        let first = package("first", &[("etc/file", file("one"))]);
        let second = package("second", &[("etc/file", file("two"))]);
        let error = merge(vec![first, second], &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "packages `first` and `second` do not go together"
        );
        assert!(
            std::error::Error::source(&error)
                .unwrap()
                .to_string()
                .contains("etc/file")
        );
    }

    #[test]
    fn what_is_excluded_is_not_listed_for_scanners_either() {
        let exclude = ["usr/share/man/**".to_owned(), "usr/lib/*/lib*.a".to_owned()];
        let entries = [
            ("usr/share/man/man1/x.1", file("page")),
            ("usr/lib/triplet/libx.a", file("archive")),
            ("usr/lib/triplet/libx.so", file("library")),
        ];
        let tree = merge(vec![package("x", &entries)], &exclude).unwrap();
        assert_eq!(
            paths(&tree),
            [
                "usr/lib/triplet/libx.so",
                "var/lib/dpkg/status.d/x",
                "var/lib/dpkg/status.d/x.md5sums"
            ]
        );
        let Node::File(sums) = &tree
            .get(&"var/lib/dpkg/status.d/x.md5sums".parse().unwrap())
            .unwrap()
            .node
        else {
            panic!("the checksums are no file");
        };
        assert_eq!(sums.read_all().unwrap(), b"0123  usr/lib/triplet/libx.so\n");
    }

    #[test]
    fn a_directory_that_exclusion_empties_goes_with_its_parents() {
        let entries = [
            ("usr/share/doc", Entry::directory(0o755)),
            ("usr/share/doc/x", Entry::directory(0o755)),
            ("usr/share/doc/x/changelog", file("log")),
        ];
        let tree = merge(
            vec![package("x", &entries)],
            &["usr/share/doc/*/changelog*".to_owned()],
        )
        .unwrap();
        assert!(
            paths(&tree)
                .iter()
                .all(|path| path.starts_with("var/lib/dpkg/"))
        );
    }
}
