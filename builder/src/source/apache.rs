//! The official release archive.

use super::download::{DownloadError, Failure, Input, Reason, chain, fetch_all};
use super::http::{HttpClient, parse_address, without_userinfo};
use crate::catalog::Release;
use crate::progress::Progress;
use crate::store::Store;

/// Brings the archive into the store.
pub fn fetch_tarball(
    client: &HttpClient,
    store: &Store,
    release: &Release,
    progress: &Progress,
) -> Result<(), DownloadError> {
    let shown = without_userinfo(&release.tarball.address);
    let name = shown.rsplit('/').next().unwrap_or(&shown).to_owned();
    let address = parse_address(&release.tarball.address).map_err(|error| DownloadError {
        failures: vec![Failure {
            input: name.clone(),
            reasons: vec![Reason::Silent(chain(&error))],
            passed_over: Vec::new(),
        }],
    })?;
    let input = Input {
        name,
        expected: release.tarball.expected(),
        addresses: vec![address],
        passed_over: Vec::new(),
    };
    fetch_all(client, store, &[input], progress)
}
