//! What is to become of the server: decided by what is asked for, and by nothing else.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::grace::{Clock, Grace};
use super::signals::asks_for_the_end;

/// The way the server is going.
#[derive(Debug)]
pub(super) struct Course {
    next: Next,
    clock: Clock,
    grace: Grace,
}

/// What comes after the end of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Whatever it has ended for, nobody has asked for it; the container ends, too.
    Nothing,
    /// The end of the container, as somebody has asked.
    End,
    /// Another server.
    Restart,
}

impl Course {
    pub(super) fn new(grace: Grace) -> Self {
        Self {
            next: Next::Nothing,
            clock: Clock::default(),
            grace,
        }
    }

    /// Somebody has sent `signal`, which is passed on in any case.
    pub(super) fn signal(&mut self, signal: Signal, now: Instant) {
        if asks_for_the_end(signal) {
            self.next = Next::End;
            self.clock.start(self.grace, now);
        }
    }

    /// Somebody asks for the end of the container; what to send to the server.
    pub(super) fn stop(&mut self, now: Instant) -> Option<Signal> {
        let asked_before = self.next != Next::Nothing;
        self.next = Next::End;
        self.clock.start(self.grace, now);
        (!asked_before).then_some(Signal::SIGTERM)
    }

    /// Somebody asks for another server; what to send to this one. Not to be called once the container ends.
    pub(super) fn restart(&mut self, now: Instant) -> Option<Signal> {
        let asked_before = self.next != Next::Nothing;
        self.next = Next::Restart;
        self.clock.start(self.grace, now);
        (!asked_before).then_some(Signal::SIGTERM)
    }

    /// What comes after the end.
    pub(super) fn next(&self) -> Next {
        self.next
    }

    /// Whether the server has had its time; this is said once.
    pub(super) fn overdue(&mut self, now: Instant) -> bool {
        self.clock.strikes(now)
    }

    /// How long until it has.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        self.clock.left(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Copy, Debug)]
    enum Event {
        Signal(Signal),
        Stop,
        Restart,
    }

    /// What was sent to the server, and what comes after its end.
    fn after(events: &[Event], now: Instant) -> (Course, Vec<Signal>) {
        let mut course = Course::new(Grace::default());
        let mut sent = Vec::new();
        for event in events {
            match event {
                Event::Signal(signal) => {
                    course.signal(*signal, now);
                    sent.push(*signal);
                }
                Event::Stop => sent.extend(course.stop(now)),
                Event::Restart if course.next() == Next::End => {}
                Event::Restart => sent.extend(course.restart(now)),
            }
        }
        (course, sent)
    }

    #[test]
    fn what_comes_after() {
        use Event::{Restart, Stop};
        let term = Event::Signal(Signal::SIGTERM);
        let dump = Event::Signal(Signal::SIGQUIT);
        for (events, next, signals) in [
            (&[][..], Next::Nothing, 0),
            (&[dump], Next::Nothing, 1),
            (&[Stop], Next::End, 1),
            (&[Stop, Stop, Restart], Next::End, 1),
            (&[Restart, Restart], Next::Restart, 1),
            (&[Restart, Stop], Next::End, 1),
            (&[Restart, dump], Next::Restart, 2),
            (&[Restart, term], Next::End, 2),
            (&[term, Restart, Stop], Next::End, 1),
        ] {
            let (course, sent) = after(events, Instant::now());
            assert_eq!(sent.len(), signals, "{events:?}");
            assert_eq!(course.next(), next, "{events:?}");
        }
    }

    fn events() -> impl Strategy<Value = Event> {
        prop_oneof![
            Just(Event::Stop),
            Just(Event::Restart),
            prop::sample::select(vec![
                Signal::SIGTERM,
                Signal::SIGINT,
                Signal::SIGHUP,
                Signal::SIGQUIT
            ])
            .prop_map(Event::Signal),
        ]
    }

    proptest! {
        /// Who is told to end always gets a signal, and the time to obey is never longer than asked for.
        #[test]
        fn nobody_ends_without_having_been_told_nor_lingers(events in prop::collection::vec(events(), 0..8)) {
            let begin = Instant::now();
            let (mut course, sent) = after(&events, begin);
            let told = sent.iter().any(|signal| asks_for_the_end(*signal));
            prop_assert_eq!(told, course.next() != Next::Nothing);
            let late = begin + Duration::from_secs(Grace::default().seconds());
            course.signal(Signal::SIGHUP, late);
            prop_assert_eq!(course.overdue(late), told);
        }
    }
}
