//! A small ZooKeeper that keeps its promises, for histories that must be taken: one log, servers that lag
//! behind it, clients that lose their answers.

use std::collections::BTreeMap;

use fastrand::Rng;

use crate::chaos::history::{
    Created, Event, Found, Moment, Operation, OperationId, Outcome, Stat, Zxid,
};

pub(super) const SERVERS: [&str; 3] = ["zoo1", "zoo2", "zoo3"];
pub(super) const REGISTERS: [&str; 2] = ["/r0", "/r1"];
const QUEUE: &str = "/q";
const CLIENTS: u32 = 4;

/// A node of a server.
#[derive(Debug, Clone)]
struct Node {
    value: String,
    stat: Stat,
}

type Tree = BTreeMap<String, Node>;

/// What a client waits for.
struct Pending {
    id: OperationId,
    start: Moment,
    request: Request,
    /// Its place in the log, once a leader has taken it.
    taken: Option<(usize, Answer)>,
}

#[derive(Clone)]
enum Request {
    Set(String, Option<i32>),
    Create(String, bool),
    Delete(String),
    Get(String),
    Children(String),
    Sync(String),
}

#[derive(Clone)]
enum Answer {
    Done(Stat, String),
    Refused(&'static str),
}

struct Client {
    server: usize,
    /// What it has seen: an index of the log.
    seen: usize,
    number: u32,
    session: i64,
    own: Vec<String>,
    pending: Option<Pending>,
}

/// The ensemble, its clients, and what they have recorded.
pub(super) struct Model {
    rng: Rng,
    now: u64,
    /// The tree after each transaction; the first is the empty one.
    log: Vec<Tree>,
    /// How many sequential nodes were made.
    counter: u32,
    /// How much of the log each server has applied.
    applied: [usize; 3],
    clients: Vec<Client>,
    /// Writes that nobody waits for any more and that may still happen.
    ghosts: Vec<(OperationId, Request)>,
    history: Vec<Event>,
}

/// A history that must be taken, with a reading at the end.
pub(super) fn history(seed: u64, steps: usize) -> Vec<Event> {
    let mut model = Model::new(seed);
    for _ in 0..steps {
        model.step();
    }
    model.finish()
}

impl Model {
    fn new(seed: u64) -> Self {
        let client = |number: u32| Client {
            server: number as usize % SERVERS.len(),
            seen: 0,
            number: 0,
            session: i64::from(number) << 32,
            own: Vec::new(),
            pending: None,
        };
        let mut model = Self {
            rng: Rng::with_seed(seed),
            now: 0,
            log: vec![Tree::new()],
            counter: 0,
            applied: [0; 3],
            clients: (0..=CLIENTS).map(client).collect(),
            ghosts: Vec::new(),
            history: Vec::new(),
        };
        for path in REGISTERS.into_iter().chain([QUEUE]) {
            model.ask(0, Request::Create(path.to_owned(), false));
            model.take(0);
            model.answer(0);
        }
        model
    }

    fn tick(&mut self) -> Moment {
        self.now += 1;
        Moment(self.now)
    }

    fn step(&mut self) {
        let client = self.rng.usize(1..self.clients.len());
        match self.rng.u32(0..100) {
            0..30 => {
                let server = self.rng.usize(0..3);
                let last = self.log.len() - 1;
                self.applied[server] = self.rng.usize(self.applied[server]..=last);
            }
            30..34 => self.lose(client),
            34..37 if !self.ghosts.is_empty() => {
                let ghost = self.rng.usize(0..self.ghosts.len());
                let (id, request) = self.ghosts.swap_remove(ghost);
                self.apply(id, &request);
            }
            _ if self.clients[client].pending.is_none() => {
                let request = self.any_request(client);
                self.ask(client, request);
            }
            _ if self.rng.bool() => self.take(client),
            _ => self.answer(client),
        }
    }

    fn any_request(&mut self, client: usize) -> Request {
        let register = REGISTERS[self.rng.usize(0..REGISTERS.len())].to_owned();
        let own = &mut self.clients[client].own;
        match self.rng.u32(0..10) {
            0 | 1 => Request::Set(register, None),
            2 => Request::Set(register, Some(self.rng.i32(0..12))),
            3 | 4 => Request::Create(format!("{QUEUE}/n-"), true),
            5 if !own.is_empty() => Request::Delete(own.swap_remove(0)),
            6 => Request::Children(QUEUE.to_owned()),
            7 => Request::Sync(QUEUE.to_owned()),
            _ => Request::Get(register),
        }
    }

