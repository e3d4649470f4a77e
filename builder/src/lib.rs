//! Makes OCI images of Apache ZooKeeper, without a Dockerfile, a daemon or root.
//!
//! The modules are the stations that the data passes, in order: [`catalog`] and [`lock`] are parsed,
//! [`plan`] says what is to be done, [`source`] fetches and verifies into the [`store`], [`image`]
//! assembles and writes a layout, [`export`] carries it elsewhere, [`compare`] holds two of them against
//! each other. [`cli`] has one file per command.

mod build;
pub mod catalog;
pub mod cli;
pub mod compare;
pub mod entrypoint;
pub mod export;
mod file;
pub mod image;
mod interrupt;
pub mod json;
pub mod lock;
pub mod plan;
mod printable;
pub mod progress;
mod size;
pub mod source;
pub mod store;
mod verify;

/// SHA-256 over the sources of this program: part of every key of the cache, so that no change of the
/// program meets what an earlier one has made.
pub const SOURCE_DIGEST: &str = env!("ZOOKILN_SOURCE_DIGEST");
