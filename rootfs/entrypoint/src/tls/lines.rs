//! The lines of `zoo.cfg` that the variables make, and what a file that is kept does with those variables.

use super::sides::{CLIENTS, PORT, QUORUM, SERVERS, SIDES, Side, port_in};
use crate::properties::Properties;
use crate::variables::Values;
use crate::variables::ids::{Id, TLS_PORT_NUMBER};

/// What accepts connections: ZooKeeper's own default knows no TLS.
pub(super) const FACTORY: &str = "serverCnxnFactory";
pub(super) const NETTY: &str = "org.apache.zookeeper.server.NettyServerCnxnFactory";

/// A line of `zoo.cfg`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
    /// The variable that was set for it, where one was.
    pub variable: Option<&'static str>,
}

/// The lines, in their order. No password is among them.
pub fn lines(values: &Values) -> Vec<Line> {
    let mut lines = Vec::new();
    if CLIENTS.is_asked_for(values) {
        let port = values.port(TLS_PORT_NUMBER).to_string();
        lines.push(line(values, PORT, port, TLS_PORT_NUMBER));
        lines.push(line(values, FACTORY, NETTY.to_owned(), CLIENTS.enable));
        of_side(values, &CLIENTS, &mut lines);
    }
    if SERVERS.is_asked_for(values) {
        lines.push(line(values, QUORUM, "true".to_owned(), SERVERS.enable));
        of_side(values, &SERVERS, &mut lines);
    }
    lines
}

fn of_side(values: &Values, side: &Side, lines: &mut Vec<Line>) {
    for store in side.stores() {
        if let Some(path) = values.optional_path(store.file) {
            let path = path.to_string_lossy().into_owned();
            lines.push(line(values, &store.location(), path, store.file));
        }
    }
    let auth = values.text(side.client_auth).to_owned();
    lines.push(line(values, side.client_auth_key, auth, side.client_auth));
}

fn line<T: ?Sized>(values: &Values, key: &str, value: String, id: Id<T>) -> Line {
    Line {
        key: key.to_owned(),
        value,
        variable: values.given_as(id).map(|_| id.name()),
    }
}

/// The variable that was set and means this key, if there is one.
pub fn set_by(values: &Values, key: &str) -> Option<&'static str> {
    let of_line = lines(values).into_iter().find(|line| line.key == key);
    let of_password = || {
        let stores = SIDES.into_iter().filter(|side| side.is_asked_for(values));
        let mut passwords = stores
            .flat_map(Side::stores)
            .filter(|store| store.password_key() == key || store.password_path_key() == key);
        let password = passwords.next()?.password;
        values.given_as(password).map(|_| password.name())
    };
    of_line.map_or_else(of_password, |line| line.variable)
}

/// Whether the variable `name`, which was set, says something else than a file that is kept.
pub fn differs(values: &Values, name: &str, kept: &Properties) -> bool {
    SIDES
        .into_iter()
        .any(|side| side_differs(values, side, name, kept))
}

