//! The two formats of apt's sources, as text: one-line `*.list` and deb822 `*.sources`
//! (sources.list(5)).
//!
//! Both give the same entries: an address, suites, components. What does not make `deb` packages
//! available is left out without a word (`deb-src`, `Enabled: no`, `cdrom:`). A malformed line of
//! the one-line format costs that line; a text that is not deb822 costs the file, as there is no
//! telling where its damage ends.

use super::apt_word::{quoted_word, truth};
use super::control::{Comments, ControlError, Paragraph, excerpt, parse};

/// An address with what it is configured for; not yet looked at is what the address means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SourceEntry {
    pub(super) uri: String,
    pub(super) suites: Vec<String>,
    pub(super) components: Vec<String>,
    /// Counted from 1.
    pub(super) line: usize,
}

/// Why an entry of apt's sources cannot be used. No message repeats an address, since one may carry
/// a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Neither `deb` nor `deb-src`.
    #[error("`{0}` is not a type of source")]
    Type(String),
    /// `[` without `]`.
    #[error("options are not closed")]
    Options,
    /// Nothing follows the type.
    #[error("no address")]
    NoUri,
    /// Nothing follows the address.
    #[error("no suite")]
    NoSuite,
    /// Neither components nor a suite that is a directory, which ends in a slash.
    #[error("suite `{0}` without a component")]
    NoComponent(String),
    /// The text is not deb822.
    #[error("not a list of fields")]
    Control(#[from] ControlError),
}

/// What a text holds, and what in it is malformed, by line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Entries {
    pub(super) entries: Vec<SourceEntry>,
    pub(super) malformed: Vec<(usize, EntryError)>,
}

/// Parses the one-line format.
pub(super) fn parse_list(text: &str) -> Entries {
    let mut found = Entries::default();
    for (index, line) in text.lines().enumerate() {
        match parse_line(line, index + 1) {
            Ok(entry) => found.entries.extend(entry),
            Err(error) => found.malformed.push((index + 1, error)),
        }
    }
    found
}

/// Parses the deb822 format: one entry for each address of a stanza.
pub(super) fn parse_deb822(text: &str) -> Entries {
    let mut found = Entries::default();
    match parse(text, Comments::Ignored) {
        Err(error) => found.malformed.push((error.line(), error.into())),
        Ok(paragraphs) => {
            for paragraph in &paragraphs {
                match parse_stanza(paragraph) {
                    Ok(entries) => found.entries.extend(entries),
                    Err(error) => found.malformed.push((paragraph.line(), error)),
                }
            }
        }
    }
    found
}

