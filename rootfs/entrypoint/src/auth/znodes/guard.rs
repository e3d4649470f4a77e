//! The thread that gives the first nodes to the users, beside the server.
//!
//! It ends with what it has to do, or with its [`Guard`]. It waits for an ensemble for as long as that takes, and the
//! server for nothing of it.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use nix::sys::signal::SigSet;

use super::ownership::{self, Outcome};
use super::session::{Session, SessionError};
use crate::auth::users::Users;
use crate::client::{self, Health};
use crate::endpoint::Endpoint;
use crate::journal::Journal;

/// How long an answer to `srvr` may take.
const GLANCE: Duration = Duration::from_secs(2);

/// How long all that is done in a session may take.
const LIMIT: Duration = Duration::from_secs(15);

/// Between two looks at a server that does not serve yet: short at first, since until the nodes have changed hands
/// they are anybody's. The server logs every look.
const SOON: Duration = Duration::from_millis(250);

/// The same, once it takes long. It may be an election, and whoever wins it has to act at once.
const LATER: Duration = Duration::from_secs(2);

/// So many short ones, about ten seconds of them.
const PATIENCE: u32 = 40;

/// Between two looks of a server that leaves it to another: short, since it may be the next one to lead, and until it
/// looks again the nodes are anybody's.
const OF_FOLLOWER: Duration = Duration::from_secs(1);

/// So many failures at a server that serves are worth a word.
const FAILURES: u32 = 20;

/// The same at one that does not say whether it serves: a member that waits for its ensemble fails like that, so it
/// is ten seconds and then ten minutes.
const FAILURES_IN_THE_DARK: u32 = PATIENCE + 300;

/// Enough for what it calls.
const STACK: usize = 256 * 1024;

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Order {
    /// The server of this container.
    pub endpoint: Endpoint,
    /// Who gets the nodes; the first of them gives them.
    pub users: Users,
    /// Where to say so.
    pub journal: Journal,
}

/// Holds the thread; without it, it ends.
#[derive(Debug)]
pub struct Guard {
    #[expect(dead_code, reason = "the thread ends when its other half is gone")]
    end: Sender<()>,
}

impl Guard {
    /// Starts the thread.
    pub fn start(order: Order) -> io::Result<Self> {
        let (end, ended) = mpsc::channel();
        thread::Builder::new()
            .name("znodes".to_owned())
            .stack_size(STACK)
            .spawn(move || {
                // They are for whoever waits for the server.
                let _ = SigSet::all().thread_block();
                order.carry_out(&ended);
            })?;
        Ok(Self { end })
    }
}

/// What has come of one attempt.
enum Attempt {
    /// There is nothing more to do.
    Over(Outcome),
    /// Another server is to do it.
    LeftToAnother,
    /// The server does not serve.
    NotYet,
    /// The server does not say whether it serves, and lets nobody in.
    InTheDark(SessionError),
}

impl Order {
    fn carry_out(&self, ended: &Receiver<()>) {
        let mut pauses = Pauses::default();
        let mut failures = 0;
        let mut in_the_dark = 0;
        loop {
            let pause = match self.attempt() {
                Ok(Attempt::Over(outcome)) => return self.report(outcome),
                Ok(Attempt::LeftToAnother) => OF_FOLLOWER,
                Ok(Attempt::NotYet) => pauses.of_start(),
                Ok(Attempt::InTheDark(error)) => {
                    in_the_dark += 1;
                    if in_the_dark == FAILURES_IN_THE_DARK {
                        self.journal.warning(format_args!(
                            "nobody could look yet whether the nodes {SHOWN} are open to anybody: {error}; tried again \
                             until it works; with `srvr` in ZOO_4LW_COMMANDS_WHITELIST it would be known whether \
                             the server serves"
                        ));
                    }
                    pauses.of_start()
                }
                Err(error) if error.is_final() => {
                    self.journal.warning(format_args!(
                        "the nodes {SHOWN} stay open to anybody: {error}"
                    ));
                    return;
                }
                Err(error) => {
                    failures += 1;
                    if failures == FAILURES {
                        self.journal.warning(format_args!(
                            "the nodes {SHOWN} are still open to anybody: {error}; tried again until it works"
                        ));
                    }
                    pauses.of_start()
                }
            };
            match ended.recv_timeout(pause) {
                Err(RecvTimeoutError::Timeout) => {}
                _ => return,
            }
        }
    }

