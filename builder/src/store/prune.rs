//! Removing what is not needed any more, never from under a process that runs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Entry, Inventory, Kind, SCHEMA, StoreError, claim, inventory, lock_file, work};

/// What is to go. Stale records and the scratch of dead processes go in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// Blobs that were not used since.
    NotUsedSince(SystemTime),
    /// All of this version's store, and the stores of other versions. What lies beside the stores is
    /// not ours and stays.
    Everything,
}

/// What a prune came to.
#[derive(Debug, Default)]
pub struct Pruned {
    /// What is gone.
    pub removed: Vec<Entry>,
    /// What is still there.
    pub kept: Vec<Entry>,
    /// Why something that was to go is still there.
    pub failures: Vec<StoreError>,
}

/// What [`prune`] would remove now.
#[must_use]
pub fn selected(entry: &Entry, selection: Selection) -> bool {
    match (&entry.kind, selection) {
        (Kind::Stale(_), _) => true,
        (Kind::Scratch { is_living, .. }, _) => !is_living,
        (_, Selection::Everything) => entry.store.is_some(),
        (Kind::Input(_) | Kind::Derived { .. }, Selection::NotUsedSince(time)) => {
            entry.last_used < time
        }
        (Kind::OtherVersion(_) | Kind::Unknown(_), Selection::NotUsedSince(_)) => false,
    }
}

/// Removes what is selected. Fails before anything is removed if a process uses the cache; one that
/// begins meanwhile waits until this is done.
pub fn prune(cache: &Path, selection: Selection) -> Result<Pruned, StoreError> {
    // Of other versions, too, since they have their lock in common with this one.
    let stores = stores(cache, selection)?;
    let mut locks = Vec::new();
    for store in &stores {
        let lock = lock_file::try_exclusive(&store.join("lock"))?;
        locks.push(lock.ok_or_else(|| {
            StoreError::InUse {
                path: store.clone(),
                processes: Inventory::read(cache)
                    .map(|found| found.processes(store))
                    .unwrap_or_default(),
            }
        })?);
    }
    let mut pruned = Pruned::default();
    for entry in Inventory::read(cache)?.entries {
        // One that was not there a moment ago is not locked.
        let is_locked = (entry.store.as_ref()).is_some_and(|store| stores.contains(store));
        if !is_locked || !selected(&entry, selection) {
            pruned.kept.push(entry);
            continue;
        }
        match remove(&entry) {
            Ok(()) => pruned.removed.push(entry),
            Err(error) => {
                pruned.failures.push(error);
                pruned.kept.push(entry);
            }
        }
    }
    let own = cache.join(SCHEMA);
    if stores.contains(&own) {
        work::sweep(&own.join("work"));
        claim::sweep(&own.join("claims"));
    }
    drop(locks);
    Ok(pruned)
}

/// The stores from which something may have to be removed.
fn stores(cache: &Path, selection: Selection) -> Result<Vec<PathBuf>, StoreError> {
    let mut stores = Vec::new();
    for path in inventory::children(cache)? {
        let is_own = path.ends_with(SCHEMA) && path.is_dir();
        if is_own || selection == Selection::Everything && inventory::is_version(&path) {
            stores.push(path);
        }
    }
    stores.sort();
    Ok(stores)
}

fn remove(entry: &Entry) -> Result<(), StoreError> {
    for path in &entry.paths {
        match entry.kind {
            Kind::OtherVersion(_) => remove_store(path)?,
            _ => remove_path(path)?,
        }
    }
    Ok(())
}

/// A store with all that is in it. Its lock goes last: whoever waits for it finds it gone and makes a
/// new store.
fn remove_store(store: &Path) -> Result<(), StoreError> {
    let lock = store.join("lock");
    for path in inventory::children(store)? {
        if path != lock {
            remove_path(&path)?;
        }
    }
    remove_path(&lock)?;
    // Unless somebody has a new one already.
    let _ = fs::remove_dir(store);
    Ok(())
}

