//! Relationships between packages: the syntax of `Depends`, `Provides`, `Conflicts` and their kin.
//!
//! `libc6 (>= 2.38), debconf | debconf-2.0, perl:any` is a list of groups, each a list of
//! alternatives (Debian Policy §7.1). This module knows the syntax and what a constraint means;
//! which package answers a relation is the resolver's business.
//!
//! Refused: architecture lists (`[amd64]`) and build profiles (`<!nocheck>`), which exist in source
//! packages only; the operators `<` and `>`, which `dpkg` reads as `<=` and `>=` and Policy forbids,
//! so that a guess could be the wrong one; alternatives where Policy has none.

use std::fmt;

use super::name::{NameError, PackageName};
use super::version::{DebianVersion, VersionError};

/// How a candidate's version has to relate to the one in the relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `<<`
    Earlier,
    /// `<=`
    EarlierOrEqual,
    /// `=`
    Equal,
    /// `>=`
    LaterOrEqual,
    /// `>>`
    Later,
}

/// An operator and the version it compares with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// How the candidate's version has to relate to `version`.
    pub operator: Operator,
    /// The right side of the comparison.
    pub version: DebianVersion,
}

/// What follows the name after a colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Qualifier {
    /// `:any`: a package of any architecture will do, if it is `Multi-Arch: allowed`.
    Any,
    /// `:native`: the architecture of the build machine.
    Native,
    /// A named architecture, such as `:i386`.
    Architecture(String),
}

/// One name with what is asked of it, such as `libc6 (>= 2.38)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// The real or virtual package.
    pub name: PackageName,
    /// The architecture, when it is named.
    pub qualifier: Option<Qualifier>,
    /// The versions that will do; all when there is none.
    pub constraint: Option<Constraint>,
}

/// A group of relations of which one has to hold, in the order of preference; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternatives(pub Vec<Relation>);

/// Why a text is not a list of relationships.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelationshipError {
    /// Nothing between two commas or bars.
    #[error("empty relation in `{0}`")]
    Empty(String),
    /// The name is none.
    #[error("relation `{relation}` has no valid name")]
    Name {
        /// The relation as written.
        relation: String,
        /// What is wrong with the name.
        source: NameError,
    },
    /// The architecture after the colon is none.
    #[error("relation `{0}` has no valid architecture after the colon")]
    Qualifier(String),
    /// The part in parentheses is not operator and version.
    #[error("relation `{0}` has no operator out of `<<`, `<=`, `=`, `>=`, `>>` in its parentheses")]
    Operator(String),
    /// The version in the parentheses is none.
    #[error("relation `{relation}` has no valid version")]
    Version {
        /// The relation as written.
        relation: String,
        /// What is wrong with the version.
        source: VersionError,
    },
    /// `[…]` or `<…>`.
    #[error(
        "relation `{0}` is restricted to architectures or build profiles, which only source packages can be"
    )]
    Restricted(String),
    /// Something follows the closing parenthesis, or it is missing.
    #[error("relation `{0}` does not end after the version")]
    Unfinished(String),
    /// `|` in a field that has no alternatives.
    #[error("`{0}` names alternatives in a field that cannot have any")]
    Alternatives(String),
}

impl Operator {
    /// Whether `candidate` relates to `bound` as the operator asks.
    pub fn holds(self, candidate: &DebianVersion, bound: &DebianVersion) -> bool {
        let order = candidate.cmp(bound);
        match self {
            Self::Earlier => order.is_lt(),
            Self::EarlierOrEqual => order.is_le(),
            Self::Equal => order.is_eq(),
            Self::LaterOrEqual => order.is_ge(),
            Self::Later => order.is_gt(),
        }
    }
}

impl Relation {
    /// A relation to any version of a package.
    pub fn to(name: PackageName) -> Self {
        Self {
            name,
            qualifier: None,
            constraint: None,
        }
    }

    /// Whether a package of this version will do.
    pub fn admits(&self, version: &DebianVersion) -> bool {
        self.constraint
            .as_ref()
            .is_none_or(|it| it.operator.holds(version, &it.version))
    }

    /// Whether a `Provides` of the same name will do. One without a version answers only relations
    /// without a constraint (Debian Policy §7.5).
    pub fn admits_provided(&self, version: Option<&DebianVersion>) -> bool {
        match version {
            Some(version) => self.admits(version),
            None => self.constraint.is_none(),
        }
    }

    /// Whether packages of this architecture, or of `all`, can answer. In an image of a single
    /// architecture `:any` and `:native` ask for nothing more.
    pub fn admits_architecture(&self, architecture: &str) -> bool {
        match &self.qualifier {
            Some(Qualifier::Architecture(named)) => named == architecture,
            None | Some(Qualifier::Any | Qualifier::Native) => true,
        }
    }
}

