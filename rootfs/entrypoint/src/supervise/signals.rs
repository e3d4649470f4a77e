//! The signals of this process, and its children, whose ends are told by one.

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, killpg};
use nix::unistd::Pid;
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

use super::SuperviseError;
use super::grace::{Clock, Grace};
use super::output::Output;
use super::reap::{Children, Ended};
use crate::journal::Format;

/// What `docker stop`, Ctrl-C and a closed terminal send, and what asks a JVM for its threads.
const FORWARDED: [Signal; 4] = [
    Signal::SIGTERM,
    Signal::SIGINT,
    Signal::SIGHUP,
    Signal::SIGQUIT,
];

/// The signals of this process, noted until they are read, and its children.
#[derive(Debug)]
pub struct Signals {
    delivery: SignalDelivery<UnixStream, SignalOnly>,
    noted: Vec<Signal>,
    children: Children,
    /// How long a child may take to end once it is asked to.
    pub grace: Grace,
    /// What the log of the container looks like, to which children write.
    pub format: Format,
}

/// Whether `signal` asks for the end of the container.
pub(super) fn asks_for_the_end(signal: Signal) -> bool {
    matches!(signal, Signal::SIGTERM | Signal::SIGINT)
}

impl Signals {
    /// Takes over the signals; from here on they are noted until somebody asks for them.
    pub fn take_over() -> Result<Self, SuperviseError> {
        let signals: SigSet = FORWARDED.into_iter().chain([Signal::SIGCHLD]).collect();
        // Between the kernel's and its own entry `signal-hook` takes a signal for somebody else's, and it would
        // be lost. One that is blocked meanwhile comes afterwards, also to PID 1. No child inherits that:
        // none is started before it is over.
        let blocked = signals.thread_swap_mask(SigmaskHow::SIG_BLOCK);
        let numbers = signals.iter().map(|signal| signal as i32);
        let delivery = UnixStream::pair()
            .and_then(|(read, write)| SignalDelivery::with_pipe(read, write, SignalOnly, numbers))
            .map_err(SuperviseError::Signals)?;
        blocked
            .and_then(|before| before.thread_set_mask())
            .map_err(|errno| SuperviseError::Signals(errno.into()))?;
        // Where somebody else is PID 1 (`docker run --init`) orphans still come to us. Nothing is lost
        // where this is refused, as it is by qemu, which runs images of other architectures: then
        // they go to that PID 1.
        let _ = prctl::set_child_subreaper(true);
        Ok(Self {
            delivery,
            noted: Vec::new(),
            children: Children::default(),
            grace: Grace::default(),
            format: Format::default(),
        })
    }

    /// The signal that has asked for the end of the container, if one has. To be asked between the steps of
    /// a start, which then ends with [`code_of`] instead of going on.
    pub fn pending_end(&mut self) -> Option<Signal> {
        self.note();
        let mut noted = self.noted.iter().copied();
        noted.find(|signal| asks_for_the_end(*signal))
    }

    /// Runs a child of the preparation to its end, in a process group of its own, and passes on to that group
    /// what asks for the end of the container; after the grace time it is killed. The signal stays noted,
    /// so that [`Signals::pending_end`] tells the caller to stop, too.
    pub fn run_to_end(&mut self, command: &mut Command) -> Result<Ended, SuperviseError> {
        let (child, mut output) = self.spawn(command.process_group(0))?;
        let mut clock = Clock::default();
        let mut passed_on = None;
        loop {
            let now = Instant::now();
            let signal = self.pending_end();
            if let Some(output) = &mut output {
                output.pump(now);
            }
            if let Some(ended) = self.ended(child)? {
                output.as_mut().map_or(Ok(()), Output::finish)?;
                return Ok(ended);
            }
            if let Some(signal) = signal.filter(|signal| passed_on != Some(*signal)) {
                passed_on = Some(signal);
                to_group(child, signal)?;
                clock.start(self.grace, now);
            }
            if clock.strikes(now) {
                to_group(child, Signal::SIGKILL)?;
            }
            let record = left(output.as_ref().and_then(Output::deadline), now);
            let sources = output.iter().flat_map(Output::sources);
            self.wait_for_any(sources, [clock.left(now), record])?;
        }
    }

