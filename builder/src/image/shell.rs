//! The shell layer of variant `full`: bash, and busybox under the names of the usual small tools.

use layers::{Entry, ImagePath, Tree};

use super::AssembleError;
use super::packages;
use crate::plan::ShellRecipe;
use crate::source::debian::UnpackedPackage;

/// Makes the tree.
pub(super) fn tree(
    recipe: &ShellRecipe,
    packages: Vec<UnpackedPackage>,
) -> Result<Tree, AssembleError> {
    let mut tree = packages::merge(packages, &recipe.exclude)?;
    let busybox: ImagePath = recipe.busybox.parse()?;
    if tree.get(&busybox).is_none() {
        return Err(AssembleError::NotInPackages {
            path: busybox.to_string(),
        });
    }
    for applet in &recipe.applets {
        tree.insert(
            format!("usr/bin/{applet}").parse()?,
            Entry::symlink("busybox"),
        )?;
    }
    for (path, target) in &recipe.links {
        tree.insert(path.parse()?, Entry::symlink(target.clone()))?;
    }
    Ok(tree)
}
