//! A Debian archive as a mirror serves it: `dists/` with by-hash lists and a signed InRelease, `pool/`.

use std::collections::BTreeMap;

use super::deb::{Package, xz};
use super::digest::sha256;
use super::signers::ARCHIVE;

/// A suite at one moment.
pub(crate) struct Suite<'a> {
    /// `debian`, `debian-security`
    pub(crate) root: &'a str,
    /// `trixie-security`
    pub(crate) name: &'a str,
    /// As InRelease has it.
    pub(crate) date: &'a str,
    /// Of both architectures.
    pub(crate) packages: &'a [Package],
}

impl Suite<'_> {
    /// Adds its files to `files`, signed by the archive.
    pub(crate) fn add_to(&self, files: &mut BTreeMap<String, Vec<u8>>) {
        let release = self.add_lists(files);
        files.insert(self.in_release(), ARCHIVE.sign_text(&release));
    }

    /// Adds its lists and packages, and returns what is to be signed.
    pub(crate) fn add_lists(&self, files: &mut BTreeMap<String, Vec<u8>>) -> String {
        let Self { root, name, .. } = self;
        let mut table = String::new();
        for architecture in ["amd64", "arm64"] {
            let text: String = (self.packages.iter())
                .filter(|package| [architecture, "all"].contains(&package.architecture))
                .map(|package| package.paragraph.as_str())
                .collect();
            let list = xz(text.as_bytes());
            let directory = format!("main/binary-{architecture}");
            let sum = sha256(&list);
            table.push_str(&format!(" {sum} {} {directory}/Packages.xz\n", list.len()));
            for file in [format!("by-hash/SHA256/{sum}"), "Packages.xz".to_owned()] {
                let path = format!("/{root}/dists/{name}/{directory}/{file}");
                files.insert(path, list.clone());
            }
        }
        for package in self.packages {
            files.insert(format!("/{root}/{}", package.path), package.bytes.clone());
        }
        let date = self.date;
        format!(
            "Origin: Debian\nLabel: Debian\nSuite: stable\nCodename: {name}\n\
             Date: {date}\nAcquire-By-Hash: yes\n\
             Architectures: amd64 arm64\nComponents: main\nSHA256:\n{table}"
        )
    }

    /// Its path on the server.
    pub(crate) fn in_release(&self) -> String {
        format!("/{}/dists/{}/InRelease", self.root, self.name)
    }
}
