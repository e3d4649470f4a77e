//! The table: material of every kind, what `gpgv` says of it, what we say, and why they differ. Here by
//! keys; what is done to what they sign is in [`forms`](super::forms).

use anyhow::{Context, ensure};
use e2e::images::World;
use signatures::RevocationReason;
use signatures::testing::{Purpose, Signer, Subkey, Word};

use super::gnupg::{Kind, Reason, USUAL};
use super::maker::{MADE, Maker, Row};

/// A day when the usual keys are good.
pub(super) const DAY: &str = "20200601";

/// Why files are believed that `gpgv` does not call good.
const THEN: Option<&str> = Some(
    "what a key signed while it was good stays good: we judge files for when they were signed",
);

pub(super) fn judge(world: &World) -> anyhow::Result<()> {
    let directory = world.directory("signatures")?;
    let maker = Maker::new(&directory)?;
    let rows = [
        maker.by_kind_of_key()?,
        maker.by_state_of_key()?,
        maker.by_hash_and_time()?,
        maker.by_owner_of_key()?,
        maker.by_subkey()?,
        maker.by_subkey_that_ended()?,
        maker.by_envelope()?,
        maker.by_file()?,
        maker.by_number()?,
    ];
    let wrong: Vec<String> = (rows.iter().flatten())
        .map(|row| maker.check(row).with_context(|| row.name))
        .filter_map(|checked| checked.err().map(|error| format!("{error:#}")))
        .collect();
    ensure!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    Ok(())
}

impl Maker {
    /// What a key of this kind signs on its day: good, or refused for its kind.
    fn by_kind_of_key(&self) -> anyhow::Result<Vec<Row>> {
        const WEAKER: Option<&str> = Some("GnuPG believes keys that are too weak by today's rules");
        let kinds = [
            ("rsa2048", None, None),
            ("rsa4096", None, None),
            ("ed25519", None, None),
            ("nistp256", None, None),
            ("nistp384", None, None),
            ("nistp521", None, None),
            ("rsa1024", Some("RSA of 1024 bits"), WEAKER),
            ("dsa2048", Some("too weak (DSA)"), WEAKER),
            ("secp256k1", Some("curve that is not NIST's"), WEAKER),
        ];
        let mut rows = Vec::new();
        for (algorithm, refusal, differs) in kinds {
            let signer = self.gnupg.make(algorithm, Kind { algorithm, ..USUAL })?;
            for signed in self.both(&[algorithm], DAY)? {
                rows.push(Row {
                    refusal,
                    differs,
                    ..self.row(algorithm, signed, &[algorithm], &[signer])?
                });
            }
        }
        Ok(rows)
    }

    /// Expired and revoked keys: `gpgv` knows the present only.
    fn by_state_of_key(&self) -> anyhow::Result<Vec<Row>> {
        let year = Kind {
            lifetime: "1y",
            ..USUAL
        };
        let expired = self.gnupg.make("expired", year)?;
        let [text, file] = self.both(&["expired"], DAY)?;
        let expired = [expired];
        let mut rows = vec![
            Row {
                gpgv: "EXPKEYSIG",
                refusal: Some("expired on 2020-12-31"),
                ..self.row("text of an expired key", text, &["expired"], &expired)?
            },
            Row {
                gpgv: "EXPKEYSIG",
                differs: THEN,
                ..self.row("file of an expired key", file, &["expired"], &expired)?
            },
        ];
        for (name, day, reason, refusal, differs) in [
            (
                "compromised",
                "20210101",
                Reason::Compromised,
                Some("(compromised)"),
                None,
            ),
            ("retired", "20210101", Reason::Retired, None, THEN),
            (
                "long-retired",
                "20200401",
                Reason::Retired,
                Some("2020-04-01 (retired)"),
                None,
            ),
        ] {
            let signer = [self.gnupg.make(name, USUAL)?];
            let [text, file] = self.both(&[name], DAY)?;
            self.gnupg.revoke(name, day, reason)?;
            rows.push(Row {
                gpgv: "REVKEYSIG",
                refusal: Some("which was revoked on"),
                ..self.row("text of a revoked key", text, &[name], &signer)?
            });
            rows.push(Row {
                gpgv: "REVKEYSIG",
                refusal,
                differs,
                ..self.row(name, file, &[name], &signer)?
            });
        }
        Ok(rows)
    }

