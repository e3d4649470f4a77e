//! The side of PID 1. It never waits: every descriptor is non-blocking, a request has a largest size and a
//! time limit, and so has the number of clients.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags};
use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::PeerCredentials;
use nix::unistd::{Pid, geteuid};

use super::{NAME, Reply, Verb};
use crate::runtime::RuntimeDirectory;

/// More than that many at once are kept waiting.
const MOST_CLIENTS: usize = 16;

/// No request is longer.
const LONGEST_REQUEST: usize = 64;

/// Whoever has not asked for anything by then is sent away.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long nobody is let in after that has failed, for the reason lasts: no descriptor is left.
const PAUSE: Duration = Duration::from_secs(1);

/// Which client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientId(u64);

/// Somebody has asked for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Who.
    pub client: ClientId,
    /// Their process; 0 is one that this container does not see.
    pub process: i32,
    /// What.
    pub verb: Verb,
}

/// The socket and everybody on it.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    clients: Vec<Client>,
    /// Who is listened to, beside root.
    user: u32,
    next: u64,
    closed_until: Option<Instant>,
}

#[derive(Debug)]
struct Client {
    id: ClientId,
    process: i32,
    stream: UnixStream,
    state: State,
}

#[derive(Debug)]
enum State {
    /// What has come of a request, and until when the rest must.
    Asking(Vec<u8>, Instant),
    /// Waits for the answer to this.
    Waiting(Verb),
}

impl Listener {
    /// Listens in the private directory; the socket goes with the directory.
    pub fn bind(directory: &RuntimeDirectory) -> io::Result<Self> {
        Self::bind_at(&directory.path().join(NAME), geteuid().as_raw())
    }

    fn bind_at(path: &Path, user: u32) -> io::Result<Self> {
        let socket = UnixListener::bind(path)?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket,
            clients: Vec::new(),
            user,
            next: 0,
            closed_until: None,
        })
    }

    /// Takes in whatever has come; whole requests, each of them once.
    pub fn serve(&mut self, now: Instant) -> Vec<Request> {
        if self.closed_until.is_some_and(|until| until <= now) {
            self.closed_until = None;
        }
        while self.is_open() {
            match self.socket.accept() {
                Ok((stream, _)) => self.admit(stream, now),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted
                    ) => {}
                Err(_) => self.closed_until = now.checked_add(PAUSE),
            }
        }
        let mut requests = Vec::new();
        self.clients.retain_mut(|client| {
            let stays = client.read(now);
            if let Some(verb) = stays.as_ref().ok().copied().flatten() {
                requests.push(Request {
                    client: client.id,
                    process: client.process,
                    verb,
                });
            }
            stays.is_ok()
        });
        requests
    }

    /// Says something to one client.
    pub fn answer(&mut self, client: ClientId, reply: &Reply) {
        self.say(reply, |other| other.id == client);
    }

    /// Says something to everybody who has asked for `verb`.
    pub fn answer_all(&mut self, verb: Verb, reply: &Reply) {
        self.say(
            reply,
            |client| matches!(client.state, State::Waiting(asked) if asked == verb),
        );
    }

    /// Closes the connection to one client, who has got the whole answer.
    pub fn dismiss(&mut self, client: ClientId) {
        self.clients.retain(|other| other.id != client);
    }

    /// Closes the connections to all who have asked for `verb`; their processes, as far as this container
    /// sees them.
    pub fn dismiss_all(&mut self, verb: Verb) -> Vec<Pid> {
        let asked =
            |client: &mut Client| matches!(client.state, State::Waiting(asked) if asked == verb);
        self.clients
            .extract_if(.., asked)
            .filter(|client| client.process > 0)
            .map(|client| Pid::from_raw(client.process))
            .collect()
    }

    /// What to look at for the next call of [`Listener::serve`].
    pub fn sources(&self) -> impl Iterator<Item = PollFd<'_>> {
        let readable = |source| PollFd::new(source, PollFlags::POLLIN);
        let socket = self.is_open().then(|| readable(self.socket.as_fd()));
        let clients = self
            .clients
            .iter()
            .map(move |client| readable(client.stream.as_fd()));
        socket.into_iter().chain(clients)
    }

    /// When to call [`Listener::serve`] although nothing has come.
    pub fn deadline(&self) -> Option<Instant> {
        let patience = self.clients.iter().filter_map(|client| match client.state {
            State::Asking(_, until) => Some(until),
            State::Waiting(_) => None,
        });
        patience.chain(self.closed_until).min()
    }

    fn is_open(&self) -> bool {
        self.clients.len() < MOST_CLIENTS && self.closed_until.is_none()
    }

    fn admit(&mut self, stream: UnixStream, now: Instant) {
        // The directory keeps others out by itself, as long as the file system has permissions.
        let Ok(credentials) = getsockopt(&stream, PeerCredentials) else {
            return;
        };
        if !may_ask(credentials.uid(), self.user) || stream.set_nonblocking(true).is_err() {
            return;
        }
        self.clients.push(Client {
            id: ClientId(self.next),
            process: credentials.pid(),
            stream,
            state: State::Asking(Vec::new(), now + PATIENCE),
        });
        self.next += 1;
    }

    fn say(&mut self, reply: &Reply, to: impl Fn(&Client) -> bool) {
        let line = format!("{reply}\n");
        // A line that does not fit into the buffer of somebody who never reads is not waited for.
        self.clients
            .retain_mut(|client| !to(client) || client.stream.write_all(line.as_bytes()).is_ok());
    }
}

