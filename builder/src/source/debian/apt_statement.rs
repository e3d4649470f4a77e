//! The format of apt's configuration, as text (apt.conf(5)): named values in nested scopes.
//!
//! Taken apart in apt's own steps, since people write what apt puts up with: a line loses its
//! comments, then `{`, `;` and `}` outside of quotes end a statement, which may span lines though
//! its quotes may not. The first offence ends the text, as for apt; what stands before it holds.
//! No message repeats a value, since one may carry a password.

use super::apt_word::{is_blank, quoted_word};
use super::control::excerpt;

/// Names are made of what stands before each scope around them: without a limit, nested scopes
/// would make of a small file a huge one.
const LONGEST_NAME: usize = 512;

/// What apt does with a `#` that begins no comment.
const DIRECTIVES: [&str; 3] = ["clear", "include", "x-apt-configure-index"];

/// What a text does to the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// `Name "value";`
    Set {
        /// With the scopes around it, `Acquire::http::Proxy`; for an element of a list with `::` at
        /// its end, or empty outside of any scope.
        name: String,
        /// Without its quotes.
        value: String,
    },
    /// `#clear Name;`: forget the value and all below it.
    Clear {
        /// As in [`Statement::Set`].
        name: String,
    },
    /// `#include "path";`
    Include {
        /// A directory if it ends in a slash.
        path: String,
    },
}

/// Why the rest of a text is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// `{` without a name before it.
    #[error("a scope has no name")]
    NoName,
    /// A name with an open quote or bracket.
    #[error("a name is not closed")]
    Name,
    /// More than a value between a name and the semicolon; as likely as not one is missing.
    #[error("more than one value")]
    Values,
    /// A `#` with a word that is none of apt's directives, but begins like one.
    #[error("`#{0}` is not a directive")]
    Directive(String),
    /// Directives stand outside of every scope.
    #[error("a directive within a scope")]
    NestedDirective,
    /// `#clear;`
    #[error("`#clear` without a name")]
    NothingToClear,
    /// No semicolon at the end of the text.
    #[error("the last statement has no end")]
    NoEnd,
    /// A name that nobody wrote.
    #[error("a name is longer than {LONGEST_NAME} bytes")]
    LongName,
}

/// What a text says, each with its line, and where it stops making sense.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Statements {
    /// In their order, with the line of the end of each, counted from 1.
    pub statements: Vec<(usize, Statement)>,
    /// The first offence; nothing behind it was read.
    pub malformed: Option<(usize, StatementError)>,
}

/// Takes a text apart.
pub fn parse(text: &str) -> Statements {
    let mut parser = Parser::default();
    let mut malformed = None;
    let mut last = 0;
    for (index, line) in text.lines().enumerate() {
        last = index + 1;
        if let Err(error) = parser.line(line, last) {
            malformed = Some((last, error));
            break;
        }
    }
    if malformed.is_none() && !parser.pending.is_empty() {
        malformed = Some((last, StatementError::NoEnd));
    }
    Statements {
        statements: parser.statements,
        malformed,
    }
}

#[derive(Default)]
struct Parser {
    statements: Vec<(usize, Statement)>,
    /// Within `/* */`.
    comment: bool,
    /// A statement without its end.
    pending: String,
    /// The name of the scope.
    scope: String,
    /// How long the names of the scopes around it are.
    outer: Vec<usize>,
}

impl Parser {
    fn line(&mut self, line: &str, number: usize) -> Result<(), StatementError> {
        let line = line.replace('\t', "        ");
        let line = self.without_comments(trim(&line));
        let mut quoted = false;
        let mut start = 0;
        for (position, character) in line.char_indices() {
            match character {
                '"' => quoted = !quoted,
                '{' | ';' | '}' if !quoted => {
                    self.append(&line[start..position]);
                    start = position + 1;
                    self.end(character, number)?;
                }
                _ => {}
            }
        }
        self.append(&line[start..]);
        Ok(())
    }

    fn without_comments(&mut self, mut line: &str) -> String {
        if self.comment {
            match line.split_once("*/") {
                None => return String::new(),
                Some((_, rest)) => line = rest,
            }
            self.comment = false;
        }
        line = before(line, |rest| rest.starts_with("//"));
        line = before(line, |rest| {
            let directive = |name| rest[1..].starts_with(name);
            rest.starts_with('#') && !DIRECTIVES.into_iter().any(directive)
        });
        let mut code = String::with_capacity(line.len());
        loop {
            let text = before(line, |rest| rest.starts_with("/*"));
            code.push_str(text);
            let Some(comment) = line[text.len()..].strip_prefix("/*") else {
                return code;
            };
            let Some((_, rest)) = comment.split_once("*/") else {
                self.comment = true;
                return code;
            };
            line = rest;
        }
    }

