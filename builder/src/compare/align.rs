//! Which platform, and which layer, of one image stands against which of the other.

use std::collections::{BTreeMap, BTreeSet};

use layers::Digest;

/// What `created_by` begins with in the history of an image of ours; the layer's role follows.
const ROLE: &str = "zookiln: ";

/// Two things that stand against each other, or one that stands alone. Positions are those in the lists
/// of the two images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Aligned {
    /// How it is called; different for each of a list.
    pub(super) name: String,
    /// In the first image.
    pub(super) old: Option<usize>,
    /// In the second image.
    pub(super) new: Option<usize>,
}

impl Aligned {
    /// Both positions, if it is in both.
    pub(super) fn both(&self) -> Option<(usize, usize)> {
        self.old.zip(self.new)
    }
}

/// What is known of a layer before it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LayerIdentity {
    /// `created_by` of its history.
    pub(super) created_by: Option<String>,
    /// Of the compressed blob.
    pub(super) digest: Digest,
}

impl LayerIdentity {
    /// `base`, in images of ours.
    fn role(&self) -> Option<&str> {
        self.created_by.as_deref()?.strip_prefix(ROLE)
    }
}

/// Layers by digest, then by role, then by position.
pub(super) fn layers(old: &[LayerIdentity], new: &[LayerIdentity]) -> Vec<Aligned> {
    let mut matched: BTreeMap<usize, usize> = BTreeMap::new();
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    let rules: [fn(&LayerIdentity, &LayerIdentity) -> bool; 3] = [
        |before, after| before == after,
        |before, after| before.digest == after.digest,
        |before, after| before.role().is_some() && before.role() == after.role(),
    ];
    for is_same in rules {
        for (position, before) in old.iter().enumerate() {
            if matched.contains_key(&position) {
                continue;
            }
            let found = (new.iter().enumerate())
                .find(|(other, after)| !taken.contains(other) && is_same(before, after));
            if let Some((other, _)) = found {
                matched.insert(position, other);
                taken.insert(other);
            }
        }
    }
    for position in 0..old.len().min(new.len()) {
        // Two roles are two layers, wherever they stand.
        let has_two_roles = old[position].role().is_some() && new[position].role().is_some();
        if !matched.contains_key(&position) && !taken.contains(&position) && !has_two_roles {
            matched.insert(position, position);
            taken.insert(position);
        }
    }
    let name = |old_position: Option<usize>, new_position: Option<usize>| {
        let role = (new_position.and_then(|at| new[at].role()))
            .or_else(|| old_position.and_then(|at| old[at].role()));
        match role {
            Some(role) => role.to_owned(),
            None => format!("layer {}", old_position.or(new_position).unwrap_or(0) + 1),
        }
    };
    let mut aligned = in_order(&matched, old.len(), new.len());
    for pair in &mut aligned {
        pair.name = name(pair.old, pair.new);
    }
    make_unique(&mut aligned);
    aligned
}

/// Platforms by operating system and architecture; variants count where that alone is ambiguous.
pub(super) fn platforms(old: &[PlatformIdentity], new: &[PlatformIdentity]) -> Vec<Aligned> {
    let repeated = |list: &[PlatformIdentity]| {
        let short: BTreeSet<&str> = list.iter().map(|one| one.name.as_str()).collect();
        short.len() < list.len()
    };
    let with_variant = repeated(old) || repeated(new);
    let names = |list: &[PlatformIdentity]| {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let name = |one: &PlatformIdentity| {
            let name = match &one.variant {
                Some(variant) if with_variant => format!("{}/{variant}", one.name),
                _ => one.name.clone(),
            };
            let count = seen.entry(name.clone()).or_default();
            *count += 1;
            match *count {
                1 => name,
                count => format!("{name} ({count})"),
            }
        };
        list.iter().map(name).collect::<Vec<_>>()
    };
    let (old_names, new_names) = (names(old), names(new));
    let matched = (old_names.iter().enumerate())
        .filter_map(|(position, name)| {
            let other = new_names.iter().position(|other| other == name)?;
            Some((position, other))
        })
        .collect();
    let mut aligned = in_order(&matched, old.len(), new.len());
    for pair in &mut aligned {
        let name = (pair.old.map(|at| &old_names[at])).or(pair.new.map(|at| &new_names[at]));
        pair.name = name.cloned().unwrap_or_default();
    }
    aligned
}

/// A platform as its descriptor names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlatformIdentity {
    /// `linux/arm64`
    pub(super) name: String,
    /// `v8`
    pub(super) variant: Option<String>,
}

/// The names of those that are in both, in the order of either image, if the orders differ.
pub(super) fn orders(aligned: &[Aligned]) -> Option<(Vec<String>, Vec<String>)> {
    let mut both: Vec<(usize, usize, &str)> = (aligned.iter())
        .filter_map(|pair| Some((pair.old?, pair.new?, pair.name.as_str())))
        .collect();
    let names = |pairs: &[(usize, usize, &str)]| -> Vec<String> {
        pairs
            .iter()
            .map(|(_, _, name)| (*name).to_owned())
            .collect()
    };
    both.sort_by_key(|(old, ..)| *old);
    let old = names(&both);
    both.sort_by_key(|(_, new, _)| *new);
    let new = names(&both);
    (old != new).then_some((old, new))
}

