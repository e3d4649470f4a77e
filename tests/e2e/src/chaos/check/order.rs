//! The order of transactions against clients and the clock.

use std::collections::BTreeSet;

use super::nodes::Nodes;
use super::{Clients, Violation};
use crate::chaos::history::{End, Event, Operation, OperationId, Stat, Zxid};

pub(super) fn check(
    history: &[Event],
    clients: &Clients<'_>,
    nodes: &Nodes<'_>,
    violations: &mut Vec<Violation>,
) {
    for events in clients.values() {
        never_back(events, violations);
        after_sync(history, events, violations);
    }
    behind_content(history, violations);
    into_the_past(history, nodes, violations);
}

/// A session sees the ensemble go forward only, also over a change of server. A new session begins wherever
/// its server is: this client does not carry over what it has heard of.
fn never_back(events: &[&Event], violations: &mut Vec<Violation>) {
    let answers = || (events.iter()).filter(|event| event.operation.end() != End::Unknown);
    for (earlier, later) in answers().zip(answers().skip(1)) {
        if later.session == earlier.session && later.zxid < earlier.zxid {
            violations.push(Violation::WentBack {
                earlier: earlier.id,
                before: earlier.zxid,
                later: later.id,
                after: later.zxid,
            });
        }
    }
}

/// An answer is of a state that has what the answer speaks of. With [`never_back`] it follows that a client
/// sees what it has written.
fn behind_content(history: &[Event], violations: &mut Vec<Violation>) {
    for event in history {
        let content = match &event.operation {
            Operation::Set { outcome, .. } => outcome.done().copied().map(newest),
            Operation::Create { outcome, .. } => outcome.done().map(|created| newest(created.stat)),
            Operation::Get { outcome, .. } => {
                let found = outcome.done().and_then(Option::as_ref);
                found.map(|found| newest(found.stat))
            }
            Operation::Delete { .. } | Operation::Children { .. } | Operation::Sync { .. } => None,
        };
        if let Some(content) = content.filter(|content| *content > event.zxid) {
            violations.push(Violation::ReplyBehindContent {
                id: event.id,
                reply: event.zxid,
                content,
            });
        }
    }
}

fn newest(stat: Stat) -> Zxid {
    stat.mzxid.max(stat.czxid)
}

/// What was asked for after something else had ended is a later transaction than any that the other had
/// heard of.
fn into_the_past(history: &[Event], nodes: &Nodes<'_>, violations: &mut Vec<Violation>) {
    let mut by_end: Vec<&Event> = (history.iter())
        .filter(|event| event.operation.end() != End::Unknown)
        .collect();
    by_end.sort_by_key(|event| event.end);
    let mut writes: Vec<(&Event, Zxid)> = (history.iter())
        .filter_map(|event| Some((event, transaction(event, nodes)?)))
        .collect();
    writes.sort_by_key(|(event, _)| event.start);

    let mut ended = by_end.into_iter().peekable();
    let mut newest: Option<&Event> = None;
    for (event, zxid) in writes {
        while let Some(earlier) = ended.next_if(|earlier| earlier.end < event.start) {
            if newest.is_none_or(|newest| newest.zxid < earlier.zxid) {
                newest = Some(earlier);
            }
        }
        if let Some(earlier) = newest.filter(|newest| newest.zxid >= zxid) {
            violations.push(Violation::WrittenIntoThePast {
                writer: event.id,
                zxid,
                earlier: earlier.id,
                known: earlier.zxid,
            });
        }
    }
}

/// The transaction of a write, where anybody knows it.
fn transaction(event: &Event, nodes: &Nodes<'_>) -> Option<Zxid> {
    if let Operation::Delete { outcome, .. } = &event.operation {
        return outcome.done().map(|()| event.zxid);
    }
    nodes.placed.get(&event.id).map(|place| place.stat.mzxid)
}

/// What a session reads after a sync has everything that was promised to anybody before the sync began.
fn after_sync(history: &[Event], events: &[&Event], violations: &mut Vec<Violation>) {
    let mut promised: Option<Promises<'_>> = None;
    let mut synced: Option<&Event> = None;
    let mut told: BTreeSet<OperationId> = BTreeSet::new();
    for event in events {
        match &event.operation {
            Operation::Sync { outcome, .. } => {
                synced = outcome.done().map(|()| *event);
                continue;
            }
            Operation::Get { .. } | Operation::Children { .. } => {}
            _ => continue,
        }
        let answered = event.operation.end() == End::Done;
        let Some(sync) = synced.filter(|sync| answered && sync.session == event.session) else {
            continue;
        };
        let promises = promised.get_or_insert_with(|| Promises::of(history));
        let Some((writer, zxid)) = promises.before(sync) else {
            continue;
        };
        if event.zxid < zxid && told.insert(sync.id) {
            violations.push(Violation::StaleAfterSync {
                sync: sync.id,
                reader: event.id,
                at: event.zxid,
                writer,
                zxid,
            });
        }
    }
}

/// The newest promised transaction by the end of each write.
struct Promises<'h>(Vec<(&'h Event, OperationId, Zxid)>);

impl<'h> Promises<'h> {
    fn of(history: &'h [Event]) -> Self {
        let mut writes: Vec<&Event> = (history.iter())
            .filter(|event| event.operation.writes() && event.operation.end() == End::Done)
            .collect();
        writes.sort_by_key(|event| event.end);
        let mut newest: Option<(OperationId, Zxid)> = None;
        let promises = (writes.into_iter())
            .map(|event| {
                let own = (event.id, own_transaction(event));
                let best = newest.filter(|best| best.1 >= own.1).unwrap_or(own);
                newest = Some(best);
                (event, best.0, best.1)
            })
            .collect();
        Self(promises)
    }

    /// What was promised before an operation began.
    fn before(&self, event: &Event) -> Option<(OperationId, Zxid)> {
        let count = self
            .0
            .partition_point(|(write, ..)| write.end < event.start);
        let (_, writer, zxid) = self.0.get(count.checked_sub(1)?)?;
        Some((*writer, *zxid))
    }
}

fn own_transaction(event: &Event) -> Zxid {
    match &event.operation {
        Operation::Set { outcome, .. } => outcome.done().map_or(event.zxid, |stat| stat.mzxid),
        Operation::Create { outcome, .. } => {
            (outcome.done()).map_or(event.zxid, |created| created.stat.czxid)
        }
        _ => event.zxid,
    }
}
