//! Names of rows for code, checked when it is compiled: a row that is not in the table, or of another kind,
//! does not build.

use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use super::kinds::{Kind, RootLogger, ServerNumber};
use super::secret::Secret;
use super::table::TABLE;
use crate::auth::UserName;
use crate::servers::ServerList;

/// A row whose value is a `T`.
#[derive(Debug)]
pub struct Id<T: ?Sized> {
    row: usize,
    kind: PhantomData<T>,
}

impl<T: ?Sized> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Id<T> {}

/// The last argument says whether there is always a value: rows without one are asked for as an `Option`.
macro_rules! id_of {
    ($type:ty, $kinds:pat, $always:literal) => {
        impl Id<$type> {
            const fn of(name: &str) -> Self {
                let row = row(name);
                assert!(
                    matches!(TABLE[row].kind, $kinds) && TABLE[row].default.is_some() == $always,
                    "the row is of another kind, or has a default where none is expected"
                );
                Self {
                    row,
                    kind: PhantomData,
                }
            }
        }
    };
}

impl<T: ?Sized> Id<T> {
    /// Its place in the table.
    pub const fn row(self) -> usize {
        self.row
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        TABLE[self.row].name
    }
}

id_of!(bool, Kind::Boolean, true);
id_of!(u32, Kind::Integer { .. }, true);
id_of!(Option<u32>, Kind::Integer { .. }, false);
id_of!(u16, Kind::Port, true);
id_of!(Option<u16>, Kind::Port, false);
id_of!(Path, Kind::Path, true);
id_of!(Option<PathBuf>, Kind::Path, false);
id_of!(str, Kind::OneOf(_) | Kind::Account, true);
id_of!(Option<String>, Kind::OneOf(_) | Kind::Host, false);
id_of!(Option<RootLogger>, Kind::RootLogger, false);
id_of!(ServerList, Kind::Servers, true);
id_of!(ServerNumber, Kind::ServerNumber, true);
id_of!(Option<Secret>, Kind::Secret, false);
id_of!([String], Kind::Flags, true);
id_of!(Option<UserName>, Kind::User, false);
id_of!([UserName], Kind::Users, false);

