//! `zkCli.sh`.

use std::ffi::OsString;
use std::path::Path;

use super::{JavaCommand, tool};
use crate::endpoint::Endpoint;
use crate::variables::{Environment, Values};

const CLIENT: &str = "org.apache.zookeeper.ZooKeeperMain";

impl JavaCommand {
    /// `zkCli.sh` with its arguments; without `-server` among them it goes to `local`.
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
        if !names_server(&arguments) {
            line.extend(["-server".to_owned(), local.to_string()]);
        }
        line.extend(arguments);
        Self::new(environment, line)
    }
}

/// Whether a server is named. Options end where the command begins, whose arguments may look like one.
fn names_server(arguments: &[OsString]) -> bool {
    let mut arguments = arguments.iter().map(|argument| argument.as_encoded_bytes());
    while let Some(argument) = arguments.next() {
        match argument {
            b"-server" => return true,
            b"-timeout" | b"-client-configuration" => {
                arguments.next();
            }
            option if option.starts_with(b"-") => {}
            _ => return false,
        }
    }
    false
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
            assert_eq!(names_server(&words), named, "{words:?}");
        }
    }
}
