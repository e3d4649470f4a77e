//! When a file of the store was used last: its time of modification, since it is never written to.

use std::fs::{File, Metadata};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// What was used a moment ago is not written to again.
const RESOLUTION: Duration = Duration::from_secs(3600);

/// Notes that a file is used now. Where that cannot be written down, as in a store that somebody else
/// owns, it looks older than it is, and at worst is made again after a prune.
pub(super) fn mark(path: &Path, metadata: &Metadata) {
    let now = SystemTime::now();
    let is_recent = metadata
        .modified()
        .is_ok_and(|last| now.duration_since(last).is_ok_and(|age| age < RESOLUTION));
    if !is_recent {
        let _ = File::open(path).and_then(|file| file.set_modified(now));
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::tests::{Layer, make_old};
    use super::super::{DerivedKey, Store};
    use super::*;

    fn age(path: &Path) -> Duration {
        let modified = fs::metadata(path).unwrap().modified().unwrap();
        modified.elapsed().unwrap_or_default()
    }

    #[test]
    fn whatever_is_used_is_young_again() {
        let cache = tempfile::tempdir().unwrap();
        let store = Store::open(cache.path()).unwrap();
        let blob = store.insert(b"blob").unwrap();
        let key = DerivedKey::of("layer", &"recipe");
        let layer = Layer(blob.clone());
        store.record_derived(&key, "layer base", &layer).unwrap();
        let path = store.verified_path(&blob.digest).unwrap();
        let record = cache.path().join(format!("v1/derived/{key}.json"));

        let uses: [(&str, &dyn Fn(), bool); 3] = [
            ("contains", &|| assert!(store.contains(&blob)), false),
            (
                "verified_path",
                &|| drop(store.verified_path(&blob.digest).unwrap()),
                false,
            ),
            (
                "derived",
                &|| assert!(store.derived::<Layer>(&key).unwrap().is_some()),
                true,
            ),
        ];
        for (name, use_it, is_of_record) in uses {
            make_old(&path, 100);
            make_old(&record, 100);
            use_it();
            assert!(age(&path) < RESOLUTION, "{name}");
            assert_eq!(age(&record) < RESOLUTION, is_of_record, "{name}");
        }
    }

    #[test]
    fn looking_is_no_use_and_neither_is_asking_for_another_size() {
        let cache = tempfile::tempdir().unwrap();
        let store = Store::open(cache.path()).unwrap();
        let mut blob = store.insert(b"blob").unwrap();
        let path = store.verified_path(&blob.digest).unwrap();
        make_old(&path, 100);

        assert!(super::super::is_cached(cache.path(), &blob));
        blob.size = blob.size.map(|size| size + 1);
        assert!(!store.contains(&blob));

        assert!(age(&path) > RESOLUTION);
    }

    #[test]
    fn a_recent_use_is_not_written_down_again_and_one_in_the_future_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "").unwrap();
        let set = |time| File::open(&path).unwrap().set_modified(time).unwrap();
        let modified = || fs::metadata(&path).unwrap().modified().unwrap();

        let recent = SystemTime::now() - RESOLUTION / 2;
        set(recent);
        mark(&path, &fs::metadata(&path).unwrap());
        assert_eq!(modified(), recent);

        set(SystemTime::now() + 100 * RESOLUTION);
        mark(&path, &fs::metadata(&path).unwrap());
        assert!(modified() < SystemTime::now() + RESOLUTION);
    }
}
