//! The `Packages` indexes of one architecture: which packages there are, and where.
//!
//! An index of Debian has some 68,000 paragraphs in 56 MB, of which an image needs a dozen. So it is
//! read as a stream, once, line by line; fields that nobody asks for are dropped unread, and the
//! relationships of a package are parsed only when the resolver comes to it. `Provides` is the
//! exception: which packages answer a virtual name can only be known by looking at all.
//!
//! Several suites go into one [`PackageIndex`]. All candidates stay; the highest version comes first,
//! and among equal ones the suite that was added first.
//!
//! Refused: a paragraph without the fields a download needs, a path that leaves the archive, a sum
//! that is none, another architecture than the index's. The text was signed, so any of this means
//! that something is wrong which a person should look at; skipping a paragraph would hide it.

use std::collections::HashMap;
use std::io::{BufRead, Read};
use std::sync::Arc;

use super::name::PackageName;
use super::package::{Draft, Package, PackagesProblem};

/// No line of a real index comes near it (the longest has 76 KB); it bounds what a bad one can allocate.
pub(super) const LONGEST_LINE: usize = 1 << 20;

/// The packages of one architecture, of any number of suites.
#[derive(Debug, Clone)]
pub struct PackageIndex {
    architecture: Arc<str>,
    suites: Vec<Arc<str>>,
    packages: Vec<Package>,
    /// Positions in `packages`, highest version first.
    by_name: HashMap<PackageName, Vec<usize>>,
    /// Positions of the packages that provide the name, in the order they were added.
    by_provided: HashMap<PackageName, Vec<usize>>,
}

/// Why an index could not be read, and where.
#[derive(Debug, thiserror::Error)]
#[error("index of suite `{suite}`, line {line}")]
pub struct PackagesError {
    /// The suite whose index it is.
    pub suite: String,
    /// The line, counted from 1: of the field, or for a missing field of the paragraph's end.
    pub line: usize,
    /// What is wrong there.
    pub source: PackagesProblem,
}

impl PackageIndex {
    /// An empty index for packages of `architecture` and of `all`.
    pub fn new(architecture: &str) -> Self {
        Self {
            architecture: architecture.into(),
            suites: Vec::new(),
            packages: Vec::new(),
            by_name: HashMap::new(),
            by_provided: HashMap::new(),
        }
    }

    /// Reads the `Packages` file of a suite, decompressed, to the end of the stream.
    ///
    /// # Errors
    /// The first offence; the index then holds the packages before it and should be dropped.
    pub fn add(&mut self, suite: &str, mut text: impl BufRead) -> Result<(), PackagesError> {
        let suite: Arc<str> = suite.into();
        self.suites.push(Arc::clone(&suite));
        let mut line = 0;
        let first = self.packages.len();
        self.read(&suite, &mut text, &mut line)
            .map_err(|source| PackagesError {
                suite: suite.to_string(),
                line,
                source,
            })?;
        self.link(first);
        Ok(())
    }

    /// The architecture of its packages.
    pub fn architecture(&self) -> &str {
        &self.architecture
    }

    /// The suites that were added, in that order.
    pub fn suites(&self) -> impl Iterator<Item = &str> {
        self.suites.iter().map(AsRef::as_ref)
    }

    /// How many packages there are, counting each version in each suite.
    pub fn len(&self) -> usize {
        self.packages.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty()
    }

    /// The package with this name that has the highest version.
    pub fn newest(&self, name: &str) -> Option<&Package> {
        self.candidates(name).next()
    }

    /// All packages with this name, highest version first.
    pub fn candidates(&self, name: &str) -> impl Iterator<Item = &Package> {
        self.by_name
            .get(name)
            .into_iter()
            .flatten()
            .map(|position| &self.packages[*position])
    }

    /// The packages that provide this name, by name; of each only the highest version counts, even
    /// if an older one provides more, since only that would be chosen for its own name.
    pub fn providers(&self, name: &str) -> Vec<&Package> {
        let mut found: Vec<&Package> = self
            .by_provided
            .get(name)
            .into_iter()
            .flatten()
            .map(|position| &self.packages[*position])
            .filter(|package| {
                self.newest(package.name.as_str())
                    .is_some_and(|newest| std::ptr::eq(newest, *package))
            })
            .collect();
        found.sort_by(|left, right| left.name.cmp(&right.name));
        found
    }