    fn append(&mut self, part: &str) {
        let part = trim(part);
        if !self.pending.is_empty() && !part.is_empty() {
            self.pending.push(' ');
        }
        self.pending.push_str(part);
    }

    /// Takes in what stands before `{`, `;` or `}`.
    fn end(&mut self, end: char, line: usize) -> Result<(), StatementError> {
        let pending = std::mem::take(&mut self.pending);
        if !pending.is_empty() {
            let statement = self.statement(&pending, end)?;
            self.statements
                .extend(statement.map(|statement| (line, statement)));
        } else if end == '{' {
            return Err(StatementError::NoName);
        }
        if end == '}' {
            self.scope.truncate(self.outer.pop().unwrap_or(0));
        }
        Ok(())
    }

    fn statement(&mut self, pending: &str, end: char) -> Result<Option<Statement>, StatementError> {
        let (mut tag, rest) = quoted_word(pending).ok_or(StatementError::Name)?;
        let value = match c_word(rest).or_else(|| quoted_word(rest)) {
            Some((value, "")) => Some(value),
            None if rest.is_empty() => None,
            _ => return Err(StatementError::Values),
        };
        if end == '{' {
            // A scope may have a value too: `quiet "1" { NoUpdate "true"; };`
            let name = self.name(&tag)?;
            self.outer.push(self.scope.len());
            self.scope = name;
            let name = self.scope.clone();
            return Ok(value.map(|value| Statement::Set { name, value }));
        }
        // What stands alone is a value: an element of a list.
        let value = value.unwrap_or_else(|| std::mem::take(&mut tag));
        if let Some(directive) = tag.strip_prefix('#') {
            return self.directive(directive, value);
        }
        if tag.is_empty() && value == "#clear" {
            return Err(StatementError::NothingToClear);
        }
        let name = self.name(&tag)?;
        Ok(Some(Statement::Set { name, value }))
    }

    /// A name with the scopes around it.
    fn name(&self, tag: &str) -> Result<String, StatementError> {
        let name = match self.scope.is_empty() {
            true => tag.to_owned(),
            false => format!("{}::{tag}", self.scope),
        };
        match name.len() > LONGEST_NAME {
            true => Err(StatementError::LongName),
            false => Ok(name),
        }
    }

    fn directive(
        &self,
        directive: &str,
        value: String,
    ) -> Result<Option<Statement>, StatementError> {
        if !self.scope.is_empty() {
            return Err(StatementError::NestedDirective);
        }
        match directive {
            "clear" => Ok(Some(Statement::Clear { name: value })),
            "include" => Ok(Some(Statement::Include { path: value })),
            // For those who develop apt: types of options, which are then checked.
            "x-apt-configure-index" => Ok(None),
            _ => Err(StatementError::Directive(excerpt(directive))),
        }
    }
}

/// A text up to where something starts outside of quotes.
fn before(text: &str, starts: impl Fn(&str) -> bool) -> &str {
    let mut quoted = false;
    for (position, character) in text.char_indices() {
        if !quoted && starts(&text[position..]) {
            return &text[..position];
        }
        quoted ^= character == '"';
    }
    text
}

fn trim(text: &str) -> &str {
    text.trim_matches(|character: char| u8::try_from(character).is_ok_and(|byte| is_blank(&byte)))
}

