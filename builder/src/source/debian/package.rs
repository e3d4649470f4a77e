//! One paragraph of a `Packages` index, checked field by field.
//!
//! A paragraph comes in line by line ([`Draft`]), so that fields nobody asks for are dropped unread;
//! what is kept becomes a [`Package`]. The relationships stay text until somebody asks for them,
//! since an image needs those of a dozen packages out of tens of thousands.

use std::io;
use std::sync::Arc;

use super::archive_path::{ArchivePath, ArchivePathError};
use super::control::{excerpt, split_field};
use super::name::{NameError, PackageName};
use super::packages::LONGEST_LINE;
use super::relationship::{
    Alternatives, Relation, RelationshipError, parse_dependencies, parse_relations,
};
use super::version::{DebianVersion, VersionError};
use layers::{Algorithm, Digest, ParseDigestError};

/// One binary package of one suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// `Package`.
    pub name: PackageName,
    /// `Version`.
    pub version: DebianVersion,
    /// `Architecture`: the index's, or `all`.
    pub architecture: Arc<str>,
    /// The suite whose index lists it.
    pub suite: Arc<str>,
    /// `Source`: name and version of the source package where they differ from the binary's.
    pub source: Option<SourcePackage>,
    /// `Multi-Arch`.
    pub multi_arch: MultiArch,
    /// `Essential: yes`.
    pub essential: bool,
    /// `Filename`: where it is below the archive's root.
    pub filename: ArchivePath,
    /// `Size` of the `.deb` in bytes.
    pub size: u64,
    /// `SHA256` of the `.deb`.
    pub sha256: Digest,
    /// `Provides`.
    pub provides: Vec<Relation>,
    /// The other relationship fields as written.
    relationships: RawRelationships,
}

/// The source package that a binary package was built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcePackage {
    /// Its name.
    pub name: PackageName,
    /// Its version, when it differs from the binary package's.
    pub version: Option<DebianVersion>,
}

/// The `Multi-Arch` field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MultiArch {
    /// `no`, or no such field.
    #[default]
    No,
    /// `same`: can be installed once per architecture.
    Same,
    /// `foreign`: answers relations of any architecture.
    Foreign,
    /// `allowed`: answers relations that say `:any`.
    Allowed,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct RawRelationships {
    pre_depends: Option<Box<str>>,
    depends: Option<Box<str>>,
    conflicts: Option<Box<str>>,
    breaks: Option<Box<str>>,
}

