//! Many inputs into the store, several at a time, the largest first.
//!
//! Each input is tried at its addresses in order and checked while it streams: an address that lies
//! is passed over like one that does not answer. A store that cannot be written ends everything,
//! since no other address would help.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use thiserror::Error;
use url::Url;

use super::http::{HttpClient, ShownUrl};
use crate::progress::{Progress, Task};
use crate::store::{Expected, Store, StoreError};

/// Downloads under way at once: enough to fill a line through many small files.
const PARALLEL: usize = 6;

/// One file to be had.
#[derive(Debug, Clone)]
pub struct Input {
    /// As a person knows it: a file name.
    pub name: String,
    /// What it must be.
    pub expected: Expected,
    /// Where to ask, in this order.
    pub addresses: Vec<Url>,
    /// Why others are not asked, one line each; shown only if none of `addresses` has it.
    pub passed_over: Vec<String>,
}

/// Inputs that no address gave.
#[derive(Debug, Error)]
#[error("{}", describe(failures))]
pub struct DownloadError {
    /// At least one.
    pub failures: Vec<Failure>,
}

impl DownloadError {
    /// Whether the inputs are just not to be had now: nobody gave other bytes, and the store could
    /// be written.
    #[must_use]
    pub fn no_address_answered(&self) -> bool {
        self.reasons()
            .all(|reason| matches!(reason, Reason::Silent(_)))
    }

    /// Whether the cache could not be written, so that the network is not to blame.
    #[must_use]
    pub fn is_of_store(&self) -> bool {
        self.reasons()
            .any(|reason| matches!(reason, Reason::Store(_)))
    }

    /// What was said about all inputs.
    pub(super) fn reasons(&self) -> impl Iterator<Item = &Reason> {
        self.failures.iter().flat_map(|failure| &failure.reasons)
    }
}

/// One input, and what each of its addresses said.
#[derive(Debug)]
pub struct Failure {
    /// The input's name.
    pub input: String,
    /// One per address, or one saying that there was none.
    pub reasons: Vec<Reason>,
    /// Why others were not asked.
    pub passed_over: Vec<String>,
}

/// Why an address did not do, in one line that names it without user and password.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Unreachable, refused, or broken off.
    Silent(String),
    /// It gave something else: wrong size or digest.
    Lied(String),
    /// What it gave could not be written to the cache.
    Store(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent(text) | Self::Lied(text) | Self::Store(text) => formatter.write_str(text),
        }
    }
}

/// What all inputs have in common, the addresses passed over, comes once and last.
fn describe(failures: &[Failure]) -> String {
    let mut lines = Vec::new();
    for failure in failures {
        lines.push(format!("cannot fetch `{}`", failure.input));
        lines.extend(failure.reasons.iter().map(|reason| format!("  {reason}")));
    }
    let mut seen = BTreeSet::new();
    for line in failures.iter().flat_map(|failure| &failure.passed_over) {
        if seen.insert(line) {
            lines.push(format!("  passed over: {line}"));
        }
    }
    lines.join("\n")
}

/// Fetches all that the store does not have. Everything that can be had is in the store afterwards,
/// also when something else failed; only a store that cannot be written ends it at once.
pub fn fetch_all(
    client: &HttpClient,
    store: &Store,
    inputs: &[Input],
    progress: &Progress,
) -> Result<(), DownloadError> {
    let mut missing: Vec<&Input> = inputs
        .iter()
        .filter(|input| !store.contains(&input.expected))
        .collect();
    missing.sort_by(|a, b| {
        b.expected
            .size
            .cmp(&a.expected.size)
            .then_with(|| a.name.cmp(&b.name))
    });
    missing.dedup_by(|a, b| a.expected == b.expected);

    let next = AtomicUsize::new(0);
    let store_failed = AtomicBool::new(false);
    let failures = Mutex::new(Vec::new());
    let download = |input: &Input| {
        let task = progress.download(&input.name, input.expected.size);
        match fetch_one(client, store, input, &task, progress) {
            Ok(()) => task.done(),
            Err(reasons) => {
                if matches!(reasons.last(), Some(Reason::Store(_))) {
                    store_failed.store(true, Ordering::Relaxed);
                }
                failures
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(Failure {
                        input: input.name.clone(),
                        reasons,
                        passed_over: input.passed_over.clone(),
                    });
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL.min(missing.len()) {
            scope.spawn(|| {
                while !store_failed.load(Ordering::Relaxed)
                    && let Some(input) = missing.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    download(input);
                }
            });
        }
    });
    let mut failures = failures
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    if failures.is_empty() {
        return Ok(());
    }
    failures.sort_by(|a, b| a.input.cmp(&b.input));
    Err(DownloadError { failures })
}

