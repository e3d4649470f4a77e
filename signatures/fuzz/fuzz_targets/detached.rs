//! Any bytes are a verdict over a content that nobody signed: never a good one.
#![no_main]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use signatures::testing::{Signer, Subkey};
use signatures::{Keyring, Trust, verify_detached};

const CREATED: u64 = 1_500_000_000;

static SIGNER: LazyLock<Signer> =
    LazyLock::new(|| Signer::new(1, CREATED).with_subkey(7, Subkey::made_at(CREATED)));
static KEYRING: LazyLock<Keyring> = LazyLock::new(|| Keyring::parse(&SIGNER.certificate()));

fuzz_target!(|bytes: &[u8]| {
    let signers = BTreeSet::from([SIGNER.fingerprint()]);
    let trust = Trust {
        keyring: &KEYRING,
        signers: &signers,
    };
    assert!(verify_detached(&b"nobody signed this"[..], bytes, trust, CREATED + 9).is_err());
});
