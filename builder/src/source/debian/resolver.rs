//! The closed set of packages that an image needs.
//!
//! From a few roots the resolver follows `Pre-Depends` and `Depends` until nothing is missing, then
//! checks that no two of the chosen exclude each other. It is no general solver: it never goes back
//! on a choice, since the sets are tiny and a person reads the plan. The same inputs give the same
//! set, in order of name.
//!
//! The rules, in this order, for each group of alternatives:
//! 1. A relation that a chosen package answers is met. Roots are chosen first, so that naming a
//!    package beats any preference of its dependents.
//! 2. Otherwise the first alternative that can be had is taken. If it is an *unwanted* one, the group
//!    counts as met and nothing is added: the image does without, and neither gets what Debian
//!    offers in its stead.
//! 3. A name means: the package that the catalog chose for it; else the newest real package that
//!    fits; else the only one that provides it. Several providers without a choice are refused, for
//!    Debian's own answer (a preference among them) changes with the archive.
//!
//! `Recommends` and `Suggests` never count.

mod error;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::name::PackageName;
use super::package::Package;
use super::packages::PackageIndex;
use super::relationship::{Alternatives, Relation, RelationshipError};

pub use error::{Chain, ResolveError};

/// What to resolve.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The packages to begin with.
    pub roots: BTreeSet<PackageName>,
    /// Names of dependencies that the image does without.
    pub unwanted: BTreeSet<PackageName>,
    /// Which package answers a name that several provide.
    pub choices: BTreeMap<PackageName, PackageName>,
}

/// The answer to a [`Request`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closure<'index> {
    /// The packages, by name.
    pub packages: Vec<&'index Package>,
    /// Each unwanted name that was met, with the packages on the way to the one that asks for it.
    /// An unwanted name that is not here does nothing in this request.
    pub left_out: BTreeMap<PackageName, Chain>,
}

/// Finds the closed set for a request.
///
/// # Errors
/// The first relation that cannot be met, with the way to it.
pub fn resolve<'index>(
    index: &'index PackageIndex,
    request: &Request,
) -> Result<Closure<'index>, ResolveError> {
    let mut resolution = Resolution {
        index,
        request,
        chosen: BTreeMap::new(),
        left_out: BTreeMap::new(),
        queue: VecDeque::new(),
    };
    for root in &request.roots {
        if request.unwanted.contains(root) {
            return Err(ResolveError::UnwantedRoot(root.clone()));
        }
        let group = Alternatives(vec![Relation::to(root.clone())]);
        resolution.meet(&group, None)?;
    }
    // Breadth first: what a root needs itself is chosen before what its dependencies need.
    while let Some(package) = resolution.queue.pop_front() {
        let groups = package
            .dependencies()
            .map_err(|source| unreadable(package, source))?;
        for group in &groups {
            resolution.meet(group, Some(&package.name))?;
        }
    }
    let packages: Vec<&Package> = resolution
        .chosen
        .into_values()
        .map(|choice| choice.package)
        .collect();
    check_exclusions(&packages)?;
    Ok(Closure {
        packages,
        left_out: resolution.left_out,
    })
}

/// The state of a run.
struct Resolution<'index, 'request> {
    index: &'index PackageIndex,
    request: &'request Request,
    chosen: BTreeMap<PackageName, Choice<'index>>,
    left_out: BTreeMap<PackageName, Chain>,
    /// The chosen packages whose dependencies have not been looked at.
    queue: VecDeque<&'index Package>,
}

struct Choice<'index> {
    package: &'index Package,
    /// The package that asked for it first; `None` for a root.
    dependent: Option<PackageName>,
}

/// What can be said of one alternative.
enum Answer<'index> {
    Take(&'index Package),
    LeaveOut(PackageName),
    Nothing,
}

