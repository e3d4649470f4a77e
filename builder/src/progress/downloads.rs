//! Downloads: a bar for each that takes a while, and one below for all of them.
//!
//! All downloads of a run count together, from whatever archive they come. A small file is over
//! before anybody could read its name: it moves the total only, so that nothing flickers.

use std::cell::OnceCell;
use std::io::{self, Read};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget};

use super::{Progress, Style, style};
use crate::size::Size;

/// A download that takes no longer gets no line of its own.
const UNSEEN: Duration = Duration::from_millis(400);

const ONE: &str =
    "  {wide_msg} {bar:16} {decimal_bytes:>9}/{decimal_total_bytes:<9} {decimal_bytes_per_sec:>11}";
const ALL: &str = "  {msg:<16} {wide_bar} {decimal_bytes:>9}/{decimal_total_bytes:<9} {decimal_bytes_per_sec:>11} {eta:>4}";

/// What all downloads of a run come to.
#[derive(Debug)]
pub(super) struct Total {
    bar: ProgressBar,
    begun: Instant,
    /// Groups that are not over.
    groups: usize,
    wanted: usize,
    done: usize,
    fetched: u64,
}

/// A group of downloads. Dropped, it is over; the last one says what all of them came to.
#[derive(Debug)]
pub struct Downloads<'a> {
    progress: &'a Progress,
    total: ProgressBar,
}

/// One download under way. Dropped without [`Download::done`], it vanishes: it failed, and the error
/// says so.
#[derive(Debug)]
pub struct Download<'a> {
    group: &'a Downloads<'a>,
    bar: ProgressBar,
    begun: Instant,
    shown: OnceCell<()>,
    name: String,
}

impl Progress {
    /// Announces a number of files with so many bytes.
    pub fn downloads(&self, files: usize, bytes: u64) -> Downloads<'_> {
        let mut total = self.total.lock().unwrap_or_else(PoisonError::into_inner);
        let total = total.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
            bar.set_style(style(ALL));
            Total {
                bar: match &self.style {
                    Style::Bars(bars) => bars.add(bar),
                    Style::Lines | Style::Quiet => bar,
                },
                begun: Instant::now(),
                groups: 0,
                wanted: 0,
                done: 0,
                fetched: 0,
            }
        });
        total.groups += 1;
        total.wanted += files;
        total.bar.inc_length(bytes);
        total.say();
        Downloads {
            progress: self,
            total: total.bar.clone(),
        }
    }
}

impl Total {
    fn say(&self) {
        let Self { done, wanted, .. } = self;
        self.bar.set_message(format!("{done} of {wanted} files"));
    }

    fn summary(&self) -> String {
        let elapsed = self.begun.elapsed();
        let rate = self.fetched as f64 / elapsed.as_secs_f64().max(0.001);
        let files = match self.done {
            1 => "one file".to_owned(),
            files => format!("{files} files"),
        };
        format!(
            "fetched {files}, {} in {:#}, {}/s",
            Size(self.fetched),
            HumanDuration(elapsed),
            Size(rate as u64)
        )
    }
}

impl Downloads<'_> {
    /// One of the announced files came in another way.
    pub fn skip(&self, size: u64) {
        let mut total = (self.progress.total)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(total) = &mut *total {
            total.wanted -= 1;
            total.bar.dec_length(size);
            total.say();
        }
    }

    /// One of the announced files, of this size where that is known.
    pub fn begin(&self, name: &str, size: Option<u64>) -> Download<'_> {
        let bar = ProgressBar::with_draw_target(size, ProgressDrawTarget::hidden());
        bar.set_style(style(ONE));
        bar.set_message(name.to_owned());
        Download {
            group: self,
            bar,
            begun: Instant::now(),
            shown: OnceCell::new(),
            name: name.to_owned(),
        }
    }
}

impl Drop for Downloads<'_> {
    fn drop(&mut self) {
        let mut slot = self
            .progress
            .total
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(total) = slot.as_mut() else {
            return;
        };
        total.groups -= 1;
        if total.groups > 0 {
            return;
        }
        total.bar.finish_and_clear();
        let summary = (total.done > 0).then(|| total.summary());
        *slot = None;
        drop(slot);
        if let Some(summary) = summary {
            self.progress.line(&summary);
        }
    }
}

impl Download<'_> {
    /// Back to zero: the file is asked for from its beginning.
    pub fn restart(&self) {
        self.group.total.dec(self.bar.position());
        self.bar.set_position(0);
    }

    /// A reader that moves the bars.
    pub fn wrap<R: Read>(&self, reader: R) -> impl Read {
        Counting {
            download: self,
            reader,
        }
    }

    /// It worked.
    pub fn done(self) {
        let progress = self.group.progress;
        let size = self.bar.position();
        if let Some(total) = &mut *progress
            .total
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
        {
            total.done += 1;
            total.fetched += size;
            total.say();
        }
        // Of bars, only the summary stays.
        if let Style::Lines = progress.style {
            eprintln!("fetched {}, {}", self.name, Size(size));
        }
    }

    fn advance(&self, count: usize) {
        self.bar.inc(count as u64);
        self.group.total.inc(count as u64);
        if self.begun.elapsed() > UNSEEN
            && let Style::Bars(bars) = &self.group.progress.style
        {
            self.shown
                .get_or_init(|| drop(bars.insert_before(&self.group.total, self.bar.clone())));
        }
    }
}

impl Drop for Download<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

struct Counting<'a, R> {
    download: &'a Download<'a>,
    reader: R,
}

impl<R: Read> Read for Counting<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.download.advance(count);
        Ok(count)
    }
}
