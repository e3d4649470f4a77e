//! What the variables ask for and may not mean: it is done, and said.

use super::asked::Asked;
use super::users::{User, Users};
use crate::variables::Values;
use crate::variables::ids::{
    CLIENT_USER, ENABLE_AUTH, ENABLE_QUORUM_AUTH, QUORUM_LEARNER_USER, QUORUM_SERVER_USERS,
    SERVER_USERS,
};

/// What to say of it, beside what depends on the release.
pub fn of(asked: &Asked, values: &Values) -> Vec<String> {
    let mut warnings = Vec::new();
    for (switch, is_on, given) in [
        (
            ENABLE_AUTH.name(),
            asked.clients.is_some(),
            values.given_as(SERVER_USERS),
        ),
        (
            ENABLE_QUORUM_AUTH.name(),
            asked.quorum.is_some(),
            values.given_as(QUORUM_SERVER_USERS),
        ),
    ] {
        if let Some(given) = given.filter(|_| !is_on) {
            warnings.push(format!("{given} has no effect without {switch}=yes"));
        }
    }
    if let Some(path) = asked.own_file.as_ref().filter(|_| asked.is_anything()) {
        warnings.push(format!(
            "the flags of Java name {path} as JAAS file: who may log in is what that file says"
        ));
    }
    let clients = asked.clients.as_ref();
    if clients.is_none() && asked.client.is_some() && asked.own_file.is_none() {
        warnings.push(format!(
            "{} is set and {} is not: `zkCli.sh` of this container logs in, which a server without users refuses",
            CLIENT_USER.name(),
            ENABLE_AUTH.name()
        ));
    }
    warnings.extend(unknown(
        CLIENT_USER.name(),
        asked.client.as_ref(),
        SERVER_USERS.name(),
        clients.and_then(|clients| clients.users.as_ref()),
    ));
    let quorum = asked.quorum.as_ref();
    warnings.extend(unknown(
        QUORUM_LEARNER_USER.name(),
        quorum.and_then(|quorum| quorum.learner.as_ref()),
        QUORUM_SERVER_USERS.name(),
        quorum.and_then(|quorum| quorum.servers.as_ref()),
    ));
    warnings
}

/// What to say of a user of this container whom its own server would not let in.
fn unknown(
    variable: &str,
    user: Option<&User>,
    listed_in: &str,
    users: Option<&Users>,
) -> Option<String> {
    let user = user?;
    let listed = users?.iter().find(|listed| listed.name == user.name);
    match listed {
        None => Some(format!(
            "{variable} is {}, who is none of {listed_in}: {}",
            user.name,
            users?.names()
        )),
        Some(listed) if listed.password != user.password => Some(format!(
            "{variable} is {}, whose password is another one in {listed_in}",
            user.name
        )),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::{Environment, Reading};

    fn said(pairs: &[(&str, &str)]) -> Vec<String> {
        let environment: Environment = pairs.iter().copied().collect();
        let values = Reading::of(&environment).all().unwrap();
        let (asked, errors) = Asked::read(&environment, &values);
        assert_eq!(errors, []);
        let said = of(&asked, &values);
        assert!(!said.iter().any(|said| said.contains("pw")), "{said:?}");
        said
    }

    const AUTH: (&str, &str) = ("ZOO_ENABLE_AUTH", "yes");
    const USERS: (&str, &str) = ("ZOO_SERVER_USERS", "user1,user2");
    const PASSWORDS: (&str, &str) = ("ZOO_SERVER_PASSWORDS", "pw1, pw2");

    #[test]
    fn what_may_not_be_meant() {
        for (pairs, expected) in [
            (
                &[USERS, PASSWORDS][..],
                "ZOO_SERVER_USERS has no effect without ZOO_ENABLE_AUTH=yes",
            ),
            (
                &[("ZOO_CLIENT_USER", "user1"), ("ZOO_CLIENT_PASSWORD", "pw")],
                "ZOO_CLIENT_USER is set and ZOO_ENABLE_AUTH is not: `zkCli.sh` of this container logs in, which a \
                 server without users refuses",
            ),
            (
                &[
                    AUTH,
                    USERS,
                    PASSWORDS,
                    ("ZOO_CLIENT_USER", "user3"),
                    ("ZOO_CLIENT_PASSWORD", "pw"),
                ],
                "ZOO_CLIENT_USER is user3, who is none of ZOO_SERVER_USERS: user1, user2",
            ),
            (
                &[
                    AUTH,
                    USERS,
                    PASSWORDS,
                    ("ZOO_CLIENT_USER", "user2"),
                    ("ZOO_CLIENT_PASSWORD", "pw1"),
                ],
                "ZOO_CLIENT_USER is user2, whose password is another one in ZOO_SERVER_USERS",
            ),
            (
                &[
                    AUTH,
                    (
                        "JVMFLAGS",
                        "-Djava.security.auth.login.config=/srv/conf/jaas.conf",
                    ),
                ],
                "the flags of Java name /srv/conf/jaas.conf as JAAS file: who may log in is what that file says",
            ),
        ] {
            assert_eq!(said(pairs), [expected], "{pairs:?}");
        }
    }
}
