//! The time between asking a process to end and killing it.

use std::time::{Duration, Instant};

/// How long a process may take to end; for ever, if there is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grace(Option<Duration>);

/// Runs from the first time that an end is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    state: State,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Stopped,
    /// Somebody has asked, and the process may take until then, if there is a limit.
    Running(Option<Instant>),
    Struck,
}

impl Default for Grace {
    /// Below the 10 s of `docker stop`, so that there is somebody left to say what happened.
    fn default() -> Self {
        Self::of_seconds(8)
    }
}

impl Grace {
    /// That many seconds; 0 is for ever.
    pub fn of_seconds(seconds: u32) -> Self {
        Self((seconds > 0).then(|| Duration::from_secs(seconds.into())))
    }

    /// The seconds; 0 is for ever.
    pub fn seconds(self) -> u64 {
        self.0.map_or(0, |limit| limit.as_secs())
    }
}

impl Clock {
    /// Starts to run; one that runs already goes on as it was, so that nobody can put the end off by asking
    /// for it again.
    pub(super) fn start(&mut self, grace: Grace, now: Instant) {
        if matches!(self.state, State::Stopped) {
            self.state = State::Running(grace.0.and_then(|limit| now.checked_add(limit)));
        }
    }

    /// Whether the time is up; this is said once.
    pub(super) fn strikes(&mut self, now: Instant) -> bool {
        let up = matches!(self.state, State::Running(Some(end)) if end <= now);
        if up {
            self.state = State::Struck;
        }
        up
    }

    /// How long until it strikes, if it will.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        match self.state {
            State::Running(Some(end)) => Some(end.saturating_duration_since(now)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_strikes_once_and_asking_again_does_not_put_it_off() {
        let begin = Instant::now();
        let after = |seconds| begin + Duration::from_secs(seconds);
        let mut clock = Clock::default();
        assert!(!clock.strikes(after(100)) && clock.left(begin).is_none());
        clock.start(Grace::default(), begin);
        clock.start(Grace::default(), after(5));
        assert_eq!(clock.left(after(5)), Some(Duration::from_secs(3)));
        assert!(!clock.strikes(after(7)));
        assert!(clock.strikes(after(8)));
        assert!(!clock.strikes(after(9)) && clock.left(after(9)).is_none());
    }

    #[test]
    fn no_limit_is_for_ever() {
        let begin = Instant::now();
        let mut clock = Clock::default();
        clock.start(Grace::of_seconds(0), begin);
        assert!(!clock.strikes(begin + Duration::from_secs(1 << 30)));
        assert_eq!(clock.left(begin), None);
        assert_eq!(
            [0, 8].map(|seconds| Grace::of_seconds(seconds).seconds()),
            [0, 8]
        );
    }
}
