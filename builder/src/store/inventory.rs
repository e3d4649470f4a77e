//! What is in a cache, as it is found: nothing is made, changed or waited for, and whatever has no
//! business there is shown as well.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use layers::{Algorithm, Digest};

use super::work::Found;
use super::{SCHEMA, StoreError, claim, derived, file_metadata, tag, work};

/// No record comes near.
const RECORD_LIMIT: u64 = 1 << 20;

/// Everything in a cache.
#[derive(Debug)]
pub struct Inventory {
    /// In order of path.
    pub entries: Vec<Entry>,
}

/// What can be kept or removed as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Bytes of all its files.
    pub size: u64,
    /// When it was written or used, whichever was later.
    pub last_used: SystemTime,
    /// The store it belongs to; `None` for what is beside all stores.
    pub(super) store: Option<PathBuf>,
    /// In the order in which they are to be removed.
    pub(super) paths: Vec<PathBuf>,
}

/// What an entry of a cache is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A blob that was fetched; or whose records are gone.
    Input(Digest),
    /// A blob that was made, with the records that name it.
    Derived {
        /// Of the blob.
        digest: Digest,
        /// Of the records.
        names: BTreeSet<String>,
    },
    /// A record that is damaged, or whose blob is gone. By path below the cache.
    Stale(PathBuf),
    /// Scratch of a process.
    Scratch {
        /// Whether it runs.
        is_living: bool,
        /// Its number, where it runs and has written it down.
        process: Option<u32>,
    },
    /// The store of another version of this program. By path below the cache.
    OtherVersion(PathBuf),
    /// Nothing of ours. By path below the cache.
    Unknown(PathBuf),
}

impl Inventory {
    /// Reads the cache, which need not exist. What appears or vanishes meanwhile may be missing.
    pub fn read(cache: &Path) -> Result<Self, StoreError> {
        let mut inventory = Reader {
            cache,
            entries: Vec::new(),
        };
        for path in children(cache)? {
            if path.ends_with(SCHEMA) && path.is_dir() {
                inventory.read_store(&path)?;
            } else if is_version(&path) {
                let kind = Kind::OtherVersion(inventory.relative(&path));
                inventory.add_tree(kind, Some(&path), vec![path.clone()]);
            } else if !path.ends_with(tag::NAME) {
                inventory.add_unknown(None, path);
            }
        }
        let mut entries = inventory.entries;
        entries.sort_by(|a, b| a.paths.cmp(&b.paths));
        Ok(Self { entries })
    }

    /// Numbers of the processes that are known to use a store now.
    pub(super) fn processes(&self, store: &Path) -> Vec<u32> {
        let entries = self.entries.iter();
        let processes = entries.filter_map(|entry| match (&entry.kind, &entry.store) {
            (
                Kind::Scratch {
                    is_living: true,
                    process,
                },
                Some(found),
            ) if found == store => *process,
            _ => None,
        });
        processes.collect::<BTreeSet<u32>>().into_iter().collect()
    }
}

/// Whether this is the store of another version: a directory of its own kind of name that has what
/// every version has. A cache may lie among other things, which must not be taken for one.
pub(super) fn is_version(path: &Path) -> bool {
    let number = (path.file_name().and_then(|name| name.to_str()))
        .and_then(|name| name.strip_prefix('v'))
        .filter(|number| *number != &SCHEMA[1..]);
    number.is_some_and(|number| number.parse::<u32>().is_ok_and(|n| n.to_string() == number))
        && file_metadata(&path.join("lock")).is_ok_and(|found| found.is_some())
        && is_directory(path)
        && is_directory(&path.join("blobs"))
}

struct Reader<'a> {
    cache: &'a Path,
    entries: Vec<Entry>,
}

/// A derived blob in the making: its records.
#[derive(Default)]
struct Records {
    names: BTreeSet<String>,
    size: u64,
    last_used: Option<SystemTime>,
    paths: Vec<PathBuf>,
}

