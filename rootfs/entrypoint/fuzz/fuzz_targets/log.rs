//! Any bytes are transcribed, a line for each record.
#![no_main]

use std::time::Instant;

use entrypoint::log::Transcriber;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (now, mut records) = (Instant::now(), Vec::new());
    let mut transcriber = Transcriber::default();
    for part in bytes.chunks(7) {
        transcriber.feed(part, now, &mut records);
    }
    transcriber.finish(now, &mut records);
    let text = String::from_utf8(records).expect("records are text");
    assert!(text.lines().all(|line| line.starts_with('{') && line.ends_with('}')));
});
