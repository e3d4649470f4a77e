//! Init hooks: programs and scripts in `initdb.d` of the configuration directory, run once for each data
//! directory before its first start, one after the other by their names, as the user that the server runs as.
//!
//! As users of other images expect, what is executable is run, and a `*.sh` that is not (a ConfigMap makes no
//! executables) is given to the shell. All of them are looked at before the first one runs, so that a missing
//! shell is no surprise in the middle. The mark that they have run is made only after all have succeeded.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::{AccessFlags, access};

use super::files;
use crate::journal::Journal;
use crate::supervise::{Ended, SuperviseError};

/// The directory, within that of the configuration.
const DIRECTORY: &str = "initdb.d";

/// The file in the data directory that says that the hooks have run: their names, one a line.
pub(super) const MARKER: &str = ".zookeeper-entrypoint.hooks";

const SHELL: &str = "/bin/sh";

/// Why a server must not start.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// The hooks cannot be looked at.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The directory or the hook.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Its interpreter is missing.
    #[error(
        "the init hook {} needs {}, which this image does not have (the variant `distroless` has no shell)",
        hook.display(), interpreter.display()
    )]
    NoInterpreter {
        /// The hook.
        hook: PathBuf,
        /// What it needs.
        interpreter: PathBuf,
    },
    /// It does not run.
    #[error("the init hook {}: {source}", hook.display())]
    Run {
        /// The hook.
        hook: PathBuf,
        /// Why not.
        source: SuperviseError,
    },
    /// It failed.
    #[error("the init hook {} {}", hook.display(), outcome(*ended))]
    Failed {
        /// The hook.
        hook: PathBuf,
        /// How it ended.
        ended: Ended,
    },
    /// They have run, and would run again.
    #[error("cannot write {}: {source}", path.display())]
    Mark {
        /// The mark.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

fn outcome(ended: Ended) -> String {
    match ended {
        Ended::Exited(status) => format!("has left with {status}"),
        Ended::Killed(signal) => format!("was ended by {signal}"),
    }
}

/// Something to run.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hook {
    path: PathBuf,
    by: Option<PathBuf>,
}

impl Hook {
    fn command(&self) -> Command {
        let mut command = match &self.by {
            None => Command::new(&self.path),
            Some(shell) => {
                let mut command = Command::new(shell);
                command.arg(&self.path);
                command
            }
        };
        // A hook that asks somebody would wait for ever.
        command.stdin(Stdio::null());
        command
    }
}

/// What there is to run.
#[derive(Debug, Default)]
struct Hooks {
    hooks: Vec<Hook>,
    ignored: Vec<PathBuf>,
}

/// Runs the hooks that have not run for this data directory yet; `run` runs one of them to its end.
pub fn run(
    conf: &Path,
    data: &Path,
    journal: Journal,
    mut run: impl FnMut(&mut Command) -> Result<Ended, SuperviseError>,
) -> Result<(), HookError> {
    let marker = data.join(MARKER);
    if marker.symlink_metadata().is_ok() {
        return Ok(());
    }
    let found = Hooks::find(&conf.join(DIRECTORY), Path::new(SHELL))?;
    for path in &found.ignored {
        journal.warning(format_args!(
            "{} is no init hook: it is neither executable nor a `*.sh`",
            path.display()
        ));
    }
    if found.hooks.is_empty() {
        return Ok(());
    }
    let mut names = Vec::new();
    for hook in &found.hooks {
        journal.note(format_args!(
            "running the init hook {}",
            hook.path.display()
        ));
        let ended = run(&mut hook.command()).map_err(|source| HookError::Run {
            hook: hook.path.clone(),
            source,
        })?;
        if ended != Ended::Exited(0) {
            return Err(HookError::Failed {
                hook: hook.path.clone(),
                ended,
            });
        }
        names.extend_from_slice(hook.path.file_name().unwrap_or_default().as_bytes());
        names.push(b'\n');
    }
    files::write(&marker, &names).map_err(|source| HookError::Mark {
        path: marker,
        source,
    })
}

