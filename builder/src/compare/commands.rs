//! Programs that are in one of the images only: what people type.

use layers::inspect::EntryKind;
use serde::Serialize;

use super::files::{FileChange, FileFinding};

/// A program that is in one of the images only.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct CommandChange {
    /// Its name, without directory.
    pub command: String,
    /// What it is a link to, by name: `busybox`.
    pub program: Option<String>,
    /// Whether the second image is the one that has it.
    pub added: bool,
}

/// Links and executable files that came or went in directories called `bin` or `sbin`.
pub(super) fn changes(files: &[FileChange]) -> Vec<CommandChange> {
    let mut changes: Vec<CommandChange> = files.iter().filter_map(command).collect();
    changes.sort_by(|left, right| {
        let key = |change: &CommandChange| (!change.added, change.command.clone());
        key(left).cmp(&key(right))
    });
    changes
}

fn command(file: &FileChange) -> Option<CommandChange> {
    let (entry, added) = match &file.finding {
        FileFinding::Added { entry } => (entry, true),
        FileFinding::Removed { entry } => (entry, false),
        FileFinding::Changed { .. } | FileFinding::Moved { .. } => return None,
    };
    let (directory, name) = file.path.rsplit_once('/')?;
    let in_path = matches!(directory.rsplit('/').next(), Some("bin" | "sbin"));
    let runs = match entry.kind.0 {
        EntryKind::File => entry.mode.0 & 0o111 != 0,
        EntryKind::Symlink | EntryKind::HardLink => true,
        EntryKind::Directory | EntryKind::Other(_) => false,
    };
    let program = (entry.target.as_deref())
        .and_then(|target| target.rsplit('/').next())
        .map(str::to_owned);
    (in_path && runs).then(|| CommandChange {
        command: name.to_owned(),
        program,
        added,
    })
}
