//! Numbers of sequential nodes: each is given once, in the order of transactions, and none is left out but
//! for creates whose answer never came.

use std::collections::BTreeSet;

use super::Violation;
use super::gaps::{Step, unexplained};
use super::nodes::{Nodes, parent};
use crate::chaos::history::{Moment, Zxid};

/// A node that was made.
struct Made<'h> {
    zxid: Zxid,
    number: u32,
    path: &'h str,
    known_by: Moment,
}

pub(super) fn check(nodes: &Nodes<'_>, violations: &mut Vec<Violation>) {
    let parents: BTreeSet<&str> = nodes.by_path.keys().map(|path| parent(path)).collect();
    for path in parents {
        let mut made: Vec<Made<'_>> = (nodes.numbered(path))
            .filter_map(|(path, number, child)| {
                let zxid = child.made?;
                let known_by = child.values.values().map(|value| value.known_by).min()?;
                Some(Made {
                    zxid,
                    number,
                    path,
                    known_by,
                })
            })
            .collect();
        made.sort_by_key(|one| one.zxid);
        if !grow(&made, violations) {
            continue;
        }
        let mut next = 0;
        let steps: Vec<Step> = (made.iter())
            .map(|one| {
                let missing =
                    usize::try_from(one.number.saturating_sub(next)).unwrap_or(usize::MAX);
                next = one.number.saturating_add(1);
                Step {
                    missing,
                    known_by: one.known_by,
                }
            })
            .collect();
        let unseen = nodes.by_path.get(path);
        let unseen = unseen.map_or(&[][..], |node| &node.unseen_children);
        if let Some((step, missing)) = unexplained(&steps, unseen) {
            violations.push(Violation::NumberGap {
                path: made[step].path.to_owned(),
                zxid: made[step].zxid,
                missing,
            });
        }
    }
}

fn grow(made: &[Made<'_>], violations: &mut Vec<Violation>) -> bool {
    let before = violations.len();
    for (earlier, later) in made.iter().zip(made.iter().skip(1)) {
        if later.number <= earlier.number {
            violations.push(Violation::NumbersOutOfOrder {
                path: later.path.to_owned(),
                before: earlier.number,
                zxid: later.zxid,
            });
        }
    }
    violations.len() == before
}
