//! Names and passwords, as the two lists that users write: `user1,user2` and `pass4user1,pass4user2`.
//!
//! Guaranteed: as many passwords as names, no name twice, and nothing in a password that a JAAS file cannot
//! hold. No message has a password in it.

use std::fmt;

use crate::variables::Secret;

/// The name of a user: letters, digits, `_`, `-` and `.`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserName(String);

/// Who may log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: UserName,
    /// The password.
    pub password: Secret,
}

/// Users of different names, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Users(Vec<User>);

/// What is wrong with a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordProblem {
    /// The parser of the JAAS file replaces it by a system property, and ends the server where there is none.
    #[error("`${{`, which Java would replace")]
    Expanded,
    /// A quoted string of a JAAS file ends with its line.
    #[error("a line end")]
    LineEnd,
    /// Likewise.
    #[error("a control character")]
    Control,
}

/// Why names and passwords do not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// There are more of the ones.
    Unequal(Unequal),
    /// Each password stands in quotes, which would be a part of it.
    Quoted,
}

/// Two lists of different length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unequal {
    /// How many names there are.
    pub names: usize,
    /// How many passwords.
    pub passwords: usize,
}

impl UserName {
    /// Reads a name.
    pub fn parse(text: &str) -> Option<Self> {
        let allowed =
            |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
        (!text.is_empty() && text.chars().all(allowed)).then(|| Self(text.to_owned()))
    }

    /// Reads a list of different names; on failure every reason.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, Vec<String>> {
        let mut names: Vec<Self> = Vec::new();
        let mut problems = Vec::new();
        for word in words(text) {
            // What follows a user and `:` is a password as a rule, with commas and blanks in it.
            if let Some((before, _)) = word.split_once(':') {
                problems.push(format!("`{before}:…` is no user: allowed are {LETTERS}"));
                break;
            }
            match Self::parse(word) {
                None => problems.push(format!("`{word}` is no user: allowed are {LETTERS}")),
                Some(name) if names.contains(&name) => {
                    problems.push(format!("{name} is named twice"));
                }
                Some(name) => names.push(name),
            }
        }
        if names.is_empty() && problems.is_empty() {
            problems.push("names no user".to_owned());
        }
        if problems.is_empty() {
            Ok(names)
        } else {
            Err(problems)
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a name is made of, for messages.
pub const LETTERS: &str = "letters, digits, `_`, `-` and `.`";

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Users {
    /// Puts names and a list of passwords together.
    pub fn zip(names: &[UserName], passwords: &Secret) -> Result<Self, Unfit> {
        let passwords: Vec<&str> = words(passwords.reveal()).collect();
        if names.len() != passwords.len() {
            return Err(Unfit::Unequal(Unequal {
                names: names.len(),
                passwords: passwords.len(),
            }));
        }
        if are_quoted(&passwords) {
            return Err(Unfit::Quoted);
        }
        let users = names.iter().zip(passwords).map(|(name, password)| User {
            name: name.clone(),
            password: Secret::new(password),
        });
        Ok(Self(users.collect()))
    }

    /// All of them, in the order in which they were named.
    pub fn iter(&self) -> impl Iterator<Item = &User> {
        self.0.iter()
    }

    /// The first.
    pub fn first(&self) -> Option<&User> {
        self.0.first()
    }

    /// The names, for messages.
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.iter().map(|user| user.name.as_str()).collect();
        names.join(", ")
    }
}

impl User {
    /// What a JAAS file cannot hold of the password.
    pub fn password_problem(&self) -> Option<PasswordProblem> {
        let password = self.password.reveal();
        if password.contains("${") {
            Some(PasswordProblem::Expanded)
        } else if password.contains(['\n', '\r']) {
            Some(PasswordProblem::LineEnd)
        } else if password.chars().any(char::is_control) {
            Some(PasswordProblem::Control)
        } else {
            None
        }
    }
}

/// What stands between commas, semicolons and blanks.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| matches!(letter, ',' | ';') || letter.is_whitespace())
        .filter(|word| !word.is_empty())
}

/// Whether some word ends with the quote with which the next one begins. Those around the whole list are gone.
fn are_quoted(words: &[&str]) -> bool {
    let meet = |pair: &[&str]| {
        (pair[0].chars().last())
            .is_some_and(|last| matches!(last, '"' | '\'') && pair[1].starts_with(last))
    };
    words.windows(2).any(meet)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(text: &str) -> Vec<UserName> {
        UserName::parse_list(text).unwrap()
    }

    #[test]
    fn lists_as_people_write_them() {
        for text in ["a,b_2", "a, b_2", "a;b_2", "a b_2", " a\tb_2 ", "a,;b_2,"] {
            assert_eq!(
                names(text),
                [UserName("a".to_owned()), UserName("b_2".to_owned())]
            );
        }
        for (text, problems) in [
            (
                "a:b,c,ä",
                &["`a:…` is no user: allowed are letters, digits, `_`, `-` and `.`"][..],
            ),
            (
                "a!,ä,b:geheim ge$heim",
                &[
                    "`a!` is no user: allowed are letters, digits, `_`, `-` and `.`",
                    "`ä` is no user: allowed are letters, digits, `_`, `-` and `.`",
                    "`b:…` is no user: allowed are letters, digits, `_`, `-` and `.`",
                ],
            ),
            ("a b a", &["a is named twice"]),
            (" ,", &["names no user"]),
        ] {
            assert_eq!(UserName::parse_list(text).unwrap_err(), problems, "{text}");
        }
    }

    #[test]
    fn a_password_for_each() {
        let users = Users::zip(&names("a,b"), &Secret::new("x\"y, z\\")).unwrap();
        let shown: Vec<_> = users
            .iter()
            .map(|user| (user.name.as_str(), user.password.reveal()))
            .collect();
        assert_eq!(shown, [("a", "x\"y"), ("b", "z\\")]);
        for (passwords, count) in [("x", 1), ("x y z", 3), ("", 0)] {
            assert_eq!(
                Users::zip(&names("a,b"), &Secret::new(passwords)),
                Err(Unfit::Unequal(Unequal {
                    names: 2,
                    passwords: count
                }))
            );
        }
        for quoted in [r#"x","y"#, r#""x", "y""#, "x' 'y", "'x';'y'"] {
            assert_eq!(
                Users::zip(&names("a,b"), &Secret::new(quoted)),
                Err(Unfit::Quoted),
                "{quoted}"
            );
        }
        for fine in [r#""x",'y'"#, r#"x,"y""#, r#"x",y"#] {
            assert!(
                Users::zip(&names("a,b"), &Secret::new(fine)).is_ok(),
                "{fine}"
            );
        }
    }

    #[test]
    fn what_a_jaas_file_cannot_hold() {
        let problem = |password| {
            let name = UserName("a".to_owned());
            let password = Secret::new(password);
            User { name, password }.password_problem()
        };
        for fine in ["x", "$x", "{x}", "\"\\", "pässwort ", "$ {"] {
            assert_eq!(problem(fine), None, "{fine}");
        }
        assert_eq!(problem("a${b}"), Some(PasswordProblem::Expanded));
        assert_eq!(problem("a\n"), Some(PasswordProblem::LineEnd));
        assert_eq!(problem("a\tb"), Some(PasswordProblem::Control));
    }

    proptest! {
        #[test]
        fn a_list_that_is_read_is_read_again(text: String) {
            if let Ok(read) = UserName::parse_list(&text) {
                let written: Vec<&str> = read.iter().map(UserName::as_str).collect();
                prop_assert_eq!(UserName::parse_list(&written.join(",")).unwrap(), read);
            }
        }
    }
}
