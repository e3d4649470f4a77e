//! The addresses in apt's sources: `sources.list`, then `sources.list.d` in order of name,
//! `mirror+file:` lists included.
//!
//! Only addresses are taken from there. What is malformed, unreadable or of a kind that we do not
//! speak becomes a warning.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::apt_entry::{Entries, SourceEntry, parse_deb822, parse_list};
use super::apt_file::{
    AptLocation, AptProblem, AptWarning, Place, parts, read_regular, read_text, relative_to_root,
};

/// What apt's sources hold, in apt's order.
#[derive(Debug, Default)]
pub(super) struct AptSources {
    /// One for each address; the same address can come more than once.
    pub(super) entries: Vec<SourceAddress>,
    /// What was passed over.
    pub(super) warnings: Vec<AptWarning>,
}

/// An address that apt fetches packages from, as it stands in the sources.
#[derive(Debug)]
pub(super) struct SourceAddress {
    /// `http:`, `https:` or `file:`, without a slash at its end. Can carry a user and a password.
    pub(super) uri: String,
    pub(super) suites: Vec<String>,
    pub(super) components: Vec<String>,
    pub(super) from: Place,
}

/// Reads apt's sources. A host without any gives an empty answer.
pub(super) fn read_sources(location: &AptLocation) -> AptSources {
    let mut reading = Reading {
        root: &location.root,
        found: AptSources::default(),
    };
    reading.source_file(&location.directory.join("sources.list"));
    let directory = location.directory.join("sources.list.d");
    match parts(&directory, |ending| {
        matches!(ending, Some("list" | "sources"))
    }) {
        Ok(files) => files.iter().for_each(|file| reading.source_file(file)),
        Err(problem) => reading.warn(directory, None, problem),
    }
    reading.found
}

struct Reading<'location> {
    root: &'location Path,
    found: AptSources,
}

impl Reading<'_> {
    fn warn(&mut self, file: PathBuf, line: Option<usize>, source: AptProblem) {
        self.found.warnings.push(AptWarning {
            place: Place { file, line },
            source,
        });
    }

    fn source_file(&mut self, file: &Path) {
        let text = match read_text(file) {
            Ok(text) => text.unwrap_or_default(),
            Err(problem) => return self.warn(file.to_owned(), None, problem),
        };
        let Entries { entries, malformed } = match file.extension() == Some(OsStr::new("sources")) {
            true => parse_deb822(&text),
            false => parse_list(&text),
        };
        for (line, error) in malformed {
            self.warn(file.to_owned(), Some(line), error.into());
        }
        for entry in entries {
            let place = Place {
                file: file.to_owned(),
                line: Some(entry.line),
            };
            match Address::parse(&entry.uri) {
                Ok(Address::Archive(uri)) => self.archive(uri, &entry, place),
                Ok(Address::MirrorList(path)) => self.mirror_list(&path, &entry, &place),
                Err(problem) => self.warn(place.file, place.line, problem),
            }
        }
    }

    fn archive(&mut self, uri: String, entry: &SourceEntry, from: Place) {
        let (suites, components) = (entry.suites.clone(), entry.components.clone());
        self.found.entries.push(SourceAddress {
            uri,
            suites,
            components,
            from,
        });
    }

    /// Reads a list of mirrors (apt-transport-mirror(1)): a line each, an address and then
    /// `key:value` words, of which only `priority` matters here.
    fn mirror_list(&mut self, path: &Path, entry: &SourceEntry, named_at: &Place) {
        let file = self.root.join(path);
        let text = match read_regular(&file) {
            Ok(text) => text,
            // Unlike a source file, this one was asked for: also its absence is worth a word.
            Err(problem) => return self.warn(named_at.file.clone(), named_at.line, problem),
        };
        let mut mirrors = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let mut words = line.split_whitespace();
            let Some(address) = words.next().filter(|word| !word.starts_with('#')) else {
                continue;
            };
            let priority = words.find_map(|word| word.strip_prefix("priority:")?.parse().ok());
            match Address::parse(address) {
                Ok(Address::Archive(uri)) => {
                    mirrors.push((priority.unwrap_or(u64::MAX), uri, index + 1));
                }
                // A list in a list: apt refuses it too.
                Ok(Address::MirrorList(_)) => {
                    self.warn(file.clone(), Some(index + 1), AptProblem::Uri);
                }
                Err(problem) => self.warn(file.clone(), Some(index + 1), problem),
            }
        }
        // The lowest number first, none last; a stable sort keeps the order of the file.
        mirrors.sort_by_key(|(priority, ..)| *priority);
        for (_, uri, line) in mirrors {
            self.archive(
                uri,
                entry,
                Place {
                    file: file.clone(),
                    line: Some(line),
                },
            );
        }
    }
}

