//! Makes keys, material and rows of the table, and asks both judges.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::ensure;
use signatures::testing::Signer;
use signatures::{Fingerprint, Keyring};

use super::gnupg::Gnupg;
use super::judges::{Signed, gpgv, ours};

/// What is signed.
pub(super) const TEXT: &str = "Origin: Test\n- a list\nSuite: stable\n";

/// When keys that `gpg` has not made sign: 2020-06-01.
pub(super) const MADE: u64 = 1_590_969_600;

/// One line of the table.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) signed: Signed,
    /// All keys that `gpgv` is given, as a binary file.
    pub(super) keys: PathBuf,
    /// Those of them that are allowed.
    pub(super) signers: Vec<Fingerprint>,
    /// What `gpgv` says, signature by signature.
    pub(super) gpgv: &'static str,
    /// What we say: nothing, or words of the refusal.
    pub(super) refusal: Option<&'static str>,
    /// Why that is not the same.
    pub(super) differs: Option<&'static str>,
}

/// Makes keys, material and rows.
pub(super) struct Maker {
    pub(super) gnupg: Gnupg,
    directory: PathBuf,
    files: Cell<u32>,
}

impl Maker {
    /// With nothing made yet.
    pub(super) fn new(directory: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            gnupg: Gnupg::new(directory)?,
            directory: directory.to_owned(),
            files: Cell::new(0),
        })
    }

    /// Asks both judges, and compares what they say with the row.
    pub(super) fn check(&self, row: &Row) -> anyhow::Result<()> {
        let gpgv = gpgv(&row.signed, &[&row.keys], &self.directory)?;
        let keyring = Keyring::parse(&fs::read(&row.keys)?);
        let ours = ours(
            &row.signed,
            &keyring,
            &row.signers.iter().copied().collect(),
        )?;
        let said = gpgv.verdicts.join(" ");
        ensure!(
            said == row.gpgv,
            "gpgv says `{said}`, not `{}`; we say {ours:?}",
            row.gpgv
        );
        match (&ours, row.refusal) {
            (Ok((keys, text)), None) => {
                let valid = &gpgv.valid;
                // None where `gpgv` gives up before it computes anything.
                ensure!(
                    valid.is_empty() || keys.is_subset(valid),
                    "{keys:?} of {valid:?}"
                );
                let theirs = lines(&gpgv.text);
                ensure!(
                    text.is_empty() || lines(text) == theirs,
                    "{text:?}, {theirs:?}"
                );
            }
            (Err(error), Some(words)) => ensure!(error.contains(words), "we say: {error}"),
            _ => anyhow::bail!("gpgv says `{said}`, we say {ours:?}"),
        }
        let is_same = ours.is_ok() == gpgv.is_content;
        match (is_same, row.differs) {
            (true, None) | (false, Some(_)) => Ok(()),
            (true, Some(_)) => anyhow::bail!("there is no difference to explain"),
            (false, None) => anyhow::bail!("a difference without a reason: {ours:?}, `{said}`"),
        }
    }

    /// A row that all are content with.
    pub(super) fn row(
        &self,
        name: &'static str,
        signed: Signed,
        keys: &[&str],
        signers: &[Fingerprint],
    ) -> anyhow::Result<Row> {
        Ok(Row {
            name,
            signed,
            keys: self.gnupg.export(keys)?,
            signers: signers.to_vec(),
            gpgv: "GOODSIG",
            refusal: None,
            differs: None,
        })
    }

    /// The same of a key that `gpg` has not made.
    pub(super) fn row_by(
        &self,
        name: &'static str,
        signed: Signed,
        signer: &Signer,
    ) -> anyhow::Result<Row> {
        Ok(Row {
            name,
            signed,
            keys: self.put(&signer.certificate())?,
            signers: vec![signer.fingerprint()],
            gpgv: "GOODSIG",
            refusal: None,
            differs: None,
        })
    }

    /// The text clear-signed, and as a file with a detached signature.
    pub(super) fn both(&self, names: &[&str], day: &str) -> anyhow::Result<[Signed; 2]> {
        Ok([
            self.one(names, day, &["--clear-sign"])?,
            self.one(names, day, &["--detach-sign"])?,
        ])
    }

    /// The same by a key that `gpg` has not made.
    pub(super) fn both_by(&self, signer: &Signer) -> anyhow::Result<[Signed; 2]> {
        let clear = signer.clear_sign(TEXT, MADE);
        let detached = signer.sign_detached(TEXT.as_bytes(), MADE);
        Ok([
            Signed::Clear(self.put(clear.as_bytes())?),
            Signed::Detached(self.put(detached.as_bytes())?, self.put(TEXT.as_bytes())?),
        ])
    }

    /// The text signed in one way.
    pub(super) fn one(&self, names: &[&str], day: &str, how: &[&str]) -> anyhow::Result<Signed> {
        let content = self.put(TEXT.as_bytes())?;
        let signed = self.gnupg.sign((names, day), how, &content)?;
        let signed = self.put(&fs::read(signed)?)?;
        Ok(match how.contains(&"--clear-sign") {
            true => Signed::Clear(signed),
            false => Signed::Detached(signed, content),
        })
    }

    /// A file of its own.
    pub(super) fn put(&self, content: &[u8]) -> anyhow::Result<PathBuf> {
        self.files.set(self.files.get() + 1);
        let path = self.directory.join(format!("file-{}", self.files.get()));
        fs::write(&path, content)?;
        Ok(path)
    }
}

impl Row {
    /// The same with one more allowed signer.
    pub(super) fn allowing(mut self, signer: Fingerprint) -> Self {
        self.signers.push(signer);
        self
    }
}

/// Blanks at the ends of lines are not signed: `gpgv` keeps them, we do not.
fn lines(text: &str) -> Vec<&str> {
    (text.lines())
        .map(|line| line.trim_end_matches([' ', '\t', '\r']))
        .collect()
}
