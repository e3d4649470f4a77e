//! A registry on a loopback port, which every engine may use without TLS.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};

use crate::wait::{Seen, until};

/// The reference registry, `docker-registry`; it ends with the value.
#[derive(Debug)]
pub struct Registry {
    process: Child,
    port: u16,
}

impl Registry {
    /// Starts one that keeps its blobs below the directory.
    pub fn start(directory: &Path) -> anyhow::Result<Self> {
        // Another program may take the port between here and there; then the registry fails at once.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let configuration = directory.join("registry.yml");
        let text = format!(
            "version: 0.1\nlog: {{level: warn}}\nstorage:\n  filesystem: {{rootdirectory: '{}'}}\nhttp:\n  addr: 127.0.0.1:{port}\n",
            directory.join("registry").display()
        );
        fs::write(&configuration, text)?;
        let log = fs::File::create(directory.join("registry.log"))?;
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(&configuration)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot run `docker-registry`")?;
        let mut registry = Self { process, port };
        until("the registry answers", Duration::from_secs(30), || {
            if let Some(status) = registry.process.try_wait()? {
                bail!("the registry left: {status}");
            }
            Ok(match ping(port) {
                Ok(()) => Seen::Yes(()),
                Err(error) => Seen::NotYet(error.to_string()),
            })
        })?;
        Ok(registry)
    }

    /// A reference to a repository in it.
    #[must_use]
    pub fn reference(&self, repository: &str, tag: &str) -> String {
        format!("127.0.0.1:{}/{repository}:{tag}", self.port)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn ping(port: u16) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"GET /v2/ HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if !answer.contains(" 200 ") {
        bail!("it answers {answer:?}");
    }
    Ok(())
}
