//! Our layer: the entrypoint under all of its names, default files, and the volumes.

use layers::{Entry, Tree};

use super::AssembleError;
use crate::entrypoint;
use crate::plan::OwnRecipe;

/// Makes the tree.
pub(super) fn tree(recipe: &OwnRecipe) -> Result<Tree, AssembleError> {
    let mut tree = Tree::new();
    let bin = format!("{}/bin", entrypoint::HOME);
    let binary = entrypoint::binary(recipe.platform);
    tree.insert(
        format!("{bin}/entrypoint").parse()?,
        Entry::file(0o755, binary.to_vec()),
    )?;
    for applet in &recipe.applets {
        tree.insert(
            format!("{bin}/{applet}").parse()?,
            Entry::symlink("entrypoint"),
        )?;
    }
    for (path, bytes) in entrypoint::FILES {
        tree.insert(path.parse()?, Entry::file(0o644, bytes.to_vec()))?;
    }
    // Group 0 may write, so that an arbitrary user with group 0 works as well.
    let own = |mode| Entry::directory(mode).owned_by(recipe.user.uid, 0);
    for volume in &recipe.volumes {
        tree.insert(volume.parse()?, own(0o775))?;
        // There from the start: an engine that mounts something below it would make it as root's.
        tree.insert(format!("{volume}/zookeeper").parse()?, own(0o775))?;
    }
    tree.insert("run/zookeeper".parse()?, own(0o775))?;
    Ok(tree)
}