fn side_differs(values: &Values, side: &Side, name: &str, kept: &Properties) -> bool {
    if name == side.enable.name() {
        return side.is_asked_for(values) != side.switch_in(kept).1;
    }
    if !side.is_asked_for(values) {
        return false;
    }
    if name == TLS_PORT_NUMBER.name() {
        return side.enable.row() == CLIENTS.enable.row()
            && port_in(kept) != Some(values.port(TLS_PORT_NUMBER));
    }
    if name == side.client_auth.name() {
        return side.auth_in(kept) != side.asked_for_auth(values);
    }
    side.stores().into_iter().any(|store| {
        let differs = |key: &str, value: &str| kept.get(key).is_some_and(|kept| kept != value);
        if name == store.file.name() {
            let path = values
                .optional_path(store.file)
                .and_then(|path| path.to_str());
            return kept.get(&store.location()) != path;
        }
        // A password that the file does not have comes from the variable.
        name == store.password.name()
            && (kept.get(&store.password_path_key()).is_some()
                || values
                    .secret(store.password)
                    .is_some_and(|password| differs(&store.password_key(), password.reveal())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::{Environment, Reading};

    fn values(pairs: &[(&str, &str)]) -> Values {
        Reading::of(&pairs.iter().copied().collect::<Environment>())
            .all()
            .unwrap()
    }

    fn shown(pairs: &[(&str, &str)]) -> String {
        let lines = lines(&values(pairs));
        let lines: Vec<String> = (lines.iter())
            .map(|line| format!("{}={}", line.key, line.value))
            .collect();
        lines.join("\n")
    }

    #[test]
    fn nothing_unless_it_is_asked_for() {
        assert_eq!(shown(&[]), "");
        assert_eq!(
            shown(&[
                ("ZOO_TLS_CLIENT_KEYSTORE_FILE", "/a.p12"),
                ("ZOO_TLS_CLIENT_AUTH", "none"),
                ("ZOO_TLS_PORT_NUMBER", "3182"),
            ]),
            ""
        );
    }

    #[test]
    fn no_password_is_among_the_lines() {
        let pairs = [
            ("ZOO_TLS_CLIENT_ENABLE", "yes"),
            ("ZOO_TLS_CLIENT_KEYSTORE_FILE", "/a.p12"),
            ("ZOO_TLS_CLIENT_KEYSTORE_PASSWORD", "geheim"),
            ("ZOO_TLS_CLIENT_TRUSTSTORE_FILE", "/b.jks"),
            ("ZOO_TLS_CLIENT_TRUSTSTORE_PASSWORD", "geheim"),
            ("ZOO_TLS_QUORUM_ENABLE", "yes"),
            ("ZOO_TLS_QUORUM_KEYSTORE_FILE", "/c.pem"),
            ("ZOO_TLS_QUORUM_KEYSTORE_PASSWORD", "geheim"),
            ("ZOO_TLS_QUORUM_TRUSTSTORE_FILE", "/d.pem"),
            ("ZOO_TLS_QUORUM_CLIENT_AUTH", "Want"),
        ];
        assert_eq!(
            shown(&pairs),
            "secureClientPort=3181\n\
             serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory\n\
             ssl.keyStore.location=/a.p12\n\
             ssl.trustStore.location=/b.jks\n\
             ssl.clientAuth=need\n\
             sslQuorum=true\n\
             ssl.quorum.keyStore.location=/c.pem\n\
             ssl.quorum.trustStore.location=/d.pem\n\
             ssl.quorum.clientAuth=want"
        );
    }

    #[test]
    fn who_has_set_a_key() {
        let values = values(&[
            ("ZOO_TLS_CLIENT_ENABLE", "yes"),
            ("ZOO_TLS_CLIENT_KEYSTORE_FILE", "/a.p12"),
            ("ZOO_TLS_CLIENT_KEYSTORE_PASSWORD", "geheim"),
            ("ZOO_TLS_QUORUM_KEYSTORE_FILE", "/a.p12"),
        ]);
        for (key, variable) in [
            ("secureClientPort", None),
            ("serverCnxnFactory", Some("ZOO_TLS_CLIENT_ENABLE")),
            (
                "ssl.keyStore.location",
                Some("ZOO_TLS_CLIENT_KEYSTORE_FILE"),
            ),
            (
                "ssl.keyStore.password",
                Some("ZOO_TLS_CLIENT_KEYSTORE_PASSWORD"),
            ),
            (
                "ssl.keyStore.passwordPath",
                Some("ZOO_TLS_CLIENT_KEYSTORE_PASSWORD"),
            ),
            ("ssl.trustStore.password", None),
            ("ssl.quorum.keyStore.location", None),
            ("tickTime", None),
        ] {
            assert_eq!(set_by(&values, key), variable, "{key}");
        }
    }

    #[test]
    fn what_a_kept_file_overrules() {
        let kept = Properties::parse(
            b"secureClientPort=3181\nssl.keyStore.location=/a.p12\nssl.keyStore.password=x\nssl.clientAuth=WANT\n",
        );
        let yes = ("ZOO_TLS_CLIENT_ENABLE", "yes");
        for (pairs, name, expected) in [
            (&[yes][..], "ZOO_TLS_CLIENT_ENABLE", false),
            (
                &[("ZOO_TLS_CLIENT_ENABLE", "no")],
                "ZOO_TLS_CLIENT_ENABLE",
                true,
            ),
            (
                &[("ZOO_TLS_QUORUM_ENABLE", "no")],
                "ZOO_TLS_QUORUM_ENABLE",
                false,
            ),
            (
                &[yes, ("ZOO_TLS_PORT_NUMBER", "3181")],
                "ZOO_TLS_PORT_NUMBER",
                false,
            ),
            (
                &[yes, ("ZOO_TLS_PORT_NUMBER", "3182")],
                "ZOO_TLS_PORT_NUMBER",
                true,
            ),
            (
                &[("ZOO_TLS_PORT_NUMBER", "3182")],
                "ZOO_TLS_PORT_NUMBER",
                false,
            ),
            (
                &[yes, ("ZOO_TLS_CLIENT_AUTH", "want")],
                "ZOO_TLS_CLIENT_AUTH",
                false,
            ),
            (
                &[yes, ("ZOO_TLS_CLIENT_AUTH", "none")],
                "ZOO_TLS_CLIENT_AUTH",
                true,
            ),
            (
                &[yes, ("ZOO_TLS_CLIENT_KEYSTORE_FILE", "/a.p12")],
                "ZOO_TLS_CLIENT_KEYSTORE_FILE",
                false,
            ),
            (
                &[yes, ("ZOO_TLS_CLIENT_TRUSTSTORE_FILE", "/a.p12")],
                "ZOO_TLS_CLIENT_TRUSTSTORE_FILE",
                true,
            ),
            (
                &[yes, ("ZOO_TLS_CLIENT_KEYSTORE_PASSWORD", "x")],
                "ZOO_TLS_CLIENT_KEYSTORE_PASSWORD",
                false,
            ),
            (
                &[yes, ("ZOO_TLS_CLIENT_KEYSTORE_PASSWORD", "y")],
                "ZOO_TLS_CLIENT_KEYSTORE_PASSWORD",
                true,
            ),
            (
                &[yes, ("ZOO_TLS_CLIENT_TRUSTSTORE_PASSWORD", "y")],
                "ZOO_TLS_CLIENT_TRUSTSTORE_PASSWORD",
                false,
            ),
        ] {
            assert_eq!(differs(&values(pairs), name, &kept), expected, "{pairs:?}");
        }
    }
}
