//! Where each write is in the order of transactions, as far as anybody has heard.

use std::collections::{BTreeMap, HashMap};

use super::{Expected, Placed, Violation};
use crate::chaos::history::{End, Event, Moment, Operation, OperationId, Stat, Zxid};

/// All nodes that anybody has heard of, by path.
#[derive(Debug, Default)]
pub(super) struct Nodes<'h> {
    pub(super) by_path: BTreeMap<&'h str, Node<'h>>,
    /// The writes whose place is known.
    pub(super) placed: HashMap<OperationId, Place<'h>>,
    events: HashMap<OperationId, &'h Event>,
}

/// A node.
#[derive(Debug, Default)]
pub(super) struct Node<'h> {
    /// Its values, by the transaction that wrote each.
    pub(super) values: BTreeMap<Zxid, Value>,
    /// The transaction that made it.
    pub(super) made: Option<Zxid>,
    /// Writes on it that may have happened without anybody having seen their value.
    pub(super) unseen: Vec<&'h Event>,
    /// The transaction that took it away.
    pub(super) deleted: Option<Zxid>,
    /// When somebody asked to take it away and never heard of it again.
    pub(super) perhaps_deleted: Option<Moment>,
    /// Creates of sequential nodes below it that may have happened without anybody having seen theirs.
    pub(super) unseen_children: Vec<&'h Event>,
}

/// A value of a node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value {
    pub(super) writer: OperationId,
    pub(super) version: i32,
    /// When it must have been written: somebody knew of it.
    pub(super) known_by: Moment,
}

/// Where a write is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'h> {
    pub(super) path: &'h str,
    pub(super) stat: Stat,
}

/// A value and its place, as an event tells it.
struct Told<'h> {
    by: &'h Event,
    path: &'h str,
    writer: OperationId,
    stat: Stat,
}

impl<'h> Nodes<'h> {
    /// Learns from what writes were promised first, and then from what was read.
    pub(super) fn learn(history: &'h [Event], violations: &mut Vec<Violation>) -> Self {
        let mut nodes = Self {
            events: history.iter().map(|event| (event.id, event)).collect(),
            ..Self::default()
        };
        for event in history {
            nodes.learn_from_write(event, violations);
        }
        for event in history {
            let Operation::Get { path, outcome } = &event.operation else {
                continue;
            };
            let Some(Some(found)) = outcome.done() else {
                continue;
            };
            match writer(&found.value) {
                Some(writer) if nodes.events.contains_key(&writer) => {
                    let stat = found.stat;
                    let told = Told {
                        by: event,
                        path,
                        writer,
                        stat,
                    };
                    nodes.place(told, violations);
                }
                _ => violations.push(Violation::Invented {
                    id: event.id,
                    path: path.clone(),
                    value: found.value.clone(),
                }),
            }
        }
        nodes.note_unseen(history);
        nodes
    }

