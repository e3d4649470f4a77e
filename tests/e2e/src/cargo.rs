//! The program as cargo compiles it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::command::{Call, call};

/// The checkout of this run.
#[must_use]
pub fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Compiles the program of a checkout, and has cargo say what it made; for [`messages`].
#[must_use]
pub fn build(checkout: &Path) -> Call {
    call(cargo())
        .args(["build", "--locked", "--package", "zookiln"])
        .args(["--message-format", "json-render-diagnostics"])
        .directory(checkout)
}

/// Which cargo that is.
#[must_use]
pub fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}

/// What cargo says of each thing that it made or had.
pub fn messages(build: Call) -> anyhow::Result<Vec<Value>> {
    let said = build.succeed()?.stdout;
    let messages = said
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    Ok(messages.collect())
}

/// Where cargo put the program.
#[must_use]
pub fn executable(messages: &[Value]) -> Option<PathBuf> {
    let mut executables = messages
        .iter()
        .filter_map(|message| message["executable"].as_str());
    executables.next().map(PathBuf::from)
}
