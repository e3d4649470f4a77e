//! Any bytes are a package list or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zookiln::source::debian::packages::PackageIndex;

fuzz_target!(|bytes: &[u8]| {
    let _ = PackageIndex::new("amd64").add("suite", bytes);
});
