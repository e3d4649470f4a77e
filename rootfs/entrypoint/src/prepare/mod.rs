//! Preparing a server: [`facts`] are looked at, a [`plan`] is made of them and the values, and only a plan
//! without problems is executed.
//!
//! Executing has an order that matters. As root: directories are created and handed to the daemon user
//! ([`directories`]), then root is given up for good ([`daemon`]), and every file is written as the daemon
//! user ([`files`]), so that what root may not do (NFS with root squash) is never asked of it, and what
//! root may do is never done to a file of the host's.

pub mod adopt;
pub mod daemon;
pub mod directories;
mod execute;
pub mod facts;
pub mod files;
pub mod history;
pub mod hooks;
pub mod lock;
pub mod memory;
pub mod mounts;
pub mod plan;
pub mod system;

pub use execute::{ExecuteError, Prepared, execute, hint};

/// The files that are laid into the configuration directory where they are missing.
pub const DEFAULT_FILES: &str = "/etc/zookeeper";
