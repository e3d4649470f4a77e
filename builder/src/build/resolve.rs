//! From the catalog to a lock: what `update` writes, and what a build goes by when mirrors no longer
//! have what the lock names.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use anyhow::{Context, bail};

use super::{Builder, Target, changes};
use crate::catalog::{Catalog, Coordinates, Release};
use crate::lock::{DebianLock, Lock, LockedRelease, LockedSignature, LockedSuite, OutputFormat};
use crate::source::apache::{Checked, ReleaseSignatures, SignatureProblem};
use crate::source::debian::lock::{Resolved, Resolving};
use crate::source::debian::suite::Believed;
use crate::source::download::Downloader;
use crate::source::keys::{KeyFile, NewKey};
use crate::source::{Places, debian, maven};
use crate::store::Expected;

/// What the signatures in an old lock are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LockWord {
    /// They were checked when they were written down.
    Taken,
    /// Somebody else may have written them: they are checked again where that can be done.
    Doubted,
}

/// Resolves a catalog, at one moment.
#[derive(Debug)]
pub(crate) struct Resolver<'a> {
    pub(crate) downloader: Downloader<'a>,
    pub(crate) places: &'a Places,
    pub(crate) catalog: &'a Catalog,
    /// Whom to believe.
    pub(crate) keys: &'a KeyFile,
    /// By the clock of this host.
    pub(crate) now: SystemTime,
    pub(crate) word: LockWord,
}

/// What a catalog was resolved to.
#[derive(Debug)]
pub(crate) struct Resolution {
    pub(crate) lock: Lock,
    /// Keys that had to be fetched, to be kept where the lock is.
    pub(crate) new_keys: BTreeSet<NewKey>,
}

impl Resolver<'_> {
    /// A lock of all that `versions` need. What `old` has stays where the catalog still wants it and
    /// nothing newer is there; what only other versions need stays as it is.
    pub(crate) fn resolve(
        &self,
        versions: &[String],
        old: Option<&Lock>,
    ) -> anyhow::Result<Resolution> {
        let releases: Vec<&Release> = (self.catalog.releases.iter())
            .filter(|release| versions.contains(&release.version))
            .collect();
        let mut lock = self.kept(old);
        let codenames: BTreeSet<&String> = (releases.iter())
            .map(|release| &self.catalog.bases[&release.base].debian)
            .collect();
        for codename in codenames {
            let new = self.debian(codename, lock.debian.get(codename))?;
            lock.debian.insert(codename.clone(), new);
        }
        self.pin_jars(&releases, &mut lock.jars)?;
        let new_keys = self.sign(&releases, &mut lock.releases)?;
        Ok(Resolution { lock, new_keys })
    }

    /// What of an old lock the catalog still names.
    fn kept(&self, old: Option<&Lock>) -> Lock {
        let mut lock = old.cloned().unwrap_or_else(|| Lock {
            output: OutputFormat::current(),
            debian: BTreeMap::new(),
            releases: BTreeMap::new(),
            jars: BTreeMap::new(),
        });
        lock.output = OutputFormat::current();
        let wanted: BTreeSet<&Coordinates> = (self.catalog.releases.iter())
            .flat_map(|release| &release.jars)
            .collect();
        (lock.debian).retain(|codename, _| self.catalog.debian.contains_key(codename));
        (lock.releases).retain(|version, _| self.catalog.release(version).is_some());
        lock.jars.retain(|jar, _| wanted.contains(jar));
        lock
    }

    fn debian(&self, codename: &str, old: Option<&DebianLock>) -> anyhow::Result<DebianLock> {
        let nothing = BTreeMap::new();
        let what = Resolving {
            catalog: self.catalog,
            codename,
            places: self.places,
            believed: Believed {
                keyring: &self.keys.read()?,
                before: old.map_or(&nothing, |old| &old.suites),
                now: self.now,
            },
        };
        let Resolved { suites, packages } = debian::lock::packages(self.downloader, what)
            .with_context(|| format!("cannot resolve the packages of Debian `{codename}`"))?;
        let resolved = (self.catalog.package_sets(codename).into_iter())
            .map(|set| (set.name.clone(), set.identity()))
            .collect();
        let signers = &self.catalog.debian[codename].signers;
        let is_believed = |suite: &LockedSuite| {
            !suite.signers.is_empty() && suite.signers.iter().all(|it| signers.contains(it))
        };
        // The same packages keep their time: a lock changes only where an input does.
        let is_same = |old: &&DebianLock| {
            old.packages == packages
                && old.resolved == resolved
                && old.suites.keys().eq(suites.keys())
                && old.suites.values().all(is_believed)
                && old.snapshot <= snapshot_time(self.now)
        };
        if let Some(old) = old.filter(is_same) {
            return Ok(old.clone());
        }
        Ok(DebianLock {
            snapshot: snapshot_time(self.now),
            suites,
            resolved,
            packages,
        })
    }

    /// What is pinned stays pinned; the rest is asked for.
    fn pin_jars(
        &self,
        releases: &[&Release],
        pinned: &mut BTreeMap<Coordinates, Expected>,
    ) -> anyhow::Result<()> {
        let new: BTreeSet<Coordinates> = (releases.iter())
            .flat_map(|release| release.jars.clone())
            .filter(|jar| !pinned.contains_key(jar))
            .collect();
        if self.downloader.client.is_offline() && !new.is_empty() {
            let names: Vec<String> = new.iter().map(Coordinates::to_string).collect();
            bail!(
                "no lock has {}, and nobody is asked offline",
                names.join(", ")
            );
        }
        let Downloader {
            store, progress, ..
        } = self.downloader;
        pinned.extend(maven::pin(store, &new, progress)?);
        Ok(())
    }

    /// Pins the release archives, with their signatures where those can be had. A signature that was
    /// checked before is not asked for again.
    fn sign(
        &self,
        releases: &[&Release],
        locked: &mut BTreeMap<String, LockedRelease>,
    ) -> anyhow::Result<BTreeSet<NewKey>> {
        let mut new_keys = BTreeSet::new();
        let mut unchecked = Vec::new();
        for release in releases {
            let before = locked.get(&release.version);
            let known = before.and_then(|old| known_signature(old, release));
            let signature = match known {
                Some(_) if self.word == LockWord::Taken => known,
                _ => match self.check(release, before, &new_keys)? {
                    Ok(checked) => {
                        new_keys.extend(checked.new_key);
                        Some(checked.signature)
                    }
                    Err(reason) => {
                        unchecked.push(format!("{}: {reason}", release.tarball_name()));
                        known
                    }
                },
            };
            let locked_release = LockedRelease {
                path: release.tarball_path(),
                tarball: release.tarball.expected(),
                signature,
            };
            locked.insert(release.version.clone(), locked_release);
        }
        if !unchecked.is_empty() {
            self.downloader.progress.warn(&format!(
                "the signatures of these release archives were not checked, their SHA-512 vouches alone:\n  {}",
                unchecked.join("\n  ")
            ));
        }
        Ok(new_keys)
    }

    /// A good signature, or why there is none to be had. Where the lock had one for this version, to
    /// do without is no choice: whoever changes the archive must not get rid of the signature by
    /// silence.
    fn check(
        &self,
        release: &Release,
        before: Option<&LockedRelease>,
        new_keys: &BTreeSet<NewKey>,
    ) -> Result<Result<Checked, String>, SignatureProblem> {
        let signatures = ReleaseSignatures {
            downloader: self.downloader,
            places: self.places,
            catalog: self.catalog,
            keys: self.keys,
            new_keys,
            now: self.now,
        };
        match signatures.check(release) {
            Ok(checked) => Ok(Ok(checked)),
            Err(problem) if problem.is_silence() => {
                let reason = problem.to_string().replace('\n', "\n  ");
                let is_other = |old: &LockedRelease| {
                    old.signature.is_some() && known_signature(old, release).is_none()
                };
                match before.is_some_and(is_other) {
                    true => Err(SignatureProblem::Lost {
                        archive: release.tarball_name(),
                        reason,
                    }),
                    false => Ok(Err(reason)),
                }
            }
            Err(problem) => Err(problem),
        }
    }
}

