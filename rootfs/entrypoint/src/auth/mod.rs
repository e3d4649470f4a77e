//! Who may log in: SASL with DIGEST-MD5, for clients and among the servers.
//!
//! [`users`] are names and passwords, [`asked`] is what the variables ask for, all of it validated, and [`doubts`] what
//! of it may not be meant. What follows from that: [`jaas`] the file in which Java looks for passwords, [`sasl`] the
//! lines of `zoo.cfg` and the properties of the JVM, by release, [`rules`] what a `zoo.cfg` must do, [`login`] how a
//! process gets its passwords, [`ports`] what none of it protects from, [`own`] what becomes of a JAAS file that
//! somebody has brought along, [`znodes`] the ACLs of the nodes that are there from the beginning.

pub mod asked;
pub mod doubts;
pub mod jaas;
pub mod login;
pub mod own;
pub mod ports;
pub mod rules;
pub mod sasl;
pub mod users;
pub mod znodes;

pub use asked::{Asked, AuthError};
pub use users::{User, UserName, Users};
