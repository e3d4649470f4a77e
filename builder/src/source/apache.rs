//! The official release archive.

use url::Url;

use super::download::{DownloadError, Failure, Input, fetch_all};
use super::http::HttpClient;
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
    let address = &release.tarball.address;
    let input = Input {
        name: address.rsplit('/').next().unwrap_or(address).to_owned(),
        expected: release.tarball.expected(),
        addresses: Vec::new(),
    };
    match Url::parse(address) {
        Ok(url) => fetch_all(
            client,
            store,
            &[Input {
                addresses: vec![url],
                ..input
            }],
            progress,
        ),
        Err(error) => Err(DownloadError {
            failures: vec![Failure {
                input,
                reasons: vec![format!("`{address}`: {error}")],
            }],
        }),
    }
}
