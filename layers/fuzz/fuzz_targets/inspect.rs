//! Any bytes are a layer, with or without broken rules, or an error; in every encoding.
#![no_main]

use layers::inspect::{Encoding, InspectedEntry, Visitor, inspect_blob};
use libfuzzer_sys::fuzz_target;

/// Wants all contents and keeps none.
struct Contents;

impl Visitor for Contents {
    fn wants_content(&mut self, _: &InspectedEntry) -> bool {
        true
    }

    fn visit(&mut self, entry: InspectedEntry, content: Option<Vec<u8>>) {
        if let Some(content) = content {
            assert_eq!(content.len() as u64, entry.size);
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    for encoding in [Encoding::Plain, Encoding::Gzip, Encoding::Zstandard] {
        if let Ok(inspected) = inspect_blob(bytes, encoding, &mut Contents) {
            for violation in inspected.violations {
                assert!(!violation.to_string().contains(char::is_control));
            }
        }
    }
});
