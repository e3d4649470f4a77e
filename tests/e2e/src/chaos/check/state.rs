//! What was read is the state after the transaction that the answer names: nothing older, nothing newer,
//! nothing missing.

use std::collections::{BTreeMap, BTreeSet};

use super::Violation;
use super::nodes::{Node, Nodes};
use crate::chaos::history::{End, Event, Operation, Outcome, Zxid};

/// The error of a server for a node that is not there.
const NO_NODE: &str = "NoNodeError";

/// The error of a server for a name that is taken.
const NODE_EXISTS: &str = "NodeExistsError";

/// The error of a server for a condition that does not hold.
const BAD_VERSION: &str = "BadVersionError";

pub(super) fn check(history: &[Event], nodes: &Nodes<'_>, violations: &mut Vec<Violation>) {
    let mut sightings = Sightings::default();
    for event in history {
        match &event.operation {
            Operation::Get { path, outcome } => match outcome {
                Outcome::Done(Some(found)) => {
                    sightings.present(path, event);
                    values(event, path, found.stat.mzxid, nodes, violations);
                }
                Outcome::Done(None) => sightings.absent(path, event),
                Outcome::Refused(error) => refusal(event, error, violations),
                Outcome::Unknown(_) => {}
            },
            Operation::Children { path, outcome } => match outcome {
                Outcome::Done(names) => sightings.listing(path, names, event),
                Outcome::Refused(error) => refusal(event, error, violations),
                Outcome::Unknown(_) => {}
            },
            Operation::Set {
                path,
                expected,
                outcome,
            } => match (outcome, expected) {
                (Outcome::Refused(error), _) if error == NO_NODE => sightings.absent(path, event),
                (Outcome::Refused(error), Some(version)) if error == BAD_VERSION => {
                    condition(event, path, *version, nodes, violations);
                }
                (Outcome::Refused(error), _) => refusal(event, error, violations),
                _ => {}
            },
            Operation::Delete {
                path,
                outcome: Outcome::Refused(error),
            } => match error.as_str() {
                NO_NODE => sightings.absent(path, event),
                _ => refusal(event, error, violations),
            },
            Operation::Create {
                path,
                sequential: false,
                outcome: Outcome::Refused(error),
            } if error == NODE_EXISTS => exists(event, path, history, violations),
            Operation::Create {
                outcome: Outcome::Refused(error),
                ..
            }
            | Operation::Sync {
                outcome: Outcome::Refused(error),
                ..
            } => refusal(event, error, violations),
            _ => {}
        }
    }
    sightings.check(nodes, violations);
}

fn refusal(event: &Event, error: &str, violations: &mut Vec<Violation>) {
    violations.push(Violation::Refusal {
        id: event.id,
        path: event.operation.path().to_owned(),
        error: error.to_owned(),
    });
}

/// A name is taken only by a create that may have happened.
fn exists(event: &Event, path: &str, history: &[Event], violations: &mut Vec<Violation>) {
    let taken = history.iter().any(|other| {
        let creates =
            matches!(&other.operation, Operation::Create { path: name, .. } if name == path);
        creates && other.operation.end() != End::Refused && other.start < event.end
    });
    if !taken {
        refusal(event, NODE_EXISTS, violations);
    }
}

/// The value that was read is the newest of the state.
fn values(
    event: &Event,
    path: &str,
    read: Zxid,
    nodes: &Nodes<'_>,
    violations: &mut Vec<Violation>,
) {
    let Some(node) = nodes.by_path.get(path) else {
        return;
    };
    let newest = node.values.range(..=event.zxid).next_back();
    if let Some((newer, _)) = newest.filter(|(newest, _)| **newest > read) {
        violations.push(Violation::NotTheState {
            reader: event.id,
            path: path.to_owned(),
            read,
            at: event.zxid,
            newer: *newer,
        });
    }
}

/// A conditional write is refused by the state at its own transaction, which is that of the answer. Where a
/// write is somewhere and nobody knows where, that state is not known.
fn condition(
    event: &Event,
    path: &str,
    expected: i32,
    nodes: &Nodes<'_>,
    violations: &mut Vec<Violation>,
) {
    let Some(node) = nodes
        .by_path
        .get(path)
        .filter(|node| node.unseen.is_empty())
    else {
        return;
    };
    let newest = node.values.range(..=event.zxid).next_back();
    if newest.is_some_and(|(_, value)| value.version == expected) {
        violations.push(Violation::ConditionHeld {
            id: event.id,
            path: path.to_owned(),
            version: expected,
        });
    }
}

