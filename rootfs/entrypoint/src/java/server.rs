//! The server.

use std::ffi::OsString;
use std::path::Path;

use super::{JavaCommand, Line, admin, heap, jmx, logging, secret};
use crate::prepare::DEFAULT_FILES;
use crate::properties::Properties;
use crate::release::Release;
use crate::variables::ids::{
    ADMIN_SERVER_ADDRESS, BASE_DIR, CONF_DIR, HEAP_SIZE, JVMFLAGS, LOG_DIR, LOG_LEVEL, LOG4J_PROP,
    SERVER_JVMFLAGS, SUPER_USER_PASSWORD,
};
use crate::variables::{Environment, Values};

const SERVER: &str = "org.apache.zookeeper.server.quorum.QuorumPeerMain";

/// The `zoo.cfg` that the server reads.
#[derive(Clone, Copy, Debug)]
pub struct ServerConfig<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// What it says.
    pub properties: &'a Properties,
    /// Who reads it.
    pub release: Release,
}

impl JavaCommand {
    /// The rows that the server's command line is made of, beside those of JMX.
    pub const SERVER_ROWS: [usize; 10] = [
        ADMIN_SERVER_ADDRESS.row(),
        BASE_DIR.row(),
        CONF_DIR.row(),
        HEAP_SIZE.row(),
        JVMFLAGS.row(),
        LOG_DIR.row(),
        LOG_LEVEL.row(),
        LOG4J_PROP.row(),
        SERVER_JVMFLAGS.row(),
        SUPER_USER_PASSWORD.row(),
    ];

