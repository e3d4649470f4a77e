//! The official release archive.

use super::download::{DownloadError, Downloader, Input};
use super::http::{file_below, parse_root};
use super::mirror::{Archive, UserMirrors};
use crate::catalog::Release;

/// Brings the archives of releases into the store.
pub fn fetch_tarballs(
    downloader: Downloader<'_>,
    mirrors: &UserMirrors,
    public: &[String],
    releases: &[&Release],
) -> Result<(), DownloadError> {
    let mut roots: Vec<_> = mirrors.of(Archive::Apache).cloned().collect();
    // The catalog has checked them.
    roots.extend(public.iter().filter_map(|root| parse_root(root).ok()));
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
