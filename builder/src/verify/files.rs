//! The files of a layout: nothing but what belongs there, each blob with the bytes its name says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::Path;

use layers::inspect::printable;
use layers::{Algorithm, Digest, DigestWriter};

use super::{Fault, Finding, threads};
use crate::image::{Layout, LayoutError};

/// No blob of an image comes near. A file with holes in it can say any size, and would be read for
/// days.
const BLOB_LIMIT: u64 = 16 << 30;

/// The blobs that are there.
#[derive(Debug, Default)]
pub(super) struct Blobs {
    /// With the right bytes, and how many.
    intact: BTreeMap<Digest, u64>,
    /// Something else is there under this name, and that is a finding already.
    broken: BTreeSet<Digest>,
}

/// What a name in a directory is.
struct Found {
    name: String,
    kind: Kind,
}

#[derive(PartialEq, Eq)]
enum Kind {
    File,
    Directory,
    Other(&'static str),
}

impl Blobs {
    /// Lists and hashes everything below a layout's directory.
    pub(super) fn of(
        layout: &Layout,
        threads: NonZeroUsize,
        findings: &mut Vec<Finding>,
    ) -> Result<Self, LayoutError> {
        let root = layout.path();
        let list = |name: &str| {
            let path = root.join(name);
            list(&path).map_err(LayoutError::io("read", &path))
        };
        let top = list("")?;
        check_names(
            &top,
            "",
            &["index.json", "oci-layout"],
            &["blobs"],
            findings,
        );
        if !has_directory(&top, "blobs") {
            return Ok(Self::default());
        }
        let algorithms = list("blobs")?;
        check_names(&algorithms, "blobs/", &[], &["sha256"], findings);
        if !has_directory(&algorithms, "sha256") {
            return Ok(Self::default());
        }
        let mut blobs = Self::default();
        let mut files = Vec::new();
        for Found { name, kind } in list("blobs/sha256")? {
            let file = format!("blobs/sha256/{}", printable(name.as_bytes()));
            let Ok(digest) = Digest::new(Algorithm::Sha256, &name) else {
                findings.push(Finding::new(&file, Fault::Unknown));
                continue;
            };
            match kind {
                Kind::File => files.push(digest),
                Kind::Directory => {
                    findings.push(Finding::new(&file, Fault::NotAFile("a directory")));
                    blobs.broken.insert(digest);
                }
                Kind::Other(what) => {
                    findings.push(Finding::new(&file, Fault::NotAFile(what)));
                    blobs.broken.insert(digest);
                }
            }
        }
        let hashed = threads::map(threads, &files, |digest| hash(&layout.blob_path(digest)));
        for (digest, hashed) in files.into_iter().zip(hashed) {
            let fault = match hashed {
                Ok((found, bytes)) if found == digest => {
                    blobs.intact.insert(digest, bytes);
                    continue;
                }
                Ok((found, _)) => Fault::Content {
                    expected: digest.clone(),
                    found,
                },
                Err(error) => Fault::Unreadable(error.to_string()),
            };
            findings.push(Finding::new(&name(&digest), fault));
            blobs.broken.insert(digest);
        }
        Ok(blobs)
    }

    /// Bytes of a blob that is what its name says.
    pub(super) fn size(&self, digest: &Digest) -> Option<u64> {
        self.intact.get(digest).copied()
    }

    /// Whether there is a finding about the file of this name.
    pub(super) fn is_broken(&self, digest: &Digest) -> bool {
        self.broken.contains(digest)
    }

    /// Those that are what their names say.
    pub(super) fn all(&self) -> impl Iterator<Item = &Digest> {
        self.intact.keys()
    }

    pub(super) fn count(&self) -> usize {
        self.intact.len() + self.broken.len()
    }

    /// Of those that are what their names say.
    pub(super) fn bytes(&self) -> u64 {
        self.intact.values().sum()
    }
}

/// The file of a blob, as findings name it.
pub(super) fn name(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm(), digest.hex())
}

/// Names that are no text are shown as well as can be: they do not belong there anyway.
fn list(directory: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        found.push(Found {
            name: entry.file_name().to_string_lossy().into_owned(),
            kind: if kind.is_file() {
                Kind::File
            } else if kind.is_dir() {
                Kind::Directory
            } else if kind.is_symlink() {
                Kind::Other("a symbolic link")
            } else {
                Kind::Other("a pipe, socket or device")
            },
        });
    }
    found.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(found)
}

fn has_directory(found: &[Found], name: &str) -> bool {
    (found.iter()).any(|found| found.name == name && found.kind == Kind::Directory)
}

/// Whether a directory has these files and directories, all of them and nothing else.
fn check_names(
    found: &[Found],
    prefix: &str,
    files: &[&str],
    directories: &[&str],
    findings: &mut Vec<Finding>,
) {
    for Found { name, kind } in found {
        let file = format!("{prefix}{}", printable(name.as_bytes()));
        let (is_file, is_directory) = (
            files.contains(&name.as_str()),
            directories.contains(&name.as_str()),
        );
        let fault = match kind {
            Kind::File if is_file => continue,
            Kind::Directory if is_directory => continue,
            _ if !is_file && !is_directory => Fault::Unknown,
            Kind::File => Fault::NotAFile("a file, not a directory"),
            Kind::Directory => Fault::NotAFile("a directory"),
            Kind::Other(what) => Fault::NotAFile(what),
        };
        findings.push(Finding::new(&file, fault));
    }
    for name in files.iter().chain(directories) {
        if !found.iter().any(|found| found.name == *name) {
            findings.push(Finding::new(&format!("{prefix}{name}"), Fault::Missing));
        }
    }
}

fn hash(path: &Path) -> io::Result<(Digest, u64)> {
    let mut file = fs::File::open(path)?;
    let bytes = file.metadata()?.len();
    if bytes > BLOB_LIMIT {
        let reason = format!("{bytes} bytes are too many for a blob");
        return Err(io::Error::other(reason));
    }
    let mut hasher = DigestWriter::new(Algorithm::Sha256, io::sink());
    io::copy(&mut file.by_ref().take(bytes), &mut hasher)?;
    Ok(hasher.finish())
}
