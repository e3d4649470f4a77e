//! Whose the first nodes are: anybody's as ZooKeeper makes them, then the users'.
//!
//! `/` is the last of them: as long as it is open to anybody there is something to do, also for a start that
//! comes after one which has got only half of it done. Every change names the version of the ACL that it replaces,
//! so of several servers, or of a server and an operator, only one can win, and nothing is taken back that somebody
//! has set meanwhile.

use std::fmt::{self, Write};

use super::session::{SessionError, code};
use super::wire::{ALL, Acl, Entry};
use crate::auth::users::Users;

/// The nodes, in the order in which they change hands.
pub const PATHS: [&str; 3] = ["/zookeeper/quota", "/zookeeper", ROOT];

const ROOT: &str = "/";

/// How often somebody else may come first.
const ATTEMPTS: u32 = 10;

/// The nodes of a server, asked by somebody who has logged in.
pub trait Nodes {
    /// The ACL of a node.
    fn acl(&mut self, path: &str) -> Result<Acl, SessionError>;
    /// Replaces the ACL that has this version.
    fn set_acl(&mut self, path: &str, entries: &[Entry], version: i32) -> Result<(), SessionError>;
}

/// What is there to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The users have the nodes from now on.
    Taken,
    /// `/` is not open to anybody.
    NotNeeded,
    /// Somebody has set what anybody may do with `/`, and it is something: these permissions.
    PartlyOpen(Permissions),
    /// It is, and whoever only looks leaves it to another.
    Open,
}

/// What may be done with a node, as `getAcl` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions(i32);

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = [(2, 'c'), (3, 'd'), (0, 'r'), (1, 'w'), (4, 'a')];
        let granted = letters.iter().filter(|(bit, _)| self.0 & (1 << bit) != 0);
        granted
            .map(|(_, letter)| *letter)
            .try_for_each(|letter| f.write_char(letter))
    }
}

/// Whether `/` is still open to anybody.
pub fn look(nodes: &mut impl Nodes) -> Result<Outcome, SessionError> {
    Ok(match openness(nodes, ROOT)? {
        Openness::Wide(_) => Outcome::Open,
        Openness::Partly(permissions) => Outcome::PartlyOpen(permissions),
        Openness::None => Outcome::NotNeeded,
    })
}

/// Gives the nodes to the users, if `/` is still open to anybody.
pub fn take(nodes: &mut impl Nodes, users: &Users) -> Result<Outcome, SessionError> {
    let found = look(nodes)?;
    if found != Outcome::Open {
        return Ok(found);
    }
    let wanted: Vec<Entry> = users
        .iter()
        .map(|user| Entry {
            permissions: ALL,
            scheme: "sasl".to_owned(),
            id: user.name.to_string(),
        })
        .collect();
    let mut taken = false;
    for path in PATHS {
        taken = give(nodes, path, &wanted)?;
    }
    if taken {
        Ok(Outcome::Taken)
    } else {
        // Somebody else was there first, who may have left it partly open.
        look(nodes)
    }
}

