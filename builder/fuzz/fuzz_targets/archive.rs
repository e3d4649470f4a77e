//! Any bytes are a package or an error, and no more comes out than was allowed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zookiln::source::debian::archive::DebArchive;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(package) = DebArchive::open(bytes) {
        let mut data = Vec::new();
        let _ = package.copy_data_tar(&mut data, 1 << 20);
        assert!(data.len() <= 1 << 20);
    }
});