fn remove_path(path: &Path) -> Result<(), StoreError> {
    let is_directory = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir());
    let removed = if is_directory {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match removed {
        // Of a dead process's scratch, only a part may be there.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(StoreError::io("remove", path)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::super::tests::{Layer, expected, make_old};
    use super::super::{Claimed, DerivedKey, Expected, Store};
    use super::*;

    fn not_used_for(days: u32) -> Selection {
        Selection::NotUsedSince(SystemTime::now() - days * Duration::from_secs(86400))
    }

    /// A cache with an input and a layer, both unused for so many days.
    fn cache(days: u32) -> (tempfile::TempDir, Expected, Expected) {
        let cache = tempfile::tempdir().unwrap();
        let store = Store::open(cache.path()).unwrap();
        let input = store.insert(b"input").unwrap();
        let layer = store.insert(b"layer").unwrap();
        let key = DerivedKey::of("layer", &"recipe");
        let value = Layer(layer.clone());
        store.record_derived(&key, "layer", &value).unwrap();
        for blob in [&input, &layer] {
            make_old(&store.verified_path(&blob.digest).unwrap(), days);
        }
        make_old(&cache.path().join(format!("v1/derived/{key}.json")), days);
        (cache, input, layer)
    }

    fn has(cache: &Path, blob: &Expected) -> bool {
        super::super::is_cached(cache, blob)
    }

    #[test]
    fn what_was_not_used_goes_and_its_records_with_it() {
        let (cache, input, layer) = cache(10);
        let pruned = prune(cache.path(), not_used_for(11)).unwrap();
        assert_eq!((pruned.removed.len(), pruned.kept.len()), (0, 2));

        let used = Store::open(cache.path()).unwrap();
        assert!(used.contains(&input));
        drop(used);
        let pruned = prune(cache.path(), not_used_for(9)).unwrap();

        assert_eq!((pruned.removed.len(), pruned.kept.len()), (1, 1));
        assert!(pruned.failures.is_empty());
        assert!(has(cache.path(), &input) && !has(cache.path(), &layer));
        assert_eq!(
            fs::read_dir(cache.path().join("v1/derived"))
                .unwrap()
                .count(),
            0
        );
    }

    #[test]
    fn a_blob_stays_as_long_as_any_of_its_records_is_used() {
        let (cache, _, layer) = cache(10);
        let store = Store::open(cache.path()).unwrap();
        let other = DerivedKey::of("layer", &"other recipe");
        let value = Layer(layer.clone());
        store.record_derived(&other, "layer", &value).unwrap();
        drop(store);
        prune(cache.path(), not_used_for(9)).unwrap();
        assert!(has(cache.path(), &layer));
    }

    #[test]
    fn what_nobody_can_use_goes_whatever_its_age() {
        let (cache, ..) = cache(0);
        let store = Store::open(cache.path()).unwrap();
        let key = DerivedKey::of("layer", &"gone");
        let value = Layer(expected(b"gone"));
        store.record_derived(&key, "layer", &value).unwrap();
        drop(store);
        let dead = cache.path().join("v1/work/.tmpdead");
        fs::create_dir_all(dead.join("directory")).unwrap();
        fs::write(dead.with_extension("lock"), "").unwrap();
        fs::write(cache.path().join("v1/claims/mvn.lock"), "").unwrap();

        prune(cache.path(), not_used_for(1000)).unwrap();

        assert_eq!(Inventory::read(cache.path()).unwrap().entries.len(), 2);
        for directory in ["work", "claims"] {
            let path = cache.path().join("v1").join(directory);
            assert_eq!(fs::read_dir(path).unwrap().count(), 0, "{directory}");
        }
    }

    #[test]
    fn everything_is_all_that_is_ours() {
        let (cache, ..) = cache(0);
        fs::create_dir_all(cache.path().join("v2/blobs/blake3")).unwrap();
        fs::write(cache.path().join("v2/lock"), "").unwrap();
        fs::write(cache.path().join("v2/file"), "text").unwrap();
        fs::create_dir_all(cache.path().join("v1/blobs/sha256/directory/of")).unwrap();
        fs::create_dir(cache.path().join("Documents")).unwrap();

        let some = prune(cache.path(), not_used_for(0)).unwrap();
        assert_eq!((some.removed.len(), some.kept.len()), (2, 3));
        let all = prune(cache.path(), Selection::Everything).unwrap();

        assert_eq!((all.removed.len(), all.kept.len()), (2, 1));
        assert!(all.failures.is_empty());
        let left = Inventory::read(cache.path()).unwrap().entries;
        assert_eq!(left, all.kept);
        assert_eq!(left[0].kind, Kind::Unknown("Documents".into()));
        assert!(!cache.path().join("v2").exists());
        // It can be used at once.
        Store::open(cache.path()).unwrap().insert(b"x").unwrap();
    }

    #[test]
    fn nothing_is_removed_while_a_store_is_open() {
        let (cache, input, _) = cache(10);
        let store = Store::open(cache.path()).unwrap();
        let error = prune(cache.path(), Selection::Everything).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "the cache `{}` is in use by process {}",
                cache.path().join("v1").display(),
                std::process::id()
            )
        );
        assert!(has(cache.path(), &input));
        drop(store);
        prune(cache.path(), Selection::Everything).unwrap();
        assert!(!has(cache.path(), &input));
    }

    #[test]
    fn nothing_is_removed_while_another_version_is_in_use() {
        let (cache, input, _) = cache(10);
        fs::create_dir_all(cache.path().join("v2/blobs")).unwrap();
        let lock = lock_file::shared(&cache.path().join("v2/lock")).unwrap();
        let error = prune(cache.path(), Selection::Everything).unwrap_err();
        assert!(error.to_string().ends_with("in use by another process"));
        assert!(has(cache.path(), &input));
        // It is no concern of a prune that leaves it alone.
        prune(cache.path(), not_used_for(9)).unwrap();
        assert!(!has(cache.path(), &input));
        drop(lock);
    }

    #[test]
    fn whoever_opens_a_store_waits_for_a_prune() {
        let (cache, ..) = cache(10);
        let path = cache.path().join("v1/lock");
        let pruning = lock_file::try_exclusive(&path).unwrap().unwrap();
        let (opened, hears) = mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let store = Store::open(cache.path()).unwrap();
                opened.send(()).unwrap();
                drop(store.claim(Claimed::Maven, "tests", |_| ()));
            });
            assert!(hears.try_recv().is_err());
            drop(pruning);
            hears.recv().unwrap();
        });
    }

    #[test]
    fn a_prune_of_nothing_makes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let cache = directory.path().join("cache");
        for selection in [Selection::Everything, not_used_for(0)] {
            let pruned = prune(&cache, selection).unwrap();
            assert!(pruned.removed.is_empty() && pruned.kept.is_empty());
        }
        assert!(!cache.exists());
    }
}
