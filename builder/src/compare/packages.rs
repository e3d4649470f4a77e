//! Debian packages, as each layer's `/var/lib/dpkg/status.d` lists its own.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::source::debian::control::{self, Comments};

/// Where layers list their packages, one file each.
const DIRECTORY: &str = "var/lib/dpkg/status.d/";

/// A package that differs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct PackageChange {
    /// `libc6`
    pub package: String,
    /// Version in the first image; `None` if it is not there.
    pub old: Option<String>,
    /// Version in the second image.
    pub new: Option<String>,
}

/// The package that a file below `status.d` is about; `None` for any other file.
#[must_use]
pub fn package_name(path: &str) -> Option<&str> {
    let file = path.strip_prefix(DIRECTORY)?;
    Some(file.strip_suffix(".md5sums").unwrap_or(file))
}

/// Whether a file of an image says what package is in it.
pub(super) fn is_status(path: &str) -> bool {
    (path.strip_prefix(DIRECTORY))
        .is_some_and(|name| !name.is_empty() && !name.contains('/') && !name.ends_with(".md5sums"))
}

/// Every package that is not in both with the same version, by name. Texts are those of status files;
/// one that is no status of a package is passed over, its file is compared like any other.
pub(super) fn changes<'a>(
    old: impl IntoIterator<Item = &'a [u8]>,
    new: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<PackageChange> {
    let (old, new) = (versions(old), versions(new));
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name))
        .map(|name| PackageChange {
            package: name.clone(),
            old: old.get(name).cloned(),
            new: new.get(name).cloned(),
        })
        .collect()
}

fn versions<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> BTreeMap<String, String> {
    (texts.into_iter())
        .filter_map(|text| {
            let text = std::str::from_utf8(text).ok()?;
            let paragraphs = control::parse(text, Comments::Refused).ok()?;
            let paragraph = paragraphs.first()?;
            let field = |name| paragraph.get(name).map(str::to_owned);
            Some((field("Package")?, field("Version")?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_compared_by_version() {
        let status = |name: &str, version: &str| {
            format!("Package: {name}\nVersion: {version}\nDescription: x\n y\n").into_bytes()
        };
        let old = [
            status("libc6", "2.41-12"),
            status("zlib1g", "1"),
            status("bash", "5"),
            b"Package: broken\n".to_vec(),
            b"\xff".to_vec(),
        ];
        let new = [
            status("libc6", "2.41-13"),
            status("zlib1g", "1"),
            status("dash", "0"),
        ];

        let changes = changes(old.iter().map(Vec::as_slice), new.iter().map(Vec::as_slice));

        let shown: Vec<String> = changes
            .into_iter()
            .map(|change| {
                let text = |version: Option<String>| version.unwrap_or("-".to_owned());
                format!(
                    "{} {} {}",
                    change.package,
                    text(change.old),
                    text(change.new)
                )
            })
            .collect();
        assert_eq!(shown, ["bash 5 -", "dash - 0", "libc6 2.41-12 2.41-13"]);
    }

    #[test]
    fn status_files_are_known_by_their_place() {
        let table = [
            ("var/lib/dpkg/status.d/libc6", true),
            ("var/lib/dpkg/status.d/libc6.md5sums", false),
            ("var/lib/dpkg/status.d/", false),
            ("var/lib/dpkg/status.d/a/b", false),
            ("var/lib/dpkg/status", false),
        ];
        for (path, expected) in table {
            assert_eq!(is_status(path), expected, "{path}");
        }
    }
}
