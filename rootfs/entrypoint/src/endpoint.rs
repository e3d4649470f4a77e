//! Where the server of this container listens for clients, by its `zoo.cfg`.
//!
//! In the order of ZooKeeper itself: `clientPort`, the server's own line in `zoo.cfg`, the same in the file that
//! `dynamicConfigFile` names; and only where none of them has a port, `secureClientPort`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use crate::config;
use crate::myid;
use crate::properties::Properties;
use crate::servers::{ClientAddress, ServerId};

/// What to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `localhost`, or the only address that the server listens on.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How it is spoken to.
    pub transport: Transport,
}

/// How a port is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// As it is.
    Plain,
    /// Encrypted, which only Java can.
    Tls,
}

impl Endpoint {
    /// The port of this container.
    pub fn local(port: u16) -> Self {
        Self {
            host: "localhost".to_owned(),
            port,
            transport: Transport::Plain,
        }
    }

    /// What the configuration file `path` says by its content, with the files it refers to; `None` if that is
    /// no port.
    pub fn of_file(path: &Path, content: &[u8]) -> Option<Self> {
        let config = Properties::parse(content);
        let dynamic = config::dynamic(&config, path).unwrap_or_default();
        let own = config
            .get("dataDir")
            .and_then(|directory| myid::server_of(Path::new(directory)));
        Self::of_config(&config, &dynamic, own)
    }

    /// The same of parsed files. A server line of `own` adds to what `clientPort` and `clientPortAddress` say.
    pub fn of_config(
        config: &Properties,
        dynamic: &Properties,
        own: Option<ServerId>,
    ) -> Option<Self> {
        let own_line = own.and_then(|own| {
            let listed = |file| config::servers_of(file)?.get(own)?.client.clone();
            listed(config).or_else(|| listed(dynamic))
        });
        let own_port = own_line.as_ref().map(|client: &ClientAddress| client.port);
        let own_host = own_line.and_then(|client| Some(client.host?.unbracketed()));
        let address = |key| config.get(key).filter(|address| !address.is_empty());
        let port = |key| config.get(key).and_then(|port| port.parse().ok());
        if let Some(port) = port("clientPort").or(own_port) {
            let addresses = [address("clientPortAddress").map(str::to_owned), own_host];
            return Some(Self {
                host: reachable(addresses),
                port,
                transport: Transport::Plain,
            });
        }
        let addresses = [address("secureClientPortAddress").map(str::to_owned), None];
        Some(Self {
            host: reachable(addresses),
            port: port("secureClientPort")?,
            transport: Transport::Tls,
        })
    }
}

/// As clients of ZooKeeper write it.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.parse::<Ipv6Addr>().is_ok() {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// The first address that only it is reached by.
fn reachable(addresses: [Option<String>; 2]) -> String {
    addresses
        .into_iter()
        .flatten()
        .find(|address| !is_here(address))
        .unwrap_or_else(|| "localhost".to_owned())
}

/// Whether `localhost` reaches what listens on this address.
fn is_here(address: &str) -> bool {
    match address.parse::<IpAddr>() {
        // The rest of 127.0.0.0/8 is here, too, but under no name.
        Ok(address) => {
            address.is_unspecified()
                || [
                    IpAddr::V4(Ipv4Addr::LOCALHOST),
                    IpAddr::V6(Ipv6Addr::LOCALHOST),
                ]
                .contains(&address)
        }
        Err(_) => address == "localhost",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn found(config: &str, dynamic: &str) -> Option<String> {
        let endpoint = Endpoint::of_config(
            &Properties::parse(config.as_bytes()),
            &Properties::parse(dynamic.as_bytes()),
            ServerId::new(2),
        )?;
        Some(format!("{endpoint} {:?}", endpoint.transport))
    }

    #[test]
    fn as_the_server_itself_finds_its_port() {
        for (config, dynamic, expected) in [
            ("clientPort=2182", "", Some("localhost:2182 Plain")),
            ("", "", None),
            ("clientPort=x", "", None),
            (
                "clientPort=1\nclientPortAddress=0.0.0.0",
                "",
                Some("localhost:1 Plain"),
            ),
            (
                "clientPort=1\nclientPortAddress=127.0.0.1",
                "",
                Some("localhost:1 Plain"),
            ),
            (
                "clientPort=1\nclientPortAddress=127.0.0.2",
                "",
                Some("127.0.0.2:1 Plain"),
            ),
            (
                "clientPort=1\nclientPortAddress=::1",
                "",
                Some("localhost:1 Plain"),
            ),
            (
                "clientPort=1\nclientPortAddress=10.0.0.7",
                "",
                Some("10.0.0.7:1 Plain"),
            ),
            (
                "clientPort=1\nclientPortAddress=",
                "",
                Some("localhost:1 Plain"),
            ),
            (
                "server.1=a:1:2;2183\nserver.2=b:1:2;2184",
                "",
                Some("localhost:2184 Plain"),
            ),
            (
                "server.2=b:1:2;10.0.0.7:2184",
                "",
                Some("10.0.0.7:2184 Plain"),
            ),
            (
                "server.2=b:1:2;[fd00::7]:2184",
                "",
                Some("[fd00::7]:2184 Plain"),
            ),
            (
                "clientPort=2181\nserver.2=b:1:2;10.0.0.7:2181",
                "",
                Some("10.0.0.7:2181 Plain"),
            ),
            ("server.1=a:1:2;2183", "", None),
            (
                "tickTime=1",
                "server.2=b:1:2;2185",
                Some("localhost:2185 Plain"),
            ),
            (
                "server.2=b:1:2",
                "server.2=b:1:2;2185",
                Some("localhost:2185 Plain"),
            ),
            ("secureClientPort=3181", "", Some("localhost:3181 Tls")),
            (
                "secureClientPort=3181\nsecureClientPortAddress=10.0.0.7",
                "",
                Some("10.0.0.7:3181 Tls"),
            ),
            (
                "secureClientPort=3181\nserver.2=b:1:2;2184",
                "",
                Some("localhost:2184 Plain"),
            ),
        ] {
            assert_eq!(found(config, dynamic).as_deref(), expected, "{config}");
        }
    }

    #[test]
    fn the_dynamic_file_is_beside_the_configuration_unless_its_name_says_otherwise() {
        let root = tempfile::tempdir().unwrap();
        let (config, data) = (root.path().join("zoo.cfg"), root.path().join("data"));
        fs::create_dir(&data).unwrap();
        fs::write(data.join("myid"), "2\n").unwrap();
        let dynamic = root.path().join("zoo.cfg.dynamic.100000000");
        fs::write(&dynamic, "server.2=b:1:2:participant;2185").unwrap();
        for name in ["zoo.cfg.dynamic.100000000", dynamic.to_str().unwrap()] {
            let content = format!("dataDir={}\ndynamicConfigFile={name}\n", data.display());
            let found = Endpoint::of_file(&config, content.as_bytes());
            assert_eq!(found, Some(Endpoint::local(2185)));
        }
    }
}
