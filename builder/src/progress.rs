//! What moves on the terminal while a command works; plain lines where nobody watches.

use std::io::{IsTerminal, Read};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Where progress goes. Never stdout: that is for data.
#[derive(Debug)]
pub struct Progress {
    style: Style,
}

#[derive(Debug)]
enum Style {
    Bars(MultiProgress),
    Lines,
    Quiet,
}

/// One thing under way. Dropped without [`Task::done`], it vanishes: it failed, and the error says so.
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
            Style::Bars(MultiProgress::new())
        } else {
            Style::Lines
        };
        Self { style }
    }

    /// A download of `size` bytes.
    pub fn download(&self, name: &str, size: u64) -> Task {
        let bar =
            ProgressBar::with_draw_target(Some(size), indicatif::ProgressDrawTarget::hidden());
        self.add(
            bar,
            name,
            "  {wide_msg} {bar:24} {bytes:>10}/{total_bytes:<10} {bytes_per_sec:>12}",
            "fetched",
        )
    }

    /// A step whose length nobody knows.
    pub fn step(&self, name: &str) -> Task {
        let bar = ProgressBar::with_draw_target(None, indicatif::ProgressDrawTarget::hidden());
        let task = self.add(bar, name, "  {spinner} {wide_msg} {elapsed}", "made");
        task.bar.enable_steady_tick(Duration::from_millis(120));
        task
    }

    /// A wait that leaves no line when it is over, since nothing comes of it that a person could use.
    pub fn wait(&self, name: &str) -> Task {
        let mut task = self.step(name);
        task.finished = None;
        task
    }

    fn add(&self, bar: ProgressBar, name: &str, template: &str, done: &str) -> Task {
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        bar.set_message(name.to_owned());
        match &self.style {
            Style::Bars(bars) => Task {
                bar: bars.add(bar),
                finished: None,
            },
            Style::Lines => Task {
                bar,
                finished: Some(format!("{done} {name}")),
            },
            Style::Quiet => Task {
                bar,
                finished: None,
            },
        }
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
        match &self.style {
            Style::Bars(bars) => bars.suspend(|| eprintln!("warning: {text}")),
            Style::Lines | Style::Quiet => eprintln!("warning: {text}"),
        }
    }
}

impl Task {
    /// Back to zero: the next address is tried.
    pub fn restart(&self) {
        self.bar.set_position(0);
    }

    /// A reader that moves the bar.
    pub fn wrap<R: Read>(&self, reader: R) -> impl Read {
        self.bar.wrap_read(reader)
    }

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
