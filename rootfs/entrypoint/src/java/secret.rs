//! System properties that nobody may see. The arguments of a process are open to everybody in the container,
//! so these go into a private file that the launcher of Java reads: `@file`.
//!
//! Source of its format: the page `java(1)` of the JDK, "java Command-Line Argument Files".

use data_encoding::BASE64;
use sha1_smol::Sha1;

use crate::variables::Values;
use crate::variables::ids::SUPER_USER_PASSWORD;

/// The name of the file in the private directory of the run.
pub(super) const FILE: &str = "java-arguments";

/// A system property that nobody may see.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretProperty {
    /// Its name, which is no secret.
    pub name: &'static str,
    value: String,
}

impl SecretProperty {
    /// The argument as it may be shown.
    pub fn shown(&self) -> String {
        format!("-D{}=***", self.name)
    }
}

impl std::fmt::Debug for SecretProperty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())
    }
}

/// The secrets of the server.
pub(super) fn of_server(values: &Values) -> Vec<SecretProperty> {
    let password = values.secret(SUPER_USER_PASSWORD);
    let digest = password.map(|password| SecretProperty {
        name: "zookeeper.DigestAuthenticationProvider.superDigest",
        value: digest("super", password.reveal()),
    });
    digest.into_iter().collect()
}

/// The content of the file, an argument a line.
pub(super) fn argument_file(secrets: &[SecretProperty]) -> Vec<u8> {
    let line = |secret: &SecretProperty| quoted(&format!("-D{}={}", secret.name, secret.value));
    secrets
        .iter()
        .flat_map(|secret| (line(secret) + "\n").into_bytes())
        .collect()
}

/// As `DigestAuthenticationProvider.generateDigest` makes it.
fn digest(user: &str, password: &str) -> String {
    let hash = Sha1::from(format!("{user}:{password}")).digest().bytes();
    format!("{user}:{}", BASE64.encode(&hash))
}

/// In quotes a backslash escapes the next character, and the four of white space have letters.
fn quoted(argument: &str) -> String {
    let mut quoted = String::from('"');
    for letter in argument.chars() {
        match letter {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{c}' => quoted.push_str("\\f"),
            '"' | '\\' => quoted.extend(['\\', letter]),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::java::tests::given;

    #[test]
    fn the_digest_is_zookeepers() {
        // `java org.apache.zookeeper.server.auth.DigestAuthenticationProvider super:secret`
        assert_eq!(
            digest("super", "secret"),
            "super:lK75jTNcA+U9vtVEw5vB51mj/w4="
        );
    }

    #[test]
    fn only_who_sets_a_password_has_a_super_user() {
        assert_eq!(of_server(&given(&[]).1), []);
        let secrets = of_server(&given(&[("ZOO_SUPER_USER_PASSWORD", "geheim")]).1);
        assert_eq!(
            format!("{secrets:?}"),
            "[-Dzookeeper.DigestAuthenticationProvider.superDigest=***]"
        );
    }

    #[test]
    fn quotes_of_the_launcher() {
        for (argument, expected) in [
            ("-Da=b", "\"-Da=b\""),
            ("-Da=b c#d'", "\"-Da=b c#d'\""),
            ("-Da=\"\\\n", "\"-Da=\\\"\\\\\\n\""),
        ] {
            assert_eq!(quoted(argument), expected);
        }
    }
}