/// Parses `deb [options] uri suite component…`; `None` for a line that says nothing to us.
fn parse_line(line: &str, number: usize) -> Result<Option<SourceEntry>, EntryError> {
    let line = without_comment(line).trim();
    let (kind, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    match kind {
        "" | "deb-src" => return Ok(None),
        "deb" => {}
        _ => return Err(EntryError::Type(excerpt(kind))),
    }
    let mut rest = rest.trim_start();
    if let Some(options) = rest.strip_prefix('[') {
        rest = options.split_once(']').ok_or(EntryError::Options)?.1;
    }
    let (uri, rest) = quoted_word(rest.trim_start()).ok_or(EntryError::NoUri)?;
    if uri.starts_with("cdrom:") {
        return Ok(None);
    }
    let (suite, mut rest) = quoted_word(rest).ok_or(EntryError::NoSuite)?;
    let mut components = Vec::new();
    while let Some((component, after)) = quoted_word(rest) {
        components.push(component);
        rest = after;
    }
    check_components(&suite, &components)?;
    Ok(Some(SourceEntry {
        uri,
        suites: vec![suite],
        components,
        line: number,
    }))
}

/// The line up to a `#` that is not within brackets, as apt cuts it.
fn without_comment(line: &str) -> &str {
    let mut bracket = false;
    for (position, character) in line.char_indices() {
        match character {
            '[' => bracket = true,
            ']' => bracket = false,
            '#' if !bracket => return &line[..position],
            _ => {}
        }
    }
    line
}

fn parse_stanza(paragraph: &Paragraph) -> Result<Vec<SourceEntry>, EntryError> {
    // Any other word is a yes to apt as well.
    if paragraph.get("Enabled").and_then(truth) == Some(false) {
        return Ok(Vec::new());
    }
    let words = |name| -> Vec<String> {
        let value = paragraph.get(name).unwrap_or_default();
        value.split_whitespace().map(str::to_owned).collect()
    };
    let types = words("Types");
    if let Some(other) = types
        .iter()
        .find(|kind| !matches!(kind.as_str(), "deb" | "deb-src"))
    {
        return Err(EntryError::Type(excerpt(other)));
    }
    if types.is_empty() {
        return Err(EntryError::Type(String::new()));
    }
    if !types.iter().any(|kind| kind == "deb") {
        return Ok(Vec::new());
    }
    let (uris, suites, components) = (words("URIs"), words("Suites"), words("Components"));
    if uris.is_empty() {
        return Err(EntryError::NoUri);
    }
    if suites.is_empty() {
        return Err(EntryError::NoSuite);
    }
    for suite in &suites {
        check_components(suite, &components)?;
    }
    let line = paragraph.line();
    let entry = |uri| SourceEntry {
        uri,
        suites: suites.clone(),
        components: components.clone(),
        line,
    };
    Ok(uris
        .into_iter()
        .filter(|uri| !uri.starts_with("cdrom:"))
        .map(entry)
        .collect())
}

fn check_components(suite: &str, components: &[String]) -> Result<(), EntryError> {
    match components.is_empty() && !suite.ends_with('/') {
        true => Err(EntryError::NoComponent(excerpt(suite))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Each entry as `line uri suites components`, each complaint as `line! message`.
    fn written(found: &Entries) -> Vec<String> {
        let entries = found.entries.iter().map(|entry| {
            let (suites, components) = (entry.suites.join(","), entry.components.join(","));
            format!("{} {} {suites} {components}", entry.line, entry.uri)
        });
        entries
            .chain(
                found
                    .malformed
                    .iter()
                    .map(|(line, error)| format!("{line}! {error}")),
            )
            .collect()
    }

    #[test]
    fn reads_the_one_line_format() {
        let table: [(&str, &[&str]); 17] = [
            ("", &[]),
            (
                "# deb http://mirror.example/debian trixie main\n\n   \n",
                &[],
            ),
            (
                "deb http://mirror.example/debian trixie main non-free-firmware # mine\n",
                &["1 http://mirror.example/debian trixie main,non-free-firmware"],
            ),
            ("deb-src http://mirror.example/debian trixie main", &[]),
            (
                "deb cdrom:[Debian GNU/Linux 12 #1 - DVD]/ bookworm main",
                &[],
            ),
            (
                "deb [ trusted=yes ] file:/srv/repo ./",
                &["1 file:/srv/repo ./ "],
            ),
            (
                "\ndeb\t[arch=amd64,arm64 signed-by=/usr/share/keyrings/third.gpg]  https://third.example/apt\tstable main\r\n",
                &["2 https://third.example/apt stable main"],
            ),
            (
                "deb [signed-by=/a#b.gpg] https://third.example/apt stable main",
                &["1 https://third.example/apt stable main"],
            ),
            (
                "deb [arch=amd64 http://third.example x y",
                &["1! options are not closed"],
            ),
            (
                "deb \"https://us%40er:p%2540@mirror.example/debian\" trixie main",
                &["1 https://us@er:p%40@mirror.example/debian trixie main"],
            ),
            (
                "deb \"http://mirror.example trixie main",
                &["1! no address"],
            ),
            ("deb", &["1! no address"]),
            ("deb [a=b]", &["1! no address"]),
            ("deb http://mirror.example/debian", &["1! no suite"]),
            (
                "deb http://mirror.example/debian trixie",
                &["1! suite `trixie` without a component"],
            ),
            (
                "rpm http://mirror.example x y",
                &["1! `rpm` is not a type of source"],
            ),
            (
                "nonsense\ndeb http://mirror.example/debian trixie main",
                &[
                    "2 http://mirror.example/debian trixie main",
                    "1! `nonsense` is not a type of source",
                ],
            ),
        ];
        for (text, expected) in table {
            assert_eq!(written(&parse_list(text)), expected, "{text:?}");
        }
    }

    #[test]
    fn reads_deb822() {
        // As Debian's container images have it.
        let container = "Types: deb\n# http://snapshot.example/archive/debian/20260101T000000Z\nURIs: http://mirror.example/debian\nSuites: trixie trixie-updates\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.pgp\n\nTypes: deb\nURIs: http://security.example/debian-security\nSuites: trixie-security\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.pgp\n";
        // As the installer of Debian 13 and `apt modernize-sources` write it.
        let installed = "# Modernized from /etc/apt/sources.list\nTypes: deb deb-src\nURIs: https://mirror.example/debian/\nSuites: trixie\nComponents: main non-free-firmware\nSigned-By:\n\nTypes: deb-src\nURIs: https://source.example/debian/\nSuites: trixie\nComponents: main\n";
        // As Ubuntu 24.04 has it.
        let ubuntu = "# See the manual.\n\n## Comment\nTypes: deb\nURIs: http://archive.ubuntu.example/ubuntu/ http://second.example/ubuntu/\nSuites: noble noble-updates\n  noble-backports\nComponents: main universe\n restricted multiverse\nSigned-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg\n";
        let embedded = "X-Repolib-Name: Third\nEnabled: yes\nTypes: deb\nURIs: https://third.example/apt\nSuites: /\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n # no comment, but in a key\n =AbCd\n -----END PGP PUBLIC KEY BLOCK-----\nArchitectures: amd64\n";
        let stanza =
            "Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie\nComponents: main\n";
        let table: [(String, &[&str]); 13] = [
            (
                container.to_owned(),
                &[
                    "1 http://mirror.example/debian trixie,trixie-updates main",
                    "8 http://security.example/debian-security trixie-security main",
                ],
            ),
            (
                installed.to_owned(),
                &["2 https://mirror.example/debian/ trixie main,non-free-firmware"],
            ),
            (
                ubuntu.to_owned(),
                &[
                    "4 http://archive.ubuntu.example/ubuntu/ noble,noble-updates,noble-backports main,universe,restricted,multiverse",
                    "4 http://second.example/ubuntu/ noble,noble-updates,noble-backports main,universe,restricted,multiverse",
                ],
            ),
            (embedded.to_owned(), &["1 https://third.example/apt / "]),
            (format!("Enabled: no\n{stanza}"), &[]),
            (format!("enabled: FALSE\n{stanza}"), &[]),
            (
                format!("Enabled: maybe\n{stanza}"),
                &["1 http://mirror.example/debian trixie main"],
            ),
            (
                stanza.replace("Types: deb\n", ""),
                &["1! `` is not a type of source"],
            ),
            (
                stanza.replace("deb\n", "rpm\n"),
                &["1! `rpm` is not a type of source"],
            ),
            (stanza.replace("URIs", "URI"), &["1! no address"]),
            (stanza.replace("Suites", "Suite"), &["1! no suite"]),
            (
                stanza.replace("Components", "Component"),
                &["1! suite `trixie` without a component"],
            ),
            (format!("{stanza}nonsense\n"), &["5! not a list of fields"]),
        ];
        for (text, expected) in table {
            assert_eq!(written(&parse_deb822(&text)), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>(), line in "deb(-src)? ?\\[?[a-z= ]{0,9}\\]?[ a-z:/#]{0,30}") {
            for text in [text, line] {
                let _ = parse_list(&text);
                let _ = parse_deb822(&text);
            }
        }
    }
}