    fn attempt(&self) -> Result<Attempt, SessionError> {
        let (may_act, is_known_to_serve) = match client::health(&self.endpoint, GLANCE) {
            Ok(Health::Serving { mode }) => (acts(&mode), true),
            // Who leads is not said; of several only one can win.
            Ok(Health::Silenced) => (true, false),
            Ok(Health::Waiting) | Err(_) => return Ok(Attempt::NotYet),
        };
        let Some(user) = self.users.first() else {
            return Ok(Attempt::Over(Outcome::NotNeeded));
        };
        let mut session = match Session::open(&self.endpoint, user, LIMIT) {
            Err(error @ SessionError::Connection(_)) if !is_known_to_serve => {
                return Ok(Attempt::InTheDark(error));
            }
            session => session?,
        };
        let outcome = if may_act {
            ownership::take(&mut session, &self.users)
        } else {
            ownership::look(&mut session)
        };
        session.close();
        Ok(match outcome? {
            Outcome::Open => Attempt::LeftToAnother,
            outcome => Attempt::Over(outcome),
        })
    }

    fn report(&self, outcome: Outcome) {
        match outcome {
            Outcome::Taken => self.journal.note(format_args!(
                "the nodes {SHOWN} are from now on for {} only",
                self.users.names()
            )),
            Outcome::PartlyOpen(permissions) => self.journal.warning(format_args!(
                "the node / has the ACL world:anyone:{permissions}, which stays as it is: anybody who gets a session may \
                 do that with it"
            )),
            Outcome::NotNeeded | Outcome::Open => self
                .journal
                .note("the node / is not open to anybody, its ACL stays as it is"),
        }
    }
}

const SHOWN: &str = "/, /zookeeper and /zookeeper/quota";

/// Whether a server in this mode is the one that acts; exactly one of an ensemble is.
fn acts(mode: &str) -> bool {
    matches!(mode, "leader" | "standalone")
}

#[derive(Debug, Default)]
struct Pauses {
    short: u32,
}

impl Pauses {
    fn of_start(&mut self) -> Duration {
        self.short = self.short.saturating_add(1);
        if self.short <= PATIENCE { SOON } else { LATER }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    #[test]
    fn who_acts() {
        for (mode, expected) in [
            ("leader", true),
            ("standalone", true),
            ("follower", false),
            ("observer", false),
            ("read-only", false),
        ] {
            assert_eq!(acts(mode), expected, "{mode}");
        }
    }

    #[test]
    fn nobody_looks_away_for_long() {
        let mut pauses = Pauses::default();
        assert_eq!(pauses.of_start(), SOON);
        let last = (0..PATIENCE).map(|_| pauses.of_start()).last();
        assert_eq!(last, Some(LATER));
        for pause in [LATER, OF_FOLLOWER] {
            assert!(pause <= Duration::from_secs(2));
        }
    }

    /// A server that answers `answer` to every word and cuts every session.
    fn server(answer: &'static str) -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = Endpoint::local(listener.local_addr().unwrap().port());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut word = [0; 4];
                stream.read_exact(&mut word).unwrap();
                if word == *b"srvr" {
                    stream.write_all(answer.as_bytes()).unwrap();
                }
            }
        });
        endpoint
    }

    #[test]
    fn a_server_that_does_not_say_whether_it_serves_may_not_serve_yet() {
        let attempt = |answer| order(server(answer)).attempt();
        let silenced = attempt("srvr is not executed because it is not in the whitelist.\n");
        assert!(matches!(silenced, Ok(Attempt::InTheDark(_))));
        let waiting = attempt("This ZooKeeper instance is not currently serving requests\n");
        assert!(matches!(waiting, Ok(Attempt::NotYet)));
        let serving = attempt("Mode: standalone\n");
        assert!(matches!(serving, Err(SessionError::Connection(_))));
    }

    fn order(endpoint: Endpoint) -> Order {
        let names = crate::auth::UserName::parse_list("a").unwrap();
        Order {
            endpoint,
            users: Users::zip(&names, &crate::variables::Secret::new("b")).unwrap(),
            journal: Journal::default(),
        }
    }

    #[test]
    fn it_ends_with_its_guard() {
        // Nobody listens there.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = Endpoint::local(listener.local_addr().unwrap().port());
        drop(listener);
        let order = order(endpoint);
        let (end, ended) = mpsc::channel();
        let thread = thread::spawn(move || order.carry_out(&ended));
        drop(end);
        thread.join().unwrap();
    }
}
