//! The AdminServer, whose command `system_properties` shows every property of the JVM to whoever asks.

use std::net::IpAddr;

use super::secret::{self, SecretProperty};
use super::{ServerConfig, flags};
use crate::tls::passwords;
use crate::variables::ids::{ADMIN_SERVER_ADDRESS, SERVER_JVMFLAGS};
use crate::variables::{Environment, Values};

/// The key of its address, in `zoo.cfg`.
const ADDRESS: &str = "admin.serverAddress";

/// The key of whether there is one.
const SWITCH: &str = "admin.enableServer";

/// Where nobody outside the container can ask.
const LOOPBACK: &str = "127.0.0.1";

/// The address that it has to be told where it would show a secret. One that was given is said here, too: a `zoo.cfg`
/// that is kept may not have it, and wins if it does.
pub(super) fn address<'a>(
    environment: &Environment,
    values: &'a Values,
    config: &ServerConfig<'_>,
) -> Option<&'a str> {
    let given = values.optional_text(ADMIN_SERVER_ADDRESS);
    shows_a_secret(environment, values, config).then(|| given.unwrap_or(LOOPBACK))
}

/// What to say where it shows a secret to others, and nobody has said so by the variable that is there for it.
pub fn warning(
    environment: &Environment,
    values: &Values,
    config: &ServerConfig<'_>,
) -> Option<String> {
    let told = address(environment, values, config)?;
    let given = flags::of_user(environment, values, SERVER_JVMFLAGS);
    // What is in `zoo.cfg` becomes a property after the flags were read.
    let in_force = |key: &str| {
        let in_file = config.properties.get(key).map(str::to_owned);
        in_file.or_else(|| flags::property(&given, &format!("zookeeper.{key}")))
    };
    if in_force(SWITCH).is_some_and(|value| value == "false") {
        return None;
    }
    let address = in_force(ADDRESS).filter(|address| address != told)?;
    (!is_loopback(&address)).then(|| {
        format!(
            "{ADDRESS} is {address}, and the AdminServer shows a password, or the digest of one, to whoever asks it for \
             /commands/system_properties: let it listen on {LOOPBACK}, or set {}={address} if that is meant",
            ADMIN_SERVER_ADDRESS.name()
        )
    })
}

fn shows_a_secret(environment: &Environment, values: &Values, config: &ServerConfig<'_>) -> bool {
    let secrets = secret::of_server(values, config);
    let flags = flags::of_user(environment, values, SERVER_JVMFLAGS);
    secrets.iter().any(SecretProperty::is_among_properties)
        || passwords::stand_in(config.properties)
        || flags.iter().any(|flag| passwords::is_in_flag(flag))
}

fn is_loopback(address: &str) -> bool {
    let bare = address.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::java::tests::given;
    use crate::properties::Properties;
    use crate::release::Release;
    use std::path::Path;

    const PASSWORD: (&str, &str) = ("ZOO_SUPER_USER_PASSWORD", "geheim");
    const OPEN: &str = "admin.serverAddress=0.0.0.0";

    fn said(pairs: &[(&str, &str)], file: &str) -> Option<String> {
        let (environment, values) = given(pairs);
        let config = ServerConfig {
            path: Path::new("/srv/conf/zookeeper/zoo.cfg"),
            properties: &Properties::parse(file.as_bytes()),
            release: Release::new(3, 6, 1),
        };
        warning(&environment, &values, &config)
    }

    #[test]
    fn who_shows_a_secret_to_others_is_told() {
        let meant = ("ZOO_ADMIN_SERVER_ADDRESS", "0.0.0.0");
        let flag = ("JVMFLAGS", "-Dzookeeper.admin.serverAddress=10.0.0.7");
        let off = ("JVMFLAGS", "-Dzookeeper.admin.enableServer=false");
        let of_store = "ssl.keyStore.password=geheim\n";
        for (pairs, file, expected) in [
            (&[PASSWORD][..], OPEN, true),
            (&[], &format!("{of_store}{OPEN}"), true),
            (&[PASSWORD, flag], "", true),
            (&[PASSWORD, meant], "admin.serverAddress=10.0.0.7", true),
            (&[PASSWORD], "admin.serverAddress=zoo1", true),
            (&[PASSWORD, meant], OPEN, false),
            (&[PASSWORD], "", false),
            (&[], OPEN, false),
            (&[PASSWORD, flag], "admin.serverAddress=localhost", false),
            (&[PASSWORD], "admin.serverAddress=127.0.1.1", false),
            (&[PASSWORD], "admin.serverAddress=[::1]", false),
            (
                &[PASSWORD],
                "admin.serverAddress=0.0.0.0\nadmin.enableServer=false",
                false,
            ),
            (&[PASSWORD, off], OPEN, false),
        ] {
            let said = said(pairs, file);
            assert_eq!(said.is_some(), expected, "{pairs:?} {file} {said:?}");
        }
        assert_eq!(
            said(&[PASSWORD], OPEN).unwrap(),
            "admin.serverAddress is 0.0.0.0, and the AdminServer shows a password, or the digest of one, to whoever asks \
             it for /commands/system_properties: let it listen on 127.0.0.1, or set ZOO_ADMIN_SERVER_ADDRESS=0.0.0.0 if \
             that is meant"
        );
    }
}
