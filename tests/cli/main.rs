//! Black-box tests: the real program against loopback servers, in a directory of its own, with an
//! environment of its own. Nothing here needs a network, root or a container engine.
//!
//! Transcripts are compared as they stand in the tests; `SNAPSHOTS=overwrite cargo test --test cli`
//! writes them anew.

// Every function here is part of a test, also where clippy cannot see it.
#![allow(clippy::unwrap_used)]

mod build;
mod cache;
mod damage;
mod diff;
mod dry_run;
mod export;
mod golden;
mod interrupted;
mod locked;
mod mirrors;
mod misbehaving;
mod mistakes;
mod named_mirrors;
mod offline;
mod proxies;
mod reproducible;
mod show;
mod signed;
mod sources;
mod support;
mod tampered;
mod transfers;
mod trust;
mod update;
mod vanished;
mod vendored;
mod verify;
mod verify_rebuild;
