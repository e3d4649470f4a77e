//! Every program but the server: short-lived, beside a server that may be running.

use std::ffi::OsString;
use std::path::Path;

use super::{JavaCommand, Line, heap, logging};
use crate::prepare::DEFAULT_FILES;
use crate::variables::ids::{
    BASE_DIR, CLIENT_HEAP, CLIENT_JVMFLAGS, CONF_DIR, JVMFLAGS, LOG_LEVEL, LOG4J_PROP,
};
use crate::variables::{Environment, Values};

/// Flags that claim what there is only once: a port, or a file that the server is writing to.
const CLAIMS: [&str; 9] = [
    "-agentlib:jdwp",
    "-Xrunjdwp",
    // An exporter of metrics, as a rule, with a port of its own.
    "-javaagent:",
    "-Dcom.sun.management.jmxremote.port=",
    "-Dcom.sun.management.jmxremote.rmi.port=",
    "-Xlog",
    "-Xloggc:",
    "-XX:StartFlightRecording",
    "-XX:+AlwaysPreTouch",
];

impl JavaCommand {
    /// The rows that a tool needs.
    pub const TOOL_ROWS: [usize; 7] = [
        BASE_DIR.row(),
        CLIENT_HEAP.row(),
        CLIENT_JVMFLAGS.row(),
        CONF_DIR.row(),
        JVMFLAGS.row(),
        LOG_LEVEL.row(),
        LOG4J_PROP.row(),
    ];

    /// A program of ZooKeeper's with its arguments.
    pub fn tool(
        environment: &Environment,
        values: &Values,
        class: &str,
        arguments: Vec<OsString>,
    ) -> Self {
        let mut line = line(values);
        line.extend([class]);
        line.extend(arguments);
        Self::new(environment, line)
    }
}

impl JavaCommand {
    /// One that speaks TLS to the server of this container: nobody can be there in its place, so its certificate need
    /// not name the address by which it is reached from here. Its secrets are still to be hidden.
    pub fn encrypted_tool(
        environment: &Environment,
        values: &Values,
        class: &str,
        arguments: Vec<OsString>,
    ) -> Self {
        let mut command = Self::tool(environment, values, class, arguments);
        let mut line = Line::default();
        line.property("zookeeper.ssl.hostnameVerification", "false");
        command.begin_with(line);
        command.encrypt(values);
        command
    }
}

/// Everything before the class.
pub(super) fn line(values: &Values) -> Line {
    let mut line = Line::default();
    if let Some(megabytes) = values.optional_integer(CLIENT_HEAP) {
        line.extend([format!("-Xmx{megabytes}m")]);
    }
    line.logger(&logging::to_console(values));
    // What a tool prints may be read by a program, and what it logs is not part of that.
    line.property("zookeeper.console.target", "System.err");
    // The files of the image come first: those of the user may name more places to log to, such as the audit
    // log of upstream's own, which a tool would open beside the server.
    line.class_path(values, [Path::new(DEFAULT_FILES), values.path(CONF_DIR)]);
    line.extend(values.flags(CLIENT_JVMFLAGS));
    let shared = values.flags(JVMFLAGS).iter();
    line.extend(shared.filter(|flag| !is_of_server(flag)));
    line
}

/// Whether a flag for everybody is meant for the server alone.
fn is_of_server(flag: &str) -> bool {
    heap::sizes(flag) || CLAIMS.iter().any(|prefix| flag.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::java::tests::{given, shown};

    fn tool(pairs: &[(&str, &str)]) -> String {
        let (environment, values) = given(pairs);
        let arguments = vec![OsString::from("-n"), OsString::from("3")];
        shown(&JavaCommand::tool(&environment, &values, "Tool", arguments))
    }

    #[test]
    fn a_tool_logs_to_the_console_only() {
        for pairs in [
            &[][..],
            &[("ZOO_LOG4J_PROP", "INFO,ROLLINGFILE,TRACEFILE")],
            &[("ZOO_SUPER_USER_PASSWORD", "geheim"), ("JMXPORT", "9010")],
        ] {
            assert_eq!(
                tool(pairs),
                "java -Dzookeeper.root.logger=INFO,CONSOLE -Dzookeeper.console.threshold=INFO \
                 -Dzookeeper.console.target=System.err \
                 -cp /etc/zookeeper:/srv/conf/zookeeper:/usr/local/zookeeper/lib/* Tool -n 3",
                "{pairs:?}"
            );
        }
    }

    #[test]
    fn its_heap_is_its_own() {
        let line = tool(&[
            ("ZOO_HEAP_SIZE", "4096"),
            ("JVMFLAGS", "-Xmx4g -Da=1 -XX:MaxRAMPercentage=70"),
            ("SERVER_JVMFLAGS", "-Ds=1"),
            ("CLIENT_JVMFLAGS", "-Xss2m"),
            ("ZK_CLIENT_HEAP", "64"),
        ]);
        assert!(line.starts_with("java -Xmx64m -D"), "{line}");
        assert!(line.contains("lib/* -Xss2m -Da=1 Tool"), "{line}");
    }

    #[test]
    fn flags_of_the_server_stay_with_it() {
        for flag in [
            "-Xms1g",
            "-Xmn1g",
            "-XX:MaxHeapSize=1g",
            "-XX:+AlwaysPreTouch",
            "-agentlib:jdwp=transport=dt_socket,server=y,address=5005",
            "-javaagent:/opt/jmx_exporter.jar=7070:/opt/config.yml",
            "-Dcom.sun.management.jmxremote.port=9010",
            "-Xlog:gc*:file=/var/log/zookeeper/gc.log",
            "-Xloggc:/var/log/zookeeper/gc.log",
        ] {
            assert!(!tool(&[("JVMFLAGS", flag)]).contains(flag), "{flag}");
            // For the tools alone it is meant for them.
            assert!(tool(&[("CLIENT_JVMFLAGS", flag)]).contains(flag), "{flag}");
        }
    }
}
