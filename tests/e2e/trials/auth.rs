//! Clients and servers that must show a password: SASL with DIGEST-MD5.

mod clients;
mod kept;
mod quorum;
mod secrets;

use std::time::Duration;

use anyhow::ensure;
use e2e::command::{Finished, call};
use e2e::engine::{Container, Network, Run, container};
use e2e::images::{ImageId, World};
use e2e::need::{KAZOO, Need, PS, PURE_SASL};
use e2e::wait::{Seen, until};
use libtest_mimic::Trial;

use crate::Suite;
use crate::server::{START, small};

const NEEDS: &[Need] = &[Need::Engine, Need::Root, PS, KAZOO, PURE_SASL];

/// Two users, and what a quoted string of a JAAS file must escape in their passwords.
const USERS: [User; 2] = [
    User {
        name: "user1",
        password: r#"pa"ss4user1"#,
    },
    User {
        name: "user2",
        password: r"pa\ss4user2",
    },
];

/// What nobody may read who is not meant to.
const SECRET: &str = "ss4user";

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    [
        clients::trials(suite),
        secrets::trials(suite),
        quorum::trials(suite),
        kept::trials(suite),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Somebody who may log in.
#[derive(Debug, Clone, Copy)]
struct User {
    name: &'static str,
    password: &'static str,
}

impl User {
    const fn with(self, password: &'static str) -> Self {
        Self { password, ..self }
    }
}

/// The variables that ask for a password.
fn asking(run: Run) -> Run {
    let list = |of: fn(&User) -> &'static str| USERS.each_ref().map(of).join(",");
    run.env("ZOO_ENABLE_AUTH", "yes")
        .env("ZOO_SERVER_USERS", &list(|user| user.name))
        .env("ZOO_SERVER_PASSWORDS", &list(|user| user.password))
}

/// The variables of a client.
fn logging_in(run: Run, user: Option<User>) -> Run {
    match user {
        None => run,
        Some(User { name, password }) => run
            .env("ZOO_CLIENT_USER", name)
            .env("ZOO_CLIENT_PASSWORD", password),
    }
}

/// A server that asks, and whose container logs in as the first user.
fn server(world: &World, image: ImageId) -> anyhow::Result<Run> {
    Ok(logging_in(asking(small(world, image)?), Some(USERS[0])))
}

/// `zkCli.sh` in a container of its own.
fn client(
    world: &World,
    image: ImageId,
    network: &Network,
    (user, command): (Option<User>, &str),
) -> anyhow::Result<Finished> {
    let words = ["zkCli.sh", "-server", "zoo1:2181"].into_iter();
    logging_in(container(world.loaded(image)?), user)
        .options(["--rm", "--network", network.name()])
        .words(words.chain(command.split(' ')))
        .finish()
}

/// A client that is neither ours nor Java's: it creates a node and reads it.
fn kazoo(server: &Container, user: User, path: &str) -> anyhow::Result<Finished> {
    const PROGRAM: &str = r#"
import os, sys
from kazoo.client import KazooClient
address, user, path = sys.argv[1:]
login = {"mechanism": "DIGEST-MD5", "username": user, "password": os.environ["PASSWORD"]}
client = KazooClient(hosts=address, sasl_options=login)
client.start(timeout=30)
client.create(path, b"by kazoo")
print(client.get(path)[0].decode())
client.stop()
"#;
    // Not the first Python on the PATH, which may not be Debian's.
    call("/usr/bin/python3")
        .args(["-c", PROGRAM, &server.address(2181)?.to_string()])
        .args([user.name, path])
        .env("PASSWORD", user.password)
        .finish()
}

/// Waits until the first nodes are the users', whoever has given them.
fn nodes_are_taken(server: &Container) -> anyhow::Result<()> {
    notes(server, "from now on for user1, user2 only")
}

/// Waits until the entrypoint has said something since the container was started.
fn notes(server: &Container, text: &str) -> anyhow::Result<()> {
    until(text, START, || {
        let notes = server.notes()?;
        Ok(match notes.iter().any(|note| note.contains(text)) {
            true => Seen::Yes(()),
            false => Seen::NotYet(format!("{notes:?}\n{}", server.logs()?)),
        })
    })
}

/// Whether this release refuses a client that does not log in; an older one has nothing but ACLs.
fn refuses_anonymous(image: ImageId) -> bool {
    !["3.5.7", "3.5.8"].contains(&image.version)
}

/// Somebody who has not logged in reads no node that is there from the beginning.
fn anonymous_is_refused(server: &Container, image: ImageId) -> anyhow::Result<()> {
    for path in ["/", "/zookeeper"] {
        let session = e2e::znodes::Session::open(server.address(2181)?);
        let found = session.and_then(|mut session| session.get(path));
        let error = match found {
            Ok(found) => anyhow::bail!("anybody reads {path}: {found:?}"),
            Err(error) => format!("{error:#}"),
        };
        // -102: the ACL; else the session has ended, with a word or without.
        let by_acl = error.contains("error -102");
        ensure!(by_acl != refuses_anonymous(image), "{path}: {error}");
    }
    Ok(())
}

/// Longer than a client takes that cannot log in.
const PATIENCE: Duration = Duration::from_secs(90);
