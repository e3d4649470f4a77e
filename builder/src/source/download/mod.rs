//! Many inputs into the store, several at a time, the largest first.
//!
//! Each input is tried at its addresses in order and checked while it streams: an address that lies
//! is passed over like one that does not answer. A store that cannot be written ends everything,
//! since no other address would help.

mod error;
mod transfer;
mod verify;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use url::Url;

pub use error::{DownloadError, Failure, Reason};
use transfer::Transfer;
pub use verify::{CopyError, copy_verified};

use super::http::HttpClient;
use crate::progress::{Downloads, Progress};
use crate::store::{Claimed, Expected, Store};

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

/// Brings files into a store.
#[derive(Debug, Clone, Copy)]
pub struct Downloader<'a> {
    /// Connections, and which addresses do not answer.
    pub client: &'a HttpClient,
    /// Where they go.
    pub store: &'a Store,
    /// What moves meanwhile.
    pub progress: &'a Progress,
}

impl Downloader<'_> {
    /// Fetches all that the store does not have. Everything that can be had is in the store
    /// afterwards, also when something else failed; only a store that cannot be written ends it at
    /// once.
    pub fn fetch_all(&self, inputs: &[Input]) -> Result<(), DownloadError> {
        let mut missing: Vec<&Input> = inputs
            .iter()
            .filter(|input| !self.store.contains(&input.expected))
            .collect();
        missing.sort_by(|a, b| {
            (b.expected.size.cmp(&a.expected.size))
                .then_with(|| a.expected.digest.cmp(&b.expected.digest))
        });
        missing.dedup_by(|a, b| a.expected == b.expected);

        if missing.is_empty() {
            return Ok(());
        }
        let total = missing
            .iter()
            .map(|input| input.expected.known_size())
            .sum();
        let downloads = self.progress.downloads(missing.len(), total);
        let next = AtomicUsize::new(0);
        let store_failed = AtomicBool::new(false);
        let failures = Mutex::new(Vec::new());
        let download = |input: &Input| {
            if let Err(failure) = self.fetch(input, &downloads) {
                if matches!(failure.reasons.last(), Some(Reason::Store(_))) {
                    store_failed.store(true, Ordering::Relaxed);
                }
                let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
                failures.push(failure);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..PARALLEL.min(missing.len()) {
                scope.spawn(|| {
                    while let Some(input) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if store_failed.load(Ordering::Relaxed) {
                            return;
                        }
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

    fn fetch(&self, input: &Input, downloads: &Downloads<'_>) -> Result<(), Failure> {
        let failed = |reasons| Failure {
            input: input.name.clone(),
            size: input.expected.size,
            reasons,
            passed_over: input.passed_over.clone(),
        };
        let claimed = Claimed::Blob(&input.expected.digest);
        let _claim = (self.store)
            .claim(claimed, &format!("fetches `{}`", input.name), |holder| {
                self.progress.waiting(holder)
            })
            .map_err(|error| failed(vec![Reason::Store(chain(&error))]))?;
        // Whoever had the claim before may have fetched it.
        if self.store.contains(&input.expected) {
            downloads.skip(input.expected.known_size());
            return Ok(());
        }
        let task = downloads.begin(&input.name, input.expected.size);
        let result = Transfer::new(*self, input, &task).run();
        result.map(|()| task.done()).map_err(failed)
    }
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
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::sync::Arc;

    use layers::Digest;

    use super::super::http::HttpSettings;
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
            size: Some(bytes.len() as u64),
        }
    }

    fn fetch_all(store: &Store, inputs: &[Input]) -> Result<(), DownloadError> {
        let downloader = Downloader {
            client: &HttpClient::new(HttpSettings::default()).unwrap(),
            store,
            progress: &Progress::new(true),
        };
        downloader.fetch_all(inputs)
    }

    fn fetch(store: &Store, servers: &[&Server]) -> Result<(), DownloadError> {
        let input = Input {
            name: "a.deb".to_owned(),
            expected: expected("right"),
            addresses: servers.iter().map(|server| server.url.clone()).collect(),
            passed_over: vec!["a slow mirror".to_owned()],
        };
        fetch_all(store, &[input])
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
        // Twice in the first round, since the first time brought something, and once in each later.
        assert_eq!(broken.asked(), 4);
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

    /// Without a size the digest vouches alone: what breaks off is asked for whole, what is too much for any
    /// archive is not read.
    #[test]
    fn a_file_of_unknown_size_goes_by_its_digest() {
        let fetch = |servers: &[&Server]| {
            let (cache, store) = temporary_store();
            let input = Input {
                name: "a.tar.gz".to_owned(),
                expected: Expected {
                    size: None,
                    ..expected("right")
                },
                addresses: servers.iter().map(|server| server.url.clone()).collect(),
                passed_over: Vec::new(),
            };
            let result = fetch_all(&store, std::slice::from_ref(&input));
            assert_eq!(store.contains(&input.expected), result.is_ok());
            drop(cache);
            result
        };
        let flaky = Server::start(5, &["ri", "right"]);
        fetch(&[&flaky]).unwrap();
        assert_eq!(flaky.asked(), 2);
        let endless = Server::start(1 << 40, &["right"]);
        for lying in [Server::start(5, &["wrong"]), endless] {
            let error = fetch(&[&lying]).unwrap_err();
            assert_eq!(lying.asked(), 1);
            assert!(matches!(error.failures[0].reasons[..], [Reason::Lied(_)]));
            fetch(&[&lying, &Server::start(5, &["right"])]).unwrap();
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
        let error = fetch_all(&store, &inputs).unwrap_err();
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