fn fetch_one(
    client: &HttpClient,
    store: &Store,
    input: &Input,
    task: &Task,
    progress: &Progress,
) -> Result<(), Vec<Reason>> {
    let mut reasons = Vec::new();
    for address in &input.addresses {
        let attempt = || {
            task.restart();
            fetch_from(client, store, input, address, task)
        };
        let outcome = match attempt() {
            // A line that drops is not the address's fault: once more, and only once.
            Err(AttemptError::BrokenOff(_)) => attempt(),
            outcome => outcome,
        };
        match outcome {
            Ok(()) => {
                // Without this nobody would hear of a mirror that serves other bytes.
                for reason in &reasons {
                    if let Reason::Lied(text) = reason {
                        progress.warn(text);
                    }
                }
                return Ok(());
            }
            Err(AttemptError::BrokenOff(text)) => reasons.push(Reason::Silent(text)),
            Err(AttemptError::Failed(reason)) => {
                let stop = matches!(reason, Reason::Store(_));
                reasons.push(reason);
                if stop {
                    break;
                }
            }
        }
    }
    if reasons.is_empty() {
        reasons.push(Reason::Silent("no address is known for it".to_owned()));
    }
    Err(reasons)
}

/// How one attempt at one address ended.
enum AttemptError {
    /// In the middle of the body.
    BrokenOff(String),
    /// In a way that another attempt would not change.
    Failed(Reason),
}

fn fetch_from(
    client: &HttpClient,
    store: &Store,
    input: &Input,
    address: &Url,
    task: &Task,
) -> Result<(), AttemptError> {
    let body = client
        .get(address)
        .map_err(|error| AttemptError::Failed(Reason::Silent(error.to_string())))?;
    let mut body = task.wrap(body);
    copy_verified(&mut body, store, &input.name, &input.expected).map_err(|error| {
        let shown = ShownUrl::from(address);
        match error {
            // Whoever fell silent has cost enough time already.
            CopyError::Read(error) if error.kind() == io::ErrorKind::TimedOut => {
                AttemptError::Failed(Reason::Silent(format!("`{shown}`: {error}")))
            }
            CopyError::Read(error) => AttemptError::BrokenOff(format!("`{shown}`: {error}")),
            CopyError::Mismatch(error) => {
                AttemptError::Failed(Reason::Lied(format!("`{shown}`: {error}")))
            }
            CopyError::Store(error) => AttemptError::Failed(Reason::Store(chain(&error))),
        }
    })
}

/// Why bytes did not become a blob.
#[derive(Debug, Error)]
pub enum CopyError {
    /// Reading broke off.
    #[error(transparent)]
    Read(io::Error),
    /// The bytes are others than expected.
    #[error(transparent)]
    Mismatch(StoreError),
    /// The store could not be written.
    #[error(transparent)]
    Store(StoreError),
}

/// Streams `reader` into the store, checking on the way.
pub fn copy_verified(
    reader: &mut impl Read,
    store: &Store,
    name: &str,
    expected: &Expected,
) -> Result<(), CopyError> {
    let mut writer = store
        .writer(expected.digest.algorithm(), expected.size)
        .map_err(CopyError::Store)?;
    let mut buffer = vec![0; 64 << 10];
    let mut left = expected.size;
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(CopyError::Read(error)),
        };
        // Not left to the writer: its error for too many bytes is also the system's for a file
        // that may not grow.
        left = left.checked_sub(count as u64).ok_or_else(|| {
            CopyError::Mismatch(StoreError::Mismatch {
                name: name.to_owned(),
                expected: format!("{} bytes", expected.size),
                found: "more".to_owned(),
            })
        })?;
        writer.write_all(&buffer[..count]).map_err(|error| {
            CopyError::Store(StoreError::io("write a file in", store.work().path())(
                error,
            ))
        })?;
    }
    writer.commit(name, expected).map_err(|error| match error {
        StoreError::Mismatch { .. } => CopyError::Mismatch(error),
        _ => CopyError::Store(error),
    })
}

