//! Claims: of all processes and threads that want one thing made, one makes it and the others wait.
//!
//! ```no_run
//! # fn main() -> Result<(), zookiln::store::StoreError> {
//! # use zookiln::store::{Claimed, Expected, Store};
//! # fn fetch(_: &Store) {}
//! # let store = Store::open("cache".as_ref())?;
//! # let expected = Expected { digest: layers::Digest::sha256_of(b""), size: Some(0) };
//! let blob = Claimed::Blob(&expected.digest);
//! let _claim = store.claim(blob, "fetches `bash.deb`", |holder| eprintln!("waiting for {holder}"))?;
//! // Whoever had the claim before may have made it.
//! if !store.contains(&expected) {
//!     fetch(&store);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A claim is a locked file below `claims/`, removed when the claim is dropped. That of a killed
//! process is free at once; its file is removed by whoever takes it or opens the store next.
//!
//! Nobody waits for ever: whoever holds a layer's claim may take a runtime's (jlink), and whoever holds
//! one of those or any other takes no further one. So there is no ring of processes that wait for each
//! other. A new kind of claim must find its place in this order.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use layers::Digest;

use super::{DerivedKey, Holder, Store, StoreError, lock_file};
use crate::interrupt::Scratch;

/// One thing that is to be made once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed<'a> {
    /// The blob of an input, which is to be fetched.
    Blob(&'a Digest),
    /// What is made of inputs.
    Derived(&'a DerivedKey),
    /// Maven's one run for all jars that are missing.
    Maven,
}

impl Claimed<'_> {
    fn file_name(self) -> String {
        match self {
            Self::Blob(digest) => format!("{}-{}.lock", digest.algorithm(), digest.hex()),
            Self::Derived(key) => format!("derived-{key}.lock"),
            Self::Maven => "mvn.lock".to_owned(),
        }
    }
}

/// The right to make one thing. Given back when dropped.
#[derive(Debug)]
#[must_use = "it is given back when dropped"]
pub struct Claim {
    file: File,
    path: PathBuf,
    /// Until it is released: then the path may be somebody else's.
    scratch: Option<Scratch>,
}

impl Store {
    /// Takes the claim, once nobody else has it. Look again whether the thing is there by then.
    ///
    /// `activity` tells others what this process does meanwhile: a verb and its object. `waiting` is
    /// called at most once, with whoever has the claim now; what it returns, such as a line on the
    /// terminal, is dropped when the wait is over.
    pub fn claim<W>(
        &self,
        claimed: Claimed<'_>,
        activity: &str,
        waiting: impl FnOnce(&Holder) -> W,
    ) -> Result<Claim, StoreError> {
        let path = self.root.join("claims").join(claimed.file_name());
        let mut file = lock_file::exclusive(&path, |file| waiting(&Holder::read(file)))?;
        let scratch = Scratch::new(&path);
        Holder::this_process(activity).write(&mut file);
        Ok(Claim {
            file,
            path,
            scratch: Some(scratch),
        })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        drop(self.scratch.take());
        lock_file::release(&self.file, &self.path);
    }
}

/// Removes the files of claims that nobody holds. Failures are left for the next sweep.
pub(super) fn sweep(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if is_claim(&path)
            && let Some(file) = lock_file::abandoned(&path)
        {
            lock_file::release(&file, &path);
        }
    }
}