/// All positions of both lists, without names: in the order of the second list; what is only in the first
/// follows what it followed there.
fn in_order(matched: &BTreeMap<usize, usize>, old: usize, new: usize) -> Vec<Aligned> {
    let backwards: BTreeMap<usize, usize> = matched.iter().map(|(old, new)| (*new, *old)).collect();
    let mut aligned: Vec<Aligned> = (0..new)
        .map(|position| Aligned {
            name: String::new(),
            old: backwards.get(&position).copied(),
            new: Some(position),
        })
        .collect();
    for position in (0..old).filter(|position| !matched.contains_key(position)) {
        let after = position
            .checked_sub(1)
            .and_then(|before| aligned.iter().position(|pair| pair.old == Some(before)));
        let alone = Aligned {
            name: String::new(),
            old: Some(position),
            new: None,
        };
        aligned.insert(after.map_or(0, |after| after + 1), alone);
    }
    aligned
}

fn make_unique(aligned: &mut [Aligned]) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for pair in aligned {
        let count = seen.entry(pair.name.clone()).or_default();
        *count += 1;
        if *count > 1 {
            pair.name = format!("{} ({count})", pair.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `base=1`: a role and a content; `=1` has no role.
    fn identities(text: &str) -> Vec<LayerIdentity> {
        text.split_whitespace()
            .map(|word| {
                let (role, content) = word.split_once('=').unwrap();
                LayerIdentity {
                    created_by: match role {
                        "" => None,
                        role => Some(format!("{ROLE}{role}")),
                    },
                    digest: Digest::sha256_of(content.as_bytes()),
                }
            })
            .collect()
    }

    fn shown(aligned: &[Aligned]) -> String {
        let position = |at: Option<usize>| at.map_or("-".to_owned(), |at| at.to_string());
        (aligned.iter())
            .map(|pair| format!("{}:{}{}", pair.name, position(pair.old), position(pair.new)))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn layers_stand_against_their_like() {
        let cases = [
            ("base=1 java=2", "base=1 java=3", "base:00 java:11"),
            (
                "base=1 shell=2 own=3",
                "base=1 own=3",
                "base:00 shell:1- own:21",
            ),
            (
                "base=1 own=3",
                "base=1 shell=2 own=3",
                "base:00 shell:-1 own:12",
            ),
            ("base=1 java=2", "java=2 base=1", "java:10 base:01"),
            ("base=1", "other=1", "other:00"),
            ("base=1", "other=2", "base:0- other:-0"),
            (
                "=1 =2 =3",
                "=9 =1 =2 =4",
                "layer 1:-0 layer 1 (2):01 layer 2:12 layer 3:2- layer 4:-3",
            ),
            ("=1 =2", "=1 =3", "layer 1:00 layer 2:11"),
            ("=1", "base=2", "base:00"),
            ("base=1 base=2", "base=3 base=2", "base:00 base (2):11"),
            ("=1 =1", "=1", "layer 1:00 layer 2:1-"),
            ("", "=1", "layer 1:-0"),
        ];
        for (old, new, expected) in cases {
            let aligned = layers(&identities(old), &identities(new));
            assert_eq!(shown(&aligned), expected, "{old} / {new}");
        }
    }

    #[test]
    fn platforms_stand_against_their_like() {
        let of = |text: &str| -> Vec<PlatformIdentity> {
            text.split_whitespace()
                .map(|word| match word.split_once('/') {
                    Some((name, variant)) => PlatformIdentity {
                        name: name.to_owned(),
                        variant: Some(variant.to_owned()),
                    },
                    None => PlatformIdentity {
                        name: word.to_owned(),
                        variant: None,
                    },
                })
                .collect()
        };
        let cases = [
            ("amd64 arm64/v8", "arm64 amd64", "arm64:10 amd64:01"),
            ("amd64 arm64/v8", "arm64/v8", "amd64:0- arm64:10"),
            ("arm/v6 arm/v7", "arm/v7", "arm/v6:0- arm/v7:10"),
            ("x x", "x", "x:00 x (2):1-"),
        ];
        for (old, new, expected) in cases {
            let aligned = platforms(&of(old), &of(new));
            assert_eq!(shown(&aligned), expected, "{old} / {new}");
        }
    }

    #[test]
    fn another_order_is_seen_beside_what_came_and_went() {
        let cases = [
            ("a=1 b=2 c=3", "a=1 c=3", None),
            ("a=1 b=2", "b=2 a=1", Some("a b / b a")),
            ("a=1 b=2 c=3", "c=3 x=4 a=1", Some("a c / c a")),
        ];
        for (old, new, expected) in cases {
            let orders = orders(&layers(&identities(old), &identities(new)));
            let shown = orders.map(|(old, new)| format!("{} / {}", old.join(" "), new.join(" ")));
            assert_eq!(shown.as_deref(), expected, "{old} / {new}");
        }
    }

    proptest! {
        #[test]
        fn every_layer_stands_once_and_has_a_name_of_its_own(
            old in prop::collection::vec("[abc]?=[123]", 0..6),
            new in prop::collection::vec("[abc]?=[123]", 0..6),
        ) {
            let (old, new) = (identities(&old.join(" ")), identities(&new.join(" ")));
            let aligned = layers(&old, &new);
            let all = |side: fn(&Aligned) -> Option<usize>| {
                let mut all: Vec<usize> = aligned.iter().filter_map(side).collect();
                all.sort_unstable();
                all
            };
            prop_assert_eq!(all(|pair| pair.old), (0..old.len()).collect::<Vec<_>>());
            prop_assert_eq!(all(|pair| pair.new), (0..new.len()).collect::<Vec<_>>());
            let names: BTreeSet<&String> = aligned.iter().map(|pair| &pair.name).collect();
            prop_assert_eq!(names.len(), aligned.len());
        }
    }
}
