//! A suite's `InRelease`, the signed list of its package lists: fetched, verified, judged.
//!
//! Only the text that a good signature covers is parsed. A mirror whose file cannot be believed is
//! passed over with a warning, as one that gives other bytes for a package: the next may be honest.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use layers::Digest;
use signatures::{Fingerprint, Keyring, SignatureError, Trust, verify_cleartext};
use thiserror::Error;

use super::accept::{Refusal, Wanted, accept};
use super::mirrors::Mirrors;
use super::release::{Release, ReleaseError};
use super::suite::{SuiteError, UnbelievedKind};
use crate::lock::LockedSuite;
use crate::source::download::{Downloader, chain};
use crate::source::http::ShownUrl;
use crate::source::limited::read_limited;

/// Of an InRelease file; Debian's have up to 250 KB.
const LARGEST_RELEASE: u64 = 8 << 20;

/// Who may vouch for a suite, and since when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Vouching<'a> {
    /// Whose keys are there.
    pub(super) keyring: &'a Keyring,
    /// Whose signature counts.
    pub(super) signers: &'a BTreeSet<Fingerprint>,
    /// By the clock of this host.
    pub(super) now: SystemTime,
    /// Of the file that was believed last.
    pub(super) newest: Option<SystemTime>,
    /// Whether one that had to be replaced before now is refused.
    pub(super) check_valid_until: bool,
}

/// A suite that Debian vouches for.
#[derive(Debug)]
pub(super) struct InRelease {
    /// What was signed.
    pub(super) release: Release,
    /// What the lock keeps of it.
    pub(super) locked: LockedSuite,
    /// The day it had to be replaced, where that is past.
    expired: Option<SystemTime>,
}

/// Why a mirror's file is not taken.
#[derive(Debug, Error)]
enum Unbelieved {
    #[error(transparent)]
    Signature(#[from] SignatureError),
    #[error(transparent)]
    Release(#[from] ReleaseError),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("it was valid until {}", humantime::format_rfc3339_seconds(*.0))]
    Expired(SystemTime),
}

impl Unbelieved {
    fn kind(&self) -> UnbelievedKind {
        match self {
            Self::Signature(error) if is_about_keys(error) => UnbelievedKind::Key,
            Self::Refused(Refusal::Future { .. }) => UnbelievedKind::Clock,
            Self::Refused(Refusal::Older { .. }) | Self::Expired(_) => UnbelievedKind::Old,
            _ => UnbelievedKind::Forged,
        }
    }
}

/// Whether it is our keys that are too few or too old, rather than the file that is not Debian's.
fn is_about_keys(error: &SignatureError) -> bool {
    use signatures::Refusal::{KeyExpired, KeyMissing, NotAllowed, UnknownKey};
    let is_it = |refusal: &signatures::Refusal| {
        matches!(
            refusal,
            KeyExpired { .. } | KeyMissing(_) | NotAllowed { .. } | UnknownKey(_)
        )
    };
    matches!(error, SignatureError::Refused(all) if all.iter().all(is_it))
}

/// Takes it from the first address whose file can be believed.
pub(super) fn fetch(
    downloader: Downloader<'_>,
    mirrors: &Mirrors,
    suite: &str,
    vouching: Vouching<'_>,
) -> Result<InRelease, SuiteError> {
    let addresses = mirrors.addresses(suite, &format!("dists/{suite}/InRelease"));
    let mut silent = Vec::new();
    let mut unbelieved = Vec::new();
    let mut first_kind = None;
    for address in &addresses {
        let shown = ShownUrl::from(address);
        let file = match read_limited(downloader.client, address, LARGEST_RELEASE) {
            Ok(file) => file,
            Err(reason) => {
                silent.push(reason);
                continue;
            }
        };
        match judge(&file, suite, vouching) {
            Ok(found) => {
                let warn = |text: &str| downloader.progress.warn(text);
                for reason in &unbelieved {
                    warn(&format!("{reason}; the next mirror is taken"));
                }
                if let Some(until) = found.expired {
                    let until = humantime::format_rfc3339_seconds(until);
                    warn(&format!(
                        "`{shown}`: it was valid until {until}; it is taken, since this host's apt has `Acquire::Check-Valid-Until` switched off"
                    ));
                }
                return Ok(found);
            }
            Err(error) => {
                first_kind.get_or_insert(error.kind());
                unbelieved.push(format!("`{shown}`: {}", chain(&error)));
            }
        }
    }
    let passed_over = mirrors.passed_over(suite);
    let passed_over = passed_over
        .iter()
        .map(|line| format!("passed over: {line}"));
    let suite = suite.to_owned();
    let Some(kind) = first_kind else {
        let reasons = silent.into_iter().chain(passed_over).collect();
        return Err(SuiteError::NoRelease { suite, reasons });
    };
    let unreadable = vouching.keyring.unreadable().iter();
    let unreadable = unreadable.map(|line| format!("a public key cannot be read: {line}"));
    Err(SuiteError::Unbelieved {
        suite,
        kind,
        reasons: (unbelieved.into_iter())
            .chain(silent)
            .chain(passed_over)
            .chain(unreadable)
            .collect(),
    })
}

fn judge(file: &[u8], suite: &str, vouching: Vouching<'_>) -> Result<InRelease, Unbelieved> {
    let Vouching {
        keyring,
        signers,
        now,
        newest,
        check_valid_until,
    } = vouching;
    let trust = Trust { keyring, signers };
    let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |it| it.as_secs());
    let signed = verify_cleartext(file, trust, seconds)?;
    let release = Release::parse(&signed.text)?;
    let dates = accept(&release, Wanted { suite, now, newest })?;
    if let Some(until) = dates.expired.filter(|_| check_valid_until) {
        return Err(Unbelieved::Expired(until));
    }
    let signers: BTreeSet<Fingerprint> = signed.signatures.iter().map(|it| it.signer).collect();
    Ok(InRelease {
        release,
        locked: LockedSuite {
            date: dates.date,
            sha256: Digest::sha256_of(file),
            signers: signers.into_iter().collect(),
        },
        expired: dates.expired,
    })
}
