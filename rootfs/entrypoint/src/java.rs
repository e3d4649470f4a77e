//! The command lines of Java: the server's and `zkCli.sh`'s.
//!
//! Ours come first and the user's last, since of two equal arguments the JVM takes the later one.

mod heap;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::endpoint::Endpoint;
use crate::prepare::DEFAULT_FILES;
use crate::variables::ids::{
    BASE_DIR, CLIENT_JVMFLAGS, CONF_DIR, HEAP_SIZE, JVMFLAGS, LOG_DIR, LOG_LEVEL, LOG4J_PROP,
    SERVER_JVMFLAGS,
};
use crate::variables::{Environment, RootLogger, Values};

const SERVER: &str = "org.apache.zookeeper.server.quorum.QuorumPeerMain";
const CLIENT: &str = "org.apache.zookeeper.ZooKeeperMain";

/// Variables that the JVM itself reads, so that flags in them count as the user's.
const READ_BY_THE_JVM: [&str; 2] = ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"];

/// A command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JavaCommand {
    /// The `java` to run.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}

impl JavaCommand {
    /// The server on the configuration file `config`.
    pub fn server(environment: &Environment, values: &Values, config: &Path) -> Self {
        let flags: Vec<String> = [values.flags(SERVER_JVMFLAGS), values.flags(JVMFLAGS)].concat();
        let others = READ_BY_THE_JVM
            .iter()
            .filter_map(|name| environment.get(name)?.to_str());
        let sized_by: Vec<&str> = flags
            .iter()
            .map(String::as_str)
            .chain(others.flat_map(str::split_whitespace))
            .collect();
        let logger = values
            .root_logger(LOG4J_PROP)
            .cloned()
            .unwrap_or_else(|| to_console(values));

        let mut line = Line::default();
        line.extend(heap::arguments(values.integer(HEAP_SIZE), &sized_by));
        line.extend([
            // A server that has run out of memory must not linger half dead.
            "-XX:+ExitOnOutOfMemoryError",
            // Local JMX only, by attaching to the process: no port is opened.
            "-Dcom.sun.management.jmxremote",
            "-Dcom.sun.management.jmxremote.local.only=true",
            // The default of 3 gives up while the names of the other containers are still coming up; without
            // end it would hide a wrong own address behind a live process that serves nobody.
            "-Dzookeeper.electionPortBindRetry=60",
        ]);
        line.property("zookeeper.log.dir", values.path(LOG_DIR).as_os_str());
        line.property("zookeeper.log.file", "zookeeper.log");
        line.logger(&logger);
        line.class_path(values);
        line.extend(flags);
        line.extend([OsString::from(SERVER), config.as_os_str().to_owned()]);
        Self {
            program: program(environment),
            arguments: line.0,
        }
    }

    /// `zkCli.sh` with its arguments; without `-server` among them it goes to `local`.
    pub fn client(
        environment: &Environment,
        values: &Values,
        local: &Endpoint,
        arguments: Vec<OsString>,
    ) -> Self {
        let mut line = Line::default();
        // To the console only: under ROLLINGFILE a client would roll the server's log.
        line.logger(&to_console(values));
        if !Path::new("/bin/sh").exists() {
            // jline asks `sh -c stty` for the terminal, and would greet everybody with a stack trace.
            line.extend(["-Djline.terminal=jline.UnsupportedTerminal"]);
        }
        line.class_path(values);
        let flags = values
            .flags(CLIENT_JVMFLAGS)
            .iter()
            .chain(heap::without_sizes(values.flags(JVMFLAGS)));
        line.extend(flags);
        line.extend([CLIENT]);
        if !arguments.iter().any(|argument| argument == "-server") {
            line.extend([
                "-server".to_owned(),
                format!("{}:{}", bracketed(&local.host), local.port),
            ]);
        }
        line.extend(arguments);
        Self {
            program: program(environment),
            arguments: line.0,
        }
    }

    /// As something that can be started.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        command
    }
}

/// Arguments in the making.
#[derive(Default)]
struct Line(Vec<OsString>);

impl Line {
    fn extend<T: Into<OsString>>(&mut self, arguments: impl IntoIterator<Item = T>) {
        self.0.extend(arguments.into_iter().map(Into::into));
    }

