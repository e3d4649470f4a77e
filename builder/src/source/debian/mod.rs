//! Debian's archives: formats (`control`, `package`, `release`, `archive`), version order and closure
//! of dependencies (`version`, `relationship`, `resolver`), what the host's apt knows of them
//! (`apt_host` and what it is made of), whom to believe (`in_release`, `accept`), and what is done with
//! them (`mirrors`, `suite`, `unpack`).

mod accept;
pub mod apt_auth;
mod apt_configuration;
mod apt_entry;
pub mod apt_file;
pub mod apt_host;
pub mod apt_proxy;
mod apt_sources;
pub mod apt_statement;
mod apt_word;
pub mod archive;
mod archive_member;
pub mod archive_path;
pub mod control;
mod in_release;
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
