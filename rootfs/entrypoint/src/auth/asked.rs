//! What the variables ask for: who may log in at the server, and as whom this container does.

use super::own;
use super::users::{PasswordProblem, Unequal, Unfit, User, UserName, Users};
use crate::variables::ids::{
    ALLOW_ANONYMOUS_LOGIN, CLIENT_PASSWORD, CLIENT_USER, ENABLE_AUTH, ENABLE_QUORUM_AUTH, Id,
    QUORUM_LEARNER_PASSWORD, QUORUM_LEARNER_USER, QUORUM_SERVER_PASSWORDS, QUORUM_SERVER_USERS,
    SERVER_PASSWORDS, SERVER_USERS,
};
use crate::variables::{Environment, Secret, Values};

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Clients may log in.
    pub clients: Option<Clients>,
    /// Servers must log in at each other.
    pub quorum: Option<Quorum>,
    /// As whom `zkCli.sh` of this container logs in.
    pub client: Option<User>,
    /// The JAAS file that the user's own flags name, which wins over ours.
    pub own_file: Option<String>,
}

/// Clients may log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clients {
    /// As whom; nothing only where a JAAS file of the user's own says it.
    pub users: Option<Users>,
    /// Whether those who do not are let in, too.
    pub anonymous: bool,
}

/// Servers must log in at each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// As whom this one does; nothing only where a JAAS file of the user's own says it.
    pub learner: Option<User>,
    /// Who may; likewise.
    pub servers: Option<Users>,
}

/// Why it cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// Nobody could log in.
    #[error("{switch}=yes needs {needed}")]
    Needs {
        /// The variable that asks.
        switch: &'static str,
        /// The one that is missing.
        needed: &'static str,
    },
    /// Half of a pair.
    #[error("{set} is set and {missing} is not: set both or neither")]
    Half {
        /// The one.
        set: &'static str,
        /// The other.
        missing: &'static str,
    },
    /// Two lists of different length.
    #[error(
        "{users} has {} and {passwords} has {}: one password for each user, without blanks, `,` and `;` in it",
        counted(counts.names, "user"),
        counted(counts.passwords, "password")
    )]
    Unequal {
        /// The variable with the names.
        users: &'static str,
        /// The variable with the passwords.
        passwords: &'static str,
        /// The lengths.
        counts: Unequal,
    },
    /// A list in which each password stands in quotes.
    #[error(
        "{passwords} has quotes around each of its passwords, which would be a part of them: leave them out, or put \
         one pair around all of the list"
    )]
    Quoted {
        /// The variable.
        passwords: &'static str,
    },
    /// A password that cannot be used.
    #[error("{variable}: the password of {user} contains {problem}")]
    Password {
        /// The variable.
        variable: &'static str,
        /// Whose.
        user: UserName,
        /// Why not.
        problem: PasswordProblem,
    },
}

fn counted(count: usize, of: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {of}{plural}")
}

/// The rows that everything here is made of.
pub const ROWS: [usize; 11] = [
    ALLOW_ANONYMOUS_LOGIN.row(),
    CLIENT_PASSWORD.row(),
    CLIENT_USER.row(),
    ENABLE_AUTH.row(),
    ENABLE_QUORUM_AUTH.row(),
    QUORUM_LEARNER_PASSWORD.row(),
    QUORUM_LEARNER_USER.row(),
    QUORUM_SERVER_PASSWORDS.row(),
    QUORUM_SERVER_USERS.row(),
    SERVER_PASSWORDS.row(),
    SERVER_USERS.row(),
];

/// The rows that [`Asked::client`] is made of.
pub const CLIENT_ROWS: [usize; 2] = [CLIENT_PASSWORD.row(), CLIENT_USER.row()];

type Named = Id<Option<UserName>>;
type Listed = Id<[UserName]>;
type Passwords = Id<Option<Secret>>;

impl Asked {
    /// What is asked for, and everything that is wrong with it.
    pub fn read(environment: &Environment, values: &Values) -> (Self, Vec<AuthError>) {
        let own_file = own::of_server(environment, values);
        let mut reader = Reader {
            values,
            is_needed: own_file.is_none(),
            errors: Vec::new(),
        };
        let clients = values.boolean(ENABLE_AUTH).then(|| Clients {
            users: reader.users(ENABLE_AUTH.name(), SERVER_USERS, SERVER_PASSWORDS),
            anonymous: values.boolean(ALLOW_ANONYMOUS_LOGIN),
        });
        let switch = ENABLE_QUORUM_AUTH.name();
        let quorum = values.boolean(ENABLE_QUORUM_AUTH).then(|| Quorum {
            learner: reader.needed_user(switch, QUORUM_LEARNER_USER, QUORUM_LEARNER_PASSWORD),
            servers: reader.users(switch, QUORUM_SERVER_USERS, QUORUM_SERVER_PASSWORDS),
        });
        let client = reader.user(CLIENT_USER, CLIENT_PASSWORD);
        let errors = reader.errors;
        let asked = Self {
            clients,
            quorum,
            client,
            own_file,
        };
        (asked, errors)
    }

