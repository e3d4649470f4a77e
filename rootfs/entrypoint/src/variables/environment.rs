//! What the user set: from the environment to the text of each variable.
//!
//! The rules for every variable: an empty value is an unset one (`${X}` of Compose); one layer of quotes is
//! stripped (a YAML list passes those of `- ZOO_SERVERS="…"` literally), and the blanks around it, which only
//! a password may have; `NAME_FILE` names a file with the
//! value (secrets of Docker and Kubernetes) and wins over `NAME`; the name wins over its aliases; what looks
//! like the address of a linked container or of a Kubernetes service is nobody's setting.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::kinds::Kind;
use super::secret::Secret;
use super::table::Variable;
use crate::file;

/// The environment, as far as its names are text.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<String, OsString>,
    /// What files held when they were last read. PID 1 reads them first as root, which it then gives up, and
    /// a secret may be root's alone.
    read: RefCell<BTreeMap<PathBuf, Secret>>,
}

/// What was set for a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The name that was used: the variable's own, an alias, or either with `_FILE`.
    pub name: String,
    /// The text, never empty.
    pub text: String,
}

/// Why a variable cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Its value is none of the allowed ones.
    #[error("{name} is `{value}`: {reason}")]
    NotAllowed {
        /// The name that was used.
        name: String,
        /// The value.
        value: String,
        /// What is wrong, or what is allowed.
        reason: String,
    },
    /// Something in its value is not allowed, and the rest may be nobody's business.
    #[error("{name}: {reason}")]
    Malformed {
        /// The name that was used.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// Its value is no text.
    #[error("{name} is not valid UTF-8")]
    NotText {
        /// The name that was used.
        name: String,
    },
    /// The file that should hold the value cannot be read.
    #[error("{name} names {}, which cannot be read: {source}", path.display())]
    Unreadable {
        /// The name that was used, with `_FILE`.
        name: String,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Environment {
    /// The environment of this process.
    pub fn of_process() -> Self {
        let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value));
        std::env::vars_os().filter_map(text).collect()
    }

    /// The value of any variable, also of those that are not ours; empty is unset.
    pub fn get(&self, name: &str) -> Option<&OsString> {
        self.variables.get(name).filter(|value| !value.is_empty())
    }

    /// Every name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &OsString)> {
        let variables = self.variables.iter();
        variables.map(|(name, value)| (name.as_str(), value))
    }

    /// What was set for `variable`, and what to warn of.
    pub fn given(
        &self,
        variable: &Variable,
        warnings: &mut Vec<String>,
    ) -> Result<Option<Given>, Problem> {
        let strip = match variable.kind {
            Kind::Secret => unquoted,
            _ => trimmed,
        };
        let mut winner: Option<Given> = None;
        for spelling in std::iter::once(&variable.name).chain(variable.aliases) {
            let Some(given) = self.spelled(spelling, strip, warnings)? else {
                continue;
            };
            match &winner {
                None => winner = Some(given),
                Some(first) if first.text != given.text => {
                    warnings.push(format!(
                        "{} and {} differ: {0} is used",
                        first.name, given.name
                    ));
                }
                Some(_) => {}
            }
        }
        Ok(winner)
    }

    /// What was set under one name, with its `_FILE` form left out.
    pub fn plain(&self, name: &str) -> Result<Option<String>, Problem> {
        self.text(name, trimmed)
    }

    fn spelled(
        &self,
        name: &str,
        strip: Strip,
        warnings: &mut Vec<String>,
    ) -> Result<Option<Given>, Problem> {
        let plain = self.text(name, strip)?;
        let file_name = format!("{name}_FILE");
        let Some(path) = self.text(&file_name, trimmed)? else {
            return Ok(plain.map(|text| Given {
                name: name.to_owned(),
                text,
            }));
        };
        let content = self.content(&file_name, Path::new(&path), warnings)?;
        let line_end = if content.ends_with("\r\n") {
            "\r\n"
        } else {
            "\n"
        };
        let text = strip(content.strip_suffix(line_end).unwrap_or(&content)).to_owned();
        if plain.is_some_and(|plain| plain != text) {
            warnings.push(format!(
                "{name} and {file_name} are both set: the file is used"
            ));
        }
        Ok((!text.is_empty()).then_some(Given {
            name: file_name,
            text,
        }))
    }

    /// What the file holds, or held when it could be read.
    fn content(
        &self,
        name: &str,
        path: &Path,
        warnings: &mut Vec<String>,
    ) -> Result<String, Problem> {
        let mut read = self.read.borrow_mut();
        let source = match text_of(path) {
            Ok(content) => {
                read.insert(path.to_owned(), Secret::new(&content));
                return Ok(content);
            }
            Err(source) => source,
        };
        let problem = Problem::Unreadable {
            name: name.to_owned(),
            path: path.to_owned(),
            source,
        };
        let Some(before) = read.get(path) else {
            return Err(problem);
        };
        warnings.push(format!("{problem}: what it held before is used"));
        Ok(before.reveal().to_owned())
    }

    fn text(&self, name: &str, strip: Strip) -> Result<Option<String>, Problem> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let value = value.to_str().ok_or_else(|| Problem::NotText {
            name: name.to_owned(),
        })?;
        // A service called `zoo-client` makes Kubernetes set our ZOO_CLIENT_PORT to this.
        if value.starts_with("tcp://") || value.starts_with("udp://") {
            return Ok(None);
        }
        let value = strip(value);
        Ok((!value.is_empty()).then(|| value.to_owned()))
    }
}