/// What is wrong with a line or paragraph of an index.
#[derive(Debug, thiserror::Error)]
pub enum PackagesProblem {
    /// The stream broke.
    #[error("cannot read on")]
    Read(#[source] io::Error),
    /// A line beyond all measure.
    #[error("line is longer than {LONGEST_LINE} bytes")]
    LongLine,
    /// A field we keep has bytes that are not UTF-8.
    #[error("line is not UTF-8")]
    Encoding,
    /// Neither a field nor a continuation.
    #[error("`{0}` is not `Name: value`")]
    NotAField(String),
    /// A continuation line at the start of a paragraph.
    #[error("continuation line without a field")]
    StrayContinuation,
    /// A field stands twice.
    #[error("field `{0}` stands twice in the paragraph")]
    Duplicate(&'static str),
    /// A field that every package needs is not there.
    #[error("package `{package}` has no field `{field}`")]
    Missing {
        /// The package, as far as it is known.
        package: String,
        /// The field's name.
        field: &'static str,
    },
    /// `Package` or the name in `Source` is none.
    #[error("package has no valid name")]
    Name(#[from] NameError),
    /// `Version` or the version in `Source` is none.
    #[error("package has no valid version")]
    Version(#[from] VersionError),
    /// `Filename` is no path below the archive's root.
    #[error("package has no valid `Filename`")]
    Filename(#[from] ArchivePathError),
    /// `SHA256` is no sum.
    #[error("package has no valid `SHA256`")]
    Sha256(#[from] ParseDigestError),
    /// `Size` is no number.
    #[error("`Size` is `{0}`, which is no number of bytes")]
    Size(String),
    /// `Multi-Arch` or `Essential` has a value that does not exist.
    #[error("`{field}` is `{value}`, which it cannot be")]
    Keyword {
        /// The field's name.
        field: &'static str,
        /// Its value.
        value: String,
    },
    /// A package of another architecture.
    #[error("package is for `{found}`, and the index is for `{expected}`")]
    Architecture {
        /// The architecture of this [`PackageIndex`].
        expected: String,
        /// The one the package names.
        found: String,
    },
    /// `Provides` is no list of names.
    #[error("package has no valid `Provides`")]
    Provides(#[from] RelationshipError),
}

impl Package {
    /// `Pre-Depends`, then `Depends`: for what an image holds there is no difference, and the order
    /// is the one in which `dpkg` would want them.
    ///
    /// # Errors
    /// A field with a syntax error.
    pub fn dependencies(&self) -> Result<Vec<Alternatives>, RelationshipError> {
        let RawRelationships {
            pre_depends,
            depends,
            ..
        } = &self.relationships;
        let mut groups = parse_dependencies(pre_depends.as_deref().unwrap_or_default())?;
        groups.extend(parse_dependencies(depends.as_deref().unwrap_or_default())?);
        Ok(groups)
    }

    /// `Conflicts`, then `Breaks`: either way the two cannot be in one image.
    ///
    /// # Errors
    /// A field with a syntax error.
    pub fn exclusions(&self) -> Result<Vec<Relation>, RelationshipError> {
        let RawRelationships {
            conflicts, breaks, ..
        } = &self.relationships;
        let mut relations = parse_relations(conflicts.as_deref().unwrap_or_default())?;
        relations.extend(parse_relations(breaks.as_deref().unwrap_or_default())?);
        Ok(relations)
    }

    /// The name of the source package.
    pub fn source_name(&self) -> &PackageName {
        self.source
            .as_ref()
            .map_or(&self.name, |source| &source.name)
    }

    /// The version of the source package; what security trackers speak of.
    pub fn source_version(&self) -> &DebianVersion {
        self.source
            .as_ref()
            .and_then(|source| source.version.as_ref())
            .unwrap_or(&self.version)
    }
}

/// The fields of the paragraph that is being read.
#[derive(Default)]
pub(super) struct Draft {
    /// Whether the paragraph has a line yet.
    pub(super) begun: bool,
    values: [Option<String>; FIELDS.len()],
    /// The kept field that a continuation line belongs to.
    current: Option<usize>,
}

/// The fields we keep. Their places in [`Draft::values`] are the constants below.
const FIELDS: [&str; 14] = [
    "Package",
    "Version",
    "Architecture",
    "Filename",
    "Size",
    "SHA256",
    "Source",
    "Multi-Arch",
    "Essential",
    "Provides",
    "Pre-Depends",
    "Depends",
    "Conflicts",
    "Breaks",
];
const PACKAGE: usize = 0;
const VERSION: usize = 1;
const ARCHITECTURE: usize = 2;
const FILENAME: usize = 3;
const SIZE: usize = 4;
const SHA256: usize = 5;
const SOURCE: usize = 6;
const MULTI_ARCH: usize = 7;
const ESSENTIAL: usize = 8;
const PROVIDES: usize = 9;
const PRE_DEPENDS: usize = 10;
const DEPENDS: usize = 11;
const CONFLICTS: usize = 12;
const BREAKS: usize = 13;

impl Draft {
    /// Takes the next line of the paragraph, which is not empty and has no blanks at its end.
    pub(super) fn take_line(&mut self, line: &[u8]) -> Result<(), PackagesProblem> {
        if line[0] == b' ' || line[0] == b'\t' {
            if !self.begun {
                return Err(PackagesProblem::StrayContinuation);
            }
            if let Some(value) = self.current.and_then(|place| self.values[place].as_mut()) {
                value.push('\n');
                value.push_str(decode(&line[1..])?);
            }
            return Ok(());
        }
        self.begun = true;
        self.current = None;
        // The name is looked at as bytes: three lines of four are of fields that are not kept, and
        // those may have any encoding.
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(0);
        let name = &line[..colon];
        let Some(place) = FIELDS
            .iter()
            .position(|field| field.as_bytes().eq_ignore_ascii_case(name))
        else {
            return match colon > 0 && name.iter().all(u8::is_ascii_graphic) {
                true => Ok(()),
                false => Err(PackagesProblem::NotAField(excerpt(
                    &String::from_utf8_lossy(line),
                ))),
            };
        };
        let line = decode(line)?;
        let Some((_, value)) = split_field(line) else {
            return Err(PackagesProblem::NotAField(excerpt(line)));
        };
        if self.values[place].replace(value.to_owned()).is_some() {
            return Err(PackagesProblem::Duplicate(FIELDS[place]));
        }
        self.current = Some(place);
        Ok(())
    }

    /// Checks every field.
    pub(super) fn finish(
        mut self,
        suite: &Arc<str>,
        own: &Arc<str>,
        all: &Arc<str>,
    ) -> Result<Package, PackagesProblem> {
        let name: PackageName = self.required(PACKAGE)?.parse()?;
        let version: DebianVersion = self.required(VERSION)?.parse()?;
        let architecture = match self.required(ARCHITECTURE)? {
            found if found == **own => Arc::clone(own),
            found if found == **all => Arc::clone(all),
            found => {
                return Err(PackagesProblem::Architecture {
                    expected: own.to_string(),
                    found,
                });
            }
        };
        let filename = self.required(FILENAME)?.parse()?;
        let size = self.required(SIZE)?;
        let size = parse_size(&size).ok_or(PackagesProblem::Size(size))?;
        let sha256 = Digest::new(Algorithm::Sha256, &self.required(SHA256)?)?;
        let source = self
            .optional(SOURCE)
            .map(|text| parse_source(&text))
            .transpose()?;
        let multi_arch = match self.optional(MULTI_ARCH).as_deref() {
            None | Some("no") => MultiArch::No,
            Some("same") => MultiArch::Same,
            Some("foreign") => MultiArch::Foreign,
            Some("allowed") => MultiArch::Allowed,
            Some(other) => return Err(keyword(MULTI_ARCH, other)),
        };
        let essential = match self.optional(ESSENTIAL).as_deref() {
            None | Some("no") => false,
            Some("yes") => true,
            Some(other) => return Err(keyword(ESSENTIAL, other)),
        };
        let provides = parse_relations(&self.optional(PROVIDES).unwrap_or_default())?;
        let mut raw = |place| self.optional(place).map(String::into_boxed_str);
        let relationships = RawRelationships {
            pre_depends: raw(PRE_DEPENDS),
            depends: raw(DEPENDS),
            conflicts: raw(CONFLICTS),
            breaks: raw(BREAKS),
        };
        Ok(Package {
            name,
            version,
            architecture,
            suite: Arc::clone(suite),
            source,
            multi_arch,
            essential,
            filename,
            size,
            sha256,
            provides,
            relationships,
        })
    }

    fn optional(&mut self, place: usize) -> Option<String> {
        self.values[place].take()
    }

    fn required(&mut self, place: usize) -> Result<String, PackagesProblem> {
        self.values[place].take().ok_or_else(|| {
            let package = match (&self.values[FILENAME], &self.values[PACKAGE]) {
                (_, Some(name)) => excerpt(name),
                (Some(path), None) => excerpt(path),
                (None, None) => "?".to_owned(),
            };
            PackagesProblem::Missing {
                package,
                field: FIELDS[place],
            }
        })
    }
}

fn decode(line: &[u8]) -> Result<&str, PackagesProblem> {
    std::str::from_utf8(line).map_err(|_| PackagesProblem::Encoding)
}

fn keyword(place: usize, value: &str) -> PackagesProblem {
    PackagesProblem::Keyword {
        field: FIELDS[place],
        value: excerpt(value),
    }
}

/// Digits only: `str::parse` would take a sign too.
fn parse_size(text: &str) -> Option<u64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

/// Parses `name` or `name (version)`.
fn parse_source(text: &str) -> Result<SourcePackage, PackagesProblem> {
    match text.split_once('(') {
        None => Ok(SourcePackage {
            name: text.parse()?,
            version: None,
        }),
        Some((name, rest)) => {
            let version = rest.strip_suffix(')').unwrap_or(rest).trim().parse()?;
            Ok(SourcePackage {
                name: name.trim_end().parse()?,
                version: Some(version),
            })
        }
    }
}
