//! Names of rows for code, checked when it is compiled: a row that is not in the table, or of another kind,
//! does not build.

use std::marker::PhantomData;
use std::path::Path;

use super::kinds::{Kind, RootLogger};
use super::table::TABLE;
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

macro_rules! id_of {
    ($type:ty, $kinds:pat) => {
        impl Id<$type> {
            const fn of(name: &str) -> Self {
                let row = row(name);
                assert!(
                    matches!(TABLE[row].kind, $kinds),
                    "the row is of another kind"
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
}

id_of!(bool, Kind::Boolean);
id_of!(u32, Kind::Integer { .. });
id_of!(u16, Kind::Port);
id_of!(Path, Kind::Path);
id_of!(str, Kind::Level | Kind::Account);
id_of!(RootLogger, Kind::RootLogger);
id_of!(ServerList, Kind::Servers);
id_of!([String], Kind::Flags);

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
    SERVER_ID: u32 = "ZOO_SERVER_ID";
    SERVERS: ServerList = "ZOO_SERVERS";
    BASE_DIR: Path = "ZOO_BASE_DIR";
    CONF_DIR: Path = "ZOO_CONF_DIR";
    LOG_DIR: Path = "ZOO_LOG_DIR";
    PID_FILE: Path = "ZOOPIDFILE";
    DAEMON_USER: str = "ZOO_DAEMON_USER";
    DAEMON_GROUP: str = "ZOO_DAEMON_GROUP";
    LOG_LEVEL: str = "ZOO_LOG_LEVEL";
    LOG4J_PROP: RootLogger = "ZOO_LOG4J_PROP";
    ALLOW_ANONYMOUS_LOGIN: bool = "ZOO_ALLOW_ANONYMOUS_LOGIN";
    HEAP_SIZE: u32 = "ZOO_HEAP_SIZE";
    SERVER_JVMFLAGS: [String] = "SERVER_JVMFLAGS";
    CLIENT_JVMFLAGS: [String] = "CLIENT_JVMFLAGS";
    JVMFLAGS: [String] = "JVMFLAGS";
}
