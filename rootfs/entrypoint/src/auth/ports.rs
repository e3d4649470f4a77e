//! What passwords of clients protect nothing from: the ports between servers. Whoever reaches them can take part as a
//! server, gets all data, and may write without any right.

use crate::config;
use crate::properties::Properties;
use crate::servers::Host;
use crate::tls;
use crate::variables::Values;
use crate::variables::ids::{ENABLE_AUTH, ENABLE_QUORUM_AUTH, TLS_QUORUM_ENABLE};

/// What to say where clients need passwords and servers need nothing.
pub fn warning(values: &Values, config: &Properties) -> Option<String> {
    let (_, is_encrypted) = tls::SERVERS.switch_in(config);
    let is_asked = config
        .get("quorum.auth.serverRequireSasl")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let is_open = values.boolean(ENABLE_AUTH) && !is_encrypted && !is_asked && listens(config);
    is_open.then(|| {
        format!(
            "{}=yes is for clients only: whoever reaches the ports between servers reads and writes everything without a \
             password; keep them to the servers, or set {}=yes or {}=yes",
            ENABLE_AUTH.name(),
            ENABLE_QUORUM_AUTH.name(),
            TLS_QUORUM_ENABLE.name()
        )
    })
}

/// Whether somebody outside of the container may reach these ports. Without a server in the file there are none.
fn listens(config: &Properties) -> bool {
    let on_all = config
        .get("quorumListenOnAllIPs")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let is_elsewhere = config.get("dynamicConfigFile").is_some();
    let is_any = config.with_prefix("server.").next().is_some();
    is_elsewhere || (is_any && (on_all || !is_on_loopback(config)))
}

fn is_on_loopback(config: &Properties) -> bool {
    let is_loopback = |host: &Host| *host == loopback();
    config::servers_of(config).is_some_and(|servers| {
        let mut addresses = servers.iter().flat_map(|server| &server.addresses);
        addresses.all(|address| is_loopback(&address.host))
    })
}

/// Where nobody else can connect.
pub fn loopback() -> Host {
    Host::Name("127.0.0.1".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::{Environment, Reading};

    #[test]
    fn where_the_ports_between_servers_are_open() {
        let one = "server.1=0.0.0.0:2888:3888;2181";
        for (config, expected) in [
            (one, true),
            ("server.1=a:1:2\nserver.2=b:1:2", true),
            ("dynamicConfigFile=/conf/zoo.cfg.dynamic", true),
            ("clientPort=2181", false),
            ("server.1=127.0.0.1:2888:3888;2181", false),
            (
                "server.1=127.0.0.1:2888:3888\nquorumListenOnAllIPs=True",
                true,
            ),
            ("server.1=a:1:2\nsslQuorum=true", false),
            ("server.1=a:1:2\nsslQuorum=false", true),
            ("server.1=a:1:2\nquorum.auth.serverRequireSasl=true", false),
            ("server.1=a:1:2\nquorum.auth.serverRequireSasl=false", true),
        ] {
            let config = Properties::parse(config.as_bytes());
            for (auth, asked) in [("yes", true), ("no", false)] {
                let environment: Environment = [("ZOO_ENABLE_AUTH", auth)].into_iter().collect();
                let values = Reading::of(&environment).all().unwrap();
                let said = warning(&values, &config);
                assert_eq!(said.is_some(), expected && asked, "{config:?} {auth}");
            }
        }
    }
}
