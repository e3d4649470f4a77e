//! What becomes of changed material: a refusal that says what is wrong, and never another text.

use std::collections::BTreeSet;
use std::io::{self, Read};

use proptest::prelude::*;
use signatures::testing::{Signer, Subkey, envelope};
use signatures::{Keyring, SignatureError, SignedText, Trust, verify_cleartext, verify_detached};

const CREATED: u64 = 1_500_000_000;
const MADE: u64 = 1_600_000_000;
const NOW: u64 = 1_700_000_000;
const TEXT: &str = "Origin: Debian\n-list\nSuite: stable\n";

fn signer() -> Signer {
    Signer::new(1, CREATED).with_subkey(7, Subkey::made_at(CREATED))
}

fn judge(envelope: &[u8], material: &[u8]) -> Result<SignedText, SignatureError> {
    let keyring = Keyring::parse(material);
    let signers = BTreeSet::from([signer().fingerprint()]);
    let trust = Trust {
        keyring: &keyring,
        signers: &signers,
    };
    verify_cleartext(envelope, trust, NOW)
}

#[test]
fn clear_signed_text() {
    let (signer, evil) = (signer(), Signer::new(2, CREATED));
    let whole = signer.clear_sign(TEXT, MADE);
    let key = signer.signing_fingerprint();
    let bad = format!("bad signature by {key}: the content differs");
    let evil_key = evil.fingerprint();
    let unknown = format!("signed by key {evil_key}, which is not known");
    let damaged = |what| format!("the clear-signed envelope is damaged: {what}");
    let (first_half, signature) = whole.split_at(whole.find("-----BEGIN PGP SIGNATURE").unwrap());
    let line = signature.lines().nth(3).unwrap();
    let rows = [
        (
            "a changed byte",
            whole.replace("Debian", "Debiam"),
            bad.clone(),
        ),
        (
            "a line less",
            whole.replace("Suite: stable\n", ""),
            bad.clone(),
        ),
        (
            "a line more",
            whole.replace("Suite:", "Version: 1\nSuite:"),
            bad.clone(),
        ),
        (
            "a blank at the beginning",
            whole.replace("Suite:", " Suite:"),
            bad.clone(),
        ),
        (
            "an empty line more",
            whole.replace("-----BEGIN PGP SIGN", "\n-----BEGIN PGP SIGN"),
            damaged("text stands before it"),
        ),
        (
            "an empty line before the signature",
            format!("{first_half}\n{signature}"),
            bad,
        ),
        (
            "no signature",
            first_half.to_owned(),
            damaged("it has no signature"),
        ),
        (
            "no envelope",
            TEXT.to_owned(),
            "there is no signature".to_owned(),
        ),
        ("nothing", String::new(), "there is no signature".to_owned()),
        (
            "cut",
            whole[..whole.len() - 40].to_owned(),
            damaged("its signature has no end"),
        ),
        (
            "two messages",
            whole.repeat(2),
            damaged("text stands after it"),
        ),
        (
            "text before",
            format!("Origin: Evil\n{whole}"),
            damaged("text stands before it"),
        ),
        (
            "text after",
            format!("{whole}Origin: Evil\n"),
            damaged("text stands after it"),
        ),
        (
            "signed by somebody else",
            evil.clear_sign(TEXT, MADE),
            unknown,
        ),
        (
            "an empty signature",
            envelope(TEXT, &[]),
            "there is no signature".to_owned(),
        ),
        (
            "no Base64",
            whole.replace(line, "?"),
            "the signature is damaged: it is not Base64".to_owned(),
        ),
        (
            "half a packet",
            envelope(TEXT, &[signer.sign_text(TEXT, MADE)[..50].to_vec()]),
            "the signature is damaged: a packet is cut".to_owned(),
        ),
        (
            "another packet",
            envelope(TEXT, &[signer.certificate()]),
            "the signature is damaged: a packet in it is no signature".to_owned(),
        ),
        (
            "a signature over a file",
            envelope(TEXT, &[signer.sign_content(TEXT.as_bytes(), MADE)]),
            format!("signature by {key} cannot be used: it is not for this kind of content"),
        ),
    ];
    for (name, envelope, expected) in rows {
        let error = judge(envelope.as_bytes(), &signer.certificate()).unwrap_err();
        assert_eq!(error.to_string(), expected, "{name}");
    }
}

#[test]
fn what_is_not_signed_may_change() {
    let signer = signer();
    let whole = signer.clear_sign(TEXT, MADE);
    let rows = [
        ("other line ends", whole.replace('\n', "\r\n")),
        (
            "blanks at the ends of lines",
            whole.replace("stable\n", "stable \t\n"),
        ),
        ("no header", whole.replace("Hash: SHA256\n", "")),
        (
            "an untrue header",
            whole.replace("Hash: SHA256", "Hash: MD5"),
        ),
        (
            "escapes that are not needed",
            whole.replace("Suite", "- Suite"),
        ),
        (
            "no line end after the last line",
            whole.trim_end().to_owned(),
        ),
    ];
    for (name, envelope) in rows {
        let signed = judge(envelope.as_bytes(), &signer.certificate()).unwrap();
        assert_eq!(signed.text, TEXT, "{name}");
    }
}