impl Reader<'_> {
    fn read_store(&mut self, store: &Path) -> Result<(), StoreError> {
        let mut records = BTreeMap::new();
        for path in children(store)? {
            match path.file_name().and_then(|name| name.to_str()) {
                Some("lock" | tag::NAME) => {}
                Some("derived") if path.is_dir() => records = self.read_records(store, &path)?,
                Some("claims") if path.is_dir() => {
                    for path in children(&path)? {
                        if !claim::is_claim(&path) || file_metadata(&path).is_err() {
                            self.add_unknown(Some(store), path);
                        }
                    }
                }
                Some("work") if path.is_dir() => self.read_scratch(store, &path),
                // After the records: see below.
                Some("blobs") if path.is_dir() => {}
                _ => self.add_unknown(Some(store), path),
            }
        }
        for path in children(&store.join("blobs"))? {
            let algorithm = [Algorithm::Sha256, Algorithm::Sha512]
                .into_iter()
                .find(|algorithm| path.ends_with(algorithm.as_str()));
            match algorithm {
                Some(algorithm) if path.is_dir() => {
                    for path in children(&path)? {
                        self.read_blob(store, algorithm, path, &mut records)?;
                    }
                }
                _ => self.add_unknown(Some(store), path),
            }
        }
        for path in records.into_values().flat_map(|records| records.paths) {
            self.add_stale(store, path);
        }
        Ok(())
    }

    /// The records by the digest that they name.
    fn read_records(
        &mut self,
        store: &Path,
        directory: &Path,
    ) -> Result<BTreeMap<Digest, Records>, StoreError> {
        let mut found: BTreeMap<Digest, Records> = BTreeMap::new();
        for path in children(directory)? {
            if !derived::is_record(&path) {
                self.add_unknown(Some(store), path);
                continue;
            }
            let metadata = match file_metadata(&path) {
                Ok(Some(metadata)) => metadata,
                Ok(None) => continue,
                Err(_) => {
                    self.add_unknown(Some(store), path);
                    continue;
                }
            };
            let bytes = match metadata.len() {
                ..=RECORD_LIMIT => fs::read(&path).unwrap_or_default(),
                _ => Vec::new(),
            };
            let Some(record) = derived::unseal(&bytes) else {
                self.add_stale(store, path);
                continue;
            };
            let records = found.entry(record.blob.digest).or_default();
            records.names.insert(record.name);
            records.size += metadata.len();
            records.last_used = records.last_used.max(Some(time(&metadata)));
            records.paths.push(path);
        }
        Ok(found)
    }

    fn read_blob(
        &mut self,
        store: &Path,
        algorithm: Algorithm,
        path: PathBuf,
        records: &mut BTreeMap<Digest, Records>,
    ) -> Result<(), StoreError> {
        let digest = (path.file_name().and_then(|name| name.to_str()))
            .and_then(|name| Digest::new(algorithm, name).ok());
        let (digest, metadata) = match (digest, file_metadata(&path)) {
            (Some(digest), Ok(Some(metadata))) => (digest, metadata),
            (_, Ok(None)) => return Ok(()),
            _ => {
                self.add_unknown(Some(store), path);
                return Ok(());
            }
        };
        let mut entry = Entry {
            kind: Kind::Input(digest.clone()),
            size: metadata.len(),
            last_used: time(&metadata),
            store: Some(store.to_owned()),
            paths: Vec::new(),
        };
        if let Some(records) = records.remove(&digest) {
            entry.kind = Kind::Derived {
                digest,
                names: records.names,
            };
            entry.size += records.size;
            entry.last_used = records
                .last_used
                .max(Some(entry.last_used))
                .unwrap_or(entry.last_used);
            // A record without its blob is worth nothing, and a blob without its record little.
            entry.paths = records.paths;
        }
        entry.paths.push(path);
        self.entries.push(entry);
        Ok(())
    }

    fn read_scratch(&mut self, store: &Path, directory: &Path) {
        for scratch in work::list(directory) {
            let (is_living, process, paths) = match scratch {
                Found::Living { directory, holder } => (true, holder.process(), vec![directory]),
                Found::Left(paths) => (false, None, paths),
            };
            let kind = Kind::Scratch { is_living, process };
            self.add_tree(kind, Some(store), paths);
        }
    }

    fn add_stale(&mut self, store: &Path, path: PathBuf) {
        self.add_tree(Kind::Stale(self.relative(&path)), Some(store), vec![path]);
    }

    fn add_unknown(&mut self, store: Option<&Path>, path: PathBuf) {
        self.add_tree(Kind::Unknown(self.relative(&path)), store, vec![path]);
    }

    /// Files and directories, unless they have vanished.
    fn add_tree(&mut self, kind: Kind, store: Option<&Path>, paths: Vec<PathBuf>) {
        let mut size = 0;
        let mut last_used = None;
        let mut pending = paths.clone();
        while let Some(path) = pending.pop() {
            // Links are not followed: neither their targets nor a ring of them is part of the cache.
            let Ok(metadata) = fs::symlink_metadata(&path) else {
                continue;
            };
            last_used = last_used.max(Some(time(&metadata)));
            if metadata.is_dir() {
                pending.extend(children(&path).into_iter().flatten());
            } else {
                size = metadata.len().saturating_add(size);
            }
        }
        self.entries.extend(last_used.map(|last_used| Entry {
            kind,
            size,
            last_used,
            store: store.map(Path::to_owned),
            paths,
        }));
    }

    fn relative(&self, path: &Path) -> PathBuf {
        path.strip_prefix(self.cache).unwrap_or(path).to_owned()
    }
}

