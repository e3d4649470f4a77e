//! Paths below the root of a Debian archive.
//!
//! Such a path comes from a signed index, yet it is appended to the address of a mirror, which may
//! be a directory of this host (`file:`). A path that could leave the archive is refused here, so
//! that nobody downstream has to think of it.

use std::fmt;
use std::str::FromStr;

/// A relative path such as `pool/main/b/bash/bash_5.2.37-2_amd64.deb`: printable ASCII without
/// blanks, backslash, `?` and `#`, no empty, `.` or `..` component.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArchivePath(String);

/// A text that is no path below an archive's root.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a path below the archive's root")]
pub struct ArchivePathError(String);

impl ArchivePath {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last component.
    pub fn file_name(&self) -> &str {
        self.0
            .rsplit_once('/')
            .map_or(self.0.as_str(), |(_, name)| name)
    }

    /// Everything before the last slash; empty for a path of one component.
    pub fn parent(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(parent, _)| parent)
    }
}

impl FromStr for ArchivePath {
    type Err = ArchivePathError;

    fn from_str(text: &str) -> Result<Self, ArchivePathError> {
        let characters = text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\\?#".contains(&byte));
        let components = text.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if characters && components {
            Ok(Self(text.to_owned()))
        } else {
            Err(ArchivePathError(super::control::excerpt(text)))
        }
    }
}

impl fmt::Display for ArchivePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn stays_below_the_root() {
        let table = [
            ("pool/main/b/bash/bash_5.2.37-2+b10_amd64.deb", true),
            ("main/binary-amd64/Packages.xz", true),
            ("Packages", true),
            ("pool/..hidden", true),
            ("", false),
            ("/etc/passwd", false),
            ("../x", false),
            ("pool/../../x", false),
            ("pool/..", false),
            ("pool//x", false),
            ("./pool", false),
            ("pool/", false),
            ("pool\\x", false),
            ("pool/x?y", false),
            ("pool/x y", false),
            ("pool/ä", false),
        ];
        for (text, valid) in table {
            assert_eq!(text.parse::<ArchivePath>().is_ok(), valid, "{text:?}");
        }
    }

    #[test]
    fn splits_off_the_file_name() {
        let path: ArchivePath = "a/b/c".parse().unwrap();
        assert_eq!((path.parent(), path.file_name()), ("a/b", "c"));
        let path: ArchivePath = "c".parse().unwrap();
        assert_eq!((path.parent(), path.file_name()), ("", "c"));
    }

    proptest! {
        #[test]
        fn never_leads_out(text in "[a./\\\\]{0,12}|.*") {
            if let Ok(path) = text.parse::<ArchivePath>() {
                let joined = std::path::Path::new("/root").join(path.as_str());
                prop_assert!(joined.starts_with("/root"));
                prop_assert!(joined.components().all(|c| c != std::path::Component::ParentDir));
            }
        }
    }
}
