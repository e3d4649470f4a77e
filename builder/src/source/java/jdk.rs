//! A JDK that runs on this host without being installed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use layers::Tree;

use super::JavaError;
use super::extract::extract;
use crate::catalog::Platform;

/// An unpacked JDK with the C libraries it was built for.
#[derive(Debug)]
pub struct HostJdk {
    root: PathBuf,
    home: PathBuf,
    platform: Platform,
}

impl HostJdk {
    /// Unpacks what running the JDK's tools takes. `packages` are the JDK, its runtime and their
    /// libraries for `platform`, which must be the host's.
    pub fn unpack<'a>(
        packages: impl Iterator<Item = &'a Tree>,
        root: &Path,
        platform: Platform,
    ) -> Result<Self, JavaError> {
        let libraries = format!("usr/lib/{}/", platform.triplet());
        for tree in packages {
            extract(tree, root, |path| {
                let jdk = path.starts_with("usr/lib/jvm/") && !path.contains("/jmods/");
                // The runtime's settings are links into /etc.
                jdk || path.starts_with("etc/java")
                    || path.starts_with(&libraries) && !path.contains("/gconv/")
            })?;
        }
        let home = find_home(&root.join("usr/lib/jvm"))?;
        Ok(Self {
            root: root.to_owned(),
            home,
            platform,
        })
    }

    /// Runs a tool of the JDK by the unpacked program loader, so that neither the host's C library nor
    /// its environment (`JAVA_TOOL_OPTIONS`) plays a part.
    pub(super) fn run(&self, tool: &'static str, arguments: &[&str]) -> Result<String, JavaError> {
        let libraries = self.root.join("usr/lib").join(self.platform.triplet());
        let loader = libraries.join(self.platform.loader());
        if !loader.exists() {
            return Err(JavaError::Missing(loader));
        }
        let search = [
            libraries.clone(),
            self.home.join("lib"),
            self.home.join("lib/server"),
        ]
        .map(|path| path.display().to_string())
        .join(":");
        let output = Command::new(&loader)
            .arg("--library-path")
            .arg(search)
            .arg(self.home.join("bin").join(tool))
            .args(arguments)
            .env_clear()
            .stdin(Stdio::null())
            .output()
            .map_err(|source| JavaError::Run {
                path: loader.clone(),
                source,
            })?;
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(text);
        }
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        Err(JavaError::Tool {
            tool,
            status: output.status.to_string(),
            output: text.trim_end().to_owned(),
        })
    }
}

/// The one directory below `/usr/lib/jvm` that has `bin/jlink`.
fn find_home(parent: &Path) -> Result<PathBuf, JavaError> {
    let missing = || JavaError::Missing(parent.join("*/bin/jlink"));
    let entries = std::fs::read_dir(parent).map_err(|_| missing())?;
    let mut homes: Vec<PathBuf> = (entries.flatten())
        .map(|entry| entry.path())
        .filter(|path| path.join("bin/jlink").exists() && !path.is_symlink())
        .collect();
    homes.sort();
    homes.into_iter().next().ok_or_else(missing)
}
