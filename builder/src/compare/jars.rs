//! Java archives by name and version.

use std::collections::BTreeMap;

use layers::Digest;
use layers::inspect::{EntryKind, InspectedEntry};
use serde::Serialize;

/// A Java archive that differs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct JarChange {
    /// `netty-common`; with the platform of its native code where its name has one:
    /// `netty-transport-native-epoll-linux-x86_64`.
    pub jar: String,
    /// Version in the first image; `None` if it is not there, empty if its name has none.
    pub old: Option<String>,
    /// Version in the second image. The same as the first one where only the bytes differ.
    pub new: Option<String>,
}

/// A jar of one image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Jar {
    version: String,
    digest: Option<Digest>,
}

/// Every jar that is not in both with the same version and bytes, by name.
pub(super) fn changes<'a>(
    old: impl IntoIterator<Item = &'a InspectedEntry>,
    new: impl IntoIterator<Item = &'a InspectedEntry>,
) -> Vec<JarChange> {
    let (old, new) = (by_name(old), by_name(new));
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let of = |jars: &BTreeMap<String, Vec<Jar>>, name| jars.get(name).cloned().unwrap_or_default();
    let mut changes = Vec::new();
    for name in names {
        let (mut before, mut after) = (of(&old, name), of(&new, name));
        before.retain(|jar| match after.iter().position(|other| other == jar) {
            Some(position) => {
                after.remove(position);
                false
            }
            None => true,
        });
        for position in 0..before.len().max(after.len()) {
            let version = |jars: &[Jar]| jars.get(position).map(|jar| jar.version.clone());
            changes.push(JarChange {
                jar: name.clone(),
                old: version(&before),
                new: version(&after),
            });
        }
    }
    changes
}

/// The name under which a file is compared as a jar; `None` if it is none.
#[must_use]
pub fn jar_name(path: &str) -> Option<String> {
    stem(path).map(|stem| split(stem).0)
}

fn stem(path: &str) -> Option<&str> {
    path.rsplit('/').next()?.strip_suffix(".jar")
}

fn by_name<'a>(
    entries: impl IntoIterator<Item = &'a InspectedEntry>,
) -> BTreeMap<String, Vec<Jar>> {
    let mut jars: BTreeMap<String, Vec<Jar>> = BTreeMap::new();
    for entry in entries {
        let stem = stem(&entry.path).filter(|_| entry.kind == EntryKind::File);
        if let Some((name, version)) = stem.map(split) {
            jars.entry(name).or_default().push(Jar {
                version: version.to_owned(),
                digest: entry.digest.clone(),
            });
        }
    }
    for versions in jars.values_mut() {
        versions.sort();
    }
    jars
}

/// Name and version. The version begins at the first hyphen before a digit; what says for which
/// system native code is (`-linux-x86_64`) belongs to the name.
fn split(stem: &str) -> (String, &str) {
    let bytes = stem.as_bytes();
    let begin = (1..bytes.len().saturating_sub(1))
        .find(|&at| bytes[at] == b'-' && bytes[at + 1].is_ascii_digit());
    let Some(begin) = begin else {
        return (stem.to_owned(), "");
    };
    let (name, version) = (&stem[..begin], &stem[begin + 1..]);
    let system = ["-linux", "-osx", "-windows"]
        .into_iter()
        .filter_map(|system| version.find(system))
        .min();
    match system {
        Some(at) => (format!("{name}{}", &version[at..]), &version[..at]),
        None => (name.to_owned(), version),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::compare::entry::samples::file;

    #[test]
    fn names_and_versions_are_told_apart() {
        let table = [
            ("netty-common-4.1.48.Final", "netty-common", "4.1.48.Final"),
            ("slf4j-log4j12-1.7.25", "slf4j-log4j12", "1.7.25"),
            (
                "jetty-http-9.4.24.v20191120",
                "jetty-http",
                "9.4.24.v20191120",
            ),
            ("guava-33.0.0-jre", "guava", "33.0.0-jre"),
            ("zookeeper-3.10.0-SNAPSHOT", "zookeeper", "3.10.0-SNAPSHOT"),
            (
                "netty-transport-native-epoll-4.1.113.Final-linux-x86_64",
                "netty-transport-native-epoll-linux-x86_64",
                "4.1.113.Final",
            ),
            ("simpleclient_common-0.6.0", "simpleclient_common", "0.6.0"),
            ("tools", "tools", ""),
            ("-1", "-1", ""),
            ("a-", "a-", ""),
            ("", "", ""),
            ("\u{e4}-1", "\u{e4}", "1"),
        ];
        for (stem, name, version) in table {
            assert_eq!(split(stem), (name.to_owned(), version), "{stem}");
        }
    }

    #[test]
    fn jars_are_compared_by_name_version_and_bytes() {
        type Files<'a> = &'a [(&'a str, &'a str)];
        let cases: [(Files<'_>, Files<'_>, &[&str]); 6] = [
            (&[("l/a-1.jar", "x")], &[("l/a-1.jar", "x")], &[]),
            (&[("l/a-1.jar", "x")], &[("m/a-1.jar", "x")], &[]),
            (&[("a-1.jar", "x")], &[("a-2.jar", "x")], &["a 1 2"]),
            (&[("a-1.jar", "x")], &[("a-1.jar", "y")], &["a 1 1"]),
            (&[("a-1.jar", "x")], &[("b.jar", "x")], &["a 1 -", "b - "]),
            (
                &[("a-1.jar", "x"), ("a-2.jar", "y")],
                &[("a-2.jar", "y"), ("a-3.jar", "z"), ("a-4.jar", "z")],
                &["a 1 3", "a - 4"],
            ),
        ];
        for (old, new, expected) in cases {
            let entries = |list: Files<'_>| -> Vec<InspectedEntry> {
                list.iter()
                    .map(|(path, content)| file(path, content))
                    .collect()
            };
            let shown: Vec<String> = changes(&entries(old), &entries(new))
                .into_iter()
                .map(|change| {
                    let text = |version: Option<String>| version.unwrap_or("-".to_owned());
                    format!("{} {} {}", change.jar, text(change.old), text(change.new))
                })
                .collect();
            assert_eq!(shown, expected);
        }
    }

    proptest! {
        #[test]
        fn any_name_is_told_apart_and_nothing_is_lost(stem in "[a-z0-9.-]{0,12}(-linux-x)?|.*") {
            let (name, version) = split(&stem);
            prop_assert!(stem.contains(version));
            prop_assert!(stem.len() - (name.len() + version.len()) <= 1);
        }
    }
}
