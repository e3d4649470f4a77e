//! What of a page is run.
//!
//! A block of language `sh` is commands, typed as they stand; each must succeed. One of `console` is commands
//! after `$ `, going on after `> `, each with what it prints below it. One of `text` is for reading. Anything
//! else is an error, so that no block is left out because its language was written in another way; files are
//! in `examples`, where they are tried, and not in pages.
//!
//! `<!-- not run: REASON -->` before a block leaves it out.

use anyhow::{Context, bail, ensure};

use crate::markdown::{Fence, fences};

/// What a comment that leaves out the block below it begins with.
const NOT_RUN: &str = "not run:";

/// A page, ready to be run.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// In the order of the page.
    pub steps: Vec<Step>,
    /// Blocks that are not run.
    pub skipped: Vec<Skipped>,
}

/// Commands that are typed at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The line of the page, from 1.
    pub line: usize,
    /// What is typed.
    pub command: String,
    /// The lines that it prints, where the page shows them.
    pub shown: Option<Vec<String>>,
}

/// A block that is not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The line of the page, from 1.
    pub line: usize,
    /// Why.
    pub reason: String,
}

impl Page {
    /// Reads a page.
    pub fn read(document: &str) -> anyhow::Result<Self> {
        let mut page = Self::default();
        for fence in fences(document)? {
            let line = fence.line;
            page.add(fence)
                .with_context(|| format!("the block of line {line}"))?;
        }
        Ok(page)
    }

    fn add(&mut self, fence: Fence) -> anyhow::Result<()> {
        let line = fence.line;
        let comment = fence.comment.as_deref().unwrap_or_default();
        if let Some(reason) = comment.strip_prefix(NOT_RUN) {
            let reason = reason.trim().to_owned();
            ensure!(!reason.is_empty(), "it is not run without a reason");
            self.skipped.push(Skipped { line, reason });
            return Ok(());
        }
        match fence.language.as_str() {
            "sh" => self.steps.push(Step {
                line,
                command: fence.text,
                shown: None,
            }),
            "console" => self.steps.extend(console(line, &fence.text)?),
            "text" => {}
            other => bail!("nobody knows how to run `{other}`"),
        }
        let waits_for_ever = (self.steps.iter()).find(|step| {
            let words = || step.command.split_whitespace();
            words().any(|word| word.trim_matches(['\'', '"']) == "until")
                && !words().any(|word| word == "timeout")
        });
        if let Some(step) = waits_for_ever {
            bail!("it may wait for ever in line {}: no `timeout`", step.line);
        }
        Ok(())
    }
}

fn console(first: usize, text: &str) -> anyhow::Result<Vec<Step>> {
    let mut steps: Vec<Step> = Vec::new();
    for (line, content) in (first..).zip(text.lines()) {
        if let Some(command) = content.strip_prefix("$ ") {
            steps.push(Step {
                line,
                command: format!("{command}\n"),
                shown: Some(Vec::new()),
            });
            continue;
        }
        let step = steps.last_mut().context("it shows output of no command")?;
        let shown = step.shown.get_or_insert_default();
        match content.strip_prefix("> ") {
            Some(more) if shown.is_empty() => {
                step.command.push_str(more);
                step.command.push('\n');
            }
            _ => shown.push(content.to_owned()),
        }
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(line: usize, command: &str, shown: Option<&[&str]>) -> Step {
        Step {
            line,
            command: command.to_owned(),
            shown: shown.map(|lines| lines.iter().map(|line| (*line).to_owned()).collect()),
        }
    }

    #[test]
    fn a_page() {
        let document = "```sh\na\nb\n```\n```console\n$ c \\\n> d\nprinted\n$ e\n```\n\
            <!-- not run: no cluster -->\n```sh\nf\n```\n```text\ng: 1\n```\n";
        let expected = Page {
            steps: vec![
                step(2, "a\nb\n", None),
                step(6, "c \\\nd\n", Some(&["printed"])),
                step(9, "e\n", Some(&[])),
            ],
            skipped: vec![Skipped {
                line: 13,
                reason: "no cluster".to_owned(),
            }],
        };
        assert_eq!(Page::read(document).unwrap(), expected);
    }

    #[test]
    fn what_would_not_be_run_or_not_end() {
        for (document, reason) in [
            ("```bash\nls\n```\n", "`bash`"),
            ("```\nls\n```\n", "``"),
            ("```yaml\na: 1\n```\n", "`yaml`"),
            ("```console\nls\n```\n", "no command"),
            ("<!-- not run: -->\n```sh\nls\n```\n", "reason"),
            ("```sh\nuntil ls; do sleep 1; done\n```\n", "for ever"),
            ("```sh\nbash -c 'until ls; do :; done'\n```\n", "for ever"),
        ] {
            let error = format!("{:#}", Page::read(document).unwrap_err());
            assert!(error.contains(reason), "{document}: {error}");
        }
    }

    #[test]
    fn a_wait_with_an_end() {
        let document = "```sh\ntimeout 60 sh -c 'until ls; do sleep 1; done'\n```\n";
        assert_eq!(Page::read(document).unwrap().steps.len(), 1);
    }
}
