//! Where the server of this container listens for clients, by its `zoo.cfg`.

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use crate::config;
use crate::properties::Properties;
use crate::servers::{ClientAddress, Host, ServerId};

/// What to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `localhost`, or the only address that the server listens on.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Endpoint {
    /// The port of this container.
    pub fn local(port: u16) -> Self {
        Self {
            host: "localhost".to_owned(),
            port,
        }
    }

    /// What the configuration file `path` says, with the files it refers to; `None` if that is no plain port.
    pub fn of_file(path: &Path) -> Option<Self> {
        let config = Properties::parse(&fs::read(path).ok()?);
        let dynamic = config
            .get("dynamicConfigFile")
            .and_then(|path| fs::read(path).ok());
        let dynamic = dynamic
            .map(|bytes| Properties::parse(&bytes))
            .unwrap_or_default();
        let own = config
            .get("dataDir")
            .and_then(|directory| own_id(Path::new(directory)));
        Self::of_config(&config, &dynamic, own)
    }

    /// The same of parsed files. A server line of `own` adds to what `clientPort` and `clientPortAddress` say.
    pub fn of_config(
        config: &Properties,
        dynamic: &Properties,
        own: Option<ServerId>,
    ) -> Option<Self> {
        let own_line = own.and_then(|own| {
            let listed = |file| config::servers_of(file)?.get(own).cloned();
            listed(dynamic).or_else(|| listed(config))?.client
        });
        let own_port = own_line.as_ref().map(|client: &ClientAddress| client.port);
        let port = config
            .get("clientPort")
            .and_then(|port| port.parse().ok())
            .or(own_port)?;
        let addresses = [
            config.get("clientPortAddress").map(str::to_owned),
            own_line
                .and_then(|client| client.host)
                .map(|host| match host {
                    Host::Name(name) => name,
                    Host::V6(address) => address.to_string(),
                }),
        ];
        let host = addresses
            .into_iter()
            .flatten()
            .find(|address| !is_here(address));
        Some(Self {
            host: host.unwrap_or_else(|| "localhost".to_owned()),
            port,
        })
    }
}

/// The number in `myid` of a data directory.
pub fn own_id(data_directory: &Path) -> Option<ServerId> {
    ServerId::parse(
        fs::read_to_string(data_directory.join("myid"))
            .ok()?
            .lines()
            .next()?
            .trim(),
    )
}

/// Whether `localhost` reaches what listens on this address.
fn is_here(address: &str) -> bool {
    match address.parse::<IpAddr>() {
        Ok(address) => address.is_loopback() || address.is_unspecified(),
        Err(_) => address == "localhost",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_server_itself_finds_its_port() {
        for (config, dynamic, expected) in [
            ("clientPort=2182", "", Some("localhost 2182")),
            ("", "", None),
            ("clientPort=x", "", None),
            (
                "clientPort=1\nclientPortAddress=0.0.0.0",
                "",
                Some("localhost 1"),
            ),
            (
                "clientPort=1\nclientPortAddress=127.0.0.1",
                "",
                Some("localhost 1"),
            ),
            (
                "clientPort=1\nclientPortAddress=10.0.0.7",
                "",
                Some("10.0.0.7 1"),
            ),
            (
                "server.1=a:1:2;2183\nserver.2=b:1:2;2184",
                "",
                Some("localhost 2184"),
            ),
            ("server.2=b:1:2;10.0.0.7:2184", "", Some("10.0.0.7 2184")),
            ("server.2=b:1:2;[fd00::7]:2184", "", Some("fd00::7 2184")),
            (
                "clientPort=2181\nserver.2=b:1:2;10.0.0.7:2181",
                "",
                Some("10.0.0.7 2181"),
            ),
            ("server.1=a:1:2;2183", "", None),
            ("tickTime=1", "server.2=b:1:2;2185", Some("localhost 2185")),
        ] {
            let found = Endpoint::of_config(
                &Properties::parse(config.as_bytes()),
                &Properties::parse(dynamic.as_bytes()),
                ServerId::new(2),
            );
            let shown = found.map(|endpoint| format!("{} {}", endpoint.host, endpoint.port));
            assert_eq!(shown.as_deref(), expected, "{config}");
        }
    }
}
