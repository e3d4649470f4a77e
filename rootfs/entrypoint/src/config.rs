//! `zoo.cfg`: what we write into it, and how one that others wrote differs from the environment.
//!
//! The keys stand in the order of the table of variables, so that one environment always gives one file.

use crate::properties::{self, Properties};
use crate::release::Release;
use crate::servers::ServerList;
use crate::variables::ids::{PORT_NUMBER, SERVERS, STANDALONE_ENABLED};
use crate::variables::{Effect, Kind, Value, Values};

/// The lines of a generated `zoo.cfg`, without its stamp, and what to warn of.
pub fn body(values: &Values, release: Release) -> (String, Vec<String>) {
    let mut body = String::new();
    let mut warnings = Vec::new();
    for (variable, value, _) in values.iter() {
        match variable.effect {
            Effect::Key(key) => body.push_str(&properties::line(key, &value.to_config())),
            Effect::KeySince(key, since) if release >= since => {
                body.push_str(&properties::line(key, &value.to_config()));
            }
            Effect::KeySince(_, since) if variable.default != Some(value.to_config().as_str()) => {
                warnings.push(format!(
                    "{} has no effect before ZooKeeper {since}, this is {release}",
                    variable.name
                ));
            }
            Effect::KeySince(..) | Effect::Other(_) | Effect::NotYet => {}
        }
    }
    let servers = values
        .servers(SERVERS)
        .clone()
        .with_client_port(values.port(PORT_NUMBER));
    if has_several_addresses(&servers) {
        body.push_str(&properties::line("multiAddress.enabled", "true"));
    }
    // With a server line ZooKeeper is a quorum, even of one; standalone it is only without.
    if !(values.boolean(STANDALONE_ENABLED) && servers.len() == 1) {
        for server in servers.iter() {
            body.push_str(&properties::line(
                &format!("server.{}", server.id),
                &server.value(),
            ));
        }
    }
    (body, warnings)
}

/// Whether some server has more than one address, which ZooKeeper knows from 3.6 on.
pub fn has_several_addresses(servers: &ServerList) -> bool {
    servers.iter().any(|server| server.addresses.len() > 1)
}

/// The variables that were set, shape `zoo.cfg`, and say something else than `kept`.
pub fn ignored_variables(values: &Values, kept: &Properties) -> Vec<&'static str> {
    let differs = |kind: Kind, key: &str, value: &Value| {
        kept.get(key)
            .and_then(|text| kind.parse(text).ok())
            .as_ref()
            != Some(value)
    };
    values
        .iter()
        .filter(|(variable, value, given)| {
            *given
                && match variable.effect {
                    Effect::Key(key) | Effect::KeySince(key, _) => {
                        differs(variable.kind, key, value)
                    }
                    Effect::Other(_) | Effect::NotYet => {
                        variable.kind == Kind::Servers
                            && servers_of(kept).as_ref() != Some(values.servers(SERVERS))
                    }
                }
        })
        .map(|(variable, _, _)| variable.name)
        .collect()
}

/// The servers that a `zoo.cfg` names.
pub fn servers_of(config: &Properties) -> Option<ServerList> {
    let lines: Vec<String> = config
        .with_prefix("server.")
        .map(|(id, value)| format!("server.{id}={value}"))
        .collect();
    ServerList::parse(&lines.join(" ")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::{Environment, Reading};

    const RELEASE: Release = Release::new(3, 6, 1);

    fn values(pairs: &[(&str, &str)]) -> Values {
        Reading::of(&pairs.iter().copied().collect::<Environment>())
            .all()
            .unwrap()
    }

    #[test]
    fn the_default_configuration() {
        let expected = "\
tickTime=2000
initLimit=10
syncLimit=5
dataDir=/srv/data/zookeeper
dataLogDir=/srv/datalog/zookeeper
clientPort=2181
maxClientCnxns=60
maxCnxns=0
standaloneEnabled=false
admin.enableServer=true
admin.serverPort=8080
autopurge.purgeInterval=0
autopurge.snapRetainCount=3
4lw.commands.whitelist=srvr, mntr
server.1=0.0.0.0:2888:3888;2181
";
        assert_eq!(body(&values(&[]), RELEASE), (expected.to_owned(), vec![]));
        let older = expected.replace("maxCnxns=0\n", "");
        assert_eq!(body(&values(&[]), Release::new(3, 5, 7)), (older, vec![]));
    }

    #[test]
    fn a_key_of_later_releases_is_warned_of() {
        let (body, warnings) = body(&values(&[("ZOO_MAX_CNXNS", "9")]), Release::new(3, 5, 7));
        assert!(!body.contains("maxCnxns"));
        assert_eq!(
            warnings,
            ["ZOO_MAX_CNXNS has no effect before ZooKeeper 3.6.0, this is 3.5.7"]
        );
    }

    #[test]
    fn server_lines() {
        for (pairs, expected) in [
            (&[("ZOO_STANDALONE_ENABLED", "true")][..], ""),
            (
                &[("ZOO_PORT_NUMBER", "9")],
                "server.1=0.0.0.0:2888:3888;9\n",
            ),
            (
                &[
                    ("ZOO_STANDALONE_ENABLED", "true"),
                    ("ZOO_SERVERS", "a:1:2 b:3:4;5"),
                ],
                "server.1=a:1:2;2181\nserver.2=b:3:4;5\n",
            ),
            (
                &[("ZOO_SERVERS", "a:1:2|b:3:4")],
                "multiAddress.enabled=true\nserver.1=a:1:2|b:3:4;2181\n",
            ),
        ] {
            let (body, _) = body(&values(pairs), RELEASE);
            let tail = body
                .split_once("4lw.commands.whitelist=srvr, mntr\n")
                .unwrap()
                .1;
            assert_eq!(tail, expected, "{pairs:?}");
        }
    }

    #[test]
    fn variables_that_a_kept_file_overrules() {
        let kept = Properties::parse(
            b"tickTime=3000\nsyncLimit=05\nserver.1=a:1:2;2181\nserver.2=b:1:2\n",
        );
        for (pairs, expected) in [
            (&[][..], &[][..]),
            (&[("ZOO_TICK_TIME", "3000"), ("ZOO_SYNC_LIMIT", "5")], &[]),
            (
                &[("ZOO_TICK_TIME", "2000"), ("ZOO_HEAP_SIZE", "64")],
                &["ZOO_TICK_TIME"],
            ),
            (&[("ZOO_INIT_LIMIT", "10")], &["ZOO_INIT_LIMIT"]),
            (&[("ZOO_SERVERS", "a:1:2;2181,b:1:2")], &[]),
            (&[("ZOO_SERVERS", "a:1:2")], &["ZOO_SERVERS"]),
        ] {
            assert_eq!(
                ignored_variables(&values(pairs), &kept),
                expected,
                "{pairs:?}"
            );
        }
    }
}
