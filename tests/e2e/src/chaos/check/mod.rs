//! Whether a history is one that ZooKeeper may show. Pure: a record in, broken promises out.
//!
//! Every answer names the newest transaction that the server had applied, and every node the transactions
//! that made it and gave it its value. So most of this is no search but arithmetic: what was read must be
//! exactly the state after that transaction, and transactions must agree with the clock.
//!
//! - `nodes` finds each write its place in the order of transactions: its own answer says it, or whoever
//!   read its value. A value that nobody wrote, that was refused, or that is in two places ends here.
//! - `versions` and `sequence`: without a gap but for writes whose answer never came.
//! - `order`: no client goes back, nothing is written into the past, a sync is worth something.
//! - `state`: each read and each listing is the state at its transaction, so nothing promised is lost.
//! - `end`: every server was read from end to end when all was over.

mod end;
mod gaps;
#[cfg(test)]
mod model;
mod nodes;
mod order;
mod sequence;
mod state;
#[cfg(test)]
mod tampered;
#[cfg(test)]
mod tests;
mod versions;
mod violation;

use std::collections::BTreeMap;

pub use end::unread;
pub use violation::{Expected, Placed, Violation};

use crate::chaos::history::{Event, Moment};
use nodes::Nodes;

/// Every promise that the history shows to be broken. The events may be in any order.
#[must_use]
pub fn check(history: &[Event]) -> Vec<Violation> {
    let mut violations = Vec::new();
    let clients = by_client(history, &mut violations);
    let nodes = Nodes::learn(history, &mut violations);
    versions::check(&nodes, &mut violations);
    sequence::check(&nodes, &mut violations);
    order::check(history, &clients, &nodes, &mut violations);
    state::check(history, &nodes, &mut violations);
    violations
}

/// The operations of each client, in its order.
type Clients<'h> = BTreeMap<u32, Vec<&'h Event>>;

fn by_client<'h>(history: &'h [Event], violations: &mut Vec<Violation>) -> Clients<'h> {
    let mut clients = Clients::new();
    for event in history {
        clients.entry(event.id.client).or_default().push(event);
    }
    for events in clients.values_mut() {
        events.sort_by_key(|event| event.id.number);
        let mut free_at = Moment(0);
        let mut previous = None;
        for event in events {
            if event.start < free_at || event.end < event.start || previous == Some(event.id) {
                violations.push(Violation::Disorder { id: event.id });
            }
            free_at = event.end;
            previous = Some(event.id);
        }
    }
    clients
}
