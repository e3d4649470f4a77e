//! TLS: the encrypted port for clients, and encrypted connections between the servers.
//!
//! Both are the same but for names ([`sides`]). The variables become lines of `zoo.cfg` ([`lines`]), after the
//! [`stores`] that they name were looked at; the [`passwords`] of those stores are never among the lines. Whatever
//! `zoo.cfg` is in force in the end must still do what the variables ask for, by the [`rules`].

pub mod lines;
pub mod passwords;
pub mod rules;
pub mod sides;
pub mod stores;

pub use sides::{CLIENT_ROWS, CLIENTS, ROWS, SERVER_ROWS, SERVERS, SIDES, Side, Store};
pub use stores::StoreError;
