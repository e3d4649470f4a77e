//! A Debian archive as a mirror serves it: `dists/` with by-hash lists, `pool/`.

use std::collections::BTreeMap;

use super::deb::{Package, xz};
use super::digest::sha256;

/// Adds the files of a suite below `root` (`debian`) to `files`; packages of both architectures.
pub(crate) fn add_suite(
    files: &mut BTreeMap<String, Vec<u8>>,
    root: &str,
    suite: &str,
    packages: &[Package],
) {
    let mut table = String::new();
    for architecture in ["amd64", "arm64"] {
        let text: String = packages
            .iter()
            .filter(|package| [architecture, "all"].contains(&package.architecture))
            .map(|package| package.paragraph.as_str())
            .collect();
        let list = xz(text.as_bytes());
        let directory = format!("main/binary-{architecture}");
        let sum = sha256(&list);
        table.push_str(&format!(" {sum} {} {directory}/Packages.xz\n", list.len()));
        for name in [format!("by-hash/SHA256/{sum}"), "Packages.xz".to_owned()] {
            let path = format!("/{root}/dists/{suite}/{directory}/{name}");
            files.insert(path, list.clone());
        }
    }
    let release = format!(
        "Origin: Debian\nLabel: Debian\nSuite: stable\nCodename: {suite}\n\
         Date: Sat, 03 Jan 2026 10:00:00 UTC\nAcquire-By-Hash: yes\n\
         Architectures: amd64 arm64\nComponents: main\nSHA256:\n{table}"
    );
    let path = format!("/{root}/dists/{suite}/InRelease");
    files.insert(path, release.into_bytes());
    for package in packages {
        files.insert(format!("/{root}/{}", package.path), package.bytes.clone());
    }
}
