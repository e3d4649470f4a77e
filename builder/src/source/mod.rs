//! Where the bytes come from: one module per kind of source, every byte checked while it streams.

pub mod apache;
pub mod debian;
pub mod download;
pub mod http;
pub mod java;
pub mod keys;
mod limited;
pub mod maven;
pub mod mirror;

use std::path::PathBuf;

use mirror::UserMirrors;

/// Where inputs can be had beyond what the catalog names.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// What the user named, asked first.
    pub mirrors: UserMirrors,
    /// Where the host's apt is configured.
    pub apt_directory: PathBuf,
    /// The user's local Maven repository, where there is a home directory.
    pub maven_repository: Option<PathBuf>,
}