/// What an address in apt's sources means to us.
enum Address {
    Archive(String),
    /// Relative to the root.
    MirrorList(PathBuf),
}

impl Address {
    fn parse(uri: &str) -> Result<Self, AptProblem> {
        let (scheme, rest) = uri.split_once(':').ok_or(AptProblem::Uri)?;
        let scheme = scheme.to_ascii_lowercase();
        // `$(ARCH)` is the only one apt knows, and a mirror that differs by it is none for us.
        if uri.contains("$(") {
            return Err(AptProblem::Uri);
        }
        match scheme.as_str() {
            "http" | "https" => {
                let host = rest.strip_prefix("//").ok_or(AptProblem::Uri)?;
                if host.is_empty() || host.starts_with('/') {
                    return Err(AptProblem::Uri);
                }
                Ok(Self::Archive(format!(
                    "{scheme}:{}",
                    rest.trim_end_matches('/')
                )))
            }
            // To apt, `copy:` is `file:` with a copy in its cache.
            "file" | "copy" => {
                local_path(rest)?;
                Ok(Self::Archive(format!(
                    "file:{}",
                    rest.trim_end_matches('/')
                )))
            }
            "mirror+file" | "mirror+copy" => Ok(Self::MirrorList(local_path(rest)?)),
            _ if scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) =>
            {
                Err(AptProblem::Scheme(super::control::excerpt(&scheme)))
            }
            _ => Err(AptProblem::Uri),
        }
    }
}

