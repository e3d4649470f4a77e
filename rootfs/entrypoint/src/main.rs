//! PID 1 of the ZooKeeper image, and every command on its `PATH` by the name it is called with.

use std::process::ExitCode;

fn main() -> ExitCode {
    entrypoint::applets::run(std::env::args_os())
}
