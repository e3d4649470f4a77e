//! What stops the resolver, told with the way to it.
//!
//! "`libx`: not found" helps nobody who asked for `openjdk`; so every error about a relation carries
//! the chain of packages that leads there, and a hint at what could be done.

use std::fmt;

use super::super::name::PackageName;
use super::super::relationship::RelationshipError;

/// The way from a root to a package: each depends on the next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain(pub Vec<PackageName>);

/// Why there is no closed set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// No package, real or virtual, answers the relation.
    #[error("{chain}`{wanted}`: not found in {suites}")]
    NotFound {
        /// Who asks.
        chain: Chain,
        /// The relation, or all alternatives.
        wanted: String,
        /// The suites that were searched.
        suites: String,
    },
    /// Packages of that name exist, but in versions that do not fit.
    #[error("{chain}`{wanted}`: only {available} found in {suites}")]
    Version {
        /// Who asks.
        chain: Chain,
        /// The relation, or all alternatives.
        wanted: String,
        /// What is there instead.
        available: String,
        /// The suites that were searched.
        suites: String,
    },
    /// The chosen version of a package does not fit what a later dependent asks for.
    #[error("{chain}`{wanted}`: version {chosen} was chosen before, for {chosen_for}")]
    Clash {
        /// Who asks.
        chain: Chain,
        /// The relation, or all alternatives.
        wanted: String,
        /// The version that was chosen.
        chosen: String,
        /// The way to the dependent it was chosen for.
        chosen_for: String,
    },
    /// Several packages provide the name.
    #[error("{chain}`{wanted}`: provided by {}", join(.candidates))]
    Ambiguous {
        /// Who asks.
        chain: Chain,
        /// The relation.
        wanted: String,
        /// The packages that provide it.
        candidates: Vec<PackageName>,
    },
    /// The catalog chose a package that does not answer the relation.
    #[error("{chain}`{wanted}`: the choice `{choice}` is not in {suites} or does not provide it")]
    Choice {
        /// Who asks.
        chain: Chain,
        /// The relation.
        wanted: String,
        /// The package that was chosen.
        choice: PackageName,
        /// The suites that were searched.
        suites: String,
    },
    /// A package is a root and unwanted.
    #[error("`{0}` is asked for and unwanted at once")]
    UnwantedRoot(PackageName),
    /// Two of the chosen exclude each other.
    #[error("`{package}` cannot be installed with `{other}`: it says `{relation}`")]
    Excluded {
        /// The one with `Conflicts` or `Breaks`.
        package: PackageName,
        /// The one it means.
        other: PackageName,
        /// What it says.
        relation: String,
    },
    /// A chosen package has a relationship field that cannot be read.
    #[error("relationships of `{package}` {version} cannot be read")]
    Relationship {
        /// The package.
        package: PackageName,
        /// Its version.
        version: String,
        /// What is wrong with the field.
        source: RelationshipError,
    },
}

impl ResolveError {
    /// The next action, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound { chain, .. } if chain.0.is_empty() => {
                Some("check the spelling, and that the suite and component have it".to_owned())
            }
            Self::NotFound { wanted, .. } => Some(format!(
                "if the image can do without, add `{wanted}` to the catalog's `unwanted`"
            )),
            Self::Version { .. } => {
                Some("the suites may be of different ages; update them together".to_owned())
            }
            Self::Clash { .. } => Some("ask for one of the two packages only".to_owned()),
            Self::Ambiguous {
                candidates, wanted, ..
            } => candidates
                .first()
                .map(|first| {
                    // What stands in brackets is the version.
                    let name = wanted.split(' ').next().unwrap_or(wanted);
                    format!("choose one in the catalog's table `choices`, for example `{name} = \"{first}\"`")
                }),
            Self::Choice { wanted, .. } => Some(format!("correct `{wanted}` in the catalog's table `choices`")),
            Self::UnwantedRoot(_) | Self::Excluded { .. } => {
                Some("remove one of the two".to_owned())
            }
            Self::Relationship { .. } => None,
        }
    }
}

fn join(names: &[PackageName]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

impl fmt::Display for Chain {
    /// Every name with an arrow after it, so that what is asked for can follow; nothing for a root.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|name| write!(formatter, "`{name}` → "))
    }
}
