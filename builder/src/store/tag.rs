//! `CACHEDIR.TAG`, by which backup programs know what they need not keep.

use std::fs;
use std::path::Path;

use tempfile::NamedTempFile;

use super::SCHEMA;
use super::inventory::is_version;

pub(super) const NAME: &str = "CACHEDIR.TAG";

/// The first line is what counts: <https://bford.info/cachedir/>.
const TEXT: &str = "Signature: 8a477f597d28d172789f06886806bc55
# This file is a cache directory tag created by zookiln.
# For information about cache directory tags see https://bford.info/cachedir/
";

/// Writes the tag where there is none. A store that lies among other things, because somebody named
/// their home as the cache, tags its own directory only. Nothing depends on it, so that failures do
/// not count.
pub(super) fn write(cache: &Path, work: &Path) {
    let place = if is_ours_alone(cache) {
        cache.join(NAME)
    } else {
        cache.join(SCHEMA).join(NAME)
    };
    if fs::symlink_metadata(&place).is_ok() {
        return;
    }
    // By rename: a program that is killed does not leave half a tag.
    if let Ok(file) = NamedTempFile::new_in(work)
        && fs::write(file.path(), TEXT).is_ok()
    {
        let _ = file.persist_noclobber(&place);
    }
}

fn is_ours_alone(cache: &Path) -> bool {
    fs::read_dir(cache).is_ok_and(|entries| {
        entries.flatten().all(|entry| {
            let name = entry.file_name();
            name == NAME || name == SCHEMA || is_version(&entry.path())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::*;

    #[test]
    fn a_cache_is_tagged_and_what_is_beside_it_is_not() {
        let table: [(&[&str], &str); 3] = [
            (&[], NAME),
            (&["v2/blobs"], NAME),
            (&["v1/blobs", "Documents"], "v1/CACHEDIR.TAG"),
        ];
        for (directories, tagged) in table {
            let cache = tempfile::tempdir().unwrap();
            for directory in directories {
                fs::create_dir_all(cache.path().join(directory)).unwrap();
            }
            if directories.contains(&"v2/blobs") {
                fs::write(cache.path().join("v2/lock"), "").unwrap();
            }
            drop(Store::open(cache.path()).unwrap());
            let text = fs::read_to_string(cache.path().join(tagged)).unwrap();
            assert!(text.starts_with("Signature: 8a477f597d28d172789f06886806bc55\n"));
            let both = [NAME, "v1/CACHEDIR.TAG"];
            let found = both.iter().filter(|name| cache.path().join(name).exists());
            assert_eq!(found.count(), 1);
        }
    }

    #[test]
    fn a_tag_that_is_there_is_left_alone() {
        let cache = tempfile::tempdir().unwrap();
        fs::write(cache.path().join(NAME), "mine").unwrap();
        drop(Store::open(cache.path()).unwrap());
        assert_eq!(fs::read(cache.path().join(NAME)).unwrap(), b"mine");
    }
}