    /// As whom a client of this environment logs in.
    pub fn client(values: &Values) -> Result<Option<User>, Vec<AuthError>> {
        let mut reader = Reader {
            values,
            is_needed: false,
            errors: Vec::new(),
        };
        let user = reader.user(CLIENT_USER, CLIENT_PASSWORD);
        if reader.errors.is_empty() {
            Ok(user)
        } else {
            Err(reader.errors)
        }
    }

    /// Whether Java is to look for a password somewhere.
    pub fn is_anything(&self) -> bool {
        self.clients.is_some() || self.quorum.is_some()
    }
}

struct Reader<'a> {
    values: &'a Values,
    /// Whether what is asked for must be said here, and nowhere else.
    is_needed: bool,
    errors: Vec<AuthError>,
}

impl Reader<'_> {
    fn need<T: ?Sized>(&mut self, switch: &'static str, needed: Id<T>) {
        if self.is_needed && self.values.given_as(needed).is_none() {
            let needed = needed.name();
            self.errors.push(AuthError::Needs { switch, needed });
        }
    }

    fn users(
        &mut self,
        switch: &'static str,
        users: Listed,
        passwords: Passwords,
    ) -> Option<Users> {
        let names = self.values.users(users);
        let (users, passwords) = match (names.is_empty(), self.values.secret(passwords)) {
            (true, None) => {
                self.need(switch, users);
                return None;
            }
            (false, None) => return self.half(users.name(), passwords.name()),
            (true, Some(_)) => return self.half(passwords.name(), users.name()),
            (false, Some(secret)) => match Users::zip(names, secret) {
                Ok(zipped) => (zipped, passwords),
                Err(unfit) => {
                    let passwords = passwords.name();
                    self.errors.push(match unfit {
                        Unfit::Unequal(counts) => AuthError::Unequal {
                            users: users.name(),
                            passwords,
                            counts,
                        },
                        Unfit::Quoted => AuthError::Quoted { passwords },
                    });
                    return None;
                }
            },
        };
        for user in users.iter() {
            self.check(user, passwords.name());
        }
        Some(users)
    }

    fn needed_user(
        &mut self,
        switch: &'static str,
        named: Named,
        passwords: Passwords,
    ) -> Option<User> {
        // Half of them is a mistake of its own.
        if self.values.secret(passwords).is_none() {
            self.need(switch, named);
        }
        self.user(named, passwords)
    }

    fn user(&mut self, named: Named, passwords: Passwords) -> Option<User> {
        match (self.values.user(named), self.values.secret(passwords)) {
            (None, None) => None,
            (Some(_), None) => self.half(named.name(), passwords.name()),
            (None, Some(_)) => self.half(passwords.name(), named.name()),
            (Some(of), Some(password)) => {
                let user = User {
                    name: of.clone(),
                    password: password.clone(),
                };
                self.check(&user, passwords.name());
                Some(user)
            }
        }
    }

    fn half<T>(&mut self, set: &'static str, missing: &'static str) -> Option<T> {
        self.errors.push(AuthError::Half { set, missing });
        None
    }

    fn check(&mut self, user: &User, variable: &'static str) {
        let error = user.password_problem().map(|problem| AuthError::Password {
            variable,
            user: user.name.clone(),
            problem,
        });
        self.errors.extend(error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::doubts;
    use crate::variables::Reading;

    fn read(pairs: &[(&str, &str)]) -> (Asked, Vec<String>) {
        let environment: Environment = pairs.iter().copied().collect();
        let values = Reading::of(&environment).all().unwrap();
        let (asked, errors) = Asked::read(&environment, &values);
        let said = errors.iter().map(ToString::to_string);
        let mut said: Vec<String> = said.collect();
        if said.is_empty() {
            said = doubts::of(&asked, &values);
        }
        assert!(!said.iter().any(|said| said.contains("pw")), "{said:?}");
        (asked, said)
    }

    const AUTH: (&str, &str) = ("ZOO_ENABLE_AUTH", "yes");
    const QUORUM: (&str, &str) = ("ZOO_ENABLE_QUORUM_AUTH", "yes");
    const USERS: (&str, &str) = ("ZOO_SERVER_USERS", "user1,user2");
    const PASSWORDS: (&str, &str) = ("ZOO_SERVER_PASSWORDS", "pw1, pw2");

    #[test]
    fn quotes_around_each_password_are_no_part_of_them() {
        let quoted = ("ZOO_SERVER_PASSWORDS", r#""pw1","pw2""#);
        let (_, said) = read(&[AUTH, USERS, quoted]);
        assert_eq!(
            said,
            [
                "ZOO_SERVER_PASSWORDS has quotes around each of its passwords, which would be a part of them: leave them \
                 out, or put one pair around all of the list"
            ]
        );
        let around = ("ZOO_SERVER_PASSWORDS", r#""pw1,pw2""#);
        assert_eq!(read(&[AUTH, USERS, around]).1, [""; 0]);
    }

    #[test]
    fn what_is_asked_for() {
        let none: [&str; 0] = [];
        assert_eq!(read(&[]), (Asked::default(), vec![]));
        let (asked, said) = read(&[AUTH, USERS, PASSWORDS]);
        assert_eq!(said, none);
        let clients = asked.clients.unwrap();
        assert!(!clients.anonymous);
        assert_eq!(clients.users.unwrap().names(), "user1, user2");
        let (asked, said) = read(&[
            QUORUM,
            AUTH,
            ("ZOO_SERVER_USERS", "user1"),
            ("ZOO_SERVER_PASSWORDS", "pw"),
            ("ZOO_QUORUM_LEARNER_USER", "q"),
            ("ZOO_QUORUM_LEARNER_PASSWORD", "pw"),
            ("ZOO_QUORUM_SERVER_USERS", "q r"),
            ("ZOO_QUORUM_SERVER_PASSWORDS", "pw pw"),
            ("ZOO_CLIENT_USER", "user1"),
            ("ZOO_CLIENT_PASSWORD", "pw"),
        ]);
        assert_eq!(said, none);
        let quorum = asked.quorum.unwrap();
        assert_eq!(quorum.learner.unwrap().name.as_str(), "q");
        assert_eq!(quorum.servers.unwrap().names(), "q, r");
        assert_eq!(asked.client.unwrap().name.as_str(), "user1");
        // Alone it needs no list, and may have what separates one.
        let (asked, _) = read(&[("ZOO_CLIENT_USER", "a"), ("ZOO_CLIENT_PASSWORD", "x, y")]);
        assert_eq!(asked.client.unwrap().password.reveal(), "x, y");
    }

    #[test]
    fn everything_that_is_wrong_is_said() {
        for (pairs, expected) in [
            (
                &[AUTH][..],
                &["ZOO_ENABLE_AUTH=yes needs ZOO_SERVER_USERS"][..],
            ),
            (
                &[AUTH, USERS],
                &["ZOO_SERVER_USERS is set and ZOO_SERVER_PASSWORDS is not: set both or neither"],
            ),
            (
                &[AUTH, PASSWORDS],
                &["ZOO_SERVER_PASSWORDS is set and ZOO_SERVER_USERS is not: set both or neither"],
            ),
            (
                &[
                    AUTH,
                    USERS,
                    ("ZOO_SERVER_PASSWORDS", "pw"),
                    ("ZOO_CLIENT_USER", "user1"),
                    QUORUM,
                ],
                &[
                    "ZOO_SERVER_USERS has 2 users and ZOO_SERVER_PASSWORDS has 1 password: one password for each user, \
                     without blanks, `,` and `;` in it",
                    "ZOO_ENABLE_QUORUM_AUTH=yes needs ZOO_QUORUM_LEARNER_USER",
                    "ZOO_ENABLE_QUORUM_AUTH=yes needs ZOO_QUORUM_SERVER_USERS",
                    "ZOO_CLIENT_USER is set and ZOO_CLIENT_PASSWORD is not: set both or neither",
                ],
            ),
            (
                &[
                    AUTH,
                    USERS,
                    ("ZOO_SERVER_PASSWORDS", "${pw1} pw2"),
                    ("ZOO_CLIENT_PASSWORD", "pw"),
                ],
                &[
                    "ZOO_SERVER_PASSWORDS: the password of user1 contains `${`, which Java would replace",
                    "ZOO_CLIENT_PASSWORD is set and ZOO_CLIENT_USER is not: set both or neither",
                ],
            ),
            (
                &[
                    QUORUM,
                    ("ZOO_QUORUM_LEARNER_PASSWORD", "pw"),
                    ("ZOO_QUORUM_SERVER_PASSWORDS", "pw"),
                ],
                &[
                    "ZOO_QUORUM_LEARNER_PASSWORD is set and ZOO_QUORUM_LEARNER_USER is not: set both or neither",
                    "ZOO_QUORUM_SERVER_PASSWORDS is set and ZOO_QUORUM_SERVER_USERS is not: set both or neither",
                ],
            ),
            (
                &[
                    ("ZOO_CLIENT_USER", "user1"),
                    ("ZOO_CLIENT_PASSWORD", "pw\npw"),
                ],
                &["ZOO_CLIENT_PASSWORD: the password of user1 contains a line end"],
            ),
        ] {
            assert_eq!(read(pairs).1, expected, "{pairs:?}");
        }
    }
}