#[test]
fn a_detached_signature() {
    let signer = signer();
    let keyring = Keyring::parse(&signer.certificate());
    let signers = BTreeSet::from([signer.fingerprint()]);
    let trust = Trust {
        keyring: &keyring,
        signers: &signers,
    };
    let content = vec![b'x'; 200_000];
    let whole = signer.sign_detached(&content, MADE);
    let judge = |content: &[u8], signature: &[u8]| {
        verify_detached(content, signature, trust, NOW)
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    assert_eq!(judge(&content, whole.as_bytes()), Ok(()));
    assert_eq!(
        judge(&content, &signer.sign_content(&content, MADE)),
        Ok(())
    );
    let key = signer.signing_fingerprint();
    let bad = Err(format!("bad signature by {key}: the content differs"));
    let damaged = |what: &str| Err(format!("the signature is damaged: {what}"));
    assert_eq!(judge(&content[1..], whole.as_bytes()), bad);
    assert_eq!(judge(b"", whole.as_bytes()), bad);
    let none = Err("there is no signature".to_owned());
    assert_eq!(judge(&content, b""), none);
    assert_eq!(judge(&content, b"\n \n"), none);
    let page = b"<html>404</html>";
    assert_eq!(
        judge(&content, page),
        damaged("something stands before its first line")
    );
    let twice = whole.repeat(2);
    assert_eq!(
        judge(&content, twice.as_bytes()),
        damaged("something stands after its last line")
    );
    assert_eq!(
        judge(&content, &whole.as_bytes()[..100]),
        damaged("its last line is missing")
    );
    let large = vec![b'\n'; (64 << 10) + 1];
    let error = Err("the signature is larger than 65536 bytes".to_owned());
    assert_eq!(judge(&content, &large), error);
}

/// A content that breaks off is no content that ends there.
#[test]
fn a_content_that_cannot_be_read() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let signer = signer();
    let keyring = Keyring::parse(&signer.certificate());
    let signers = BTreeSet::from([signer.fingerprint()]);
    let trust = Trust {
        keyring: &keyring,
        signers: &signers,
    };
    let signature = signer.sign_content(b"half", MADE);
    let content = Read::chain(&b"half"[..], Broken);
    let error = verify_detached(content, &signature, trust, NOW).unwrap_err();
    assert!(matches!(error, SignatureError::Unreadable(_)), "{error}");
    // Where no signature can count, the content is not read.
    let nobody = Trust {
        signers: &BTreeSet::new(),
        ..trust
    };
    let error = verify_detached(Broken, &signature, nobody, NOW).unwrap_err();
    assert!(matches!(error, SignatureError::Refused(_)), "{error}");
}

proptest! {
    /// Whatever byte of the envelope is changed: refused, or the very same text.
    #[test]
    fn a_changed_envelope_is_never_another_text(place in any::<prop::sample::Index>(), with in any::<u8>()) {
        let signer = signer();
        let mut envelope = signer.clear_sign(TEXT, MADE).into_bytes();
        let place = place.index(envelope.len());
        envelope[place] = with;
        if let Ok(signed) = judge(&envelope, &signer.certificate()) {
            prop_assert_eq!(signed.text, TEXT);
        }
    }

    /// Whatever byte of the certificate is changed: refused, or the very same verdict.
    #[test]
    fn a_changed_certificate_adds_nobody(place in any::<prop::sample::Index>(), with in any::<u8>()) {
        let signer = signer();
        let mut certificate = signer.certificate();
        let place = place.index(certificate.len());
        certificate[place] = with;
        let envelope = signer.clear_sign(TEXT, MADE);
        if let Ok(signed) = judge(envelope.as_bytes(), &certificate) {
            prop_assert_eq!(signed.signatures[0].signer, signer.fingerprint());
            prop_assert_eq!(signed.signatures[0].key, signer.signing_fingerprint());
        }
    }

    /// Whatever byte of the signature is changed: refused, or the very same signature.
    #[test]
    fn a_changed_signature_is_never_another_one(place in any::<prop::sample::Index>(), with in any::<u8>()) {
        let signer = signer();
        let mut packet = signer.sign_text(TEXT, MADE);
        let place = place.index(packet.len());
        packet[place] = with;
        if let Ok(signed) = judge(envelope(TEXT, &[packet]).as_bytes(), &signer.certificate()) {
            prop_assert_eq!(signed.signatures[0].made, MADE);
            prop_assert_eq!(signed.signatures[0].key, signer.signing_fingerprint());
        }
    }

    #[test]
    fn any_bytes_are_a_verdict(bytes in any::<Vec<u8>>()) {
        let keyring = Keyring::parse(&bytes);
        let signers = keyring.fingerprints().collect();
        let trust = Trust { keyring: &keyring, signers: &signers };
        let _ = verify_cleartext(&bytes, trust, NOW);
        let _ = verify_detached(&bytes[..], &bytes, trust, NOW);
    }
}
