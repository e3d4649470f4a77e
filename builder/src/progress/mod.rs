//! What moves on the terminal while a command works; plain lines where nobody watches.

mod downloads;

use crate::printable::printable;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::interrupt;
pub use downloads::{Download, Downloads};

/// Where progress goes. Never stdout: that is for data.
#[derive(Debug)]
pub struct Progress {
    style: Style,
    total: Mutex<Option<downloads::Total>>,
}

#[derive(Debug)]
enum Style {
    Bars(MultiProgress),
    Lines,
    Quiet,
}

/// One step under way. Dropped without [`Task::done`], it vanishes: it failed, and the error says so.
#[derive(Debug)]
pub struct Task {
    bar: ProgressBar,
    finished: Option<String>,
}

impl Progress {
    /// Bars on a terminal, lines elsewhere and in CI, only warnings when `quiet`.
    #[must_use]
    pub fn new(quiet: bool) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let style = if quiet {
            Style::Quiet
        } else if std::io::stderr().is_terminal() && !set("CI") {
            let bars = MultiProgress::new();
            interrupt::clear_when_interrupted(bars.clone());
            Style::Bars(bars)
        } else {
            Style::Lines
        };
        Self {
            style,
            total: Mutex::default(),
        }
    }

    /// A step whose length nobody knows.
    pub fn step(&self, name: &str) -> Task {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        bar.set_style(style("  {spinner} {wide_msg} {elapsed}"));
        bar.set_message(name.to_owned());
        let (bar, finished) = match &self.style {
            Style::Bars(bars) => (bars.add(bar), None),
            Style::Lines => (bar, Some(format!("made {name}"))),
            Style::Quiet => (bar, None),
        };
        bar.enable_steady_tick(Duration::from_millis(120));
        Task { bar, finished }
    }

    /// A wait that leaves no line when it is over, since nothing comes of it that a person could use.
    pub fn wait(&self, name: &str) -> Task {
        let mut task = self.step(name);
        task.finished = None;
        task
    }

    /// A wait for another process, which somebody who reads a log wants to know of.
    pub fn waiting(&self, for_whom: &dyn std::fmt::Display) -> Task {
        let text = format!("waiting for {for_whom}");
        if let Style::Lines = self.style {
            eprintln!("{text}");
        }
        self.wait(&text)
    }

    /// A line that stays.
    pub fn line(&self, text: &str) {
        match &self.style {
            Style::Bars(bars) => bars.suspend(|| eprintln!("{text}")),
            Style::Lines => eprintln!("{text}"),
            Style::Quiet => {}
        }
    }

    /// A line that stays also when `--quiet`.
    pub fn warn(&self, text: &str) {
        let text = printable(text);
        match &self.style {
            Style::Bars(bars) => bars.suspend(|| eprintln!("warning: {text}")),
            Style::Lines | Style::Quiet => eprintln!("warning: {text}"),
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Task {
    /// It worked.
    pub fn done(self) {
        self.bar.finish_and_clear();
        if let Some(line) = &self.finished {
            eprintln!("{line}");
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
