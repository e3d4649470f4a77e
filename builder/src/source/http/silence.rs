//! Origins that do not answer, so that each costs its seconds once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

/// Files in the middle of which an origin may fall silent before it is asked no more.
const STALLS: usize = 3;

/// By origin.
#[derive(Debug, Default)]
pub(super) struct Silences {
    known: Mutex<BTreeMap<String, Silence>>,
    /// Paths of the files that stalled.
    stalls: Mutex<BTreeMap<String, BTreeSet<String>>>,
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
    pub(super) fn note_stall(&self, origin: String, path: &str, reason: &str) {
        let Ok(mut stalls) = self.stalls.lock() else {
            return;
        };
        let files = stalls.entry(origin.clone()).or_default();
        files.insert(path.to_owned());
        if files.len() >= STALLS {
            self.note(origin, Duration::MAX, reason);
        }
    }

    /// Notes an answer that was complete.
    pub(super) fn note_success(&self, origin: &str) {
        if let Ok(mut stalls) = self.stalls.lock() {
            stalls.remove(origin);
        }
    }

    /// Why there is no use in waiting for `origin`.
    pub(super) fn reason(&self, origin: &str, patience: Duration) -> Option<String> {
        let known = self.known.lock().ok()?;
        let silence = known.get(origin)?;
        (silence.waited >= patience).then(|| silence.reason.clone())
    }
}
