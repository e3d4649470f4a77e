//! The base layer: Debian's C library and friends, and the few files that a root file system has
//! without belonging to a package.

use layers::{Entry, Tree};

use super::AssembleError;
use super::packages;
use crate::catalog::UserSettings;
use crate::plan::BaseRecipe;
use crate::source::debian::UnpackedPackage;

/// Makes the tree.
pub(super) fn tree(
    recipe: &BaseRecipe,
    packages: Vec<UnpackedPackage>,
) -> Result<Tree, AssembleError> {
    let mut tree = packages::merge(packages, &recipe.exclude)?;
    let UserSettings { name, uid, gid } = &recipe.user;
    let files = [
        (
            "etc/passwd",
            format!(
                "root:x:0:0:root:/root:/bin/sh\n{name}:x:{uid}:{gid}::/srv/data:/sbin/nologin\n\
                 nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n"
            ),
        ),
        (
            "etc/group",
            format!("root:x:0:\n{name}:x:{gid}:\nnogroup:x:65534:\n"),
        ),
        // DNS after /etc/hosts; nothing else of the name service is in the image.
        (
            "etc/nsswitch.conf",
            "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n".to_owned(),
        ),
    ];
    for (path, text) in files {
        tree.insert(path.parse()?, Entry::file(0o644, text.into_bytes()))?;
    }
    let directories = [
        // Snapshot compression unpacks a native library there and runs it.
        ("tmp", 0o1777),
        ("var/tmp", 0o1777),
        ("root", 0o700),
        ("run", 0o755),
        // Where engines mount; a read-only root cannot grow them.
        ("dev", 0o755),
        ("proc", 0o755),
        ("sys", 0o755),
    ];
    for (path, mode) in directories {
        tree.replace(path.parse()?, Entry::directory(mode))?;
    }
    tree.replace("var/run".parse()?, Entry::symlink("/run"))?;
    Ok(tree)
}
