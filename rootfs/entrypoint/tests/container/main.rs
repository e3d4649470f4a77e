//! The real binary, as a container runs it, in a temporary directory and with a shell script for Java.

#![allow(
    clippy::unwrap_used,
    reason = "clippy knows the functions of tests only, not what they share"
)]

mod applets;
mod auth;
mod control;
mod harness;
mod log;
mod start;
mod supervise;
mod tls;
mod tools;
mod variables;
mod volumes;