impl<'index> Resolution<'index, '_> {
    /// Meets a group, by what is chosen or by adding a package.
    fn meet(
        &mut self,
        group: &Alternatives,
        dependent: Option<&PackageName>,
    ) -> Result<(), ResolveError> {
        let met = |relation| {
            self.chosen
                .values()
                .any(|choice| self.answers(choice.package, relation))
        };
        if group.0.iter().any(met) {
            return Ok(());
        }
        for relation in &group.0 {
            match self.find(relation, dependent)? {
                Answer::Nothing => {}
                Answer::LeaveOut(name) => {
                    let chain = self.chain(dependent);
                    self.left_out.entry(name).or_insert(chain);
                    return Ok(());
                }
                Answer::Take(package) => {
                    let choice = Choice {
                        package,
                        dependent: dependent.cloned(),
                    };
                    self.chosen.insert(package.name.clone(), choice);
                    self.queue.push_back(package);
                    return Ok(());
                }
            }
        }
        Err(self.missing(group, dependent))
    }

    /// Looks for a package that answers the relation and is not chosen in another version.
    fn find(
        &self,
        relation: &Relation,
        dependent: Option<&PackageName>,
    ) -> Result<Answer<'index>, ResolveError> {
        if self.request.unwanted.contains(&relation.name) {
            return Ok(Answer::LeaveOut(relation.name.clone()));
        }
        if let Some(choice) = self.request.choices.get(&relation.name) {
            let mut candidates = self.index.candidates(choice.as_str());
            return match candidates.find(|package| self.answers(package, relation)) {
                Some(package) => Ok(self.offer(package)),
                None => Err(ResolveError::Choice {
                    chain: self.chain(dependent),
                    wanted: relation.to_string(),
                    choice: choice.clone(),
                    suites: self.suites(),
                }),
            };
        }
        let mut real = self.index.candidates(relation.name.as_str());
        if let Some(package) = real.find(|package| self.answers(package, relation)) {
            return Ok(self.offer(package));
        }
        let mut providers = self.index.providers(relation.name.as_str());
        providers.retain(|package| self.answers(package, relation));
        match providers[..] {
            [] => Ok(Answer::Nothing),
            [package] => Ok(self.offer(package)),
            _ => Err(ResolveError::Ambiguous {
                chain: self.chain(dependent),
                wanted: relation.to_string(),
                candidates: providers
                    .iter()
                    .map(|package| package.name.clone())
                    .collect(),
            }),
        }
    }

    /// A package that would do. It cannot be taken when another version of it is chosen: were it the
    /// chosen one, the relation would have been met.
    fn offer(&self, package: &'index Package) -> Answer<'index> {
        if self.request.unwanted.contains(&package.name) {
            Answer::LeaveOut(package.name.clone())
        } else if self.chosen.contains_key(&package.name) {
            Answer::Nothing
        } else {
            Answer::Take(package)
        }
    }

    fn answers(&self, package: &Package, relation: &Relation) -> bool {
        relation.admits_architecture(self.index.architecture()) && matches(package, relation)
    }

    /// The error for a group of which no alternative can be had.
    fn missing(&self, group: &Alternatives, dependent: Option<&PackageName>) -> ResolveError {
        let (chain, wanted, suites) = (self.chain(dependent), group.to_string(), self.suites());
        let chosen = group
            .0
            .iter()
            .find_map(|relation| self.chosen.get(&relation.name));
        if let Some(choice) = chosen {
            let chosen_for = match &choice.dependent {
                None => "the request itself".to_owned(),
                Some(name) => format!("`{name}`"),
            };
            let chosen = choice.package.version.to_string();
            return ResolveError::Clash {
                chain,
                wanted,
                chosen,
                chosen_for,
            };
        }
        let mut available: Vec<String> = Vec::new();
        for relation in &group.0 {
            for package in self.index.candidates(relation.name.as_str()) {
                let text = format!("`{}` {}", package.name, package.version);
                if !available.contains(&text) {
                    available.push(text);
                }
            }
        }
        if available.is_empty() {
            ResolveError::NotFound {
                chain,
                wanted,
                suites,
            }
        } else {
            ResolveError::Version {
                chain,
                wanted,
                available: available.join(", "),
                suites,
            }
        }
    }

    /// The way from a root to this package.
    fn chain(&self, dependent: Option<&PackageName>) -> Chain {
        let mut names = Vec::new();
        let mut next = dependent;
        while let Some(name) = next {
            names.push(name.clone());
            next = self
                .chosen
                .get(name)
                .and_then(|choice| choice.dependent.as_ref());
        }
        names.reverse();
        Chain(names)
    }

    fn suites(&self) -> String {
        let suites: Vec<String> = self
            .index
            .suites()
            .map(|suite| format!("`{suite}`"))
            .collect();
        if suites.is_empty() {
            "no suite".to_owned()
        } else {
            suites.join(", ")
        }
    }
}

/// Whether a package is or provides what the relation asks for.
fn matches(package: &Package, relation: &Relation) -> bool {
    let real = package.name == relation.name && relation.admits(&package.version);
    real || package.provides.iter().any(|provided| {
        provided.name == relation.name
            && relation.admits_provided(provided.constraint.as_ref().map(|it| &it.version))
    })
}

