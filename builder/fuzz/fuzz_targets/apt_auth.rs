//! Any text as `auth.conf` has an answer for any address, which is its first line.
#![no_main]

use std::path::PathBuf;

use libfuzzer_sys::fuzz_target;
use zookiln::source::debian::apt_auth::{AuthFile, Site};

fuzz_target!(|text: &str| {
    let (address, text) = text.split_once('\n').unwrap_or((text, text));
    if let Some(site) = Site::of(address) {
        let _ = AuthFile::parse(PathBuf::new(), text).look_up(&site);
    }
});