/// Where each node was there, and where it was not.
#[derive(Default)]
struct Sightings<'h> {
    present: BTreeMap<String, Vec<&'h Event>>,
    absent: BTreeMap<String, Vec<&'h Event>>,
    listings: BTreeMap<&'h str, Vec<Listing<'h>>>,
}

struct Listing<'h> {
    event: &'h Event,
    names: BTreeSet<&'h str>,
}

impl<'h> Sightings<'h> {
    fn present(&mut self, path: &str, event: &'h Event) {
        self.present.entry(path.to_owned()).or_default().push(event);
    }

    fn absent(&mut self, path: &str, event: &'h Event) {
        self.absent.entry(path.to_owned()).or_default().push(event);
    }

    fn listing(&mut self, path: &'h str, names: &'h [String], event: &'h Event) {
        for name in names {
            self.present(&format!("{path}/{name}"), event);
        }
        let names = names.iter().map(String::as_str).collect();
        let listings = self.listings.entry(path).or_default();
        listings.push(Listing { event, names });
    }

    fn check(mut self, nodes: &Nodes<'_>, violations: &mut Vec<Violation>) {
        self.note_unlisted(nodes);
        let unknown = Node::default();
        let paths: BTreeSet<&String> = self.present.keys().chain(self.absent.keys()).collect();
        for path in paths {
            let sight = Sight {
                path,
                node: nodes.by_path.get(path.as_str()).unwrap_or(&unknown),
                present: self.present.get(path).map_or(&[], Vec::as_slice),
                absent: self.absent.get(path).map_or(&[], Vec::as_slice),
            };
            sight.check(violations);
        }
    }

    /// A node that is not in a listing of its parent was absent.
    fn note_unlisted(&mut self, nodes: &Nodes<'_>) {
        let mut unlisted: Vec<(String, &'h Event)> = Vec::new();
        for (parent, listings) in &self.listings {
            let below = format!("{parent}/");
            let made = nodes.numbered(parent).map(|(path, ..)| path);
            let seen = (self.present.range(below.clone()..)).map(|(path, _)| path.as_str());
            let seen = seen.take_while(|path| path.starts_with(&below));
            let known: BTreeSet<&str> = made.chain(seen).collect();
            for path in known {
                let name = &path[below.len()..];
                let without = listings.iter().filter(|one| !one.names.contains(name));
                unlisted.extend(without.map(|listing| (path.to_owned(), listing.event)));
            }
        }
        for (path, event) in unlisted {
            self.absent(&path, event);
        }
    }
}

/// All that was seen of one node.
struct Sight<'s> {
    path: &'s str,
    node: &'s Node<'s>,
    present: &'s [&'s Event],
    absent: &'s [&'s Event],
}

impl Sight<'_> {
    fn check(&self, violations: &mut Vec<Violation>) {
        self.too_early(violations);
        self.too_late(violations);
        self.missing(violations);
    }

    fn too_early(&self, violations: &mut Vec<Violation>) {
        let Some(made) = self.node.made else {
            return;
        };
        if let Some(event) = self.present.iter().find(|event| event.zxid < made) {
            violations.push(Violation::NotYetMade {
                reader: event.id,
                path: self.path.to_owned(),
                made,
                at: event.zxid,
            });
        }
    }

    fn too_late(&self, violations: &mut Vec<Violation>) {
        let Some(gone) = self.gone() else {
            return;
        };
        if let Some(event) = self.present.iter().find(|event| event.zxid >= gone) {
            violations.push(Violation::CameBack {
                reader: event.id,
                path: self.path.to_owned(),
                gone,
                at: event.zxid,
            });
        }
    }

    /// Names are never given again, so what was there and is not is gone for good.
    fn gone(&self) -> Option<Zxid> {
        let since = self.since()?;
        let missed = self.absent.iter().map(|event| event.zxid);
        self.node
            .deleted
            .into_iter()
            .chain(missed.filter(|missed| *missed >= since))
            .min()
    }

    /// When it was there first, as far as anybody knows.
    fn since(&self) -> Option<Zxid> {
        let seen = self.present.iter().map(|event| event.zxid);
        seen.chain(self.node.made).min()
    }

    fn missing(&self, violations: &mut Vec<Violation>) {
        let Some(since) = self.since() else {
            return;
        };
        let missed = (self.absent.iter())
            .filter(|event| event.zxid >= since)
            .find(
                |event| match (self.node.deleted, self.node.perhaps_deleted) {
                    (Some(deleted), _) => event.zxid < deleted,
                    (None, Some(asked)) => event.end < asked,
                    (None, None) => true,
                },
            );
        if let Some(event) = missed {
            violations.push(Violation::Lost {
                reader: event.id,
                path: self.path.to_owned(),
                since,
                at: event.zxid,
            });
        }
    }
}
