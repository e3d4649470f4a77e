//! JMX of the server, by the variables of upstream's `zkServer.sh`.
//!
//! ZooKeeper always registers its objects; the flags only say who reaches them. Without JMXPORT upstream sets
//! `-Dcom.sun.management.jmxremote`, which has the JVM listen on a port by chance of every address from its
//! start on, where `local.only` merely turns others away after they have connected. It is for tools that find
//! a JVM by its files, and those of today attach to the process and switch it on when they need it (`jcmd`,
//! `jconsole`). So here nothing listens until somebody in the container asks for it.

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

/// Who reaches the objects of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Who attaches to its process.
    Attached,
    /// Anybody, on a port that the JVM chooses.
    AnyPort,
    /// Whom this port lets in.
    Port(u16),
}

impl Reach {
    /// Nobody, where JMX is off.
    fn of(values: &Values) -> Option<Self> {
        if values.boolean(JMX_DISABLE) {
            return None;
        }
        let port = values.optional_port(JMX_PORT).map(Self::Port);
        Some(port.unwrap_or(if values.boolean(JMX_LOCAL_ONLY) {
            Self::Attached
        } else {
            Self::AnyPort
        }))
    }
}

/// The arguments of the JVM.
pub(super) fn arguments(values: &Values) -> Vec<String> {
    let management = |name: &str, value: &dyn std::fmt::Display| {
        format!("-Dcom.sun.management.jmxremote.{name}={value}")
    };
    let mut arguments = vec!["-Dcom.sun.management.jmxremote".to_owned()];
    let port = match Reach::of(values) {
        None | Some(Reach::Attached) => return Vec::new(),
        Some(Reach::AnyPort) => {
            arguments.push(management("local.only", &false));
            return arguments;
        }
        Some(Reach::Port(port)) => port,
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

/// What to warn of, one line each: who reaches the objects can have the JVM load code of his.
pub fn warnings(values: &Values) -> Vec<String> {
    let warning = match Reach::of(values) {
        Some(Reach::Port(port)) if !values.boolean(JMX_AUTH) => Some(format!(
            "JMXPORT is {port} and JMXAUTH is not set: whoever reaches that port can run any program in the \
             server, so let nobody else reach it"
        )),
        Some(Reach::AnyPort) => Some(
            "JMXLOCALONLY is no and JMXPORT is not set: JMX listens on a port by chance and asks for no \
             password, and whoever can use it can run any program in the server"
                .to_owned(),
        ),
        _ => None,
    };
    warning.into_iter().collect()
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
            (&[][..], String::new(), "ZooKeeper JMX enabled by default"),
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

    #[test]
    fn who_lets_in_strangers_is_warned() {
        const PORT: &str = "JMXPORT is 9010 and JMXAUTH is not set";
        const ANY: &str = "JMXLOCALONLY is no and JMXPORT is not set";
        for (pairs, expected) in [
            (&[][..], None),
            (&[("JMXPORT", "9010")], Some(PORT)),
            (&[("JMXPORT", "9010"), ("JMXSSL", "yes")], Some(PORT)),
            (&[("JMXPORT", "9010"), ("JMXLOCALONLY", "no")], Some(PORT)),
            (&[("JMXPORT", "9010"), ("JMXAUTH", "yes")], None),
            (&[("JMXPORT", "9010"), ("JMXDISABLE", "yes")], None),
            (&[("JMXLOCALONLY", "no")], Some(ANY)),
            (&[("JMXLOCALONLY", "no"), ("JMXDISABLE", "yes")], None),
        ] {
            let warnings = warnings(&given(pairs).1);
            let begin = warnings.first().and_then(|line| line.split_once(':'));
            assert_eq!(begin.map(|(begin, _)| begin), expected, "{pairs:?}");
            assert!(warnings.len() < 2);
        }
    }
}
