//! One input from its addresses, in rounds.
//!
//! What has come stays when an address breaks off: the rest is asked for by a range, there or at the
//! next address. Only the bytes of one whole answer make an address a liar; a file put together from
//! several answers that turns out wrong is asked for whole once more.

use std::io;
use std::time::{Duration, Instant};

use url::Url;

use super::error::Reason;
use super::verify::{CopyError, Partial};
use super::{Downloader, Input, chain};
use crate::progress::Download;
use crate::source::http::{Answer, HttpError, Rest, ShownUrl};

/// How often all addresses that may yet answer are asked.
const ROUNDS: u32 = 3;
/// How often one address may break off and go on, as long as each time brings more.
const RESUMES: u32 = 20;
/// Before the second round, on average; twice as long before the third.
const BACKOFF: Duration = Duration::from_millis(500);
/// Whoever wants to be left alone for longer is.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// One input under way.
pub(super) struct Transfer<'a> {
    downloader: Downloader<'a>,
    input: &'a Input,
    task: &'a Download<'a>,
    part: Option<Part<'a>>,
    /// The most that any attempt has had.
    furthest: u64,
}

/// What has come so far.
struct Part<'a> {
    blob: Partial<'a>,
    /// Answers that it was put together from.
    pieces: u32,
    /// The address that gave the last piece, and its validator.
    validator: Option<(&'a Url, String)>,
}

/// An address that may be asked again.
struct Candidate<'a> {
    address: &'a Url,
    not_before: Option<Instant>,
    asked: u32,
}

/// Why an address was given up in this round.
enum Outcome {
    /// For good.
    Final(Reason),
    /// It may do later, at the earliest after this time.
    Later(String, Duration),
}

/// How one request ended.
enum Attempt {
    /// In the middle; what came is kept.
    BrokenOff(String),
    /// With a part that does not fit, or several that do not make the file.
    Unfit(Reason),
    /// In a way that ends this round for the address.
    Ended(Outcome),
}

impl<'a> Transfer<'a> {
    pub(super) fn new(
        downloader: Downloader<'a>,
        input: &'a Input,
        task: &'a Download<'a>,
    ) -> Self {
        Self {
            downloader,
            input,
            task,
            part: None,
            furthest: 0,
        }
    }

