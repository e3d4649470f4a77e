//! Rows of a name and what is said of it, aligned, and lists that are cut short.

/// Longer names push what follows aside.
const WIDEST_NAME: usize = 60;
/// Where lists of names are broken.
const LINE: usize = 100;

/// Rows below one heading.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<(String, String)>,
}

/// How much of a list is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    /// Whether `--all` was given.
    pub(super) all: bool,
}

impl Cut {
    /// How many of `length` things are shown, and the line that stands for the others. One that would
    /// stand for a single thing is worth no more than the thing.
    pub(super) fn of(self, length: usize, limit: usize) -> (usize, Option<String>) {
        if self.all || length <= limit + 1 {
            return (length, None);
        }
        let rest = length - limit;
        (limit, Some(format!("… and {rest} more (--all shows them)")))
    }
}

impl Table {
    pub(super) fn row(&mut self, name: impl Into<String>, what: impl Into<String>) {
        self.rows.push((name.into(), what.into()));
    }

    /// Lines that begin with `indent` blanks, at most `limit` rows.
    pub(super) fn lines(&self, indent: usize, limit: usize, cut: Cut) -> String {
        let (shown, rest) = cut.of(self.rows.len(), limit);
        let rows = &self.rows[..shown];
        let width = (rows.iter())
            .map(|(name, _)| name.chars().count())
            .filter(|width| *width <= WIDEST_NAME)
            .max()
            .unwrap_or(0);
        let mut text = String::new();
        for (name, what) in rows {
            let line = format!("{:indent$}{name:<width$}  {what}", "");
            text.push_str(line.trim_end());
            text.push('\n');
        }
        if let Some(rest) = rest {
            text.push_str(&format!("{:indent$}{rest}\n", ""));
        }
        text
    }
}

/// Names with commas between them, broken into lines that begin under the first; at most `limit`.
pub(super) fn list(names: &[String], begin: usize, limit: usize, cut: Cut) -> String {
    let (shown, rest) = cut.of(names.len(), limit);
    let mut text = String::new();
    let mut column = begin;
    for (position, name) in names[..shown].iter().enumerate() {
        let is_last = position + 1 == shown && rest.is_none();
        let word = match is_last {
            true => name.clone(),
            false => format!("{name},"),
        };
        let length = word.chars().count() + 1;
        if position > 0 && column + length > LINE {
            text.push_str(&format!("\n{:begin$}", ""));
            column = begin;
        } else if position > 0 {
            text.push(' ');
        }
        column += length;
        text.push_str(&word);
    }
    if let Some(rest) = rest {
        text.push_str(&format!(" {rest}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_aligned_and_cut() {
        let mut table = Table::default();
        for (name, what) in [("a", "1"), ("long", "2"), ("b", ""), ("c", "4")] {
            table.row(name, what);
        }
        assert_eq!(
            table.lines(2, 2, Cut { all: false }),
            "  a     1\n  long  2\n  … and 2 more (--all shows them)\n"
        );
        assert_eq!(
            table.lines(0, 3, Cut { all: false }),
            "a     1\nlong  2\nb\nc     4\n"
        );
        assert_eq!(
            table.lines(0, 1, Cut { all: true }),
            table.lines(0, 4, Cut { all: false })
        );
    }

    #[test]
    fn names_are_broken_and_cut() {
        let names: Vec<String> = (0..40).map(|number| format!("n{number:02}")).collect();
        let cut = Cut { all: false };
        assert_eq!(
            list(&names, 4, 2, cut),
            "n00, n01, … and 38 more (--all shows them)"
        );
        assert_eq!(list(&names[..3], 4, 2, cut), "n00, n01, n02");
        let all = list(&names, 4, 2, Cut { all: true });
        assert_eq!(all.lines().count(), 3);
        assert!(all.lines().all(|line| line.chars().count() <= LINE));
        assert!(all.ends_with("n38, n39"));
    }
}