/// Gives one node; whether it had to be.
fn give(nodes: &mut impl Nodes, path: &str, wanted: &[Entry]) -> Result<bool, SessionError> {
    let mut attempts = 0;
    loop {
        let Openness::Wide(version) = openness(nodes, path)? else {
            return Ok(false);
        };
        attempts += 1;
        match nodes.set_acl(path, wanted, version) {
            Ok(()) => return Ok(true),
            Err(error) if error.has_code(code::BAD_VERSION) && attempts < ATTEMPTS => {}
            Err(error) if is_of_others(&error) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
}

/// What an ACL lets anybody do.
enum Openness {
    /// Anything; the version of the ACL.
    Wide(i32),
    /// Something.
    Partly(Permissions),
    /// Nothing.
    None,
}

fn openness(nodes: &mut impl Nodes, path: &str) -> Result<Openness, SessionError> {
    let acl = match nodes.acl(path) {
        Err(error) if is_of_others(&error) => return Ok(Openness::None),
        acl => acl?,
    };
    let is_of_anybody = |entry: &&Entry| entry.scheme == "world" && entry.id == "anyone";
    let of_anybody = acl.entries.iter().filter(is_of_anybody);
    let permissions = of_anybody.fold(0, |all, entry| all | entry.permissions) & ALL;
    Ok(match permissions {
        ALL => Openness::Wide(acl.version),
        0 => Openness::None,
        some => Openness::Partly(Permissions(some)),
    })
}

/// Who may not even look has nothing to give away, nor has anybody what is not there.
fn is_of_others(error: &SessionError) -> bool {
    error.has_code(code::NO_AUTH) || error.has_code(code::NO_NODE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::UserName;
    use crate::variables::Secret;
    use std::collections::BTreeMap;

    /// What happens at a change, before it is made.
    type Interference = fn(&mut Fake, &str) -> Result<(), SessionError>;

    struct Fake {
        acls: BTreeMap<String, Acl>,
        interference: Interference,
        changes: Vec<String>,
    }

    fn entry(scheme: &str, id: &str, permissions: i32) -> Entry {
        Entry {
            permissions,
            scheme: scheme.to_owned(),
            id: id.to_owned(),
        }
    }

    fn fresh() -> Fake {
        let open = Acl {
            entries: vec![entry("world", "anyone", ALL)],
            version: -1,
        };
        Fake {
            acls: PATHS
                .map(|path| (path.to_owned(), open.clone()))
                .into_iter()
                .collect(),
            interference: |_, _| Ok(()),
            changes: Vec::new(),
        }
    }

    fn refused(code: i32) -> SessionError {
        SessionError::Refused {
            operation: "x",
            path: String::new(),
            code,
        }
    }

    impl Fake {
        fn shown(&self) -> String {
            let shown = |(path, acl): (&String, &Acl)| {
                let who =
                    |entry: &Entry| format!("{}:{}:{}", entry.scheme, entry.id, entry.permissions);
                let who: Vec<String> = acl.entries.iter().map(who).collect();
                format!("{path}={}", who.join("+"))
            };
            let all: Vec<String> = self.acls.iter().map(shown).collect();
            all.join(" ")
        }

        fn change(&mut self, path: &str, entries: Vec<Entry>) {
            let acl = self.acls.get_mut(path).unwrap();
            acl.version += 1;
            acl.entries = entries;
        }
    }

    impl Nodes for Fake {
        fn acl(&mut self, path: &str) -> Result<Acl, SessionError> {
            let acl = self.acls.get(path).cloned();
            let acl = acl.ok_or_else(|| refused(code::NO_NODE))?;
            if acl.entries.iter().any(|entry| entry.scheme == "digest") {
                return Err(refused(code::NO_AUTH));
            }
            Ok(acl)
        }

        fn set_acl(
            &mut self,
            path: &str,
            entries: &[Entry],
            version: i32,
        ) -> Result<(), SessionError> {
            (self.interference)(self, path)?;
            if self.acls[path].version != version {
                return Err(refused(code::BAD_VERSION));
            }
            self.changes.push(path.to_owned());
            self.change(path, entries.to_vec());
            Ok(())
        }
    }

    fn users() -> Users {
        let names = UserName::parse_list("a b").unwrap();
        Users::zip(&names, &Secret::new("x y")).unwrap()
    }

    const TAKEN: &str =
        "/=sasl:a:31+sasl:b:31 /zookeeper=sasl:a:31+sasl:b:31 /zookeeper/quota=sasl:a:31+sasl:b:31";

    #[test]
    fn what_is_open_is_given_to_all_users() {
        let mut fresh = fresh();
        assert_eq!(look(&mut fresh).unwrap(), Outcome::Open);
        assert_eq!(take(&mut fresh, &users()).unwrap(), Outcome::Taken);
        assert_eq!(fresh.changes, ["/zookeeper/quota", "/zookeeper", "/"]);
        assert_eq!(fresh.shown(), TAKEN);
        assert_eq!(take(&mut fresh, &users()).unwrap(), Outcome::NotNeeded);
        assert_eq!(look(&mut fresh).unwrap(), Outcome::NotNeeded);
        assert_eq!(fresh.changes.len(), 3);
    }

    #[test]
    fn what_somebody_has_set_stays() {
        for (entries, expected) in [
            (
                vec![entry("world", "anyone", 1)],
                Outcome::PartlyOpen(Permissions(1)),
            ),
            (
                vec![entry("world", "anyone", ALL - 16), entry("sasl", "c", ALL)],
                Outcome::PartlyOpen(Permissions(ALL - 16)),
            ),
            (vec![entry("world", "anyone", 0)], Outcome::NotNeeded),
            (vec![entry("sasl", "c", ALL)], Outcome::NotNeeded),
            (vec![entry("digest", "c:x", ALL)], Outcome::NotNeeded),
        ] {
            let mut there = fresh();
            there.change("/", entries);
            assert_eq!(look(&mut there).unwrap(), expected);
            assert_eq!(take(&mut there, &users()).unwrap(), expected);
            assert!(there.changes.is_empty());
        }
        for (permissions, shown) in [(1, "r"), (15, "cdrw"), (ALL, "cdrwa"), (24, "da")] {
            assert_eq!(Permissions(permissions).to_string(), shown);
        }
        let mut quota = fresh();
        quota.change("/zookeeper/quota", vec![entry("digest", "c:x", ALL)]);
        assert_eq!(take(&mut quota, &users()).unwrap(), Outcome::Taken);
        assert_eq!(quota.changes, ["/zookeeper", "/"]);
    }

    #[test]
    fn what_was_half_done_is_finished() {
        for failing in PATHS {
            let mut there = fresh();
            there.interference = match failing {
                "/" => |_, path| (path != "/").then_some(()).ok_or_else(|| refused(-4)),
                "/zookeeper" => |_, path| {
                    (path != "/zookeeper")
                        .then_some(())
                        .ok_or_else(|| refused(-4))
                },
                _ => |_, _| Err(refused(-4)),
            };
            let error = take(&mut there, &users()).unwrap_err();
            assert!(error.has_code(-4) && !error.is_final());
            there.interference = |_, _| Ok(());
            assert_eq!(take(&mut there, &users()).unwrap(), Outcome::Taken);
            assert_eq!(there.shown(), TAKEN, "{failing}");
        }
    }

    #[test]
    fn of_several_only_one_wins() {
        // Another server does the same a moment earlier.
        let mut another = fresh();
        another.interference = |fake, path| {
            fake.change(path, vec![entry("sasl", "z", ALL)]);
            Ok(())
        };
        assert_eq!(take(&mut another, &users()).unwrap(), Outcome::NotNeeded);
        assert!(another.changes.is_empty());
        assert!(another.shown().starts_with("/=sasl:z:31 "));
        // Somebody who leaves it open does not keep us from it.
        let mut still_open = fresh();
        still_open.interference = |fake, path| {
            if fake.acls[path].version < 2 {
                fake.change(path, vec![entry("world", "anyone", ALL)]);
            }
            Ok(())
        };
        assert_eq!(take(&mut still_open, &users()).unwrap(), Outcome::Taken);
        assert_eq!(still_open.shown(), TAKEN);
    }

    #[test]
    fn a_server_without_the_scheme_is_not_asked_for_ever() {
        let mut there = fresh();
        there.interference = |_, _| Err(refused(code::INVALID_ACL));
        assert!(take(&mut there, &users()).unwrap_err().is_final());
    }
}
