//! The ZooKeeper layer: the jars of a release, the same bytes whichever way they came.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use layers::{Content, Digest, Entry, ImagePath, Node, Tree};

use super::AssembleError;
use super::jars::jar_differences;
use crate::catalog::PathPatterns;
use crate::entrypoint;
use crate::plan::{ZooKeeperOrigin, ZooKeeperRecipe};
use crate::progress::Progress;
use crate::store::{Store, StoreError};

/// An archive that unpacks to more is none of Apache's.
const UNPACKED_LIMIT: u64 = 512 << 20;

/// Makes the tree. Files made on the way stay in `scratch` as long as the tree is used.
pub(super) fn tree(
    recipe: &ZooKeeperRecipe,
    store: &Store,
    progress: &Progress,
    scratch: &Path,
) -> Result<Tree, AssembleError> {
    let lib: ImagePath = format!("{}/lib", entrypoint::HOME).parse()?;
    let mut tree = Tree::new();
    match &recipe.origin {
        ZooKeeperOrigin::Jars(jars) => {
            for (coordinates, digest) in jars {
                let path = store.verified_path(digest)?;
                let size = path
                    .metadata()
                    .map_err(StoreError::io("read", &path))?
                    .len();
                let content = Content::File {
                    path: path.into(),
                    size,
                };
                tree.insert(
                    lib.join(&coordinates.file_name())?,
                    Entry::file(0o644, content),
                )?;
            }
        }
        ZooKeeperOrigin::Tarball {
            archive,
            folder,
            exclude,
            jars,
        } => {
            let unpacked = gunzip(&store.verified_path(archive)?, scratch)?;
            let prefix: ImagePath = format!("{folder}/lib").parse()?;
            let exclude = PathPatterns(exclude);
            for (path, entry) in Tree::from_tar(&unpacked)?.iter() {
                let is_jar =
                    path.parent().as_ref() == Some(&prefix) && path.as_str().ends_with(".jar");
                if is_jar && !exclude.matches(path.file_name()) {
                    let Node::File(content) = &entry.node else {
                        continue;
                    };
                    tree.insert(
                        lib.join(path.file_name())?,
                        Entry::file(0o644, content.clone()),
                    )?;
                }
            }
            let whose = "the release archive's";
            for difference in jar_differences(whose, &jars_of(&tree)?, jars) {
                progress.warn(&difference);
            }
            if tree.is_empty() {
                return Err(AssembleError::NotInPackages {
                    path: format!("{prefix}/*.jar"),
                });
            }
        }
    }
    Ok(tree)
}

/// The jars of the archive by file name.
fn jars_of(tree: &Tree) -> Result<BTreeMap<String, Digest>, AssembleError> {
    let mut jars = BTreeMap::new();
    for (path, entry) in tree.iter() {
        if let Node::File(content) = &entry.node {
            let digest = Digest::sha256_of(&content.read_all()?);
            jars.insert(path.file_name().to_owned(), digest);
        }
    }
    Ok(jars)
}

fn gunzip(archive: &Path, scratch: &Path) -> Result<PathBuf, AssembleError> {
    let target = scratch.join("release.tar");
    let input = File::open(archive).map_err(StoreError::io("open", archive))?;
    let mut output = File::create(&target).map_err(StoreError::io("create", &target))?;
    let mut decoder = std::io::Read::take(GzDecoder::new(input), UNPACKED_LIMIT);
    std::io::copy(&mut decoder, &mut output).map_err(StoreError::io("unpack", archive))?;
    Ok(target)
}
