//! Any bytes as what a server says while somebody logs in and asks for an ACL.
#![no_main]

use entrypoint::auth::znodes::digest::Challenge;
use entrypoint::auth::znodes::wire::{Reader, Writer};
use entrypoint::auth::{User, UserName};
use entrypoint::variables::Secret;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut reader = Reader::new(bytes);
    reader.header();
    reader.session();
    reader.buffer();
    if let Some(acl) = Reader::new(bytes).acl() {
        let written = Writer::default().entries(&acl.entries).frame();
        assert!(written.len() >= 8);
    }
    let user = UserName::parse("a").map(|name| User {
        name,
        password: Secret::new("b"),
    });
    if let (Some(challenge), Some(user)) = (Challenge::parse(bytes), user) {
        let answer = challenge.answer(&user);
        assert!(!answer.is_confirmed_by(bytes));
    }
});
