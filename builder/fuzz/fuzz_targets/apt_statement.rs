//! Any text as apt's configuration gives statements, and names that are no longer than the text can
//! make them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zookiln::source::debian::apt_statement::{Statement, parse};

fuzz_target!(|text: &str| {
    for (_, statement) in parse(text).statements {
        if let Statement::Set { name, .. } = statement {
            assert!(name.len() <= 512);
        }
    }
});
