//! The settings of a host's apt: the parts of `apt.conf.d` in order of name, then `apt.conf`, the
//! later over the earlier.
//!
//! Kept are named values; elements of lists are not, since nothing that is asked here is a list.
//! Not read are `$APT_CONFIG` and what is set for one program of apt's only (`Binary::apt::…`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::apt_file::{
    AptLocation, AptProblem, AptWarning, Place, is_part, parts, read_regular, read_text,
    relative_to_root,
};
use super::apt_statement::{Statement, Statements, parse};
use super::apt_word::truth;

/// Files that include themselves would not end.
const MOST_INCLUDED: usize = 256;

/// A value and where it was set.
pub(super) struct Setting {
    pub(super) value: String,
    pub(super) place: Place,
}

/// What apt is told. Names compare without case.
#[derive(Default)]
pub(super) struct AptConfiguration {
    settings: BTreeMap<Vec<String>, Setting>,
}

impl AptConfiguration {
    /// Reads the files. A host without any has no settings.
    pub(super) fn read(location: &AptLocation, warnings: &mut Vec<AptWarning>) -> Self {
        let mut reading = Reading {
            root: &location.root,
            configuration: Self::default(),
            included: 0,
            warnings,
        };
        reading.directory(&location.directory.join("apt.conf.d"), None);
        reading.file(&location.directory.join("apt.conf"), None);
        reading.configuration
    }

    /// The value with this name, in small letters and taken apart at `::`. An empty one is none.
    pub(super) fn find(&self, name: &[&str]) -> Option<&Setting> {
        let name: Vec<String> = name.iter().map(|part| (*part).to_owned()).collect();
        self.settings
            .get(&name)
            .filter(|setting| !setting.value.is_empty())
    }

    /// Whether a Release file that is past its `Valid-Until` is refused.
    pub(super) fn check_valid_until(&self) -> bool {
        self.find(&["acquire", "check-valid-until"])
            .and_then(|setting| truth(&setting.value))
            .unwrap_or(true)
    }

    fn set(&mut self, name: &str, value: String, place: Place) {
        let key = key(name);
        // An element of a list, which has no name.
        if key.iter().any(String::is_empty) {
            return;
        }
        self.settings.insert(key, Setting { value, place });
    }

    /// Forgets a value and all below it.
    fn clear(&mut self, name: &str) {
        let key = key(name);
        // All below it stand behind it at once.
        let names = self.settings.range(key.clone()..).map(|(name, _)| name);
        let doomed: Vec<_> = names
            .take_while(|name| name.starts_with(&key))
            .cloned()
            .collect();
        for name in doomed {
            self.settings.remove(&name);
        }
    }
}

/// Takes a name apart as apt does: after `::`, a colon that follows at once belongs to the next
/// part, so that `A::::B` is `B` below nothing but an option named `::B` below `A`.
fn key(name: &str) -> Vec<String> {
    let name = name.to_ascii_lowercase();
    let mut parts = Vec::new();
    let mut rest = name.as_str();
    // The first part may be empty; of any other, at least one character is not looked at.
    let mut searched = 0;
    while let Some(found) = rest.get(searched..).and_then(|text| text.find("::")) {
        let (part, after) = rest.split_at(searched + found);
        parts.push(part.to_owned());
        rest = &after[2..];
        searched = rest.chars().next().map_or(0, char::len_utf8);
    }
    parts.push(rest.to_owned());
    parts
}

struct Reading<'a> {
    root: &'a Path,
    configuration: AptConfiguration,
    included: usize,
    warnings: &'a mut Vec<AptWarning>,
}

impl Reading<'_> {
    /// Warns at the place that named the file, or else at the file.
    fn warn(&mut self, path: &Path, named_at: Option<&Place>, source: AptProblem) {
        let of_path = || Place {
            file: path.to_owned(),
            line: None,
        };
        let place = named_at.cloned().unwrap_or_else(of_path);
        self.warnings.push(AptWarning { place, source });
    }

    fn directory(&mut self, path: &Path, named_at: Option<&Place>) {
        match parts(path, is_part) {
            Ok(files) => files.iter().for_each(|file| self.file(file, named_at)),
            Err(problem) => self.warn(path, named_at, problem),
        }
    }

    fn file(&mut self, path: &Path, named_at: Option<&Place>) {
        if named_at.is_some() {
            self.included += 1;
            if self.included > MOST_INCLUDED {
                if self.included == MOST_INCLUDED + 1 {
                    self.warn(path, named_at, AptProblem::TooManyFiles(MOST_INCLUDED));
                }
                return;
            }
        }
        // An included file was asked for: also its absence is worth a word.
        let text = match named_at {
            Some(_) => read_regular(path).map(Some),
            None => read_text(path),
        };
        match text {
            Ok(text) => self.text(path, &text.unwrap_or_default()),
            Err(problem) => self.warn(path, named_at, problem),
        }
    }

    fn text(&mut self, path: &Path, text: &str) {
        let Statements {
            statements,
            malformed,
        } = parse(text);
        let at = |line| Place {
            file: path.to_owned(),
            line: Some(line),
        };
        for (line, statement) in statements {
            match statement {
                Statement::Set { name, value } => self.configuration.set(&name, value, at(line)),
                Statement::Clear { name } => self.configuration.clear(&name),
                Statement::Include { path } => self.include(&path, &at(line)),
            }
        }
        if let Some((line, error)) = malformed {
            self.warn(path, Some(&at(line)), error.into());
        }
    }

    fn include(&mut self, path: &str, named_at: &Place) {
        let Some(relative) = relative_to_root(path) else {
            return self.warn(&PathBuf::new(), Some(named_at), AptProblem::Include);
        };
        let file = self.root.join(relative);
        match path.ends_with('/') {
            true => self.directory(&file, Some(named_at)),
            false => self.file(&file, Some(named_at)),
        }
    }
}

