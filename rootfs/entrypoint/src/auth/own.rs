//! A JAAS file of the user's own, named by the flags of Java: it wins, and so must hold what is asked for.
//!
//! A server whose file has no section `Server` starts as if nobody had asked for authentication.

use std::io;
use std::path::PathBuf;

use super::jaas::{self, SERVER};
use crate::file;
use crate::java::flags;
use crate::prepare::facts::Found;
use crate::variables::ids::{CLIENT_JVMFLAGS, ENABLE_AUTH, SERVER_JVMFLAGS};
use crate::variables::{Environment, Values};

/// The key of `zoo.cfg`, which becomes a system property, that names another section for a server to look in.
const SECTION_KEY: &str = "sasl.serverconfig";

/// Why the file does not do.
#[derive(Debug, thiserror::Error)]
pub enum OwnFileError {
    /// Nobody knows what is in it.
    #[error("ZOO_ENABLE_AUTH=yes, and the flags of Java name the JAAS file {}, which cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Nobody could log in, and nobody would have to.
    #[error(
        "ZOO_ENABLE_AUTH=yes, and the flags of Java name the JAAS file {}, which has no section `{section}`",
        path.display()
    )]
    NoSection {
        /// The file.
        path: PathBuf,
        /// The section.
        section: String,
    },
    /// ZooKeeper would look where we write nobody, and let everybody in.
    #[error(
        "ZOO_ENABLE_AUTH=yes, and {} names a section of a JAAS file of which ours has only `{SERVER}`: leave it out, or \
         name a file with that section by `-D{}=…` in SERVER_JVMFLAGS",
        .0.shown(), jaas::PROPERTY
    )]
    OtherSection(Section),
}

/// The section in which a server looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    name: String,
    by: NamedBy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NamedBy {
    Default,
    Flag,
    Config,
}

impl Section {
    /// What `zoo.cfg` says becomes a property after the flags were read, and so wins.
    fn find(flags: &[String], values: &Values, config: &Found) -> Self {
        let in_config = match config {
            Found::Kept(kept) => kept.properties.get(SECTION_KEY),
            Found::Nothing | Found::Ours(_) => values.setting(SECTION_KEY),
        };
        let by_config = in_config.map(|name| (name.to_owned(), NamedBy::Config));
        let property = format!("zookeeper.{SECTION_KEY}");
        let by_flag = || flags::property(flags, &property).map(|name| (name, NamedBy::Flag));
        let (name, by) = by_config
            .or_else(by_flag)
            .unwrap_or_else(|| (SERVER.to_owned(), NamedBy::Default));
        Self { name, by }
    }

    fn shown(&self) -> String {
        match self.by {
            NamedBy::Config => format!("`{SECTION_KEY}={}` of zoo.cfg", self.name),
            NamedBy::Flag | NamedBy::Default => {
                format!("the flag `-Dzookeeper.{SECTION_KEY}={}`", self.name)
            }
        }
    }
}

/// The file that the flags of the server name.
pub fn of_server(environment: &Environment, values: &Values) -> Option<String> {
    named(&flags::of_user(environment, values, SERVER_JVMFLAGS))
}

/// The file that the flags of the tools name.
pub fn of_client(environment: &Environment, values: &Values) -> Option<String> {
    named(&flags::of_user(environment, values, CLIENT_JVMFLAGS))
}

/// Looks whether the server finds its users where it looks for them: in ours, or in a file that the flags name.
pub fn check(
    environment: &Environment,
    values: &Values,
    config: &Found,
) -> Result<(), OwnFileError> {
    if !values.boolean(ENABLE_AUTH) {
        return Ok(());
    }
    let given = flags::of_user(environment, values, SERVER_JVMFLAGS);
    let section = Section::find(&given, values, config);
    let Some(named) = named(&given) else {
        return if section.name == SERVER {
            Ok(())
        } else {
            Err(OwnFileError::OtherSection(section))
        };
    };
    let section = section.name;
    let path = PathBuf::from(path(&named));
    let content = file::read(&path)
        .and_then(|content| content.ok_or_else(|| io::ErrorKind::NotFound.into()))
        .map_err(|source| OwnFileError::Unreadable {
            path: path.clone(),
            source,
        })?;
    if jaas::sections(&String::from_utf8_lossy(&content)).contains(&section) {
        Ok(())
    } else {
        Err(OwnFileError::NoSection { path, section })
    }
}

