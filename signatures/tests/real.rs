//! Keys and signatures that others made: GnuPG's of kinds that the test keys cannot have
//! (`fixtures/make.sh`), and Apache's and Debian's real keys out of `versions.keys`.

use std::collections::BTreeSet;
use std::path::Path;

use signatures::{
    CLOCK_TOLERANCE, Fingerprint, Keyring, Signature, SignatureError, Trust, verify_cleartext,
    verify_detached,
};

/// 2024-06-01, when all fixtures of GnuPG were signed.
const MADE: u64 = 1_717_243_200;
const NOW: u64 = MADE + 1;

fn fixture(name: &str) -> Vec<u8> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    std::fs::read(directory.join(name)).expect("the fixture is there")
}

fn versions_keys() -> Keyring {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../versions.keys");
    Keyring::parse(&std::fs::read(path).expect("`versions.keys` is there"))
}

fn trusting<T>(keyring: &Keyring, judge: impl FnOnce(Trust<'_>) -> T) -> T {
    let signers: BTreeSet<Fingerprint> = keyring.fingerprints().collect();
    judge(Trust {
        keyring,
        signers: &signers,
    })
}

fn detached(
    keyring: &Keyring,
    content: &str,
    signature: &str,
    now: u64,
) -> Result<Signature, SignatureError> {
    let (content, signature) = (fixture(content), fixture(signature));
    trusting(keyring, |trust| {
        verify_detached(&content[..], &signature, trust, now)
    })
}

#[test]
fn keys_of_every_kind_that_gnupg_makes() {
    let table = [
        ("nistp256", None),
        ("nistp521", None),
        ("ed25519", None),
        ("sha1-in-2022", None),
        (
            "sha1-in-2023",
            Some("is over a weak hash (SHA1, 2023-03-01)"),
        ),
        ("rsa1024", Some("is too weak (RSA of 1024 bits)")),
        ("dsa2048", Some("is too weak (DSA)")),
        (
            "secp256k1",
            Some("is too weak (ECDSA over a curve that is not NIST's)"),
        ),
    ];
    let text =
        "Origin: Test\n- a list\n-----BEGIN PGP SIGNED MESSAGE-----\ntrailing blanks\n\nüçä\n";
    for (name, refusal) in table {
        let keyring = Keyring::parse(&fixture(&format!("{name}.keys")));
        assert_eq!(keyring.unreadable(), [""; 0], "{name}");
        let envelope = fixture(&format!("{name}.clear"));
        let clear = trusting(&keyring, |trust| verify_cleartext(&envelope, trust, NOW));
        let detached = detached(&keyring, "content", &format!("{name}.sig"), NOW);
        match refusal {
            None => {
                let clear = clear.unwrap();
                assert_eq!(clear.text, text, "{name}");
                assert_eq!([detached.unwrap()], clear.signatures[..], "{name}");
                assert_eq!(clear.signatures[0].made, MADE);
            }
            Some(refusal) => {
                for error in [clear.unwrap_err(), detached.unwrap_err()] {
                    assert!(error.to_string().contains(refusal), "{name}: {error}");
                }
            }
        }
    }
}

#[test]
fn data_is_not_believed_by_sha1() {
    let keyring = Keyring::parse(&fixture("sha1-in-2022.keys"));
    let error = detached(&keyring, "content", "weak-hash.sig", NOW).unwrap_err();
    assert!(
        error.to_string().contains("over a weak hash (SHA1)"),
        "{error}"
    );
    let envelope = fixture("weak-hash.clear");
    let error = trusting(&keyring, |trust| verify_cleartext(&envelope, trust, NOW)).unwrap_err();
    assert!(
        error.to_string().contains("over a weak hash (SHA1)"),
        "{error}"
    );
}

/// In text mode a signature covers less than the bytes: line ends may be changed.
#[test]
fn a_file_is_not_believed_by_a_signature_over_text() {
    let keyring = Keyring::parse(&fixture("sha1-in-2022.keys"));
    let error = detached(&keyring, "content", "text-mode.sig", NOW).unwrap_err();
    let reason = "it is not for this kind of content";
    assert!(error.to_string().contains(reason), "{error}");
}

/// What the release manager of 3.6.1 signed: the key's self-signatures are by SHA-1, of 2017.
#[test]
fn apache_zookeeper_3_6_1() {
    let found = detached(
        &versions_keys(),
        "zookeeper-3.6.1.pom",
        "zookeeper-3.6.1.pom.asc",
        NOW,
    );
    let key = "BBE7232D7991050B54C8EA0ADC08637CA615D22C".parse().unwrap();
    let expected = Signature {
        signer: key,
        key,
        made: 1_587_481_275,
    };
    assert_eq!(found.unwrap(), expected);
}

/// What the release manager of 3.5.7 signed in 2020; the key's self-signature is of 2022.
#[test]
fn apache_zookeeper_3_5_7() {
    let keyring = versions_keys();
    let judge = |content, now| detached(&keyring, content, "zookeeper-3.5.7.pom.asc", now);
    let found = judge("zookeeper-3.5.7.pom", NOW).unwrap();
    let signer = "3D296268A36FACA1B7EAF110792D43153B5B5147".parse().unwrap();
    assert_eq!((found.signer, found.made), (signer, 1_581_334_778));
    let error = judge("zookeeper-3.6.1.pom", NOW).unwrap_err();
    let bad = format!("bad signature by {signer}: the content differs");
    assert_eq!(error.to_string(), bad);
    let error = judge("zookeeper-3.5.7.pom", 1_581_334_777 - CLOCK_TOLERANCE).unwrap_err();
    assert!(error.to_string().contains("in the future"), "{error}");
}

/// The file that the tool carries: every block is readable and named by the line before it.
#[test]
fn versions_keys_says_which_keys_it_has() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../versions.keys");
    let text = std::fs::read_to_string(path).unwrap();
    let keyring = Keyring::parse(text.as_bytes());
    assert_eq!(keyring.unreadable(), [""; 0]);
    let lines: Vec<&str> = text.lines().collect();
    let named: BTreeSet<Fingerprint> = (lines.windows(2))
        .filter(|pair| pair[1].starts_with("-----BEGIN "))
        .map(|pair| pair[0][..40].parse().unwrap())
        .collect();
    let found: BTreeSet<_> = keyring.fingerprints().collect();
    assert_eq!(found, named);
    assert_eq!(found.len(), text.matches("-----BEGIN ").count());
    for fingerprint in found {
        let block = keyring.armored(&fingerprint).unwrap();
        assert!(
            text.contains(&block),
            "{fingerprint} has more than it needs"
        );
    }
}
