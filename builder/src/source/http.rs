//! One GET, streamed: HTTP(S) and `file:` alike.
//!
//! An address that does not answer costs seconds, and only once: its origin is remembered and not
//! asked again in this run.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Mutex;
use std::time::Duration;

use thiserror::Error;
use url::Url;

/// To a connection. A mirror on another continent answers within one.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// To the head of an answer, and between two reads of its body.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// A client with its connections, shared by all downloads of a run.
#[derive(Debug)]
pub struct HttpClient {
    client: reqwest::blocking::Client,
    dead: Mutex<BTreeMap<String, String>>,
}

/// An answer whose body has not been read yet.
pub struct Answer {
    /// The body.
    pub body: Box<dyn Read + Send>,
    /// Its length, where the server says one.
    pub length: Option<u64>,
}

/// Why an address gave nothing.
#[derive(Debug, Error)]
pub enum HttpError {
    /// No connection, no answer in time, or the origin was found so before.
    #[error("`{url}`: {reason}")]
    Unreachable {
        /// The address asked.
        url: Url,
        /// In the system's words.
        reason: String,
    },
    /// An answer that is no success.
    #[error("`{url}`: answered {status}")]
    Status {
        /// The address asked.
        url: Url,
        /// `404 Not Found`
        status: String,
    },
    /// A `file:` address that cannot be opened.
    #[error("`{url}`: {source}")]
    File {
        /// The address asked.
        url: Url,
        /// What the system said.
        source: io::Error,
    },
    /// A scheme that is none of ours.
    #[error("`{url}`: only http, https and file addresses can be fetched")]
    Scheme {
        /// The address asked.
        url: Url,
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
    pub fn get(&self, url: &Url) -> Result<Answer, HttpError> {
        match url.scheme() {
            "http" | "https" => self.get_http(url),
            "file" => open_file(url),
            _ => Err(HttpError::Scheme { url: url.clone() }),
        }
    }

    fn get_http(&self, url: &Url) -> Result<Answer, HttpError> {
        let origin = url.origin().ascii_serialization();
        let known_dead = self
            .dead
            .lock()
            .ok()
            .and_then(|dead| dead.get(&origin).cloned());
        if let Some(reason) = known_dead {
            return Err(HttpError::Unreachable {
                url: url.clone(),
                reason,
            });
        }
        let response = self.client.get(url.clone()).send().map_err(|error| {
            let reason = innermost(&error);
            if error.is_connect() || error.is_timeout() {
                if let Ok(mut dead) = self.dead.lock() {
                    dead.insert(origin, reason.clone());
                }
            }
            HttpError::Unreachable {
                url: url.clone(),
                reason,
            }
        })?;
        if !response.status().is_success() {
            return Err(HttpError::Status {
                url: url.clone(),
                status: response.status().to_string(),
            });
        }
        let length = response.content_length();
        Ok(Answer {
            body: Box::new(response),
            length,
        })
    }
}

fn open_file(url: &Url) -> Result<Answer, HttpError> {
    let failed = |source| HttpError::File {
        url: url.clone(),
        source,
    };
    let path = url
        .to_file_path()
        .map_err(|()| failed(io::Error::other("not a path of this host")))?;
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    Ok(Answer {
        body: Box::new(file),
        length: Some(length),
    })
}

/// reqwest says "error sending request"; what happened is at the end of the chain.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut current = error;
    while let Some(source) = current.source() {
        current = source;
    }
    current.to_string()
}
