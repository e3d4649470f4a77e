//! What the tests stand on: inputs made in memory, a server that hands them out, a directory to work
//! in, and a reader for what comes out.

mod answer;
mod archive;
mod authority;
mod behaviour;
mod command;
mod connection;
mod deb;
mod digest;
mod fixture;
mod forgery;
mod jdk;
mod layout;
mod maven;
mod release;
mod request;
mod rewritten;
mod server;
mod signers;
mod snapshot;
mod workspace;

pub(crate) use archive::Suite;
pub(crate) use authority::Authority;
pub(crate) use behaviour::{Behaviour, RetryAfter, Tag, Target};
pub(crate) use command::{Run, Zookiln};
pub(crate) use digest::{flipped, sha256, sha512};
pub(crate) use fixture::{fixture, tarball_path};
pub(crate) use forgery::{Edit, edit_top, forge, gunzip, gzip};
pub(crate) use layout::{Layout, PlatformImage, json};
pub(crate) use request::Request;
pub(crate) use rewritten::{Member, Rewritten};
pub(crate) use server::{DEADLINE, Server};
pub(crate) use signers::{ARCHIVE, RELEASES_MANAGER, STRANGER};
pub(crate) use snapshot::Snapshot;
pub(crate) use workspace::{Workspace, names};

/// Debian's and OCI's name of this host's architecture, whose JDK runs.
pub(crate) const HOST: &str = if cfg!(target_arch = "aarch64") {
    "arm64"
} else {
    "amd64"
};
