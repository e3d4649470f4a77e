//! What a `zoo.cfg` must do where TLS is asked for, and what is to be said of one that does it by halves.

use std::path::Path;

use super::lines::{FACTORY, NETTY};
use super::sides::{CLIENTS, ClientAuth, ROWS, SIDES, Side};
use crate::properties::Properties;
use crate::protection::{Asked, Missing, Rule};
use crate::variables::Values;
use crate::variables::ids::TLS_PORT_NUMBER;

/// What is asked for.
pub fn of(values: &Values, config: &Properties) -> Vec<Rule> {
    let asked_for = SIDES.into_iter().filter(|side| side.is_asked_for(values));
    asked_for
        .flat_map(|side| of_side(values, side, config))
        .collect()
}

fn of_side(values: &Values, side: &Side, config: &Properties) -> Vec<Rule> {
    let rule = |key: &str, needed: Option<&str>, is_met: bool| Rule {
        asked: asked(side.enable.name(), "yes"),
        is_met,
        missing: Missing::of(config, key, needed),
    };
    let has = |key: &str| config.get(key).is_some_and(|value| !value.is_empty());
    let is_of_clients = side.enable.row() == CLIENTS.enable.row();
    let (switch, is_on) = side.switch_in(config);
    let port = values.port(TLS_PORT_NUMBER).to_string();
    let on = if is_of_clients { &port } else { "true" };
    let mut rules = vec![rule(switch, Some(on), is_on)];
    if is_of_clients {
        rules.push(rule(FACTORY, Some(NETTY), has(FACTORY)));
    }
    let found = side.auth_in(config);
    for (store, is_needed) in [
        (&side.key_store, true),
        (&side.trust_store, side.needs_trust(found)),
    ] {
        let path = values
            .optional_path(store.file)
            .map(|path| path.to_string_lossy());
        let key = store.location();
        rules.push(rule(&key, path.as_deref(), !is_needed || has(&key)));
    }
    if values.given_as(side.client_auth).is_some() {
        let needed = values.text(side.client_auth);
        rules.push(Rule {
            asked: asked(side.client_auth.name(), needed),
            is_met: found >= side.asked_for_auth(values),
            missing: Missing::of(config, side.client_auth_key, Some(needed)),
        });
    }
    rules
}

fn asked(variable: &'static str, value: &str) -> Asked {
    Asked {
        variable,
        value: value.to_owned(),
        rows: &ROWS,
    }
}

/// Keys by which both, what is encrypted and what is not, get in.
const UNIFIED: [(&str, &str); 2] = [
    (
        "client.portUnification",
        "clients without TLS get in on the encrypted port",
    ),
    ("portUnification", "servers without TLS get in"),
];

/// What to warn of in the `zoo.cfg` at `path`, with TLS.
pub fn warnings(values: &Values, config: &Properties, path: &Path) -> Vec<String> {
    let asked_for = SIDES.into_iter().filter(|side| side.is_asked_for(values));
    let mut warnings: Vec<String> = asked_for
        .filter_map(|side| weak(values, side, config, path))
        .collect();
    warnings.extend(unified(values, config));
    warnings
}

/// Where no variable says what those who connect must prove, `zoo.cfg` may, but not in silence.
fn weak(values: &Values, side: &Side, config: &Properties, path: &Path) -> Option<String> {
    let is_weak = side.auth_in(config) < ClientAuth::Need;
    (is_weak && values.given_as(side.client_auth).is_none()).then(|| {
        format!(
            "{}={} in {}: who connects need not show a certificate; {}=need asks for one",
            side.client_auth_key,
            config.get(side.client_auth_key).unwrap_or_default(),
            path.display(),
            side.client_auth.name()
        )
    })
}

