//! Whether the `zoo.cfg` in force does what the switches of protection ask for, whoever has written it: nothing
//! that protects goes missing silently, neither in a file that is kept, nor by further settings, nor by flags.
//!
//! What there is to ask for is said by the [rules of authentication](crate::auth::rules) and by those of
//! [TLS](crate::tls::rules).

use std::fmt;
use std::path::{Path, PathBuf};

use crate::auth;
use crate::java::flags;
use crate::properties::Properties;
use crate::release::Release;
use crate::tls;
use crate::variables::ids::SERVER_JVMFLAGS;
use crate::variables::{Environment, Values};

/// A variable that asks for protection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its name.
    pub variable: &'static str,
    /// What it says.
    pub value: String,
    /// The rows of the table on which it depends what it asks for.
    pub rows: &'static [usize],
}

/// One thing that is asked for, looked for in a `zoo.cfg`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Who asks.
    pub asked: Asked,
    /// Whether it is there.
    pub is_met: bool,
    /// What to say where it is not.
    pub missing: Missing,
}

/// What is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The key.
    pub key: String,
    /// What it should say, where there is only one thing to say.
    pub needed: Option<String>,
    /// What it says, where it is there.
    pub found: Option<String>,
}

impl Missing {
    /// A line that must be in `config`.
    pub fn of(config: &Properties, key: &str, needed: Option<&str>) -> Self {
        Self {
            key: key.to_owned(),
            needed: needed.map(str::to_owned),
            found: config.get(key).map(str::to_owned),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        match (&self.found, &self.needed) {
            (None, None) => write!(f, "no `{key}`"),
            (None, Some(needed)) => write!(f, "no `{key}={needed}`"),
            (Some(found), None) => write!(f, "`{key}={found}`"),
            (Some(found), Some(needed)) => {
                write!(f, "`{key}={found}` instead of `{key}={needed}`")
            }
        }
    }
}

/// What a variable asks for, and is not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}={}, and {origin} {}: {}", asked.variable, asked.value, self.shown(), self.advice())]
pub struct Demand {
    /// Who asks.
    pub asked: Asked,
    /// Where it is not done.
    pub origin: Origin,
    /// What is missing, at least one thing.
    pub lacks: Vec<Missing>,
}

impl Demand {
    /// Whether it is asked for by a variable of TLS.
    pub fn is_of_tls(&self) -> bool {
        self.asked.rows == tls::ROWS
    }

    fn shown(&self) -> String {
        let lacks: Vec<String> = self.lacks.iter().map(ToString::to_string).collect();
        let verb = match self.origin {
            Origin::Kept(_) | Origin::Settings => "has",
            Origin::Flags => "have",
        };
        format!("{verb} {}", lacks.join(", "))
    }

    /// What to do next.
    fn advice(&self) -> String {
        let is_there = |missing: &Missing| missing.found.is_some();
        let are_there = self.lacks.iter().all(is_there);
        let change = if are_there {
            "change it there"
        } else if self.lacks.iter().any(is_there) {
            "add and change it there"
        } else {
            "add it there"
        };
        match &self.origin {
            Origin::Kept(_) => {
                format!("{change}, or remove the file to have it made from the variables")
            }
            Origin::Settings if are_there => {
                "take that out of ZOO_CFG_EXTRA or ZOO_CFG_…".to_owned()
            }
            Origin::Settings => format!("{change}, or take out what is in its place"),
            Origin::Flags => "take it out".to_owned(),
        }
    }
}

/// Who has the last word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A `zoo.cfg` that is kept as it is.
    Kept(PathBuf),
    /// The user's settings in one that we make.
    Settings,
    /// The flags of Java.
    Flags,
}

impl Origin {
    /// Of a file that is kept.
    pub fn kept(path: &Path) -> Self {
        Self::Kept(path.to_owned())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept(path) => write!(f, "{}, which wins,", path.display()),
            Self::Settings => f.write_str("zoo.cfg with the settings of ZOO_CFG_…"),
            Self::Flags => f.write_str("the flags of Java"),
        }
    }
}