/// Parses a field whose groups can have alternatives: `Depends`, `Pre-Depends`.
///
/// # Errors
/// The first offence, with the relation it stands in.
pub fn parse_dependencies(text: &str) -> Result<Vec<Alternatives>, RelationshipError> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    text.split(',')
        .map(|group| {
            let relations: Result<_, _> = group
                .split('|')
                .map(|relation| parse_relation(relation, text))
                .collect();
            relations.map(Alternatives)
        })
        .collect()
}

/// Parses a field without alternatives: `Provides`, `Conflicts`, `Breaks`.
///
/// # Errors
/// The first offence, with the relation it stands in.
pub fn parse_relations(text: &str) -> Result<Vec<Relation>, RelationshipError> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    text.split(',')
        .map(|item| match item.contains('|') {
            true => Err(RelationshipError::Alternatives(quote(item))),
            false => parse_relation(item, text),
        })
        .collect()
}

/// Parses one relation of a field, such as `libc6:any (>= 2.38)`.
fn parse_relation(text: &str, field: &str) -> Result<Relation, RelationshipError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(RelationshipError::Empty(quote(field)));
    }
    // `(` first: `<` and `>` are at home in the parentheses.
    let (head, parenthesis) = match text.split_once('(') {
        Some((head, rest)) => (head.trim_end(), Some(rest)),
        None => (text, None),
    };
    if head.contains(['[', '<']) {
        return Err(RelationshipError::Restricted(quote(text)));
    }
    let (name, qualifier) = match head.split_once(':') {
        None => (head, None),
        Some((name, qualifier)) => (name, Some(parse_qualifier(qualifier, text)?)),
    };
    let name = name.parse().map_err(|source| RelationshipError::Name {
        relation: quote(text),
        source,
    })?;
    let constraint = parenthesis
        .map(|rest| parse_constraint(rest, text))
        .transpose()?;
    Ok(Relation {
        name,
        qualifier,
        constraint,
    })
}

fn parse_qualifier(qualifier: &str, relation: &str) -> Result<Qualifier, RelationshipError> {
    match qualifier {
        "any" => Ok(Qualifier::Any),
        "native" => Ok(Qualifier::Native),
        _ => {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            let valid = qualifier.bytes().next().is_some_and(plain)
                && qualifier.bytes().all(|byte| plain(byte) || byte == b'-');
            match valid {
                true => Ok(Qualifier::Architecture(qualifier.to_owned())),
                false => Err(RelationshipError::Qualifier(quote(relation))),
            }
        }
    }
}

/// Parses what follows the opening parenthesis.
fn parse_constraint(rest: &str, relation: &str) -> Result<Constraint, RelationshipError> {
    let unfinished = || RelationshipError::Unfinished(quote(relation));
    let (inside, after) = rest.split_once(')').ok_or_else(unfinished)?;
    match after.trim_start().chars().next() {
        None => {}
        Some('[' | '<') => return Err(RelationshipError::Restricted(quote(relation))),
        Some(_) => return Err(unfinished()),
    }
    let inside = inside.trim();
    let operators = [
        ("<<", Operator::Earlier),
        ("<=", Operator::EarlierOrEqual),
        (">=", Operator::LaterOrEqual),
        (">>", Operator::Later),
        ("=", Operator::Equal),
    ];
    let (operator, version) = operators
        .into_iter()
        .find_map(|(sign, operator)| Some((operator, inside.strip_prefix(sign)?)))
        .ok_or_else(|| RelationshipError::Operator(quote(relation)))?;
    let version = version
        .trim()
        .parse()
        .map_err(|source| RelationshipError::Version {
            relation: quote(relation),
            source,
        })?;
    Ok(Constraint { operator, version })
}

fn quote(text: &str) -> String {
    super::control::excerpt(text.trim())
}

impl fmt::Display for Operator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Earlier => "<<",
            Self::EarlierOrEqual => "<=",
            Self::Equal => "=",
            Self::LaterOrEqual => ">=",
            Self::Later => ">>",
        })
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.name)?;
        match &self.qualifier {
            None => {}
            Some(Qualifier::Any) => formatter.write_str(":any")?,
            Some(Qualifier::Native) => formatter.write_str(":native")?,
            Some(Qualifier::Architecture(name)) => write!(formatter, ":{name}")?,
        }
        match &self.constraint {
            None => Ok(()),
            Some(Constraint { operator, version }) => write!(formatter, " ({operator} {version})"),
        }
    }
}