/// An error and its sources on one line, for a reason or a warning.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;
    use std::sync::Arc;

    use layers::Digest;

    use super::*;

    /// Answers every request by the next of `bodies`, the last one for ever, always announcing
    /// `length` bytes; its address has a user and a password.
    struct Server {
        url: Url,
        asked: Arc<AtomicUsize>,
    }

    impl Server {
        fn start(length: usize, bodies: &'static [&'static str]) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let asked = Arc::new(AtomicUsize::new(0));
            let counter = Arc::clone(&asked);
            // Ends with the process of the tests.
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    let mut stream = stream.unwrap();
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    let mut line = String::new();
                    while reader.read_line(&mut line).unwrap() > 2 {
                        line.clear();
                    }
                    let body = bodies[counter.fetch_add(1, Ordering::SeqCst).min(bodies.len() - 1)];
                    let head = format!(
                        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                    );
                    stream.write_all((head + body).as_bytes()).unwrap();
                }
            });
            let url = Url::parse(&format!("http://user:secret@{address}/a.deb")).unwrap();
            Self { url, asked }
        }

        fn asked(&self) -> usize {
            self.asked.load(Ordering::SeqCst)
        }
    }

    fn expected(bytes: &str) -> Expected {
        Expected {
            digest: Digest::sha256_of(bytes.as_bytes()),
            size: bytes.len() as u64,
        }
    }

    fn fetch(store: &Store, servers: &[&Server]) -> Result<(), DownloadError> {
        let input = Input {
            name: "a.deb".to_owned(),
            expected: expected("right"),
            addresses: servers.iter().map(|server| server.url.clone()).collect(),
            passed_over: vec!["a slow mirror".to_owned()],
        };
        let client = HttpClient::new().unwrap();
        fetch_all(&client, store, &[input], &Progress::new(true))
    }

    fn temporary_store() -> (tempfile::TempDir, Store) {
        let cache = tempfile::tempdir().unwrap();
        let store = Store::open(cache.path()).unwrap();
        (cache, store)
    }

    #[test]
    fn a_transfer_that_breaks_off_is_tried_once_more_at_the_same_address() {
        let (_cache, store) = temporary_store();
        let flaky = Server::start(5, &["ri", "right"]);
        let other = Server::start(5, &["right"]);
        fetch(&store, &[&flaky, &other]).unwrap();
        assert_eq!((flaky.asked(), other.asked()), (2, 0));
    }

    #[test]
    fn a_transfer_that_always_breaks_off_is_no_answer() {
        let (_cache, store) = temporary_store();
        let broken = Server::start(5, &["ri"]);
        let error = fetch(&store, &[&broken]).unwrap_err();
        assert_eq!(broken.asked(), 2);
        assert!(error.no_address_answered() && !error.is_of_store());
        assert_eq!(error.failures[0].reasons.len(), 1);
        assert!(
            error
                .to_string()
                .ends_with("\n  passed over: a slow mirror")
        );
    }

    #[test]
    fn other_bytes_are_an_answer_and_not_asked_for_again() {
        for body in ["wrong", "longer", "r"] {
            let (_cache, store) = temporary_store();
            let bodies: &[&str] = Box::leak(Box::new([body]));
            let lying = Server::start(body.len(), bodies);
            let error = fetch(&store, &[&lying]).unwrap_err();
            assert_eq!(lying.asked(), 1);
            assert!(!error.no_address_answered());
            assert!(matches!(error.failures[0].reasons[..], [Reason::Lied(_)]));
            for text in [format!("{error}"), format!("{error:?}")] {
                assert!(!text.contains("secret"), "{text}");
            }
            let other = Server::start(5, &["right"]);
            fetch(&store, &[&lying, &other]).unwrap();
        }
    }

    #[test]
    fn a_store_that_cannot_be_written_is_not_blamed_on_the_mirror() {
        for broken in ["blobs/sha256", "work"] {
            let (cache, store) = temporary_store();
            std::fs::remove_dir_all(cache.path().join("v1").join(broken)).unwrap();
            let servers = [Server::start(5, &["right"]), Server::start(5, &["right"])];
            let error = fetch(&store, &[&servers[0], &servers[1]]).unwrap_err();
            assert_eq!((servers[0].asked(), servers[1].asked()), (1, 0));
            assert!(error.is_of_store() && !error.no_address_answered());
            let text = error.to_string();
            assert!(text.contains(broken) && !text.contains("http:"), "{text}");
        }
    }

    #[test]
    fn a_store_that_cannot_be_written_ends_all_downloads() {
        let (cache, store) = temporary_store();
        std::fs::remove_dir_all(cache.path().join("v1/work")).unwrap();
        let server = Server::start(5, &["right"]);
        let inputs: Vec<Input> = (0..10 * PARALLEL)
            .map(|number| Input {
                name: format!("{number}.deb"),
                expected: expected(&format!("{number:05}")),
                addresses: vec![server.url.clone()],
                passed_over: Vec::new(),
            })
            .collect();
        let client = HttpClient::new().unwrap();
        let error = fetch_all(&client, &store, &inputs, &Progress::new(true)).unwrap_err();
        assert!(error.failures.len() <= PARALLEL, "{error}");
    }

    #[test]
    fn an_input_without_an_address_says_so() {
        let (_cache, store) = temporary_store();
        let error = fetch(&store, &[]).unwrap_err();
        assert!(error.no_address_answered());
        assert!(error.to_string().contains("no address is known for it"));
    }
}
