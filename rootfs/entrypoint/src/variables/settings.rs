//! Settings of `zoo.cfg` that have no variable of their own: `ZOO_CFG_EXTRA="a=1 b=2"` (as the official image
//! has it) and `ZOO_CFG_a_b=1` for `a.b=1` (as Bitnami's has it).
//!
//! Refused are those that the image must know to prepare a server: they have variables.

use super::environment::{Environment, Problem};
use super::unknown;

const PREFIX: &str = "ZOO_CFG_";
const LIST: &str = "ZOO_CFG_EXTRA";

/// Keys that are set by a variable only, and by which.
const OF_VARIABLES: &[(&str, &str)] = &[
    ("clientPort", "ZOO_PORT_NUMBER"),
    ("dataDir", "ZOO_DATA_DIR"),
    ("dataLogDir", "ZOO_DATA_LOG_DIR"),
    ("dynamicConfigFile", "ZOO_SERVERS"),
    ("reconfigEnabled", "ZOO_RECONFIG_ENABLED"),
    ("standaloneEnabled", "ZOO_STANDALONE_ENABLED"),
];

/// One line of `zoo.cfg`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
}

/// Reads `key=value key=value`; on failure every problem of it.
pub fn parse(text: &str) -> Result<Vec<Setting>, Vec<String>> {
    let mut settings = Vec::new();
    let mut problems = Vec::new();
    // The last word that is safe to show: what has no `=` may be the second half of a password with a blank.
    let mut before: Option<&str> = None;
    for word in text.split_whitespace() {
        let follows = before.map(|before| format!("what follows `{before}`"));
        match word.split_once('=') {
            None => {
                let what = follows.unwrap_or_else(|| format!("`{word}`"));
                problems.push(format!("{what} is not of the form key=value"));
                before = before.or(Some(word));
            }
            Some((key, value)) => {
                match checked(key) {
                    Ok(()) => settings.push(Setting {
                        key: key.to_owned(),
                        value: value.to_owned(),
                    }),
                    Err(problem) => problems.push(problem),
                }
                before = Some(key).filter(|key| !key.is_empty()).or(before);
            }
        }
    }
    if problems.is_empty() {
        Ok(settings)
    } else {
        Err(problems)
    }
}

/// As [`parse`] reads it.
pub fn shown(settings: &[Setting]) -> String {
    let words: Vec<String> = settings
        .iter()
        .map(|Setting { key, value }| format!("{key}={value}"))
        .collect();
    words.join(" ")
}

/// Whether a variable sets one setting by its name.
pub fn is_setting(name: &str) -> bool {
    name.len() > PREFIX.len() && name.starts_with(PREFIX) && !list_names().any(|list| list == name)
}

/// The settings that the environment names one by one.
pub fn of_environment(environment: &Environment) -> (Vec<Setting>, Vec<Problem>) {
    let mut settings = Vec::new();
    let mut problems = Vec::new();
    let names = environment
        .iter()
        .filter(|(name, value)| is_setting(name) && !unknown::is_from_orchestrator(name, value))
        .map(|(name, _)| name);
    for name in names {
        let value = match environment.plain(name) {
            Ok(Some(value)) => value,
            Ok(None) => continue,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        let key = name[PREFIX.len()..].replace('_', ".");
        match checked(&key) {
            Ok(()) => settings.push(Setting { key, value }),
            Err(reason) => problems.push(Problem::Malformed {
                name: name.to_owned(),
                reason,
            }),
        }
    }
    (settings, problems)
}

fn list_names() -> impl Iterator<Item = String> {
    [LIST.to_owned(), format!("{LIST}_FILE")].into_iter()
}

fn checked(key: &str) -> Result<(), String> {
    let allowed =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    if key.is_empty() || !key.chars().all(allowed) {
        return Err(format!("`{key}` is no key of `zoo.cfg`"));
    }
    let variable = OF_VARIABLES
        .iter()
        .find(|(name, _)| *name == key)
        .map(|(_, variable)| *variable)
        .or(key.starts_with("server.").then_some("ZOO_SERVERS"));
    variable.map_or(Ok(()), |variable| {
        Err(format!("`{key}` is set by {variable}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists() {
        let read = |text| {
            parse(text)
                .map(|settings| shown(&settings))
                .map_err(|problems| problems.join("; "))
        };
        assert_eq!(read("a=1  b.c=x=y\nd="), Ok("a=1 b.c=x=y d=".to_owned()));
        assert_eq!(
            read("a password=geheim heime =x a b"),
            Err(
                "`a` is not of the form key=value; what follows `password` is not of the form key=value; \
                 `` is no key of `zoo.cfg`; what follows `password` is not of the form key=value; what follows \
                 `password` is not of the form key=value"
                    .to_owned()
            )
        );
        assert_eq!(
            read("a clientPort=1 server.1=x b;c=2"),
            Err(
                "`a` is not of the form key=value; `clientPort` is set by ZOO_PORT_NUMBER; `server.1` is set by \
                 ZOO_SERVERS; `b;c` is no key of `zoo.cfg`"
                    .to_owned()
            )
        );
    }

    #[test]
    fn one_by_one() {
        let environment: Environment = [
            ("ZOO_CFG_EXTRA", "a=1"),
            ("ZOO_CFG_EXTRA_FILE", "/x"),
            ("ZOO_CFG_", "x"),
            ("ZOO_CFG_globalOutstandingLimit", "\"500\""),
            ("ZOO_CFG_jute_maxbuffer", "1048576"),
            ("ZOO_CFG_unset", ""),
            ("ZOO_CFG_SERVICE_HOST", "10.0.0.7"),
            ("ZOO_CFG_PORT", "tcp://10.0.0.7:80"),
            ("ZOO_CFG_dataDir", "/data"),
        ]
        .into_iter()
        .collect();
        let (settings, problems) = of_environment(&environment);
        assert_eq!(
            shown(&settings),
            "globalOutstandingLimit=500 jute.maxbuffer=1048576"
        );
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            problems,
            ["ZOO_CFG_dataDir: `dataDir` is set by ZOO_DATA_DIR"]
        );
    }

    proptest! {
        #[test]
        fn what_is_read_is_shown_and_read_again(text in "[a-c=. ;\\n]{0,20}") {
            if let Ok(settings) = parse(&text) {
                prop_assert_eq!(parse(&shown(&settings)).unwrap(), settings);
            }
        }
    }
}