/// The path of `file:/path` or `file:///path`, relative to the root; it cannot climb out of it.
fn local_path(rest: &str) -> Result<PathBuf, AptProblem> {
    relative_to_root(rest.strip_prefix("//").unwrap_or(rest)).ok_or(AptProblem::Uri)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::error::Error;
    use std::fs;
    use std::path::Component;

    /// Writes files below a root of its own and reads its `etc/apt`; each entry comes back as
    /// `place uri`, each warning as `place! causes`, the places relative to the root.
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
        let found = read_sources(&location);
        let prefix = format!("{}/", root.path().display());
        let short = |place: &Place| place.to_string().replace(&prefix, "");
        let entries = found
            .entries
            .iter()
            .map(|it| format!("{} {}", short(&it.from), it.uri));
        let warnings = found.warnings.iter().map(|warning| {
            let mut message = format!("{}! {}", short(&warning.place), warning.source);
            let mut source = warning.source.source();
            while let Some(cause) = source {
                message = format!("{message}: {cause}");
                source = cause.source();
            }
            message
        });
        entries.chain(warnings).collect()
    }

    #[test]
    fn a_host_without_apt_has_no_sources() {
        assert_eq!(read(&[]), Vec::<String>::new());
    }

    #[test]
    fn reads_the_files_that_apt_reads_in_its_order() {
        let line = |host: &str| format!("deb http://{host}.example/debian/ trixie main\n");
        let stanza =
            "Types: deb\nURIs: http://c.example/debian\nSuites: trixie\nComponents: main\n";
        let found = read(&[
            ("etc/apt/sources.list.d/20-b.list", &line("b")),
            ("etc/apt/sources.list.d/10-c.sources", stanza),
            ("etc/apt/sources.list.d/d.list.disabled", &line("d")),
            ("etc/apt/sources.list.d/.e.list", &line("e")),
            ("etc/apt/sources.list.d/f~.list", &line("f")),
            ("etc/apt/sources.list", &line("a")),
        ]);
        assert_eq!(
            found,
            [
                "etc/apt/sources.list:1 http://a.example/debian",
                "etc/apt/sources.list.d/10-c.sources:1 http://c.example/debian",
                "etc/apt/sources.list.d/20-b.list:1 http://b.example/debian",
            ]
        );
    }

    #[test]
    fn reads_a_list_of_mirrors_as_hosted_runners_have_it() {
        let sources = "Types: deb\nURIs: mirror+file:/etc/apt/apt-mirrors.txt\nSuites: noble noble-updates\nComponents: main universe\n";
        let mirrors = "# near\nhttp://third.example/ubuntu/\n\nhttp://second.example/ubuntu/\tpriority:2\nhttps://first.example/ubuntu/\tpriority:1\tarch:amd64\nmirror+file:/etc/apt/apt-mirrors.txt\nftp://old.example/ubuntu\n";
        let found = read(&[
            ("etc/apt/sources.list.d/ubuntu.sources", sources),
            ("etc/apt/apt-mirrors.txt", mirrors),
        ]);
        assert_eq!(
            found,
            [
                "etc/apt/apt-mirrors.txt:5 https://first.example/ubuntu",
                "etc/apt/apt-mirrors.txt:4 http://second.example/ubuntu",
                "etc/apt/apt-mirrors.txt:2 http://third.example/ubuntu",
                "etc/apt/apt-mirrors.txt:6! address is malformed",
                "etc/apt/apt-mirrors.txt:7! apt's transport `ftp:` is not supported",
            ]
        );
    }

    #[test]
    fn passes_over_what_it_cannot_use_with_a_warning() {
        let list = "deb mirror://mirrors.example/list.txt trixie main
deb mirror+http://mirrors.example/list.txt trixie main
deb tor+https://mirror.example/debian trixie main
deb mirror+file:/etc/apt/gone.txt trixie main
deb mirror+file:/../../etc/passwd trixie main
deb http:mirror.example trixie main
deb http:///debian trixie main
deb nothing trixie main
deb https://user:secret@:x?/$(ARCH) trixie main
deb file:relative trixie main
deb COPY:///srv/debian/ trixie main
deb File:/srv/debian trixie main
deb http://mirror.example
deb http://last.example trixie main
";
        let found = read(&[
            ("etc/apt/sources.list", list),
            ("etc/apt/sources.list.d/bad.sources", "nonsense\n"),
            ("etc/apt/sources.list.d/directory.list/file", ""),
            ("etc/apt/sources.list.d/large.list", &"#".repeat(1 << 21)),
        ]);
        assert_eq!(
            found,
            [
                "etc/apt/sources.list:11 file:///srv/debian",
                "etc/apt/sources.list:12 file:/srv/debian",
                "etc/apt/sources.list:14 http://last.example",
                "etc/apt/sources.list:13! malformed: no suite",
                "etc/apt/sources.list:1! apt's transport `mirror:` is not supported",
                "etc/apt/sources.list:2! apt's transport `mirror+http:` is not supported",
                "etc/apt/sources.list:3! apt's transport `tor+https:` is not supported",
                "etc/apt/sources.list:4! cannot be read: No such file or directory (os error 2)",
                "etc/apt/sources.list:5! address is malformed",
                "etc/apt/sources.list:6! address is malformed",
                "etc/apt/sources.list:7! address is malformed",
                "etc/apt/sources.list:8! address is malformed",
                "etc/apt/sources.list:9! address is malformed",
                "etc/apt/sources.list:10! address is malformed",
                "etc/apt/sources.list.d/bad.sources:1! malformed: not a list of fields: line 1: `nonsense` is not `Name: value`",
                "etc/apt/sources.list.d/large.list! larger than 1048576 bytes",
            ]
        );
    }

    proptest! {
        #[test]
        fn never_panics_and_never_climbs(uri in "(mirror\\+)?(file|copy|http):[a./]{0,12}|.*") {
            if let Ok(Address::MirrorList(path)) = Address::parse(&uri) {
                prop_assert!(path.is_relative());
                prop_assert!(!path.components().any(|part| part == Component::ParentDir));
            }
        }
    }
}
