//! Any bytes are a verdict; a text is only ever the one that was signed.
#![no_main]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use signatures::testing::{Signer, envelope};
use signatures::{Keyring, Trust, verify_cleartext};

const TEXT: &str = "Origin: Debian\n-list\n";
const MADE: u64 = 1_600_000_000;

static SIGNER: LazyLock<Signer> = LazyLock::new(|| Signer::new(1, MADE - 1));
static KEYRING: LazyLock<Keyring> = LazyLock::new(|| Keyring::parse(&SIGNER.certificate()));
static PACKET: LazyLock<Vec<u8>> = LazyLock::new(|| SIGNER.sign_text(TEXT, MADE));

fuzz_target!(|bytes: &[u8]| {
    let signers = BTreeSet::from([SIGNER.fingerprint()]);
    let trust = Trust {
        keyring: &KEYRING,
        signers: &signers,
    };
    let _ = verify_cleartext(bytes, trust, MADE + 1);
    // The bytes as a text that is not what the signature is over, and as a second signature.
    if let Ok(text) = std::str::from_utf8(bytes) {
        let envelope = envelope(text, &[PACKET.clone()]);
        if let Ok(signed) = verify_cleartext(envelope.as_bytes(), trust, MADE + 1) {
            assert_eq!(signed.text, TEXT);
        }
    }
    let envelope = envelope(TEXT, &[PACKET.clone(), bytes.to_vec()]);
    if let Ok(signed) = verify_cleartext(envelope.as_bytes(), trust, MADE + 1) {
        assert_eq!(signed.signatures.len(), 1);
    }
});
