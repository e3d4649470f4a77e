//! Makes OCI images of Apache ZooKeeper.
fn main() {}