/// A text of nothing but strings in quotes, which become one; blanks between them become one blank
/// (apt's `ParseCWord`). Nothing is left of such a text.
fn c_word(text: &str) -> Option<(String, &str)> {
    let mut word = String::with_capacity(text.len());
    let mut characters = text.chars();
    let mut after_blank = false;
    while let Some(character) = characters.next() {
        if character == '"' {
            loop {
                match characters.next()? {
                    '"' => break,
                    character => word.push(character),
                }
            }
        } else if character != ' ' {
            return None;
        } else if !after_blank {
            word.push(' ');
        }
        after_blank = character == ' ';
    }
    (!text.is_empty()).then_some((word, ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Each statement as `line name=value`, the offence as `line! message`.
    fn written(text: &str) -> Vec<String> {
        let found = parse(text);
        let statements = found
            .statements
            .iter()
            .map(|(line, statement)| match statement {
                Statement::Set { name, value } => format!("{line} {name}={value}"),
                Statement::Clear { name } => format!("{line} clear {name}"),
                Statement::Include { path } => format!("{line} include {path}"),
            });
        let malformed = found
            .malformed
            .iter()
            .map(|(line, error)| format!("{line}! {error}"));
        statements.chain(malformed).collect()
    }

    // Each row was held against what `apt-config dump` of apt 2.6.1 makes of it.
    #[test]
    fn reads_what_apt_reads() {
        let table: [(&str, &[&str]); 27] = [
            ("", &[]),
            ("\n \t\r\n;;}\n", &[]),
            ("A::B \"c d\";\n", &["1 A::B=c d"]),
            ("A::B c;", &["1 A::B=c"]),
            ("A\t\"b\"\t;\r\n", &["1 A=b"]),
            ("A { B { C \"d\"; } }; E \"f\";", &["1 A::B::C=d", "1 E=f"]),
            ("A\n{\n  B\n    \"c\"\n;\n}\n", &["5 A::B=c"]),
            ("A { \"b\"; c; };", &["1 A::=b", "1 A::=c"]),
            ("A:: \"b\"; \"c\";", &["1 A::=b", "1 =c"]),
            ("A \"b\" { C \"d\" };", &["1 A=b", "1 A::C=d"]),
            (
                "A::http { Proxy::host.example \"DIRECT\"; };",
                &["1 A::http::Proxy::host.example=DIRECT"],
            ),
            ("A \"a\"  \"b\"\"c\";", &["1 A=a bc"]),
            ("A \"\";", &["1 A="]),
            ("\"A b\" c;", &["1 A b=c"]),
            ("A%20b %41;", &["1 A b=A"]),
            ("A \"%41\";", &["1 A=%41"]),
            (
                "// A \"a\";\n# B \"b\";\nC \"http://c#d/*e\"; // f\nG \"h\"; # i\n",
                &["3 C=http://c#d/*e", "4 G=h"],
            ),
            (
                "A /* b */ \"c\"; /* D \"d\";\n E \"e\"; */ F \"f\";\n/**/G \"g\";",
                &["1 A=c", "2 F=f", "3 G=g"],
            ),
            ("A http://b;\n\"c\";\n", &["2! more than one value"]),
            ("A \"b;\nc\"; D\";", &["2! more than one value"]),
            (
                "#clear A::B;\n#clear \"C\"; #include \"/etc/a\";\n#x-apt-configure-index \"\";\n#comment",
                &["1 clear A::B", "2 clear C", "2 include /etc/a"],
            ),
            ("A \"b\"\nC \"d\";\nE \"f\";", &["2! more than one value"]),
            (
                "A \"b\";\nC \"d\"\n",
                &["1 A=b", "2! the last statement has no end"],
            ),
            (
                "A \"b\";\n{ C \"d\"; };",
                &["1 A=b", "2! a scope has no name"],
            ),
            ("A { #clear B; };", &["1! a directive within a scope"]),
            ("#clear;", &["1! `#clear` without a name"]),
            ("#clear-cut A;\n", &["1! `#clear-cut` is not a directive"]),
        ];
        for (text, expected) in table {
            assert_eq!(written(text), expected, "{text:?}");
        }
    }

    #[test]
    fn refuses_names_that_scopes_make_huge() {
        let nested = "a \"b\" {".repeat(10_000);
        let found = parse(&nested);
        assert_eq!(found.malformed, Some((1, StatementError::LongName)));
        assert!(found.statements.len() < LONGEST_NAME);
        assert_eq!(written("[a { b; };"), ["1! a name is not closed"]);
    }

    /// A setting of a tree: scopes around it, name and value.
    fn setting() -> impl Strategy<Value = (Vec<String>, String, String)> {
        let name = "[A-Za-z0-9](/?[A-Za-z0-9._+-]){0,9}";
        let value = "[a-zA-Z0-9:/@.{};#* -]{0,20}";
        (prop::collection::vec(name, 0..4), name, value)
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>(), code in "([A\"{}; \\[\\]%#/*\n]|clear|include){0,60}") {
            let _ = parse(&text);
            let _ = parse(&code);
        }

        #[test]
        fn reads_back_what_is_written(
            settings in prop::collection::vec(setting(), 0..8),
            scoped in any::<bool>(),
            gap in prop::sample::select(vec![" ", "\n", "\t", " /* ; */ ", "\n// }\n", "\n# \"\n"]),
        ) {
            let mut text = String::new();
            let mut expected = Vec::new();
            for (scopes, name, value) in &settings {
                let full = scopes.iter().chain([name]).cloned().collect::<Vec<_>>().join("::");
                if scoped {
                    for scope in scopes {
                        text += &format!("{scope}{gap}{{{gap}");
                    }
                    text += &format!("{name}{gap}\"{value}\"{gap};{gap}");
                    text += &format!("}}{gap};").repeat(scopes.len());
                } else {
                    text += &format!("{full}{gap}\"{value}\"{gap};{gap}");
                }
                expected.push(Statement::Set { name: full, value: value.clone() });
            }
            let found = parse(&text);
            prop_assert_eq!(&found.malformed, &None, "{}", text);
            let statements: Vec<_> = found.statements.into_iter().map(|(_, it)| it).collect();
            prop_assert_eq!(statements, expected, "{}", text);
        }
    }
}
