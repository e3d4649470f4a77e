//! Any bytes as a compiled class.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let class = [&b"\xca\xfe\xba\xbe"[..], bytes].concat();
    entrypoint::constants::of_class(&class);
    entrypoint::constants::of_class(bytes);
});
