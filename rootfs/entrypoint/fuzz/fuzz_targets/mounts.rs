//! Any bytes as `/proc/self/mountinfo`.
#![no_main]

use std::path::Path;

use entrypoint::prepare::mounts::Mounts;

libfuzzer_sys::fuzz_target!(|table: &[u8]| {
    let mounts = Mounts::parse(table);
    if let Some(mount) = mounts.mount_of(Path::new("/srv/data/zookeeper")) {
        mount.volume();
    }
});
