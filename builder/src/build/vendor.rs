//! Inputs into a plain directory that serves as a mirror of everything: `--mirror file:DIR`, or
//! behind any web server.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use layers::DigestWriter;

use super::Builder;
use crate::file;
use crate::plan::InputFile;

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vendored {
    /// It was there already.
    Kept,
    /// It is there now.
    Written,
}

impl Builder {
    /// Puts a file of the store where a mirror has it. One that is there with other bytes is
    /// replaced; nothing else in the directory is touched.
    pub(crate) fn vendor(&self, input: &InputFile, directory: &Path) -> anyhow::Result<Vendored> {
        let target = vendored_path(input, directory);
        if has_bytes(&target, input) {
            return Ok(Vendored::Kept);
        }
        let source = self.store.verified_path(&input.expected.digest)?;
        refuse_links(&target, directory)?;
        let parent = target.parent().unwrap_or(directory);
        fs::create_dir_all(parent)
            .with_context(|| format!("cannot create `{}`", parent.display()))?;
        file::replace(&target, |file| {
            let mut hasher = DigestWriter::new(input.expected.digest.algorithm(), file);
            io::copy(&mut File::open(&source)?, &mut hasher)?;
            let (found, _) = hasher.finish();
            match found == input.expected.digest {
                true => Ok(()),
                false => Err(io::Error::other("the cached file changed meanwhile")),
            }
        })
        .with_context(|| format!("cannot write `{}`", target.display()))?;
        Ok(Vendored::Written)
    }
}

/// A link below the directory would lead what is written somewhere else.
fn refuse_links(target: &Path, directory: &Path) -> anyhow::Result<()> {
    let below = target.ancestors().skip(1);
    match (below.take_while(|path| *path != directory)).find(|path| path.is_symlink()) {
        Some(link) => bail!("`{}` is a symbolic link", link.display()),
        None => Ok(()),
    }
}

fn vendored_path(input: &InputFile, directory: &Path) -> PathBuf {
    directory.join(input.archive.folder()).join(&input.path)
}

fn has_bytes(path: &Path, input: &InputFile) -> bool {
    let is_file = path
        .symlink_metadata()
        .is_ok_and(|metadata| metadata.is_file() && input.expected.may_have(metadata.len()));
    let hash = || -> io::Result<bool> {
        let mut hasher = DigestWriter::new(input.expected.digest.algorithm(), io::sink());
        io::copy(&mut File::open(path)?, &mut hasher)?;
        Ok(hasher.finish().0 == input.expected.digest)
    };
    is_file && hash().unwrap_or(false)
}
