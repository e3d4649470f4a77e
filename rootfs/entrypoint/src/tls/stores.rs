//! The files that the variables name: whether they are there, whether the server can read them, and whether
//! ZooKeeper knows what they are.

use std::io;
use std::path::{Path, PathBuf};

use super::sides::{CLIENTS, SIDES, Side, Store};
use crate::file::{self, Reader};
use crate::java::flags;
use crate::variables::ids::CLIENT_JVMFLAGS;
use crate::variables::{Environment, Values};

/// What ZooKeeper tells stores apart by: the end of the name, in small letters. Later releases know `.bcfks`
/// too, but not without a provider that is not in the image.
const EXTENSIONS: [&str; 3] = [".jks", ".p12", ".pem"];

/// A store that the user of the server cannot read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The variable.
    pub variable: &'static str,
    /// What it names.
    pub path: PathBuf,
    /// The number of the user.
    pub uid: u32,
    /// Why not.
    pub kind: io::ErrorKind,
    /// The same in the words of the system.
    pub reason: String,
}

/// What is wrong with the stores.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is none.
    #[error("{enable}=yes needs {variable}: {purpose}")]
    NotNamed {
        /// The variable that asks for TLS.
        enable: &'static str,
        /// The one that is not set.
        variable: &'static str,
        /// What the store is for.
        purpose: &'static str,
    },
    /// ZooKeeper goes by the name.
    #[error(
        "{variable} is {}: the name of a store must end in .jks, .p12 or .pem", path.display()
    )]
    UnknownType {
        /// The variable.
        variable: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error(
        "{} is {}, which uid {} cannot read ({}): {}",
        .0.variable, .0.path.display(), .0.uid, .0.reason, .0.advice()
    )]
    Unreadable(Unreadable),
}

impl Unreadable {
    /// What to do next.
    fn advice(&self) -> &'static str {
        match self.kind {
            io::ErrorKind::NotFound => "mount it there",
            io::ErrorKind::PermissionDenied => {
                "give it to that user, or let its group or everybody read it"
            }
            _ => "put a regular file there",
        }
    }
}

/// Which stores of what is asked for the user of the server cannot read.
pub fn unreadable(values: &Values, reader: Reader) -> Vec<Unreadable> {
    let asked_for = SIDES.into_iter().filter(|side| side.is_asked_for(values));
    asked_for
        .flat_map(Side::stores)
        .filter_map(|store| unreadable_store(values, store, reader))
        .collect()
}

/// The same for a client of the encrypted port; stores that its flags name are Java's to open.
pub fn unreadable_by_client(environment: &Environment, values: &Values) -> Vec<Unreadable> {
    let given = flags::of_user(environment, values, CLIENT_JVMFLAGS);
    let is_ours = |store: &&Store| {
        let property = format!("zookeeper.{}", store.location());
        flags::property(&given, &property).is_none()
    };
    let stores = CLIENTS.stores().into_iter().filter(is_ours);
    stores
        .filter_map(|store| unreadable_store(values, store, Reader::own()))
        .collect()
}

fn unreadable_store(values: &Values, store: &Store, reader: Reader) -> Option<Unreadable> {
    let path = values.optional_path(store.file)?;
    let error = file::check_readable(path, reader).err()?;
    Some(Unreadable {
        variable: store.file.name(),
        path: path.to_owned(),
        uid: reader.uid,
        kind: error.kind(),
        reason: error.to_string(),
    })
}

/// Everything that is wrong with the stores of what is asked for.
pub fn problems(values: &Values, unreadable: &[Unreadable]) -> Vec<StoreError> {
    let mut problems = Vec::new();
    for side in SIDES.into_iter().filter(|side| side.is_asked_for(values)) {
        for (store, is_needed, purpose) in [
            (
                &side.key_store,
                true,
                "the certificate and the key of this server",
            ),
            (
                &side.trust_store,
                side.needs_trust(side.asked_for_auth(values)),
                "whose certificates are trusted",
            ),
        ] {
            // It may also be named as a setting.
            match values.optional_path(store.file) {
                None if is_needed && values.setting(&store.location()).is_none() => {
                    problems.push(StoreError::NotNamed {
                        enable: side.enable.name(),
                        variable: store.file.name(),
                        purpose,
                    });
                }
                Some(path) if !is_known(values, store, path) => {
                    problems.push(StoreError::UnknownType {
                        variable: store.file.name(),
                        path: path.to_owned(),
                    });
                }
                _ => {}
            }
        }
    }
    problems.extend(unreadable.iter().cloned().map(StoreError::Unreadable));
    problems
}