    /// Starts a child whose end [`Signals::ended`] will tell; its output, where that goes through this process.
    pub(super) fn spawn(
        &mut self,
        command: &mut Command,
    ) -> Result<(Pid, Option<Output>), SuperviseError> {
        let transcribed = self.format == Format::Json;
        if transcribed {
            Output::redirect(command);
        }
        let mut child = command.spawn().map_err(|source| SuperviseError::Start {
            program: PathBuf::from(command.get_program()),
            source,
        })?;
        let output = transcribed.then(|| Output::of(&mut child)).transpose()?;
        let child = Pid::from_raw(child.id().cast_signed());
        self.children.expect(child);
        Ok((child, output))
    }

    /// Collects every child that has ended; how `child` has, if it is among them. The signals must have been
    /// looked at before: a death that comes after the look makes the next wait a short one, one that comes
    /// before it is collected here.
    pub(super) fn ended(&mut self, child: Pid) -> Result<Option<Ended>, SuperviseError> {
        self.children.ended(child)
    }

    /// Sends a signal to a child, unless it has been collected: its number may be somebody else's then.
    pub(super) fn send(&mut self, child: Pid, signal: Signal) -> Result<(), SuperviseError> {
        if !self.children.is_there(child) {
            return Ok(());
        }
        kill(child, signal).map_err(|source| SuperviseError::Forward { signal, source })
    }

    /// Collects whoever has ended.
    pub(super) fn reap(&mut self) -> Result<(), SuperviseError> {
        self.children.reap()
    }

    /// Everything noted so far, which is then forgotten.
    pub(super) fn take(&mut self) -> Vec<Signal> {
        self.note();
        std::mem::take(&mut self.noted)
    }

    /// Forgets a signal that has come too early to mean anything.
    pub(super) fn forget(&mut self, signal: Signal) {
        self.note();
        self.noted.retain(|noted| *noted != signal);
    }

    fn note(&mut self) {
        for number in self.delivery.pending() {
            if let Ok(signal) = Signal::try_from(number)
                && !self.noted.contains(&signal)
            {
                self.noted.push(signal);
            }
        }
    }

    /// Waits for the next signal or one of `sources`, at most for the shortest of `limits`.
    pub(super) fn wait_for_any<'a>(
        &'a self,
        sources: impl IntoIterator<Item = PollFd<'a>>,
        limits: impl IntoIterator<Item = Option<Duration>>,
    ) -> Result<(), SuperviseError> {
        let signals = PollFd::new(self.delivery.get_read().as_fd(), PollFlags::POLLIN);
        let mut sources: Vec<PollFd<'_>> = [signals].into_iter().chain(sources).collect();
        wait_for_any(&mut sources, limits.into_iter().flatten().min())
    }
}

/// The status of a start that `signal` has ended.
pub fn code_of(signal: Signal) -> u8 {
    Ended::Killed(signal).code()
}

/// How long until a deadline, if there is one.
pub(super) fn left(deadline: Option<Instant>, now: Instant) -> Option<Duration> {
    deadline.map(|deadline| deadline.saturating_duration_since(now))
}

/// Waits until there is something to do; without a limit, for ever.
pub(super) fn wait_for_any(
    sources: &mut [PollFd<'_>],
    limit: Option<Duration>,
) -> Result<(), SuperviseError> {
    // A limit that is too long for the kernel is asked for once more; one below a millisecond must not
    // become none, which would be waiting by turning round.
    let timeout = limit.map_or(PollTimeout::NONE, |limit| {
        let milliseconds = limit.as_micros().div_ceil(1000);
        PollTimeout::try_from(milliseconds).unwrap_or(PollTimeout::MAX)
    });
    match poll(sources, timeout) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(SuperviseError::Wait(errno)),
    }
}

fn to_group(leader: Pid, signal: Signal) -> Result<(), SuperviseError> {
    match killpg(leader, signal) {
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(source) => Err(SuperviseError::Forward { signal, source }),
    }
}
