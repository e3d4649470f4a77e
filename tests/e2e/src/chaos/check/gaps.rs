//! Gaps in a count that should have none, and the operations without an answer that may explain them.

use crate::chaos::history::{Event, Moment};

/// A step of more than one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// How many are between the one before and this one.
    pub(super) missing: usize,
    /// When all of them must have happened.
    pub(super) known_by: Moment,
}

/// The first step that the operations cannot explain, and how many are missing there. Each explains one that
/// happened after it was asked for.
///
/// Steps are in the order of transactions. What has happened by then has happened by any later moment, so
/// taking the earliest operations for the earliest steps explains all that can be explained.
pub(super) fn unexplained(steps: &[Step], unseen: &[&Event]) -> Option<(usize, usize)> {
    // Whatever comes before something known by a moment is known by it, too.
    let mut known_by = Moment(u64::MAX);
    let mut deadlines: Vec<Moment> = (steps.iter().rev())
        .map(|step| {
            known_by = known_by.min(step.known_by);
            known_by
        })
        .collect();
    deadlines.reverse();
    let mut needed = 0;
    for (index, (step, deadline)) in steps.iter().zip(deadlines).enumerate() {
        if step.missing == 0 {
            continue;
        }
        needed += step.missing;
        let there = unseen.iter().filter(|event| event.start < deadline).count();
        if there < needed {
            return Some((index, needed - there));
        }
    }
    None
}
