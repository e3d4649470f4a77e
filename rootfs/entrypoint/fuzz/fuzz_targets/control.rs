//! Any line as a request to PID 1 and as its answer: what is understood displays as a line that means the same.
#![no_main]

use entrypoint::control::{Reply, Verb};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for line in text.split('\n') {
        if let Some(verb) = Verb::parse(line.as_bytes()) {
            assert_eq!(verb.to_string(), line);
        }
        if let Some(reply) = Reply::parse(line) {
            assert_eq!(Reply::parse(&reply.to_string()), Some(reply));
        }
    }
});