impl Hooks {
    fn find(directory: &Path, shell: &Path) -> Result<Self, HookError> {
        let unreadable = |source| HookError::Unreadable {
            path: directory.to_owned(),
            source,
        };
        let entries = match fs::read_dir(directory) {
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(Self::default());
            }
            entries => entries.map_err(unreadable)?,
        };
        let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| Ok(entry?.path())).collect();
        let mut paths = paths.map_err(unreadable)?;
        paths.sort();
        let mut found = Self::default();
        for path in paths {
            // Kubernetes keeps the files themselves below names such as `..data`.
            let is_hidden = path
                .file_name()
                .is_some_and(|name| name.as_bytes().starts_with(b"."));
            if is_hidden || !path.is_file() {
                continue;
            }
            match how(&path, shell)? {
                Some(by) => found.hooks.push(Hook { path, by }),
                None => found.ignored.push(path),
            }
        }
        Ok(found)
    }
}

/// Whether a file is a hook, and by what shell if it does not run by itself.
fn how(path: &Path, shell: &Path) -> Result<Option<Option<PathBuf>>, HookError> {
    let is_script = path.extension().is_some_and(|extension| extension == "sh");
    let is_executable = access(path, AccessFlags::X_OK).is_ok();
    if !is_executable && !is_script {
        return Ok(None);
    }
    let (needed, by) = if is_executable {
        match beginning(path) {
            Beginning::Interpreter(interpreter) => (Some(interpreter), None),
            Beginning::Program => (None, None),
            // The kernel refuses it, and a shell does what people expect.
            Beginning::Neither => (Some(shell.to_owned()), Some(shell.to_owned())),
        }
    } else {
        (Some(shell.to_owned()), Some(shell.to_owned()))
    };
    match needed {
        Some(interpreter) if !interpreter.exists() => Err(HookError::NoInterpreter {
            hook: path.to_owned(),
            interpreter,
        }),
        _ => Ok(Some(by)),
    }
}

/// How an executable file begins.
enum Beginning {
    /// `#!/path/of/an/interpreter`.
    Interpreter(PathBuf),
    /// A program, or nobody can tell.
    Program,
    /// A script without a first line for the kernel.
    Neither,
}

