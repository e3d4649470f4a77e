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
    /// A text without what ZooKeeper looks for in it.
    #[error("{variable} is {}, which has no {}: {advice}", path.display(), lacks.join(" and no "))]
    Lacks {
        /// The variable.
        variable: &'static str,
        /// The file.
        path: PathBuf,
        /// What is not in it.
        lacks: Vec<&'static str>,
        /// What to do next.
        advice: &'static str,
    },
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

/// Which stores of what is asked for the user of the server cannot read, or cannot use.
pub fn unusable(values: &Values, reader: Reader) -> Vec<StoreError> {
    let asked_for = SIDES.into_iter().filter(|side| side.is_asked_for(values));
    asked_for
        .flat_map(Side::stores)
        .filter_map(|store| unusable_store(values, store, reader))
        .collect()
}

/// The same for a client of the encrypted port; stores that its flags name are Java's to open.
pub fn unusable_by_client(environment: &Environment, values: &Values) -> Vec<StoreError> {
    let given = flags::of_user(environment, values, CLIENT_JVMFLAGS);
    let is_ours = |store: &&Store| {
        let property = format!("zookeeper.{}", store.location());
        flags::property(&given, &property).is_none()
    };
    let stores = CLIENTS.stores().into_iter().filter(is_ours);
    stores
        .filter_map(|store| unusable_store(values, store, Reader::own()))
        .collect()
}

fn unusable_store(values: &Values, store: &Store, reader: Reader) -> Option<StoreError> {
    let path = values.optional_path(store.file)?;
    match file::check_readable(path, reader) {
        Err(error) => Some(StoreError::Unreadable(Unreadable {
            variable: store.file.name(),
            path: path.to_owned(),
            uid: reader.uid,
            kind: error.kind(),
            reason: error.to_string(),
        })),
        Ok(()) if is_pem(values, store, path) => Content::of(store).lacking(store, path),
        Ok(()) => None,
    }
}

/// What ZooKeeper looks for in a text; it starts without, and nobody can connect.
struct Content {
    /// The ends of lines that begin with `-----BEGIN`.
    labels: &'static [&'static str],
    advice: &'static str,
}

const OF_KEY_STORE: Content = Content {
    labels: &["PRIVATE KEY", "CERTIFICATE"],
    advice: "a key store that ends in .pem is a text of the key and its certificate",
};

const OF_TRUST_STORE: Content = Content {
    labels: &["CERTIFICATE"],
    advice: "a trust store that ends in .pem is a text of the certificates that are trusted",
};

impl Content {
    fn of(store: &Store) -> Self {
        let row = store.file.row();
        let is_key_store = SIDES.iter().any(|side| side.key_store.file.row() == row);
        if is_key_store {
            OF_KEY_STORE
        } else {
            OF_TRUST_STORE
        }
    }

    /// What a file lacks. One that is too large for a look is left to ZooKeeper.
    fn lacking(&self, store: &Store, path: &Path) -> Option<StoreError> {
        let content = file::read(path).ok()??;
        let text = String::from_utf8_lossy(&content).to_ascii_uppercase();
        let is_there = |label: &&&str| {
            let begins = |line: &str| line.trim_start().starts_with('-') && line.contains("BEGIN ");
            text.lines()
                .any(|line| begins(line) && line.contains(**label))
        };
        let lacks: Vec<_> = (self.labels.iter())
            .filter(|label| !is_there(label))
            .copied()
            .collect();
        (!lacks.is_empty()).then(|| StoreError::Lacks {
            variable: store.file.name(),
            path: path.to_owned(),
            lacks,
            advice: self.advice,
        })
    }
}

/// Everything that is wrong with the stores of what is asked for.
pub fn problems(values: &Values, unusable: &[StoreError]) -> Vec<StoreError> {
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
    problems.extend_from_slice(unusable);
    problems
}

fn is_known(values: &Values, store: &Store, path: &Path) -> bool {
    let name = path.to_string_lossy();
    EXTENSIONS.iter().any(|extension| name.ends_with(extension))
        || values.setting(&store.type_key()).is_some()
}

