//! A directory as it is, down to inodes and times: equal before and after means nobody wrote.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::digest::sha256;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Snapshot(BTreeMap<PathBuf, Entry>);

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    inode: u64,
    modified: (i64, i64),
    content: Option<String>,
}

impl Snapshot {
    /// Everything below `root`.
    pub(crate) fn of(root: &Path) -> Self {
        let entries = WalkDir::new(root).into_iter().map(|found| {
            let found = found.unwrap();
            let metadata = found.metadata().unwrap();
            let content = metadata
                .is_file()
                .then(|| sha256(&fs::read(found.path()).unwrap()));
            let entry = Entry {
                inode: metadata.ino(),
                modified: (metadata.mtime(), metadata.mtime_nsec()),
                content,
            };
            (found.path().to_owned(), entry)
        });
        Self(entries.collect())
    }

    /// The files and their contents only: directories may have been opened for writing.
    pub(crate) fn contents(&self) -> BTreeMap<&Path, &str> {
        let files = self.0.iter();
        files
            .filter_map(|(path, entry)| Some((path.as_path(), entry.content.as_deref()?)))
            .collect()
    }
}