    fn read(
        &mut self,
        suite: &Arc<str>,
        text: &mut impl BufRead,
        line: &mut usize,
    ) -> Result<(), PackagesProblem> {
        let all: Arc<str> = "all".into();
        let mut buffer = Vec::new();
        let mut draft = Draft::default();
        loop {
            let more = read_line(text, &mut buffer)?;
            *line += 1;
            if more && !buffer.is_empty() {
                draft.take_line(&buffer)?;
                continue;
            }
            if draft.begun {
                let found = std::mem::take(&mut draft);
                self.packages
                    .push(found.finish(suite, &self.architecture, &all)?);
            }
            if !more {
                return Ok(());
            }
        }
    }

    /// Enters the packages from `first` on into the two tables.
    fn link(&mut self, first: usize) {
        let Self {
            packages,
            by_name,
            by_provided,
            ..
        } = self;
        for (position, package) in packages.iter().enumerate().skip(first) {
            let same_name = by_name.entry(package.name.clone()).or_default();
            let place =
                same_name.partition_point(|other| packages[*other].version >= package.version);
            same_name.insert(place, position);
            for provided in &package.provides {
                let providers = by_provided.entry(provided.name.clone()).or_default();
                // A package may provide one name in several versions.
                if providers.last() != Some(&position) {
                    providers.push(position);
                }
            }
        }
    }
}

/// Reads one line without its line feed; `false` at the end of the stream.
fn read_line(text: &mut impl BufRead, buffer: &mut Vec<u8>) -> Result<bool, PackagesProblem> {
    buffer.clear();
    let limit = LONGEST_LINE as u64 + 1;
    let read = text
        .take(limit)
        .read_until(b'\n', buffer)
        .map_err(PackagesProblem::Read)?;
    if buffer.len() > LONGEST_LINE {
        return Err(PackagesProblem::LongLine);
    }
    let end = buffer.trim_ascii_end().len();
    buffer.truncate(end);
    Ok(read > 0)
}

#[cfg(test)]
mod tests {
    use super::super::package::MultiArch;
    use super::*;
    use proptest::prelude::*;

    const SUM: &str = "704dae7df79a35ed1bd3a0a8d5d1b9ce7a4ecdef74ddff72114d9523d63710eb";

    fn paragraph(name: &str, version: &str, more: &str) -> String {
        format!(
            "Package: {name}\nVersion: {version}\nArchitecture: amd64\n{more}Filename: pool/main/{name}_{version}.deb\nSize: 7\nSHA256: {SUM}\n\n"
        )
    }

    fn index(suites: &[(&str, &str)]) -> PackageIndex {
        let mut index = PackageIndex::new("amd64");
        for (suite, text) in suites {
            index.add(suite, text.as_bytes()).unwrap();
        }
        index
    }

