//! The table by what is done to what was signed: envelopes, files of signatures, several signatures.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use signatures::testing::{Signer, envelope};

use super::gnupg::USUAL;
use super::judges::Signed;
use super::maker::{MADE, Maker, Row, TEXT};
use super::table::DAY;

impl Maker {
    /// What is done to an envelope.
    pub(super) fn by_envelope(&self) -> anyhow::Result<Vec<Row>> {
        const OUTSIDE: Option<&str> =
            Some("GnuPG passes over text outside of the envelope, other readers do not");
        const HEADER: Option<&str> =
            Some("GnuPG 2.2 takes the hash from the header, we from the signature (RFC 9580 §7)");
        let signer = [self.gnupg.make("envelope", USUAL)?];
        let Signed::Clear(path) = self.one(&["envelope"], DAY, &["--clear-sign"])? else {
            anyhow::bail!("it is clear-signed");
        };
        let whole = fs::read_to_string(path)?;
        let begin = whole
            .find("-----BEGIN PGP SIGNATURE")
            .context("it is signed")?;
        let (stripped, signature) = whole.split_at(begin);
        let damaged = Some("envelope is damaged");
        let differs = Some("the content differs");
        let rows = [
            ("as it was made", whole.clone(), "GOODSIG", None, None),
            ("CR LF", whole.replace('\n', "\r\n"), "GOODSIG", None, None),
            (
                "blanks at the end of a line",
                whole.replace("stable\n", "stable \t \n"),
                "GOODSIG",
                None,
                None,
            ),
            (
                "no header",
                whole.replace("Hash: SHA512\n", ""),
                "ERRSIG",
                None,
                HEADER,
            ),
            (
                "a foreign header",
                whole.replace("SHA512\n", "SHA512\nOrigin: Evil\n"),
                "BADSIG",
                damaged,
                None,
            ),
            (
                "a changed byte",
                whole.replace("Origin: Test", "Origin: Tesu"),
                "BADSIG",
                differs,
                None,
            ),
            (
                "a line more",
                whole.replace("Suite:", "Version: 1\nSuite:"),
                "BADSIG",
                differs,
                None,
            ),
            (
                "a hyphen that is not escaped",
                whole.replace("- - a list", "- a list"),
                "BADSIG",
                differs,
                None,
            ),
            ("no signature", stripped.to_owned(), "NODATA", damaged, None),
            (
                "no envelope",
                TEXT.to_owned(),
                "NODATA",
                Some("there is no signature"),
                None,
            ),
            (
                "the signature alone",
                signature.to_owned(),
                "",
                Some("there is no signature"),
                None,
            ),
            (
                "truncated",
                whole[..whole.len() - 60].to_owned(),
                "NODATA",
                damaged,
                None,
            ),
            ("twice", whole.repeat(2), "GOODSIG", damaged, None),
            (
                "text after",
                format!("{whole}Origin: Evil\n"),
                "GOODSIG",
                damaged,
                OUTSIDE,
            ),
            (
                "text before",
                format!("Origin: Evil\n{whole}"),
                "GOODSIG",
                damaged,
                OUTSIDE,
            ),
        ];
        (rows.into_iter())
            .map(|(name, text, gpgv, refusal, differs)| {
                let signed = Signed::Clear(self.put(text.as_bytes())?);
                Ok(Row {
                    gpgv,
                    refusal,
                    differs,
                    ..self.row(name, signed, &["envelope"], &signer)?
                })
            })
            .collect()
    }

