//! Any text is a list of servers that displays as itself, or problems.
#![no_main]

use entrypoint::servers::ServerList;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(list) = ServerList::parse(text) {
        assert_eq!(ServerList::parse(&list.to_string()), Ok(list));
    }
});
