//! The passwords of stores, which are never lines of a `zoo.cfg` that we make.
//!
//! What stands in `zoo.cfg` becomes a system property, and a property of the command line is one that `zoo.cfg` does
//! not have: a file that is kept wins over a variable here, too. From 3.8 on ZooKeeper reads a password from a file,
//! and then no property has it.

use super::sides::{CLIENTS, SIDES, Side};
use crate::properties::Properties;
use crate::release::Release;
use crate::variables::{Secret, Values};

/// The first release that reads the password of a store from a file.
pub const FROM_FILES: Release = Release::new(3, 8, 0);

/// The password of a store.
#[derive(Clone, Debug)]
pub struct Password<'a> {
    /// Its key, as `zoo.cfg` has it.
    pub key: String,
    /// The password.
    pub secret: &'a Secret,
}

/// What a server on this `zoo.cfg` needs from the variables.
pub fn of_server<'a>(values: &'a Values, config: &Properties) -> Vec<Password<'a>> {
    let asked_for = SIDES.into_iter().filter(|side| side.is_asked_for(values));
    asked_for
        .flat_map(Side::stores)
        .filter(|store| {
            let keys = [store.password_key(), store.password_path_key()];
            keys.iter().all(|key| config.get(key).is_none())
        })
        .filter_map(|store| {
            Some(Password {
                key: store.password_key(),
                secret: values.secret(store.password)?,
            })
        })
        .collect()
}

/// What a client of the encrypted port needs.
pub fn of_client(values: &Values) -> Vec<Password<'_>> {
    let stores = CLIENTS.stores().into_iter();
    stores
        .filter(|_| CLIENTS.is_asked_for(values))
        .filter_map(|store| {
            Some(Password {
                key: store.password_key(),
                secret: values.secret(store.password)?,
            })
        })
        .collect()
}

/// Whether the value of a key, or of a system property, is a password, or the digest of one that can be guessed by it.
pub fn is_password(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["password", "superdigest"]
        .iter()
        .any(|end| key.ends_with(end))
}

/// Whether some password stands in a `zoo.cfg`.
pub fn stand_in(config: &Properties) -> bool {
    config
        .with_prefix("")
        .any(|(key, value)| is_password(key) && !value.is_empty())
}

/// Whether an argument of Java sets a system property that is a password.
pub fn is_in_flag(flag: &str) -> bool {
    let property = flag
        .strip_prefix("-D")
        .and_then(|flag| flag.split_once('='));
    property.is_some_and(|(key, value)| is_password(key) && !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::{Environment, Reading};

    #[test]
    fn the_file_wins_over_the_variable() {
        let environment: Environment = [
            ("ZOO_TLS_CLIENT_ENABLE", "yes"),
            ("ZOO_TLS_CLIENT_KEYSTORE_PASSWORD", "one"),
            ("ZOO_TLS_CLIENT_TRUSTSTORE_PASSWORD", "two"),
            ("ZOO_TLS_QUORUM_KEYSTORE_PASSWORD", "three"),
        ]
        .into_iter()
        .collect();
        let values = Reading::of(&environment).all().unwrap();
        for (config, expected) in [
            ("", "ssl.keyStore.password=one ssl.trustStore.password=two"),
            ("ssl.keyStore.password=x", "ssl.trustStore.password=two"),
            (
                "ssl.trustStore.passwordPath=/x",
                "ssl.keyStore.password=one",
            ),
        ] {
            let config = Properties::parse(config.as_bytes());
            let shown: Vec<String> = of_server(&values, &config)
                .iter()
                .map(|password| format!("{}={}", password.key, password.secret.reveal()))
                .collect();
            assert_eq!(shown.join(" "), expected);
        }
        assert_eq!(of_client(&values).len(), 2);
    }

    #[test]
    fn what_is_a_password() {
        for (key, expected) in [
            ("ssl.keyStore.password", true),
            ("metricsProvider.ssl.trustStore.Password", true),
            ("DigestAuthenticationProvider.superDigest", true),
            ("digestauthenticationprovider.SUPERDIGEST", true),
            ("DigestAuthenticationProvider.digestAlg", false),
            ("ssl.keyStore.passwordPath", false),
            ("ssl.keyStore.location", false),
        ] {
            assert_eq!(is_password(key), expected, "{key}");
            let config = Properties::parse(format!("{key}=x").as_bytes());
            assert_eq!(stand_in(&config), expected, "{key}");
            assert_eq!(
                is_in_flag(&format!("-Dzookeeper.{key}=x")),
                expected,
                "{key}"
            );
            assert!(!stand_in(&Properties::parse(format!("{key}=").as_bytes())));
        }
        assert!(is_in_flag("-Djavax.net.ssl.keyStorePassword=x"));
        assert!(!is_in_flag("-Dpassword"));
    }
}
