//! The JAAS file: in which Java looks for the users of the server, and for those as whom it logs in itself.
//!
//! Source of its format: the class documentation of `javax.security.auth.login.Configuration`. It is read by
//! a `StreamTokenizer`, for which a backslash in quotes escapes what follows; `${…}` in quotes is a system
//! property, so passwords with it never come here. Java reads the file as UTF-8.

use std::fmt::Write;

use super::users::{User, Users};

/// The name of the file.
pub const NAME: &str = "zoo_jaas.conf";

/// The system property that names it.
pub const PROPERTY: &str = "java.security.auth.login.config";

const MODULE: &str = "org.apache.zookeeper.server.auth.DigestLoginModule";

/// A section of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section<'a> {
    /// Who may log in as a client.
    Server(&'a Users),
    /// As whom clients of this container log in.
    Client(&'a User),
    /// Which servers may log in.
    QuorumServer(&'a Users),
    /// As whom this server logs in at others.
    QuorumLearner(&'a User),
}

impl Section<'_> {
    /// Its name, which is also what `zoo.cfg` calls it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Server(_) => SERVER,
            Self::Client(_) => CLIENT,
            Self::QuorumServer(_) => QUORUM_SERVER,
            Self::QuorumLearner(_) => QUORUM_LEARNER,
        }
    }
}

/// Where a server looks for its clients.
pub const SERVER: &str = "Server";
/// Where servers look for those that may log in.
pub const QUORUM_SERVER: &str = "QuorumServer";
/// Where a server looks for its own user.
pub const QUORUM_LEARNER: &str = "QuorumLearner";
/// Where clients look.
pub const CLIENT: &str = "Client";

/// The content of a file with these sections.
pub fn text(sections: &[Section<'_>]) -> String {
    let mut text = String::new();
    for section in sections {
        let mut options: Vec<(String, &str)> = Vec::new();
        match section {
            Section::Server(users) | Section::QuorumServer(users) => {
                let option = |user: &'_ User| format!("user_{}", user.name);
                options.extend(
                    users
                        .iter()
                        .map(|user| (option(user), user.password.reveal())),
                );
            }
            Section::Client(user) | Section::QuorumLearner(user) => options.extend([
                ("username".to_owned(), user.name.as_str()),
                ("password".to_owned(), user.password.reveal()),
            ]),
        }
        let _ = write!(text, "{} {{\n    {MODULE} required", section.name());
        for (name, value) in options {
            let _ = write!(text, "\n    {name}={}", quoted(value));
        }
        text.push_str(";\n};\n");
    }
    text
}

fn quoted(value: &str) -> String {
    let mut quoted = String::from('"');
    for letter in value.chars() {
        if matches!(letter, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    quoted.push('"');
    quoted
}

/// The names of the sections of a file that somebody else may have written. What Java would refuse gives what can
/// be made of it: Java will say so.
pub fn sections(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut before: Option<String> = None;
    let mut depth = 0_u32;
    let mut rest = text.chars().peekable();
    while let Some(letter) = rest.next() {
        match letter {
            '/' if rest.peek() == Some(&'/') => {
                rest.by_ref().find(|letter| *letter == '\n');
            }
            '/' if rest.peek() == Some(&'*') => {
                let mut last = ' ';
                rest.next();
                rest.by_ref()
                    .find(|letter| std::mem::replace(&mut last, *letter) == '*' && *letter == '/');
            }
            '"' | '\'' => {
                let mut word = String::new();
                while let Some(inner) = rest.next().filter(|inner| *inner != letter) {
                    word.extend(if inner == '\\' {
                        rest.next()
                    } else {
                        Some(inner)
                    });
                }
                before = Some(word);
            }
            '{' => {
                let name = before.take();
                names.extend(name.filter(|_| depth == 0));
                depth = depth.saturating_add(1);
            }
            '}' => depth = depth.saturating_sub(1),
            blank if blank.is_whitespace() => {}
            other => {
                let mut word = String::from(other);
                let is_word = |letter: &char| letter.is_alphanumeric() || "_-.$*".contains(*letter);
                while let Some(more) = rest.next_if(is_word) {
                    word.push(more);
                }
                before = Some(word);
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::UserName;
    use crate::variables::Secret;
    use proptest::prelude::*;

    fn users(names: &str, passwords: &str) -> Users {
        let names = UserName::parse_list(names).unwrap();
        Users::zip(&names, &Secret::new(passwords)).unwrap()
    }

    #[test]
    fn the_file() {
        let users = users("user1,a-b.c_2", "pass4user1 x\"y\\z");
        let user = users.first().unwrap();
        assert_eq!(
            text(&[Section::Server(&users), Section::Client(user)]),
            "Server {\n    org.apache.zookeeper.server.auth.DigestLoginModule required\n    user_user1=\"pass4user1\"\n    \
             user_a-b.c_2=\"x\\\"y\\\\z\";\n};\n\
             Client {\n    org.apache.zookeeper.server.auth.DigestLoginModule required\n    username=\"user1\"\n    \
             password=\"pass4user1\";\n};\n"
        );
        let quorum = text(&[Section::QuorumServer(&users), Section::QuorumLearner(user)]);
        assert_eq!(sections(&quorum), ["QuorumServer", "QuorumLearner"]);
    }

    #[test]
    fn sections_of_others() {
        for (file, expected) in [
            ("", &[][..]),
            (
                "Server{\n  com.sun.security.auth.module.Krb5LoginModule required keyTab=\"/a {\";\n};",
                &["Server"],
            ),
            (
                "// Server {\n/* Server { */ Client { x required; };",
                &["Client"],
            ),
            (
                "\"Server\" { a required b=\"\\\"}\"; }; Client\n{ };",
                &["Server", "Client"],
            ),
            ("Server", &[]),
            ("{ Server {", &[]),
            ("Server2 { }; myServer { };", &["Server2", "myServer"]),
        ] {
            assert_eq!(sections(file), expected, "{file}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(file: String) {
            sections(&file);
        }

        #[test]
        fn no_password_makes_a_section(password in "[^,;\\s\\p{Cc}]+") {
            let users = users("a", &password);
            prop_assert_eq!(sections(&text(&[Section::Server(&users)])), ["Server"]);
        }
    }
}
