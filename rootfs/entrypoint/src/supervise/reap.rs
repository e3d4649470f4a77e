//! Children that have ended: ours, and the orphans of the container.

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::SuperviseError;

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With this status.
    Exited(i32),
    /// By this signal.
    Killed(Signal),
}

impl Ended {
    /// The status to leave with: the child's own, or 128 and the number of the signal, as a shell has it.
    pub fn code(self) -> u8 {
        match self {
            Self::Exited(status) => u8::try_from(status & 0xff).unwrap_or(u8::MAX),
            Self::Killed(signal) => 128 + signal as u8,
        }
    }
}

/// The children whose end somebody wants to know, and how those ended that nobody has asked about yet.
/// Any look collects whoever has ended, so that what one caller collects is not lost for another.
#[derive(Debug, Default)]
pub(super) struct Children(Vec<(Pid, Option<Ended>)>);

impl Children {
    /// Remembers how this one ends.
    pub(super) fn expect(&mut self, child: Pid) {
        self.0.push((child, None));
    }

    /// Whether an expected child has not been collected yet.
    pub(super) fn is_there(&self, child: Pid) -> bool {
        self.0.contains(&(child, None))
    }

    /// How an expected child has ended, if it has; asked no more than once after that.
    pub(super) fn ended(&mut self, child: Pid) -> Result<Option<Ended>, SuperviseError> {
        self.reap()?;
        let place = self
            .0
            .iter()
            .position(|(pid, ended)| *pid == child && ended.is_some());
        Ok(place.and_then(|place| self.0.swap_remove(place).1))
    }

    /// Collects every child that has ended, orphans too.
    pub(super) fn reap(&mut self) -> Result<(), SuperviseError> {
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, status)) => self.note(pid, Ended::Exited(status)),
                Ok(WaitStatus::Signaled(pid, signal, _)) => self.note(pid, Ended::Killed(signal)),
                Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return Ok(()),
                Ok(_) | Err(Errno::EINTR) => {}
                // Somebody has ended by a real-time signal, for which `nix` has no name, nor a shell a status.
                Err(Errno::EINVAL) => self.note_the_missing(),
                Err(errno) => return Err(SuperviseError::Wait(errno)),
            }
        }
    }

    fn note(&mut self, pid: Pid, ended: Ended) {
        if let Some((_, state)) = self.0.iter_mut().find(|(expected, _)| *expected == pid) {
            *state = Some(ended);
        }
    }

    fn note_the_missing(&mut self) {
        for (pid, state) in &mut self.0 {
            if state.is_none() && kill(*pid, None) == Err(Errno::ESRCH) {
                *state = Some(Ended::Exited(255));
            }
        }
    }
}