/// What is in a directory, which need not exist.
pub(super) fn children(directory: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::io("read", directory)(error)),
    };
    entries
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<_>>()
        .map_err(StoreError::io("read", directory))
}

/// Not through a link.
fn is_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

fn time(metadata: &Metadata) -> SystemTime {
    metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::tests::{Layer, expected, make_old};
    use super::super::{Claimed, DerivedKey, Store};
    use super::*;

    fn kinds(cache: &Path) -> Vec<Kind> {
        let entries = Inventory::read(cache).unwrap().entries;
        entries.into_iter().map(|entry| entry.kind).collect()
    }

    fn unknown(path: &str) -> Kind {
        Kind::Unknown(path.into())
    }

    #[test]
    fn a_cache_that_does_not_exist_is_empty_and_stays_so() {
        let directory = tempfile::tempdir().unwrap();
        let cache = directory.path().join("cache");
        assert_eq!(kinds(&cache), []);
        assert!(!cache.exists());
    }

    #[test]
    fn a_derived_blob_is_one_entry_with_all_records_that_name_it() {
        let cache = tempfile::tempdir().unwrap();
        let store = Store::open(cache.path()).unwrap();
        let input = store.insert(b"input").unwrap();
        let layer = store.insert(b"layer").unwrap();
        for (recipe, name) in [
            ("one", "layer a"),
            ("other", "layer b"),
            ("third", "layer b"),
        ] {
            let key = DerivedKey::of("layer", &recipe);
            let layer = Layer(layer.clone());
            store.record_derived(&key, name, &layer).unwrap();
        }
        let path = store.verified_path(&layer.digest).unwrap();
        make_old(&path, 9);
        drop(store);

        let entries = Inventory::read(cache.path()).unwrap().entries;

        assert_eq!(entries.len(), 2);
        let find = |kind| entries.iter().find(|entry| entry.kind == kind).unwrap();
        assert_eq!(find(Kind::Input(input.digest.clone())).size, 5);
        let found = find(Kind::Derived {
            digest: layer.digest.clone(),
            names: ["layer a", "layer b"].map(str::to_owned).into(),
        });
        assert!(found.size > 5);
        assert_eq!(found.paths.len(), 4);
        assert_eq!(found.paths.last(), Some(&path));
        // The records are younger.
        assert!(found.last_used.elapsed().unwrap_or_default().as_secs() < 86400);
    }

    #[test]
    fn records_that_are_damaged_or_have_lost_their_blob_are_stale() {
        let cache = tempfile::tempdir().unwrap();
        let store = Store::open(cache.path()).unwrap();
        let key = DerivedKey::of("layer", &"recipe");
        let gone = Layer(expected(b"gone"));
        store.record_derived(&key, "layer", &gone).unwrap();
        let damaged = DerivedKey::of("layer", &"damaged");
        let path = cache.path().join(format!("v1/derived/{damaged}.json"));
        fs::write(path, "{}").unwrap();
        let large = DerivedKey::of("layer", &"large");
        let path = cache.path().join(format!("v1/derived/{large}.json"));
        let file = fs::File::create(path).unwrap();
        file.set_len(8 << 30).unwrap();
        drop(store);

        let mut expected = [key, damaged, large]
            .map(|key| Kind::Stale(format!("v1/derived/{key}.json").into()))
            .to_vec();
        let mut found = kinds(cache.path());
        for kinds in [&mut expected, &mut found] {
            kinds.sort_by_key(|kind| format!("{kind:?}"));
        }
        assert_eq!(found, expected);
    }

    #[test]
    fn a_running_process_is_shown_by_its_scratch_and_its_claims_are_not() {
        let cache = tempfile::tempdir().unwrap();
        let store = Store::open(cache.path()).unwrap();
        fs::write(store.work().path().join("file"), "12345").unwrap();
        let _claim = store.claim(Claimed::Maven, "tests", |_| ()).unwrap();

        let inventory = Inventory::read(cache.path()).unwrap();

        assert_eq!(inventory.entries.len(), 1);
        assert_eq!(inventory.entries[0].size, 5);
        let own = cache.path().join("v1");
        assert_eq!(inventory.processes(&own), [std::process::id()]);
        assert!(inventory.processes(&cache.path().join("v2")).is_empty());
    }

    #[test]
    fn what_has_no_business_there_is_unknown() {
        let cache = tempfile::tempdir().unwrap();
        drop(Store::open(cache.path()).unwrap());
        let table = [
            "notes.txt",
            "v1/notes.txt",
            "v1/blobs/md5",
            "v1/blobs/sha256/notes.txt",
            "v1/blobs/sha256/ABCDEF",
            "v1/claims/notes.txt",
            "v1/derived/notes.json",
            "v2",
            "v02",
        ];
        for path in table {
            fs::write(cache.path().join(path), "text").unwrap();
            assert_eq!(kinds(cache.path()), [unknown(path)]);
            fs::remove_file(cache.path().join(path)).unwrap();
        }
    }

    #[test]
    fn what_looks_like_ours_but_is_no_file_is_unknown() {
        let cache = tempfile::tempdir().unwrap();
        drop(Store::open(cache.path()).unwrap());
        let hex = "0".repeat(64);
        for path in [
            format!("v1/blobs/sha256/{hex}"),
            format!("v1/derived/{hex}.json"),
            "v1/claims/mvn.lock".to_owned(),
        ] {
            let host = cache.path().join(&path);
            fs::create_dir(&host).unwrap();
            fs::write(host.join("file"), "12345").unwrap();
            // A ring is no reason to go round and round.
            symlink(&host, host.join("ring")).unwrap();
            assert_eq!(kinds(cache.path()), [unknown(&path)]);
            fs::remove_dir_all(&host).unwrap();
        }
        symlink("/dev/zero", cache.path().join("v1/blobs/sha256").join(&hex)).unwrap();
        assert_eq!(
            kinds(cache.path()),
            [unknown(&format!("v1/blobs/sha256/{hex}"))]
        );
    }

    #[test]
    fn other_versions_are_told_by_name_and_content() {
        let cache = tempfile::tempdir().unwrap();
        for directory in ["v2/blobs", "v3", "v04/blobs", "vendor/blobs"] {
            fs::create_dir_all(cache.path().join(directory)).unwrap();
        }
        for version in ["v2", "v3", "v04", "vendor"] {
            fs::write(cache.path().join(version).join("lock"), "").unwrap();
        }
        assert_eq!(
            kinds(cache.path()),
            [
                unknown("v04"),
                Kind::OtherVersion("v2".into()),
                unknown("v3"),
                unknown("vendor"),
            ]
        );
    }
}
