//! What authentication means for `zoo.cfg` and for the JVM, by release.
//!
//! RUN on the servers of these releases: `requireClientAuthScheme`, which other images write, is read by none of
//! them; `sessionRequireClientSASLAuth` is read from 3.5.9 and from 3.6.0 on. From 3.9.0 on DIGEST-MD5 is refused in
//! FIPS mode, which is on unless it is switched off: by clients and by servers, also among themselves.

use super::asked::Asked;
use super::jaas;
use crate::release::Release;
use crate::variables::Values;
use crate::variables::ids::{ALLOW_ANONYMOUS_LOGIN, ENABLE_AUTH, ENABLE_QUORUM_AUTH};

/// A line of `zoo.cfg` that protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The key.
    pub key: &'static str,
    /// The value.
    pub value: &'static str,
    /// The variable that asks for it.
    pub switch: &'static str,
    /// Whether ZooKeeper protects less without it.
    pub protects: bool,
}

/// Without this provider no ACL can name a user who has logged in.
pub const PROVIDER: &str = "org.apache.zookeeper.server.auth.SASLAuthenticationProvider";

/// A system property that lets DIGEST-MD5 be used, and its value.
const FIPS_MODE: (&str, &str) = ("zookeeper.fips-mode", "false");

/// From 3.9.0 on the AdminServer hands out the whole database and replaces it, for whoever may read and write `/`,
/// which anybody may until the users have it. These properties take both commands away; the same keys of `zoo.cfg` win.
const NO_SNAPSHOTS: [(&str, &str); 2] = [
    ("zookeeper.admin.snapshot.enabled", "false"),
    ("zookeeper.admin.restore.enabled", "false"),
];

const CLIENTS: &str = "ZOO_ENABLE_AUTH";
const QUORUM: &str = "ZOO_ENABLE_QUORUM_AUTH";

const QUORUM_LINES: [Line; 6] = [
    quorum("quorum.auth.enableSasl", "true", true),
    quorum("quorum.auth.learnerRequireSasl", "true", true),
    quorum("quorum.auth.serverRequireSasl", "true", true),
    quorum(
        "quorum.auth.learner.saslLoginContext",
        jaas::QUORUM_LEARNER,
        false,
    ),
    quorum(
        "quorum.auth.server.saslLoginContext",
        jaas::QUORUM_SERVER,
        false,
    ),
    quorum("quorum.cnxn.threads.size", "20", false),
];

const fn quorum(key: &'static str, value: &'static str, protects: bool) -> Line {
    Line {
        key,
        value,
        switch: QUORUM,
        protects,
    }
}

/// The lines that are asked for.
pub fn lines(values: &Values, release: Release) -> Vec<Line> {
    let mut lines = Vec::new();
    let clients = |key, value| Line {
        key,
        value,
        switch: CLIENTS,
        protects: true,
    };
    if values.boolean(ENABLE_AUTH) {
        lines.push(clients("authProvider.1", PROVIDER));
        if !values.boolean(ALLOW_ANONYMOUS_LOGIN) && refuses_anonymous(release) {
            lines.push(clients("sessionRequireClientSASLAuth", "true"));
        }
    }
    if values.boolean(ENABLE_QUORUM_AUTH) {
        lines.extend(QUORUM_LINES);
    }
    lines
}

/// Whether this release can refuse clients that do not log in.
pub fn refuses_anonymous(release: Release) -> bool {
    release >= Release::new(3, 5, 9)
}

/// The property by which this release has to be told that DIGEST-MD5 is meant, and its value.
pub fn fips_mode(release: Release) -> Option<(&'static str, &'static str)> {
    (release >= Release::new(3, 9, 0)).then_some(FIPS_MODE)
}

/// The properties by which the AdminServer of this release does without snapshots, and their values.
pub fn no_snapshots(release: Release) -> &'static [(&'static str, &'static str)] {
    let knows_them = release >= Release::new(3, 9, 0);
    if knows_them { &NO_SNAPSHOTS } else { &[] }
}