/// What of all that is asked for `config` does not do, a demand for each variable.
pub fn unmet(
    values: &Values,
    release: Release,
    config: &Properties,
    origin: &Origin,
) -> Vec<Demand> {
    let rules = auth::rules::of(values, release, config)
        .into_iter()
        .chain(tls::rules::of(values, config));
    let mut demands: Vec<Demand> = Vec::new();
    for rule in rules.filter(|rule| !rule.is_met) {
        let same = demands
            .iter_mut()
            .find(|demand| demand.asked.variable == rule.asked.variable);
        match same {
            Some(demand) => demand.lacks.push(rule.missing),
            None => demands.push(Demand {
                asked: rule.asked,
                origin: origin.clone(),
                lacks: vec![rule.missing],
            }),
        }
    }
    demands
}

/// What flags of Java take back of it, as far as `config` does not say otherwise: what that says becomes a property
/// after the flags were read.
pub fn unmet_by_flags(
    environment: &Environment,
    values: &Values,
    config: &Properties,
) -> Option<Demand> {
    let asked = auth::rules::asked_by_clients(values)?;
    let key = format!("zookeeper.{}", auth::rules::SKIP_ACL);
    let given = flags::of_user(environment, values, SERVER_JVMFLAGS);
    let found = flags::property(&given, &key).filter(|value| auth::rules::skips(value))?;
    if config.get(auth::rules::SKIP_ACL).is_some() {
        return None;
    }
    Some(Demand {
        asked,
        origin: Origin::Flags,
        lacks: vec![Missing {
            key: format!("-D{key}"),
            needed: None,
            found: Some(found),
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::Reading;

    fn found(pairs: &[(&str, &str)], config: &str, origin: &Origin) -> Vec<String> {
        let environment: Environment = pairs.iter().copied().collect();
        let values = Reading::of(&environment).all().unwrap();
        let config = Properties::parse(config.as_bytes());
        let release = Release::new(3, 6, 1);
        let unmet = unmet(&values, release, &config, origin);
        let by_flags = unmet_by_flags(&environment, &values, &config);
        let unmet = unmet.into_iter().chain(by_flags);
        unmet.map(|demand| demand.to_string()).collect()
    }

    const AUTH: (&str, &str) = ("ZOO_ENABLE_AUTH", "yes");
    const GOOD: &str = "authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider\n\
                        sessionRequireClientSASLAuth=true\n";

    #[test]
    fn the_advice_fits_what_is_missing() {
        let kept = Origin::kept(Path::new("/conf/zoo.cfg"));
        let remove = "or remove the file to have it made from the variables";
        for (config, has) in [
            (
                "sessionRequireClientSASLAuth=true".to_owned(),
                "no `authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider`: add it there",
            ),
            (
                GOOD.replace("=true", "=false"),
                "`sessionRequireClientSASLAuth=false` instead of `sessionRequireClientSASLAuth=true`: change it there",
            ),
            (
                "skipACL=yes\nsessionRequireClientSASLAuth=true".to_owned(),
                "no `authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider`, `skipACL=yes`: add and \
                 change it there",
            ),
        ] {
            assert_eq!(
                found(&[AUTH], &config, &kept),
                [format!(
                    "ZOO_ENABLE_AUTH=yes, and /conf/zoo.cfg, which wins, has {has}, {remove}"
                )]
            );
        }
        assert_eq!(found(&[AUTH], GOOD, &kept), [""; 0]);
        assert_eq!(
            found(&[AUTH], &format!("{GOOD}skipACL=yes"), &Origin::Settings),
            [
                "ZOO_ENABLE_AUTH=yes, and zoo.cfg with the settings of ZOO_CFG_… has `skipACL=yes`: take that out of \
                 ZOO_CFG_EXTRA or ZOO_CFG_…"
            ]
        );
    }

    #[test]
    fn flags_take_nothing_back() {
        let flag = "-Dzookeeper.skipACL=yes";
        let settings = Origin::Settings;
        for name in ["JVMFLAGS", "SERVER_JVMFLAGS", "JDK_JAVA_OPTIONS"] {
            assert_eq!(
                found(&[AUTH, (name, flag)], GOOD, &settings),
                [
                    "ZOO_ENABLE_AUTH=yes, and the flags of Java have `-Dzookeeper.skipACL=yes`: take it out"
                ],
                "{name}"
            );
            assert_eq!(found(&[(name, flag)], GOOD, &settings), [""; 0]);
        }
        let no = format!("{GOOD}skipACL=no");
        assert_eq!(found(&[AUTH, ("JVMFLAGS", flag)], &no, &settings), [""; 0]);
        let other = "-Dzookeeper.skipACL=no";
        assert_eq!(
            found(&[AUTH, ("JVMFLAGS", other)], GOOD, &settings),
            [""; 0]
        );
    }
}
