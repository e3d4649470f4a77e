//! Any bytes as a jar.
#![no_main]

use std::io::Write;

use entrypoint::jar::Jar;
use libfuzzer_sys::fuzz_target;

/// What the entries are looked for as; one letter is soon found by chance.
const CLASS: &str = "A";

fuzz_target!(|bytes: &[u8]| {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    file.write_all(bytes).expect("and written");
    if let Ok(jar) = Jar::open(file.path()) {
        let class = jar.class(CLASS);
        assert!(jar.has_class(CLASS) || class.is_err());
    }
});
