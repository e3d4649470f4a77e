//! Where passwords come from, and where they are not to be seen.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::PathBuf;

use anyhow::{Context, ensure};
use e2e::ask;
use e2e::engine::Container;
use e2e::images::{ImageId, VERSIONS, Variant, World, distroless, full};
use libtest_mimic::Trial;

use super::{NEEDS, SECRET, USERS, nodes_are_taken};
use crate::exposure::tells_nobody;
use crate::server::{START, small};
use crate::{Suite, contains, same};

pub(super) fn trials(suite: &Suite) -> Vec<Trial> {
    let mixed = [full(VERSIONS[0]), distroless(VERSIONS[1])];
    suite.each(
        "s19_s35_passwords_in_files",
        mixed,
        NEEDS,
        passwords_in_files,
    )
}

/// As Docker and Kubernetes lay them out: for root only, or for the user of the container.
fn passwords_in_files(world: &World, image: ImageId) -> anyhow::Result<()> {
    let directory = world.directory(&format!("s19-files-{image}"))?;
    let owner = match image.variant {
        Variant::Full => 0,
        Variant::Distroless => 1000,
    };
    let file = |name: &str, content: &str| -> anyhow::Result<()> {
        let path = directory.join(name);
        fs::write(&path, content)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400))?;
        Ok(chown(&path, Some(owner), Some(owner))?)
    };
    let passwords = USERS.map(|user| user.password).join("\n");
    file("passwords", &format!("{passwords}\n"))?;
    file("password", &format!("{}\n", USERS[0].password))?;
    let server = small(world, image)?
        .bind_read_only(&directory, "/secrets")
        .env("ZOO_ENABLE_AUTH", "yes")
        .env("ZOO_SERVER_USERS", "user1 user2")
        .env("ZOO_SERVER_PASSWORDS_FILE", "/secrets/passwords")
        .env("ZOO_CLIENT_USER", "user1")
        .env("ZOO_CLIENT_PASSWORD_FILE", "/secrets/password")
        .start()?;
    same("mode", "leader", &server.mode(START)?)?;
    nodes_are_taken(&server)?;
    // The user of the server cannot read the file of root, but finds what the server has made of it.
    for user in ["0", "1000"] {
        let node = format!("/by-{user}");
        let created = server.exec_as(user, ["zkCli.sh", "create", &node, "x"])?;
        same(user, 0, created.code).with_context(|| created.said())?;
    }
    nobody_is_told(&server)
}

fn nobody_is_told(server: &Container) -> anyhow::Result<()> {
    tells_nobody(server, SECRET)?;
    // Nothing of it is among the properties, so anybody may ask for those.
    ensure!(ask::listens(server.address(8080)?), "nobody may ask");
    let java = server.server()?;
    let root = PathBuf::from(format!("/proc/{}/root", java.pid));
    let (_, path) = (java
        .command
        .split_once("-Djava.security.auth.login.config="))
    .context("the server has no JAAS file")?;
    let path = path.split(' ').next().unwrap_or_default();
    // The link /var/run would be followed to this machine's own.
    let path = path.replacen("/var/run/", "/run/", 1);
    let jaas = root.join(path.trim_start_matches('/'));
    let metadata = fs::metadata(&jaas).with_context(|| path.clone())?;
    same("mode of the JAAS file", 0o400, metadata.mode() & 0o7777)?;
    same("owner of the JAAS file", java.uid, metadata.uid())?;
    contains(&fs::read_to_string(&jaas)?, SECRET)
}