    /// The events of a write.
    pub(super) fn event(&self, id: OperationId) -> &'h Event {
        self.events[&id]
    }

    fn learn_from_write(&mut self, event: &'h Event, violations: &mut Vec<Violation>) {
        let (path, stat) = match &event.operation {
            Operation::Set { path, outcome, .. } => (path, outcome.done().copied()),
            Operation::Create { path, outcome, .. } => match outcome.done() {
                Some(created) => (&created.path, Some(created.stat)),
                None => (path, None),
            },
            Operation::Delete { path, outcome } => {
                let node = self.by_path.entry(path).or_default();
                match outcome.end() {
                    End::Done => node.deleted = Some(event.zxid),
                    End::Unknown => node.perhaps_deleted = Some(event.start),
                    End::Refused => {}
                }
                return;
            }
            _ => return,
        };
        if let Some(stat) = stat {
            let told = Told {
                by: event,
                path,
                writer: event.id,
                stat,
            };
            self.place(told, violations);
        }
    }

    fn place(&mut self, told: Told<'h>, violations: &mut Vec<Violation>) {
        let Told {
            by,
            path,
            writer,
            stat,
        } = told;
        let event = self.event(writer);
        if let Some(violation) = misplaced(&told, event) {
            violations.push(violation);
            return;
        }
        let place = *self.placed.entry(writer).or_insert(Place { path, stat });
        if place.path != path || place.stat != stat {
            violations.push(Violation::Moved {
                id: by.id,
                writer,
                placed: Placed {
                    path: place.path.to_owned(),
                    stat: place.stat,
                },
                path: path.to_owned(),
                found: stat,
            });
            return;
        }
        let node = self.by_path.entry(path).or_default();
        let made = *node.made.get_or_insert(stat.czxid);
        if made != stat.czxid {
            violations.push(Violation::MadeTwice {
                id: by.id,
                path: path.to_owned(),
                made,
                found: stat.czxid,
            });
            return;
        }
        let value = node.values.entry(stat.mzxid).or_insert(Value {
            writer,
            version: stat.version,
            known_by: by.end,
        });
        value.known_by = value.known_by.min(by.end);
        if value.writer != writer {
            violations.push(Violation::Contradiction {
                id: by.id,
                path: path.to_owned(),
                zxid: stat.mzxid,
                one: writer,
                other: value.writer,
            });
        }
    }

    fn note_unseen(&mut self, history: &'h [Event]) {
        for event in history {
            if event.operation.end() != End::Unknown || self.placed.contains_key(&event.id) {
                continue;
            }
            match &event.operation {
                Operation::Set { path, .. } => {
                    self.by_path.entry(path).or_default().unseen.push(event);
                }
                Operation::Create {
                    path,
                    sequential: true,
                    ..
                } => {
                    let node = self.by_path.entry(parent(path)).or_default();
                    node.unseen_children.push(event);
                }
                _ => {}
            }
        }
    }

    /// The nodes below a path whose names end in a number, with these numbers.
    pub(super) fn numbered(
        &self,
        path: &'h str,
    ) -> impl Iterator<Item = (&'h str, u32, &Node<'h>)> + '_ {
        (self.by_path.range(path..))
            .take_while(move |(name, _)| name.starts_with(path))
            .filter(move |(name, _)| name.len() > path.len() && parent(name) == path)
            .filter_map(|(name, node)| Some((*name, number(name)?, node)))
    }
}

/// Why a value cannot be where it is said to be.
fn misplaced(told: &Told<'_>, event: &Event) -> Option<Violation> {
    let (id, path, writer) = (told.by.id, told.path.to_owned(), told.writer);
    let expected = match &event.operation {
        Operation::Set {
            path: asked,
            expected,
            ..
        } if asked == told.path => match expected {
            Some(version) => Expected::ReplacesVersion(*version),
            None => Expected::Replaces,
        },
        Operation::Create {
            path: asked,
            sequential,
            ..
        } if asked == told.path || (*sequential && numbered_after(asked, told.path)) => {
            Expected::Creates
        }
        _ => {
            let value = writer.to_string();
            return Some(Violation::Invented { id, path, value });
        }
    };
    if event.operation.end() == End::Refused {
        return Some(Violation::RefusedButThere { id, writer, path });
    }
    if told.by.end < event.start {
        return Some(Violation::BeforeItWasAsked { id, writer, path });
    }
    let fits = match expected {
        Expected::Creates => told.stat.version == 0 && told.stat.mzxid == told.stat.czxid,
        Expected::Replaces => told.stat.version > 0,
        Expected::ReplacesVersion(version) => told.stat.version == version + 1,
    };
    (!fits).then_some(Violation::WrongVersion {
        writer,
        path,
        expected,
        found: told.stat.version,
    })
}

/// The write that a value names.
fn writer(value: &str) -> Option<OperationId> {
    let (client, number) = value.split_once('-')?;
    Some(OperationId {
        client: client.parse().ok()?,
        number: number.parse().ok()?,
    })
}

/// The path above.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// Whether a server can have made this path of that which was asked for.
fn numbered_after(asked: &str, path: &str) -> bool {
    (path.strip_prefix(asked)).is_some_and(|rest| rest.len() == DIGITS && number(path).is_some())
}

/// How long the number of a sequential node is.
const DIGITS: usize = 10;

/// The number at the end of the name of a sequential node.
fn number(path: &str) -> Option<u32> {
    let digits = path.get(path.len().checked_sub(DIGITS)?..)?;
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then_some(())?;
    digits.parse().ok()
}