/// Whether a file below `claims/` has a name that a claim may have.
pub(super) fn is_claim(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "lock")
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    /// Set in a process that a test has started to hold a claim.
    const CACHE_OF_CHILD: &str = "ZOOKILN_TEST_CLAIM_IN";

    fn names(cache: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(cache.join("v1/claims")).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    fn claim(store: &Store) -> Claim {
        store.claim(Claimed::Maven, "tests", |_| ()).unwrap()
    }

    #[test]
    fn a_released_claim_leaves_no_file() {
        let cache = tempfile::tempdir().unwrap();
        let store = Store::open(cache.path()).unwrap();
        let digest = Digest::sha256_of(b"x");
        let key = DerivedKey::of("layer", &"recipe");
        for claimed in [
            Claimed::Blob(&digest),
            Claimed::Derived(&key),
            Claimed::Maven,
        ] {
            let claim = store
                .claim(claimed, "tests", |_| panic!("nobody else is there"))
                .unwrap();
            assert_eq!(names(cache.path()).len(), 1);
            drop(claim);
            assert_eq!(names(cache.path()), Vec::<PathBuf>::new());
        }
    }

    #[test]
    fn different_things_are_claimed_at_once() {
        let cache = tempfile::tempdir().unwrap();
        let store = Store::open(cache.path()).unwrap();
        let digest = Digest::sha256_of(b"x");
        let _maven = claim(&store);
        let _blob = store
            .claim(Claimed::Blob(&digest), "tests", |_| panic!("it is free"))
            .unwrap();
    }

    #[test]
    fn whoever_waits_is_told_who_does_what_and_gets_it_next() {
        let cache = tempfile::tempdir().unwrap();
        let stores = [(); 2].map(|()| Store::open(cache.path()).unwrap());
        let first = stores[0]
            .claim(Claimed::Maven, "runs `mvn`", |_| ())
            .unwrap();
        let (told, hears) = mpsc::channel();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                drop(stores[1].claim(Claimed::Maven, "tests", |holder| told.send(holder.clone())));
            });
            let holder = hears.recv().unwrap();
            assert!(!waiter.is_finished());
            assert!(holder.is_this_process());
            assert_eq!(
                holder.to_string(),
                format!("process {}, which runs `mvn`", std::process::id())
            );
            drop(first);
        });
        assert_eq!(names(cache.path()), Vec::<PathBuf>::new());
    }

    /// Every release removes the file that others wait for: the race is in who has the next one.
    #[test]
    fn never_two_at_once_however_many_come_and_go() {
        let cache = tempfile::tempdir().unwrap();
        let inside = AtomicUsize::new(0);
        let total = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let store = Store::open(cache.path()).unwrap();
                    for _ in 0..500 {
                        let claim = claim(&store);
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        total.fetch_add(1, Ordering::SeqCst);
                        assert_eq!(inside.fetch_sub(1, Ordering::SeqCst), 1);
                        drop(claim);
                    }
                });
            }
            // Nor does a sweep get between them.
            scope.spawn(|| {
                while total.load(Ordering::SeqCst) < 1500 {
                    sweep(&cache.path().join("v1/claims"));
                }
            });
        });
        assert_eq!(names(cache.path()), Vec::<PathBuf>::new());
    }

    #[test]
    fn whoever_opens_the_store_sweeps_what_nobody_holds() {
        let cache = tempfile::tempdir().unwrap();
        let store = Store::open(cache.path()).unwrap();
        let claim = claim(&store);
        let claims = cache.path().join("v1/claims");
        fs::write(claims.join("derived-dead.lock"), "1\nis dead\n").unwrap();
        fs::write(claims.join("notes.txt"), "not ours").unwrap();

        let _next = Store::open(cache.path()).unwrap();

        let mut left = names(cache.path());
        left.sort();
        assert_eq!(left, [claims.join("mvn.lock"), claims.join("notes.txt")]);
        drop(claim);
    }

    #[test]
    fn a_claim_whose_file_was_removed_by_hand_does_not_remove_another_s() {
        let cache = tempfile::tempdir().unwrap();
        let store = Store::open(cache.path()).unwrap();
        let first = claim(&store);
        fs::remove_file(&names(cache.path())[0]).unwrap();
        let second = claim(&store);
        drop(first);
        assert_eq!(names(cache.path()).len(), 1);
        drop(second);
        assert_eq!(names(cache.path()).len(), 0);
    }

    /// Not a test by itself: what [`a_killed_process_frees_its_claim`] starts.
    #[test]
    #[ignore = "is run by another test, in a process of its own"]
    fn holds_a_claim_until_it_is_killed() {
        let Some(cache) = std::env::var_os(CACHE_OF_CHILD) else {
            return;
        };
        let store = Store::open(Path::new(&cache)).unwrap();
        let _claim = store.claim(Claimed::Maven, "runs `mvn`", |_| ()).unwrap();
        println!("claimed");
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).unwrap();
    }

    #[test]
    fn a_killed_process_frees_its_claim() {
        let cache = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture"])
            .arg("store::claim::tests::holds_a_claim_until_it_is_killed")
            .env(CACHE_OF_CHILD, cache.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().ends_with("claimed")));

        let store = Store::open(cache.path()).unwrap();
        let mut told = None;
        let claim = store
            .claim(Claimed::Maven, "tests", |holder| {
                told = Some(holder.clone());
                child.kill().unwrap();
                child.wait().unwrap();
            })
            .unwrap();

        let holder = told.unwrap();
        assert_eq!(holder.process(), Some(child.id()));
        assert!(!holder.is_this_process());
        assert!(holder.to_string().ends_with(", which runs `mvn`"));
        drop(claim);
        assert_eq!(names(cache.path()), Vec::<PathBuf>::new());
    }
}