fn beginning(path: &Path) -> Beginning {
    // The kernel reads no more of the first line either.
    let mut bytes = Vec::with_capacity(256);
    let read = File::open(path).and_then(|file| file.take(256).read_to_end(&mut bytes));
    if read.is_err() || bytes.starts_with(b"\x7fELF") {
        return Beginning::Program;
    }
    let Some(line) = bytes.strip_prefix(b"#!") else {
        return Beginning::Neither;
    };
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let word = line
        .split(|byte| matches!(byte, b' ' | b'\t'))
        .find(|word| !word.is_empty());
    word.map_or(Beginning::Program, |word| {
        Beginning::Interpreter(std::ffi::OsStr::from_bytes(word).into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::signal::Signal;
    use std::os::unix::fs::PermissionsExt;

    struct Directories {
        root: tempfile::TempDir,
    }

    impl Directories {
        fn new(hooks: &[(&str, u32, &str)]) -> Self {
            let root = tempfile::tempdir().unwrap();
            let directory = root.path().join("conf").join(DIRECTORY);
            fs::create_dir_all(&directory).unwrap();
            fs::create_dir(root.path().join("data")).unwrap();
            for (name, mode, content) in hooks {
                let path = directory.join(name);
                fs::write(&path, content).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).unwrap();
            }
            Self { root }
        }

        fn hook(&self, name: &str) -> PathBuf {
            self.root.path().join("conf").join(DIRECTORY).join(name)
        }

        fn find(&self, shell: &str) -> Result<Hooks, String> {
            let directory = self.hook("");
            Hooks::find(&directory, Path::new(shell)).map_err(|error| {
                let root = self.root.path().display().to_string();
                error.to_string().replace(&root, "")
            })
        }

        fn run(&self, mut ends: Vec<Ended>) -> (Vec<String>, Result<(), String>) {
            let mut ran = Vec::new();
            let (conf, data) = (self.root.path().join("conf"), self.root.path().join("data"));
            let result = run(&conf, &data, Journal::default(), |command| {
                let words = std::iter::once(command.get_program()).chain(command.get_args());
                let names =
                    words.map(|word| Path::new(word).file_name().unwrap().to_str().unwrap());
                ran.push(names.collect::<Vec<_>>().join(" "));
                Ok(ends.remove(0))
            });
            let root = self.root.path().display().to_string();
            (
                ran,
                result.map_err(|error| error.to_string().replace(&root, "")),
            )
        }

        fn marker(&self) -> Option<String> {
            fs::read_to_string(self.root.path().join("data").join(MARKER)).ok()
        }
    }

    const DONE: Ended = Ended::Exited(0);

    #[test]
    fn hooks_run_once_in_the_order_of_their_names() {
        let directories = Directories::new(&[
            ("20-b", 0o755, "#!/bin/sh\n"),
            ("10-a.sh", 0o644, "true\n"),
            ("30-c", 0o755, "true\n"),
            ("notes.txt", 0o644, ""),
            (".hidden", 0o755, ""),
        ]);
        fs::create_dir(directories.hook("40-d")).unwrap();
        let (ran, result) = directories.run(vec![DONE; 3]);
        assert_eq!(ran, ["sh 10-a.sh", "20-b", "sh 30-c"]);
        result.unwrap();
        assert_eq!(directories.marker().unwrap(), "10-a.sh\n20-b\n30-c\n");
        let (ran, result) = directories.run(vec![]);
        assert!(ran.is_empty() && result.is_ok());
    }

    #[test]
    fn a_failure_ends_it_and_all_run_again() {
        let directories = Directories::new(&[
            ("a.sh", 0o644, ""),
            ("b.sh", 0o644, ""),
            ("c.sh", 0o644, ""),
        ]);
        for (ended, expected) in [
            (
                Ended::Exited(3),
                "the init hook /conf/initdb.d/b.sh has left with 3",
            ),
            (
                Ended::Killed(Signal::SIGKILL),
                "the init hook /conf/initdb.d/b.sh was ended by SIGKILL",
            ),
        ] {
            let (ran, result) = directories.run(vec![DONE, ended]);
            assert_eq!(ran, ["sh a.sh", "sh b.sh"]);
            assert_eq!(result.unwrap_err(), expected);
            assert_eq!(directories.marker(), None);
        }
        directories.run(vec![DONE; 3]).1.unwrap();
    }

    #[test]
    fn without_hooks_nothing_is_marked() {
        let directories = Directories::new(&[("notes.txt", 0o644, "")]);
        directories.run(vec![]).1.unwrap();
        assert_eq!(directories.marker(), None);
        fs::remove_file(directories.hook("notes.txt")).unwrap();
        fs::remove_dir(directories.hook("")).unwrap();
        directories.run(vec![]).1.unwrap();
        fs::write(directories.root.path().join("conf").join(DIRECTORY), "").unwrap();
        directories.run(vec![]).1.unwrap();
    }

    #[test]
    fn a_missing_shell_is_said_before_anything_runs() {
        for (name, mode, content, interpreter) in [
            ("b.sh", 0o644, "", "/nowhere/sh"),
            ("b.sh", 0o755, "echo\n", "/nowhere/sh"),
            ("b", 0o755, "#! /nowhere/python3 -u\n", "/nowhere/python3"),
        ] {
            let directories = Directories::new(&[("a", 0o755, "\x7fELF"), (name, mode, content)]);
            assert_eq!(
                directories.find("/nowhere/sh").unwrap_err(),
                format!(
                    "the init hook /conf/initdb.d/{name} needs {interpreter}, which this image does not have (the variant \
                     `distroless` has no shell)"
                )
            );
        }
        let directories = Directories::new(&[("a", 0o755, "\x7fELF")]);
        assert_eq!(directories.find("/nowhere/sh").unwrap().hooks.len(), 1);
    }

    #[test]
    fn a_link_as_kubernetes_makes_them_is_a_hook() {
        let directories = Directories::new(&[("..data", 0o644, "")]);
        std::os::unix::fs::symlink("..data", directories.hook("a.sh")).unwrap();
        let found = directories.find("/bin/sh").unwrap();
        assert_eq!(found.hooks.len(), 1);
        assert!(found.ignored.is_empty());
    }
}
