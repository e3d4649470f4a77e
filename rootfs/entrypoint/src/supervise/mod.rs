//! PID 1: one child, its signals, and every orphan of the container.
//!
//! Handlers for the signals that matter are in place before anything else happens. They only note the signal,
//! and a single thread reads the notes one after the other: none is lost however early it comes (the kernel
//! drops a signal to PID 1 that has no handler), and none of our code runs inside a handler.
//! Blocking the signals instead would be inherited by the child, since `Command` passes its mask on; a
//! handler is not.

mod course;
mod grace;
mod output;
mod reap;
mod signals;
mod supervisor;

use std::io;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::sys::signal::Signal;

pub use grace::Grace;
pub use reap::Ended;
pub use signals::{Signals, code_of};
pub use supervisor::{Program, Supervisor};

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
    /// What it writes cannot be read.
    #[error("cannot read the log of the server: {0}")]
    Output(#[source] io::Error),
    /// The children cannot be waited for.
    #[error("cannot wait for children: {0}")]
    Wait(#[source] Errno),
}
