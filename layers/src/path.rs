//! A name inside an image.
//!
//! An [`ImagePath`] is relative, UTF-8 and free of tricks: no `..`, no `.`, no empty component, no
//! control characters, no whiteout. It therefore cannot leave the directory it is unpacked in, has
//! one spelling, and compares by its bytes, which is the order of a layer.

use std::{borrow::Borrow, fmt, str::FromStr, sync::Arc};

/// The longest path that Linux takes in a system call, without the final NUL.
const PATH_LIMIT: usize = 4095;
/// The longest file name of the file systems images are unpacked on.
const COMPONENT_LIMIT: usize = 255;
/// A file with this prefix deletes one of a lower layer: the image specification reserves it.
const WHITEOUT_PREFIX: &str = ".wh.";

/// A validated relative path inside an image, as in `usr/bin/env`.
///
/// Parsing takes one leading `/` or `./` and one trailing `/`, since archives spell names with them,
/// and keeps none of them. The root itself is not an `ImagePath`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImagePath(Arc<str>);

impl ImagePath {
    /// The path without leading or trailing slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The directory this is in; `None` for a name at the root.
    pub fn parent(&self) -> Option<Self> {
        let (parent, _) = self.0.rsplit_once('/')?;
        Some(Self(parent.into()))
    }

    /// Every directory above this one, nearest first.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> {
        std::iter::successors(self.parent(), Self::parent)
    }

    /// The last component.
    pub fn file_name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&self.0, |(_, name)| name)
    }

    /// This path with `relative` below it; `relative` is held to the rules of parsing.
    pub fn join(&self, relative: &str) -> Result<Self, ImagePathError> {
        let below: Self = relative.parse()?;
        format!("{self}/{below}").parse()
    }

    /// Whether this is `directory` or below it, by whole components.
    pub fn starts_with(&self, directory: &Self) -> bool {
        match self.0.strip_prefix(directory.as_str()) {
            Some(rest) => rest.is_empty() || rest.starts_with('/'),
            None => false,
        }
    }
}

impl fmt::Display for ImagePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Lets a map of paths be searched by text; both compare by bytes.
impl Borrow<str> for ImagePath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl FromStr for ImagePath {
    type Err = ImagePathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let path = text
            .strip_prefix("./")
            .or_else(|| text.strip_prefix('/'))
            .unwrap_or(text);
        let path = path.strip_suffix('/').unwrap_or(path);
        let refuse = |reason| ImagePathError {
            path: text.into(),
            reason,
        };

        if path.is_empty() {
            return Err(refuse("is empty"));
        }
        if path.len() > PATH_LIMIT {
            return Err(refuse("is longer than 4095 bytes"));
        }
        for component in path.split('/') {
            if let Some(reason) = fault_of(component) {
                return Err(refuse(reason));
            }
        }
        Ok(Self(path.into()))
    }
}

/// What is wrong with one component, if anything.
fn fault_of(component: &str) -> Option<&'static str> {
    match component {
        "" => Some("has an empty component"),
        "." => Some("has a `.` component"),
        ".." => Some("has a `..` component"),
        _ if component.len() > COMPONENT_LIMIT => Some("has a component longer than 255 bytes"),
        _ if component.starts_with(WHITEOUT_PREFIX) => Some("names a whiteout (`.wh.…`)"),
        // Besides NUL this refuses newlines, which break the line-based lists scanners read.
        _ if component.contains(char::is_control) => Some("has a control character"),
        _ => None,
    }
}

/// A text that is no path inside an image.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("path `{}` {reason}", path.escape_debug())]
pub struct ImagePathError {
    /// The text as it was given.
    pub path: String,
    /// What is wrong with it, to follow the path in a sentence.
    pub reason: &'static str,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(text: &str) -> ImagePath {
        text.parse().unwrap()
    }

    #[test]
    fn spellings_of_one_path_are_equal() {
        for text in ["usr/bin", "/usr/bin", "./usr/bin", "usr/bin/", "/usr/bin/"] {
            assert_eq!(path(text).as_str(), "usr/bin", "{text}");
        }
    }

    #[test]
    fn refuses_tricks() {
        let long_name = "n".repeat(256);
        let long_path = "a/".repeat(2100);
        let cases = [
            ("", "empty"),
            ("/", "empty"),
            ("./", "empty"),
            (".", "`.` component"),
            ("..", "`..`"),
            ("a/../b", "`..`"),
            ("../a", "`..`"),
            ("a/./b", "`.` component"),
            ("a//b", "empty component"),
            ("//a", "empty component"),
            ("a\0b", "control"),
            ("a\nb", "control"),
            ("a/.wh.b", "whiteout"),
            (".wh..wh..opq", "whiteout"),
            (&long_name, "255"),
            (&long_path, "4095"),
        ];
        for (text, expected) in cases {
            let error = text.parse::<ImagePath>().unwrap_err();
            assert!(error.reason.contains(expected), "{text:?}: {error}");
        }
    }

    #[test]
    fn takes_apart_and_puts_together() {
        let deep = path("usr/lib/jvm");
        assert_eq!(deep.parent(), Some(path("usr/lib")));
        assert_eq!(path("usr").parent(), None);
        assert_eq!(deep.file_name(), "jvm");
        assert_eq!(path("usr").file_name(), "usr");
        assert_eq!(
            deep.ancestors().collect::<Vec<_>>(),
            [path("usr/lib"), path("usr")]
        );
        assert_eq!(path("usr/lib").join("jvm/"), Ok(deep.clone()));
        assert!(deep.join("../etc").is_err());
        assert!(deep.starts_with(&path("usr/lib")) && deep.starts_with(&deep));
        assert!(!path("usr/library").starts_with(&path("usr/lib")));
    }

    #[test]
    fn order_is_that_of_the_bytes() {
        let mut paths = ["a/b", "a-b", "a", "a0", "\u{e4}", "b"].map(path);
        paths.sort();
        assert_eq!(paths, ["a", "a-b", "a/b", "a0", "b", "\u{e4}"].map(path));
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_refused_and_a_path_survives_its_text(text in "(/|\\./)?[./a-c\u{e4}\\x00]{0,12}|.*") {
            if let Ok(path) = text.parse::<ImagePath>() {
                prop_assert_eq!(path.to_string().parse(), Ok(path.clone()));
                prop_assert!(!path.as_str().split('/').any(|c| matches!(c, "" | "." | "..")));
                prop_assert!(path.ancestors().all(|above| path.starts_with(&above) && above < path));
            }
        }
    }
}
