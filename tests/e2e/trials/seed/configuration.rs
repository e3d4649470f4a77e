//! Variables, a configuration file of one's own, one that was made and then edited, log files.

use std::fs;
use std::time::Duration;

use anyhow::{Context, ensure};
use e2e::engine::Container;
use e2e::images::{ImageId, World};
use e2e::wait::{Seen, until};
use libtest_mimic::Trial;

use super::Body;
use super::compose::example;
use super::promises::{
    AUTHENTICATION, AUTHENTICATION_UP, COMPOSE_RESTART, CONFIG_DIRECTORY, CONFIG_EDIT, CONFIG_FILE,
    CONFIG_MADE, HOST_UP, INIT_LIMIT, LOG_FILE, Promise, RESTART,
};
use super::shell::{COMPOSE_NEEDS, NEEDS, Shell};
use crate::server::{BOTH, START};
use crate::{Suite, contains, same};

/// A file that nobody would have made for the environment: other keys, another order, a comment.
const OWN_FILE: &str = "# of ours\nclientPort=2181\ntickTime=3000\ndataDir=/srv/data/zookeeper\ndataLogDir=/srv/datalog/zookeeper\n";

pub(super) fn trials(suite: &Suite) -> Vec<Trial> {
    let by_compose = "seed_edited_configuration_of_compose";
    let mut trials = suite.each(by_compose, BOTH, COMPOSE_NEEDS, edited_by_compose);
    let by_compose = "seed_authentication_of_compose";
    trials.extend(suite.each(by_compose, BOTH, COMPOSE_NEEDS, authentication_by_compose));
    for (name, body) in [
        ("seed_init_limit", init_limit as Body),
        ("seed_five_commands", nobody_decided),
        ("seed_configuration_file", configuration_file),
        ("seed_configuration_directory", configuration_directory),
        ("seed_edited_configuration", edited),
        ("seed_log_file", log_file),
        ("seed_authentication", authentication),
    ] {
        trials.extend(suite.each(name, BOTH, NEEDS, body));
    }
    trials
}

fn init_limit(world: &World, image: ImageId) -> anyhow::Result<()> {
    let shell = Shell::of_engine(world, image, "init")?;
    shell.run(INIT_LIMIT)?;
    let server = shell.container("zoo1")?;
    server.mode(START)?;
    contains(
        &server.file("/srv/conf/zookeeper/zoo.cfg")?,
        "initLimit=20\n",
    )
}

/// What becomes of the seed's own words where it forgot its variable: the container says what is missing,
/// and serves nobody.
fn nobody_decided(world: &World, image: ImageId) -> anyhow::Result<()> {
    let shell = Shell::of_engine(world, image, "undecided")?;
    let words = INIT_LIMIT
        .seed
        .replace("colovu/zookeeper:latest", "zookiln/zookeeper:3.6.1");
    shell.bash(&words).succeed()?;
    let server = shell.container("zoo1")?;
    until("the engine has started it again", START, || {
        let count = server.inspect("{{.RestartCount}}")?;
        Ok(match count.as_str() {
            "0" => Seen::NotYet(server.logs()?),
            _ => Seen::Yes(()),
        })
    })?;
    let log = server.logs()?;
    contains(&log, "ZOO_ALLOW_ANONYMOUS_LOGIN")?;
    contains(&log, "ZOO_ENABLE_AUTH")?;
    ensure!(!log.contains("QuorumPeerMain"), "it has started: {log}");
    Ok(())
}

fn configuration_file(world: &World, image: ImageId) -> anyhow::Result<()> {
    let shell = Shell::of_engine(world, image, "file")?;
    own_file(&shell, "zoo.cfg", CONFIG_FILE)
}

fn configuration_directory(world: &World, image: ImageId) -> anyhow::Result<()> {
    let shell = Shell::of_engine(world, image, "directory")?;
    own_file(&shell, "zookeeper/zoo.cfg", CONFIG_DIRECTORY)
}

/// It is in force, and not a byte of it changes. Somebody who writes it has decided about everything in it.
fn own_file(shell: &Shell, path: &str, promise: Promise) -> anyhow::Result<()> {
    let path = shell.write(path, OWN_FILE)?;
    shell.run(promise)?;
    let server = shell.container("zoo1")?;
    // Without a list of servers.
    same("mode", "standalone", &server.mode(START)?)?;
    shell.run(RESTART)?;
    same("mode", "standalone", &server.mode(START)?)?;
    same("the file", OWN_FILE, &fs::read_to_string(path)?)
}

