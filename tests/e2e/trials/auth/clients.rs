//! Users in the container, in another one, from outside; and those who are none.

use anyhow::{Context, ensure};
use e2e::command::Finished;
use e2e::engine::Network;
use e2e::images::{ImageId, VERSIONS, World, distroless, full};
use libtest_mimic::Trial;

use super::{
    NEEDS, USERS, anonymous_is_refused, asking, client, kazoo, nodes_are_taken, notes,
    refuses_anonymous, server,
};
use crate::lines::OTHERS;
use crate::server::{BOTH, START, refused, small, warns};
use crate::{Suite, contains, same};

pub(super) fn trials(suite: &Suite) -> Vec<Trial> {
    let mixed = [full(VERSIONS[0]), distroless(VERSIONS[1])];
    let every_line = BOTH.into_iter().chain(OTHERS);
    [
        suite.each("s19_users", every_line, NEEDS, s19_users),
        suite.each("s19_wrong", mixed, NEEDS, s19_wrong),
        suite.each("s19_anonymous_as_well", mixed, NEEDS, s19_anonymous_as_well),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn succeeds(what: &str, finished: &Finished) -> anyhow::Result<()> {
    same(what, 0, finished.code).with_context(|| finished.said())
}

fn fails(what: &str, finished: &Finished) -> anyhow::Result<()> {
    same(what, 1, finished.code).with_context(|| finished.said())
}

fn s19_users(world: &World, image: ImageId) -> anyhow::Result<()> {
    let network = Network::create()?;
    let server = server(world, image)?.network(&network, "zoo1").start()?;
    same("mode", "leader", &server.mode(START)?)?;
    nodes_are_taken(&server)?;
    if !refuses_anonymous(image) {
        warns(&server, &["only ACLs protect"])?;
    }

    let created = server.exec(["zkCli.sh", "create", "/own", "by-user1"])?;
    succeeds("user1 in the container", &created)?;
    let read = client(world, image, &network, (Some(USERS[1]), "get /own"))?;
    succeeds("user2 in another container", &read)?;
    contains(&read.stdout, "by-user1")?;
    // Both have everything, also the right to say who has.
    let acl = client(
        world,
        image,
        &network,
        (Some(USERS[1]), "getAcl /zookeeper/quota"),
    )?;
    contains(&acl.stdout, "'sasl,'user1\n: cdrwa\n'sasl,'user2\n: cdrwa")?;

    let wrong = Some(USERS[1].with("mistyped"));
    fails(
        "a wrong password",
        &client(world, image, &network, (wrong, "ls /"))?,
    )?;
    fails("nobody", &client(world, image, &network, (None, "ls /"))?)?;
    anonymous_is_refused(&server, image)?;

    let outside = kazoo(&server, USERS[1], "/kazoo")?;
    succeeds("kazoo", &outside)?;
    same("what kazoo reads", "by kazoo\n", &outside.stdout)?;
    let outside = kazoo(&server, USERS[1].with("mistyped"), "/mistyped")?;
    ensure!(outside.code != 0, "kazoo gets in: {}", outside.said());

    // What is done is not done again, nor forgotten.
    server.restart()?;
    notes(&server, "the node / is not open to anybody")?;
    let read = server.exec(["zkCli.sh", "get", "/own"])?;
    succeeds("user1 after a restart", &read)?;
    anonymous_is_refused(&server, image)
}

/// Everything that is wrong is said at once, and no password with it.
fn s19_wrong(world: &World, image: ImageId) -> anyhow::Result<()> {
    let none = small(world, image)?.env("ZOO_ENABLE_AUTH", "yes");
    refused(none, &["ZOO_ENABLE_AUTH=yes needs ZOO_SERVER_USERS"])?;
    let several = small(world, image)?
        .env("ZOO_ENABLE_AUTH", "yes")
        .env("ZOO_SERVER_USERS", "user1,user2")
        .env("ZOO_SERVER_PASSWORDS", "only-one")
        .env("ZOO_CLIENT_USER", "user1")
        .env("ZOO_CLIENT_PASSWORD", "${only-two}")
        .env("ZOO_TICK_TIME", "0");
    let errors = refused(
        several,
        &[
            "ZOO_SERVER_USERS has 2 users and ZOO_SERVER_PASSWORDS has 1 password",
            "ZOO_CLIENT_PASSWORD: the password of user1 contains `${`",
            "ZOO_TICK_TIME",
        ],
    )?;
    same("errors", 3, errors.len())?;
    let said = errors.join("\n");
    ensure!(!said.contains("only-"), "an error tells a password: {said}");
    // A switch that is not ours was meant to be.
    let mistyped = asking(small(world, image)?.anonymous()).env("ZOO_ENABLE_AUHT", "yes");
    refused(mistyped, &["ZOO_ENABLE_AUHT"]).map(drop)
}

/// Who may come without a password is still kept from the first nodes. Nobody says there who leads.
fn s19_anonymous_as_well(world: &World, image: ImageId) -> anyhow::Result<()> {
    let server = asking(small(world, image)?.anonymous())
        .env("ZOO_4LW_COMMANDS_WHITELIST", "ruok")
        .env("ZOO_SUPER_USER_PASSWORD", "super-secret")
        .start()?;
    nodes_are_taken(&server)?;
    warns(
        &server,
        &["ZOO_ENABLE_AUTH", "ZOO_ALLOW_ANONYMOUS_LOGIN", "need not"],
    )?;
    let anonymous = server.exec(["zkCli.sh", "ls", "/"])?;
    fails("anybody at /", &anonymous)?;
    contains(&anonymous.said(), "Authentication is not valid")?;
    let script = "addauth digest super:super-secret\ncreate /for-all x world:anyone:cdrwa\nquit\n";
    contains(
        &server.exec_on(script, ["zkCli.sh"])?.said(),
        "Created /for-all",
    )?;
    let read = server.exec(["zkCli.sh", "get", "/for-all"])?;
    succeeds("anybody at a node of his", &read)
}
