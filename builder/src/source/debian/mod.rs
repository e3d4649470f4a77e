//! Debian's archives: formats (`control`, `package`, `release`, `archive`, `apt_sources`), version
//! order and closure of dependencies (`version`, `relationship`, `resolver`), and what is done with
//! them (`mirrors`, `suite`, `unpack`).

mod apt_entry;
pub mod apt_sources;
pub mod archive;
mod archive_member;
pub mod archive_path;
pub mod control;
pub mod lock;
mod mirrors;
pub mod name;
pub mod package;
pub mod packages;
pub mod relationship;
pub mod release;
pub mod resolver;
pub mod suite;
mod unpack;
pub mod version;

pub use mirrors::Mirrors;
pub use unpack::{UnpackError, UnpackedPackage};
