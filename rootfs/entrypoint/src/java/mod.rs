//! The command lines of Java: [`server`], [`client`] (`zkCli.sh`) and every other [`tool`].
//!
//! Ours come first and the user's last, since of two equal arguments the JVM takes the later one. What
//! nobody may see is not on the command line, which every process of the container can read: it goes by way
//! of private files (see [`secret`]).

pub mod admin;
mod client;
pub mod crash;
pub mod flags;
pub mod heap;
pub mod jmx;
pub mod logback;
mod logging;
pub mod secret;
mod server;
mod tls;
mod tool;

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use secret::SecretProperty;
pub use server::ServerConfig;

use crate::nameless::NamelessFile;
use crate::runtime::{ADVICE, RuntimeDirectory};
use crate::tls::passwords;
use crate::variables::ids::BASE_DIR;
use crate::variables::{Environment, Kind, RootLogger, TABLE, Values, settings};

/// A command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JavaCommand {
    /// The `java` to run.
    pub program: PathBuf,
    /// Its arguments, none of which is a secret.
    pub arguments: Vec<OsString>,
    /// Arguments that are secrets, as long as [`JavaCommand::hide_secrets`] has not laid them into a file.
    pub secrets: Vec<SecretProperty>,
    /// Whether it is a client that speaks TLS.
    pub is_encrypted: bool,
    /// The variables with passwords, which are not in its environment.
    withheld: Vec<String>,
}

