//! Many inputs into the store, several at a time, the largest first.
//!
//! Each input is tried at its addresses in order and checked while it streams: an address that lies
//! is passed over like one that does not answer.

use std::io::{self, Read};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use thiserror::Error;
use url::Url;

use super::http::HttpClient;
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
}

/// Inputs that no address gave.
#[derive(Debug, Error)]
#[error("{}", describe(failures))]
pub struct DownloadError {
    /// At least one.
    pub failures: Vec<Failure>,
}

/// One input, and what each of its addresses said.
#[derive(Debug)]
pub struct Failure {
    /// The input.
    pub input: Input,
    /// One line per address, or one saying that there was none.
    pub reasons: Vec<String>,
}

fn describe(failures: &[Failure]) -> String {
    let mut text = String::new();
    for failure in failures {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!("cannot fetch `{}`", failure.input.name));
        for reason in &failure.reasons {
            text.push_str(&format!("\n  {reason}"));
        }
    }
    text
}

/// Fetches all that the store does not have. Everything that can be had is in the store afterwards,
/// also when something else failed.
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
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL.min(missing.len()) {
            scope.spawn(|| {
                while let Some(input) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let task = progress.download(&input.name, input.expected.size);
                    match fetch_one(client, store, input, &task, progress) {
                        Ok(()) => task.done(),
                        Err(reasons) => failures
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push(Failure {
                                input: (*input).clone(),
                                reasons,
                            }),
                    }
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
    failures.sort_by(|a, b| a.input.name.cmp(&b.input.name));
    Err(DownloadError { failures })
}

fn fetch_one(
    client: &HttpClient,
    store: &Store,
    input: &Input,
    task: &Task,
    progress: &Progress,
) -> Result<(), Vec<String>> {
    let mut reasons = Vec::new();
    for address in &input.addresses {
        task.restart();
        match fetch_from(client, store, input, address, task) {
            Ok(()) => return Ok(()),
            Err(Attempt::Silent(reason)) => reasons.push(reason),
            Err(Attempt::Lied(reason)) => {
                progress.warn(&reason);
                reasons.push(reason);
            }
        }
    }
    if reasons.is_empty() {
        reasons.push("no address is known for it".to_owned());
    }
    Err(reasons)
}

/// Why an address did not do: it gave nothing, or it gave something else, which a person must see
/// even if the next address is honest.
enum Attempt {
    Silent(String),
    Lied(String),
}

fn fetch_from(
    client: &HttpClient,
    store: &Store,
    input: &Input,
    address: &Url,
    task: &Task,
) -> Result<(), Attempt> {
    let answer = client
        .get(address)
        .map_err(|error| Attempt::Silent(error.to_string()))?;
    let mut body = task.wrap(answer.body);
    copy_verified(&mut body, store, &input.name, &input.expected).map_err(|error| match error {
        CopyError::Transfer(source) => Attempt::Silent(format!("`{address}`: {source}")),
        CopyError::Store(error @ StoreError::Mismatch { .. }) => {
            Attempt::Lied(format!("`{address}`: {error}"))
        }
        CopyError::Store(error) => Attempt::Silent(chain(&error)),
    })
}

/// Why bytes did not become a blob.
#[derive(Debug, Error)]
pub enum CopyError {
    /// Reading or writing broke off.
    #[error(transparent)]
    Transfer(io::Error),
    /// The bytes are others than expected, or the store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Streams `reader` into the store, checking on the way.
pub fn copy_verified(
    reader: &mut impl Read,
    store: &Store,
    name: &str,
    expected: &Expected,
) -> Result<(), CopyError> {
    let mut writer = store.writer(expected.digest.algorithm(), expected.size)?;
    match io::copy(reader, &mut writer) {
        Ok(_) => Ok(writer.commit(name, expected)?),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            Err(CopyError::Store(StoreError::Mismatch {
                name: name.to_owned(),
                expected: format!("{} bytes", expected.size),
                found: "more".to_owned(),
            }))
        }
        Err(error) => Err(CopyError::Transfer(error)),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}
