//! What a `zoo.cfg` must do where authentication is asked for.

use super::sasl::{self, Line, PROVIDER};
use crate::properties::Properties;
use crate::protection::{Asked, Missing, Rule};
use crate::release::Release;
use crate::variables::Values;
use crate::variables::ids::{ALLOW_ANONYMOUS_LOGIN, ENABLE_AUTH, ENABLE_QUORUM_AUTH};

/// What the keys of providers begin with.
const PROVIDERS: &str = "authProvider.";

/// The key that makes ACLs mean nothing.
pub const SKIP_ACL: &str = "skipACL";

/// Whether this value of it does so.
pub fn skips(value: &str) -> bool {
    value.eq_ignore_ascii_case("yes")
}

const ROWS: [usize; 3] = [
    ALLOW_ANONYMOUS_LOGIN.row(),
    ENABLE_AUTH.row(),
    ENABLE_QUORUM_AUTH.row(),
];

/// The variable that asks clients for a password, if it does.
pub fn asked_by_clients(values: &Values) -> Option<Asked> {
    let is_asked_for = values.boolean(ENABLE_AUTH);
    is_asked_for.then(|| asked(ENABLE_AUTH.name()))
}

fn asked(variable: &'static str) -> Asked {
    Asked {
        variable,
        value: "yes".to_owned(),
        rows: &ROWS,
    }
}

/// What is asked for.
pub fn of(values: &Values, release: Release, config: &Properties) -> Vec<Rule> {
    let lines = sasl::lines(values, release).into_iter();
    let mut rules: Vec<Rule> = lines
        .filter(|line| line.protects)
        .map(|line| of_line(&line, config))
        .collect();
    rules.extend(asked_by_clients(values).map(|asked| Rule {
        asked,
        is_met: !config.get(SKIP_ACL).is_some_and(skips),
        missing: Missing::of(config, SKIP_ACL, None),
    }));
    rules
}

fn of_line(line: &Line, config: &Properties) -> Rule {
    if line.value == PROVIDER {
        return of_provider(line, config);
    }
    Rule {
        asked: asked(line.switch),
        // As `Boolean.parseBoolean` has it.
        is_met: config
            .get(line.key)
            .is_some_and(|value| value.eq_ignore_ascii_case(line.value)),
        missing: Missing::of(config, line.key, Some(line.value)),
    }
}

/// Which number it has does not matter, and it needs one that no other has.
fn of_provider(line: &Line, config: &Properties) -> Rule {
    let mut providers = config.with_prefix(PROVIDERS);
    let keys = std::iter::once(line.key.to_owned())
        .chain((2..).map(|number: u32| format!("{PROVIDERS}{number}")));
    let free = keys
        .take(usize::from(u8::MAX))
        .find(|key| config.get(key).is_none());
    let key = free.unwrap_or_else(|| line.key.to_owned());
    Rule {
        asked: asked(line.switch),
        is_met: providers.any(|(_, class)| class == PROVIDER),
        missing: Missing::of(config, &key, Some(line.value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::{Environment, Reading};

    fn missing(pairs: &[(&str, &str)], config: &str) -> Vec<String> {
        let environment: Environment = pairs.iter().copied().collect();
        let values = Reading::of(&environment).all().unwrap();
        let config = Properties::parse(config.as_bytes());
        let rules = of(&values, Release::new(3, 6, 1), &config).into_iter();
        rules
            .filter(|rule| !rule.is_met)
            .map(|rule| rule.missing.key)
            .collect()
    }

    #[test]
    fn nothing_that_protects_is_missing_silently() {
        let auth = ("ZOO_ENABLE_AUTH", "yes");
        let anonymous = ("ZOO_ALLOW_ANONYMOUS_LOGIN", "yes");
        let provider = format!("authProvider.7 = {PROVIDER}\n");
        let session = "sessionRequireClientSASLAuth=True\n";
        assert_eq!(missing(&[], "skipACL=yes"), [""; 0]);
        assert_eq!(
            missing(&[auth], ""),
            ["authProvider.1", "sessionRequireClientSASLAuth"]
        );
        assert_eq!(missing(&[auth, anonymous], ""), ["authProvider.1"]);
        assert_eq!(
            missing(&[auth], &provider),
            ["sessionRequireClientSASLAuth"]
        );
        let off = session.replace("True", "no");
        assert_eq!(missing(&[auth], &(provider.clone() + &off)).len(), 1);
        let good = provider + session;
        assert_eq!(missing(&[auth], &good), [""; 0]);
        let other = good.replace(PROVIDER, "x.Other").replace(".7", ".1");
        assert_eq!(missing(&[auth], &other), ["authProvider.2"]);
        // ZooKeeper reads no such key.
        for key in ["authProvider7", "authProviderX.7", "authprovider.7"] {
            let config = good.replace("authProvider.7", key);
            assert_eq!(missing(&[auth], &config), ["authProvider.1"], "{key}");
        }
        for (value, is_met) in [("yes", false), ("YES", false), ("no", true), ("true", true)] {
            let config = format!("{good}skipACL={value}\n");
            assert_eq!(missing(&[auth], &config).is_empty(), is_met, "{value}");
        }
        let quorum = ("ZOO_ENABLE_QUORUM_AUTH", "yes");
        assert_eq!(
            missing(&[quorum], "quorum.auth.enableSasl=true\nskipACL=yes"),
            [
                "quorum.auth.learnerRequireSasl",
                "quorum.auth.serverRequireSasl"
            ]
        );
    }
}
