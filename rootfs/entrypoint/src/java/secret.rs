//! System properties that nobody may see. The arguments of a process are open to everybody in the container,
//! so these go into a private file that the launcher of Java reads: `@file`.
//!
//! Source of its format: the page `java(1)` of the JDK, "java Command-Line Argument Files".

use data_encoding::BASE64;
use sha1_smol::Sha1;

use super::ServerConfig;
use crate::tls::passwords::{self, Password};
use crate::variables::Values;
use crate::variables::ids::SUPER_USER_PASSWORD;

/// The name of the file in the private directory of the run.
pub(super) const FILE: &str = "java-arguments";

/// A system property that nobody may see.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretProperty {
    /// Its name, which is no secret.
    pub name: String,
    value: String,
    way: Way,
}

/// How ZooKeeper gets at it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The property is the secret, and everything that shows properties shows it.
    Value,
    /// The property is the place of a file that has it.
    Path,
}

impl SecretProperty {
    /// The argument as it may be shown.
    pub fn shown(&self) -> String {
        format!("-D{}=***", self.name)
    }

    /// Whether whoever can see the system properties of the JVM sees it.
    pub(super) fn is_among_properties(&self) -> bool {
        self.way == Way::Value
    }

    /// What the file is called that has it, and its content. One line end at the end belongs to the file.
    pub(super) fn file(&self) -> (&str, Vec<u8>) {
        (&self.name, format!("{}\n", self.value).into_bytes())
    }

    fn of_store(password: &Password<'_>, way: Way) -> Self {
        let suffix = match way {
            Way::Value => "",
            Way::Path => "Path",
        };
        Self {
            name: format!("zookeeper.{}{suffix}", password.key),
            value: password.secret.reveal().to_owned(),
            way,
        }
    }
}

impl std::fmt::Debug for SecretProperty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())
    }
}

/// The secrets of the server.
pub(super) fn of_server(values: &Values, config: &ServerConfig<'_>) -> Vec<SecretProperty> {
    let password = values.secret(SUPER_USER_PASSWORD);
    let digest = password.map(|password| SecretProperty {
        name: "zookeeper.DigestAuthenticationProvider.superDigest".to_owned(),
        value: digest("super", password.reveal()),
        way: Way::Value,
    });
    let way = if config.release >= passwords::FROM_FILES {
        Way::Path
    } else {
        Way::Value
    };
    let stores = passwords::of_server(values, config.properties);
    let stores = stores
        .iter()
        .map(|password| SecretProperty::of_store(password, way));
    digest.into_iter().chain(stores).collect()
}

/// The secrets of a client of the encrypted port, which lives too shortly to show them to anybody.
pub(super) fn of_encrypted_client(values: &Values) -> Vec<SecretProperty> {
    let passwords = passwords::of_client(values);
    let property = |password| SecretProperty::of_store(password, Way::Value);
    passwords.iter().map(property).collect()
}

/// The content of the file, an argument a line.
pub(super) fn argument_file<'a>(secrets: impl Iterator<Item = &'a SecretProperty>) -> Vec<u8> {
    let line = |secret: &SecretProperty| quoted(&format!("-D{}={}", secret.name, secret.value));
    secrets
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
    use crate::properties::Properties;
    use crate::release::Release;
    use std::path::Path;

    #[test]
    fn the_digest_is_zookeepers() {
        // `java org.apache.zookeeper.server.auth.DigestAuthenticationProvider super:secret`
        assert_eq!(
            digest("super", "secret"),
            "super:lK75jTNcA+U9vtVEw5vB51mj/w4="
        );
    }

    fn of_server(pairs: &[(&str, &str)], file: &str, release: Release) -> String {
        let properties = Properties::parse(file.as_bytes());
        let config = ServerConfig {
            path: Path::new("zoo.cfg"),
            properties: &properties,
            release,
        };
        format!("{:?}", super::of_server(&given(pairs).1, &config))
    }

    const OLD: Release = Release::new(3, 7, 2);
    const NEW: Release = Release::new(3, 8, 0);

    #[test]
    fn only_who_sets_a_password_has_a_super_user() {
        assert_eq!(of_server(&[], "", OLD), "[]");
        assert_eq!(
            of_server(&[("ZOO_SUPER_USER_PASSWORD", "geheim")], "", NEW),
            "[-Dzookeeper.DigestAuthenticationProvider.superDigest=***]"
        );
    }

    #[test]
    fn passwords_of_stores_by_what_the_release_knows() {
        let pairs = [
            ("ZOO_TLS_QUORUM_ENABLE", "yes"),
            ("ZOO_TLS_QUORUM_KEYSTORE_PASSWORD", "geheim"),
        ];
        assert_eq!(
            of_server(&pairs, "", OLD),
            "[-Dzookeeper.ssl.quorum.keyStore.password=***]"
        );
        assert_eq!(
            of_server(&pairs, "", NEW),
            "[-Dzookeeper.ssl.quorum.keyStore.passwordPath=***]"
        );
        assert_eq!(
            of_server(&pairs, "ssl.quorum.keyStore.password=x", NEW),
            "[]"
        );
        assert_eq!(of_server(&pairs[1..], "", NEW), "[]");
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
