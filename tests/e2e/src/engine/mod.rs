//! The container engine, through its command line: containers, volumes and networks with names of their
//! own that vanish with their values.
//!
//! Values go in the reverse order of their declaration, and the engine keeps a network or a volume that a
//! container uses: declare those first.

mod attached;
mod container;
mod network;
mod run;
mod volume;

use std::sync::atomic::{AtomicU32, Ordering};

pub use attached::Attached;
pub use container::{Container, Process};
pub use network::Network;
pub use run::{Run, container};
pub use volume::Volume;

use crate::command::{Call, call};

/// A call of the engine's client.
#[must_use]
pub fn docker<const N: usize>(arguments: [&str; N]) -> Call {
    call("docker").args(arguments)
}

/// A name that nothing else on this machine has.
#[must_use]
pub fn unique(kind: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("zookiln-e2e-{}-{kind}{count}", std::process::id())
}
