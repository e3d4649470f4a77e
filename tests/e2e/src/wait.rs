//! Waiting for a condition, with a deadline.

use std::time::{Duration, Instant};

use anyhow::bail;

/// How often a condition is looked at. Looking is a process or two.
const INTERVAL: Duration = Duration::from_millis(200);

/// What a look at a condition found.
#[derive(Debug)]
pub enum Seen<T> {
    /// It holds.
    Yes(T),
    /// It does not hold yet; what there was instead.
    NotYet(String),
}

/// Looks until the condition holds. An error ends the wait at once: it is for what can no longer
/// become true.
pub fn until<T>(
    condition: &str,
    limit: Duration,
    mut look: impl FnMut() -> anyhow::Result<Seen<T>>,
) -> anyhow::Result<T> {
    let start = Instant::now();
    loop {
        match look()? {
            Seen::Yes(value) => return Ok(value),
            Seen::NotYet(instead) if start.elapsed() > limit => {
                bail!(
                    "not within {} s: {condition}; instead: {instead}",
                    limit.as_secs()
                )
            }
            Seen::NotYet(_) => std::thread::sleep(INTERVAL),
        }
    }
}