    fn ask(&mut self, client: usize, request: Request) {
        let start = self.tick();
        let this = &mut self.clients[client];
        let id = OperationId {
            client: u32::try_from(client).unwrap(),
            number: this.number,
        };
        this.number += 1;
        this.pending = Some(Pending {
            id,
            start,
            request,
            taken: None,
        });
    }

    /// A leader takes a write, or a server a read.
    fn take(&mut self, client: usize) {
        let Some(pending) = &self.clients[client].pending else {
            return;
        };
        if pending.taken.is_some() {
            return;
        }
        let (id, request) = (pending.id, pending.request.clone());
        let taken = match request {
            Request::Sync(_) => {
                let server = self.clients[client].server;
                self.applied[server] = self.log.len() - 1;
                (self.log.len() - 1, Answer::Done(NO_STAT, String::new()))
            }
            Request::Get(_) | Request::Children(_) => {
                let client = &mut self.clients[client];
                while self.applied[client.server] < client.seen {
                    client.server = (client.server + 1) % SERVERS.len();
                }
                (
                    self.applied[client.server],
                    Answer::Done(NO_STAT, String::new()),
                )
            }
            _ => self.apply(id, &request),
        };
        if let Some(pending) = &mut self.clients[client].pending {
            pending.taken = Some(taken);
        }
    }

    /// A transaction, also one that only says no.
    fn apply(&mut self, id: OperationId, request: &Request) -> (usize, Answer) {
        let index = self.log.len();
        let mut tree = self.log[index - 1].clone();
        let answer = match request {
            Request::Set(path, expected) => match tree.get_mut(path) {
                None => Answer::Refused("NoNodeError"),
                Some(node) if expected.is_some_and(|version| version != node.stat.version) => {
                    Answer::Refused("BadVersionError")
                }
                Some(node) => {
                    node.value = id.to_string();
                    node.stat.mzxid = zxid(index);
                    node.stat.version += 1;
                    Answer::Done(node.stat, path.clone())
                }
            },
            Request::Create(path, sequential) => {
                let mut path = path.clone();
                if *sequential {
                    path = format!("{path}{:010}", self.counter);
                    self.counter += 1;
                }
                let stat = Stat {
                    czxid: zxid(index),
                    mzxid: zxid(index),
                    version: 0,
                };
                let value = id.to_string();
                tree.insert(path.clone(), Node { value, stat });
                Answer::Done(stat, path)
            }
            Request::Delete(path) => match tree.remove(path) {
                Some(_) => Answer::Done(NO_STAT, path.clone()),
                None => Answer::Refused("NoNodeError"),
            },
            Request::Get(_) | Request::Children(_) | Request::Sync(_) => {
                Answer::Done(NO_STAT, String::new())
            }
        };
        self.log.push(tree);
        (index, answer)
    }

    /// The answer comes, when the server has come that far.
    fn answer(&mut self, client: usize) {
        let taken = |pending: &mut Pending| pending.taken.is_some();
        let Some(pending) = self.clients[client].pending.take_if(taken) else {
            return;
        };
        let Some((index, answer)) = pending.taken else {
            return;
        };
        let server = self.clients[client].server;
        self.applied[server] = self.applied[server].max(index);
        let tree = &self.log[index];
        let operation = match (pending.request, answer) {
            (Request::Set(path, expected), answer) => Operation::Set {
                path,
                expected,
                outcome: outcome(answer, |stat, _| stat),
            },
            (Request::Create(path, sequential), answer) => Operation::Create {
                path,
                sequential,
                outcome: outcome(answer, |stat, path| {
                    self.clients[client].own.push(path.clone());
                    Created { path, stat }
                }),
            },
            (Request::Delete(path), answer) => Operation::Delete {
                path,
                outcome: outcome(answer, |_, _| ()),
            },
            (Request::Get(path), _) => {
                let found = tree.get(&path).map(|node| Found {
                    value: node.value.clone(),
                    stat: node.stat,
                });
                let outcome = Outcome::Done(found);
                Operation::Get { path, outcome }
            }
            (Request::Children(path), _) => {
                let below = format!("{path}/");
                let names = tree.keys().filter_map(|name| name.strip_prefix(&below));
                let outcome = Outcome::Done(names.map(str::to_owned).collect());
                Operation::Children { path, outcome }
            }
            (Request::Sync(path), _) => {
                let outcome = Outcome::Done(());
                Operation::Sync { path, outcome }
            }
        };
        self.clients[client].seen = index;
        self.note(pending.id, pending.start, operation, None);
    }

