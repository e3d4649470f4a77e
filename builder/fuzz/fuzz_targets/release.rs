//! Any text is a Release file or an error, inside an envelope or without.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zookiln::source::debian::release::{Release, signed_text};

fuzz_target!(|text: &str| {
    let _ = signed_text(text).and_then(|text| Release::parse(&text));
});
