//! What a `zoo.cfg` must have so that nothing of what the variables ask for is missing, whoever has written it.

use std::path::{Path, PathBuf};

use super::lines::FACTORY;
use super::sides::{CLIENTS, SIDES, Side};
use crate::properties::Properties;
use crate::variables::Values;

/// What a `zoo.cfg` does not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Demand {
    /// It lacks keys.
    #[error("{enable}=yes, and {origin} has no {}: {}", keys.join(", "), origin.advice())]
    Lacks {
        /// The variable.
        enable: &'static str,
        /// Whose it is.
        origin: Origin,
        /// What it lacks.
        keys: Vec<String>,
    },
    /// Those who connect have to prove less.
    #[error("{variable} is {asked_for}, and {origin} has {key}={found}: {}", origin.advice())]
    ProvesLess {
        /// The variable.
        variable: &'static str,
        /// What it asks for.
        asked_for: String,
        /// Whose it is.
        origin: Origin,
        /// The key.
        key: &'static str,
        /// What it says.
        found: String,
    },
}

/// Where a `zoo.cfg` comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is kept as it is.
    Kept(PathBuf),
    /// We made it, with settings of the user's.
    Settings,
}

impl Origin {
    /// Of a file that is kept.
    pub fn kept(path: &Path) -> Self {
        Self::Kept(path.to_owned())
    }

    /// What to do next.
    fn advice(&self) -> &'static str {
        match self {
            Self::Kept(_) => "add it there, or remove the file to have it made from the variables",
            Self::Settings => "leave that to the variables of TLS",
        }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Kept(path) => write!(f, "{}, which wins,", path.display()),
            Self::Settings => f.write_str("zoo.cfg with the settings of ZOO_CFG_…"),
        }
    }
}

/// What of all that is asked for `config` does not do.
pub fn unmet(values: &Values, config: &Properties, origin: &Origin) -> Vec<Demand> {
    let asked_for = SIDES.into_iter().filter(|side| side.is_asked_for(values));
    asked_for
        .flat_map(|side| unmet_of(values, side, config, origin))
        .collect()
}

fn unmet_of(values: &Values, side: &Side, config: &Properties, origin: &Origin) -> Vec<Demand> {
    let mut unmet = Vec::new();
    let has = |key: &str| config.get(key).is_some_and(|value| !value.is_empty());
    let mut keys = Vec::new();
    let (switch, is_on) = side.switch_in(config);
    if !is_on {
        keys.push(switch.to_owned());
    }
    if side.enable.row() == CLIENTS.enable.row() && !has(FACTORY) {
        keys.push(FACTORY.to_owned());
    }
    let found = side.auth_in(config);
    for (store, is_needed) in [
        (&side.key_store, true),
        (&side.trust_store, side.needs_trust(found)),
    ] {
        let key = store.location();
        if is_needed && !has(&key) {
            keys.push(key);
        }
    }
    if !keys.is_empty() {
        unmet.push(Demand::Lacks {
            enable: side.enable.name(),
            origin: origin.clone(),
            keys,
        });
    }
    let is_said = values.given_as(side.client_auth).is_some();
    if is_said && found < side.asked_for_auth(values) {
        unmet.push(Demand::ProvesLess {
            variable: side.client_auth.name(),
            asked_for: values.text(side.client_auth).to_owned(),
            origin: origin.clone(),
            key: side.client_auth_key,
            found: config
                .get(side.client_auth_key)
                .unwrap_or_default()
                .to_owned(),
        });
    }
    unmet
}

/// Keys by which both, what is encrypted and what is not, get in.
const UNIFIED: [(&str, &str); 2] = [
    (
        "client.portUnification",
        "clients without TLS get in on the encrypted port",
    ),
    ("portUnification", "servers without TLS get in"),
];

/// What to warn of in a `zoo.cfg` with TLS.
pub fn warnings(values: &Values, config: &Properties) -> Vec<String> {
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
        let origin = Origin::kept(Path::new("/conf/zoo.cfg"));
        let unmet = unmet(&values, &Properties::parse(config.as_bytes()), &origin);
        unmet.iter().map(ToString::to_string).collect()
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
                &[CLIENTS, SERVERS],
                "sslQuorum=no\nssl.quorum.clientAuth=none\n"
            ),
            [
                "ZOO_TLS_CLIENT_ENABLE=yes, and /conf/zoo.cfg, which wins, has no secureClientPort, serverCnxnFactory, \
                 ssl.keyStore.location, ssl.trustStore.location: add it there, or remove the file to have it made from \
                 the variables",
                "ZOO_TLS_QUORUM_ENABLE=yes, and /conf/zoo.cfg, which wins, has no sslQuorum, ssl.quorum.keyStore.location, \
                 ssl.quorum.trustStore.location: add it there, or remove the file to have it made from the variables",
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
            assert_eq!(warnings(&values, &config).len(), count);
        }
    }
}
