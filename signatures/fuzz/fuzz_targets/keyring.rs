//! Any bytes are a keyring; what is kept of it is read as the same again, and can be judged with.
#![no_main]

use libfuzzer_sys::fuzz_target;
use signatures::testing::Signer;
use signatures::{Keyring, Trust, verify_detached};

fuzz_target!(|bytes: &[u8]| {
    let keyring = Keyring::parse(bytes);
    for fingerprint in keyring.fingerprints() {
        let block = keyring.armored(&fingerprint).expect("it is in the keyring");
        let again = Keyring::parse(block.as_bytes());
        assert!(again.unreadable().is_empty(), "{:?}", again.unreadable());
        assert_eq!(again.armored(&fingerprint), Some(block));
    }
    // The owner of the only seed that is used here: a changed certificate of theirs is judged in full.
    let signers = keyring.fingerprints().collect();
    let trust = Trust {
        keyring: &keyring,
        signers: &signers,
    };
    let signature = Signer::new(1, 1_500_000_000).sign_content(b"content", 1_600_000_000);
    let _ = verify_detached(&b"content"[..], &signature, trust, 1_700_000_000);
});