impl<N: Into<String>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter();
        Self {
            variables: pairs
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            read: RefCell::default(),
        }
    }
}

/// What a file says, without the mark that some editors begin it with. It is read as files of others are: the
/// daemon user may write where the file is.
fn text_of(path: &Path) -> io::Result<String> {
    let content = file::read(path)?.ok_or(Errno::ENOENT)?;
    let text = String::from_utf8(content).map_err(|_| io::Error::other("it is not valid UTF-8"))?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(marked) => marked.to_owned(),
        None => text,
    })
}

/// What is left of a text that a user wrote.
type Strip = fn(&str) -> &str;

/// Without blanks around it and without one layer of quotes.
fn trimmed(text: &str) -> &str {
    unquoted(text.trim()).trim()
}

/// Without one layer of quotes.
fn unquoted(text: &str) -> &str {
    let quotes = ['"', '\''];
    let inner = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    quotes.into_iter().find_map(inner).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::TABLE;
    use std::fs::Permissions;
    use std::os::unix::ffi::OsStringExt;
    use std::os::unix::fs::{PermissionsExt, lchown, symlink};

    const PORT: &str = "ZOO_PORT_NUMBER";

    fn given(pairs: &[(&str, &str)]) -> (String, Vec<String>) {
        let environment: Environment = pairs.iter().copied().collect();
        let variable = TABLE.iter().find(|variable| variable.name == PORT).unwrap();
        let mut warnings = Vec::new();
        let text = match environment.given(variable, &mut warnings) {
            Ok(Some(given)) => format!("{}={}", given.name, given.text),
            Ok(None) => "unset".to_owned(),
            Err(problem) => problem.to_string(),
        };
        (text, warnings)
    }

    #[test]
    fn spellings() {
        for (pairs, expected) in [
            (&[][..], "unset"),
            (&[(PORT, "")], "unset"),
            (&[(PORT, "\"\"")], "unset"),
            (&[(PORT, "2182")], "ZOO_PORT_NUMBER=2182"),
            (&[(PORT, "\"2182\"")], "ZOO_PORT_NUMBER=2182"),
            (&[(PORT, " '2182' ")], "ZOO_PORT_NUMBER=2182"),
            (&[(PORT, "\"'2182'\"")], "ZOO_PORT_NUMBER='2182'"),
            (&[(PORT, "\"2182")], "ZOO_PORT_NUMBER=\"2182"),
            (&[("ZOO_CLIENT_PORT", "2182")], "ZOO_CLIENT_PORT=2182"),
            (
                &[(PORT, ""), ("ZOO_CLIENT_PORT", "2182")],
                "ZOO_CLIENT_PORT=2182",
            ),
            (
                &[(PORT, "2182"), ("ZOO_CLIENT_PORT", "2182")],
                "ZOO_PORT_NUMBER=2182",
            ),
            (&[("ZOO_CLIENT_PORT", "tcp://10.0.0.7:2181")], "unset"),
        ] {
            assert_eq!(given(pairs), (expected.to_owned(), vec![]), "{pairs:?}");
        }
    }

    #[test]
    fn the_name_wins_over_its_alias() {
        let (text, warnings) = given(&[(PORT, "1"), ("ZOO_CLIENT_PORT", "2")]);
        assert_eq!(text, "ZOO_PORT_NUMBER=1");
        assert_eq!(
            warnings,
            ["ZOO_PORT_NUMBER and ZOO_CLIENT_PORT differ: ZOO_PORT_NUMBER is used"]
        );
    }

    #[test]
    fn values_in_files() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("port");
        let file = path.to_str().unwrap();
        for (content, expected) in [
            ("2182\n", "ZOO_PORT_NUMBER_FILE=2182"),
            ("2182\r\n", "ZOO_PORT_NUMBER_FILE=2182"),
            ("\"2182\"", "ZOO_PORT_NUMBER_FILE=2182"),
            ("\u{feff}2182\n", "ZOO_PORT_NUMBER_FILE=2182"),
            ("\u{feff}\n", "unset"),
            ("\n", "unset"),
        ] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(
                given(&[("ZOO_PORT_NUMBER_FILE", file)]).0,
                expected,
                "{content:?}"
            );
        }
        std::fs::write(&path, "2182").unwrap();
        let (text, warnings) = given(&[(PORT, "1"), ("ZOO_PORT_NUMBER_FILE", file)]);
        assert_eq!(text, "ZOO_PORT_NUMBER_FILE=2182");
        assert_eq!(
            warnings,
            ["ZOO_PORT_NUMBER and ZOO_PORT_NUMBER_FILE are both set: the file is used"]
        );
        assert_eq!(
            given(&[("ZOO_PORT_NUMBER_FILE", "/nowhere")]).0,
            "ZOO_PORT_NUMBER_FILE names /nowhere, which cannot be read: No such file or directory (os error 2)"
        );
    }

    fn refused(path: &Path) -> String {
        let (said, _) = given(&[("ZOO_PORT_NUMBER_FILE", path.to_str().unwrap())]);
        let reason = said.split_once("cannot be read: ");
        reason.map_or(said.clone(), |(_, reason)| reason.to_owned())
    }

    #[test]
    fn a_file_is_read_as_one_that_anybody_may_have_put_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("port");
        std::fs::write(&path, vec![b'1'; (1 << 20) + 1]).unwrap();
        assert_eq!(refused(&path), "it has more than 1048576 bytes");
        std::fs::write(&path, [0xff]).unwrap();
        assert_eq!(refused(&path), "it is not valid UTF-8");
        assert_eq!(refused(directory.path()), "it is no regular file");
        let pipe = directory.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(refused(&pipe), "it is no regular file");

        // Links of the daemon user to what is not its own; only root could be fooled by them.
        if nix::unistd::geteuid().is_root() {
            std::fs::write(&path, "2183").unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
            std::fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
            let link = directory.path().join("link");
            symlink(&path, &link).unwrap();
            assert_eq!(refused(&link), "ZOO_PORT_NUMBER_FILE=2183");
            lchown(&link, Some(1000), Some(1000)).unwrap();
            assert_eq!(refused(&link), "Permission denied (os error 13)");
        }
    }

    #[test]
    fn secrets_as_engines_lay_them_down() {
        // Docker: a file. Kubernetes: a link to a link to a directory, each replaced as a whole.
        let mount = tempfile::tempdir().unwrap();
        let at = |name: &str| mount.path().join(name);
        std::fs::write(at("docker"), "2182").unwrap();
        std::fs::create_dir(at("..2026_11_23")).unwrap();
        std::fs::write(at("..2026_11_23/kubernetes"), "2182").unwrap();
        symlink("..2026_11_23", at("..data")).unwrap();
        symlink("..data/kubernetes", at("kubernetes")).unwrap();
        // `/var/run` is a link itself.
        symlink(mount.path(), at("run")).unwrap();
        for name in ["docker", "kubernetes", "run/docker", "run/kubernetes"] {
            assert_eq!(refused(&at(name)), "ZOO_PORT_NUMBER_FILE=2182", "{name}");
        }
    }

    #[test]
    fn blanks_are_part_of_a_password() {
        let name = "ZOO_SUPER_USER_PASSWORD";
        let variable = TABLE.iter().find(|variable| variable.name == name).unwrap();
        let path = tempfile::NamedTempFile::new().unwrap();
        let file = format!("{name}_FILE");
        for (written, expected) in [
            (" a b ", " a b "),
            ("\" a\t\"", " a\t"),
            ("' a'", " a"),
            (" 'a'", " 'a'"),
            ("''a''", "'a'"),
            (" ", " "),
        ] {
            let of = |environment: &Environment| {
                let given = environment.given(variable, &mut Vec::new());
                given.unwrap().unwrap().text
            };
            let plain = [(name, written)].into_iter().collect();
            assert_eq!(of(&plain), expected, "{written:?}");
            let by_file = [(file.as_str(), path.path())].into_iter().collect();
            for line_end in ["", "\n", "\r\n"] {
                std::fs::write(path.path(), written.to_owned() + line_end).unwrap();
                assert_eq!(of(&by_file), expected, "{written:?}{line_end:?}");
            }
            std::fs::write(path.path(), written.to_owned() + "\n\n").unwrap();
            assert!(of(&by_file).ends_with('\n'));
        }
    }

    #[test]
    fn what_a_file_held_before_is_not_forgotten() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("port");
        std::fs::write(&path, "2182\n").unwrap();
        let environment: Environment = [("ZOO_PORT_NUMBER_FILE", &path)].into_iter().collect();
        let variable = TABLE.iter().find(|variable| variable.name == PORT).unwrap();
        let mut warnings = Vec::new();
        let mut text = || {
            let given = environment.given(variable, &mut warnings).unwrap();
            given.unwrap().text
        };
        assert_eq!(text(), "2182");
        std::fs::write(&path, "2183\n").unwrap();
        assert_eq!(text(), "2183");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(text(), "2183");
        assert_eq!(
            warnings,
            [format!(
                "ZOO_PORT_NUMBER_FILE names {}, which cannot be read: No such file or directory (os error 2): \
                 what it held before is used",
                path.display()
            )]
        );
        assert!(!format!("{environment:?}").contains("2183"));
    }

    #[test]
    fn what_is_no_text_is_refused_only_where_it_matters() {
        let bytes = OsString::from_vec(vec![0xff]);
        let environment: Environment = [("OTHER", bytes.clone()), ("ZOO_TICK_TIME", bytes)]
            .into_iter()
            .collect();
        let problem = environment.given(&TABLE[0], &mut Vec::new()).unwrap_err();
        assert_eq!(problem.to_string(), "ZOO_TICK_TIME is not valid UTF-8");
    }
}
