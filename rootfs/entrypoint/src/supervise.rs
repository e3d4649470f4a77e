//! PID 1: one child, its signals, and every orphan of the container.
//!
//! Handlers for the signals that matter are in place before anything else happens. They only note the signal,
//! and a single thread reads the notes one after the other: none is lost however early it comes (the kernel
//! drops a signal to PID 1 that has no handler), and none of our code runs inside a handler.
//! Blocking the signals instead would be inherited by the child, since `Command` passes its mask on; a
//! handler is not.

use std::io;
use std::path::PathBuf;
use std::process::Command;

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use signal_hook::iterator;

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
    /// The handlers cannot be put in place.
    #[error("cannot take over the signals: {0}")]
    Signals(#[source] io::Error),
    /// A signal cannot be passed on.
    #[error("cannot send {signal} to the server: {source}")]
    Forward {
        /// The signal.
        signal: Signal,
        /// Why not.
        source: Errno,
    },
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

/// The signals of this process, noted until they are read.
#[derive(Debug)]
pub struct Signals(iterator::Signals);

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
    /// Takes over the signals; from here on they are noted until [`Signals::supervise`] reads them.
    pub fn take_over() -> Result<Self, SuperviseError> {
        let signals = FORWARDED
            .iter()
            .chain([&Signal::SIGCHLD])
            .map(|signal| *signal as i32);
        let signals = iterator::Signals::new(signals).map_err(SuperviseError::Signals)?;
        // Where somebody else is PID 1 (`docker run --init`) orphans still come to us. Nothing is lost
        // where this is refused, as it is by qemu, which runs images of other architectures: then
        // they go to that PID 1.
        let _ = prctl::set_child_subreaper(true);
        Ok(Self(signals))
    }

    /// Starts `command`, tells its number to `started`, and stays until it has ended.
    pub fn supervise(
        mut self,
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
            for signal in self
                .0
                .wait()
                .filter_map(|number| Signal::try_from(number).ok())
            {
                // Several deaths may have come as one signal, so all of them are collected.
                if signal == Signal::SIGCHLD {
                    if let Some(ended) = reap(child)? {
                        return Ok(ended);
                    }
                    continue;
                }
                match kill(child, signal) {
                    // It may have ended a moment ago: then its SIGCHLD is next.
                    Ok(()) | Err(Errno::ESRCH) => {}
                    Err(source) => return Err(SuperviseError::Forward { signal, source }),
                }
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
