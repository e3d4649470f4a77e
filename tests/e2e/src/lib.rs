//! What end-to-end trials stand on: a world with real images in it, a container engine, a registry,
//! and the foreign tools that judge. The trials themselves are in `trials/`.
//!
//! `cargo xtask e2e [FILTER]` runs them. They need the network, a container engine and root; a trial
//! that cannot run here is reported as ignored with the reason, and fails where `E2E_REQUIRE_ALL` is
//! set.

pub mod apt;
pub mod ask;
pub mod cargo;
pub mod certificates;
pub mod chaos;
pub mod checkout;
pub mod command;
pub mod compose;
pub mod disk;
pub mod engine;
pub mod files;
pub mod images;
pub mod layout;
pub mod manifests;
pub mod markdown;
pub mod need;
pub mod page;
pub mod registry;
pub mod swarm;
pub mod vendored;
pub mod wait;
pub mod znodes;
