//! A loopback HTTP server that serves the fixture, honestly or not, and remembers what it was asked.
//!
//! Connections are kept open as HTTP/1.1 has it, ranges are honoured; it can be a proxy, too, and
//! speak TLS.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustls::ServerConfig;

use super::answer::{Next, answer};
use super::behaviour::{Behaviour, Tag};
use super::connection::Connection;
use super::fixture::fixture;
use super::request::Request;

/// How long anything may take that is bound to happen.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) struct Server {
    address: SocketAddr,
    state: Arc<State>,
    acceptor: Option<JoinHandle<()>>,
}

struct State {
    changed: Condvar,
    inner: Mutex<Inner>,
    stopped: AtomicBool,
    tls: Option<Arc<ServerConfig>>,
}

#[derive(Default)]
struct Inner {
    requests: Vec<Request>,
    everywhere: Option<Behaviour>,
    paths: BTreeMap<String, Script>,
    /// For requests for a part of the file.
    ranges: BTreeMap<String, Script>,
    tag: Tag,
    tunnel: Option<SocketAddr>,
    /// Bytes of all answers, heads and all.
    sent: BTreeMap<String, Arc<AtomicUsize>>,
    released: bool,
    has_snapshots: bool,
    /// Before the fixture's.
    files: BTreeMap<String, Arc<[u8]>>,
}

/// One answer after the other, and the last for ever.
struct Script {
    behaviours: Vec<Behaviour>,
    next: usize,
}

impl Script {
    fn next(&mut self) -> Behaviour {
        let behaviour = self.behaviours[self.next];
        self.next = (self.next + 1).min(self.behaviours.len() - 1);
        behaviour
    }
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::serve(None)
    }

    /// One that speaks nothing but TLS; see [`super::Authority::server`].
    pub(crate) fn start_with_tls(config: Arc<ServerConfig>) -> Self {
        Self::serve(Some(config))
    }

    fn serve(tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            changed: Condvar::new(),
            inner: Mutex::default(),
            stopped: AtomicBool::new(false),
            tls,
        });
        let acceptor = std::thread::spawn({
            let state = Arc::clone(&state);
            move || accept(&listener, &state)
        });
        Self {
            address,
            state,
            acceptor: Some(acceptor),
        }
    }

    /// `http://127.0.0.1:1234`
    pub(crate) fn url(&self) -> String {
        let scheme = if self.state.tls.is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{}", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers `path` so from now on.
    pub(crate) fn answer(&self, path: &str, behaviour: Behaviour) {
        self.answer_in_turn(path, &[behaviour]);
    }

    /// Answers the next requests for `path` by these, one after the other, and all later ones by the
    /// last.
    pub(crate) fn answer_in_turn(&self, path: &str, behaviours: &[Behaviour]) {
        let mut inner = self.state.inner.lock().unwrap();
        inner.paths.insert(path.to_owned(), Script::new(behaviours));
    }

    /// The same for requests for a part of the file alone, which [`Server::answer_in_turn`] then
    /// leaves alone.
    pub(crate) fn answer_ranges_in_turn(&self, path: &str, behaviours: &[Behaviour]) {
        let mut inner = self.state.inner.lock().unwrap();
        inner
            .ranges
            .insert(path.to_owned(), Script::new(behaviours));
    }

    /// Answers every path so from now on that has no behaviour of its own.
    pub(crate) fn answer_all(&self, behaviour: Behaviour) {
        self.state.inner.lock().unwrap().everywhere = Some(behaviour);
    }

    /// Sends such an `ETag` from now on.
    pub(crate) fn tag_with(&self, tag: Tag) {
        self.state.inner.lock().unwrap().tag = tag;
    }

    /// Lets `CONNECT`, whatever it names, lead to `server`; else nobody gets a tunnel.
    pub(crate) fn tunnel_to(&self, server: &Self) {
        self.state.inner.lock().unwrap().tunnel = Some(server.address);
    }

    /// Serves these files too from now on, instead of the fixture's where it has the path.
    pub(crate) fn add_files(&self, files: &BTreeMap<String, Vec<u8>>) {
        let files = files.iter();
        let files = files.map(|(path, bytes)| (path.clone(), Arc::from(bytes.as_slice())));
        self.state.inner.lock().unwrap().files.extend(files);
    }

    /// Serves `/snapshot/debian/<time>/…` from now on as `/debian/…` is served.
    pub(crate) fn keep_snapshots(&self) {
        self.state.inner.lock().unwrap().has_snapshots = true;
    }

    /// Lets go of what is [`Behaviour::Held`].
    pub(crate) fn release(&self) {
        self.state.inner.lock().unwrap().released = true;
        self.state.changed.notify_all();
    }

    /// Paths asked for so far, in order.
    pub(crate) fn requests(&self) -> Vec<String> {
        let inner = self.state.inner.lock().unwrap();
        let paths = inner
            .requests
            .iter()
            .map(|request| request.path().to_owned());
        paths.collect()
    }

    /// All that was asked for `path`, in order; for a tunnel the path is host and port.
    pub(crate) fn requests_for(&self, path: &str) -> Vec<Request> {
        let inner = self.state.inner.lock().unwrap();
        let requests = inner.requests.iter();
        requests
            .filter(|request| request.path() == path)
            .cloned()
            .collect()
    }

    /// How often `path` was asked for.
    pub(crate) fn count(&self, path: &str) -> usize {
        count(&self.state.inner.lock().unwrap(), path)
    }

    /// Bytes that all answers for `path` had so far, heads and all.
    pub(crate) fn sent(&self, path: &str) -> usize {
        let inner = self.state.inner.lock().unwrap();
        let sent = inner.sent.get(path);
        sent.map_or(0, |sent| sent.load(Ordering::SeqCst))
    }

    /// How many connections were asked for anything.
    pub(crate) fn connections(&self) -> usize {
        let inner = self.state.inner.lock().unwrap();
        let requests = inner.requests.iter();
        let connections: BTreeSet<usize> = requests.map(|request| request.connection).collect();
        connections.len()
    }

    /// Waits until `path` was asked for `times` times.
    pub(crate) fn wait_for(&self, path: &str, times: usize) {
        self.wait_until(&format!("nobody asks for `{path}`"), |inner| {
            count(inner, path) >= times
        });
    }

    /// Waits until `times` requests were for such paths.
    pub(crate) fn wait_for_any(&self, is_wanted: impl Fn(&str) -> bool, times: usize) {
        self.wait_until("nobody asks any more", |inner| {
            let requests = inner.requests.iter();
            requests.filter(|request| is_wanted(request.path())).count() >= times
        });
    }

    fn wait_until(&self, complaint: &str, condition: impl Fn(&Inner) -> bool) {
        let begun = Instant::now();
        let mut inner = self.state.inner.lock().unwrap();
        while !condition(&inner) {
            let left = DEADLINE
                .checked_sub(begun.elapsed())
                .unwrap_or_else(|| panic!("{complaint}: {:?}", inner.requests));
            inner = self.state.changed.wait_timeout(inner, left).unwrap().0;
        }
    }
}