    /// The whole chain of causes in one line.
    fn complaint(text: &str) -> String {
        let error = PackageIndex::new("amd64")
            .add("trixie", text.as_bytes())
            .unwrap_err();
        let mut message = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            message = format!("{message}: {cause}");
            source = cause.source();
        }
        message
    }

    #[test]
    fn reads_every_kept_field() {
        let more = "Source: glibc (2.41-12)\nMulti-Arch: same\nEssential: yes\nDescription: x\n Filename: not this\nProvides: libc\n , libc-2\nPre-Depends: a1\nDepends: b1 | c1,\n d1\nConflicts: e1\nBreaks: f1 (<< 2)\nMaintainer: \u{e9}\n";
        let index = index(&[("trixie", &paragraph("libc6", "2.41-12+b1", more))]);
        let package = index.newest("libc6").unwrap();
        assert_eq!(package.version.as_str(), "2.41-12+b1");
        assert_eq!(
            (&*package.architecture, &*package.suite),
            ("amd64", "trixie")
        );
        assert_eq!(package.source_name().as_str(), "glibc");
        assert_eq!(package.source_version().as_str(), "2.41-12");
        assert_eq!(
            (package.multi_arch, package.essential),
            (MultiArch::Same, true)
        );
        assert_eq!(package.filename.as_str(), "pool/main/libc6_2.41-12+b1.deb");
        assert_eq!(
            (package.size, package.sha256.hex().to_owned()),
            (7, SUM.to_owned())
        );
        let groups: Vec<String> = package
            .dependencies()
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(groups, ["a1", "b1 | c1", "d1"]);
        let exclusions: Vec<String> = package
            .exclusions()
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(exclusions, ["e1", "f1 (<< 2)"]);
        assert_eq!(index.providers("libc-2"), [package]);
    }

    #[test]
    fn a_field_of_no_interest_may_have_any_encoding() {
        let mut text = paragraph("bash", "1", "").into_bytes();
        text.splice(0..0, *b"Maintainer: \xff\xfe\n");
        PackageIndex::new("amd64").add("trixie", &text[..]).unwrap();
    }

    #[test]
    fn highest_version_first_and_then_the_suite_added_first() {
        let old = paragraph("jdk1", "21.0.12-1", "Provides: java\n") + &paragraph("bash", "1", "");
        let new = paragraph("jdk1", "21.0.13-1", "") + &paragraph("bash", "1", "");
        let index = index(&[("trixie", &old), ("trixie-security", &new), ("again", &old)]);
        let suites: Vec<&str> = index
            .candidates("jdk1")
            .map(|package| &*package.suite)
            .collect();
        assert_eq!(suites, ["trixie-security", "trixie", "again"]);
        assert_eq!(
            index.newest("bash").map(|package| &*package.suite),
            Some("trixie")
        );
        assert!(index.newest("dash").is_none());
        // The newest one no longer provides it.
        assert!(index.providers("java").is_empty());
        assert_eq!(index.len(), 6);
    }

    #[test]
    fn says_where_and_what_is_wrong() {
        let good = paragraph("bash", "1", "");
        let table = [
            (
                good.replace("Size: 7\n", ""),
                "line 6: package `?` has no field `Size`",
            ),
            (
                good.replace("Version: 1\n", ""),
                "line 6: package `pool/main/bash_1.deb` has no field `Version`",
            ),
            (
                good.replace("Size: 7", "Size: +7"),
                "line 7: `Size` is `+7`, which is no number of bytes",
            ),
            (
                good.replace("Size: 7", "Size:"),
                "line 7: `Size` is ``, which is no number of bytes",
            ),
            (
                good.replace("pool/", "../"),
                "line 7: package has no valid `Filename`: `../main/bash_1.deb` is not a path below the archive's root",
            ),
            (
                good.replace("Filename: pool", "Filename: /pool"),
                "line 7: package has no valid `Filename`: `/pool/main/bash_1.deb` is not a path below the archive's root",
            ),
            (
                good.replace(SUM, "abc"),
                "line 7: package has no valid `SHA256`: a sha256 digest has 64 hexadecimal digits, not 3",
            ),
            (
                good.replace("amd64", "arm64"),
                "line 7: package is for `arm64`, and the index is for `amd64`",
            ),
            (
                good.replace("Version: 1", "Version: 1_"),
                "line 7: package has no valid version: version `1_` has the character '_', which is not allowed there",
            ),
            (
                good.replace("Version: 1", "Version: 1\nversion: 1"),
                "line 3: field `Version` stands twice in the paragraph",
            ),
            (
                format!("{good} x\n"),
                "line 8: continuation line without a field",
            ),
            (
                format!("{good}nonsense\n"),
                "line 8: `nonsense` is not `Name: value`",
            ),
            (
                paragraph("bash", "1", "Multi-Arch: maybe\n"),
                "line 8: `Multi-Arch` is `maybe`, which it cannot be",
            ),
            (
                paragraph("bash", "1", "Provides: a1 | b1\n"),
                "line 8: package has no valid `Provides`: `a1 | b1` names alternatives in a field that cannot have any",
            ),
            (
                "X: ".repeat(1 << 20),
                "line 0: line is longer than 1048576 bytes",
            ),
        ];
        for (text, message) in table {
            assert_eq!(
                complaint(&text),
                format!("index of suite `trixie`, {message}")
            );
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<Vec<u8>>(), lines in "((Package|Size|Source|SHA256):? ?[a-c1(]{0,3}\n|\n| x\n){0,12}") {
            let _ = PackageIndex::new("amd64").add("suite", &text[..]);
            let _ = PackageIndex::new("amd64").add("suite", lines.as_bytes());
        }

        #[test]
        fn a_cut_index_is_an_error_or_a_shorter_one(cut in 0_usize..400) {
            let text = paragraph("bash", "1", "") + &paragraph("dash", "2", "");
            let mut index = PackageIndex::new("amd64");
            let whole = index.add("suite", &text.as_bytes()[..cut.min(text.len())]).is_ok();
            prop_assert!(!whole || index.len() <= 2);
        }
    }
}
