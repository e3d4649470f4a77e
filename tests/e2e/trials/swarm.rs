//! `docker stack deploy` of examples/swarm.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use e2e::ask;
use e2e::command::call;
use e2e::compose::{IMAGE, examples};
use e2e::engine::{Container, docker, unique};
use e2e::images::{ImageId, VERSIONS, World, distroless, full};
use e2e::markdown::fences;
use e2e::need::{Need, PS};
use e2e::swarm::Stack;
use e2e::wait::{Seen, until};
use e2e::znodes::Session;
use libtest_mimic::Trial;

use crate::examples::{leads_two, only_warns_of_the_beginning};
use crate::server::START;
use crate::{Suite, contains, same};

const NEEDS: &[Need] = &[Need::Engine, PS];

/// Three JVMs at once, and an engine that looks every 10 s how they are.
const DEPLOYMENT: Duration = Duration::from_secs(150);

const SERVICES: [&str; 3] = ["zoo1", "zoo2", "zoo3"];

const PASSWORD: &str = "never-in-a-log";

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    let mixed = [distroless(VERSIONS[0]), full(VERSIONS[1])];
    suite.each("s34_stack", mixed, NEEDS, s34_stack)
}

/// A name for an image that the engine knows by its number only, which a service cannot have.
struct Tag(String);

impl Tag {
    fn set(image: &str) -> anyhow::Result<Self> {
        let tag = format!("{}:latest", unique("image"));
        docker(["tag", image, &tag]).succeed()?;
        Ok(Self(tag))
    }
}

impl Drop for Tag {
    fn drop(&mut self) {
        let _ = docker(["image", "rm", &self.0]).finish();
    }
}

fn s34_stack(world: &World, image: ImageId) -> anyhow::Result<()> {
    let directory = world.directory(&format!("s34-{image}"))?;
    let tag = Tag::set(world.loaded(image)?)?;
    let newer = Tag::set(world.loaded(image)?)?;
    let swarm = world.swarm()?;
    let password = directory.join("password");
    fs::write(&password, PASSWORD)?;
    let secret = unique("secret");
    let _secret = swarm.secret(&secret, &password)?;

    let mut text = fs::read_to_string(examples("swarm").join("stack.yml"))?
        .replace(IMAGE, &tag.0)
        // The name of it in the swarm; containers see it under the old one.
        .replace(
            "external: true",
            &format!("external: true\n    name: {secret}"),
        );
    let published = (2181..).take(3).map(|port| {
        let own = free_port()?;
        let line = format!("published: {port},");
        contains(&text, &line)?;
        text = text.replace(&line, &format!("published: {own},"));
        Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, own)))
    });
    let published = published.collect::<anyhow::Result<Vec<_>>>()?;
    let file = directory.join("stack.yml");
    fs::write(&file, placed(&text)?)?;

    let stack = swarm.deploy(&file)?;
    let servers = SERVICES
        .map(|name| stack.healthy(name, &[], DEPLOYMENT))
        .into_iter()
        .collect::<anyhow::Result<Vec<_>>>()?;
    serves(&servers, &published)?;
    comes_back(&stack, &servers, &published, &newer.0)?;
    stack.remove()
}

fn serves(servers: &[Container], published: &[SocketAddr]) -> anyhow::Result<()> {
    leads_two(servers)?;
    for address in published {
        contains(&ask::word(*address, "srvr")?, "Mode: ")?;
    }
    write(published[0], "/s34", "written-on-one")?;
    keeps(published[2], "/s34", "written-on-one")?;
    for server in servers {
        only_warns_of_the_beginning(server)?;
        anyhow::ensure!(
            !server.logs()?.contains(PASSWORD),
            "the log tells the password"
        );
    }
    let script = format!("addauth digest super:{PASSWORD}\ncreate /zookeeper/by-super\nquit\n");
    let said = servers[1].exec_on(&script, ["zkCli.sh"])?.said();
    contains(&said, "Created /zookeeper/by-super")
}

/// The swarm marks nodes and upgrades as the page says. A task that it replaces has another container and another
/// address.
fn comes_back(
    stack: &Stack<'_>,
    servers: &[Container],
    published: &[SocketAddr],
    newer: &str,
) -> anyhow::Result<()> {
    let upgrade = typed("docker service update", |text| {
        text.replace("zookeeper_zoo1", &stack.service("zoo1"))
            .replace(IMAGE, newer)
    })?;
    let (update, status) = (upgrade.split_once('\n')).context("an update and a look at it")?;
    call("sh").args(["-euc", update]).succeed()?;
    let updated = stack.healthy("zoo1", &[&servers[0]], DEPLOYMENT)?;
    same("image", newer, &updated.inspect("{{.Config.Image}}")?)?;
    until("the page's look finds a mode", START, || {
        let said = call("sh").args(["-euc", status]).finish()?.said();
        Ok(match said.contains("Mode: ") {
            true => Seen::Yes(()),
            false => Seen::NotYet(said),
        })
    })?;
    keeps(published[0], "/s34", "written-on-one")?;

    servers[2].kill()?;
    let replaced = stack.healthy("zoo3", &[&servers[2]], DEPLOYMENT)?;
    replaced.mode(START).context("after a loss")?;
    write(published[0], "/s34-later", "written-on-one")?;
    keeps(published[2], "/s34-later", "written-on-one")?;
    same(
        "myid",
        "3\n",
        replaced.file("/srv/data/zookeeper/myid")?.as_str(),
    )
}

/// The block of the page that begins so, with the names that things have here.
fn typed(begin: &str, own: impl Fn(&str) -> String) -> anyhow::Result<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations/swarm.md");
    let blocks = fences(&fs::read_to_string(page)?)?;
    let block = (blocks.iter())
        .find(|block| block.text.starts_with(begin))
        .with_context(|| format!("no block of the page begins with `{begin}`"))?;
    Ok(own(block.text.trim_end()))
}

/// Marks the one node that there is, and has the first server come to where the mark is.
fn placed(text: &str) -> anyhow::Result<String> {
    let node = docker(["info", "--format", "{{.Swarm.NodeID}}"]).stdout()?;
    let mark = typed("docker node update", |text| text.replace("NODE", &node))?;
    call("sh").args(["-euc", &mark]).succeed()?;
    let constraint = r#"placement: {constraints: ["node.labels.zookeeper == 1"]}"#;
    let remark = format!("#{constraint}");
    contains(text, &remark)?;
    Ok(text.replace(&remark, constraint))
}

/// Writes where a server is published: the host has no way to the addresses of a swarm's containers.
fn write(address: SocketAddr, path: &str, value: &str) -> anyhow::Result<()> {
    session(address)?.create(path, value.as_bytes())
}

fn keeps(address: SocketAddr, path: &str, value: &str) -> anyhow::Result<()> {
    let read = session(address)?.get(path)?;
    same(path, Some(value.as_bytes()), read.as_deref())
}

/// An election that another has begun can throw a server out for a moment.
fn session(address: SocketAddr) -> anyhow::Result<Session> {
    until("there is a session", START, || {
        Ok(match Session::open(address) {
            Ok(session) => Seen::Yes(session),
            Err(error) => Seen::NotYet(format!("{error:#}")),
        })
    })
}

/// One that nobody has at the moment.
fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    Ok(listener.local_addr()?.port())
}
