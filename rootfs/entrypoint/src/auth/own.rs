//! A JAAS file of the user's own, named by the flags of Java: it wins, and so must hold what is asked for.
//!
//! A server whose file has no section `Server` starts as if nobody had asked for authentication.

use std::io;
use std::path::PathBuf;

use super::jaas;
use crate::file;
use crate::java::flags;
use crate::variables::ids::{CLIENT_JVMFLAGS, ENABLE_AUTH, SERVER_JVMFLAGS};
use crate::variables::{Environment, Values};

/// The section in which a server looks, and the property that names another one.
const SECTION: &str = "Server";
const SECTION_PROPERTY: &str = "zookeeper.sasl.serverconfig";

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
}

/// The file that the flags of the server name.
pub fn of_server(environment: &Environment, values: &Values) -> Option<String> {
    named(&flags::of_user(environment, values, SERVER_JVMFLAGS))
}

/// The file that the flags of the tools name.
pub fn of_client(environment: &Environment, values: &Values) -> Option<String> {
    named(&flags::of_user(environment, values, CLIENT_JVMFLAGS))
}

/// Looks into the file of the server, if there is one and it matters.
pub fn check(environment: &Environment, values: &Values) -> Result<(), OwnFileError> {
    let Some(named) = of_server(environment, values).filter(|_| values.boolean(ENABLE_AUTH)) else {
        return Ok(());
    };
    let given = flags::of_user(environment, values, SERVER_JVMFLAGS);
    let section = flags::property(&given, SECTION_PROPERTY).unwrap_or_else(|| SECTION.to_owned());
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
    use crate::variables::Reading;

    #[test]
    fn paths_as_java_takes_them() {
        for named in ["/a/b", "=/a/b", "file:/a/b", "file:///a/b", "=file:/a/b"] {
            assert_eq!(path(named), "/a/b", "{named}");
        }
    }

    #[test]
    fn who_asks_for_authentication_must_get_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("jaas.conf");
        let flag = format!("-Djava.security.auth.login.config={}", path.display());
        let checked = |pairs: &[(&str, &str)]| {
            let environment: Environment = pairs.iter().copied().collect();
            let values = Reading::of(&environment).all().unwrap();
            check(&environment, &values).map_err(|error| error.to_string())
        };
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
