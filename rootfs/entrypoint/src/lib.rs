//! The entrypoint of the ZooKeeper image: PID 1, and every command on the image's `PATH`.
//!
//! The way of the data is the layout of the source:
//! environment → [`variables`] (validated values) → [`prepare`] (facts, then a plan, then its
//! execution) → [`java`] (a command line) → [`supervise`] (the child of PID 1).
//! Once it runs, [`control`] is how others talk to PID 1, and [`runtime`] the directory for that.
//! [`auth`] is who may log in, [`tls`] what is encrypted, and [`protection`] whether what is asked of both is done.
//! [`applets`] are the commands, one file each; `main.rs` only picks one.
//!
//! It refuses before it writes: everything is validated first, every problem is printed, and no file
//! is left behind by a start that did not happen.

pub mod applets;
pub mod auth;
pub mod client;
pub mod config;
pub mod constants;
pub mod control;
pub mod endpoint;
pub mod exit;
pub mod file;
pub mod gate;
pub mod jar;
pub mod java;
pub mod journal;
pub mod log;
pub mod myid;
pub mod nameless;
pub mod prepare;
pub mod properties;
pub mod protection;
pub mod release;
pub mod runtime;
pub mod servers;
pub mod stamp;
pub mod supervise;
pub mod tls;
pub mod variables;
