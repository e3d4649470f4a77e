//! The versions of a node grow by one with each write. Only writes whose answer never came, and whose value
//! nobody has seen, can be between two that are known.

use super::Violation;
use super::gaps::{Step, unexplained};
use super::nodes::{Node, Nodes};

pub(super) fn check(nodes: &Nodes<'_>, violations: &mut Vec<Violation>) {
    for (path, node) in &nodes.by_path {
        if !grow(path, node, violations) {
            continue;
        }
        // A node begins with version 0, whoever made it.
        let mut before = 0;
        let steps: Vec<Step> = (node.values.values())
            .map(|value| {
                let missing = usize::try_from(value.version - before - 1).unwrap_or(0);
                before = value.version;
                Step {
                    missing,
                    known_by: value.known_by,
                }
            })
            .collect();
        let Some((step, missing)) = unexplained(&steps, &node.unseen) else {
            continue;
        };
        if let Some((zxid, value)) = node.values.iter().nth(step) {
            violations.push(Violation::VersionGap {
                path: (*path).to_owned(),
                version: value.version,
                zxid: *zxid,
                missing,
            });
        }
    }
}

fn grow(path: &str, node: &Node<'_>, violations: &mut Vec<Violation>) -> bool {
    let pairs = node.values.values().zip(node.values.iter().skip(1));
    let before = violations.len();
    for (earlier, (zxid, later)) in pairs {
        if later.version <= earlier.version {
            violations.push(Violation::VersionsOutOfOrder {
                path: path.to_owned(),
                before: earlier.version,
                version: later.version,
                zxid: *zxid,
            });
        }
    }
    violations.len() == before
}
