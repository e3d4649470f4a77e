//! Where a secret must not be seen: in the log, among the processes, on port 8080, in files that anybody may read.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use e2e::ask;
use e2e::engine::Container;

use crate::server::page;

/// Where a container keeps what it has written itself.
const WRITTEN: [&str; 8] = ["dev/shm", "etc", "home", "root", "run", "srv", "tmp", "var"];

/// How the AdminServer is kept for the container alone.
const ON_LOOPBACK: &str = "-Dzookeeper.admin.serverAddress=127.0.0.1";

/// Looks everywhere, from outside and as root of the host.
pub(crate) fn tells_nobody(server: &Container, secret: &str) -> anyhow::Result<()> {
    let hides = |what: &str, text: &str| -> anyhow::Result<()> {
        ensure!(!text.contains(secret), "{what} tells it:\n{text}");
        Ok(())
    };
    hides("the log", &server.logs()?)?;
    hides(
        "the list of processes",
        &format!("{:?}", server.processes()?),
    )?;
    hides(
        "print-cmd",
        &server.exec(["zkServer.sh", "print-cmd"])?.said(),
    )?;
    let admin = server.address(8080)?;
    let process = server.server()?;
    // What a JVM has among its properties nobody may ask for from outside.
    if process.command.contains(ON_LOOPBACK) {
        ensure!(!ask::listens(admin), "the AdminServer is for everybody");
    } else {
        let commands = page(admin, "/commands")?.body;
        let commands: Vec<&str> = (commands.split('"'))
            .filter(|part| part.starts_with("/commands/"))
            .collect();
        ensure!(commands.len() > 10, "the commands are {commands:?}");
        for command in commands {
            hides(command, &ask::page(admin, command)?.body)?;
        }
    }
    let root = PathBuf::from(format!("/proc/{}/root", process.pid));
    for directory in WRITTEN {
        readable_files(&root.join(directory), &mut |file| {
            let content = fs::read(file)?;
            let secret = secret.as_bytes();
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
    let entries = match fs::read_dir(directory) {
        // Not every variant has each of them, and a server tidies up.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.with_context(|| directory.display().to_string())?,
    };
    for entry in entries {
        let entry = entry?;
        let metadata = match entry.metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            metadata => metadata?,
        };
        if metadata.is_dir() {
            readable_files(&entry.path(), look)?;
        } else if metadata.is_file() && metadata.mode() & 0o004 != 0 {
            look(&entry.path())?;
        }
    }
    Ok(())
}
