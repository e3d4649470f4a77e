//! Ensembles that suffer while clients write and read all the time: `cargo xtask chaos`.
//!
//! `load.py` keeps the record, [`check`] judges it.

pub mod check;
pub mod history;
