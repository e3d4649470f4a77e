//! A verified package as a tree, its contents left in one uncompressed archive: no name out of a
//! package ever becomes a path of this host.

use std::fs::File;
use std::io::{self, BufReader, BufWriter};
use std::path::{Path, PathBuf};

use layers::{IndexError, Tree};
use thiserror::Error;

use super::archive::{ArchiveError, DebArchive};

/// The largest package we take, openjdk's, unpacks to less than a tenth.
const LARGEST_DATA: u64 = 4 << 30;

/// What is in a package.
#[derive(Debug)]
pub struct UnpackedPackage {
    /// `libc6`
    pub name: String,
    /// Its control paragraph.
    pub control: String,
    /// A line per file.
    pub md5sums: String,
    /// Its files; contents are ranges of an archive in the scratch directory.
    pub tree: Tree,
}

/// Why a package cannot be unpacked.
#[derive(Debug, Error)]
pub enum UnpackError {
    /// The file system refused.
    #[error("cannot {operation} `{}`", path.display())]
    Io {
        /// A verb, to be read before the path.
        operation: &'static str,
        /// What it was done to.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No package, or a damaged one.
    #[error("package `{name}`")]
    Archive {
        /// The package.
        name: String,
        /// What is wrong with it.
        source: ArchiveError,
    },
    /// Its files cannot be in an image.
    #[error("package `{name}`")]
    Index {
        /// The package.
        name: String,
        /// Names the entry.
        source: IndexError,
    },
}

impl UnpackedPackage {
    /// Reads the package in `file`. Its contents stay in `scratch` as long as the tree is used.
    pub fn unpack(name: &str, file: &Path, scratch: &Path) -> Result<Self, UnpackError> {
        let io = |operation: &'static str, path: &Path| {
            let path = path.to_owned();
            move |source| UnpackError::Io {
                operation,
                path,
                source,
            }
        };
        let archive = |source| UnpackError::Archive {
            name: name.to_owned(),
            source,
        };
        let input = BufReader::new(File::open(file).map_err(io("open", file))?);
        let package = DebArchive::open(input).map_err(archive)?;
        let control = package.control().clone();

        // Named by us: two architectures of one package may be in use at once.
        let (output, path) = tempfile::Builder::new()
            .suffix(".tar")
            .tempfile_in(scratch)
            .and_then(|file| file.keep().map_err(|error| error.error))
            .map_err(io("create a file in", scratch))?;
        let mut output = BufWriter::with_capacity(1 << 16, output);
        package
            .copy_data_tar(&mut output, LARGEST_DATA)
            .map_err(archive)?;
        output
            .into_inner()
            .map_err(|error| io("write", &path)(error.into_error()))?;
        let tree = Tree::from_tar(&path).map_err(|source| UnpackError::Index {
            name: name.to_owned(),
            source,
        })?;
        Ok(Self {
            name: name.to_owned(),
            control: control.control,
            md5sums: control.md5sums.unwrap_or_default(),
            tree,
        })
    }
}
