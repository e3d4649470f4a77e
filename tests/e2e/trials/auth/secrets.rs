//! Where passwords come from, and where they are not to be seen.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use e2e::ask;
use e2e::engine::Container;
use e2e::images::{ImageId, VERSIONS, Variant, World, distroless, full};
use libtest_mimic::Trial;

use super::{NEEDS, SECRET, USERS, nodes_are_taken};
use crate::server::{START, small};
use crate::{Suite, contains, same};

/// Where a container keeps what it has written itself.
const WRITTEN: [&str; 6] = ["dev/shm", "etc", "run", "srv", "tmp", "var"];

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
        let words = ["zkCli.sh", "create", &format!("/by-{user}"), "x"];
        let created = server.exec_as(user, words)?;
        let expected = i32::from(owner == 1000 && user == "0" && cannot_read(&created.said()));
        same(user, expected, created.code).with_context(|| created.said())?;
    }
    nobody_is_told(&server)
}

/// Root without capabilities is kept from a file of others; here it has them.
fn cannot_read(said: &str) -> bool {
    said.contains("cannot be read")
}

fn nobody_is_told(server: &Container) -> anyhow::Result<()> {
    let tells = |what: &str, text: &str| -> anyhow::Result<()> {
        ensure!(!text.contains(SECRET), "{what} tells it:\n{text}");
        Ok(())
    };
    tells("the log", &server.logs()?)?;
    tells(
        "the list of processes",
        &format!("{:?}", server.processes()?),
    )?;
    tells(
        "print-cmd",
        &server.exec(["zkServer.sh", "print-cmd"])?.said(),
    )?;
    let admin = server.address(8080)?;
    let commands = ask::page(admin, "/commands")?.body;
    let commands: Vec<&str> = (commands.split('"'))
        .filter(|part| part.starts_with("/commands/"))
        .collect();
    ensure!(commands.len() > 10, "the commands are {commands:?}");
    for command in commands {
        tells(command, &ask::page(admin, command)?.body)?;
    }

    let java = server.server()?;
    let root = PathBuf::from(format!("/proc/{}/root", java.pid));
    let (_, path) = (java
        .command
        .split_once("-Djava.security.auth.login.config="))
    .context("the server has no JAAS file")?;
    let path = path.split(' ').next().unwrap_or_default();
    let jaas = root.join(path.trim_start_matches('/'));
    let metadata = fs::metadata(&jaas).with_context(|| path.to_owned())?;
    same("mode of the JAAS file", 0o400, metadata.mode() & 0o7777)?;
    same("owner of the JAAS file", java.uid, metadata.uid())?;
    contains(&fs::read_to_string(&jaas)?, SECRET)?;
    for directory in WRITTEN {
        readable_files(&root.join(directory), &mut |file| {
            let content = fs::read(file)?;
            let secret = SECRET.as_bytes();
            let is_told = content.windows(secret.len()).any(|part| part == secret);
            ensure!(!is_told, "anybody can read it in {}", file.display());
            Ok(())
        })?;
    }
    Ok(())
}

/// Every file below a directory that anybody may read.
fn readable_files(
    directory: &Path,
    look: &mut impl FnMut(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            readable_files(&entry.path(), look)?;
        } else if metadata.is_file() && metadata.mode() & 0o004 != 0 {
            look(&entry.path())?;
        }
    }
    Ok(())
}
