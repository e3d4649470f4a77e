//! Certificates without anything by others, out of files of keys: how `versions.keys` was made.
//!
//!     cargo run -p signatures --example minimal -- FINGERPRINT… FILE…
//!
//! What stands for a fingerprint is one, everything else is the name of a file. Without a fingerprint the
//! fingerprints in the files are listed.

use std::process::ExitCode;

use signatures::{Fingerprint, Keyring};

fn main() -> ExitCode {
    let mut material = Vec::new();
    let mut fingerprints = Vec::new();
    for argument in std::env::args().skip(1) {
        if let Ok(fingerprint) = argument.parse::<Fingerprint>() {
            fingerprints.push(fingerprint);
            continue;
        }
        match std::fs::read(&argument) {
            Ok(bytes) => material.push(Keyring::parse(&bytes)),
            Err(error) => {
                eprintln!("error: cannot read {argument}: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    for line in material.iter().flat_map(Keyring::unreadable) {
        eprintln!("warning: {line}");
    }
    if fingerprints.is_empty() {
        for fingerprint in material.iter().flat_map(Keyring::fingerprints) {
            println!("{fingerprint}");
        }
    }
    for fingerprint in fingerprints {
        match material.iter().find_map(|keys| keys.armored(&fingerprint)) {
            Some(block) => println!("{fingerprint}\n{block}"),
            None => {
                eprintln!("error: {fingerprint} is in none of the files");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
