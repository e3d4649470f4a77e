//! The two judges: `gpgv`, by what it says of each signature, and ours.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use e2e::command::call;
use signatures::{Fingerprint, Keyring, Trust, verify_cleartext, verify_detached};

/// What is signed, and how.
pub(super) enum Signed {
    /// A text in its envelope.
    Clear(PathBuf),
    /// A signature, and the file that it is over.
    Detached(PathBuf, PathBuf),
}

/// What `gpgv` says.
pub(super) struct Gpgv {
    /// Of each signature, in its words: `GOODSIG`, `BADSIG`, `EXPKEYSIG`. `NODATA` where there is none.
    pub(super) verdicts: Vec<String>,
    /// The keys, primary or subkeys, whose signatures verify.
    pub(super) valid: BTreeSet<Fingerprint>,
    /// Whether it believes all of it.
    pub(super) is_content: bool,
    /// The text out of the envelope.
    pub(super) text: String,
}

/// What the crate says: the keys that signed and the text, or why not.
pub(super) type Ours = Result<(BTreeSet<Fingerprint>, String), String>;

const VERDICTS: [&str; 7] = [
    "GOODSIG",
    "EXPSIG",
    "EXPKEYSIG",
    "REVKEYSIG",
    "BADSIG",
    "ERRSIG",
    "NODATA",
];

/// Asks `gpgv`. Keys are as binary files.
pub(super) fn gpgv(signed: &Signed, keys: &[&Path], directory: &Path) -> anyhow::Result<Gpgv> {
    let output = directory.join("text");
    let mut gpgv = call("gpgv")
        .args(["--status-fd", "1", "--homedir"])
        .arg(directory);
    for keys in keys {
        gpgv = gpgv.arg("--keyring").arg(keys);
    }
    gpgv = match signed {
        Signed::Clear(file) => gpgv.arg("--output").arg(&output).arg(file),
        Signed::Detached(signature, content) => gpgv.arg(signature).arg(content),
    };
    let _ = fs::remove_file(&output);
    let finished = gpgv.finish()?;
    let words: Vec<Vec<&str>> = (finished.stdout.lines())
        .filter_map(|line| line.strip_prefix("[GNUPG:] "))
        .map(|line| line.split(' ').collect())
        .collect();
    let mut verdicts: Vec<String> = (words.iter())
        .filter(|words| VERDICTS.contains(&words[0]))
        .map(|words| words[0].to_owned())
        .collect();
    // Once for each layer that it looked into.
    verdicts.dedup_by(|one, other| one == "NODATA" && other == "NODATA");
    let valid = (words.iter())
        .filter(|words| words[0] == "VALIDSIG")
        .map(|words| words[1].parse().context("`VALIDSIG` names a key"))
        .collect::<anyhow::Result<_>>()?;
    Ok(Gpgv {
        is_content: finished.code == 0 && verdicts.iter().all(|verdict| verdict == "GOODSIG"),
        verdicts,
        valid,
        text: fs::read_to_string(&output).unwrap_or_default(),
    })
}

/// Asks the crate, at present.
pub(super) fn ours(
    signed: &Signed,
    keyring: &Keyring,
    signers: &BTreeSet<Fingerprint>,
) -> anyhow::Result<Ours> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let trust = Trust { keyring, signers };
    let verdict = match signed {
        Signed::Clear(file) => {
            let envelope = fs::read(file)?;
            verify_cleartext(&envelope, trust, now).map(|signed| {
                let keys = signed.signatures.iter().map(|signature| signature.key);
                (keys.collect(), signed.text)
            })
        }
        Signed::Detached(signature, content) => {
            let (signature, content) = (fs::read(signature)?, File::open(content)?);
            verify_detached(content, &signature, trust, now)
                .map(|signature| (BTreeSet::from([signature.key]), String::new()))
        }
    };
    Ok(verdict.map_err(|error| error.to_string()))
}
