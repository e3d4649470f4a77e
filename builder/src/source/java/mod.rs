//! The Java runtime: the host's jlink over the target's modules.
//!
//! jlink is a Java program that only rearranges files, so the JDK of the host's architecture makes
//! the runtime of any other: nothing is installed, nothing is emulated, the host's own libraries are
//! not used.

mod cut;
mod extract;
mod jdk;
mod jlink;

use std::io;
use std::path::PathBuf;

use layers::TreeError;
use thiserror::Error;

pub use jdk::HostJdk;
pub use jlink::link;

/// Why there is no Java runtime.
#[derive(Debug, Error)]
pub enum JavaError {
    /// A file that the packages should have is not there.
    #[error("the JDK's packages have no `{0}`")]
    Missing(PathBuf),
    /// A tool of the JDK ended with an error.
    #[error("`{tool}` failed: {status}\n{output}")]
    Tool {
        /// `jlink`, `jmod`.
        tool: &'static str,
        /// Its exit status.
        status: String,
        /// What it printed.
        output: String,
    },
    /// A tool could not be started.
    #[error("cannot run `{}`", path.display())]
    Run {
        /// The program.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A module file that cannot be read.
    #[error("cannot read the module `{}`", path.display())]
    Module {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: zip::result::ZipError,
    },
    /// A package's file would land on or behind a link.
    #[error("`{0}` lies behind a symbolic link of its package")]
    BehindLink(String),
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
    /// A content of a package could not be read back.
    #[error(transparent)]
    Content(#[from] layers::ContentError),
    /// The result is no tree.
    #[error(transparent)]
    Directory(#[from] layers::DirectoryError),
    /// The result has a path that no image can have.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

impl JavaError {
    fn io(operation: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            operation,
            path,
            source,
        }
    }
}
