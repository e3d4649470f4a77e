//! The reading at the end: a promise that nobody looked for is not shown to be kept.

use std::collections::BTreeSet;

use super::Violation;
use super::nodes::{Nodes, parent};
use crate::chaos::history::{Event, Operation};

/// What was not read, after a sync, on some of these servers when everything was over: each node that was
/// made or written, each listing of nodes with numbers, and each name in such a listing.
#[must_use]
pub fn unread(history: &[Event], servers: &[&str]) -> Vec<Violation> {
    let nodes = Nodes::learn(history, &mut Vec::new());
    let mut expected: BTreeSet<String> = BTreeSet::new();
    for event in history {
        match &event.operation {
            Operation::Create {
                path,
                sequential: true,
                ..
            } => {
                expected.insert(format!("{}/", parent(path)));
            }
            Operation::Children { path, outcome } => {
                let names = outcome.done().into_iter().flatten();
                expected.extend(names.map(|name| format!("{path}/{name}")));
            }
            _ => {}
        }
    }
    // Deleted ones are in no listing; that they are in none is what is to be seen of them.
    let known = nodes.by_path.iter();
    let kept = known.filter(|(_, node)| node.made.is_some());
    let kept = kept.filter(|(_, node)| node.deleted.is_none() && node.perhaps_deleted.is_none());
    expected.extend(kept.map(|(path, _)| (*path).to_owned()));
    let gone = nodes.by_path.iter();
    let gone = gone.filter(|(_, node)| node.deleted.is_some() || node.perhaps_deleted.is_some());
    for (path, _) in gone {
        expected.remove(*path);
    }

    let mut violations = Vec::new();
    for server in servers {
        let read = read(history, server);
        let missing = expected.iter().filter(|path| !read.contains(*path));
        violations.extend(missing.map(|path| Violation::NotAudited {
            server: (*server).to_owned(),
            path: path.clone(),
        }));
    }
    violations
}

/// What was read on a server after every write had been given up: nodes, and listings with a `/` behind them.
fn read(history: &[Event], server: &str) -> BTreeSet<String> {
    let writes = history.iter().filter(|event| event.operation.writes());
    let last = writes.map(|event| event.end).max();
    let mut audit: Vec<&Event> = (history.iter())
        .filter(|event| event.auditor_of.as_deref() == Some(server))
        .filter(|event| last.is_none_or(|last| event.start > last))
        .collect();
    audit.sort_by_key(|event| event.id);
    let synced = |event: &&Event| match &event.operation {
        Operation::Sync { outcome, .. } => outcome.done().is_some(),
        _ => false,
    };
    (audit.iter().skip_while(|event| !synced(event)))
        .filter_map(|event| match &event.operation {
            Operation::Get { path, outcome } => outcome.done().map(|_| path.clone()),
            Operation::Children { path, outcome } => outcome.done().map(|_| format!("{path}/")),
            _ => None,
        })
        .collect()
}
