//! The command lines of Java: [`server`], [`client`] (`zkCli.sh`) and every other [`tool`].
//!
//! Ours come first and the user's last, since of two equal arguments the JVM takes the later one. What
//! nobody may see is not on the command line, which every process of the container can read: it goes by way
//! of a private file (see [`secret`]).

mod client;
pub mod flags;
pub mod heap;
pub mod jmx;
pub mod logback;
mod logging;
pub mod secret;
mod server;
mod tool;

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use secret::SecretProperty;

use crate::runtime::RuntimeDirectory;
use crate::variables::ids::BASE_DIR;
use crate::variables::{Environment, Kind, RootLogger, TABLE, Values};

/// A command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JavaCommand {
    /// The `java` to run.
    pub program: PathBuf,
    /// Its arguments, none of which is a secret.
    pub arguments: Vec<OsString>,
    /// Arguments that are secrets, as long as [`JavaCommand::hide_secrets`] has not laid them into a file.
    pub secrets: Vec<SecretProperty>,
}

/// Why secrets have no place.
#[derive(Debug, thiserror::Error)]
pub enum HideError {
    /// There is no private directory.
    #[error("no private directory for the password of the super user")]
    NoPlace,
    /// The file cannot be written.
    #[error("cannot write to {}: {source}", directory.display())]
    Write {
        /// The private directory.
        directory: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl JavaCommand {
    fn new(environment: &Environment, line: Line) -> Self {
        Self {
            program: program(environment),
            arguments: line.0,
            secrets: Vec::new(),
        }
    }

    /// Sets system properties before all other arguments: what the user gives comes later and wins.
    pub fn put_first(&mut self, properties: impl IntoIterator<Item = (&'static str, OsString)>) {
        let mut first = Line::default();
        for (name, value) in properties {
            first.property(name, value);
        }
        self.arguments.splice(0..0, first.0);
    }

    /// Lays the secrets into a file that only this user may read, and has the launcher of Java read it. Without
    /// a place for that file a command with secrets is not to be run.
    pub fn hide_secrets(&mut self, runtime: Option<&RuntimeDirectory>) -> Result<(), HideError> {
        if self.secrets.is_empty() {
            return Ok(());
        }
        let runtime = runtime.ok_or(HideError::NoPlace)?;
        let path = runtime
            .write(secret::FILE, &secret::argument_file(&self.secrets))
            .map_err(|source| HideError::Write {
                directory: runtime.path().to_owned(),
                source,
            })?;
        let mut argument = OsString::from("@");
        argument.push(path);
        // First, as everything of ours: what the user gives comes later and wins.
        self.arguments.insert(0, argument);
        self.secrets.clear();
        Ok(())
    }

    /// As something that can be started, without the passwords of our own environment in its.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        for variable in TABLE.iter().filter(|row| row.kind == Kind::Secret) {
            for name in std::iter::once(&variable.name).chain(variable.aliases) {
                command.env_remove(name);
            }
        }
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

    fn property(&mut self, name: &str, value: impl AsRef<OsStr>) {
        let mut argument = OsString::from(format!("-D{name}="));
        argument.push(value);
        self.0.push(argument);
    }

    /// The console has a threshold of its own, without which a level below INFO would not be seen there.
    fn logger(&mut self, logger: &RootLogger) {
        self.property("zookeeper.root.logger", logger.to_string());
        self.property("zookeeper.console.threshold", &logger.level);
    }

    fn class_path(&mut self, values: &Values, directories: [&Path; 2]) {
        let jars = values.path(BASE_DIR).join("lib/*");
        let mut path = OsString::new();
        for directory in directories {
            path.push(directory);
            path.push(":");
        }
        path.push(jars);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::Reading;

    /// The environment of a test, and its values.
    pub(super) fn given(pairs: &[(&str, &str)]) -> (Environment, Values) {
        let environment: Environment = pairs.iter().copied().collect();
        let values = Reading::of(&environment).all().unwrap();
        (environment, values)
    }

    /// A command line as one text.
    pub(super) fn shown(command: &JavaCommand) -> String {
        let arguments: Vec<_> = command
            .arguments
            .iter()
            .map(|argument| argument.to_str().unwrap())
            .collect();
        format!("{} {}", command.program.display(), arguments.join(" "))
    }

    #[test]
    fn secrets_go_into_a_private_file() {
        let root = tempfile::tempdir().unwrap();
        let runtime = RuntimeDirectory::create(&root.path().join("server.pid")).unwrap();
        let (environment, values) = given(&[("ZOO_SUPER_USER_PASSWORD", "secret")]);
        let server = || JavaCommand::server(&environment, &values, Path::new("zoo.cfg"));
        let mut hidden = server();
        hidden.hide_secrets(Some(&runtime)).unwrap();
        let file = runtime.path().join(secret::FILE);
        assert_eq!(hidden.arguments[0], *format!("@{}", file.display()));
        assert_eq!(hidden.arguments[1..], server().arguments);
        assert_eq!(
            std::fs::read_to_string(file).unwrap(),
            "\"-Dzookeeper.DigestAuthenticationProvider.superDigest=super:lK75jTNcA+U9vtVEw5vB51mj/w4=\"\n"
        );
        assert!(matches!(
            server().hide_secrets(None),
            Err(HideError::NoPlace)
        ));
        let mut plain = JavaCommand::tool(&environment, &values, "Tool", Vec::new());
        plain.hide_secrets(None).unwrap();
    }

    #[test]
    fn passwords_are_not_handed_down_in_the_environment() {
        let (environment, values) = given(&[]);
        let command = JavaCommand::server(&environment, &values, Path::new("zoo.cfg")).command();
        let removed = |name: &str| {
            command
                .get_envs()
                .any(|(key, value)| key == name && value.is_none())
        };
        assert!(removed("ZOO_SUPER_USER_PASSWORD"));
        assert!(!removed("ZOO_SUPER_USER_PASSWORD_FILE"));
        assert!(!removed("JVMFLAGS"));
    }
}
