//! The detached signature beside a release archive, checked once, when the lock is written.
//!
//! A build goes by the archive's SHA-512 alone. The signature says that this sum in the catalog is the
//! one that the release's manager signed, and not one that somebody mistyped or was made to believe.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use signatures::{Fingerprint, Keyring, Signature, SignatureError, Trust, verify_detached};
use thiserror::Error;
use url::Url;

use super::{fetch_tarballs, roots};
use crate::catalog::{Catalog, Release};
use crate::lock::LockedSignature;
use crate::source::Places;
use crate::source::download::{DownloadError, Downloader};
use crate::source::http::{ShownUrl, file_below, parse_address};
use crate::source::keys::{KeyFile, KeysError, LARGEST_KEYS, NewKey};
use crate::source::limited::read_limited;
use crate::store::StoreError;

/// Of a detached signature; Apache's have 1 KB.
const LARGEST_SIGNATURE: u64 = 64 << 10;

/// Where the keys of all release managers stand on a mirror.
const KEYS_PATH: &str = "zookeeper/KEYS";

/// Why the signature of a release archive is not in the lock.
#[derive(Debug, Error)]
pub enum SignatureProblem {
    /// No address gave the archive.
    #[error(transparent)]
    Archive(#[from] DownloadError),
    /// No address gave the signature, or the signer's key.
    #[error("no address gives {what}\n  {}", reasons.join("\n  "))]
    Unreachable {
        /// `apache-zookeeper-3.6.1-bin.tar.gz.asc`
        what: String,
        /// One line per address.
        reasons: Vec<String>,
    },
    /// It is not what the signer signed.
    #[error("the signature of `{archive}` at `{address}` cannot be believed")]
    Bad {
        /// Name of the archive.
        archive: String,
        /// Where the signature is from.
        address: ShownUrl,
        /// Why.
        source: SignatureError,
    },
    /// The lock has a signature for this version, and now there is none to be had.
    #[error(
        "`{archive}` is another than the lock has a signature for, and its own cannot be checked\n  {reason}"
    )]
    Lost {
        /// Name of the archive.
        archive: String,
        /// Why not.
        reason: String,
    },
    /// The archive could not be read back.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys beside the catalog.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

impl SignatureProblem {
    /// Whether nobody answered, so that nothing speaks against the archive.
    #[must_use]
    pub fn is_silence(&self) -> bool {
        match self {
            Self::Archive(error) => error.no_address_answered() || error.is_of_offline(),
            Self::Unreachable { .. } => true,
            _ => false,
        }
    }
}

/// Checks signatures of release archives.
#[derive(Debug)]
pub struct ReleaseSignatures<'a> {
    /// Connections and store.
    pub downloader: Downloader<'a>,
    /// Mirrors of the user.
    pub places: &'a Places,
    /// Mirrors and keys of Apache.
    pub catalog: &'a Catalog,
    /// Where keys are kept.
    pub keys: &'a KeyFile,
    /// Those that were fetched for releases before this one.
    pub new_keys: &'a BTreeSet<NewKey>,
    /// By the clock of this host.
    pub now: SystemTime,
}

/// A signature that is good.
#[derive(Debug)]
pub struct Checked {
    /// What the lock keeps of it.
    pub signature: LockedSignature,
    /// The signer's key, where it had to be fetched.
    pub new_key: Option<NewKey>,
}

