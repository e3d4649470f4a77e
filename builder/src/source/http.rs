//! One GET, streamed: HTTP(S) and `file:` alike.
//!
//! An address that does not answer costs seconds, and only once: its origin is remembered and not
//! asked again in this run. No message repeats the user and the password of an address.

mod shown;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Mutex;
use std::time::Duration;

use thiserror::Error;
use url::Url;

pub use shown::{ShownUrl, text_without_userinfo, without_userinfo};

/// To a connection. A mirror on another continent answers within one.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// To the head of an answer, and between two reads of its body.
const READ_TIMEOUT: Duration = Duration::from_secs(20);
/// To the whole of a probe's answer: there are other mirrors.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// A client with its connections, shared by all downloads of a run.
#[derive(Debug)]
pub struct HttpClient {
    client: reqwest::blocking::Client,
    /// By origin.
    dead: Mutex<BTreeMap<String, Silence>>,
}

/// How an origin did not answer.
#[derive(Debug, Clone)]
struct Silence {
    /// How long it was given; whoever would wait longer asks again.
    waited: Duration,
    reason: String,
}

/// The bytes of an answer, not yet read. A read that waits too long fails with
/// [`io::ErrorKind::TimedOut`].
pub type Body = Box<dyn Read + Send>;

/// A text that is no address to fetch from.
#[derive(Debug, Error)]
pub enum AddressError {
    /// Not a URL.
    #[error("`{address}` is no address")]
    Malformed {
        /// As written, without user and password.
        address: String,
        /// What is wrong with it.
        source: url::ParseError,
    },
    /// A scheme that is none of ours.
    #[error("`{0}`: only http, https and file addresses can be fetched")]
    Scheme(ShownUrl),
}

/// Parses an address that can be handed to [`HttpClient::get`].
pub fn parse_address(text: &str) -> Result<Url, AddressError> {
    let url = Url::parse(text).map_err(|source| AddressError::Malformed {
        address: without_userinfo(text),
        source,
    })?;
    match url.scheme() {
        "http" | "https" | "file" => Ok(url),
        _ => Err(AddressError::Scheme(ShownUrl::from(&url))),
    }
}

