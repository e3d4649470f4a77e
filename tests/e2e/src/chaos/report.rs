//! What came of everything, as the tables of docs/chaos.md.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, ensure};

use super::ordeal::Outcome;
use super::run::Survived;

/// What is replaced in the page is between these lines.
const BEGIN: &str = "<!-- tables: begin -->";
const END: &str = "<!-- tables: end -->";

/// What came of each release, by its version.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The faults on each release.
    pub releases: Vec<(String, Survived)>,
    /// The upgrade, release by release.
    pub upgrade: Option<Survived>,
}

/// A number of each outcome.
struct Column {
    title: &'static str,
    cell: fn(&Outcome) -> String,
}

const COLUMNS: [Column; 4] = [
    Column {
        title: "Longest time in which nobody could write, in seconds",
        cell: |outcome| seconds(outcome.felt.no_write),
    },
    Column {
        title: "Longest time in which one of the clients had no answer, in seconds",
        cell: |outcome| seconds(outcome.felt.no_answer),
    },
    Column {
        title: "From the end of the fault until all three servers served, in seconds",
        cell: |outcome| seconds(outcome.serving),
    },
    Column {
        title: "Sessions that were lost, of six",
        cell: |outcome| outcome.felt.sessions_lost.to_string(),
    },
];

impl Report {
    /// The tables.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        for column in COLUMNS.iter().filter(|_| !self.releases.is_empty()) {
            let mut rows = vec![self.head()];
            rows.extend(self.titles().into_iter().map(|title| {
                let cells = self.releases.iter().map(|(_, survived)| {
                    let mut outcomes = survived.outcomes.iter();
                    let outcome = outcomes.find(|(other, _)| *other == title);
                    outcome.map_or_else(String::new, |(_, outcome)| (column.cell)(outcome))
                });
                std::iter::once(title.clone()).chain(cells).collect()
            }));
            table(&mut text, column.title, &rows);
        }
        self.upgrade(&mut text);
        self.tallies(&mut text);
        text
    }

    fn head(&self) -> Vec<String> {
        let versions = self.releases.iter().map(|(version, _)| version.clone());
        std::iter::once(String::new()).chain(versions).collect()
    }

    /// Of all faults, in the order in which they came.
    fn titles(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        (self.releases.iter())
            .flat_map(|(_, survived)| &survived.outcomes)
            .map(|(title, _)| title.clone())
            .filter(|title| seen.insert(title.clone()))
            .collect()
    }

    fn upgrade(&self, text: &mut String) {
        let Some(survived) = &self.upgrade else {
            return;
        };
        let mut rows = vec![
            [
                "",
                "no write",
                "a client without an answer",
                "the last one served after",
                "sessions lost",
            ]
            .map(str::to_owned)
            .to_vec(),
        ];
        rows.extend(survived.outcomes.iter().map(|(title, outcome)| {
            let cells = [&COLUMNS[0], &COLUMNS[1], &COLUMNS[2], &COLUMNS[3]];
            let cells = cells.into_iter().map(|column| (column.cell)(outcome));
            std::iter::once(title.clone()).chain(cells).collect()
        }));
        table(text, "Rolling upgrade, in seconds", &rows);
    }

    fn tallies(&self, text: &mut String) {
        let runs = self
            .releases
            .iter()
            .map(|(version, run)| (version.as_str(), run));
        let upgrade = self.upgrade.iter().map(|run| ("upgrade", run));
        let all: Vec<(&str, &Survived)> = runs.chain(upgrade).collect();
        if all.is_empty() {
            return;
        }
        let names = all.iter().map(|(name, _)| (*name).to_owned());
        let mut rows: Vec<Vec<String>> =
            vec![std::iter::once(String::new()).chain(names).collect()];
        rows.extend(COUNTS.iter().map(|(title, count)| {
            let cells = all.iter().map(|(_, run)| count(run).to_string());
            std::iter::once((*title).to_owned()).chain(cells).collect()
        }));
        table(text, "What was asked and answered", &rows);
    }
}

/// A row of what was counted.
type Count = (&'static str, fn(&Survived) -> usize);

const COUNTS: [Count; 6] = [
    ("acknowledged writes, of which none is lost", |run| {
        run.tally.promised
    }),
    ("writes without an answer", |run| run.tally.unknown),
    ("reads while it went on", |run| run.tally.reads),
    ("of these, older than the `sync` before them", |run| {
        run.outcomes
            .iter()
            .map(|(_, outcome)| outcome.stale_syncs)
            .sum()
    }),
    ("reads of everything at the end, on each server", |run| {
        run.tally.audited
    }),
    ("sessions", |run| run.tally.sessions),
];

/// Puts the tables into the page instead of those that are there.
pub fn into_page(page: &str, tables: &str) -> anyhow::Result<String> {
    let (before, rest) = page
        .split_once(BEGIN)
        .context("the page has no beginning of tables")?;
    let (_, after) = rest
        .split_once(END)
        .context("the page has no end of tables")?;
    ensure!(
        !after.contains(BEGIN),
        "the page has two beginnings of tables"
    );
    Ok(format!("{before}{BEGIN}\n\n{tables}{END}{after}"))
}

fn seconds(duration: Duration) -> String {
    format!("{:.1}", duration.as_secs_f64())
}

fn table(text: &mut String, title: &str, rows: &[Vec<String>]) {
    let _ = writeln!(text, "{title}:\n");
    for (index, row) in rows.iter().enumerate() {
        let _ = writeln!(text, "| {} |", row.join(" | "));
        if index == 0 {
            let _ = writeln!(text, "|---{}|", "|---:".repeat(row.len() - 1));
        }
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chaos::measure::Felt;
    use crate::chaos::run::Tally;

    fn outcome(seconds: u64) -> Outcome {
        Outcome {
            felt: Felt {
                no_write: Duration::from_secs(seconds),
                ..Felt::default()
            },
            serving: Duration::ZERO,
            writing: Duration::ZERO,
            exits: Vec::new(),
            stale_syncs: 0,
        }
    }

    #[test]
    fn faults_are_rows_and_releases_are_columns() {
        let survived = |outcomes: &[(&str, u64)]| Survived {
            outcomes: (outcomes.iter())
                .map(|(title, seconds)| ((*title).to_owned(), outcome(*seconds)))
                .collect(),
            tally: Tally::default(),
        };
        let report = Report {
            releases: vec![
                (
                    "3.5.7".to_owned(),
                    survived(&[("killed", 2), ("paused", 3)]),
                ),
                ("3.6.1".to_owned(), survived(&[("killed", 4)])),
            ],
            upgrade: None,
        };
        let expected = "Longest time in which nobody could write, in seconds:\n\n\
             |  | 3.5.7 | 3.6.1 |\n|---|---:|---:|\n| killed | 2.0 | 4.0 |\n| paused | 3.0 |  |\n\n";
        assert!(
            report.markdown().starts_with(expected),
            "{}",
            report.markdown()
        );
    }

    #[test]
    fn nothing_is_said_of_nothing() {
        assert_eq!(Report::default().markdown(), "");
    }

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let page = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let expected = format!("a\n{BEGIN}\n\nnew\n{END}\nb\n");
        assert_eq!(into_page(&page, "new\n").unwrap(), expected);
        assert_eq!(into_page(&expected, "new\n").unwrap(), expected);
        assert!(into_page("a\nb\n", "new\n").is_err());
    }
}
