//! The gate: what must be decided about security before a server may start. It never fails open.

use crate::variables::ids::{
    ALLOW_ANONYMOUS_LOGIN, ENABLE_AUTH, ENABLE_QUORUM_AUTH, Id, SERVER_ID, TLS_CLIENT_ENABLE,
    TLS_QUORUM_ENABLE,
};
use crate::variables::{Environment, Values, kinds, unknown};

/// Where the configuration comes from, which decides whether the question of anonymous clients is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Configuration {
    /// We make `zoo.cfg`, so somebody must say that anonymous clients are meant.
    Generated,
    /// The user brought it along: who may connect is theirs to decide.
    Brought,
}

/// Why a server may not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// Neither authentication nor the word that it is not wanted.
    #[error(
        "set ZOO_ALLOW_ANONYMOUS_LOGIN=yes to let anybody connect (for development), or ZOO_ENABLE_AUTH=yes to ask for \
         a user and a password"
    )]
    Undecided,
    /// What sounds like protection and is switched on, but protects from nothing.
    #[error(
        "{name} is switched on and is no variable of this image; {}",
        meant(*nearest)
    )]
    Unknown {
        /// The variable that was set.
        name: String,
        /// What may have been meant.
        nearest: Option<&'static str>,
    },
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(
        || {
            let switches = SWITCHES.map(|id| id.name());
            format!("take it out, or use what protects: {}", switches.join(", "))
        },
        |known| format!("did you mean {known}?"),
    )
}

/// Decides; a warning is what to say of a start that is allowed.
pub fn check(
    environment: &Environment,
    values: &Values,
    configuration: Configuration,
) -> (Vec<GateError>, Option<&'static str>) {
    let mut errors: Vec<GateError> = unknown_protections(environment).collect();
    let allowed = values.boolean(ALLOW_ANONYMOUS_LOGIN);
    let warning = if values.boolean(ENABLE_AUTH) {
        // What is to be said of that depends on the release.
        None
    } else if allowed {
        Some(
            "ZOO_ALLOW_ANONYMOUS_LOGIN=yes: anybody who reaches this server may read and write; not for production",
        )
    } else if configuration == Configuration::Brought || !errors.is_empty() {
        None
    } else if is_of_the_official_image(values) {
        // That image has no such variable, and whoever comes from there knows its openness.
        Some(
            "anybody who reaches this server may read and write; ZOO_ALLOW_ANONYMOUS_LOGIN=yes says that this is meant",
        )
    } else {
        errors.push(GateError::Undecided);
        None
    };
    (errors, warning)
}

/// Whether its name for the number of a server is used, and nobody has said no.
fn is_of_the_official_image(values: &Values) -> bool {
    let number = values.given_as(SERVER_ID);
    let its_name = number.is_some_and(|name| name.trim_end_matches("_FILE") == "ZOO_MY_ID");
    its_name && values.given_as(ALLOW_ANONYMOUS_LOGIN).is_none()
}

/// What must not be taken for a harmless typo.
fn unknown_protections(environment: &Environment) -> impl Iterator<Item = GateError> {
    environment
        .iter()
        .map(|(name, _)| name)
        .filter(|name| sounds_like_protection(name) && !unknown::is_known(name))
        .filter(|name| is_switched_on(environment, name))
        .map(|name| GateError::Unknown {
            name: name.to_owned(),
            nearest: unknown::nearest(name),
        })
}

fn sounds_like_protection(name: &str) -> bool {
    let mut words = name.split('_');
    words.next() == Some("ZOO")
        && (words.any(|word| ["TLS", "SSL", "SASL"].contains(&word) || word.starts_with("AUTH"))
            || SWITCHES
                .iter()
                .any(|id| strsim::osa_distance(name, id.name()) <= TYPO))
}

/// What somebody who has mistyped a name may have meant to switch on.
const SWITCHES: [Id<bool>; 4] = [
    ENABLE_AUTH,
    ENABLE_QUORUM_AUTH,
    TLS_CLIENT_ENABLE,
    TLS_QUORUM_ENABLE,
];

/// Letters that may be wrong in it: with more of them other words are as near, such as those of `ZOO_ENABLE_ACL`.
const TYPO: usize = 2;

