//! The one thing that ZooKeeper does not promise after all. A `sync` asks only the server that believes to
//! lead, and no majority ([ZOOKEEPER-1675](https://issues.apache.org/jira/browse/ZOOKEEPER-1675)). A leader
//! that stood still while the others elected another one believes so until it next looks at its clock, and
//! may answer a `sync` that waited for it all the time: what is read then lacks the writes of the new leader.
//!
//! So a `sync` that is answered between the moment when such a leader goes on and the moment when a single
//! one leads again is counted and not refused. Nothing else is forgiven, and nothing at any other time.

use std::collections::BTreeMap;

use super::check::Violation;
use super::history::{Event, Moment, OperationId};

/// A time in which two servers may believe to lead.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// The old leader goes on.
    pub from: Moment,
    /// All serve, and one leads.
    pub to: Moment,
}

/// All such times of an ensemble.
#[derive(Debug, Clone, Default)]
pub struct Lenience {
    windows: Vec<Window>,
}

/// What is forgiven, and what is not.
#[derive(Debug, Clone, Default)]
pub struct Judgement {
    /// How many stale syncs were forgiven.
    pub forgiven: usize,
    /// What no history may show.
    pub refused: Vec<Violation>,
}

impl Lenience {
    /// Forgives stale syncs that are answered within the window.
    pub fn forgive(&mut self, window: Window) {
        self.windows.push(window);
    }

    /// Tells what is forgiven from what is not.
    #[must_use]
    pub fn split(&self, history: &[Event], violations: Vec<Violation>) -> Judgement {
        let answers: BTreeMap<OperationId, Moment> = (history.iter())
            .map(|event| (event.id, event.end))
            .collect();
        let within = |answer: &Moment| {
            let mut windows = self.windows.iter();
            windows.any(|window| (window.from..=window.to).contains(answer))
        };
        let (forgiven, refused): (Vec<_>, Vec<_>) =
            (violations.into_iter()).partition(|violation| {
                matches!(violation, Violation::StaleAfterSync { sync, .. }
                    if answers.get(sync).is_some_and(within))
            });
        Judgement {
            forgiven: forgiven.len(),
            refused,
        }
    }
}

impl From<Window> for Lenience {
    fn from(window: Window) -> Self {
        Self {
            windows: vec![window],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chaos::history::{Operation, Outcome, Zxid};

    #[test]
    fn only_stale_syncs_of_that_time_are_forgiven() {
        let sync = |number: u32, end: u64| Event {
            id: OperationId { client: 1, number },
            session: 1,
            auditor_of: None,
            start: Moment(end - 1),
            end: Moment(end),
            zxid: Zxid(1),
            operation: Operation::Sync {
                path: "/a".to_owned(),
                outcome: Outcome::Done(()),
            },
        };
        let history = [sync(0, 10), sync(1, 20), sync(2, 30)];
        let stale = |event: &Event| Violation::StaleAfterSync {
            sync: event.id,
            reader: event.id,
            at: Zxid(1),
            writer: event.id,
            zxid: Zxid(2),
        };
        let lost = Violation::Lost {
            reader: history[1].id,
            path: "/a".to_owned(),
            since: Zxid(1),
            at: Zxid(2),
        };
        let mut violations: Vec<Violation> = history.iter().map(stale).collect();
        violations.push(lost.clone());
        let lenience = Lenience::from(Window {
            from: Moment(15),
            to: Moment(25),
        });

        let judgement = lenience.split(&history, violations);

        assert_eq!(judgement.forgiven, 1);
        let refused = vec![stale(&history[0]), stale(&history[2]), lost];
        assert_eq!(judgement.refused, refused);
    }
}
