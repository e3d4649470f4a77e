//! `zkCli.sh`.

use std::ffi::OsString;
use std::path::Path;

use super::{JavaCommand, tool};
use crate::endpoint::{Endpoint, Transport};
use crate::tls::CLIENTS;
use crate::variables::ids::TLS_PORT_NUMBER;
use crate::variables::{Environment, Values};

const CLIENT: &str = "org.apache.zookeeper.ZooKeeperMain";

impl JavaCommand {
    /// `zkCli.sh` with its arguments; without `-server` among them it goes to `local`. Its secrets are still to be
    /// hidden.
    pub fn client(
        environment: &Environment,
        values: &Values,
        local: &Endpoint,
        arguments: Vec<OsString>,
    ) -> Self {
        let mut line = tool::line(values);
        if !Path::new("/bin/sh").exists() {
            // jline asks `sh -c stty` for the terminal, and would greet everybody with a stack trace.
            line.property("jline.terminal", "jline.UnsupportedTerminal");
        }
        line.extend([CLIENT]);
        let servers = servers_named(&arguments);
        let is_encrypted = match servers {
            Some(servers) => {
                CLIENTS.is_asked_for(values) && all_on(values.port(TLS_PORT_NUMBER), servers)
            }
            None => local.transport == Transport::Tls,
        };
        if servers.is_none() {
            line.extend(["-server".to_owned(), local.to_string()]);
        }
        line.extend(arguments);
        let mut command = Self::new(environment, line);
        if is_encrypted {
            command.encrypt(values);
        }
        command
    }
}

/// The servers that are named. Options end where the command begins, whose arguments may look like one.
fn servers_named(arguments: &[OsString]) -> Option<&[u8]> {
    let mut arguments = arguments.iter().map(|argument| argument.as_encoded_bytes());
    while let Some(argument) = arguments.next() {
        match argument {
            b"-server" => return Some(arguments.next().unwrap_or_default()),
            b"-timeout" | b"-client-configuration" => {
                arguments.next();
            }
            option if option.starts_with(b"-") => {}
            _ => return None,
        }
    }
    None
}

/// Whether all servers of `host:port,host:port/chroot` are on this port: a client cannot speak TLS to some of them
/// only.
fn all_on(port: u16, servers: &[u8]) -> bool {
    let servers = String::from_utf8_lossy(servers);
    let servers = servers.split('/').next().unwrap_or_default();
    let is_on = |server: &str| {
        let named = server.trim().rsplit_once(':');
        named.is_some_and(|(_, named)| named.parse() == Ok(port))
    };
    servers.split(',').all(is_on)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::java::tests::{given, shown};

    fn client(pairs: &[(&str, &str)], arguments: &[&str]) -> String {
        let (environment, values) = given(pairs);
        let arguments = arguments.iter().map(OsString::from).collect();
        let local = Endpoint::local(2182);
        shown(&JavaCommand::client(
            &environment,
            &values,
            &local,
            arguments,
        ))
    }

    #[test]
    fn without_a_server_it_is_the_local_one() {
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
    fn a_server_is_named_before_the_command() {
        for (words, named) in [
            ("", false),
            ("-server zoo1", true),
            ("-timeout 5000 -r -server zoo1 ls /", true),
            ("-timeout 5000 ls /", false),
            ("set /a -server", false),
        ] {
            let words: Vec<OsString> = words.split_whitespace().map(OsString::from).collect();
            assert_eq!(servers_named(&words).is_some(), named, "{words:?}");
        }
    }

    #[test]
    fn a_client_speaks_tls_where_it_goes_to_the_encrypted_port() {
        let yes = ("ZOO_TLS_CLIENT_ENABLE", "yes");
        for (pairs, servers, expected) in [
            (&[yes][..], "zoo1:3181", true),
            (&[yes], "zoo1:3181,[::1]:3181/chroot:2181", true),
            (&[yes], "zoo1:3181,zoo2:2181", false),
            (&[yes], "zoo1:2181", false),
            (&[yes], "zoo1", false),
            (&[yes, ("ZOO_TLS_PORT_NUMBER", "2281")], "zoo1:2281", true),
            (&[("ZOO_TLS_PORT_NUMBER", "2281")], "zoo1:2281", false),
            (&[], "zoo1:3181", false),
        ] {
            let line = client(pairs, &["-server", servers, "ls", "/"]);
            assert_eq!(
                line.starts_with("java -Dzookeeper.client.secure=true "),
                expected,
                "{pairs:?} {servers}: {line}"
            );
        }
        // The server of this container has a port that is open to everybody.
        assert!(!client(&[yes], &["ls", "/"]).contains("secure"));
    }

    #[test]
    fn the_stores_are_those_of_the_variables_and_flags_win() {
        let pairs = [
            ("ZOO_TLS_CLIENT_ENABLE", "yes"),
            ("ZOO_TLS_CLIENT_KEYSTORE_FILE", "/a.p12"),
            ("ZOO_TLS_CLIENT_KEYSTORE_PASSWORD", "geheim"),
            ("ZOO_TLS_CLIENT_TRUSTSTORE_FILE", "/b.pem"),
            (
                "CLIENT_JVMFLAGS",
                "-Dzookeeper.ssl.trustStore.location=/c.pem",
            ),
        ];
        let (environment, values) = given(&pairs);
        let arguments = ["-server", "zoo1:3181"].map(OsString::from).to_vec();
        let local = Endpoint::local(2181);
        let mut command = JavaCommand::client(&environment, &values, &local, arguments);
        assert_eq!(
            format!("{:?}", command.secrets),
            "[-Dzookeeper.ssl.keyStore.password=***]"
        );
        let file = command.hide_secrets_in_memory().unwrap().unwrap();
        let line = shown(&command);
        let path = file.path();
        assert!(
            line.starts_with(&format!(
                "java @{} -XX:ErrorFile=/dev/null -Dzookeeper.client.secure=true \
                 -Dzookeeper.clientCnxnSocket=org.apache.zookeeper.ClientCnxnSocketNetty \
                 -Dzookeeper.ssl.keyStore.location=/a.p12 -Dzookeeper.ssl.trustStore.location=/b.pem ",
                path.display()
            )),
            "{line}"
        );
        assert!(
            line.contains(" -Dzookeeper.ssl.trustStore.location=/c.pem org"),
            "{line}"
        );
        assert!(!line.contains("geheim"));
        assert_eq!(
            std::fs::read_to_string(path).unwrap(),
            "\"-Dzookeeper.ssl.keyStore.password=geheim\"\n"
        );
    }
}
