//! Paragraphs of fields: the format of Debian's `control` files, indexes and deb822 apt sources.
//!
//! `Name: value` lines make a field, lines that begin with a blank continue it, empty lines end a
//! paragraph (Debian Policy §5.1). Names compare without case; order and spelling are kept.
//! Every field knows its line, so that a complaint about its value can point at the file.
//!
//! Refused: a field twice in one paragraph, a continuation without a field, a line without a colon.
//! Guessing there would let two readers of the same signed text see different values.
//! Comments exist only where a person writes ([`Comments::Ignored`]); generated files have none.

use std::fmt;

/// Whether lines that begin with `#` are comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comments {
    /// They are left out, also within a field: files that people edit, such as apt's sources.
    Ignored,
    /// They are an error: generated files, where no comment can be.
    Refused,
}

/// One field of a paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The name as written.
    pub name: String,
    /// The value: the first line without blanks at its ends, then each continuation line after a
    /// line feed, without its first character (the blank that marks it) and without blanks at its end.
    pub value: String,
    /// The line of the name, counted from 1.
    pub line: usize,
}

/// A group of fields; never empty when it comes from [`parse`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paragraph {
    fields: Vec<Field>,
}

/// Why a text is not a sequence of paragraphs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// A line that begins with a blank, but there is no field it could continue.
    #[error("line {line}: continuation line without a field")]
    StrayContinuation {
        /// Counted from 1.
        line: usize,
    },
    /// A line that is neither a field nor a continuation.
    #[error("line {line}: `{text}` is not `Name: value`")]
    NotAField {
        /// Counted from 1.
        line: usize,
        /// The beginning of the line.
        text: String,
    },
    /// The same field twice in a paragraph.
    #[error(
        "line {line}: field `{name}` stands twice in the paragraph, first on line {first_line}"
    )]
    Duplicate {
        /// The line of the second one, counted from 1.
        line: usize,
        /// The line of the first one.
        first_line: usize,
        /// The field's name.
        name: String,
    },
}

impl ControlError {
    /// The line of the offence, counted from 1.
    pub fn line(&self) -> usize {
        match self {
            Self::StrayContinuation { line }
            | Self::NotAField { line, .. }
            | Self::Duplicate { line, .. } => *line,
        }
    }
}

impl Paragraph {
    /// The fields in their order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The field with this name, whatever the case.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// The value of the field with this name, whatever the case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.field(name).map(|field| field.value.as_str())
    }

    /// The line the paragraph begins on, counted from 1.
    pub fn line(&self) -> usize {
        self.fields.first().map_or(1, |field| field.line)
    }
}

impl fmt::Display for Paragraph {
    /// Writes the paragraph in the form [`parse`] reads, with one line feed after each line.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for field in &self.fields {
            let mut lines = field.value.split('\n');
            let first = lines.next().unwrap_or_default();
            let blank = if first.is_empty() { "" } else { " " };
            writeln!(formatter, "{}:{blank}{first}", field.name)?;
            for line in lines {
                writeln!(formatter, " {line}")?;
            }
        }
        Ok(())
    }
}

/// Parses a text into its paragraphs.
///
/// Line ends may be LF or CRLF; a line of blanks ends a paragraph as an empty one does, since apt
/// and dpkg both read it so.
///
/// # Errors
/// The first offence, with its line.
pub fn parse(text: &str, comments: Comments) -> Result<Vec<Paragraph>, ControlError> {
    let mut paragraphs = Vec::new();
    let mut current = Paragraph::default();
    for (index, raw) in text.lines().enumerate() {
        let line = index + 1;
        let trimmed = raw.trim_end();
        if comments == Comments::Ignored && trimmed.starts_with('#') {
            continue;
        }
        if trimmed.is_empty() {
            if !current.fields.is_empty() {
                paragraphs.push(std::mem::take(&mut current));
            }
            continue;
        }
        if let Some(continuation) = trimmed.strip_prefix([' ', '\t']) {
            let Some(field) = current.fields.last_mut() else {
                return Err(ControlError::StrayContinuation { line });
            };
            field.value.push('\n');
            field.value.push_str(continuation);
            continue;
        }
        let (name, value) = split_field(trimmed).ok_or_else(|| ControlError::NotAField {
            line,
            text: excerpt(trimmed),
        })?;
        if let Some(first) = current.field(name) {
            return Err(ControlError::Duplicate {
                line,
                first_line: first.line,
                name: name.to_owned(),
            });
        }
        current.fields.push(Field {
            name: name.to_owned(),
            value: value.to_owned(),
            line,
        });
    }
    if !current.fields.is_empty() {
        paragraphs.push(current);
    }
    Ok(paragraphs)
}