    /// The server on the configuration file `config`. Its secrets are still to be hidden.
    pub fn server(environment: &Environment, values: &Values, config: &ServerConfig<'_>) -> Self {
        let mut line = Line::default();
        line.extend(heap::arguments(environment, values));
        // A server that has run out of memory must not linger half dead.
        line.extend(["-XX:+ExitOnOutOfMemoryError"]);
        line.extend(jmx::arguments(values));
        // The default of 3 gives up while the names of the other containers are still coming up; without end
        // it would hide a wrong own address behind a live process that serves nobody.
        line.property("zookeeper.electionPortBindRetry", "60");
        line.property("zookeeper.log.dir", values.path(LOG_DIR));
        line.property("zookeeper.log.file", "zookeeper.log");
        line.logger(&logging::asked_for(values));
        if let Some(address) = admin::address(environment, values, config) {
            line.property("zookeeper.admin.serverAddress", address);
        }
        // The files of the image stand behind those of the user, for a read-only directory without them.
        line.class_path(values, [values.path(CONF_DIR), Path::new(DEFAULT_FILES)]);
        line.extend(values.flags(SERVER_JVMFLAGS));
        line.extend(values.flags(JVMFLAGS));
        line.extend([OsString::from(SERVER), config.path.as_os_str().to_owned()]);
        Self {
            secrets: secret::of_server(values, config),
            ..Self::new(environment, line)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::java::tests::{given, shown};

    fn on(pairs: &[(&str, &str)], file: &str, release: Release) -> JavaCommand {
        let (environment, values) = given(pairs);
        let config = ServerConfig {
            path: Path::new("/srv/conf/zookeeper/zoo.cfg"),
            properties: &Properties::parse(file.as_bytes()),
            release,
        };
        JavaCommand::server(&environment, &values, &config)
    }

    fn server(pairs: &[(&str, &str)]) -> String {
        shown(&on(pairs, "", Release::new(3, 6, 1)))
    }

    #[test]
    fn the_server() {
        assert_eq!(
            server(&[]),
            "java -Xms1024m -Xmx1024m -XX:+ExitOnOutOfMemoryError -Dzookeeper.electionPortBindRetry=60 \
             -Dzookeeper.log.dir=/var/log/zookeeper -Dzookeeper.log.file=zookeeper.log \
             -Dzookeeper.root.logger=INFO,CONSOLE -Dzookeeper.console.threshold=INFO \
             -cp /srv/conf/zookeeper:/etc/zookeeper:/usr/local/zookeeper/lib/* \
             org.apache.zookeeper.server.quorum.QuorumPeerMain /srv/conf/zookeeper/zoo.cfg"
        );
    }

    #[test]
    fn each_variable_and_its_argument() {
        for (pair, expected) in [
            (
                ("JAVA_HOME", "/usr/lib/jvm/java-21"),
                "/usr/lib/jvm/java-21/bin/java -Xms",
            ),
            (("ZOO_HEAP_SIZE", "256"), "-Xms256m -Xmx256m "),
            (("ZK_SERVER_HEAP", "256"), "-Xms256m -Xmx256m "),
            (("ZOO_LOG_DIR", "/logs/"), "-Dzookeeper.log.dir=/logs "),
            (
                ("ZOO_LOG_LEVEL", "debug"),
                "-Dzookeeper.root.logger=DEBUG,CONSOLE -Dzookeeper.console.threshold=DEBUG ",
            ),
            (
                ("ZOO_LOG4J_PROP", "warn, rollingfile,CONSOLE"),
                "-Dzookeeper.root.logger=WARN,ROLLINGFILE,CONSOLE -Dzookeeper.console.threshold=WARN ",
            ),
            (("ZOO_CONF_DIR", "/conf"), "-cp /conf:/etc/zookeeper:"),
            (("ZOO_BASE_DIR", "/opt/zk"), ":/opt/zk/lib/* "),
            (("JMXPORT", "9010"), ".jmxremote.rmi.port=9010 "),
            (
                ("SERVER_JVMFLAGS", "-Da=1  -Db=2"),
                "lib/* -Da=1 -Db=2 org.apache",
            ),
            (("JVMFLAGS", "-Da=1\n-Db=2"), "lib/* -Da=1 -Db=2 org.apache"),
            (("ZOO_JVMFLAGS", "-Da=1"), "lib/* -Da=1 org.apache"),
        ] {
            let line = server(&[pair]);
            assert!(
                line.contains(expected),
                "{pair:?}: {expected} is not in {line}"
            );
        }
        assert!(server(&[("JVMFLAGS", "-Db"), ("SERVER_JVMFLAGS", "-Da")]).contains("-Da -Db org"));
        assert!(!server(&[("CLIENT_JVMFLAGS", "-Dc=1")]).contains("-Dc=1"));
        assert!(!server(&[("JAVA_TOOL_OPTIONS", "-XX:MaxRAMPercentage=50")]).contains("-Xmx"));
    }

    #[test]
    fn a_level_beside_the_places_of_the_log_is_the_one_of_the_places() {
        let line = server(&[
            ("ZOO_LOG_LEVEL", "DEBUG"),
            ("ZOO_LOG4J_PROP", "ERROR,ROLLINGFILE"),
        ]);
        assert!(
            line.contains(".logger=ERROR,ROLLINGFILE -Dzookeeper.console.threshold=ERROR "),
            "{line}"
        );
    }

    #[test]
    fn who_could_ask_for_a_secret_must_be_in_the_container_or_be_meant() {
        let on_loopback = "-Dzookeeper.admin.serverAddress=127.0.0.1 ";
        let password = ("ZOO_SUPER_USER_PASSWORD", "geheim");
        assert!(!server(&[]).contains(on_loopback));
        assert!(server(&[password]).contains(on_loopback));
        let meant = [password, ("ZOO_ADMIN_SERVER_ADDRESS", "10.0.0.1")];
        assert!(server(&meant).contains("-Dzookeeper.admin.serverAddress=10.0.0.1 "));
        assert!(!server(&meant[1..]).contains("serverAddress"));

        let store = [
            ("ZOO_TLS_CLIENT_ENABLE", "yes"),
            ("ZOO_TLS_CLIENT_KEYSTORE_PASSWORD", "geheim"),
        ];
        let (old, new) = (Release::new(3, 6, 1), Release::new(3, 8, 0));
        for (pairs, file, release, expected) in [
            (&store[..], "", old, true),
            // There a file has it, and no property.
            (&store, "", new, false),
            (&[], "ssl.quorum.trustStore.password=geheim", new, true),
            (&[], "ssl.keyStore.password=", old, false),
            (
                &[("JVMFLAGS", "-Djavax.net.ssl.keyStorePassword=x")],
                "",
                new,
                true,
            ),
            (&[("SERVER_JVMFLAGS", "-Dpassword.rules=x")], "", new, false),
            (
                &[(
                    "SERVER_JVMFLAGS",
                    "-Dzookeeper.DigestAuthenticationProvider.superDigest=super:x",
                )],
                "",
                new,
                true,
            ),
        ] {
            let line = shown(&on(pairs, file, release));
            assert_eq!(
                line.contains(on_loopback),
                expected,
                "{pairs:?} {file} {line}"
            );
        }
    }

    #[test]
    fn no_secret_is_among_the_arguments() {
        let pairs = [("ZOO_SUPER_USER_PASSWORD", "geheim")];
        let on_loopback = "-Dzookeeper.admin.serverAddress=127.0.0.1 ";
        assert_eq!(server(&pairs).replace(on_loopback, ""), server(&[]));
        let command = on(&pairs, "", Release::new(3, 6, 1));
        assert_eq!(command.secrets.len(), 1);
        assert!(!format!("{command:?}").contains("geheim"));
    }
}