/// What to say of what is asked for and is less than it sounds.
pub fn warnings(asked: &Asked, release: Release) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(clients) = &asked.clients {
        if clients.anonymous {
            warnings.push(
                "ZOO_ENABLE_AUTH and ZOO_ALLOW_ANONYMOUS_LOGIN are both yes: clients may log in and need not, and only \
                 ACLs protect from those that do not"
                    .to_owned(),
            );
        } else if !refuses_anonymous(release) {
            warnings.push(format!(
                "ZooKeeper {release} cannot refuse clients that do not log in, only ACLs protect: nodes that an \
                 application makes open to anybody stay readable and writable by anybody"
            ));
        }
    }
    if let Some((property, value)) = fips_mode(release).filter(|_| asked.is_anything()) {
        warnings.push(format!(
            "ZooKeeper {release} refuses DIGEST-MD5 in FIPS mode: -D{property}={value} is set"
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::{Environment, Reading};

    const AUTH: [(&str, &str); 3] = [
        ("ZOO_ENABLE_AUTH", "yes"),
        ("ZOO_SERVER_USERS", "a"),
        ("ZOO_SERVER_PASSWORDS", "b"),
    ];

    fn values(pairs: &[(&str, &str)]) -> (Environment, Values) {
        let environment: Environment = pairs.iter().copied().collect();
        let values = Reading::of(&environment).all().unwrap();
        (environment, values)
    }

    fn shown(pairs: &[(&str, &str)], release: Release) -> Vec<String> {
        let lines = lines(&values(pairs).1, release);
        let line = |line: &Line| format!("{}={}", line.key, line.value);
        lines.iter().map(line).collect()
    }

    #[test]
    fn lines_by_release() {
        let provider = format!("authProvider.1={PROVIDER}");
        let session = "sessionRequireClientSASLAuth=true".to_owned();
        for (release, expected) in [
            ((3, 5, 7), vec![provider.clone()]),
            ((3, 5, 8), vec![provider.clone()]),
            ((3, 5, 9), vec![provider.clone(), session.clone()]),
            ((3, 5, 10), vec![provider.clone(), session.clone()]),
            ((3, 6, 0), vec![provider.clone(), session.clone()]),
            ((3, 9, 4), vec![provider.clone(), session.clone()]),
        ] {
            let release = Release::new(release.0, release.1, release.2);
            assert_eq!(shown(&AUTH, release), expected, "{release}");
            assert_eq!(shown(&[], release), [""; 0]);
            let anonymous = [&AUTH[..], &[("ZOO_ALLOW_ANONYMOUS_LOGIN", "yes")]].concat();
            assert_eq!(shown(&anonymous, release), [provider.as_str()]);
        }
        let quorum = shown(&[("ZOO_ENABLE_QUORUM_AUTH", "yes")], Release::new(3, 5, 7));
        assert_eq!(
            quorum,
            [
                "quorum.auth.enableSasl=true",
                "quorum.auth.learnerRequireSasl=true",
                "quorum.auth.serverRequireSasl=true",
                "quorum.auth.learner.saslLoginContext=QuorumLearner",
                "quorum.auth.server.saslLoginContext=QuorumServer",
                "quorum.cnxn.threads.size=20",
            ]
        );
    }

    #[test]
    fn what_is_less_than_it_sounds() {
        let said = |pairs: &[(&str, &str)], release| {
            let (environment, values) = values(pairs);
            let (asked, errors) = Asked::read(&environment, &values);
            assert_eq!(errors, []);
            warnings(&asked, release).join("\n")
        };
        assert_eq!(said(&AUTH, Release::new(3, 6, 1)), "");
        assert_eq!(said(&[], Release::new(3, 9, 4)), "");
        assert!(said(&AUTH, Release::new(3, 5, 7)).contains("only ACLs protect"));
        assert!(said(&AUTH, Release::new(3, 9, 4)).contains("-Dzookeeper.fips-mode=false"));
        let both = [&AUTH[..], &[("ZOO_ALLOW_ANONYMOUS_LOGIN", "yes")]].concat();
        assert!(said(&both, Release::new(3, 6, 1)).contains("need not"));
    }
}