/// A file or a number in such a variable switches nothing on, but `_ENABLE=please` was meant to.
fn is_switched_on(environment: &Environment, name: &str) -> bool {
    let text = environment.get(name).map(|value| value.to_string_lossy());
    let text = text.as_deref().unwrap_or_default();
    match kinds::boolean(text.trim_matches(['"', '\'', ' '])) {
        Some(is_on) => is_on,
        None => {
            let is_switch = name.ends_with("_ENABLE") || name.ends_with("_ENABLED");
            !text.is_empty() && is_switch
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::Reading;

    fn judged(pairs: &[(&str, &str)], configuration: Configuration) -> (Vec<String>, bool) {
        let environment: Environment = pairs.iter().copied().collect();
        let values = Reading::of(&environment).all().unwrap();
        let (errors, warning) = check(&environment, &values, configuration);
        (
            errors.iter().map(ToString::to_string).collect(),
            warning.is_some(),
        )
    }

    #[test]
    fn somebody_must_decide() {
        let (errors, warned) = judged(&[], Configuration::Generated);
        assert!(
            errors[0].contains("ZOO_ALLOW_ANONYMOUS_LOGIN")
                && errors[0].contains("ZOO_ENABLE_AUTH")
        );
        assert!(!warned);
        assert_eq!(
            judged(
                &[("ZOO_ALLOW_ANONYMOUS_LOGIN", "No")],
                Configuration::Generated
            )
            .0
            .len(),
            1
        );
        assert_eq!(
            judged(
                &[("ZOO_ALLOW_ANONYMOUS_LOGIN", "YES")],
                Configuration::Generated
            ),
            (vec![], true)
        );
        assert_eq!(
            judged(
                &[("ALLOW_ANONYMOUS_LOGIN", "yes")],
                Configuration::Generated
            ),
            (vec![], true)
        );
        assert_eq!(
            judged(&[("ZOO_MY_ID", "1")], Configuration::Generated),
            (vec![], true)
        );
        for pairs in [
            &[("ZOO_MY_ID", "1"), ("ZOO_ALLOW_ANONYMOUS_LOGIN", "no")][..],
            &[("ZOO_MY_ID", "\"\"")],
            &[("ZOO_MY_ID", "1"), ("ZOO_SERVER_ID", "1")],
        ] {
            assert_eq!(
                judged(pairs, Configuration::Generated).0.len(),
                1,
                "{pairs:?}"
            );
        }
        assert_eq!(judged(&[], Configuration::Brought), (vec![], false));
        for anonymous in ["yes", "no"] {
            let pairs = [
                ("ZOO_ENABLE_AUTH", "yes"),
                ("ZOO_ALLOW_ANONYMOUS_LOGIN", anonymous),
            ];
            assert_eq!(judged(&pairs, Configuration::Generated), (vec![], false));
        }
    }

    #[test]
    fn what_protects_is_never_missing_silently() {
        for (name, meant) in [
            (
                "ZOO_TLS_CLEINT_ENABLE",
                "did you mean ZOO_TLS_CLIENT_ENABLE?",
            ),
            (
                "ZOO_TLS_CLIENT_ENABLED",
                "did you mean ZOO_TLS_CLIENT_ENABLE?",
            ),
            ("ZOO_AUTH_ENABLE", NONE),
            ("ZOO_ENABLE_AUTHENTICATION", NONE),
            ("ZOO_ENABLE_AUHT", "did you mean ZOO_ENABLE_AUTH?"),
            ("ZOO_ENABEL_AUTH", "did you mean ZOO_ENABLE_AUTH?"),
            (
                "ZOO_ENABLE_QUORUM_AUHT",
                "did you mean ZOO_ENABLE_QUORUM_AUTH?",
            ),
            ("ZOO_ENALBE_AUHT", "did you mean ZOO_ENABLE_AUTH?"),
            ("ZOO_ENABLEAUTH", "did you mean ZOO_ENABLE_AUTH?"),
            ("ZOO_ENABLE_AUT", "did you mean ZOO_ENABLE_AUTH?"),
            (
                "ZOO_TLS_CLIENT_ENABEL",
                "did you mean ZOO_TLS_CLIENT_ENABLE?",
            ),
            (
                "ZOO_TSL_CLIENT_ENABLE",
                "did you mean ZOO_TLS_CLIENT_ENABLE?",
            ),
            (
                "ZOO_TLS_QUROUM_ENABLE",
                "did you mean ZOO_TLS_QUORUM_ENABLE?",
            ),
        ] {
            for configuration in [Configuration::Generated, Configuration::Brought] {
                let (errors, _) = judged(
                    &[(name, "on"), ("ZOO_ALLOW_ANONYMOUS_LOGIN", "yes")],
                    configuration,
                );
                assert_eq!(
                    errors,
                    [format!(
                        "{name} is switched on and is no variable of this image; {meant}"
                    )]
                );
                assert_eq!(
                    judged(&[(name, "\"no\"")], Configuration::Brought).0,
                    [""; 0]
                );
            }
        }
    }
    const NONE: &str = "take it out, or use what protects: ZOO_ENABLE_AUTH, ZOO_ENABLE_QUORUM_AUTH, \
                        ZOO_TLS_CLIENT_ENABLE, ZOO_TLS_QUORUM_ENABLE";

    #[test]
    fn what_sounds_like_something_else_is_left_to_a_warning() {
        for name in [
            "ZOO_ENABLE_IPV6",
            "ZOO_ENABLE_JMX",
            "ZOO_ENABLE_TTL",
            "ZOO_ENABLE_ACL",
            "ZOO_ENABLE_LOGS",
            "ZOO_ENABLE_RECONFIG",
            "ZOO_ENABLE_QUORUM",
        ] {
            let (errors, _) = judged(&[(name, "yes")], Configuration::Brought);
            assert_eq!(errors, [""; 0], "{name}");
        }
    }

    #[test]
    fn a_switch_that_is_on_in_other_words_is_on() {
        for (name, value, is_refused) in [
            ("ZOO_SSL_ENABLED", "required", true),
            ("ZOO_TLS_CLIENT_ENABLED", "required", true),
            ("ZOO_SASL_ENABLE", "please", true),
            ("ZOO_SSL_ENABLED", "off", false),
            ("ZOO_SSL_ENABLED", "", false),
            ("ZOO_SSL_PORT", "3181", false),
        ] {
            let (errors, _) = judged(&[(name, value)], Configuration::Brought);
            assert_eq!(!errors.is_empty(), is_refused, "{name}={value}: {errors:?}");
        }
    }
}
