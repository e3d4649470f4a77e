//! Ensembles that suffer while clients write and read all the time: `cargo xtask chaos`.
//!
//! - `load.py`, [`load`]: the clients, and [`history`], the record that they keep
//! - [`check`]: whether a record is one that ZooKeeper may show, and [`lenience`], what it does not promise
//! - [`cluster`]: three servers, and [`exits`], how they ended; [`faults`]: what is done to them
//! - [`ordeal`]: one fault from beginning to end, and [`measure`]: how long it took
//! - [`run`]: all faults on one release; [`upgrade`]: one release after the other
//! - [`report`]: what came of it, as a table

pub mod check;
pub mod clock;
pub mod cluster;
pub mod exits;
pub mod faults;
pub mod history;
pub mod lenience;
pub mod load;
pub mod measure;
pub mod ordeal;
pub mod report;
pub mod run;
pub mod upgrade;
