//! The fenced blocks of a Markdown document, which are what its readers type and copy.

use anyhow::{Context, bail};

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// What stands behind the opening fence; nothing where nothing does.
    pub language: String,
    /// What is between the fences, without the indentation that both have in a list.
    pub text: String,
    /// The line of the document in which the text begins, from 1.
    pub line: usize,
    /// The comment before it, without its marks, where nothing but blank lines is between them.
    pub comment: Option<String>,
}

/// All of a document, in its order. A block without an end is an error, and so is a line that is indented less
/// than its fence: readers would be shown something else than what is run.
pub fn fences(document: &str) -> anyhow::Result<Vec<Fence>> {
    let mut fences = Vec::new();
    let mut comment = None;
    let mut lines = (1..).zip(document.lines());
    while let Some((number, line)) = lines.next() {
        let Some(language) = line.trim_start().strip_prefix("```") else {
            match line.trim() {
                "" => {}
                other => comment = comment_of(other),
            }
            continue;
        };
        let indentation = line.len() - line.trim_start().len();
        let mut text = String::new();
        loop {
            let (number, line) =
                (lines.next()).with_context(|| format!("the block of line {number} has no end"))?;
            if line.trim() == "```" {
                break;
            }
            if !line.trim().is_empty() {
                match line.split_at_checked(indentation) {
                    Some((blanks, rest)) if blanks.trim().is_empty() => text.push_str(rest),
                    _ => bail!("line {number} is indented less than its fence"),
                }
            }
            text.push('\n');
        }
        fences.push(Fence {
            language: language.trim().to_owned(),
            text,
            line: number + 1,
            comment: comment.take(),
        });
    }
    Ok(fences)
}

fn comment_of(line: &str) -> Option<String> {
    let comment = line.strip_prefix("<!--")?.strip_suffix("-->")?;
    Some(comment.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_of_a_document() {
        let document = "# Title\n\n```sh\nls\n```\n\n1. in a list\n\n   <!-- not run: no -->\n\n   ```console\n   $ id\n\n     0\n   ```\ntext ``in`` it\n```\nplain\n```\n";
        let fence = |language: &str, text: &str, line, comment: Option<&str>| Fence {
            language: language.to_owned(),
            text: text.to_owned(),
            line,
            comment: comment.map(str::to_owned),
        };
        let expected = vec![
            fence("sh", "ls\n", 4, None),
            fence("console", "$ id\n\n  0\n", 12, Some("not run: no")),
            fence("", "plain\n", 18, None),
        ];
        assert_eq!(fences(document).unwrap(), expected);
    }

    #[test]
    fn what_is_no_fence() {
        for document in ["```sh\nls\n", "1. x\n\n   ```sh\n ls\n   ```\n"] {
            assert!(fences(document).is_err(), "{document}");
        }
    }

    #[test]
    fn a_comment_elsewhere_is_of_no_block() {
        let document = "<!-- not run: no -->\ntext\n```sh\nls\n```\n";
        assert_eq!(fences(document).unwrap()[0].comment, None);
    }
}