/// Splits `Name: value`; `None` when the name is empty or has a character that no name may have.
pub(super) fn split_field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let valid = !name.is_empty()
        && !name.starts_with(['-', '#'])
        && name.bytes().all(|byte| byte.is_ascii_graphic());
    valid.then(|| (name, value.trim()))
}

/// The start of a line for a message: enough to find it, not a screenful of a binary file.
pub(super) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut characters = text.chars();
    let start = characters.by_ref().take(LONGEST);
    // It goes to a terminal, where control characters would act.
    let mut start: String = start
        .map(|character| match character.is_control() {
            true => char::REPLACEMENT_CHARACTER,
            false => character,
        })
        .collect();
    if characters.next().is_some() {
        start.push('…');
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_paragraphs_fields_and_lines() {
        let text = "\n\nPackage: bash\nDescription: a shell\n with a story\n .\n  indented\n\n \t\nPackage: dash\r\nEmpty:\r\n";
        let paragraphs = parse(text, Comments::Refused).unwrap();
        assert_eq!(paragraphs.len(), 2);
        assert_eq!(paragraphs[0].line(), 3);
        assert_eq!(paragraphs[0].get("package"), Some("bash"));
        assert_eq!(
            paragraphs[0].get("DESCRIPTION"),
            Some("a shell\nwith a story\n.\n indented")
        );
        assert_eq!(paragraphs[1].get("Package"), Some("dash"));
        assert_eq!(paragraphs[1].get("Empty"), Some(""));
        assert_eq!(
            paragraphs[1].field("Empty").map(|field| field.line),
            Some(11)
        );
        assert_eq!(paragraphs[1].get("Version"), None);
    }

    #[test]
    fn comments_count_only_where_people_write() {
        let text = "# head\nTypes: deb\n# within\nSigned-By:\n a\n# between\n b\n";
        let paragraphs = parse(text, Comments::Ignored).unwrap();
        assert_eq!(paragraphs.len(), 1);
        assert_eq!(paragraphs[0].get("Signed-By"), Some("\na\nb"));
        assert_eq!(
            parse(text, Comments::Refused),
            Err(ControlError::NotAField {
                line: 1,
                text: "# head".to_owned()
            })
        );
    }

    #[test]
    fn names_the_line_of_an_offence() {
        let table = [
            (" x\n", "line 1: continuation line without a field"),
            ("A: 1\n\n x\n", "line 3: continuation line without a field"),
            (
                "A: 1\nnonsense\n",
                "line 2: `nonsense` is not `Name: value`",
            ),
            ("A B: 1\n", "line 1: `A B: 1` is not `Name: value`"),
            (": 1\n", "line 1: `: 1` is not `Name: value`"),
            ("-A: 1\n", "line 1: `-A: 1` is not `Name: value`"),
            (
                "A: 1\nB: 2\na: 3\n",
                "line 3: field `a` stands twice in the paragraph, first on line 1",
            ),
        ];
        for (text, message) in table {
            assert_eq!(
                parse(text, Comments::Refused).unwrap_err().to_string(),
                message,
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_long_line_is_cut_in_the_message() {
        let error = parse(&"ä".repeat(1000), Comments::Refused).unwrap_err();
        assert!(error.to_string().len() < 200, "{error}");
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = parse(&text, Comments::Refused);
            let _ = parse(&text, Comments::Ignored);
        }

        #[test]
        fn what_is_written_reads_the_same(
            text in proptest::collection::vec("[A-C]{1,2}: ?[a-z]{0,3}( x)?|  ?[a-z.]{1,3}|", 0..12)
        ) {
            if let Ok(paragraphs) = parse(&text.join("\n"), Comments::Refused) {
                let written: Vec<String> = paragraphs.iter().map(ToString::to_string).collect();
                let again = parse(&written.join("\n"), Comments::Refused).unwrap();
                let values = |list: &[Paragraph]| -> Vec<Vec<(String, String)>> {
                    list.iter()
                        .map(|p| p.fields().iter().map(|f| (f.name.clone(), f.value.clone())).collect())
                        .collect()
                };
                prop_assert_eq!(values(&paragraphs), values(&again));
            }
        }
    }
}
