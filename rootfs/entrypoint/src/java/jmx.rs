//! JMX of the server, by the variables of upstream's `zkServer.sh`.

use crate::variables::Values;
use crate::variables::ids::{
    JMX_AUTH, JMX_DISABLE, JMX_HOSTNAME, JMX_LOCAL_ONLY, JMX_LOG4J, JMX_PORT, JMX_SSL,
};

/// The rows that [`status`] needs.
pub const ROWS: [usize; 7] = [
    JMX_AUTH.row(),
    JMX_DISABLE.row(),
    JMX_HOSTNAME.row(),
    JMX_LOCAL_ONLY.row(),
    JMX_LOG4J.row(),
    JMX_PORT.row(),
    JMX_SSL.row(),
];

/// The arguments of the JVM.
pub(super) fn arguments(values: &Values) -> Vec<String> {
    if values.boolean(JMX_DISABLE) {
        return Vec::new();
    }
    let management = |name: &str, value: &dyn std::fmt::Display| {
        format!("-Dcom.sun.management.jmxremote.{name}={value}")
    };
    let mut arguments = vec!["-Dcom.sun.management.jmxremote".to_owned()];
    let Some(port) = values.optional_port(JMX_PORT) else {
        // Only by attaching to the process: no port is opened.
        arguments.push(management("local.only", &values.boolean(JMX_LOCAL_ONLY)));
        return arguments;
    };
    if let Some(host) = values.optional_text(JMX_HOSTNAME) {
        arguments.push(format!("-Djava.rmi.server.hostname={host}"));
    }
    arguments.extend([
        management("port", &port),
        // Otherwise the objects themselves are on a port by chance, which nobody can publish.
        management("rmi.port", &port),
        management("authenticate", &values.boolean(JMX_AUTH)),
        management("ssl", &values.boolean(JMX_SSL)),
        format!(
            "-Dzookeeper.jmx.log4j.disable={}",
            values.boolean(JMX_LOG4J)
        ),
    ]);
    arguments
}

/// What upstream's `zkServer.sh` says of it, line by line.
pub fn status(values: &Values) -> Vec<String> {
    if values.boolean(JMX_DISABLE) {
        return vec!["JMX disabled by user request".to_owned()];
    }
    let mut lines = vec!["ZooKeeper JMX enabled by default".to_owned()];
    if let Some(port) = values.optional_port(JMX_PORT) {
        lines.extend([
            format!("ZooKeeper remote JMX Port set to {port}"),
            format!(
                "ZooKeeper remote JMX authenticate set to {}",
                values.boolean(JMX_AUTH)
            ),
            format!(
                "ZooKeeper remote JMX ssl set to {}",
                values.boolean(JMX_SSL)
            ),
            format!(
                "ZooKeeper remote JMX log4j set to {}",
                values.boolean(JMX_LOG4J)
            ),
        ]);
        if let Some(host) = values.optional_text(JMX_HOSTNAME) {
            lines.push(format!("ZooKeeper remote JMX Hostname set to {host}"));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::java::tests::given;

    #[test]
    fn flags_and_lines_of_upstream() {
        const M: &str = "-Dcom.sun.management.jmxremote";
        for (pairs, flags, lines) in [
            (
                &[][..],
                format!("{M} {M}.local.only=true"),
                "ZooKeeper JMX enabled by default",
            ),
            (
                &[("JMXLOCALONLY", "false"), ("JMXAUTH", "true")],
                format!("{M} {M}.local.only=false"),
                "ZooKeeper JMX enabled by default",
            ),
            (
                &[("JMXDISABLE", "true"), ("JMXPORT", "9")],
                String::new(),
                "JMX disabled by user request",
            ),
            (
                &[("JMXPORT", "9010"), ("JMXSSL", "yes")],
                format!(
                    "{M} {M}.port=9010 {M}.rmi.port=9010 {M}.authenticate=false {M}.ssl=true \
                     -Dzookeeper.jmx.log4j.disable=true"
                ),
                "ZooKeeper JMX enabled by default\nZooKeeper remote JMX Port set to 9010\n\
                 ZooKeeper remote JMX authenticate set to false\nZooKeeper remote JMX ssl set to true\n\
                 ZooKeeper remote JMX log4j set to true",
            ),
            (
                &[
                    ("JMXPORT", "9010"),
                    ("JMXHOSTNAME", "zoo1"),
                    ("JMXAUTH", "true"),
                    ("JMXLOG4J", "false"),
                ],
                format!(
                    "{M} -Djava.rmi.server.hostname=zoo1 {M}.port=9010 {M}.rmi.port=9010 \
                     {M}.authenticate=true {M}.ssl=false -Dzookeeper.jmx.log4j.disable=false"
                ),
                "ZooKeeper JMX enabled by default\nZooKeeper remote JMX Port set to 9010\n\
                 ZooKeeper remote JMX authenticate set to true\nZooKeeper remote JMX ssl set to false\n\
                 ZooKeeper remote JMX log4j set to false\nZooKeeper remote JMX Hostname set to zoo1",
            ),
        ] {
            let (_, values) = given(pairs);
            assert_eq!(arguments(&values).join(" "), flags, "{pairs:?}");
            assert_eq!(status(&values).join("\n"), lines, "{pairs:?}");
        }
    }
}
