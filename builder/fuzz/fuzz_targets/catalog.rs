//! Any text is a catalog and a lock, or an error with a place in it.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use zookiln::catalog::Catalog;
use zookiln::lock::Lock;

fuzz_target!(|text: &str| {
    let _ = Catalog::parse(Path::new("versions.toml"), text);
    let _ = Lock::parse(Path::new("versions.lock"), text);
});
