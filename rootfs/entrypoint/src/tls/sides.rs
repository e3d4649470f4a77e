//! The two sides of TLS, by the names of their variables and of their keys in `zoo.cfg`.

use std::path::PathBuf;

use crate::properties::Properties;
use crate::variables::ids::{
    Id, TLS_CLIENT_AUTH, TLS_CLIENT_ENABLE, TLS_CLIENT_KEYSTORE_FILE, TLS_CLIENT_KEYSTORE_PASSWORD,
    TLS_CLIENT_TRUSTSTORE_FILE, TLS_CLIENT_TRUSTSTORE_PASSWORD, TLS_PORT_NUMBER,
    TLS_QUORUM_CLIENT_AUTH, TLS_QUORUM_ENABLE, TLS_QUORUM_KEYSTORE_FILE,
    TLS_QUORUM_KEYSTORE_PASSWORD, TLS_QUORUM_TRUSTSTORE_FILE, TLS_QUORUM_TRUSTSTORE_PASSWORD,
};
use crate::variables::{Secret, Values};

/// Whom TLS is for.
#[derive(Debug)]
pub struct Side {
    /// Whether it is asked for.
    pub enable: Id<bool>,
    /// Whether those who connect must show a certificate.
    pub client_auth: Id<str>,
    /// The same in `zoo.cfg`.
    pub client_auth_key: &'static str,
    /// The store with the own key.
    pub key_store: Store,
    /// The store of those who are trusted.
    pub trust_store: Store,
}

/// A store of one side.
#[derive(Debug)]
pub struct Store {
    /// Where it is.
    pub file: Id<Option<PathBuf>>,
    /// Its password.
    pub password: Id<Option<Secret>>,
    /// What its keys in `zoo.cfg` begin with.
    key: &'static str,
}

/// The encrypted port for clients.
pub const CLIENTS: Side = Side {
    enable: TLS_CLIENT_ENABLE,
    client_auth: TLS_CLIENT_AUTH,
    client_auth_key: "ssl.clientAuth",
    key_store: Store {
        file: TLS_CLIENT_KEYSTORE_FILE,
        password: TLS_CLIENT_KEYSTORE_PASSWORD,
        key: "ssl.keyStore",
    },
    trust_store: Store {
        file: TLS_CLIENT_TRUSTSTORE_FILE,
        password: TLS_CLIENT_TRUSTSTORE_PASSWORD,
        key: "ssl.trustStore",
    },
};

/// Connections between servers.
pub const SERVERS: Side = Side {
    enable: TLS_QUORUM_ENABLE,
    client_auth: TLS_QUORUM_CLIENT_AUTH,
    client_auth_key: "ssl.quorum.clientAuth",
    key_store: Store {
        file: TLS_QUORUM_KEYSTORE_FILE,
        password: TLS_QUORUM_KEYSTORE_PASSWORD,
        key: "ssl.quorum.keyStore",
    },
    trust_store: Store {
        file: TLS_QUORUM_TRUSTSTORE_FILE,
        password: TLS_QUORUM_TRUSTSTORE_PASSWORD,
        key: "ssl.quorum.trustStore",
    },
};

/// Both.
pub const SIDES: [&Side; 2] = [&CLIENTS, &SERVERS];

/// All rows of TLS.
pub const ROWS: [usize; 13] = [
    TLS_CLIENT_AUTH.row(),
    TLS_CLIENT_ENABLE.row(),
    TLS_CLIENT_KEYSTORE_FILE.row(),
    TLS_CLIENT_KEYSTORE_PASSWORD.row(),
    TLS_CLIENT_TRUSTSTORE_FILE.row(),
    TLS_CLIENT_TRUSTSTORE_PASSWORD.row(),
    TLS_PORT_NUMBER.row(),
    TLS_QUORUM_CLIENT_AUTH.row(),
    TLS_QUORUM_ENABLE.row(),
    TLS_QUORUM_KEYSTORE_FILE.row(),
    TLS_QUORUM_KEYSTORE_PASSWORD.row(),
    TLS_QUORUM_TRUSTSTORE_FILE.row(),
    TLS_QUORUM_TRUSTSTORE_PASSWORD.row(),
];