/// Why secrets have no place.
#[derive(Debug, thiserror::Error)]
pub enum HideError {
    /// There is no private directory.
    #[error("no private directory for the passwords of stores or of the super user: {ADVICE}")]
    NoPlace,
    /// The file without a name cannot be written.
    #[error("cannot keep passwords in memory: {0}")]
    Memory(#[source] io::Error),
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
            is_encrypted: false,
            withheld: withheld(environment),
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

    /// Lays the secrets into files that only this user may read, and has the launcher of Java or ZooKeeper read
    /// them. Without a place for those files a command with secrets is not to be run.
    pub fn hide_secrets(&mut self, runtime: Option<&RuntimeDirectory>) -> Result<(), HideError> {
        if self.secrets.is_empty() {
            return Ok(());
        }
        let runtime = runtime.ok_or(HideError::NoPlace)?;
        let write = |name: &str, content: &[u8]| {
            runtime
                .write(name, content)
                .map_err(|source| HideError::Write {
                    directory: runtime.path().to_owned(),
                    source,
                })
        };
        let (values, paths): (Vec<_>, Vec<_>) =
            (self.secrets.iter()).partition(|secret| secret.is_among_properties());
        let mut line = Line::default();
        if !values.is_empty() {
            let content = secret::argument_file(values.into_iter());
            line.argument_file(&write(secret::FILE, &content)?);
        }
        for secret in paths {
            let (name, content) = secret.file();
            line.property(name, write(name, &content)?);
        }
        self.secrets.clear();
        self.begin_with(line);
        Ok(())
    }

    /// The same for a program that ends soon: into a file without a name, that goes with the last process that has
    /// it open. It must be kept open until Java has been started.
    pub fn hide_secrets_in_memory(&mut self) -> Result<Option<NamelessFile>, HideError> {
        if self.secrets.is_empty() {
            return Ok(None);
        }
        let content = secret::argument_file(self.secrets.iter());
        let file = NamelessFile::create(secret::FILE, &content).map_err(HideError::Memory)?;
        let mut line = Line::default();
        line.argument_file(&file.path());
        self.secrets.clear();
        self.report_no_crashes();
        self.begin_with(line);
        Ok(Some(file))
    }

    /// Makes it a client of the encrypted port, with the stores of the variables. Its secrets are still to be hidden.
    fn encrypt(&mut self, values: &Values) {
        self.begin_with(tls::arguments(values));
        self.secrets = secret::of_encrypted_client(values);
        self.is_encrypted = true;
    }

    /// First, as everything of ours: what the user gives comes later and wins.
    fn begin_with(&mut self, line: Line) {
        self.arguments.splice(0..0, line.0);
    }

    /// As something that can be started, without the passwords of our own environment in its.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        for name in &self.withheld {
            command.env_remove(name);
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

    /// A file with further arguments.
    fn argument_file(&mut self, path: &Path) {
        let mut argument = OsString::from("@");
        argument.push(path);
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

/// Which variables have passwords, or may: what is in a list of settings Java has in `zoo.cfg`.
fn withheld(environment: &Environment) -> Vec<String> {
    let secret = TABLE
        .iter()
        .filter(|row| matches!(row.kind, Kind::Secret | Kind::Settings))
        .flat_map(|row| std::iter::once(row.name).chain(row.aliases.iter().copied()))
        .map(str::to_owned);
    let settings = environment
        .iter()
        .map(|(name, _)| name)
        .filter(|name| settings::is_setting(name) && passwords::is_password(name))
        .map(str::to_owned);
    secret.chain(settings).collect()
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
    use crate::properties::Properties;
    use crate::release::Release;
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

    fn server_of(pairs: &[(&str, &str)], release: Release) -> JavaCommand {
        let (environment, values) = given(pairs);
        let config = ServerConfig {
            path: Path::new("zoo.cfg"),
            properties: &Properties::default(),
            release,
        };
        JavaCommand::server(&environment, &values, &config)
    }

    #[test]
    fn secrets_go_into_a_private_file() {
        let root = tempfile::tempdir().unwrap();
        let runtime = RuntimeDirectory::create(&root.path().join("server.pid")).unwrap();
        let (environment, values) = given(&[]);
        let password = [("ZOO_SUPER_USER_PASSWORD", "secret")];
        let server = || server_of(&password, Release::new(3, 6, 1));
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
    fn a_password_of_a_store_has_a_file_of_its_own_where_zookeeper_reads_one() {
        let root = tempfile::tempdir().unwrap();
        let runtime = RuntimeDirectory::create(&root.path().join("server.pid")).unwrap();
        let pairs = [
            ("ZOO_SUPER_USER_PASSWORD", "secret"),
            ("ZOO_TLS_CLIENT_ENABLE", "yes"),
            ("ZOO_TLS_CLIENT_KEYSTORE_PASSWORD", " a \"b\\ü\n"),
        ];
        let mut hidden = server_of(&pairs, Release::new(3, 8, 0));
        hidden.hide_secrets(Some(&runtime)).unwrap();
        let file = runtime.path().join("zookeeper.ssl.keyStore.passwordPath");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), " a \"b\\ü\n\n");
        assert_eq!(
            hidden.arguments[1],
            *format!("-Dzookeeper.ssl.keyStore.passwordPath={}", file.display())
        );
        let shared = runtime.path().join(secret::FILE);
        assert_eq!(hidden.arguments[0], *format!("@{}", shared.display()));
        assert!(
            !std::fs::read_to_string(shared)
                .unwrap()
                .contains("keyStore")
        );

        let mut hidden = server_of(&pairs, Release::new(3, 7, 2));
        hidden.hide_secrets(Some(&runtime)).unwrap();
        let shared = std::fs::read_to_string(runtime.path().join(secret::FILE)).unwrap();
        let expected = r#""-Dzookeeper.ssl.keyStore.password= a \"b\\ü\n""#;
        assert!(shared.lines().any(|line| line == expected), "{shared}");
    }

    #[test]
    fn passwords_are_not_handed_down_in_the_environment() {
        let pairs = [
            ("ZOO_CFG_ssl_keyStore_password", "geheim"),
            (
                "ZOO_CFG_DigestAuthenticationProvider_superDigest",
                "super:x",
            ),
            ("ZOO_CFG_EXTRA", "a=b"),
            ("ZOO_CFG_a_b", "c"),
        ];
        let command = server_of(&pairs, Release::new(3, 6, 1)).command();
        let removed = |name: &str| {
            command
                .get_envs()
                .any(|(key, value)| key == name && value.is_none())
        };
        assert!(removed("ZOO_SUPER_USER_PASSWORD"));
        for (name, _) in &pairs[..3] {
            assert!(removed(name), "{name}");
        }
        assert!(!removed("ZOO_CFG_a_b"));
        assert!(!removed("ZOO_SUPER_USER_PASSWORD_FILE"));
        assert!(!removed("JVMFLAGS"));
    }
}