    fn note(
        &mut self,
        id: OperationId,
        start: Moment,
        operation: Operation,
        auditor_of: Option<&str>,
    ) {
        let client = &self.clients[id.client as usize];
        let event = Event {
            id,
            session: client.session,
            auditor_of: auditor_of.map(str::to_owned),
            start,
            end: Moment(self.now + 1),
            zxid: zxid(client.seen),
            operation,
        };
        self.tick();
        self.history.push(event);
    }

    /// The connection is gone, and with it the answer.
    fn lose(&mut self, client: usize) {
        let Some(pending) = self.clients[client].pending.take() else {
            return;
        };
        if pending.taken.is_none() && self.rng.bool() {
            self.ghosts.push((pending.id, pending.request.clone()));
        }
        let lost = || "ConnectionLoss".to_owned();
        let operation = match pending.request {
            Request::Set(path, expected) => Operation::Set {
                path,
                expected,
                outcome: Outcome::Unknown(lost()),
            },
            Request::Create(path, sequential) => Operation::Create {
                path,
                sequential,
                outcome: Outcome::Unknown(lost()),
            },
            Request::Delete(path) => Operation::Delete {
                path,
                outcome: Outcome::Unknown(lost()),
            },
            Request::Get(path) => Operation::Get {
                path,
                outcome: Outcome::Unknown(lost()),
            },
            Request::Children(path) => Operation::Children {
                path,
                outcome: Outcome::Unknown(lost()),
            },
            Request::Sync(path) => Operation::Sync {
                path,
                outcome: Outcome::Unknown(lost()),
            },
        };
        self.note(pending.id, pending.start, operation, None);
        let ends = self.rng.bool();
        let this = &mut self.clients[client];
        if ends {
            this.session += 1;
            this.seen = 0;
        }
        this.server = (this.server + 1) % SERVERS.len();
        this.own.clear();
    }

    fn finish(mut self) -> Vec<Event> {
        for client in 0..self.clients.len() {
            self.lose(client);
        }
        self.ghosts.clear();
        for (server, name) in SERVERS.into_iter().enumerate() {
            let client = self.clients.len();
            self.clients.push(Client {
                server,
                seen: 0,
                number: 0,
                session: 0,
                own: Vec::new(),
                pending: None,
            });
            let names: Vec<String> = (self.log[self.log.len() - 1].keys())
                .filter(|path| *path != QUEUE)
                .cloned()
                .collect();
            let mut requests = vec![
                Request::Sync(QUEUE.to_owned()),
                Request::Children(QUEUE.to_owned()),
                Request::Get(QUEUE.to_owned()),
            ];
            requests.extend(names.into_iter().map(Request::Get));
            for request in requests {
                self.ask(client, request);
                self.take(client);
                self.answer(client);
                if let Some(event) = self.history.last_mut() {
                    event.auditor_of = Some(name.to_owned());
                }
            }
        }
        self.history
    }
}

const NO_STAT: Stat = Stat {
    czxid: Zxid(0),
    mzxid: Zxid(0),
    version: 0,
};

fn zxid(index: usize) -> Zxid {
    // Epochs come and go.
    let index = i64::try_from(index).unwrap();
    Zxid(((index / 40) << 32) | (index % 40))
}

fn outcome<T>(answer: Answer, done: impl FnOnce(Stat, String) -> T) -> Outcome<T> {
    match answer {
        Answer::Done(stat, path) => Outcome::Done(done(stat, path)),
        Answer::Refused(error) => Outcome::Refused(error.to_owned()),
    }
}
