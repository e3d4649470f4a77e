//! Any bytes are a properties file, and what is read from one can be written and read again.
#![no_main]

use entrypoint::properties::{Properties, line};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let read = Properties::parse(bytes);
    let written: String = read.with_prefix("").map(|(key, value)| line(key, value)).collect();
    let again = Properties::parse(written.as_bytes());
    assert!(read.with_prefix("").eq(again.with_prefix("")));
});