/// Why an address gave nothing.
#[derive(Debug, Error)]
pub enum HttpError {
    /// No connection, no answer in time, or the origin was found so before.
    #[error("`{url}`: {reason}")]
    Unreachable {
        /// The address asked.
        url: ShownUrl,
        /// In the system's words.
        reason: String,
    },
    /// An answer that is no success.
    #[error("`{url}`: answered {status}")]
    Status {
        /// The address asked.
        url: ShownUrl,
        /// `404 Not Found`
        status: String,
    },
    /// A `file:` address that cannot be opened.
    #[error("`{url}`: {source}")]
    File {
        /// The address asked.
        url: ShownUrl,
        /// What the system said.
        source: io::Error,
    },
    /// A scheme that is none of ours.
    #[error("`{url}`: only http, https and file addresses can be fetched")]
    Scheme {
        /// The address asked.
        url: ShownUrl,
    },
    /// The client itself could not be made.
    #[error("cannot set up the HTTP client")]
    Client(#[source] reqwest::Error),
}

impl HttpClient {
    /// Proxies come from the environment, certificates from the host.
    pub fn new() -> Result<Self, HttpError> {
        // Already installed is fine: there is one provider in this program.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::blocking::Client::builder()
            .user_agent(concat!("zookiln/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            // The blocking client applies it to each wait, not to a whole download.
            .timeout(READ_TIMEOUT)
            .build()
            .map_err(HttpError::Client)?;
        Ok(Self {
            client,
            dead: Mutex::default(),
        })
    }

    /// Asks for `url`. The body is to be read at once, since connections are shared.
    pub fn get(&self, url: &Url) -> Result<Body, HttpError> {
        self.ask(url, None)
    }

    /// Asks for `url` with little patience: for a small answer from somebody who can be done without.
    pub fn probe(&self, url: &Url) -> Result<Body, HttpError> {
        self.ask(url, Some(PROBE_TIMEOUT))
    }

    fn ask(&self, url: &Url, limit: Option<Duration>) -> Result<Body, HttpError> {
        match url.scheme() {
            "http" | "https" => self.ask_http(url, limit),
            "file" => open_file(url),
            _ => Err(HttpError::Scheme { url: url.into() }),
        }
    }

    fn ask_http(&self, url: &Url, limit: Option<Duration>) -> Result<Body, HttpError> {
        let unreachable = |reason| HttpError::Unreachable {
            url: url.into(),
            reason,
        };
        let origin = url.origin().ascii_serialization();
        let patience = limit.unwrap_or(READ_TIMEOUT);
        if let Some(reason) = self.known_silence(&origin, patience) {
            return Err(unreachable(reason));
        }
        let mut request = self.client.get(url.clone());
        if let Some(limit) = limit {
            request = request.timeout(limit);
        }
        let response = request.send().map_err(|error| {
            let error = error.without_url();
            let reason = innermost(&error);
            let waited = match (error.is_connect(), error.is_timeout()) {
                // The limit to a connection is the same for all.
                (true, _) => Some(Duration::MAX),
                (false, true) => Some(patience),
                (false, false) => None,
            };
            if let (Some(waited), Ok(mut dead)) = (waited, self.dead.lock()) {
                let reason = reason.clone();
                dead.insert(origin, Silence { waited, reason });
            }
            unreachable(reason)
        })?;
        if !response.status().is_success() {
            return Err(HttpError::Status {
                url: url.into(),
                status: response.status().to_string(),
            });
        }
        Ok(Box::new(HttpBody(response)))
    }

    /// Why there is no use in waiting for `origin`.
    fn known_silence(&self, origin: &str, patience: Duration) -> Option<String> {
        let dead = self.dead.lock().ok()?;
        let silence = dead.get(origin)?;
        (silence.waited >= patience).then(|| silence.reason.clone())
    }
}

/// A body whose errors say what happened.
struct HttpBody(reqwest::blocking::Response);

impl Read for HttpBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| {
            let inner = error
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<reqwest::Error>());
            match inner {
                Some(inner) if inner.is_timeout() => {
                    io::Error::new(io::ErrorKind::TimedOut, innermost(inner))
                }
                Some(inner) => io::Error::new(error.kind(), innermost(inner)),
                None => error,
            }
        })
    }
}

fn open_file(url: &Url) -> Result<Body, HttpError> {
    let failed = |source| HttpError::File {
        url: url.into(),
        source,
    };
    let path = url
        .to_file_path()
        .map_err(|()| failed(io::Error::other("not a path of this host")))?;
    Ok(Box::new(File::open(path).map_err(failed)?))
}

/// reqwest says "error sending request"; what happened is at the end of the chain.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut current = error;
    while let Some(source) = current.source() {
        current = source;
    }
    current.to_string()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Instant;

    use super::*;

    #[test]
    fn no_error_shows_a_password() {
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let client = HttpClient::new().unwrap();
        for address in [
            format!("http://user:secret@{free}/debian"),
            "ftp://user:secret@host.example/".to_owned(),
        ] {
            let url = Url::parse(&address).unwrap();
            let error = client.get(&url).err().unwrap();
            for text in [format!("{error}"), format!("{error:?}")] {
                assert!(!text.contains("secret") && !text.contains("user"), "{text}");
            }
        }
        for address in ["http://user:secret@host:port/", "ftp://user:secret@host/"] {
            let error = parse_address(address).unwrap_err();
            for text in [format!("{error}"), format!("{error:?}")] {
                assert!(!text.contains("secret") && text.contains("host"), "{text}");
            }
        }
    }

    /// A listener that never accepts: the system completes the connection, and nobody answers.
    #[test]
    fn a_probe_waits_less_and_does_not_speak_for_those_who_wait_longer() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let origin = url.origin().ascii_serialization();
        let client = HttpClient::new().unwrap();

        let begun = Instant::now();
        assert!(client.probe(&url).is_err());
        assert!(begun.elapsed() < READ_TIMEOUT / 2, "{:?}", begun.elapsed());

        let begun = Instant::now();
        assert!(client.probe(&url).is_err());
        assert!(begun.elapsed() < PROBE_TIMEOUT / 2, "{:?}", begun.elapsed());
        assert!(client.known_silence(&origin, READ_TIMEOUT).is_none());
    }
}