/// The one that the lock has, as long as archive and signer are the same.
fn known_signature(old: &LockedRelease, release: &Release) -> Option<LockedSignature> {
    let signature = old.signature.as_ref()?;
    let is_same = old.tarball == release.tarball.expected() && signature.signer == release.signer;
    is_same.then(|| signature.clone())
}

/// As the snapshot archive writes a time: `20260101T000000Z`.
fn snapshot_time(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time)
        .to_string()
        .replace(['-', ':'], "")
}

impl Builder {
    /// The lock as `update` would write it now, packages only, with a warning for each difference;
    /// `None` where there is none, so that resolving again does not help. All packages of a release
    /// are resolved, not only those that are gone: only together do they fit.
    pub(super) fn resolve_again(
        &self,
        catalog: &Catalog,
        lock: &Lock,
        targets: &[Target<'_>],
    ) -> anyhow::Result<Option<Lock>> {
        let codenames: BTreeSet<&str> = targets.iter().map(|it| it.plan.codename).collect();
        let mut newer = lock.clone();
        let resolver = Resolver {
            downloader: self.downloader(),
            places: &self.places,
            catalog,
            keys: &self.keys,
            now: SystemTime::now(),
            word: LockWord::Taken,
        };
        for codename in codenames {
            let new = resolver.debian(codename, lock.debian.get(codename))?;
            newer.debian.insert(codename.to_owned(), new);
        }
        if newer == *lock {
            return Ok(None);
        }
        let mut text = "no mirror that answers has all locked packages any more: the build goes by those of today".to_owned();
        for change in &changes(Some(lock), &newer) {
            text.push_str(&format!("\n  {change}"));
        }
        self.progress.warn(&text);
        Ok(Some(newer))
    }
}
