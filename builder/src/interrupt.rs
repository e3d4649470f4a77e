//! Ctrl-C and `kill`: what a run has begun goes, then the run ends as the signal says.
//!
//! Nothing that has a name in a cache or a layout is ever half-written, whatever ends a run; this is
//! for the rest, temporary files and scratch directories, which only the next run would remove.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use indicatif::MultiProgress;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// Paths that do not outlive an interrupted run.
static SCRATCH: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
/// What is to vanish from the terminal.
static BARS: OnceLock<MultiProgress> = OnceLock::new();
const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// While it lives, an interruption removes its path, be it a file or a directory.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(path: &Path) -> Self {
        let path = path.to_owned();
        let mut known = SCRATCH.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(path.clone());
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let mut known = SCRATCH.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(&self.0);
    }
}

/// Takes the bars off the terminal when the run is interrupted.
pub(crate) fn clear_when_interrupted(bars: MultiProgress) {
    // Only the first of a run is watched by anybody.
    let _ = BARS.set(bars);
}

/// From here on, an interruption leaves nothing behind.
pub(crate) fn install() -> io::Result<()> {
    // Whoever asks twice does not want to wait for it.
    let asked = Arc::new(AtomicBool::new(false));
    for signal in SIGNALS {
        flag::register_conditional_default(signal, Arc::clone(&asked))?;
        flag::register(signal, Arc::clone(&asked))?;
    }
    let mut signals = Signals::new(SIGNALS)?;
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            if let Some(signal) = signals.forever().next() {
                end(signal);
            }
        })?;
    Ok(())
}

fn end(signal: i32) {
    INTERRUPTED.store(true, Ordering::SeqCst);
    if let Some(bars) = BARS.get() {
        // A terminal that is gone needs no clearing.
        let _ = bars.clear();
    }
    // Held to the end: what is begun now is not registered any more.
    let known = SCRATCH.lock().unwrap_or_else(PoisonError::into_inner);
    for path in known.iter() {
        remove(path);
    }
    let _ = writeln!(io::stderr(), "interrupted: nothing is left half-written");
    // Whoever started us learns of the signal, as shells and make expect it.
    let _ = emulate_default_handler(signal);
}

/// A failure is left for the next run's sweep. Other threads may be writing still: a directory gets a
/// few attempts.
fn remove(path: &Path) {
    const ATTEMPTS: u32 = 5;
    for _ in 0..ATTEMPTS {
        let result = match path.is_dir() {
            true => std::fs::remove_dir_all(path),
            false => std::fs::remove_file(path),
        };
        if result.is_ok() || !path.exists() {
            return;
        }
    }
}

/// Does not return where the run is being ended: what fails now fails because of that.
pub(crate) fn wait_for_end() {
    while INTERRUPTED.load(Ordering::SeqCst) {
        std::thread::park();
    }
}
