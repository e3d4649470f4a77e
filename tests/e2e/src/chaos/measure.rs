//! How long a fault was felt, by the record of the clients.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::history::{End, Event, Moment};

/// What clients felt between two moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Felt {
    /// The longest time in which nobody was promised a write.
    pub no_write: Duration,
    /// The longest time in which one of the clients got no answer.
    pub no_answer: Duration,
    /// Sessions that ended, so that their clients had to begin others.
    pub sessions_lost: usize,
    /// Operations whose outcome nobody knows.
    pub unknown: usize,
}

impl Felt {
    /// The worse of two in each respect, and the sum of what is counted.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            no_write: self.no_write.max(other.no_write),
            no_answer: self.no_answer.max(other.no_answer),
            sessions_lost: self.sessions_lost + other.sessions_lost,
            unknown: self.unknown + other.unknown,
        }
    }
}

/// What was felt between two moments. A gap counts from the last answer before the first of them.
#[must_use]
pub fn felt(events: &[Event], from: Moment, to: Moment) -> Felt {
    let workers = events.iter().filter(|event| event.auditor_of.is_none());
    let mut answers: BTreeMap<u32, Vec<Moment>> = BTreeMap::new();
    let mut sessions: BTreeMap<u32, Sessions> = BTreeMap::new();
    let mut writes = Vec::new();
    let mut unknown = 0;
    for event in workers.filter(|event| event.id.client > 0) {
        let of_client = sessions.entry(event.id.client).or_default();
        if event.session != 0 {
            match event.end {
                end if end < from => of_client.before = Some(event.session),
                end if end <= to => drop(of_client.within.insert(event.session)),
                _ => {}
            }
        }
        match event.operation.end() {
            End::Unknown if event.end >= from && event.end <= to => unknown += 1,
            End::Unknown => {}
            End::Done | End::Refused => {
                answers.entry(event.id.client).or_default().push(event.end);
            }
        }
        if event.is_promise() {
            writes.push(event.end);
        }
    }
    let no_answer = answers.into_values().map(|ends| gap(ends, from, to)).max();
    Felt {
        no_write: gap(writes, from, to),
        no_answer: no_answer.unwrap_or_default(),
        sessions_lost: sessions.values().map(Sessions::lost).sum(),
        unknown,
    }
}

#[derive(Default)]
struct Sessions {
    before: Option<i64>,
    within: BTreeSet<i64>,
}

impl Sessions {
    fn lost(&self) -> usize {
        let mut all = self.within.clone();
        all.extend(self.before);
        all.len().saturating_sub(1)
    }
}

/// The longest time between two of the moments, of which at least one is between the two others. Where there
/// is nothing before or after, these count themselves.
fn gap(mut moments: Vec<Moment>, from: Moment, to: Moment) -> Duration {
    moments.sort_unstable();
    let before = moments.iter().rev().find(|moment| **moment < from);
    let within = (moments.iter()).filter(|moment| (from..=to).contains(moment));
    let after = moments.iter().find(|moment| **moment > to);
    let all: Vec<Moment> = (std::iter::once(before.unwrap_or(&from)))
        .chain(within)
        .chain(std::iter::once(after.unwrap_or(&to)))
        .copied()
        .collect();
    let gaps = all.iter().zip(&all[1..]);
    let longest = gaps.map(|(one, other)| other.0 - one.0).max();
    Duration::from_nanos(longest.unwrap_or_default())
}

/// From one moment to another.
#[must_use]
pub fn between(from: Moment, to: Moment) -> Duration {
    Duration::from_nanos(to.0.saturating_sub(from.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chaos::history::{Operation, OperationId, Outcome, Zxid};

    fn event(client: u32, session: i64, end: u64, outcome: Outcome<()>) -> Event {
        Event {
            id: OperationId {
                client,
                number: u32::try_from(end).unwrap(),
            },
            session,
            auditor_of: None,
            start: Moment(end - 1),
            end: Moment(end),
            zxid: Zxid(0),
            operation: Operation::Delete {
                path: "/a".to_owned(),
                outcome,
            },
        }
    }

    fn done(client: u32, session: i64, end: u64) -> Event {
        event(client, session, end, Outcome::Done(()))
    }

    #[test]
    fn the_longest_gap_of_all_and_of_one() {
        let history = [
            done(1, 5, 10),
            done(2, 6, 12),
            done(1, 5, 30),
            event(2, 0, 35, Outcome::Unknown("ConnectionLoss".to_owned())),
            done(2, 7, 60),
            done(1, 5, 61),
        ];
        let felt = felt(&history, Moment(20), Moment(61));
        assert_eq!(
            felt,
            Felt {
                no_write: Duration::from_nanos(30),
                no_answer: Duration::from_nanos(48),
                sessions_lost: 1,
                unknown: 1,
            }
        );
    }

    #[test]
    fn a_gap_that_never_ends_lasts_to_the_end() {
        let felt = felt(&[done(1, 5, 10)], Moment(20), Moment(50));
        assert_eq!(felt.no_write, Duration::from_nanos(40));
    }

    #[test]
    fn what_is_before_and_after_does_not_count() {
        let history = [
            done(1, 5, 1),
            done(1, 5, 100),
            done(1, 6, 110),
            done(1, 6, 900),
        ];
        let felt = felt(&history, Moment(105), Moment(108));
        assert_eq!(felt.no_write, Duration::from_nanos(10));
        assert_eq!(felt.sessions_lost, 0);
    }
}
