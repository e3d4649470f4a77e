//! A loopback HTTP server that serves the fixture, honestly or not, and remembers what it was asked.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::digest::flipped;
use super::fixture::fixture;

/// How long anything may take that is bound to happen.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// What a path is answered with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Behaviour {
    Honest,
    NotFound,
    /// One bit in the middle is another.
    Flipped,
    /// The first half, and the head says so.
    Short,
    /// One byte more, and the head says so.
    Long,
    /// The first half, though the head promises all of it.
    Cut,
    /// The connection is closed instead of an answer.
    Reset,
    /// No answer until the client goes away.
    Hang,
    /// The first half, then nothing until the client goes away.
    Stall,
    /// The honest answer, once [`Server::release`] was called.
    Held,
}

pub(crate) struct Server {
    address: SocketAddr,
    state: Arc<State>,
    acceptor: Option<JoinHandle<()>>,
}

struct State {
    changed: Condvar,
    inner: Mutex<Inner>,
    stopped: AtomicBool,
}

#[derive(Default)]
struct Inner {
    requests: Vec<String>,
    everywhere: Option<Behaviour>,
    behaviours: BTreeMap<String, Behaviour>,
    released: bool,
    has_snapshots: bool,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            changed: Condvar::new(),
            inner: Mutex::default(),
            stopped: AtomicBool::new(false),
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
        format!("http://{}", self.address)
    }

    /// Answers `path` so from now on.
    pub(crate) fn answer(&self, path: &str, behaviour: Behaviour) {
        let mut inner = self.state.inner.lock().unwrap();
        inner.behaviours.insert(path.to_owned(), behaviour);
    }

    /// Answers every path so from now on that has no behaviour of its own.
    pub(crate) fn answer_all(&self, behaviour: Behaviour) {
        self.state.inner.lock().unwrap().everywhere = Some(behaviour);
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
        self.state.inner.lock().unwrap().requests.clone()
    }

    /// How often `path` was asked for.
    pub(crate) fn count(&self, path: &str) -> usize {
        count(&self.requests(), path)
    }

    /// Waits until `path` was asked for `times` times.
    pub(crate) fn wait_for(&self, path: &str, times: usize) {
        let begun = Instant::now();
        let mut inner = self.state.inner.lock().unwrap();
        while count(&inner.requests, path) < times {
            let left = DEADLINE
                .checked_sub(begun.elapsed())
                .unwrap_or_else(|| panic!("nobody asks for `{path}`: {:?}", inner.requests));
            inner = self.state.changed.wait_timeout(inner, left).unwrap().0;
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

fn count(requests: &[String], path: &str) -> usize {
    requests.iter().filter(|asked| *asked == path).count()
}

fn accept(listener: &TcpListener, state: &Arc<State>) {
    for stream in listener.incoming() {
        if state.stopped.load(Ordering::SeqCst) {
            return;
        }
        let state = Arc::clone(state);
        // A client that goes away in the middle is no failure of the server.
        std::thread::spawn(move || stream.and_then(|stream| serve(stream, &state)));
    }
}

fn serve(mut stream: TcpStream, state: &State) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(());
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head);
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let (behaviour, has_snapshots) = {
        let mut inner = state.inner.lock().unwrap();
        inner.requests.push(path.clone());
        let own = inner.behaviours.get(&path).copied();
        let behaviour = own.or(inner.everywhere).unwrap_or(Behaviour::Honest);
        (behaviour, inner.has_snapshots)
    };
    state.changed.notify_all();

    let files = &fixture().files;
    let kept = has_snapshots.then(|| of_snapshot(&path)).flatten();
    let Some(honest) = files.get(kept.as_ref().unwrap_or(&path)) else {
        return match behaviour {
            Behaviour::Hang => wait_for_end(&mut stream),
            Behaviour::Reset => Ok(()),
            _ => not_found(&mut stream),
        };
    };
    let half = &honest[..honest.len() / 2];
    match behaviour {
        Behaviour::Honest => send(&mut stream, honest.len(), honest),
        Behaviour::NotFound => not_found(&mut stream),
        Behaviour::Flipped => send(&mut stream, honest.len(), &flipped(honest)),
        Behaviour::Short => send(&mut stream, half.len(), half),
        Behaviour::Long => {
            let longer = [honest.as_slice(), b"x"].concat();
            send(&mut stream, longer.len(), &longer)
        }
        Behaviour::Cut => send(&mut stream, honest.len(), half),
        Behaviour::Reset => Ok(()),
        Behaviour::Hang => wait_for_end(&mut stream),
        Behaviour::Stall => {
            send(&mut stream, honest.len(), half)?;
            wait_for_end(&mut stream)
        }
        Behaviour::Held => {
            let mut inner = state.inner.lock().unwrap();
            while !inner.released {
                inner = state.changed.wait(inner).unwrap();
            }
            drop(inner);
            send(&mut stream, honest.len(), honest)
        }
    }
}

/// `/debian/pool/…` for `/snapshot/debian/<time>/pool/…`.
fn of_snapshot(path: &str) -> Option<String> {
    let (archive, rest) = path.strip_prefix("/snapshot/")?.split_once('/')?;
    let (_time, rest) = rest.split_once('/')?;
    Some(format!("/{archive}/{rest}"))
}

fn send(stream: &mut TcpStream, announced: usize, body: &[u8]) -> std::io::Result<()> {
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {announced}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)
}

fn not_found(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

fn wait_for_end(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut byte = [0];
    while stream.read(&mut byte)? > 0 {}
    Ok(())
}
