//! A body that falls silent, or trickles, ends in an error that says so.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use super::innermost;

/// Bytes per second below which an address counts as silent. A modem had five times as much.
const FLOOR: u64 = 1024;
/// For one answer. Whoever has not given all by then is asked again later, for the rest; other
/// addresses come first.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// A body whose errors say what happened. Only the time spent waiting for bytes counts: a slow disk
/// is no slow mirror.
pub(super) struct HttpBody {
    response: reqwest::blocking::Response,
    window: Duration,
    /// Of this window.
    waited: Duration,
    received: u64,
    /// Of all windows before.
    waited_before: Duration,
}

impl HttpBody {
    /// `window` is the time over which the rate is looked at.
    pub(super) fn new(response: reqwest::blocking::Response, window: Duration) -> Self {
        Self {
            response,
            window,
            waited: Duration::ZERO,
            received: 0,
            waited_before: Duration::ZERO,
        }
    }

    fn check_rate(&mut self) -> io::Result<()> {
        if self.waited < self.window {
            return Ok(());
        }
        let rate = self.received as f64 / self.waited.as_secs_f64();
        if rate < FLOOR as f64 {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("less than {FLOOR} bytes per second"),
            ));
        }
        self.waited_before += self.waited;
        if self.waited_before > LONGEST {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("not complete after {} minutes", LONGEST.as_secs() / 60),
            ));
        }
        self.waited = Duration::ZERO;
        self.received = 0;
        Ok(())
    }
}

impl Read for HttpBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let begun = Instant::now();
        let result = self.response.read(buffer);
        self.waited += begun.elapsed();
        match result {
            Ok(0) => Ok(0),
            Ok(count) => {
                self.received += count as u64;
                self.check_rate()?;
                Ok(count)
            }
            Err(error) => Err(explain(error)),
        }
    }
}

fn explain(error: io::Error) -> io::Error {
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
}
