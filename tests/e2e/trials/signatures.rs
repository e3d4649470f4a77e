//! Verdicts over signatures, ours beside those of `gpgv`.
//!
//! [`table`] and [`forms`] have material of every kind, made by `gpg`; [`published`] has what Debian and Apache have
//! signed. Where the verdicts differ, a row says why: a difference without a reason fails, and so does a
//! reason without a difference.

mod catalog;
mod forms;
mod gnupg;
mod judges;
mod maker;
mod published;
mod table;

use e2e::need::{APT_HELPER, ARCHIVE_KEYRING, GPG, GPGV, MVN};
use libtest_mimic::Trial;

use crate::Suite;

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    let debian = &[GPGV, ARCHIVE_KEYRING, APT_HELPER];
    vec![
        suite.trial("signatures_by_gpgv", &[GPG, GPGV], table::judge),
        suite.trial("signatures_of_debian", debian, published::by_debian),
        suite.trial(
            "signatures_of_apache",
            &[GPG, GPGV, MVN],
            published::by_apache,
        ),
    ]
}