/// `Iterator::position` is not for constants yet.
const fn row(name: &str) -> usize {
    let mut row = 0;
    while row < TABLE.len() {
        if same(TABLE[row].name.as_bytes(), name.as_bytes()) {
            return row;
        }
        row += 1;
    }
    panic!("no such row")
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

macro_rules! ids {
    ($($id:ident: $type:ty = $name:literal;)*) => {
        $(#[doc = concat!("The row `", $name, "`.")] pub const $id: Id<$type> = Id::<$type>::of($name);)*
    };
}

ids! {
    DATA_DIR: Path = "ZOO_DATA_DIR";
    DATA_LOG_DIR: Path = "ZOO_DATA_LOG_DIR";
    PORT_NUMBER: u16 = "ZOO_PORT_NUMBER";
    STANDALONE_ENABLED: bool = "ZOO_STANDALONE_ENABLED";
    ADMINSERVER_ENABLED: bool = "ZOO_ADMINSERVER_ENABLED";
    ADMIN_SERVER_PORT_NUMBER: u16 = "ZOO_ADMIN_SERVER_PORT_NUMBER";
    DEBUG: bool = "ENV_DEBUG";
    SERVER_ID: ServerNumber = "ZOO_SERVER_ID";
    SERVER_ID_OFFSET: u32 = "ZOO_SERVER_ID_OFFSET";
    ADVERTISED_HOST: Option<String> = "ZOO_ADVERTISED_HOST";
    ADMIN_SERVER_ADDRESS: Option<String> = "ZOO_ADMIN_SERVER_ADDRESS";
    RECONFIG_ENABLED: bool = "ZOO_RECONFIG_ENABLED";
    ENABLE_PROMETHEUS_METRICS: bool = "ZOO_ENABLE_PROMETHEUS_METRICS";
    PROMETHEUS_METRICS_PORT_NUMBER: u16 = "ZOO_PROMETHEUS_METRICS_PORT_NUMBER";
    SUPER_USER_PASSWORD: Option<Secret> = "ZOO_SUPER_USER_PASSWORD";
    LOG_FORMAT: str = "ZOO_LOG_FORMAT";
    HC_TIMEOUT: u32 = "ZOO_HC_TIMEOUT";
    STOP_TIMEOUT: u32 = "ZOO_STOP_TIMEOUT";
    CLIENT_HEAP: Option<u32> = "ZK_CLIENT_HEAP";
    JMX_DISABLE: bool = "JMXDISABLE";
    JMX_PORT: Option<u16> = "JMXPORT";
    JMX_HOSTNAME: Option<String> = "JMXHOSTNAME";
    JMX_AUTH: bool = "JMXAUTH";
    JMX_SSL: bool = "JMXSSL";
    JMX_LOG4J: bool = "JMXLOG4J";
    JMX_LOCAL_ONLY: bool = "JMXLOCALONLY";
    SERVERS: ServerList = "ZOO_SERVERS";
    BASE_DIR: Path = "ZOO_BASE_DIR";
    CONF_DIR: Path = "ZOO_CONF_DIR";
    LOG_DIR: Path = "ZOO_LOG_DIR";
    PID_FILE: Path = "ZOOPIDFILE";
    DAEMON_USER: str = "ZOO_DAEMON_USER";
    DAEMON_GROUP: str = "ZOO_DAEMON_GROUP";
    LOG_LEVEL: str = "ZOO_LOG_LEVEL";
    LOG4J_PROP: Option<RootLogger> = "ZOO_LOG4J_PROP";
    ALLOW_ANONYMOUS_LOGIN: bool = "ZOO_ALLOW_ANONYMOUS_LOGIN";
    ENABLE_AUTH: bool = "ZOO_ENABLE_AUTH";
    SERVER_USERS: [UserName] = "ZOO_SERVER_USERS";
    SERVER_PASSWORDS: Option<Secret> = "ZOO_SERVER_PASSWORDS";
    CLIENT_USER: Option<UserName> = "ZOO_CLIENT_USER";
    CLIENT_PASSWORD: Option<Secret> = "ZOO_CLIENT_PASSWORD";
    ENABLE_QUORUM_AUTH: bool = "ZOO_ENABLE_QUORUM_AUTH";
    QUORUM_LEARNER_USER: Option<UserName> = "ZOO_QUORUM_LEARNER_USER";
    QUORUM_LEARNER_PASSWORD: Option<Secret> = "ZOO_QUORUM_LEARNER_PASSWORD";
    QUORUM_SERVER_USERS: [UserName] = "ZOO_QUORUM_SERVER_USERS";
    QUORUM_SERVER_PASSWORDS: Option<Secret> = "ZOO_QUORUM_SERVER_PASSWORDS";
    TLS_CLIENT_ENABLE: bool = "ZOO_TLS_CLIENT_ENABLE";
    TLS_PORT_NUMBER: u16 = "ZOO_TLS_PORT_NUMBER";
    TLS_CLIENT_KEYSTORE_FILE: Option<PathBuf> = "ZOO_TLS_CLIENT_KEYSTORE_FILE";
    TLS_CLIENT_KEYSTORE_PASSWORD: Option<Secret> = "ZOO_TLS_CLIENT_KEYSTORE_PASSWORD";
    TLS_CLIENT_TRUSTSTORE_FILE: Option<PathBuf> = "ZOO_TLS_CLIENT_TRUSTSTORE_FILE";
    TLS_CLIENT_TRUSTSTORE_PASSWORD: Option<Secret> = "ZOO_TLS_CLIENT_TRUSTSTORE_PASSWORD";
    TLS_CLIENT_AUTH: str = "ZOO_TLS_CLIENT_AUTH";
    TLS_QUORUM_ENABLE: bool = "ZOO_TLS_QUORUM_ENABLE";
    TLS_QUORUM_KEYSTORE_FILE: Option<PathBuf> = "ZOO_TLS_QUORUM_KEYSTORE_FILE";
    TLS_QUORUM_KEYSTORE_PASSWORD: Option<Secret> = "ZOO_TLS_QUORUM_KEYSTORE_PASSWORD";
    TLS_QUORUM_TRUSTSTORE_FILE: Option<PathBuf> = "ZOO_TLS_QUORUM_TRUSTSTORE_FILE";
    TLS_QUORUM_TRUSTSTORE_PASSWORD: Option<Secret> = "ZOO_TLS_QUORUM_TRUSTSTORE_PASSWORD";
    TLS_QUORUM_CLIENT_AUTH: str = "ZOO_TLS_QUORUM_CLIENT_AUTH";
    HEAP_SIZE: u32 = "ZOO_HEAP_SIZE";
    SERVER_JVMFLAGS: [String] = "SERVER_JVMFLAGS";
    CLIENT_JVMFLAGS: [String] = "CLIENT_JVMFLAGS";
    JVMFLAGS: [String] = "JVMFLAGS";
}
