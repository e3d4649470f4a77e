//! What holds on several platforms is said once.

use std::collections::HashMap;
use std::hash::Hash;

use serde::Serialize;

/// A difference, and the platforms on which it is the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held<T> {
    /// `linux/amd64`, …, in the order of the images; empty for what belongs to no platform.
    pub platforms: Vec<String>,
    /// The difference.
    #[serde(flatten)]
    pub what: T,
}

/// Joins the lists of several platforms. Order is that of the first platform; what only later ones have
/// follows.
pub(super) fn merge<T: Clone + Eq + Hash>(lists: Vec<(String, Vec<T>)>) -> Vec<Held<T>> {
    let mut merged: Vec<Held<T>> = Vec::new();
    let mut known: HashMap<T, usize> = HashMap::new();
    for (platform, list) in lists {
        for what in list {
            if let Some(&position) = known.get(&what) {
                let platforms = &mut merged[position].platforms;
                if platforms.last() != Some(&platform) {
                    platforms.push(platform.clone());
                }
            } else {
                known.insert(what.clone(), merged.len());
                merged.push(Held {
                    platforms: vec![platform.clone()],
                    what,
                });
            }
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_differences_are_one_with_all_their_platforms() {
        let merged = merge(vec![
            ("amd64".to_owned(), vec!["b", "a", "a"]),
            ("arm64".to_owned(), vec!["c", "a"]),
        ]);

        let shown: Vec<String> = merged
            .iter()
            .map(|held| format!("{} {}", held.what, held.platforms.join("+")))
            .collect();
        assert_eq!(shown, ["b amd64", "a amd64+arm64", "c arm64"]);
    }
}
