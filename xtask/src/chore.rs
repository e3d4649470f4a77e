//! Programs that chores start: at the top of the repository, with their outputs going where ours go.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

/// The cargo that runs us.
pub(crate) fn cargo<const N: usize>(arguments: [&str; N]) -> Command {
    let mut command = program(std::env::var("CARGO").as_deref().unwrap_or("cargo"));
    command.args(arguments);
    command
}

/// A program, started at the top of the repository.
pub(crate) fn program(name: &str) -> Command {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut command = Command::new(name);
    command.current_dir(top);
    command
}

/// Runs it; any other exit status than 0 is an error.
pub(crate) fn succeed(mut command: Command) -> anyhow::Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot run `{}`", command.get_program().display()))?;
    if !status.success() {
        bail!("`{}` failed: {status}", line(&command));
    }
    Ok(())
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}
