//! Any text as a JAAS file of somebody's own, and as a password in one of ours: it makes no section.
#![no_main]

use entrypoint::auth::jaas::{self, Section};
use entrypoint::auth::{User, UserName};
use entrypoint::variables::Secret;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    jaas::sections(text);
    let user = UserName::parse("a").map(|name| User {
        name,
        password: Secret::new(text),
    });
    if let Some(user) = user.filter(|user| user.password_problem().is_none()) {
        let file = jaas::text(&[Section::Client(&user)]);
        assert_eq!(jaas::sections(&file), ["Client"]);
    }
});
