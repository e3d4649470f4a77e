//! `Release` and `InRelease` files: what a suite says of itself and of its indexes.
//!
//! What is parsed here is the text that a good signature covers, and nothing around it
//! (`in_release`).
//!
//! Refused: two sums for one path, a path that leaves the archive. Dates stay text, since judging
//! them needs a clock.

use std::collections::BTreeMap;

use super::archive_path::{ArchivePath, ArchivePathError};
use super::control::{Comments, ControlError, Paragraph, excerpt, parse};
use layers::{Algorithm, Digest, ParseDigestError};

/// What a suite says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// `Origin`, such as `Debian`.
    pub origin: Option<String>,
    /// `Codename`, such as `trixie-security`.
    pub codename: Option<String>,
    /// `Date` as written: when the file was made.
    pub date: Option<String>,
    /// `Valid-Until` as written: when it must no longer be believed.
    pub valid_until: Option<String>,
    /// Whether the mirror serves indexes by their sum too, so that an update of the mirror between
    /// this file and the index does no harm.
    pub acquire_by_hash: bool,
    /// The indexes by path, relative to the directory of this file.
    pub indexes: BTreeMap<ArchivePath, IndexEntry>,
}

/// Size and sum of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexEntry {
    /// In bytes.
    pub size: u64,
    /// Of the file as it is served, so of the compressed one for `Packages.xz`.
    pub sha256: Digest,
}

/// Why a text is no `Release` file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    /// The text is no paragraph of fields.
    #[error("not a list of fields")]
    Control(#[from] ControlError),
    /// There is not exactly one paragraph.
    #[error("has {0} paragraphs instead of one")]
    Paragraphs(usize),
    /// A suite without an index cannot be used.
    #[error("has no field `SHA256`")]
    NoTable,
    /// A line of the table is not sum, size and path.
    #[error("line {line}: `{text}` is not sum, size and path")]
    Row {
        /// Counted from 1 in the signed text.
        line: usize,
        /// The row.
        text: String,
    },
    /// The sum in a row is none.
    #[error("line {line}: no valid SHA-256 sum")]
    Sum {
        /// Counted from 1 in the signed text.
        line: usize,
        /// What is wrong with it.
        source: ParseDigestError,
    },
    /// The path in a row leaves the archive.
    #[error("line {line}: no valid path")]
    Path {
        /// Counted from 1 in the signed text.
        line: usize,
        /// What is wrong with it.
        source: ArchivePathError,
    },
    /// Two rows with the same path and other sums.
    #[error("line {line}: `{path}` stands twice with different sums")]
    Contradiction {
        /// Counted from 1 in the signed text.
        line: usize,
        /// The path.
        path: ArchivePath,
    },
}

impl Release {
    /// Parses the text of a `Release` file, without an envelope.
    ///
    /// # Errors
    /// The first offence.
    pub fn parse(text: &str) -> Result<Self, ReleaseError> {
        let paragraphs = parse(text, Comments::Refused)?;
        let [paragraph] = &paragraphs[..] else {
            return Err(ReleaseError::Paragraphs(paragraphs.len()));
        };
        let field = |name| paragraph.get(name).map(str::to_owned);
        Ok(Self {
            origin: field("Origin"),
            codename: field("Codename"),
            date: field("Date"),
            valid_until: field("Valid-Until"),
            acquire_by_hash: paragraph.get("Acquire-By-Hash") == Some("yes"),
            indexes: parse_table(paragraph)?,
        })
    }
}

/// Where an index can be had by its sum: beside its own path, in `by-hash/SHA256/`.
pub fn by_hash_path(path: &ArchivePath, sha256: &Digest) -> String {
    let parent = path.parent();
    let slash = if parent.is_empty() { "" } else { "/" };
    format!("{parent}{slash}by-hash/SHA256/{}", sha256.hex())
}

