//! Deterministic container layers: a tree of files becomes a sorted tar becomes a compressed blob,
//! hashed in the same pass.
//!
//! The same tree and the same [`LayerOptions::mtime`] give the same bytes on every host, for every
//! number of threads, user, umask and time zone. To keep that promise this crate does no network,
//! prints nothing, and reads neither clock nor environment: each such input is an argument.
//!
//! The way of the data is the order of the modules:
//!
//! | station | module |
//! |---|---|
//! | a name inside an image | [`ImagePath`] |
//! | what is at that name | [`Entry`], [`Node`], [`Content`] |
//! | all names of a layer | [`Tree`], filled by hand, [from an archive](Tree::from_tar) or [from a directory](Tree::from_directory) |
//! | the tree as it will be written | [`Tree::canonical`] |
//! | tar, gzip and digests | [`write_layer`] |
//! | a layer as it is, back again | [`inspect`] |
//!
//! ```
//! use std::num::NonZeroUsize;
//! use layers::{Compression, Entry, LayerOptions, Tree, write_layer};
//!
//! let mut tree = Tree::new();
//! tree.insert("/etc/hostname".parse()?, Entry::file(0o644, *b"zookeeper\n"))?;
//!
//! let options = LayerOptions { mtime: 1_700_000_000, compression: Compression::Gzip, threads: NonZeroUsize::MIN };
//! let mut blob = Vec::new();
//! let layer = write_layer(&tree, &options, &mut blob)?;
//! assert_eq!(layer.size, blob.len() as u64);
//! assert_eq!(layer.entries, 2, "`etc` was missing and is emitted too");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod canonical;
mod content;
mod digest;
mod directory;
mod entry;
pub mod gzip;
mod hasher;
pub mod inspect;
mod layer;
mod path;
mod tar_index;
mod tree;
mod ustar;

pub use content::{Content, ContentError, ContentReader};
pub use digest::{Algorithm, DiffId, Digest, ParseDigestError};
pub use directory::{DirectoryError, Ownership};
pub use entry::{Entry, Node};
pub use hasher::{DigestWriter, Hasher};
pub use layer::{
    COMPRESSOR, Compression, FORMAT_VERSION, LayerError, LayerOptions, LayerSummary, write_layer,
};
pub use path::{ImagePath, ImagePathError};
pub use tar_index::{IndexError, MemberError};
pub use tree::{Difference, Tree, TreeError};
