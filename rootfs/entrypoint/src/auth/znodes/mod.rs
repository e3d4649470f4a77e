//! The ACLs of the nodes that are there from the beginning: open to anybody, until the users who may log in have
//! them for themselves.
//!
//! Beside the running server and in no hurry of its: [`guard`] is a thread that tries until it is done and can
//! neither hold up nor end the server, [`ownership`] decides, [`session`] talks to the server, in the records of
//! [`wire`], logged in by [`digest`]. A JVM for this would be a second one in a small container.

pub mod digest;
mod guard;
pub mod ownership;
pub mod session;
pub mod wire;

pub use guard::{Guard, Order};
