//! Any text is a Release file or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zookiln::source::debian::release::Release;

fuzz_target!(|text: &str| {
    let _ = Release::parse(text);
});
