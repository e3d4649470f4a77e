//! What the server writes, on its way through PID 1 into the log of the container.
//!
//! Nothing here waits: PID 1 has signals to pass on. Where nobody reads the log the server is not read either,
//! and waits itself, as it would without us; so no more than a little of its output is ever held here.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::SuperviseError;
use super::signals::wait_for_any;
use crate::log::Transcriber;

/// As much is read at once.
const READING: usize = 16 * 1024;

/// A pipe that has room at all has room for this much (pipe(7), `PIPE_BUF`).
const WRITING: usize = 4096;

/// With more than this waiting to be written, no more is read.
const WAITING: usize = 64 * 1024;

/// How long the last lines may take when the server has ended.
const FAREWELL: Duration = Duration::from_secs(2);

/// Both streams of the server.
#[derive(Debug)]
pub(super) struct Output([Stream; 2]);

#[derive(Debug)]
struct Stream {
    /// Nothing once it has ended.
    from: Option<File>,
    /// Nothing once nobody reads it any more.
    to: Option<File>,
    transcriber: Transcriber,
    waiting: Vec<u8>,
}

impl Output {
    /// Makes `command` write to pipes.
    pub(super) fn redirect(command: &mut Command) {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
    }

    /// Reads those of `child`, and writes to the streams of this process.
    pub(super) fn of(child: &mut Child) -> Result<Self, SuperviseError> {
        let stdout = child.stdout.take().map(OwnedFd::from);
        let stderr = child.stderr.take().map(OwnedFd::from);
        let streams = || {
            Ok([
                Stream::between(stdout, io::stdout().as_fd().try_clone_to_owned()?)?,
                Stream::between(stderr, io::stderr().as_fd().try_clone_to_owned()?)?,
            ])
        };
        streams().map(Self).map_err(SuperviseError::Output)
    }

    /// Moves on what can be moved without waiting.
    pub(super) fn pump(&mut self, now: Instant) {
        for stream in &mut self.0 {
            stream.read(now);
            stream.write();
        }
    }

    /// Moves on everything that is left, now that the server has ended. Somebody else may still have its
    /// streams open, so their end is not waited for; a reader who does not read is, for a while.
    pub(super) fn finish(&mut self) -> Result<(), SuperviseError> {
        let deadline = Instant::now() + FAREWELL;
        let mut read = false;
        loop {
            let now = Instant::now();
            let more = !read
                && self
                    .0
                    .iter_mut()
                    .fold(false, |more, stream| stream.read(now) | more);
            if !more && !read && self.0.iter().all(|stream| !stream.is_full()) {
                read = true;
                for stream in &mut self.0 {
                    stream.transcriber.finish(now, &mut stream.waiting);
                }
            }
            for stream in &mut self.0 {
                stream.write();
            }
            let mut sources: Vec<_> = self.0.iter().filter_map(Stream::writable).collect();
            if now >= deadline || (read && sources.is_empty()) {
                return Ok(());
            }
            if !more && !sources.is_empty() {
                wait_for_any(&mut sources, Some(deadline - now))?;
            }
        }
    }

    /// What to wait for before the next [`Output::pump`].
    pub(super) fn sources(&self) -> impl Iterator<Item = PollFd<'_>> {
        self.0
            .iter()
            .flat_map(|stream| stream.readable().into_iter().chain(stream.writable()))
    }

    /// When to call [`Output::pump`] although nothing has come.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let deadlines = self.0.iter().map(|stream| stream.transcriber.deadline());
        deadlines.flatten().min()
    }
}

impl Stream {
    fn between(from: Option<OwnedFd>, to: OwnedFd) -> io::Result<Self> {
        if let Some(from) = &from {
            // Our end of the pipe is ours alone. That of the log is not: others would be surprised.
            fcntl(from, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        }
        Ok(Self {
            from: from.map(File::from),
            to: Some(File::from(to)),
            transcriber: Transcriber::default(),
            waiting: Vec::new(),
        })
    }

    /// Reads once, if there is room; whether there may be more.
    fn read(&mut self, now: Instant) -> bool {
        self.transcriber.tick(now, &mut self.waiting);
        let mut part = [0; READING];
        if self.is_full() {
            return false;
        }
        let Some(from) = &mut self.from else {
            return false;
        };
        match from.read(&mut part) {
            Ok(0) => {
                self.transcriber.finish(now, &mut self.waiting);
                self.from = None;
                false
            }
            Ok(count) => {
                self.transcriber
                    .feed(&part[..count], now, &mut self.waiting);
                true
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => true,
            Err(_) => {
                self.from = None;
                false
            }
        }
    }

    /// Writes what can be written without waiting.
    fn write(&mut self) {
        let mut written = 0;
        while written < self.waiting.len() {
            let Some(to) = self.to.as_mut() else {
                // As the server's own writing would: into nothing.
                written = self.waiting.len();
                break;
            };
            if !has_room(to) {
                break;
            }
            let part = &self.waiting[written..self.waiting.len().min(written + WRITING)];
            match to.write(part) {
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => self.to = None,
            }
        }
        self.waiting.drain(..written);
    }

    fn is_full(&self) -> bool {
        self.waiting.len() >= WAITING
    }

    fn readable(&self) -> Option<PollFd<'_>> {
        let from = self.from.as_ref().filter(|_| !self.is_full())?;
        Some(PollFd::new(from.as_fd(), PollFlags::POLLIN))
    }

    fn writable(&self) -> Option<PollFd<'_>> {
        let to = self.to.as_ref().filter(|_| !self.waiting.is_empty())?;
        Some(PollFd::new(to.as_fd(), PollFlags::POLLOUT))
    }
}

/// Whether a write would not wait, be it that it fails.
fn has_room(to: &File) -> bool {
    let mut source = [PollFd::new(to.as_fd(), PollFlags::POLLOUT)];
    poll(&mut source, PollTimeout::ZERO).is_ok_and(|count| count > 0)
}
