//! What a newer lock has that an older one had not, and the other way round.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::lock::{Lock, LockedSignature};

/// An input that is another one in a newer lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// Package with set and platform, jar, release archive, suite, or what writes the layers.
    pub(crate) name: String,
    /// `None` for an input that is new.
    pub(crate) old: Option<State>,
    /// `None` for one that is gone.
    pub(crate) new: Option<State>,
}

/// What a lock says of one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// Of a package; the beginning of a digest, and who signed it; a date.
    pub(crate) version: String,
    /// Bytes, of what has a size.
    pub(crate) size: Option<u64>,
    /// Where a package stands, and its digest: the same version can move to another archive.
    place: String,
}

impl Change {
    /// The versions before and after, with their places where nothing else is different.
    pub(crate) fn shown(&self) -> (Option<String>, Option<String>) {
        let version = |state: &Option<State>| state.as_ref().map(|state| state.version.clone());
        let is_moved = version(&self.old) == version(&self.new);
        let shown = |state: &Option<State>| {
            state.as_ref().map(|state| match is_moved {
                true => format!("{} ({})", state.version, state.place),
                false => state.version.clone(),
            })
        };
        (shown(&self.old), shown(&self.new))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match self.shown() {
            (Some(old), Some(new)) => write!(formatter, "{name}: {old} -> {new}"),
            (None, Some(new)) => write!(formatter, "{name}: new, {new}"),
            _ => write!(formatter, "{name}: gone"),
        }
    }
}

/// Inputs that are new, gone or different, in order of name.
pub(crate) fn changes(old: Option<&Lock>, new: &Lock) -> Vec<Change> {
    let before = old.map(states).unwrap_or_default();
    let after = states(new);
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| Change {
            name: name.clone(),
            old: before.get(name).cloned(),
            new: after.get(name).cloned(),
        })
        .collect()
}

fn states(lock: &Lock) -> BTreeMap<String, State> {
    let packages = (lock.debian.values()).flat_map(|release| &release.packages);
    let packages = packages.map(|package| {
        let state = State {
            version: package.version.clone(),
            size: Some(package.size),
            place: format!("{}, {}", package.path, &package.sha256.hex()[..12]),
        };
        let (name, set, platform) = (&package.name, &package.set, package.platform);
        (format!("{name} ({set}, {platform})"), state)
    });
    let jars = lock.jars.iter().map(|(jar, expected)| {
        let state = State {
            version: expected.digest.hex()[..12].to_owned(),
            size: expected.size,
            place: String::new(),
        };
        (format!("{}:{}", jar.group, jar.file_name()), state)
    });
    let releases = lock.releases.values().map(|release| {
        let sum = &release.tarball.digest.hex()[..12];
        let state = State {
            version: format!("{sum}, {}", signed(release.signature.as_ref())),
            size: release.tarball.size,
            place: format!("{}, {:?}", release.path, release.signature),
        };
        let name = release.path.rsplit('/').next().unwrap_or(&release.path);
        (name.to_owned(), state)
    });
    packages
        .chain(jars)
        .chain(releases)
        .chain(documents(lock))
        .collect()
}

/// What has no bytes of its own in an image, and decides which those are.
fn documents(lock: &Lock) -> BTreeMap<String, State> {
    let state = |version: String, place: String| State {
        version,
        size: None,
        place,
    };
    let mut states = BTreeMap::new();
    let output = &lock.output;
    let layers = format!("format {} by {}", output.layer_format, output.compressor);
    states.insert("layers".to_owned(), state(layers, String::new()));
    for (codename, release) in &lock.debian {
        for (name, suite) in &release.suites {
            let date = humantime::format_rfc3339_seconds(suite.date).to_string();
            let signers: Vec<String> = suite.signers.iter().map(ToString::to_string).collect();
            let place = format!("{}, {}", &suite.sha256.hex()[..12], signers.join(", "));
            states.insert(format!("{name} (suite of {codename})"), state(date, place));
        }
        for (set, identity) in &release.resolved {
            let identity = identity.hex()[..12].to_owned();
            let name = format!("{set} (as the catalog has it)");
            states.insert(name, state(identity, String::new()));
        }
    }
    states
}

fn signed(signature: Option<&LockedSignature>) -> String {
    match signature {
        Some(signature) => format!("signed by {}", &signature.signer.to_string()[24..]),
        None => "signature not checked".to_owned(),
    }
}