fn is_known(values: &Values, store: &Store, path: &Path) -> bool {
    let name = path.to_string_lossy();
    EXTENSIONS.iter().any(|extension| name.ends_with(extension))
        || values.setting(&store.type_key()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::Reading;

    fn found(pairs: &[(&str, &str)]) -> Vec<String> {
        let environment: Environment = pairs.iter().copied().collect();
        let values = Reading::of(&environment).all().unwrap();
        let problems = problems(&values, &unreadable(&values, Reader::own()));
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_must_be_named() {
        let clients = ("ZOO_TLS_CLIENT_ENABLE", "yes");
        let key = "ZOO_TLS_CLIENT_ENABLE=yes needs ZOO_TLS_CLIENT_KEYSTORE_FILE: the certificate and the key of this \
                   server";
        let trust = "ZOO_TLS_CLIENT_ENABLE=yes needs ZOO_TLS_CLIENT_TRUSTSTORE_FILE: whose certificates are trusted";
        for (pairs, expected) in [
            (&[][..], &[][..]),
            (&[clients], &[key, trust]),
            (&[clients, ("ZOO_TLS_CLIENT_AUTH", "want")], &[key, trust]),
            (&[clients, ("ZOO_TLS_CLIENT_AUTH", "none")], &[key]),
            (
                &[
                    clients,
                    ("ZOO_CFG_ssl_keyStore_location", "/a.p12"),
                    ("ZOO_CFG_EXTRA", "ssl.trustStore.location=/b.p12"),
                ],
                &[],
            ),
        ] {
            assert_eq!(found(pairs), expected, "{pairs:?}");
        }
        // Who is connected to is always looked at, so there must be somebody to trust.
        let servers = [
            ("ZOO_TLS_QUORUM_ENABLE", "yes"),
            ("ZOO_TLS_QUORUM_CLIENT_AUTH", "none"),
        ];
        let servers = found(&servers);
        assert_eq!(servers.len(), 2, "{servers:?}");
        assert!(servers[1].contains(" needs ZOO_TLS_QUORUM_TRUSTSTORE_FILE: "));
    }

    #[test]
    fn what_is_named_must_be_a_store_that_can_be_read() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name).display().to_string();
        for name in ["a.jks", "b.p12", "c.pem", "d.pfx"] {
            std::fs::write(at(name), "x").unwrap();
        }
        let of = |key: &str, trust: &str| {
            found(&[
                ("ZOO_TLS_CLIENT_ENABLE", "yes"),
                ("ZOO_TLS_CLIENT_KEYSTORE_FILE", &at(key)),
                ("ZOO_TLS_CLIENT_TRUSTSTORE_FILE", &at(trust)),
            ])
        };
        for name in ["a.jks", "b.p12", "c.pem"] {
            assert_eq!(of(name, name), [""; 0]);
        }
        let uid = nix::unistd::geteuid();
        assert_eq!(
            of("d.pfx", "e.jks"),
            [
                format!(
                    "ZOO_TLS_CLIENT_KEYSTORE_FILE is {}: the name of a store must end in .jks, .p12 or .pem",
                    at("d.pfx")
                ),
                format!(
                    "ZOO_TLS_CLIENT_TRUSTSTORE_FILE is {}, which uid {uid} cannot read (No such file or directory (os \
                     error 2)): mount it there",
                    at("e.jks")
                ),
            ]
        );
        let directory = found(&[
            ("ZOO_TLS_CLIENT_ENABLE", "yes"),
            ("ZOO_TLS_CLIENT_AUTH", "none"),
            ("ZOO_TLS_CLIENT_KEYSTORE_FILE", &at("d.pfx")),
            ("ZOO_CFG_ssl_keyStore_type", "PKCS12"),
            ("ZOO_TLS_CLIENT_TRUSTSTORE_FILE", "/etc/x.pem/"),
        ]);
        assert_eq!(directory.len(), 1, "{directory:?}");
    }

    #[test]
    fn readable_is_what_the_user_of_the_server_can_read() {
        if !nix::unistd::geteuid().is_root() {
            return;
        }
        let root = tempfile::Builder::new().suffix(".pem").tempfile().unwrap();
        let path = root.path().display().to_string();
        let environment: Environment = [
            ("ZOO_TLS_CLIENT_ENABLE", "yes"),
            ("ZOO_TLS_CLIENT_AUTH", "none"),
            ("ZOO_TLS_CLIENT_KEYSTORE_FILE", path.as_str()),
        ]
        .into_iter()
        .collect();
        let values = Reading::of(&environment).all().unwrap();
        let daemon = Reader {
            uid: 1000,
            gid: 1000,
        };
        let found = unreadable(&values, daemon);
        assert_eq!(found.len(), 1);
        assert_eq!(
            StoreError::Unreadable(found[0].clone()).to_string(),
            format!(
                "ZOO_TLS_CLIENT_KEYSTORE_FILE is {path}, which uid 1000 cannot read (Permission denied (os error 13)): \
                 give it to that user, or let its group or everybody read it"
            )
        );
        std::os::unix::fs::chown(root.path(), Some(1000), None).unwrap();
        assert_eq!(unreadable(&values, daemon), []);
        assert!(nix::unistd::geteuid().is_root());
    }
}
