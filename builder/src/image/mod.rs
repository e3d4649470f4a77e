//! From recipes and verified inputs to an image: layers, config, manifest, index, layout.

mod base;
mod config;
mod jars;
mod java;
mod layer;
mod layout;
mod own;
mod packages;
mod read;
mod record;
mod shell;
mod write;
mod zookeeper;

use thiserror::Error;

use crate::source::debian::UnpackError;
use crate::source::java::JavaError;
use crate::store::StoreError;

pub use jars::{jar_differences, jars_of_image};
pub use layer::{Assembler, Layer};
pub use layout::{Layout, LayoutError};
pub use read::{Blob, Image, PlatformImage};
pub use record::Record;
pub(crate) use record::Seal;
pub use write::{Written, up_to_date, write_image};

/// Why a layer was not made.
#[derive(Debug, Error)]
pub enum AssembleError {
    /// An input is not what it was, or the store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A package that cannot be unpacked.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    /// Packages that do not go together.
    #[error(transparent)]
    Packages(#[from] packages::PackagesError),
    /// The Java runtime was not made.
    #[error("cannot make the Java runtime")]
    Java(#[from] JavaError),
    /// What a layer is about is not in its inputs.
    #[error("the inputs have no `{path}`")]
    NotInPackages {
        /// The path, or a pattern.
        path: String,
    },
    /// The lock pins different versions of one package.
    #[error("the lock has different versions of `{name}` for {host} and {target}")]
    VersionsApart {
        /// The package.
        name: String,
        /// Whose jlink runs.
        host: crate::catalog::Platform,
        /// Whose runtime is made.
        target: crate::catalog::Platform,
    },
    /// A path made by rule or named by the catalog is none.
    #[error(transparent)]
    Path(#[from] layers::ImagePathError),
    /// Entries that do not go together.
    #[error(transparent)]
    Tree(#[from] layers::TreeError),
    /// An archive that cannot be indexed.
    #[error(transparent)]
    Index(#[from] layers::IndexError),
    /// A file of an input could not be read back.
    #[error(transparent)]
    Content(#[from] layers::ContentError),
    /// The layer could not be written.
    #[error(transparent)]
    Layer(#[from] layers::LayerError),
}
