//! What we write into `zoo.cfg`.
//!
//! The keys stand in the order of the table of variables, so that one environment always gives one file.

use super::{METRICS_CLASS, METRICS_PORT_KEY, METRICS_SWITCH};
use crate::auth::sasl;
use crate::properties;
use crate::release::{Installed, Release};
use crate::servers::ServerList;
use crate::tls::{self, passwords};
use crate::variables::ids::{
    ENABLE_PROMETHEUS_METRICS, PORT_NUMBER, PROMETHEUS_METRICS_PORT_NUMBER, RECONFIG_ENABLED,
    SERVERS, STANDALONE_ENABLED,
};
use crate::variables::{Effect, Setting, Values};

/// The first release that has metrics for Prometheus.
const METRICS: Release = Release::new(3, 6, 0);

/// The lines of a generated `zoo.cfg`, without its stamp, and what to warn of.
pub fn body(values: &Values, servers: &ServerList, installed: Installed) -> (String, Vec<String>) {
    let mut warnings = Vec::new();
    let mut lines = Lines::default();
    of_table(values, installed.release, &mut lines, &mut warnings);
    metrics(values, installed, &mut lines, &mut warnings);
    for line in sasl::lines(values, installed.release) {
        lines.set(line.key, line.value);
    }
    for tls::lines::Line { key, value, .. } in tls::lines::lines(values) {
        lines.set(&key, &value);
    }
    for Setting { key, value } in values.settings() {
        if let Some(variable) = set_by(values, key).filter(|_| lines.get(key) != Some(value)) {
            let value = if passwords::is_password(key) {
                "***"
            } else {
                value
            };
            warnings.push(format!("{key}={value} wins over {variable}"));
        }
        lines.set(key, value);
    }
    of_servers(values, servers, &mut lines);
    (lines.text(), warnings)
}

/// Keys and values in the order in which the keys were first set.
#[derive(Default)]
struct Lines(Vec<(String, String)>);

impl Lines {
    fn get(&self, key: &str) -> Option<&String> {
        let (_, value) = self.0.iter().find(|(known, _)| known == key)?;
        Some(value)
    }

    fn set(&mut self, key: &str, value: &str) {
        match self.0.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => value.clone_into(old),
            None => self.0.push((key.to_owned(), value.to_owned())),
        }
    }

    fn text(&self) -> String {
        self.0
            .iter()
            .map(|(key, value)| properties::line(key, value))
            .collect()
    }
}

fn of_table(values: &Values, release: Release, lines: &mut Lines, warnings: &mut Vec<String>) {
    for (variable, value, _) in values.iter() {
        match variable.effect {
            Effect::Key(key) => lines.set(key, &value.to_config()),
            Effect::KeySince(key, since) if release >= since => {
                lines.set(key, &value.to_config());
            }
            Effect::KeySince(_, since) if variable.default != Some(value.to_config().as_str()) => {
                warnings.push(too_early(variable.name, since, release));
            }
            Effect::KeySince(..) | Effect::Other(..) => {}
        }
    }
}

/// Whether a generated file has metrics for Prometheus.
pub fn has_metrics(values: &Values, installed: Installed) -> bool {
    values.boolean(ENABLE_PROMETHEUS_METRICS) && installed.has_metrics
}

/// A server that is told to load a provider which is not there dies of it.
fn metrics(values: &Values, installed: Installed, lines: &mut Lines, warnings: &mut Vec<String>) {
    if !has_metrics(values, installed) {
        warnings.extend(no_metrics(values, installed.release));
        return;
    }
    let port = values.port(PROMETHEUS_METRICS_PORT_NUMBER).to_string();
    for (key, value) in [
        (
            METRICS_CLASS,
            "org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider",
        ),
        (METRICS_PORT_KEY, &port),
        ("metricsProvider.exportJvmInfo", "true"),
    ] {
        lines.set(key, value);
    }
}

fn no_metrics(values: &Values, release: Release) -> Option<String> {
    if !values.boolean(ENABLE_PROMETHEUS_METRICS) {
        return None;
    }
    if release < METRICS {
        return Some(too_early(METRICS_SWITCH, METRICS, release));
    }
    Some(format!(
        "{METRICS_SWITCH} has no effect: this image of ZooKeeper {release} was made without \
         zookeeper-prometheus-metrics, the provider of the metrics"
    ))
}