impl fmt::Display for Alternatives {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, relation) in self.0.iter().enumerate() {
            let bar = if position == 0 { "" } else { " | " };
            write!(formatter, "{bar}{relation}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(text: &str) -> Vec<String> {
        parse_dependencies(text)
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn reads_groups_and_alternatives() {
        let table: [(&str, &[&str]); 7] = [
            ("", &[]),
            (" \n ", &[]),
            ("libc6", &["libc6"]),
            (
                "libc6 (>= 2.38), zlib1g(>=1:1.2.2)",
                &["libc6 (>= 2.38)", "zlib1g (>= 1:1.2.2)"],
            ),
            (
                "a1 | b1 (<< 2) |c1:any\n, d1 (= 1-1 )",
                &["a1 | b1 (<< 2) | c1:any", "d1 (= 1-1)"],
            ),
            (
                "perl:native (>> 5), libc6:i386 (<= 2)",
                &["perl:native (>> 5)", "libc6:i386 (<= 2)"],
            ),
            ("base-files (>= 2.1.12)", &["base-files (>= 2.1.12)"]),
        ];
        for (text, expected) in table {
            assert_eq!(written(text), expected, "{text:?}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let table = [
            ("a1,,b1", "empty relation in `a1,,b1`"),
            ("a1,", "empty relation in `a1,`"),
            ("a1 |", "empty relation in `a1 |`"),
            ("A1", "relation `A1` has no valid name"),
            ("(>= 1)", "relation `(>= 1)` has no valid name"),
            ("a1 b1", "relation `a1 b1` has no valid name"),
            (
                "a1:",
                "relation `a1:` has no valid architecture after the colon",
            ),
            (
                "a1 (> 1)",
                "relation `a1 (> 1)` has no operator out of `<<`, `<=`, `=`, `>=`, `>>` in its parentheses",
            ),
            ("a1 (>= )", "relation `a1 (>= )` has no valid version"),
            (
                "a1 (>= 1",
                "relation `a1 (>= 1` does not end after the version",
            ),
            (
                "a1 (>= 1) x",
                "relation `a1 (>= 1) x` does not end after the version",
            ),
            (
                "a1 [amd64]",
                "relation `a1 [amd64]` is restricted to architectures or build profiles, which only source packages can be",
            ),
            (
                "a1 (>= 1) <!nocheck>",
                "relation `a1 (>= 1) <!nocheck>` is restricted to architectures or build profiles, which only source packages can be",
            ),
        ];
        for (text, message) in table {
            assert_eq!(
                parse_dependencies(text).unwrap_err().to_string(),
                message,
                "{text:?}"
            );
        }
        assert_eq!(
            parse_relations("a1 | b1").unwrap_err().to_string(),
            "`a1 | b1` names alternatives in a field that cannot have any"
        );
    }

    #[test]
    fn operators_hold_as_policy_says() {
        let table = [
            ("<<", [true, false, false]),
            ("<=", [true, true, false]),
            ("=", [false, true, false]),
            (">=", [false, true, true]),
            (">>", [false, false, true]),
        ];
        for (operator, expected) in table {
            let relations = parse_relations(&format!("a1 ({operator} 2)")).unwrap();
            for (version, holds) in ["1", "2", "3"].into_iter().zip(expected) {
                assert_eq!(
                    relations[0].admits(&version.parse().unwrap()),
                    holds,
                    "{version} {operator} 2"
                );
            }
        }
    }

    #[test]
    fn an_unversioned_provides_answers_only_an_unversioned_relation() {
        let relations = parse_relations("a1, a1 (>= 2)").unwrap();
        let version: DebianVersion = "2".parse().unwrap();
        assert!(relations[0].admits_provided(None));
        assert!(relations[0].admits_provided(Some(&version)));
        assert!(!relations[1].admits_provided(None));
        assert!(relations[1].admits_provided(Some(&version)));
    }

    proptest! {
        #[test]
        fn never_panics(text in "[a-c1 ,|:()<>=\\[\\]-]{0,40}|.*") {
            let _ = parse_dependencies(&text);
            let _ = parse_relations(&text);
        }

        #[test]
        fn what_is_written_reads_the_same(
            groups in proptest::collection::vec(
                proptest::collection::vec(
                    "[a-c]{2,3}(:any|:native|:i386)?( \\((<<|<=|=|>=|>>) [0-9]:1~[ab]-[0-9]\\))?",
                    1..3,
                ),
                0..4,
            )
        ) {
            let text: Vec<String> = groups.iter().map(|group| group.join(" | ")).collect();
            let text = text.join(", ");
            prop_assert_eq!(written(&text).join(", "), text);
        }
    }
}