    fn property(&mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) {
        let mut argument = OsString::from(format!("-D{name}="));
        argument.push(value);
        self.0.push(argument);
    }

    /// The console has a threshold of its own, without which a level below INFO would not be seen there.
    fn logger(&mut self, logger: &RootLogger) {
        self.property("zookeeper.root.logger", logger.to_string());
        self.property("zookeeper.console.threshold", &logger.level);
    }

    /// The files of the image stand behind those of the user, for a read-only directory without them.
    fn class_path(&mut self, values: &Values) {
        let mut path = values.path(CONF_DIR).as_os_str().to_owned();
        path.push(":");
        path.push(DEFAULT_FILES);
        path.push(":");
        path.push(values.path(BASE_DIR).join("lib/*"));
        self.extend([OsString::from("-cp"), path]);
    }
}

/// `$JAVA_HOME/bin/java`, else the one on the `PATH`.
fn program(environment: &Environment) -> PathBuf {
    environment.get("JAVA_HOME").map_or_else(
        || PathBuf::from("java"),
        |home| Path::new(home).join("bin/java"),
    )
}

fn to_console(values: &Values) -> RootLogger {
    let level = match values.root_logger(LOG4J_PROP) {
        Some(logger) => &logger.level,
        None => values.text(LOG_LEVEL),
    };
    RootLogger {
        level: level.to_owned(),
        appenders: vec!["CONSOLE".to_owned()],
    }
}

fn bracketed(host: &str) -> String {
    if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::Reading;

    fn server(pairs: &[(&str, &str)]) -> String {
        let environment: Environment = pairs.iter().copied().collect();
        let values = Reading::of(&environment).all().unwrap();
        shown(&JavaCommand::server(
            &environment,
            &values,
            Path::new("/srv/conf/zookeeper/zoo.cfg"),
        ))
    }

    fn client(pairs: &[(&str, &str)], arguments: &[&str]) -> String {
        let environment: Environment = pairs.iter().copied().collect();
        let values = Reading::of(&environment).all().unwrap();
        let arguments = arguments.iter().map(OsString::from).collect();
        shown(&JavaCommand::client(
            &environment,
            &values,
            &Endpoint::local(2182),
            arguments,
        ))
    }

    fn shown(command: &JavaCommand) -> String {
        let arguments: Vec<_> = command
            .arguments
            .iter()
            .map(|argument| argument.to_str().unwrap())
            .collect();
        format!("{} {}", command.program.display(), arguments.join(" "))
    }

    #[test]
    fn the_server() {
        assert_eq!(
            server(&[]),
            "java -Xms1024m -Xmx1024m -XX:+ExitOnOutOfMemoryError -Dcom.sun.management.jmxremote \
             -Dcom.sun.management.jmxremote.local.only=true -Dzookeeper.electionPortBindRetry=60 \
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
    fn the_client() {
        let line = client(&[("ZOO_LOG4J_PROP", "WARN,ROLLINGFILE")], &["get", "/"]);
        assert!(
            line.starts_with("java -Dzookeeper.root.logger=WARN,CONSOLE "),
            "{line}"
        );
        assert!(
            line.ends_with("org.apache.zookeeper.ZooKeeperMain -server localhost:2182 get /"),
            "{line}"
        );
        let elsewhere = client(&[], &["-server", "zoo1:2181", "ls", "/"]);
        assert!(
            elsewhere.ends_with("ZooKeeperMain -server zoo1:2181 ls /"),
            "{elsewhere}"
        );
    }

    #[test]
    fn the_client_does_not_get_the_servers_heap() {
        let line = client(
            &[
                ("ZOO_HEAP_SIZE", "4096"),
                ("JVMFLAGS", "-Xmx4g -Da=1 -XX:MaxRAMPercentage=70"),
                ("SERVER_JVMFLAGS", "-Ds=1"),
                ("CLIENT_JVMFLAGS", "-Xmx64m"),
            ],
            &[],
        );
        assert!(line.contains("lib/* -Xmx64m -Da=1 org.apache"), "{line}");
    }
}
