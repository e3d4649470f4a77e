//! PID 1 of the ZooKeeper image.
fn main() {}