    /// Brings the input into the store; else what each address said, in their order.
    pub(super) fn run(mut self) -> Result<(), Vec<Reason>> {
        let input = self.input;
        let mut reasons: Vec<Option<Reason>> = vec![None; input.addresses.len()];
        let mut candidates: Vec<(usize, Candidate<'a>)> = (input.addresses.iter().enumerate())
            .map(|(index, address)| {
                let candidate = Candidate {
                    address,
                    not_before: None,
                    asked: 0,
                };
                (index, candidate)
            })
            .collect();
        for round in 0..ROUNDS {
            for (index, mut candidate) in std::mem::take(&mut candidates) {
                candidate.wait();
                candidate.asked += 1;
                match self.ask(candidate.address) {
                    Ok(()) => {
                        self.tell_lies(&reasons);
                        return Ok(());
                    }
                    Err(Outcome::Final(reason)) => {
                        let is_of_store = matches!(reason, Reason::Store(_));
                        reasons[index] = Some(reason);
                        if is_of_store {
                            return Err(reasons.into_iter().flatten().collect());
                        }
                    }
                    Err(Outcome::Later(text, after)) => {
                        let times = match candidate.asked {
                            1 => String::new(),
                            times => format!(" (asked {times} times)"),
                        };
                        reasons[index] = Some(Reason::Silent(format!("{text}{times}")));
                        if after <= LONGEST_WAIT {
                            let wait = after.max(backoff(round));
                            candidate.not_before = Some(Instant::now() + wait);
                            candidates.push((index, candidate));
                        }
                    }
                }
            }
            candidates.sort_by_key(|(_, candidate)| candidate.not_before);
        }
        if reasons.is_empty() {
            let nobody = Reason::Silent("no address is known for it".to_owned());
            return Err(vec![nobody]);
        }
        Err(reasons.into_iter().flatten().collect())
    }

    /// Without this nobody would hear of a mirror that serves other bytes.
    fn tell_lies(&self, reasons: &[Option<Reason>]) {
        for reason in reasons.iter().flatten() {
            if let Reason::Lied(text) = reason {
                self.downloader.progress.warn(text);
            }
        }
    }

    /// Asks one address until it has given all, or no more than before.
    fn ask(&mut self, address: &'a Url) -> Result<(), Outcome> {
        let mut asked_whole = false;
        let mut resumes = 0;
        loop {
            match self.attempt(address) {
                Ok(()) => return Ok(()),
                Err(Attempt::Ended(outcome)) => return Err(outcome),
                Err(Attempt::Unfit(reason)) if asked_whole => return Err(Outcome::Final(reason)),
                Err(Attempt::Unfit(_)) => {
                    asked_whole = true;
                    self.part = None;
                }
                Err(Attempt::BrokenOff(text)) => {
                    let came = self.part.as_ref().map_or(0, |part| part.blob.len());
                    resumes += 1;
                    if came <= self.furthest || resumes > RESUMES {
                        return Err(Outcome::Later(text, Duration::ZERO));
                    }
                    self.furthest = came;
                }
            }
        }
    }

    /// One request, and all that it brings.
    fn attempt(&mut self, address: &'a Url) -> Result<(), Attempt> {
        let client = self.downloader.client;
        // Without a size nobody knows what the rest is: the file is asked for whole.
        let answer = match (&self.part, self.input.expected.size) {
            (Some(part), Some(size)) if part.blob.len() > 0 && part.blob.len() < size => {
                let validator = part.validator.as_ref();
                let rest = Rest {
                    from: part.blob.len(),
                    size,
                    validator: validator
                        .filter(|(from, _)| *from == address)
                        .map(|(_, validator)| validator.as_str()),
                };
                client.get_rest(address, rest)
            }
            _ => client.get(address),
        };
        let Answer {
            body,
            from,
            length,
            validator,
        } = answer.map_err(refused)?;
        if from == 0 {
            self.part = None;
        }
        let mut part = match self.part.take() {
            Some(part) => part,
            None => self.begin().map_err(|error| stored(&error))?,
        };
        part.pieces += 1;
        part.validator = validator.map(|validator| (address, validator));
        let pieces = part.pieces;
        let shown = ShownUrl::from(address);
        let wrong = |error: &dyn std::error::Error| {
            let lied = Reason::Lied(format!("`{shown}`: {}", chain(error)));
            match pieces {
                1 => Attempt::Ended(Outcome::Final(lied)),
                _ => Attempt::Unfit(lied),
            }
        };
        if let Some(length) = length.filter(|length| part.blob.cannot_take(*length)) {
            let found = part.blob.len() + length;
            return Err(wrong(&part.blob.mismatch(format!("{found} bytes"))));
        }
        let result = part.blob.append(&mut self.task.wrap(body));
        match result {
            Ok(()) => match part.blob.missing() {
                Some(missing) if missing > 0 => {
                    self.part = Some(part);
                    let text = format!("`{shown}`: ended {missing} bytes too early");
                    return Err(Attempt::BrokenOff(text));
                }
                _ => part.blob.commit().map_err(|error| match error {
                    CopyError::Mismatch(error) => wrong(&error),
                    error => stored(&error),
                })?,
            },
            Err(CopyError::Read(error)) => {
                let text = format!("`{shown}`: {error}");
                let came = part.blob.len();
                self.part = Some(part);
                // Whoever fell silent has cost enough time already: the next address goes on.
                return Err(match error.kind() {
                    io::ErrorKind::TimedOut => {
                        client.note_stall(address, &error.to_string());
                        Attempt::Ended(match came > self.furthest {
                            true => {
                                self.furthest = came;
                                Outcome::Later(text, Duration::ZERO)
                            }
                            false => Outcome::Final(Reason::Silent(text)),
                        })
                    }
                    _ => Attempt::BrokenOff(text),
                });
            }
            Err(CopyError::Mismatch(error)) => return Err(wrong(&error)),
            Err(error) => return Err(stored(&error)),
        }
        client.note_success(address);
        Ok(())
    }

    fn begin(&self) -> Result<Part<'a>, CopyError> {
        self.task.restart();
        let store = self.downloader.store;
        Ok(Part {
            blob: Partial::new(store, &self.input.name, &self.input.expected)?,
            pieces: 0,
            validator: None,
        })
    }
}

impl Candidate<'_> {
    fn wait(&self) {
        let wait = self
            .not_before
            .map(|time| time.saturating_duration_since(Instant::now()));
        std::thread::sleep(wait.unwrap_or_default());
    }
}

/// An answer that brings nothing.
fn refused(error: HttpError) -> Attempt {
    let text = chain(&error);
    if error.is_of_part() {
        return Attempt::Unfit(Reason::Silent(text));
    }
    Attempt::Ended(if error.is_transient() {
        Outcome::Later(text, error.retry_after().unwrap_or_default())
    } else if error.is_gone() {
        Outcome::Final(Reason::Gone(text))
    } else if error.is_absent() {
        Outcome::Final(Reason::Absent(text))
    } else if error.is_of_certificate() {
        Outcome::Final(Reason::Untrusted(text))
    } else if matches!(error, HttpError::Offline { .. }) {
        Outcome::Final(Reason::Offline(text))
    } else {
        Outcome::Final(Reason::Silent(text))
    })
}

fn stored(error: &CopyError) -> Attempt {
    Attempt::Ended(Outcome::Final(Reason::Store(chain(error))))
}

/// With jitter, so that the builds of a farm do not come back all at once.
fn backoff(round: u32) -> Duration {
    (BACKOFF * 2_u32.pow(round)).mul_f64(0.5 + fastrand::f64())
}