impl Script {
    fn new(behaviours: &[Behaviour]) -> Self {
        assert!(!behaviours.is_empty());
        Self {
            behaviours: behaviours.to_vec(),
            next: 0,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.stopped.store(true, Ordering::SeqCst);
        self.release();
        // Wakes the acceptor up.
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            acceptor.join().unwrap();
        }
    }
}

fn count(inner: &Inner, path: &str) -> usize {
    let requests = inner.requests.iter();
    requests.filter(|request| request.path() == path).count()
}

fn accept(listener: &TcpListener, state: &Arc<State>) {
    for (number, stream) in listener.incoming().enumerate() {
        if state.stopped.load(Ordering::SeqCst) {
            return;
        }
        let state = Arc::clone(state);
        // A client that goes away in the middle is no failure of the server.
        std::thread::spawn(move || stream.and_then(|stream| converse(stream, number, &state)));
    }
}

/// One request after the other, as long as the client has some.
fn converse(stream: TcpStream, number: usize, state: &State) -> std::io::Result<()> {
    let mut connection = Connection::new(stream, state.tls.clone())?;
    while let Some(request) = Request::read(&mut connection, number)? {
        let (behaviour, tag, tunnel, has_snapshots, own) = {
            let mut inner = state.inner.lock().unwrap();
            inner.requests.push(request.clone());
            let sent = inner.sent.entry(request.path().to_owned()).or_default();
            connection.count_into(Arc::clone(sent));
            let behaviour = inner.behaviour(&request);
            let own = inner.files.get(request.path()).cloned();
            (behaviour, inner.tag, inner.tunnel, inner.has_snapshots, own)
        };
        state.changed.notify_all();

        if request.method == "CONNECT"
            && let Some(server) = tunnel
        {
            return connection.tunnel(server);
        }
        let behaviour = match behaviour {
            Behaviour::Held => {
                let mut inner = state.inner.lock().unwrap();
                while !inner.released {
                    inner = state.changed.wait(inner).unwrap();
                }
                Behaviour::Honest
            }
            behaviour => behaviour,
        };
        let path = request.path();
        let kept = has_snapshots.then(|| of_snapshot(path)).flatten();
        let file = fixture().files.get(kept.as_deref().unwrap_or(path));
        let file = own.as_deref().or(file.map(Vec::as_slice));
        if answer(&mut connection, &request, behaviour, tag, file)? == Next::Close {
            break;
        }
    }
    Ok(())
}

impl Inner {
    fn behaviour(&mut self, request: &Request) -> Behaviour {
        let path = request.path();
        let own = match request.header("range") {
            Some(_) if self.ranges.contains_key(path) => self.ranges.get_mut(path),
            _ => self.paths.get_mut(path),
        };
        let own = own.map(Script::next);
        own.or(self.everywhere).unwrap_or(Behaviour::Honest)
    }
}

/// `/debian/pool/…` for `/snapshot/debian/<time>/pool/…`.
fn of_snapshot(path: &str) -> Option<String> {
    let (archive, rest) = path.strip_prefix("/snapshot/")?.split_once('/')?;
    let (_time, rest) = rest.split_once('/')?;
    Some(format!("/{archive}/{rest}"))
}