fn of_servers(values: &Values, servers: &ServerList, lines: &mut Lines) {
    let servers = servers.clone().with_client_port(values.port(PORT_NUMBER));
    if has_several_addresses(&servers) {
        lines.set("multiAddress.enabled", "true");
    }
    // With a server line ZooKeeper is a quorum, even of one; standalone it is only without.
    if !is_standalone(values) {
        for server in servers.iter() {
            lines.set(&format!("server.{}", server.id), &server.value());
        }
    }
}

fn too_early(name: &str, since: Release, release: Release) -> String {
    format!("{name} has no effect before ZooKeeper {since}, this is {release}")
}

/// The variable that was set and means this key, if there is one.
fn set_by(values: &Values, key: &str) -> Option<&'static str> {
    let of_key = |effect| matches!(effect, Effect::Key(of) | Effect::KeySince(of, _) if of == key);
    values
        .iter()
        .find(|(variable, _, given)| *given && of_key(variable.effect))
        .map(|(variable, _, _)| variable.name)
        .or_else(|| tls::lines::set_by(values, key))
}

/// Whether the server is to run without a quorum.
pub fn is_standalone(values: &Values) -> bool {
    values.boolean(STANDALONE_ENABLED) && values.servers(SERVERS).len() == 1
}

/// Whether a generated file is to have reconfiguration on.
pub fn asks_for_reconfiguration(values: &Values) -> bool {
    values.boolean(RECONFIG_ENABLED)
}

/// Whether some server has more than one address, which ZooKeeper knows from 3.6 on.
pub fn has_several_addresses(servers: &ServerList) -> bool {
    servers.iter().any(|server| server.addresses.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::{Environment, Reading};

    fn body(values: &Values, release: Release) -> (String, Vec<String>) {
        let installed = Installed {
            release,
            has_metrics: release >= METRICS,
        };
        super::body(values, values.servers(SERVERS), installed)
    }

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
reconfigEnabled=false
quorumListenOnAllIPs=false
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
            let tail = body.split_once("quorumListenOnAllIPs=false\n").unwrap().1;
            assert_eq!(tail, expected, "{pairs:?}");
        }
    }

    #[test]
    fn metrics_from_their_first_release_on() {
        let asked_for = values(&[
            ("ZOO_ENABLE_PROMETHEUS_METRICS", "yes"),
            ("ZOO_PROMETHEUS_METRICS_PORT_NUMBER", "7001"),
        ]);
        let (written, warnings) = body(&asked_for, RELEASE);
        assert!(written.contains(
            "\nmetricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider\n\
             metricsProvider.httpPort=7001\nmetricsProvider.exportJvmInfo=true\n"
        ));
        assert_eq!(warnings, [""; 0]);
        let (written, warnings) = body(&asked_for, Release::new(3, 5, 7));
        assert!(!written.contains("metricsProvider"));
        assert_eq!(
            warnings,
            ["ZOO_ENABLE_PROMETHEUS_METRICS has no effect before ZooKeeper 3.6.0, this is 3.5.7"]
        );
        let without = Installed {
            release: Release::new(3, 7, 2),
            has_metrics: false,
        };
        let (written, warnings) = super::body(&asked_for, asked_for.servers(SERVERS), without);
        assert!(!written.contains("metricsProvider"));
        let [warning] = &warnings[..] else {
            panic!("{warnings:?}");
        };
        assert!(
            warning.contains("without zookeeper-prometheus-metrics"),
            "{warning}"
        );
    }

    #[test]
    fn further_settings_take_the_place_of_the_same_key() {
        let (written, warnings) = body(
            &values(&[
                ("ZOO_CFG_EXTRA", "tickTime=3000 a.b=1"),
                ("ZOO_SYNC_LIMIT", "7"),
                ("ZOO_CFG_syncLimit", "8"),
                ("ZOO_CFG_c_d", "x y"),
            ]),
            RELEASE,
        );
        assert!(written.starts_with("tickTime=3000\ninitLimit=10\nsyncLimit=8\n"));
        assert!(
            written.contains("quorumListenOnAllIPs=false\na.b=1\nc.d=x y\nserver.1="),
            "{written}"
        );
        assert_eq!(warnings, ["syncLimit=8 wins over ZOO_SYNC_LIMIT"]);
    }
}
