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
    format!("{}{kind}{count}", ours())
}

/// What all names of this process begin with.
fn ours() -> String {
    format!("zookiln-e2e-{}-", std::process::id())
}

/// Removes everything of this process, for one that is interrupted: its values do not go then.
pub fn sweep() {
    let filter = format!("name={}", ours());
    let words = |output: anyhow::Result<String>| -> Vec<String> {
        let output = output.unwrap_or_default();
        output.split_whitespace().map(str::to_owned).collect()
    };
    let containers = words(docker(["ps", "--all", "--quiet", "--filter", &filter]).stdout());
    let _ = docker(["rm", "--force", "--volumes"])
        .args(containers)
        .finish();
    for kind in ["volume", "network"] {
        let names = words(docker([kind, "ls", "--quiet", "--filter", &filter]).stdout());
        let _ = docker([kind, "rm"]).args(names).finish();
    }
}