    /// What is done to a file with a detached signature.
    pub(super) fn by_file(&self) -> anyhow::Result<Vec<Row>> {
        const AFTER: Option<&str> =
            Some("we read one block of signatures: what stands after it is refused");
        let signer = [self.gnupg.make("file", USUAL)?];
        let detached = |day, options: &[&str]| {
            let how = [options, &["--detach-sign"]].concat();
            match self.one(&["file"], day, &how)? {
                Signed::Detached(signature, _) => Ok(fs::read(signature)?),
                Signed::Clear(_) => anyhow::bail!("it is detached"),
            }
        };
        let (armored, later) = (detached(DAY, &[])?, detached("20200602", &[])?);
        let binary = |armored: &[u8]| self.gnupg.dearmor(&self.put(armored)?);
        let (bare, bare_later) = (binary(&armored)?, binary(&later)?);
        let mut forged = bare.clone();
        *forged.last_mut().context("a signature has bytes")? ^= 1;
        let damaged = Some("the signature is damaged");
        let rows = [
            (
                "a file as it was made",
                armored.clone(),
                "GOODSIG",
                None,
                None,
            ),
            ("a file signed again", later.clone(), "GOODSIG", None, None),
            ("a binary signature", bare.clone(), "GOODSIG", None, None),
            (
                "an armored signature that is cut",
                armored[..armored.len() - 60].to_vec(),
                "NODATA",
                damaged,
                None,
            ),
            (
                "a binary signature that is cut",
                bare[..bare.len() - 1].to_vec(),
                "NODATA",
                damaged,
                None,
            ),
            (
                "an empty signature",
                Vec::new(),
                "NODATA",
                Some("there is no signature"),
                None,
            ),
            (
                "a signature with other numbers",
                forged,
                "BADSIG",
                Some("the content differs"),
                None,
            ),
            (
                "two binary signatures",
                [&bare[..], &bare_later].concat(),
                "GOODSIG GOODSIG",
                None,
                None,
            ),
            (
                "two armored signatures",
                [&armored[..], &later].concat(),
                "GOODSIG GOODSIG",
                damaged,
                AFTER,
            ),
        ];
        (rows.into_iter())
            .map(|(name, signature, gpgv, refusal, differs)| {
                let signed = Signed::Detached(self.put(&signature)?, self.put(TEXT.as_bytes())?);
                Ok(Row {
                    gpgv,
                    refusal,
                    differs,
                    ..self.row(name, signed, &["file"], &signer)?
                })
            })
            .collect()
    }

    /// Several signatures on one text.
    pub(super) fn by_number(&self) -> anyhow::Result<Vec<Row>> {
        let signers = [
            self.gnupg.make("one", USUAL)?,
            self.gnupg.make("other", USUAL)?,
        ];
        let [one, other] = [
            Signer::new(11, 1_577_836_800),
            Signer::new(12, 1_577_836_800),
        ];
        let two = envelope(
            TEXT,
            &[
                one.sign_text(TEXT, MADE),
                other.sign_text("Origin: Evil\n", MADE),
            ],
        );
        let of_a_file = envelope(TEXT, &[one.sign_content(TEXT.as_bytes(), MADE)]);
        let keys = self.put(&[one.certificate(), other.certificate()].concat())?;
        let both = || self.one(&["one", "other"], DAY, &["--clear-sign"]);
        Ok(vec![
            Row {
                gpgv: "GOODSIG GOODSIG",
                ..self.row("two good ones", both()?, &["one", "other"], &signers)?
            },
            Row {
                gpgv: "GOODSIG ERRSIG",
                differs: Some(
                    "we pass over strangers: keys change, and mirrors have both signatures",
                ),
                ..self.row(
                    "one good, one of a stranger",
                    both()?,
                    &["one"],
                    &signers[..1],
                )?
            },
            Row {
                gpgv: "GOODSIG BADSIG",
                refusal: Some("the content differs"),
                signed: Signed::Clear(self.put(two.as_bytes())?),
                keys: keys.clone(),
                ..self.row_by("one good, one bad", Signed::Clear(PathBuf::new()), &one)?
            }
            .allowing(other.fingerprint()),
            Row {
                gpgv: "BADSIG",
                refusal: Some("not for this kind of content"),
                ..self.row_by(
                    "a signature of a file in an envelope",
                    Signed::Clear(self.put(of_a_file.as_bytes())?),
                    &one,
                )?
            },
        ])
    }
}