/// Whether ZooKeeper takes it for a text: by what is said of it, else by its name.
fn is_pem(values: &Values, store: &Store, path: &Path) -> bool {
    match values.setting(&store.type_key()) {
        Some(kind) => kind.eq_ignore_ascii_case("pem"),
        None => path.to_string_lossy().ends_with(".pem"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::Reading;

    fn found(pairs: &[(&str, &str)]) -> Vec<String> {
        let environment: Environment = pairs.iter().copied().collect();
        let values = Reading::of(&environment).all().unwrap();
        let problems = problems(&values, &unusable(&values, Reader::own()));
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
            std::fs::write(at(name), KEY_AND_CERTIFICATE).unwrap();
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

    const KEY_AND_CERTIFICATE: &str = "Bag Attributes\n-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\r\n\
                                       -----BEGIN CERTIFICATE-----\r\nAA==\n-----END CERTIFICATE-----\n";

    #[test]
    fn a_text_must_have_what_zookeeper_looks_for() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name).display().to_string();
        let key = "-----BEGIN PRIVATE KEY-----\n";
        let certificate = "-----BEGIN CERTIFICATE-----\n";
        let of_key = |lacks: &str| {
            format!(
                "ZOO_TLS_CLIENT_KEYSTORE_FILE is {}, which has no {lacks}: a key store that ends in .pem is a text of the \
                 key and its certificate",
                at("key.pem")
            )
        };
        let of_trust = format!(
            "ZOO_TLS_CLIENT_TRUSTSTORE_FILE is {}, which has no CERTIFICATE: a trust store that ends in .pem is a text of \
             the certificates that are trusted",
            at("trust.pem")
        );
        let both = of_key("PRIVATE KEY and no CERTIFICATE");
        let (no_key, no_certificate) = (of_key("PRIVATE KEY"), of_key("CERTIFICATE"));
        for (key_store, trust_store, expected) in [
            (KEY_AND_CERTIFICATE.as_bytes(), certificate, &[][..]),
            (certificate.as_bytes(), certificate, &[&no_key][..]),
            (key.as_bytes(), key, &[&no_certificate, &of_trust]),
            (b"\x30\x82\xff PRIVATE KEY", "", &[&both, &of_trust]),
            (b"PRIVATE KEY\n-----BEGIN", certificate, &[&both]),
            (b"", certificate, &[&both]),
            (
                b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n-----BEGIN TRUSTED CERTIFICATE-----",
                certificate,
                &[],
            ),
            (
                b"-----begin rsa private key-----\n-----begin x509 certificate-----",
                certificate,
                &[],
            ),
        ] {
            std::fs::write(at("key.pem"), key_store).unwrap();
            std::fs::write(at("trust.pem"), trust_store).unwrap();
            let of = |kind: &'static str| {
                found(&[
                    ("ZOO_TLS_CLIENT_ENABLE", "yes"),
                    ("ZOO_TLS_CLIENT_KEYSTORE_FILE", &at("key.pem")),
                    ("ZOO_TLS_CLIENT_TRUSTSTORE_FILE", &at("trust.pem")),
                    ("ZOO_CFG_ssl_keyStore_type", kind),
                    ("ZOO_CFG_ssl_trustStore_type", kind),
                ])
            };
            let expected: Vec<&str> = expected.iter().map(|it| it.as_str()).collect();
            assert_eq!(of(""), expected, "{key_store:?} {trust_store}");
            assert_eq!(of("pem"), expected);
            assert_eq!(of("PKCS12"), [""; 0]);
        }
        std::fs::write(at("key.pem"), vec![b'x'; (1 << 20) + 1]).unwrap();
        let found = found(&[
            ("ZOO_TLS_CLIENT_ENABLE", "yes"),
            ("ZOO_TLS_CLIENT_AUTH", "none"),
            ("ZOO_TLS_CLIENT_KEYSTORE_FILE", &at("key.pem")),
        ]);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn readable_is_what_the_user_of_the_server_can_read() {
        if !nix::unistd::geteuid().is_root() {
            return;
        }
        let root = tempfile::Builder::new().suffix(".p12").tempfile().unwrap();
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
        let found = unusable(&values, daemon);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].to_string(),
            format!(
                "ZOO_TLS_CLIENT_KEYSTORE_FILE is {path}, which uid 1000 cannot read (Permission denied (os error 13)): \
                 give it to that user, or let its group or everybody read it"
            )
        );
        std::os::unix::fs::chown(root.path(), Some(1000), None).unwrap();
        assert_eq!(unusable(&values, daemon), []);
        assert!(nix::unistd::geteuid().is_root());
    }
}
