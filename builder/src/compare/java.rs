//! Java runtimes, as the file `release` in their home describes them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// A Java runtime that differs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct JavaChange {
    /// Its home, without a slash before it; that in the second image where it has moved.
    pub home: String,
    /// `JAVA_VERSION` in the first image; `None` if there is no such runtime.
    pub old: Option<String>,
    /// `JAVA_VERSION` in the second image.
    pub new: Option<String>,
    /// Modules that only the second has.
    pub modules_added: Vec<String>,
    /// Modules that only the first has.
    pub modules_removed: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Runtime {
    version: String,
    modules: BTreeSet<String>,
}

/// Whether a file of an image may be the `release` of a Java runtime.
pub(super) fn is_release(path: &str) -> bool {
    path.ends_with("/release")
}

/// Every runtime that is not in both with the same version and modules. Texts are those of files called
/// `release`, by path; one that names no Java is passed over.
pub(super) fn changes<'a>(
    old: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    new: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> Vec<JavaChange> {
    let (mut old, new) = (runtimes(old), runtimes(new));
    // Another version of Java usually lives in another directory.
    if let ([before], [after]) = (&home_list(&old)[..], &home_list(&new)[..])
        && let Some(runtime) = old.remove(before)
    {
        old.insert(after.clone(), runtime);
    }
    let homes: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    homes
        .into_iter()
        .filter(|home| old.get(*home) != new.get(*home))
        .map(|home| {
            let modules = |runtimes: &BTreeMap<String, Runtime>| {
                (runtimes.get(home)).map_or_else(BTreeSet::new, |runtime| runtime.modules.clone())
            };
            let (before, after) = (modules(&old), modules(&new));
            let version = |runtimes: &BTreeMap<String, Runtime>| {
                runtimes.get(home).map(|runtime| runtime.version.clone())
            };
            JavaChange {
                home: home.clone(),
                old: version(&old),
                new: version(&new),
                modules_added: after.difference(&before).cloned().collect(),
                modules_removed: before.difference(&after).cloned().collect(),
            }
        })
        .collect()
}

fn home_list(runtimes: &BTreeMap<String, Runtime>) -> Vec<String> {
    runtimes.keys().cloned().collect()
}

fn runtimes<'a>(texts: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> BTreeMap<String, Runtime> {
    (texts.into_iter())
        .filter_map(|(path, text)| {
            let home = path.strip_suffix("/release")?;
            Some((home.to_owned(), runtime(std::str::from_utf8(text).ok()?)?))
        })
        .collect()
}

/// Lines `KEY="VALUE"`; modules are separated by blanks.
fn runtime(text: &str) -> Option<Runtime> {
    let value = |key: &str| {
        text.lines()
            .filter_map(|line| line.split_once('='))
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value.trim().trim_matches('"'))
    };
    Some(Runtime {
        version: value("JAVA_VERSION")?.to_owned(),
        modules: (value("MODULES").unwrap_or_default().split_whitespace())
            .map(str::to_owned)
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn runtimes_are_compared_by_version_and_modules() {
        let of = |version: &str, modules: &str| {
            format!("IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"{version}\"\nMODULES=\"{modules}\"\n")
        };
        type Texts<'a> = &'a [(&'a str, String)];
        let cases: [(Texts<'_>, Texts<'_>, &[&str]); 6] = [
            (
                &[("j/21/release", of("21", "a b"))],
                &[("j/21/release", of("21", "b a"))],
                &[],
            ),
            (
                &[("j/21/release", of("21.0.8", "a b"))],
                &[("j/21/release", of("21.0.9", "b c"))],
                &["j/21 21.0.8 21.0.9 +c -a"],
            ),
            (
                &[("j/17/release", of("17", "a"))],
                &[("j/21/release", of("21", "a"))],
                &["j/21 17 21 + -"],
            ),
            (
                &[
                    ("j/17/release", of("17", "a")),
                    ("j/21/release", of("21", "a")),
                ],
                &[("j/21/release", of("21", "a"))],
                &["j/17 17 none + -a"],
            ),
            (&[], &[("j/release", of("21", ""))], &["j none 21 + -"]),
            (&[("etc/release", "NAME=x\n".to_owned())], &[], &[]),
        ];
        for (old, new, expected) in cases {
            let old = old.iter().map(|(path, text)| (*path, text.as_bytes()));
            let new = new.iter().map(|(path, text)| (*path, text.as_bytes()));
            let shown: Vec<String> = changes(old, new)
                .into_iter()
                .map(|change| {
                    let text = |version: Option<String>| version.unwrap_or("none".to_owned());
                    format!(
                        "{} {} {} +{} -{}",
                        change.home,
                        text(change.old),
                        text(change.new),
                        change.modules_added.join(","),
                        change.modules_removed.join(",")
                    )
                })
                .collect();
            assert_eq!(shown, expected);
        }
    }

    proptest! {
        #[test]
        fn any_text_describes_a_runtime_or_none(
            text in "((JAVA_VERSION|MODULES)?=?\"?[a-z. ]{0,5}\"?\n?){0,4}|.*",
        ) {
            let found = runtime(&text);
            prop_assert!(found.is_none() || text.contains("JAVA_VERSION="));
        }
    }
}
