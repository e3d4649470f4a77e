//! Compose files that users are shown, started as they are: only the image is put in its place, and ports of the
//! host are any free ones.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use crate::command::{Call, call};
use crate::engine::{Container, unique};
use crate::need::compose;

/// What the files call the image.
pub const IMAGE: &str = "zookiln/zookeeper:3.6.1";

/// Ports of the host, by variables of the files.
const PORTS: [&str; 8] = [
    "ZOO1_PORT",
    "ZOO2_PORT",
    "ZOO3_PORT",
    "ZOO1_TLS_PORT",
    "ZOO2_TLS_PORT",
    "ZOO3_TLS_PORT",
    "ZOO1_ADMIN_PORT",
    "ZOO2_ADMIN_PORT",
];

/// The network, where a file gives it a name of its own.
const NETWORK: &str = "ZOO_NETWORK";

/// Removing is no reason to wait.
const REMOVAL: &str = "2";

/// A directory of the checkout below `examples`.
#[must_use]
pub fn examples(directory: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(directory)
}

/// A compose file in a copy of its directory. What it has started goes with the value, volumes included.
#[derive(Debug)]
pub struct Project {
    directory: PathBuf,
    file: String,
    name: String,
}

impl Project {
    /// Copies the files beside it, too, into an empty directory.
    pub fn copy(file: &Path, directory: &Path, image: &str) -> anyhow::Result<Self> {
        let source = file.parent().context("a file is in a directory")?;
        for entry in fs::read_dir(source)? {
            let entry = entry?;
            // What somebody has made there for a trial of their own is left out.
            if entry.file_type()?.is_file() {
                fs::copy(entry.path(), directory.join(entry.file_name()))?;
            }
        }
        let name = file.file_name().context("a file has a name")?;
        let text = fs::read_to_string(file)?;
        ensure!(text.contains(IMAGE), "no image in {}", file.display());
        fs::write(directory.join(name), text.replace(IMAGE, image))?;
        Ok(Self {
            directory: directory.to_owned(),
            file: name.to_string_lossy().into_owned(),
            name: unique("project"),
        })
    }

    /// Where its files are.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A call of Compose.
    pub fn compose<const N: usize>(&self, arguments: [&str; N]) -> anyhow::Result<Call> {
        let words = compose().context("no Compose")?;
        let mut words = words.split(' ');
        let program = words.next().context("a command has a name")?;
        Ok(self
            .here(program)
            .args(words)
            .args(["--project-name", &self.name, "--file", &self.file])
            .args(arguments))
    }

    /// A call of another program in its directory, with the variables that its files take.
    #[must_use]
    pub fn here(&self, program: &str) -> Call {
        let call = call(program).env(NETWORK, &self.name);
        let call = (PORTS.iter()).fold(call, |call, port| call.env(port, "0"));
        call.directory(&self.directory)
    }

    /// Starts everything.
    pub fn up(&self) -> anyhow::Result<()> {
        self.compose(["up", "--detach"])?.succeed().map(drop)
    }

    /// The container of a service.
    pub fn container(&self, service: &str) -> anyhow::Result<Container> {
        let id = self
            .compose(["ps", "--all", "--quiet", service])?
            .stdout()?;
        ensure!(
            !id.is_empty() && !id.contains('\n'),
            "no single container of {service}: {id:?}"
        );
        Ok(Container::named(&id))
    }

    /// Those of several.
    pub fn containers<const N: usize>(
        &self,
        services: [&str; N],
    ) -> anyhow::Result<Vec<Container>> {
        (services.iter()).map(|name| self.container(name)).collect()
    }

    /// Where a port of a service is on the host.
    pub fn published(&self, service: &str, port: u16) -> anyhow::Result<SocketAddr> {
        let port = port.to_string();
        let address = self.compose(["port", service, &port])?.stdout()?;
        let address: SocketAddr = (address.parse())
            .with_context(|| format!("port {port} of {service} is at `{address}`"))?;
        Ok((Ipv4Addr::LOCALHOST, address.port()).into())
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let words = [
            "down",
            "--volumes",
            "--remove-orphans",
            "--timeout",
            REMOVAL,
        ];
        if let Ok(down) = self.compose(words) {
            let _ = down.finish();
        }
    }
}