#[cfg(test)]
impl AptConfiguration {
    /// What one file would set.
    pub(super) fn of(text: &str) -> Self {
        let mut warnings = Vec::new();
        let mut reading = Reading {
            root: Path::new("/"),
            configuration: Self::default(),
            included: 0,
            warnings: &mut warnings,
        };
        reading.text(Path::new("apt.conf"), text);
        reading.configuration
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fs;

    /// Writes files below a root of its own and reads its `etc/apt`; each setting comes back as
    /// `place name=value`, each warning as its message, the paths relative to the root.
    fn read(files: &[(&str, &str)]) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let location = AptLocation {
            directory: root.path().join("etc/apt"),
            root: root.path().to_owned(),
        };
        let mut warnings = Vec::new();
        let configuration = AptConfiguration::read(&location, &mut warnings);
        let settings = configuration
            .settings
            .iter()
            .map(|(key, it)| format!("{} {}={}", it.place, key.join("::"), it.value));
        let prefix = format!("{}/", root.path().display());
        settings
            .chain(warnings.iter().map(AptWarning::message))
            .map(|line| line.replace(&prefix, ""))
            .collect()
    }

    #[test]
    fn the_later_file_wins_and_the_main_one_is_last() {
        let found = read(&[
            ("etc/apt/apt.conf", "A::c \"main\";"),
            (
                "etc/apt/apt.conf.d/20-b.conf",
                "a::B \"20\"; A::C \"20\"; #clear l;",
            ),
            (
                "etc/apt/apt.conf.d/10-a",
                "A { B \"10\"; D \"10\"; E \"\"; };\nL { x \"y\"; \"z\"; };",
            ),
            ("etc/apt/apt.conf.d/30-c.disabled", "A::B \"30\";"),
        ]);
        assert_eq!(
            found,
            [
                "etc/apt/apt.conf.d/20-b.conf:1 a::b=20",
                "etc/apt/apt.conf:1 a::c=main",
                "etc/apt/apt.conf.d/10-a:1 a::d=10",
                "etc/apt/apt.conf.d/10-a:1 a::e=",
            ]
        );
    }

    #[test]
    fn a_malformed_file_costs_its_rest() {
        let found = read(&[
            ("etc/apt/apt.conf", "A \"a\";\nB \"b\"\nC \"secret\";\n"),
            (
                "etc/apt/apt.conf.d/1",
                "#include \"/etc/included\";\n#include \"/etc/more/\"; #include \"relative\";\n#include \"/etc/gone\";\n",
            ),
            ("etc/included", "D \"d\";"),
            ("etc/more/2.conf", "E \"e\";"),
            ("etc/more/off.txt", "F \"f\";"),
            (
                "etc/apt/apt.conf.d/itself",
                "#include \"/etc/apt/apt.conf.d/itself\";",
            ),
        ]);
        assert_eq!(
            found,
            [
                "etc/apt/apt.conf:1 a=a",
                "etc/included:1 d=d",
                "etc/more/2.conf:1 e=e",
                "etc/apt/apt.conf.d/1:2: passed over: included path is not absolute",
                "etc/apt/apt.conf.d/1:3: passed over: cannot be read: No such file or directory (os error 2)",
                "etc/apt/apt.conf.d/itself:1: passed over: more than 256 files are included",
                "etc/apt/apt.conf:3: passed over: malformed: more than one value",
            ]
        );
    }

    // Each row was held against what `apt-config dump` of apt 2.6.1 makes of it.
    #[test]
    fn takes_names_apart_as_apt_does() {
        let table: [(&str, &[&str]); 8] = [
            ("A", &["a"]),
            ("A::b::C", &["a", "b", "c"]),
            ("a::", &["a", ""]),
            ("::a", &["", "a"]),
            ("a:::b", &["a", ":b"]),
            ("a::::b", &["a", "::b"]),
            ("a:b:", &["a:b:"]),
            ("", &[""]),
        ];
        for (name, expected) in table {
            assert_eq!(key(name), expected, "{name:?}");
        }
    }

    #[test]
    fn knows_whether_release_files_may_be_old() {
        let table = [
            ("", true),
            ("Acquire::Check-Valid-Until \"false\";", false),
            ("acquire { check-valid-until 0; };", false),
            ("Acquire::Check-Valid-Until \"No\";", false),
            ("Acquire::Check-Valid-Until \"maybe\";", true),
            ("Acquire::Check-Valid-Until \"\";", true),
            ("Acquire::Check-Valid-Until \"no\"; #clear Acquire;", true),
        ];
        for (text, expected) in table {
            assert_eq!(
                AptConfiguration::of(text).check_valid_until(),
                expected,
                "{text:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_name_is_its_parts(name in "[aB:é]{0,12}") {
            prop_assert_eq!(key(&name).join("::"), name.to_ascii_lowercase());
        }
    }
}