fn unified(values: &Values, config: &Properties) -> Vec<String> {
    let is_on = |key: &str| {
        config
            .get(key)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    };
    let (clients, servers) = UNIFIED.split_at(1);
    let of = |side: &Side, keys: &[(&str, &str)]| -> Vec<String> {
        keys.iter()
            .filter(|(key, _)| side.is_asked_for(values) && is_on(key))
            .map(|(key, what)| format!("{key}=true: {what}"))
            .collect()
    };
    [of(SIDES[0], clients), of(SIDES[1], servers)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::{Environment, Reading};

    fn found(pairs: &[(&str, &str)], config: &str) -> Vec<String> {
        let environment: Environment = pairs.iter().copied().collect();
        let values = Reading::of(&environment).all().unwrap();
        let rules = of(&values, &Properties::parse(config.as_bytes())).into_iter();
        rules
            .filter(|rule| !rule.is_met)
            .map(|rule| format!("{}: {}", rule.asked.variable, rule.missing))
            .collect()
    }

    const CLIENTS: (&str, &str) = ("ZOO_TLS_CLIENT_ENABLE", "yes");
    const SERVERS: (&str, &str) = ("ZOO_TLS_QUORUM_ENABLE", "yes");
    const GOOD: &str =
        "secureClientPort=3181\nserverCnxnFactory=a.b.Netty\nssl.keyStore.location=/a.p12\n";

    #[test]
    fn nothing_is_demanded_that_is_not_asked_for() {
        assert_eq!(found(&[], ""), [""; 0]);
        assert_eq!(
            found(&[("ZOO_TLS_CLIENT_AUTH", "need")], "ssl.clientAuth=none"),
            [""; 0]
        );
    }

    #[test]
    fn every_key_that_is_missing_is_named() {
        assert_eq!(
            found(
                &[CLIENTS, SERVERS, ("ZOO_TLS_CLIENT_KEYSTORE_FILE", "/a.p12")],
                "sslQuorum=no\nssl.quorum.clientAuth=none\nssl.trustStore.location=\n"
            ),
            [
                "ZOO_TLS_CLIENT_ENABLE: no `secureClientPort=3181`",
                "ZOO_TLS_CLIENT_ENABLE: no `serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory`",
                "ZOO_TLS_CLIENT_ENABLE: no `ssl.keyStore.location=/a.p12`",
                "ZOO_TLS_CLIENT_ENABLE: `ssl.trustStore.location=`",
                "ZOO_TLS_QUORUM_ENABLE: `sslQuorum=no` instead of `sslQuorum=true`",
                "ZOO_TLS_QUORUM_ENABLE: no `ssl.quorum.keyStore.location`",
                "ZOO_TLS_QUORUM_ENABLE: no `ssl.quorum.trustStore.location`",
            ]
        );
        assert_eq!(
            found(&[CLIENTS], &format!("{GOOD}ssl.clientAuth=none")),
            [""; 0]
        );
        assert_eq!(found(&[CLIENTS], GOOD).len(), 1, "nobody is trusted");
        assert_eq!(
            found(&[CLIENTS], &format!("{GOOD}ssl.trustStore.location=/b.p12")),
            [""; 0]
        );
        for port in ["0", "x", "", "65536"] {
            let config = GOOD.replace("3181", port) + "ssl.clientAuth=none";
            assert_eq!(found(&[CLIENTS], &config).len(), 1, "{port}");
        }
    }

    #[test]
    fn who_connects_has_to_prove_what_was_asked_for() {
        for (asked_for, kept, is_met) in [
            ("need", "", true),
            ("need", "NEED", true),
            ("need", "want", false),
            ("want", "none", false),
            ("want", "need", true),
            ("none", "want", true),
        ] {
            let config = format!("{GOOD}ssl.trustStore.location=/b.p12\nssl.clientAuth={kept}\n");
            let found = found(&[CLIENTS, ("ZOO_TLS_CLIENT_AUTH", asked_for)], &config);
            assert_eq!(found.is_empty(), is_met, "{asked_for} {kept}: {found:?}");
        }
        // Nobody has said it, so the file may.
        assert_eq!(
            found(&[CLIENTS], &format!("{GOOD}ssl.clientAuth=none\n")),
            [""; 0]
        );
    }

    #[test]
    fn what_lets_others_in_is_warned_of() {
        let config = Properties::parse(b"portUnification=TRUE\nclient.portUnification=true\n");
        for (pairs, count) in [(&[][..], 0), (&[SERVERS], 1), (&[CLIENTS, SERVERS], 2)] {
            let environment: Environment = pairs.iter().copied().collect();
            let values = Reading::of(&environment).all().unwrap();
            assert_eq!(
                warnings(&values, &config, Path::new("/conf/zoo.cfg")).len(),
                count
            );
        }
    }

    #[test]
    fn a_file_that_asks_for_no_certificate_is_warned_of() {
        let auth = ("ZOO_TLS_CLIENT_AUTH", "none");
        for (pairs, config, expected) in [
            (
                &[CLIENTS, SERVERS][..],
                "ssl.clientAuth=none\nssl.quorum.clientAuth=Want",
                &[
                    "ssl.clientAuth=none in /conf/zoo.cfg: who connects need not show a certificate; \
                     ZOO_TLS_CLIENT_AUTH=need asks for one",
                    "ssl.quorum.clientAuth=Want in /conf/zoo.cfg: who connects need not show a certificate; \
                     ZOO_TLS_QUORUM_CLIENT_AUTH=need asks for one",
                ][..],
            ),
            (&[CLIENTS], "ssl.clientAuth=need", &[]),
            (&[CLIENTS], "", &[]),
            (&[CLIENTS, auth], "ssl.clientAuth=none", &[]),
            (&[], "ssl.clientAuth=none", &[]),
        ] {
            let environment: Environment = pairs.iter().copied().collect();
            let values = Reading::of(&environment).all().unwrap();
            let config = Properties::parse(config.as_bytes());
            let said = warnings(&values, &config, Path::new("/conf/zoo.cfg"));
            assert_eq!(said, expected);
        }
    }
}