/// Checks `Conflicts` and `Breaks` among the chosen. A package may exclude a name that it provides
/// itself: that is how Debian says "only one of these" (Policy §7.6.2).
fn check_exclusions(packages: &[&Package]) -> Result<(), ResolveError> {
    for package in packages {
        let exclusions = package
            .exclusions()
            .map_err(|source| unreadable(package, source))?;
        for relation in &exclusions {
            let other = packages
                .iter()
                .find(|other| other.name != package.name && matches(other, relation));
            if let Some(other) = other {
                return Err(ResolveError::Excluded {
                    package: package.name.clone(),
                    other: other.name.clone(),
                    relation: relation.to_string(),
                });
            }
        }
    }
    Ok(())
}

fn unreadable(package: &Package, source: RelationshipError) -> ResolveError {
    ResolveError::Relationship {
        package: package.name.clone(),
        version: package.version.to_string(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An index from lines such as `bash 5.2 Depends: libc6 (>= 2); Provides: shell`.
    fn index(lines: &[&str]) -> PackageIndex {
        let mut text = String::new();
        for line in lines {
            let mut words = line.splitn(3, ' ');
            let (name, version) = (words.next().unwrap(), words.next().unwrap());
            let fields = words.next().unwrap_or_default().replace("; ", "\n");
            let sum = "0".repeat(64);
            text += &format!(
                "Package: {name}\nVersion: {version}\nArchitecture: all\nFilename: {name}.deb\nSize: 1\nSHA256: {sum}\n{fields}\n\n"
            );
        }
        let mut index = PackageIndex::new("amd64");
        index.add("trixie", text.as_bytes()).unwrap();
        index
    }

    fn names(text: &str) -> BTreeSet<PackageName> {
        text.split_whitespace()
            .map(|name| name.parse().unwrap())
            .collect()
    }

    fn request(roots: &str, unwanted: &str, choices: &[(&str, &str)]) -> Request {
        Request {
            roots: names(roots),
            unwanted: names(unwanted),
            choices: choices
                .iter()
                .map(|(a, b)| (a.parse().unwrap(), b.parse().unwrap()))
                .collect(),
        }
    }

    /// `name=version` for each package, or the error.
    fn outcome(index: &PackageIndex, request: &Request) -> String {
        match resolve(index, request) {
            Err(error) => error.to_string(),
            Ok(closure) => {
                let pairs = closure
                    .packages
                    .iter()
                    .map(|p| format!("{}={}", p.name, p.version));
                pairs.collect::<Vec<_>>().join(" ")
            }
        }
    }

    #[test]
    fn follows_the_rules() {
        let archive = index(&[
            "app 1 Depends: lib (>= 2), tool | other-tool; Pre-Depends: base",
            "lib 1",
            "lib 2 Depends: app",
            "lib 3 Depends: app",
            "base 1 Recommends: nothing-there",
            "tool 1",
            "other-tool 1",
            "old 1 Depends: lib (<< 3)",
            "mawk 1 Provides: awk",
            "gawk 2 Provides: awk (= 5), gawk-api",
            "needs-awk 1 Depends: awk",
            "needs-awk5 1 Depends: awk (>= 5)",
            "needs-api 1 Depends: gawk-api:any",
            "needs-gone 1 Depends: gone | awk",
            "needs-new 1 Depends: lib (>= 9) | gone",
            "deep 1 Depends: deeper",
            "deeper 1 Depends: needs-new",
            "foreign 1 Depends: tool:i386",
            "foreign-or 1 Depends: tool:i386 | tool:amd64",
            "bomb 1 Depends: a1 (> 2)",
            "hater 1 Conflicts: awk; Provides: awk",
            "breaker 1 Breaks: lib (<< 3)",
        ]);
        let none: &[(&str, &str)] = &[];
        let table = [
            // A cycle, versions, the first alternative, Pre-Depends, no Recommends.
            ("app", "", none, "app=1 base=1 lib=3 tool=1"),
            // A root beats the order of alternatives.
            (
                "app other-tool",
                "",
                none,
                "app=1 base=1 lib=3 other-tool=1",
            ),
            // An unwanted first alternative brings nothing in its stead.
            ("app", "tool base", none, "app=1 lib=3"),
            ("app", "tool base lib", none, "app=1"),
            // Roots come in order of name, so that `lib` is already 3 when `old` is looked at.
            (
                "lib old",
                "base tool",
                none,
                "`old` → `lib (<< 3)`: version 3 was chosen before, for the request itself",
            ),
            ("old", "app", none, "lib=2 old=1"),
            // Provides.
            ("needs-api", "", none, "gawk=2 needs-api=1"),
            ("needs-awk5", "", none, "gawk=2 needs-awk5=1"),
            (
                "needs-awk",
                "",
                none,
                "`needs-awk` → `awk`: provided by `gawk`, `hater`, `mawk`",
            ),
            ("needs-awk", "", &[("awk", "mawk")], "mawk=1 needs-awk=1"),
            (
                "needs-awk5",
                "",
                &[("awk", "mawk")],
                "`needs-awk5` → `awk (>= 5)`: the choice `mawk` is not in `trixie` or does not provide it",
            ),
            (
                "needs-awk",
                "",
                &[("awk", "nawk")],
                "`needs-awk` → `awk`: the choice `nawk` is not in `trixie` or does not provide it",
            ),
            ("needs-awk mawk", "", none, "mawk=1 needs-awk=1"),
            ("needs-awk", "awk", none, "needs-awk=1"),
            ("needs-api", "gawk", none, "needs-api=1"),
            ("awk", "", &[("awk", "gawk")], "gawk=2"),
            // Architectures.
            (
                "foreign",
                "",
                none,
                "`foreign` → `tool:i386`: only `tool` 1 found in `trixie`",
            ),
            ("foreign-or", "", none, "foreign-or=1 tool=1"),
            // What is not there.
            ("nothing", "", none, "`nothing`: not found in `trixie`"),
            ("needs-gone", "", &[("awk", "mawk")], "mawk=1 needs-gone=1"),
            (
                "deep",
                "",
                none,
                "`deep` → `deeper` → `needs-new` → `lib (>= 9) | gone`: only `lib` 3, `lib` 2, `lib` 1 found in `trixie`",
            ),
            (
                "app",
                "app",
                none,
                "`app` is asked for and unwanted at once",
            ),
            ("bomb", "", none, "relationships of `bomb` 1 cannot be read"),
            // Exclusions.
            ("hater", "", none, "hater=1"),
            (
                "hater mawk",
                "",
                none,
                "`hater` cannot be installed with `mawk`: it says `awk`",
            ),
            ("breaker lib", "app", none, "breaker=1 lib=3"),
            (
                "breaker old",
                "app",
                none,
                "`breaker` cannot be installed with `lib`: it says `lib (<< 3)`",
            ),
        ];
        for (roots, unwanted, choices, expected) in table {
            let request = request(roots, unwanted, choices);
            assert_eq!(
                outcome(&archive, &request),
                expected,
                "{roots} without {unwanted}"
            );
        }
    }

    #[test]
    fn tells_what_was_left_out_and_for_whom() {
        let archive = index(&[
            "app 1 Depends: lib",
            "lib 1 Depends: data | cache",
            "cache 1",
        ]);
        let closure_of = request("app", "data unused", &[]);
        let closure = resolve(&archive, &closure_of).unwrap();
        let left_out: Vec<String> = closure
            .left_out
            .iter()
            .map(|(name, chain)| format!("{chain}`{name}`"))
            .collect();
        assert_eq!(left_out, ["`app` → `lib` → `data`"]);
    }

    #[test]
    fn hints_at_the_next_action() {
        let archive = index(&[
            "app 1 Depends: gone",
            "mawk 1 Provides: awk",
            "gawk 1 Provides: awk",
        ]);
        let table = [
            (
                "ap",
                "check the spelling, and that the suite and component have it",
            ),
            (
                "app",
                "if the image can do without, add `gone` to the catalog's `unwanted`",
            ),
            (
                "awk",
                "choose one in the catalog's table `choices`, for example `awk = \"gawk\"`",
            ),
        ];
        for (root, hint) in table {
            let error = resolve(&archive, &request(root, "", &[])).unwrap_err();
            assert_eq!(error.hint().as_deref(), Some(hint), "{root}");
        }
    }

    proptest! {
        /// Whatever the archive, the answer comes, is closed, and does not hang on the order in
        /// which the index lists its packages.
        #[test]
        fn is_closed_and_independent_of_the_order_of_the_index(
            lines in proptest::collection::vec(
                "p[a-e] [1-3] Depends: p[a-e]( \\(>= [1-3]\\))?( \\| p[a-e])?, p[a-e]; Provides: p[a-e]; Breaks: p[a-e] \\(<< 2\\)",
                1..8,
            ),
        ) {
            let mut lines = lines;
            lines.sort();
            lines.dedup_by_key(|line| line[..4].to_owned());
            let forward: Vec<&str> = lines.iter().map(String::as_str).collect();
            let backward: Vec<&str> = forward.iter().rev().copied().collect();
            let request = request("pa", "", &[]);
            let archive = index(&forward);
            prop_assert_eq!(outcome(&archive, &request), outcome(&index(&backward), &request));
            if let Ok(closure) = resolve(&archive, &request) {
                for package in &closure.packages {
                    for group in package.dependencies().unwrap() {
                        let met = |relation| closure.packages.iter().any(|p| matches(p, relation));
                        prop_assert!(group.0.iter().any(met), "{} of {}", group, package.name);
                    }
                }
            }
        }
    }
}