    /// Hashes of data and of self-signatures, and the signature's own times.
    fn by_hash_and_time(&self) -> anyhow::Result<Vec<Row>> {
        const SHA1: Option<&str> = Some("GnuPG 2.2 believes SHA-1 of data");
        let by_sha1 = |day| Kind {
            day,
            hash: "SHA1",
            has_subkey: true,
            ..USUAL
        };
        let old = self.gnupg.make("old-sha1", by_sha1("20170401"))?;
        let new = self.gnupg.make("new-sha1", by_sha1("20230601"))?;
        let usual = self.gnupg.make("usual", USUAL)?;
        let mut rows = Vec::new();
        for signed in self.both(&["old-sha1"], DAY)? {
            rows.push(self.row(
                "a key that says by SHA-1, early",
                signed,
                &["old-sha1"],
                &[old],
            )?);
        }
        for signed in self.both(&["new-sha1"], "20240601")? {
            rows.push(Row {
                refusal: Some("over a weak hash (SHA1, 2023-06-01)"),
                differs: Some("what a key says of itself by SHA-1 is believed until 2023-02-01"),
                ..self.row(
                    "a key that says by SHA-1, late",
                    signed,
                    &["new-sha1"],
                    &[new],
                )?
            });
        }
        let by_usual = |how: &[&str], day| self.one(&["usual"], day, how);
        let expires = ["--default-sig-expire", "2d"];
        for how in ["--clear-sign", "--detach-sign"] {
            let with = |options: &[&'static str]| [options, &[how]].concat();
            rows.push(Row {
                refusal: Some("over a weak hash (SHA1)"),
                differs: SHA1,
                ..self.row(
                    "data by SHA-1",
                    by_usual(&with(&["--digest-algo", "SHA1"]), DAY)?,
                    &["usual"],
                    &[usual],
                )?
            });
            rows.push(Row {
                gpgv: "EXPSIG",
                refusal: Some("expired on 2020-06-03"),
                ..self.row(
                    "expired",
                    by_usual(&with(&expires), DAY)?,
                    &["usual"],
                    &[usual],
                )?
            });
            rows.push(Row {
                refusal: Some("which is in the future"),
                differs: Some("GnuPG does not mind signatures from the future"),
                ..self.row("early", by_usual(&[how], "20990101")?, &["usual"], &[usual])?
            });
        }
        let text_mode = by_usual(&["--textmode", "--detach-sign"], DAY)?;
        rows.push(Row {
            refusal: Some("not for this kind of content"),
            differs: Some("a signature in text mode covers less than the bytes of a file"),
            ..self.row("file in text mode", text_mode, &["usual"], &[usual])?
        });
        Ok(rows)
    }

    /// Who is allowed, who is known, and what the key says that it is for.
    fn by_owner_of_key(&self) -> anyhow::Result<Vec<Row>> {
        self.gnupg.make("known", USUAL)?;
        let allowed = self.gnupg.make("allowed", USUAL)?;
        let mut rows = Vec::new();
        for signed in self.both(&["known"], DAY)? {
            rows.push(Row {
                gpgv: "ERRSIG",
                refusal: Some("which is not known"),
                ..self.row("by somebody else", signed, &["allowed"], &[allowed])?
            });
        }
        for signed in self.both(&["known"], DAY)? {
            rows.push(Row {
                refusal: Some("not among the allowed signers"),
                differs: Some("`gpgv` allows all of a keyring; we allow fingerprints"),
                ..self.row("by a neighbour", signed, &["known", "allowed"], &[allowed])?
            });
        }
        for signed in self.both(&["allowed"], DAY)? {
            rows.push(self.row(
                "beside a neighbour",
                signed,
                &["known", "allowed"],
                &[allowed],
            )?);
        }
        let young = Signer::new(3, MADE + 1);
        for signed in self.both_by(&young)? {
            rows.push(Row {
                gpgv: "ERRSIG",
                refusal: Some("before the key was made"),
                ..self.row_by("older than its key", signed, &young)?
            });
        }
        let certifies = Signer::new(1, 1_577_836_800).meant_to(Purpose::Certify);
        for signed in self.both_by(&certifies)? {
            rows.push(Row {
                gpgv: "ERRSIG",
                refusal: Some("not meant to sign data"),
                ..self.row_by("not meant to sign", signed, &certifies)?
            });
        }
        Ok(rows)
    }

    /// Subkeys; those that are not as they should be are not made by `gpg`.
    fn by_subkey(&self) -> anyhow::Result<Vec<Row>> {
        const CREATED: u64 = 1_577_836_800;
        let subkeyed = self.gnupg.make(
            "subkeyed",
            Kind {
                has_subkey: true,
                ..USUAL
            },
        )?;
        let mut rows = Vec::new();
        for signed in self.both(&["subkeyed"], DAY)? {
            rows.push(self.row("by a subkey", signed, &["subkeyed"], &[subkeyed])?);
        }
        let with = |subkey| Signer::new(2, CREATED).with_subkey(7, subkey);
        let good = Subkey::made_at(CREATED);
        let back = Subkey {
            has_back_signature: false,
            ..good.clone()
        };
        let unbound = Subkey {
            said: Vec::new(),
            ..good.clone()
        };
        let signers = [
            ("by a subkey of ours", with(good), "GOODSIG", None),
            (
                "without back-signature",
                with(back),
                "ERRSIG",
                Some("has not signed that it belongs to"),
            ),
            (
                "not bound",
                with(unbound),
                "ERRSIG",
                Some("has not bound to itself"),
            ),
        ];
        for (name, signer, gpgv, refusal) in signers {
            for signed in self.both_by(&signer)? {
                rows.push(Row {
                    gpgv,
                    refusal,
                    ..self.row_by(name, signed, &signer)?
                });
            }
        }
        Ok(rows)
    }

    /// Subkeys that have expired or were revoked, under a primary key that is good.
    fn by_subkey_that_ended(&self) -> anyhow::Result<Vec<Row>> {
        const CREATED: u64 = 1_577_836_800;
        let good = Subkey::made_at(CREATED);
        let expired = Subkey {
            said: vec![Word {
                key_expires: Some(MADE + 1),
                ..Word::at(CREATED)
            }],
            ..good.clone()
        };
        let revoked = |reason| Subkey {
            revoked: Some((MADE + 1, reason)),
            ..good.clone()
        };
        let (ended, taken) = (Some("which expired on"), Some("which was revoked on"));
        let retired = revoked(RevocationReason::Retired);
        let compromised = revoked(RevocationReason::Compromised);
        // What we say of text, and of a file.
        let kinds = [
            ("an expired subkey", expired, "EXPKEYSIG", [ended, None]),
            ("a retired subkey", retired, "REVKEYSIG", [taken, None]),
            (
                "a compromised subkey",
                compromised,
                "REVKEYSIG",
                [taken, taken],
            ),
        ];
        let mut rows = Vec::new();
        for (name, subkey, gpgv, refusals) in kinds {
            let signer = Signer::new(2, CREATED).with_subkey(7, subkey);
            for (signed, refusal) in self.both_by(&signer)?.into_iter().zip(refusals) {
                rows.push(Row {
                    gpgv,
                    refusal,
                    differs: if refusal.is_none() { THEN } else { None },
                    ..self.row_by(name, signed, &signer)?
                });
            }
        }
        Ok(rows)
    }
}