/// The client is to be sent away.
struct Dismissed;

impl Client {
    /// Reads what there is; the request, once it is whole.
    fn read(&mut self, now: Instant) -> Result<Option<Verb>, Dismissed> {
        let mut part = [0; LONGEST_REQUEST];
        let count = match self.stream.read(&mut part) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return match self.state {
                    State::Asking(_, until) if until <= now => Err(Dismissed),
                    _ => Ok(None),
                };
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(None),
            Err(_) => return Err(Dismissed),
        };
        let State::Asking(request, _) = &mut self.state else {
            // It is gone, or has more to say than there is to be said.
            return Err(Dismissed);
        };
        request.extend_from_slice(&part[..count]);
        match request.iter().position(|byte| *byte == b'\n') {
            Some(end) if end + 1 == request.len() => {
                let verb = Verb::parse(&request[..end]).ok_or(Dismissed)?;
                self.state = State::Waiting(verb);
                Ok(Some(verb))
            }
            None if count > 0 && request.len() <= LONGEST_REQUEST => Ok(None),
            _ => Err(Dismissed),
        }
    }
}

fn may_ask(user: u32, server: u32) -> bool {
    user == 0 || user == server
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    struct Place {
        _directory: tempfile::TempDir,
        path: PathBuf,
    }

    fn listener() -> (Place, Listener) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(NAME);
        let listener = Listener::bind_at(&path, geteuid().as_raw()).unwrap();
        let place = Place {
            _directory: directory,
            path,
        };
        (place, listener)
    }

    fn client(place: &Place, bytes: &[u8]) -> UnixStream {
        let mut stream = UnixStream::connect(&place.path).unwrap();
        stream.write_all(bytes).unwrap();
        stream
    }

    fn verbs(requests: Vec<Request>) -> Vec<Verb> {
        requests.into_iter().map(|request| request.verb).collect()
    }

    fn heard(mut stream: UnixStream) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn several_ask_and_each_gets_the_answer_meant_for_it() {
        let (place, mut listener) = listener();
        let now = Instant::now();
        let (one, two) = (client(&place, b"stop\n"), client(&place, b"stop\n"));
        let status = client(&place, b"status\n");
        let requests = listener.serve(now);
        assert_eq!(
            verbs(requests.clone()),
            [Verb::Stop, Verb::Stop, Verb::Status]
        );
        assert_eq!(requests[0].process, std::process::id().cast_signed());
        assert_eq!(verbs(listener.serve(now)), []);
        listener.answer(requests[2].client, &Reply::Running(7));
        listener.dismiss(requests[2].client);
        listener.answer_all(Verb::Stop, &Reply::Stopped);
        let us = Pid::this();
        assert_eq!(listener.dismiss_all(Verb::Stop), [us, us]);
        assert_eq!(
            [heard(one), heard(two), heard(status)],
            ["stopped\n", "stopped\n", "running 7\n"]
        );
    }

    #[test]
    fn a_request_may_come_in_parts() {
        let (place, mut listener) = listener();
        let now = Instant::now();
        let mut slow = client(&place, b"st");
        assert_eq!(verbs(listener.serve(now)), []);
        assert_eq!(listener.deadline(), Some(now + PATIENCE));
        slow.write_all(b"op\n").unwrap();
        assert_eq!(verbs(listener.serve(now)), [Verb::Stop]);
        assert_eq!(listener.deadline(), None);
    }

    #[test]
    fn who_dawdles_babbles_or_talks_nonsense_is_sent_away() {
        let (place, mut listener) = listener();
        let now = Instant::now();
        let silent = client(&place, b"");
        let endless = client(&place, &[b's'; 4 * LONGEST_REQUEST]);
        let nonsense = client(&place, b"reboot\n");
        let two_at_once = client(&place, b"stop\nstop\n");
        drop(client(&place, b"stop"));
        listener.serve(now);
        assert_eq!(verbs(listener.serve(now)), []);
        assert_eq!(listener.clients.len(), 1);
        assert_eq!(verbs(listener.serve(now + PATIENCE)), []);
        assert_eq!(listener.clients.len(), 0);
        for mut stream in [silent, endless, nonsense, two_at_once] {
            // With bytes of its own unread the end may come as a reset.
            assert!(!matches!(stream.read(&mut [0]), Ok(1..)));
        }
    }

    #[test]
    fn who_has_asked_and_goes_is_forgotten() {
        let (place, mut listener) = listener();
        let now = Instant::now();
        let (gone, talks) = (client(&place, b"stop\n"), client(&place, b"restart\n"));
        assert_eq!(listener.serve(now).len(), 2);
        drop(gone);
        assert_eq!((&talks).write(b"now\n").unwrap(), 4);
        assert_eq!(verbs(listener.serve(now)), []);
        assert_eq!(listener.clients.len(), 0);
    }

    #[test]
    fn a_crowd_is_let_in_by_and_by() {
        let (place, mut listener) = listener();
        let now = Instant::now();
        let crowd: Vec<_> = (0..MOST_CLIENTS).map(|_| client(&place, b"")).collect();
        let last = client(&place, b"status\n");
        assert_eq!(verbs(listener.serve(now)), []);
        assert_eq!(listener.sources().count(), MOST_CLIENTS);
        listener.serve(now + PATIENCE);
        assert_eq!(
            verbs(listener.serve(now + PATIENCE)),
            [Verb::Status],
            "{last:?}"
        );
        drop(crowd);
    }

    #[test]
    fn who_does_not_read_is_not_waited_for() {
        let (place, mut listener) = listener();
        let deaf = client(&place, b"restart\n");
        listener.serve(Instant::now());
        let reason = "x".repeat(1 << 20);
        listener.answer_all(Verb::Restart, &Reply::Refused(reason));
        assert_eq!(listener.clients.len(), 0);
        drop(deaf);
    }

    #[test]
    fn only_root_and_the_user_of_the_server_may_ask() {
        for (who, allowed) in [(0, true), (1000, true), (1001, false)] {
            assert_eq!(may_ask(who, 1000), allowed, "{who}");
        }
    }
}