/// The rows that a client of the encrypted port needs.
pub const CLIENT_ROWS: [usize; 6] = [
    TLS_CLIENT_ENABLE.row(),
    TLS_CLIENT_KEYSTORE_FILE.row(),
    TLS_CLIENT_KEYSTORE_PASSWORD.row(),
    TLS_CLIENT_TRUSTSTORE_FILE.row(),
    TLS_CLIENT_TRUSTSTORE_PASSWORD.row(),
    TLS_PORT_NUMBER.row(),
];

/// The rows that a server with TLS needs for its command line.
pub const SERVER_ROWS: [usize; 6] = [
    TLS_CLIENT_ENABLE.row(),
    TLS_CLIENT_KEYSTORE_PASSWORD.row(),
    TLS_CLIENT_TRUSTSTORE_PASSWORD.row(),
    TLS_QUORUM_ENABLE.row(),
    TLS_QUORUM_KEYSTORE_PASSWORD.row(),
    TLS_QUORUM_TRUSTSTORE_PASSWORD.row(),
];

/// How much those who connect have to prove; what ZooKeeper does where nothing is said is the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientAuth {
    /// Nothing.
    None,
    /// A certificate that they show is looked at.
    Want,
    /// They must show one.
    Need,
}

impl ClientAuth {
    /// By its name; what ZooKeeper does not know it refuses itself.
    pub fn of(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "none" => Self::None,
            "want" => Self::Want,
            _ => Self::Need,
        }
    }
}

impl Side {
    /// Key store, then trust store.
    pub const fn stores(&self) -> [&Store; 2] {
        [&self.key_store, &self.trust_store]
    }

    /// Whether the variables ask for it.
    pub fn is_asked_for(&self, values: &Values) -> bool {
        values.boolean(self.enable)
    }

    /// What the variables say of those who connect.
    pub fn asked_for_auth(&self, values: &Values) -> ClientAuth {
        ClientAuth::of(values.text(self.client_auth))
    }

    /// What a `zoo.cfg` says of those who connect.
    pub fn auth_in(&self, config: &Properties) -> ClientAuth {
        ClientAuth::of(config.get(self.client_auth_key).unwrap_or_default())
    }

    /// Whether a server must know whom to trust. Without a store of its own Java trusts every public authority, so
    /// that anybody's certificate would do. Servers connect to each other, and always look at whom they reach.
    pub fn needs_trust(&self, auth: ClientAuth) -> bool {
        auth > ClientAuth::None || self.enable.row() == SERVERS.enable.row()
    }

    /// The key that switches it on, and whether it does so in this `zoo.cfg`.
    pub fn switch_in(&self, config: &Properties) -> (&'static str, bool) {
        if self.enable.row() == CLIENTS.enable.row() {
            (PORT, port_in(config).is_some())
        } else {
            let on = |value: &str| value.eq_ignore_ascii_case("true");
            (QUORUM, config.get(QUORUM).is_some_and(on))
        }
    }
}

impl Store {
    /// The key of the place.
    pub fn location(&self) -> String {
        format!("{}.location", self.key)
    }

    /// The key of the password.
    pub fn password_key(&self) -> String {
        format!("{}.password", self.key)
    }

    /// The key of a file that has the password, from 3.8 on.
    pub fn password_path_key(&self) -> String {
        format!("{}.passwordPath", self.key)
    }

    /// The key of what kind of store it is, where its name does not say so.
    pub fn type_key(&self) -> String {
        format!("{}.type", self.key)
    }
}

/// The key of the encrypted port.
pub(super) const PORT: &str = "secureClientPort";

/// The key of encryption between servers.
pub(super) const QUORUM: &str = "sslQuorum";

/// The encrypted port of a `zoo.cfg`.
pub(super) fn port_in(config: &Properties) -> Option<u16> {
    let port = config.get(PORT)?.parse().ok();
    port.filter(|port| *port > 0)
}
