//! PID 1: one child, its signals, and every orphan of the container.
//!
//! The signals that matter are blocked before anything else happens and then read from a descriptor, one
//! after the other, by a single thread: none is lost however early it comes (the kernel drops a signal
//! to PID 1 only where it is neither handled nor blocked), and no code runs inside a handler.
//! The child starts with nothing blocked, since `Command` clears the mask.

use std::io;
use std::path::PathBuf;
use std::process::Command;

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// What `docker stop`, Ctrl-C and a closed terminal send, and what asks a JVM for its threads.
const FORWARDED: [Signal; 4] = [
    Signal::SIGTERM,
    Signal::SIGINT,
    Signal::SIGHUP,
    Signal::SIGQUIT,
];

/// Why a child could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum SuperviseError {
    /// The kernel refused to hand us the signals.
    #[error("cannot take over the signals: {0}")]
    Signals(#[source] Errno),
    /// The program cannot be started.
    #[error("cannot start {}: {source}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The children cannot be waited for.
    #[error("cannot wait for children: {0}")]
    Wait(#[source] Errno),
}

/// How the child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With this status.
    Exited(i32),
    /// By this signal.
    Killed(Signal),
}

/// The signals of this process, blocked and waiting to be read.
#[derive(Debug)]
pub struct Signals(SignalFd);

impl Ended {
    /// The status to leave with: the child's own, or 128 and the number of the signal, as a shell has it.
    pub fn code(self) -> u8 {
        match self {
            Self::Exited(status) => u8::try_from(status & 0xff).unwrap_or(u8::MAX),
            Self::Killed(signal) => 128 + signal as u8,
        }
    }
}

impl Signals {
    /// Blocks the signals of this thread; from here on they wait until [`Signals::supervise`] reads them.
    pub fn block() -> Result<Self, SuperviseError> {
        let mut set = SigSet::empty();
        set.add(Signal::SIGCHLD);
        FORWARDED.iter().for_each(|signal| set.add(*signal));
        set.thread_block().map_err(SuperviseError::Signals)?;
        // Where somebody else is PID 1 (`docker run --init`) orphans still come to us.
        prctl::set_child_subreaper(true).map_err(SuperviseError::Signals)?;
        SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC)
            .map(Self)
            .map_err(SuperviseError::Signals)
    }

    /// Starts `command`, tells its number to `started`, and stays until it has ended.
    pub fn supervise(
        &self,
        mut command: Command,
        started: impl FnOnce(u32),
    ) -> Result<Ended, SuperviseError> {
        let program = PathBuf::from(command.get_program());
        let child = command
            .spawn()
            .map_err(|source| SuperviseError::Start { program, source })?
            .id();
        started(child);
        let child = Pid::from_raw(child.cast_signed());
        loop {
            match self.next()? {
                // Several deaths may have come as one signal, so all of them are collected.
                Signal::SIGCHLD => {
                    if let Some(ended) = reap(child)? {
                        return Ok(ended);
                    }
                }
                // It may have ended a moment ago: then the next signal is its SIGCHLD.
                signal => match kill(child, signal) {
                    Ok(()) | Err(Errno::ESRCH) => {}
                    Err(errno) => return Err(SuperviseError::Signals(errno)),
                },
            }
        }
    }

    fn next(&self) -> Result<Signal, SuperviseError> {
        loop {
            match self.0.read_signal() {
                Ok(Some(info)) => {
                    let number = i32::try_from(info.ssi_signo)
                        .map_err(|_| SuperviseError::Signals(Errno::EINVAL))?;
                    return Signal::try_from(number).map_err(SuperviseError::Signals);
                }
                Ok(None) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(SuperviseError::Signals(errno)),
            }
        }
    }
}

/// Collects every child that has ended; the state of `child` if it is among them.
fn reap(child: Pid) -> Result<Option<Ended>, SuperviseError> {
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, status)) if pid == child => {
                return Ok(Some(Ended::Exited(status)));
            }
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == child => {
                return Ok(Some(Ended::Killed(signal)));
            }
            Ok(WaitStatus::StillAlive) => return Ok(None),
            Ok(_) | Err(Errno::EINTR) => {}
            // Somebody has ended by a real-time signal, for which `nix` has no name, nor a shell a status.
            Err(Errno::EINVAL) if kill(child, None) == Err(Errno::ESRCH) => {
                return Ok(Some(Ended::Exited(255)));
            }
            Err(Errno::EINVAL) => {}
            Err(Errno::ECHILD) => return Ok(None),
            Err(errno) => return Err(SuperviseError::Wait(errno)),
        }
    }
}
