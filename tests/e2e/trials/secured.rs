//! The compose files of examples/compose that are secured: by passwords, by certificates. What has to be made before
//! is made by the commands that stand in them.

use std::fs;
use std::io::{Seek, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use e2e::compose::{Project, examples};
use e2e::engine::Container;
use e2e::images::{ImageId, VERSIONS, World, distroless, full};
use e2e::need::{Need, OPENSSL_TOOL, PS};
use e2e::wait::{Seen, until};
use e2e::znodes::Session;
use libtest_mimic::Trial;

use crate::examples::{SERVICES, leads_two, only_warns_of, only_warns_of_the_beginning};
use crate::server::{keeps, write};
use crate::{Suite, contains, same};

const NEEDS: &[Need] = &[Need::Engine, Need::Root, Need::Compose, PS, OPENSSL_TOOL];

/// Until the first user owns the first nodes.
const TAKEN_OVER: Duration = Duration::from_secs(60);

/// The key of a client and its certificate, for whoever is in the directory of the compose file.
const CLIENT: &str = "secrets/client.pem";

/// What the oldest versions cannot do, and say.
const OPEN_SESSIONS: &str = "ZOO_ENABLE_AUTH";

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    let mixed = [full(VERSIONS[0]), distroless(VERSIONS[1])];
    let others = [distroless(VERSIONS[0]), full(VERSIONS[1])];
    [
        suite.each("example_compose_sasl", mixed, NEEDS, sasl),
        suite.each("example_compose_tls", others, NEEDS, tls),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Runs what the comment at the beginning of a compose file tells to type, but for Compose itself.
fn make_ready(project: &Project, file: &Path) -> anyhow::Result<()> {
    let text = fs::read_to_string(file)?;
    let commands: Vec<&str> = (text.lines())
        .map_while(|line| line.strip_prefix('#'))
        .filter_map(|line| line.strip_prefix("   "))
        .filter(|command| !command.starts_with("docker-compose"))
        .collect();
    ensure!(!commands.is_empty(), "no command in {}", file.display());
    project
        .here("sh")
        .args(["-euc", &commands.join("\n")])
        .succeed()?;
    Ok(())
}

fn sasl(world: &World, image: ImageId) -> anyhow::Result<()> {
    let directory = world.directory(&format!("sasl-{image}"))?;
    let file = examples("compose").join("cluster-sasl.yml");
    let project = Project::copy(&file, &directory, world.loaded(image)?)?;
    make_ready(&project, &file)?;
    project.up()?;
    let servers = project.containers(SERVICES)?;
    leads_two(&servers)?;
    refuses_strangers(&servers[0])?;

    let created = servers[0].exec(["zkCli.sh", "create", "/sasl", "by-app"])?;
    same("exit status of create", 0, created.code).context(created.said())?;
    let read = servers[2].exec(["zkCli.sh", "get", "/sasl"])?;
    contains(&read.said(), "by-app")?;
    let mut log = String::new();
    for server in &servers {
        only_warns_of(server, &["is empty and there are 3 servers", OPEN_SESSIONS])?;
        log.push_str(&server.logs()?);
        for process in server.processes()? {
            log.push_str(&process.command);
        }
    }
    contains(&log, "authentication using SASL")?;
    for name in ["app-password", "admin-password", "quorum-password"] {
        let password = fs::read_to_string(directory.join("secrets").join(name))?;
        ensure!(!log.contains(password.trim()), "{name} is told");
    }
    Ok(())
}

fn tls(world: &World, image: ImageId) -> anyhow::Result<()> {
    let directory = world.directory(&format!("tls-{image}"))?;
    let file = examples("compose").join("cluster-tls.yml");
    let project = Project::copy(&file, &directory, world.loaded(image)?)?;
    make_ready(&project, &file)?;
    project.up()?;
    let servers = project.containers(SERVICES)?;
    leads_two(&servers)?;
    write(&servers[0], "/tls", "written-on-one")?;
    keeps(&servers[2], "/tls", "written-on-one")?;
    for (server, name) in servers.iter().zip(SERVICES) {
        only_warns_of_the_beginning(server)?;
        let log = server.logs()?;
        contains(&log, "Using TLS encrypted quorum communication")?;
        let key = fs::read_to_string(directory.join("secrets").join(format!("{name}.pem")))?;
        let key = key.lines().nth(1).context("a key of one line")?;
        ensure!(!log.contains(key), "{name} tells its key");

        let address = project.published(name, 3181)?;
        let asked = asked_encrypted(&project, address, &["-verify_hostname", name])?;
        let client = ["-verify_hostname", name, "-cert", CLIENT, "-key", CLIENT];
        ensure!(
            !asked.contains("Mode: "),
            "{name} answers a client without a certificate"
        );
        contains(&asked_encrypted(&project, address, &client)?, "Mode: ")?;
    }
    // Nothing but the encrypted port is for the host.
    let ports = servers[0].inspect("{{json .HostConfig.PortBindings}}")?;
    ensure!(!ports.contains("2181"), "{ports}");
    Ok(())
}

/// The answer to `srvr` over TLS. The server has to prove that it is called so.
fn asked_encrypted(
    project: &Project,
    address: SocketAddr,
    options: &[&str],
) -> anyhow::Result<String> {
    let mut word = tempfile::tempfile()?;
    word.write_all(b"srvr")?;
    word.rewind()?;
    let asked = project
        .here("openssl")
        .args(["s_client", "-quiet", "-connect", &address.to_string()])
        .args(["-verify_return_error", "-CAfile", "secrets/authority.pem"])
        .args(options)
        .input(word)
        .finish()?;
    Ok(asked.said())
}

/// Waits until somebody who has not logged in gets a session and can write nothing any more.
pub(crate) fn refuses_strangers(server: &Container) -> anyhow::Result<()> {
    let mut attempts = 0..;
    until("strangers are refused", TAKEN_OVER, || {
        let path = format!("/by-stranger-{}", attempts.next().unwrap_or_default());
        let mut stranger = match Session::open(server.address(2181)?) {
            Ok(stranger) => stranger,
            Err(error) => return Ok(Seen::NotYet(format!("{error:#}"))),
        };
        // The ACL refuses, or the session ends.
        Ok(match stranger.create(&path, b"nobody knows whose") {
            Ok(()) => Seen::NotYet(format!("{path} was written")),
            Err(_) => Seen::Yes(()),
        })
    })
}
