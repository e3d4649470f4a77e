//! A tree of an image onto the host, for programs that want real files.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use layers::{ImagePath, Node, Tree};

use super::JavaError;

/// Writes the wanted part of `tree` below `root`. Absolute links are pointed into `root`, as they
/// would be after a chroot; nothing is written through a link.
pub(super) fn extract(
    tree: &Tree,
    root: &Path,
    wanted: impl Fn(&str) -> bool,
) -> Result<(), JavaError> {
    let links: BTreeSet<&ImagePath> = tree
        .iter()
        .filter(|(_, entry)| matches!(entry.node, Node::Symlink(_)))
        .map(|(path, _)| path)
        .collect();
    for (path, entry) in tree.iter().filter(|(path, _)| wanted(path.as_str())) {
        if path.ancestors().any(|ancestor| links.contains(&ancestor)) {
            return Err(JavaError::BehindLink(path.to_string()));
        }
        let host = root.join(path.as_str());
        if let Some(parent) = host.parent() {
            fs::create_dir_all(parent).map_err(JavaError::io("create", parent))?;
        }
        match &entry.node {
            Node::Directory => fs::create_dir_all(&host).map_err(JavaError::io("create", &host))?,
            Node::File(content) => {
                let mut file = File::create(&host).map_err(JavaError::io("create", &host))?;
                let mut reader = content.open()?;
                let mut buffer = vec![0; 1 << 16];
                loop {
                    match reader.read_chunk(&mut buffer)? {
                        0 => break,
                        count => std::io::Write::write_all(&mut file, &buffer[..count])
                            .map_err(JavaError::io("write", &host))?,
                    }
                }
                let mode = if entry.mode & 0o111 == 0 {
                    0o644
                } else {
                    0o755
                };
                file.set_permissions(Permissions::from_mode(mode))
                    .map_err(JavaError::io("write", &host))?;
            }
            Node::Symlink(target) => {
                let target = match target.strip_prefix('/') {
                    Some(inside) => root.join(inside),
                    None => target.into(),
                };
                symlink(&target, &host).map_err(JavaError::io("link", &host))?;
            }
            Node::HardLink(target) => {
                fs::hard_link(root.join(target.as_str()), &host)
                    .map_err(JavaError::io("link", &host))?;
            }
        }
    }
    Ok(())
}
