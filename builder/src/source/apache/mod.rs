//! The official release archive, and who signed it.

mod signature;

use url::Url;

use super::download::{DownloadError, Downloader, Input};
use super::http::{file_below, parse_root};
use super::mirror::{Archive, UserMirrors};
use crate::catalog::Release;

pub use signature::{Checked, ReleaseSignatures, SignatureProblem};

/// Brings the archives of releases into the store.
pub fn fetch_tarballs(
    downloader: Downloader<'_>,
    mirrors: &UserMirrors,
    public: &[String],
    releases: &[&Release],
) -> Result<(), DownloadError> {
    let roots = roots(mirrors, public);
    let input = |release: &&Release| {
        let path = release.tarball_path();
        Input {
            name: release.tarball_name(),
            expected: release.tarball.expected(),
            addresses: (roots.iter())
                .filter_map(|root| file_below(root, &path))
                .collect(),
            passed_over: Vec::new(),
        }
    };
    let inputs: Vec<Input> = releases.iter().map(input).collect();
    downloader.fetch_all(&inputs)
}

/// Those of the user come first.
fn roots(mirrors: &UserMirrors, public: &[String]) -> Vec<Url> {
    let named = mirrors.of(Archive::Apache).cloned();
    // The catalog has checked them.
    let public = public.iter().filter_map(|root| parse_root(root).ok());
    named.chain(public).collect()
}