fn parse_table(paragraph: &Paragraph) -> Result<BTreeMap<ArchivePath, IndexEntry>, ReleaseError> {
    let field = paragraph.field("SHA256").ok_or(ReleaseError::NoTable)?;
    let mut indexes = BTreeMap::new();
    for (offset, row) in field.value.lines().enumerate() {
        let line = field.line + offset;
        let words: Vec<&str> = row.split_whitespace().collect();
        let refused = || ReleaseError::Row {
            line,
            text: excerpt(row),
        };
        let (sum, size, path) = match words[..] {
            [] => continue,
            [sum, size, path] => (sum, size, path),
            _ => return Err(refused()),
        };
        let sha256 = Digest::new(Algorithm::Sha256, sum)
            .map_err(|source| ReleaseError::Sum { line, source })?;
        if !size.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(refused());
        }
        let size = size.parse().map_err(|_| refused())?;
        let path: ArchivePath = path
            .parse()
            .map_err(|source| ReleaseError::Path { line, source })?;
        let entry = IndexEntry { size, sha256 };
        if indexes
            .insert(path.clone(), entry.clone())
            .is_some_and(|before| before != entry)
        {
            return Err(ReleaseError::Contradiction { line, path });
        }
    }
    Ok(indexes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SUM: &str = "704dae7df79a35ed1bd3a0a8d5d1b9ce7a4ecdef74ddff72114d9523d63710eb";

    fn text() -> String {
        format!(
            "Origin: Debian\nLabel: Debian-Security\nSuite: stable-security\nVersion: 13\nCodename: trixie-security\nDate: Sat, 21 Nov 2026 10:11:12 UTC\nValid-Until: Sat, 28 Nov 2026 10:11:12 UTC\nAcquire-By-Hash: yes\nArchitectures: all amd64\nMD5Sum:\n d41d8cd98f00b204e9800998ecf8427e        0 main/x\nSHA256:\n {SUM}  1234 main/binary-amd64/Packages.xz\n {SUM}        0 Contents\n"
        )
    }

    #[test]
    fn reads_the_fields_and_the_table() {
        let release = Release::parse(&text()).unwrap();
        assert_eq!(release.origin.as_deref(), Some("Debian"));
        assert_eq!(release.codename.as_deref(), Some("trixie-security"));
        assert_eq!(
            release.date.as_deref(),
            Some("Sat, 21 Nov 2026 10:11:12 UTC")
        );
        assert_eq!(
            release.valid_until.as_deref(),
            Some("Sat, 28 Nov 2026 10:11:12 UTC")
        );
        assert!(release.acquire_by_hash);
        assert_eq!(release.indexes.len(), 2);
        let path: ArchivePath = "main/binary-amd64/Packages.xz".parse().unwrap();
        let entry = &release.indexes[&path];
        assert_eq!((entry.size, entry.sha256.hex()), (1234, SUM));
    }

    #[test]
    fn an_index_by_its_sum_is_beside_it() {
        let sum = Digest::new(Algorithm::Sha256, SUM).unwrap();
        let table = [
            (
                "main/binary-amd64/Packages.xz",
                "main/binary-amd64/by-hash/SHA256/",
            ),
            ("Contents", "by-hash/SHA256/"),
        ];
        for (path, parent) in table {
            assert_eq!(
                by_hash_path(&path.parse().unwrap(), &sum),
                format!("{parent}{SUM}")
            );
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let table = [
            (String::new(), "has 0 paragraphs instead of one".to_owned()),
            (
                format!("{}\nA: 1\n", text()),
                "has 2 paragraphs instead of one".to_owned(),
            ),
            (
                text().replace("SHA256:", "SHA1:"),
                "has no field `SHA256`".to_owned(),
            ),
            (
                text().replace("  1234 main", "  x main"),
                format!("line 13: `{SUM}  x main/binary-amd64/Pack…` is not sum, size and path"),
            ),
            (
                text().replace("main/binary", "../binary"),
                "line 13: no valid path".to_owned(),
            ),
            (
                text().replace(SUM, "abc"),
                "line 13: no valid SHA-256 sum".to_owned(),
            ),
            (
                text().replace(" Contents", " main/binary-amd64/Packages.xz"),
                "line 14: `main/binary-amd64/Packages.xz` stands twice with different sums"
                    .to_owned(),
            ),
        ];
        for (text, message) in table {
            let error = Release::parse(&text).unwrap_err().to_string();
            // A long row is cut; where exactly is of no interest here.
            let cut = message.find('…').unwrap_or(message.len()).min(60);
            assert!(
                error.starts_with(&message[..cut]),
                "{error} is not {message}"
            );
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = Release::parse(&text);
        }

        #[test]
        fn a_changed_table_never_panics(place in 0_usize..500, with in "[ -~]") {
            let mut changed = text();
            let place = place.min(changed.len() - 1);
            changed.replace_range(place..=place, &with);
            let _ = Release::parse(&changed);
        }
    }
}