fn edited(world: &World, image: ImageId) -> anyhow::Result<()> {
    let shell = Shell::of_engine(world, image, "edit")?;
    shell.run(CONFIG_MADE)?;
    edit_and_restart(&shell, RESTART)
}

fn edited_by_compose(world: &World, image: ImageId) -> anyhow::Result<()> {
    let file = example("docker-compose-host.yml");
    let shell = Shell::of_compose(world, image, "host-compose", &file)?;
    shell.run(HOST_UP)?;
    edit_and_restart(&shell, COMPOSE_RESTART)
}

/// The AdminServer says what is in force.
fn edit_and_restart(shell: &Shell, restart: Promise) -> anyhow::Result<()> {
    let server = shell.container("zoo1")?;
    server.mode(START)?;
    contains(&in_force(&server)?, "\"tick_time\" : 2000")?;
    let (_, path) = CONFIG_EDIT
        .ours
        .split_once(' ')
        .context("editor and file")?;
    let path = shell.path(path);
    let made = fs::read_to_string(&path)?;
    contains(&made, "tickTime=2000\n")?;
    let edit = made.replace("tickTime=2000\n", "tickTime=3000\n");
    fs::write(&path, &edit)?;

    shell.run(restart)?;

    server.mode(START)?;
    contains(&in_force(&server)?, "\"tick_time\" : 3000")?;
    same("the file", edit, fs::read_to_string(&path)?)
}

fn in_force(server: &Container) -> anyhow::Result<String> {
    let url = "http://localhost:8080/commands/configuration";
    until("the AdminServer answers", Duration::from_secs(20), || {
        let page = server.exec(["wget", "-q", "-O", "-", url])?;
        Ok(match page.code {
            0 => Seen::Yes(page.stdout),
            _ => Seen::NotYet(page.said()),
        })
    })
}

/// The log is in the file, and nothing of it on the console.
fn log_file(world: &World, image: ImageId) -> anyhow::Result<()> {
    let shell = Shell::of_engine(world, image, "log")?;
    shell.run(LOG_FILE)?;
    let server = shell.container("zoo1")?;
    server.mode(START)?;
    let path = shell.path("/host/dir/to/log/zookeeper/zookeeper.log");
    contains(&fs::read_to_string(path)?, "LEADER ELECTION TOOK")?;
    let log = server.logs()?;
    ensure!(!log.contains("INFO  ["), "on the console, too: {log}");
    Ok(())
}

/// It stays in the foreground, as it is written; the user that it names gets in, and nobody else.
fn authentication(world: &World, image: ImageId) -> anyhow::Result<()> {
    let shell = Shell::of_engine(world, image, "authentication")?;
    std::thread::scope(|scope| {
        let terminal = scope.spawn(|| shell.at_terminal(AUTHENTICATION, 143));
        let checked = user_gets_in(&shell).context(AUTHENTICATION.ours);
        // Without this the terminal would stay for ever.
        let stopped = shell.bash("docker stop zoo1").finish();
        let log = terminal
            .join()
            .map_err(|_| anyhow::anyhow!("it panicked"))?;
        checked?;
        stopped?;
        let log = log?;
        ensure!(!log.contains("pass4user"), "the log tells it: {log}");
        Ok(())
    })
}

fn authentication_by_compose(world: &World, image: ImageId) -> anyhow::Result<()> {
    let file = example("docker-compose-auth.yml");
    let shell = Shell::of_compose(world, image, "auth-compose", &file)?;
    shell.run(AUTHENTICATION_UP)?;
    user_gets_in(&shell)
}

/// The container is made by somebody else, who may not have come to it yet.
fn user_gets_in(shell: &Shell) -> anyhow::Result<()> {
    let server = until("there is a container", START, || {
        let server = shell.container("zoo1")?;
        Ok(match server.inspect("{{.State.Running}}") {
            Ok(state) if state == "true" => Seen::Yes(server),
            state => Seen::NotYet(format!("{state:?}")),
        })
    })?;
    server.mode(START)?;
    until("the first nodes are the users'", START, || {
        let log = server.logs()?;
        Ok(match log.contains("from now on for user1, user2 only") {
            true => Seen::Yes(()),
            false => Seen::NotYet(log),
        })
    })?;
    let said = server.exec(["zkCli.sh", "create", "/by-user1", "x"])?;
    same("exit status of user1", 0, said.code).with_context(|| said.said())?;
    let mistyped = "ZOO_CLIENT_PASSWORD=mistyped zkCli.sh ls /";
    let said = server.exec(["sh", "-c", mistyped])?;
    same("exit status with another password", 1, said.code).with_context(|| said.said())
}
