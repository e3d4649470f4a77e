//! Origins that do not answer, so that each costs its seconds once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How often an origin may fall silent in the middle of files before it is asked no more.
const STALLS: u32 = 3;

/// By origin.
#[derive(Debug, Default)]
pub(super) struct Silences {
    known: Mutex<BTreeMap<String, Silence>>,
    stalls: Mutex<BTreeMap<String, Stalls>>,
    /// Origins that have answered in this run.
    living: Mutex<BTreeSet<String>>,
}

/// How often an origin fell silent in the middle. Several files at the same time are one pause of the
/// line.
#[derive(Debug)]
struct Stalls {
    count: u32,
    last: Instant,
}

/// How an origin did not answer.
#[derive(Debug, Clone)]
struct Silence {
    /// How long it was given; whoever would wait longer asks again.
    waited: Duration,
    reason: String,
}

impl Silences {
    pub(super) fn note(&self, origin: String, waited: Duration, reason: &str) {
        if let Ok(mut known) = self.known.lock() {
            let reason = reason.to_owned();
            known.insert(origin, Silence { waited, reason });
        }
    }

    /// Notes an answer that ended in silence.
    pub(super) fn note_stall(&self, origin: String, patience: Duration, reason: &str) {
        let Ok(mut stalls) = self.stalls.lock() else {
            return;
        };
        let known = stalls.entry(origin.clone()).or_insert_with(|| Stalls {
            count: 1,
            last: Instant::now(),
        });
        if known.last.elapsed() >= patience {
            known.count += 1;
            known.last = Instant::now();
        }
        if known.count >= STALLS {
            self.note(origin, Duration::MAX, reason);
        }
    }

    /// Notes an answer that was complete.
    pub(super) fn note_success(&self, origin: &str) {
        if let Ok(mut stalls) = self.stalls.lock() {
            stalls.remove(origin);
        }
    }

    /// Notes an answer, of whatever kind.
    pub(super) fn note_life(&self, origin: &str) {
        if let Ok(mut living) = self.living.lock() {
            living.insert(origin.to_owned());
        }
    }

    /// Whether an origin that is not there now was there before in this run, and may come back.
    pub(super) fn has_lived(&self, origin: &str) -> bool {
        self.living
            .lock()
            .is_ok_and(|living| living.contains(origin))
    }

    /// Why there is no use in waiting for `origin`.
    pub(super) fn reason(&self, origin: &str, patience: Duration) -> Option<String> {
        let known = self.known.lock().ok()?;
        let silence = known.get(origin)?;
        (silence.waited >= patience).then(|| silence.reason.clone())
    }
}