impl ReleaseSignatures<'_> {
    /// Fetches the archive, its signature and, where it is not at hand, the signer's key.
    pub fn check(&self, release: &Release) -> Result<Checked, SignatureProblem> {
        let (mirrors, public) = (&self.places.mirrors, &self.catalog.apache_mirrors);
        fetch_tarballs(self.downloader, mirrors, public, &[release])?;
        let archive = (self.downloader.store).verified_path(&release.tarball.digest)?;
        let mut problem = None;
        let at_hand = Keyring::parse(&self.material()?);
        if at_hand.fingerprints().any(|known| known == release.signer) {
            match self.verdict(release, &archive, &at_hand) {
                Ok(verdict) => return Ok(checked(verdict, None)),
                // The key may have been renewed, or have got a new subkey, since it was kept.
                Err(bad @ SignatureProblem::Bad { .. }) => problem = Some(bad),
                Err(other) => return Err(other),
            }
        }
        let mut reasons = Vec::new();
        for address in self.key_addresses() {
            let keys = match self.fetch_keys(&address, release.signer)? {
                Ok(keys) => keys,
                Err(reason) => {
                    reasons.push(reason);
                    continue;
                }
            };
            match self.by_fetched_key(release, &archive, &keys) {
                Ok(checked) => return Ok(checked),
                // One mirror's bad copy says nothing against another's.
                Err(other) => {
                    problem.get_or_insert(other);
                }
            }
        }
        Err(problem.unwrap_or(SignatureProblem::Unreachable {
            what: format!("the public key {}", release.signer),
            reasons,
        }))
    }

    /// Only a key that has proved itself is worth keeping.
    fn by_fetched_key(
        &self,
        release: &Release,
        archive: &Path,
        keys: &Keyring,
    ) -> Result<Checked, SignatureProblem> {
        let verdict = self.verdict(release, archive, keys)?;
        let new_key = (keys.armored(&release.signer)).map(|armored| NewKey {
            fingerprint: release.signer,
            armored,
        });
        Ok(checked(verdict, new_key))
    }

    /// By the first signature that is good: one mirror's bad copy says nothing against another's.
    fn verdict(
        &self,
        release: &Release,
        archive: &Path,
        keyring: &Keyring,
    ) -> Result<Signature, SignatureProblem> {
        let signers = BTreeSet::from([release.signer]);
        let trust = Trust {
            keyring,
            signers: &signers,
        };
        let now = self.now.duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |since| since.as_secs());
        let mut first_bad = None;
        let mut reasons = Vec::new();
        for address in self.addresses(&format!("{}.asc", release.tarball_path())) {
            let client = self.downloader.client;
            let signature = match read_limited(client, &address, LARGEST_SIGNATURE) {
                Ok(signature) => signature,
                Err(reason) => {
                    reasons.push(reason);
                    continue;
                }
            };
            let content = File::open(archive).map_err(StoreError::io("open", archive))?;
            match verify_detached(BufReader::new(content), &signature, trust, now) {
                Ok(verdict) => return Ok(verdict),
                Err(source) => {
                    first_bad.get_or_insert(SignatureProblem::Bad {
                        archive: release.tarball_name(),
                        address: ShownUrl::from(&address),
                        source,
                    });
                }
            }
        }
        let what = format!("`{}.asc`", release.tarball_name());
        Err(first_bad.unwrap_or(SignatureProblem::Unreachable { what, reasons }))
    }

    /// The keys at hand together with those of a list that has the signer's, or why there are none.
    fn fetch_keys(
        &self,
        address: &Url,
        signer: Fingerprint,
    ) -> Result<Result<Keyring, String>, KeysError> {
        let list = match read_limited(self.downloader.client, address, LARGEST_KEYS) {
            Ok(list) => list,
            Err(reason) => return Ok(Err(reason)),
        };
        if !(Keyring::parse(&list).fingerprints()).any(|known| known == signer) {
            let shown = ShownUrl::from(address);
            return Ok(Err(format!("`{shown}` does not have it")));
        }
        let mut material = self.material()?;
        material.push(b'\n');
        material.extend(&list);
        Ok(Ok(Keyring::parse(&material)))
    }

    /// The keys at hand.
    fn material(&self) -> Result<Vec<u8>, KeysError> {
        let mut material = self.keys.material()?;
        for key in self.new_keys {
            material.push(b'\n');
            material.extend(key.armored.as_bytes());
        }
        Ok(material)
    }

    fn key_addresses(&self) -> Vec<Url> {
        let mut addresses = self.addresses(KEYS_PATH);
        let public = self.catalog.apache_keys.iter();
        addresses.extend(public.filter_map(|address| parse_address(address).ok()));
        addresses
    }

    fn addresses(&self, path: &str) -> Vec<Url> {
        roots(&self.places.mirrors, &self.catalog.apache_mirrors)
            .iter()
            .filter_map(|root| file_below(root, path))
            .collect()
    }
}

fn checked(verdict: Signature, new_key: Option<NewKey>) -> Checked {
    let signature = LockedSignature {
        signer: verdict.signer,
        key: verdict.key,
        made: UNIX_EPOCH + Duration::from_secs(verdict.made),
    };
    Checked { signature, new_key }
}