fn named(flags: &[String]) -> Option<String> {
    flags::property(flags, jaas::PROPERTY)
}

/// Java takes an address as well; a second `=` before it says that no other file counts.
fn path(named: &str) -> &str {
    let named = named.strip_prefix('=').unwrap_or(named);
    let Some(rest) = named.strip_prefix("file:") else {
        return named;
    };
    rest.strip_prefix("//").unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepare::facts::{Kept, Reason};
    use crate::properties::Properties;
    use crate::variables::Reading;

    #[test]
    fn paths_as_java_takes_them() {
        for named in ["/a/b", "=/a/b", "file:/a/b", "file:///a/b", "=file:/a/b"] {
            assert_eq!(path(named), "/a/b", "{named}");
        }
    }

    fn checked(pairs: &[(&str, &str)]) -> Result<(), String> {
        checked_with(pairs, &Found::Nothing)
    }

    fn checked_with(pairs: &[(&str, &str)], config: &Found) -> Result<(), String> {
        let environment: Environment = pairs.iter().copied().collect();
        let values = Reading::of(&environment).all().unwrap();
        check(&environment, &values, config).map_err(|error| error.to_string())
    }

    #[test]
    fn a_server_looks_where_its_users_are() {
        let auth = ("ZOO_ENABLE_AUTH", "yes");
        let flag = "-Dzookeeper.sasl.serverconfig=Mine";
        for name in ["JVMFLAGS", "SERVER_JVMFLAGS", "JAVA_TOOL_OPTIONS"] {
            assert_eq!(
                checked(&[auth, (name, flag)]).unwrap_err(),
                "ZOO_ENABLE_AUTH=yes, and the flag `-Dzookeeper.sasl.serverconfig=Mine` names a section of a JAAS file \
                 of which ours has only `Server`: leave it out, or name a file with that section by \
                 `-Djava.security.auth.login.config=…` in SERVER_JVMFLAGS"
            );
            assert_eq!(checked(&[(name, flag)]), Ok(()));
        }
        let same = "-Dzookeeper.sasl.serverconfig=Server";
        assert_eq!(checked(&[auth, ("JVMFLAGS", same)]), Ok(()));
        assert_eq!(checked(&[auth, ("CLIENT_JVMFLAGS", flag)]), Ok(()));
        // What is in `zoo.cfg` wins over the flag.
        let setting = checked(&[auth, ("ZOO_CFG_sasl_serverconfig", "Mine")]).unwrap_err();
        assert!(
            setting.contains("`sasl.serverconfig=Mine` of zoo.cfg"),
            "{setting}"
        );
        let kept = |content: &[u8]| {
            Found::Kept(Kept {
                content: content.to_vec(),
                properties: Properties::parse(content),
                servers: None,
                reason: Reason::Brought,
            })
        };
        let mine = kept(b"sasl.serverconfig=Mine");
        assert!(checked_with(&[auth, ("JVMFLAGS", same)], &mine).is_err());
        let ours = kept(b"sasl.serverconfig=Server");
        assert_eq!(checked_with(&[auth, ("JVMFLAGS", flag)], &ours), Ok(()));
    }

    #[test]
    fn who_asks_for_authentication_must_get_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("jaas.conf");
        let flag = format!("-Djava.security.auth.login.config={}", path.display());
        let auth = ("ZOO_ENABLE_AUTH", "yes");
        let missing = checked(&[auth, ("JVMFLAGS", &flag)]).unwrap_err();
        assert!(missing.contains("which cannot be read"), "{missing}");
        std::fs::write(&path, "Client { a required; };\nMine { b required; };").unwrap();
        let lacking = checked(&[auth, ("SERVER_JVMFLAGS", &flag)]).unwrap_err();
        assert!(
            lacking.ends_with("which has no section `Server`"),
            "{lacking}"
        );
        let other = format!("{flag} -Dzookeeper.sasl.serverconfig=Mine");
        assert_eq!(checked(&[auth, ("JVMFLAGS", &other)]), Ok(()));
        assert_eq!(checked(&[("JVMFLAGS", &flag)]), Ok(()));
        assert_eq!(checked(&[auth, ("CLIENT_JVMFLAGS", &flag)]), Ok(()));
    }
}
