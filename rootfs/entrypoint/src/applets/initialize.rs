//! `zkServer-initialize.sh`: an empty data directory that says of itself that it is meant to be empty, by the file
//! `initialize` (for servers with `-Dzookeeper.db.autocreate=false`, which otherwise refuse to vote with one).
//!
//! It happens as a whole or not at all: what was there is put aside, and put back when a step fails. It is never
//! done to the data of a running server.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use super::configured::{self, DATA_ROWS, DataDirectories};
use super::{DAEMON_ROWS, failure, print, usage, values};
use crate::control::{Connection, ConnectionError, Verb};
use crate::file;
use crate::journal::Journal;
use crate::prepare::daemon;
use crate::prepare::directories::{self, Content, Directory, NamedBy};
use crate::prepare::files;
use crate::prepare::lock;
use crate::prepare::system::Host;
use crate::properties::Properties;
use crate::servers::ServerId;
use crate::variables::ids::PID_FILE;
use crate::variables::{Environment, Values};

/// How long PID 1 may take to answer.
const PROMPT: Duration = Duration::from_secs(5);

/// The end of the name of what is put aside.
const ASIDE: &str = ".before-initialize";

const HELP: &str = "\
Makes the data directories of a server, empty.

Usage: zkServer-initialize.sh [OPTION]...

  --configfile=FILE   The zoo.cfg that names the directories, if it is not the one of the server
  --myid=N            The number of the server, 1 to 255
  --force             Remove the data that is there
  -h, --help          Print this help

Example: zkServer-initialize.sh --myid=1
";

/// What was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Request {
    config: Option<PathBuf>,
    myid: Option<ServerId>,
    force: bool,
    help: bool,
}

/// Why nothing was initialised.
#[derive(Debug, thiserror::Error)]
enum InitializeError {
    #[error("cannot read {}: {source}", path.display())]
    Config { path: PathBuf, source: io::Error },
    #[error("{} names no dataDir", .0.display())]
    NoDataDirectory(PathBuf),
    #[error("there is data in {} already; `--force` removes it", .0.display())]
    Data(PathBuf),
    #[error(transparent)]
    Running(#[from] lock::Taken),
    #[error("the server of this container runs on {}: stop it first", .0.display())]
    RunningHere(PathBuf),
    #[error("nothing is removed while a server may be running: {0}")]
    PerhapsRunning(#[source] ConnectionError),
    #[error("nothing is removed while another server may be running on it: {0}")]
    Unlocked(#[source] lock::Unlocked),
    #[error("cannot make {}: {source}", path.display())]
    Make { path: PathBuf, source: io::Error },
}

/// Initialises.
pub(super) fn run(arguments: &[OsString]) -> ExitCode {
    let request = match Request::parse(arguments) {
        Ok(Request { help: true, .. }) => return print(HELP),
        Ok(request) => request,
        Err(problem) => return usage(&problem, HELP),
    };
    let rows = [&DAEMON_ROWS[..], &DATA_ROWS].concat();
    let values = match values(&Environment::of_process(), &rows) {
        Ok(values) => values,
        Err(code) => return code,
    };
    match initialize(&request, &values) {
        Ok(said) => print(&said),
        Err(error) => {
            Journal::default().error(error);
            failure()
        }
    }
}

impl Request {
    fn parse(arguments: &[OsString]) -> Result<Self, String> {
        let mut request = Self::default();
        let mut words = arguments.iter().map(|word| word.to_string_lossy());
        while let Some(word) = words.next() {
            let (option, inline) = match word.split_once('=') {
                Some((option, value)) => (option, Some(value.to_owned())),
                None => (word.as_ref(), None),
            };
            let mut value = || {
                let value = inline.clone().or_else(|| words.next().map(String::from));
                let value = value.filter(|value| !value.is_empty());
                value.ok_or_else(|| format!("`{option}` needs a value"))
            };
            match option {
                "--configfile" => request.config = Some(PathBuf::from(value()?)),
                "--myid" => {
                    let text = value()?;
                    let id = ServerId::parse(&text);
                    let problem = || format!("`--myid={text}`: a number is 1 to 255");
                    request.myid = Some(id.ok_or_else(problem)?);
                }
                "--force" if inline.is_none() => request.force = true,
                "-h" | "--help" if inline.is_none() => request.help = true,
                _ => return Err(format!("unknown option `{word}`")),
            }
        }
        Ok(request)
    }
}

fn initialize(request: &Request, values: &Values) -> Result<String, InitializeError> {
    let directories = directories(request, values)?;
    // First of all, since root may ask every server.
    check_not_running(request, &directories, values)?;
    become_owner(&directories, values)?;
    // Held to the end: a server that starts meanwhile waits for nothing, it refuses.
    let (_lock, unlocked) = lock::take(&directories.data, &directories.log, None)?;
    if request.force {
        let problem = unlocked.into_iter().next();
        problem.map_or(Ok(()), |problem| Err(InitializeError::Unlocked(problem)))?;
    } else {
        let mut data = directories.all().map(configured::version_2);
        if let Some(there) = data.find(|data| data.exists()) {
            return Err(InitializeError::Data(there));
        }
    }
    replace(request, &directories)?;
    let myid = directories.data.join("myid");
    let number = match request.myid {
        Some(id) => format!("its number is {id}"),
        None if myid.exists() => "its number stays".to_owned(),
        None => format!("its number is still to be written to {}", myid.display()),
    };
    Ok(format!(
        "initialized {}; {number}\n",
        directories.data.display()
    ))
}

/// Asks the server of this container, which may have found nothing that it could lock.
fn check_not_running(
    request: &Request,
    directories: &DataDirectories,
    values: &Values,
) -> Result<(), InitializeError> {
    let in_force = configured::data_directories(values);
    let Some(used) = in_force
        .all()
        .find(|used| directories.all().any(|directory| directory == *used))
    else {
        return Ok(());
    };
    let asked = Connection::ask(values.path(PID_FILE), Verb::Status);
    match asked.and_then(|mut connection| connection.answer(Some(PROMPT))) {
        Ok(_) => Err(InitializeError::RunningHere(used.to_owned())),
        Err(ConnectionError::NoServer) => Ok(()),
        Err(error) if request.force => Err(InitializeError::PerhapsRunning(error)),
        Err(_) => Ok(()),
    }
}

/// By the configuration that is named, else by the one that is in force.
fn directories(request: &Request, values: &Values) -> Result<DataDirectories, InitializeError> {
    let Some(config) = &request.config else {
        return Ok(configured::data_directories(values));
    };
    let read = file::read(config).and_then(|read| read.ok_or(io::ErrorKind::NotFound.into()));
    let content = read.map_err(|source| InitializeError::Config {
        path: config.clone(),
        source,
    })?;
    DataDirectories::of(&Properties::parse(&content))
        .ok_or_else(|| InitializeError::NoDataDirectory(config.clone()))
}

/// As root: makes the directories for the daemon user, and goes on as that one.
fn become_owner(directories: &DataDirectories, values: &Values) -> Result<(), InitializeError> {
    let make = |path: &Path| {
        let path = path.to_owned();
        |source| InitializeError::Make { path, source }
    };
    let identity = daemon::identity(values)
        .map_err(|error| make(&directories.data)(io::Error::other(error)))?;
    let needed = directories.all().map(|path| Directory {
        path: path.to_owned(),
        content: Content::Data,
        needed: true,
        named_by: NamedBy::in_file(path, values),
    });
    let needed: Vec<Directory> = needed.collect();
    let journal = Journal::default();
    directories::hand_over(&mut Host, identity, &needed, journal);
    daemon::become_daemon(&mut Host, identity).map_err(make(&directories.data))?;
    directories::make(&mut Host, &needed, journal).map_err(|errors| {
        let first = errors.into_iter().next();
        first.map_or_else(
            || make(&directories.data)(io::ErrorKind::Other.into()),
            |error| make(&error.path)(error.source),
        )
    })?;
    for directory in directories.all() {
        files::check_writable(directory)
            .map_err(|error| make(directory)(io::Error::other(error)))?;
    }
    Ok(())
}

/// Puts aside what is there, makes what is to be there, and only then removes the former.
fn replace(request: &Request, directories: &DataDirectories) -> Result<(), InitializeError> {
    let mut former: Vec<PathBuf> = directories.all().map(configured::version_2).collect();
    if request.force || request.myid.is_some() {
        former.push(directories.data.join("myid"));
    }
    let mut aside = Vec::new();
    let made = former
        .iter()
        .try_for_each(|path| put_aside(path, &mut aside))
        .and_then(|()| make(request, directories));
    match made {
        Ok(()) => {
            // The former data is of no use to anybody; what cannot be removed is out of the way.
            for (_, aside) in &aside {
                let _ = fs::remove_dir_all(aside).or_else(|_| fs::remove_file(aside));
            }
            Ok(())
        }
        Err(error) => {
            for (path, aside) in aside.iter().rev() {
                let _ = fs::remove_dir(path).or_else(|_| fs::remove_file(path));
                let _ = fs::rename(aside, path);
            }
            Err(error)
        }
    }
}

fn put_aside(path: &Path, aside: &mut Vec<(PathBuf, PathBuf)>) -> Result<(), InitializeError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ASIDE);
    let target = path.with_file_name(name);
    // Of an attempt that was killed: what it had put aside was as good as removed.
    let stale = fs::remove_dir_all(&target);
    let moved = match stale {
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => fs::remove_file(&target),
        _ => Ok(()),
    }
    .and_then(|()| fs::rename(path, &target));
    match moved {
        Ok(()) => {
            aside.push((path.to_owned(), target));
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(InitializeError::Make {
            path: target,
            source,
        }),
    }
}

fn make(request: &Request, directories: &DataDirectories) -> Result<(), InitializeError> {
    let made = |path: PathBuf, result: io::Result<()>| {
        result.map_err(|source| InitializeError::Make { path, source })
    };
    for directory in directories.all() {
        let data = configured::version_2(directory);
        let result = fs::create_dir(&data);
        made(data, result)?;
    }
    if let Some(id) = request.myid {
        let path = directories.data.join("myid");
        let result = files::write(&path, format!("{id}\n").as_bytes());
        made(path, result)?;
    }
    // Last, since it is what the server trusts.
    let path = directories.data.join("initialize");
    let result = files::write(&path, b"");
    made(path, result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::Reading;

    fn parsed(line: &str) -> Result<Request, String> {
        let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        Request::parse(&words)
    }

    #[test]
    fn options_of_upstream() {
        let all = Request {
            config: Some("/c".into()),
            myid: ServerId::new(7),
            force: true,
            help: false,
        };
        assert_eq!(parsed("").unwrap(), Request::default());
        assert_eq!(parsed("--configfile=/c --myid=7 --force").unwrap(), all);
        assert_eq!(parsed("--configfile /c --force --myid 7").unwrap(), all);
        assert!(parsed("-h").unwrap().help && parsed("--help").unwrap().help);
        for (line, problem) in [
            ("--myid", "`--myid` needs a value"),
            ("--myid=", "`--myid` needs a value"),
            ("--myid=256", "`--myid=256`: a number is 1 to 255"),
            ("--force=yes", "unknown option `--force=yes`"),
            ("zoo.cfg", "unknown option `zoo.cfg`"),
        ] {
            assert_eq!(parsed(line), Err(problem.to_owned()), "{line}");
        }
    }

    struct Server(tempfile::TempDir);

    impl Server {
        fn new() -> Self {
            let server = Self(tempfile::tempdir().unwrap());
            let content = format!(
                "dataDir={}\ndataLogDir={}\n",
                server.path("data").display(),
                server.path("log").display()
            );
            fs::write(server.path("zoo.cfg"), content).unwrap();
            server
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn initialize(&self, line: &str) -> Result<String, String> {
            let environment: Environment = [
                ("ZOO_CONF_DIR", self.0.path().to_str().unwrap()),
                ("ZOO_DAEMON_USER", "0"),
                ("ZOO_DAEMON_GROUP", "0"),
            ]
            .into_iter()
            .collect();
            let values = Reading::of(&environment).all().unwrap();
            initialize(&parsed(line).unwrap(), &values).map_err(|error| error.to_string())
        }

        /// Everything in the data directories but the lock.
        fn files(&self) -> Vec<String> {
            let mut found = Vec::new();
            for directory in ["data", "data/version-2", "log", "log/version-2"] {
                let entries = fs::read_dir(self.path(directory)).into_iter().flatten();
                found.extend(entries.filter_map(|entry| {
                    let name = entry.unwrap().file_name().into_string().unwrap();
                    (!name.contains("lock")).then(|| format!("{directory}/{name}"))
                }));
            }
            found.sort();
            found
        }
    }

    const EMPTY: [&str; 4] = [
        "data/initialize",
        "data/myid",
        "data/version-2",
        "log/version-2",
    ];

    #[test]
    fn everything_is_made() {
        let server = Server::new();
        let said = server.initialize("--myid=3").unwrap();
        assert!(said.ends_with("; its number is 3\n"), "{said}");
        assert_eq!(server.files(), EMPTY);
        assert_eq!(fs::read_to_string(server.path("data/myid")).unwrap(), "3\n");
    }

    #[test]
    fn data_is_removed_only_by_force() {
        let server = Server::new();
        server.initialize("--myid=3").unwrap();
        fs::write(server.path("log/version-2/log.1"), "").unwrap();
        fs::remove_file(server.path("data/initialize")).unwrap();
        let before = server.files();
        let refused = server.initialize("--myid=4").unwrap_err();
        let expected = format!(
            "there is data in {} already; `--force` removes it",
            server.path("data/version-2").display()
        );
        assert_eq!(refused, expected);
        assert_eq!(server.files(), before);
        server.initialize("--myid=4 --force").unwrap();
        assert_eq!(server.files(), EMPTY);
        assert_eq!(fs::read_to_string(server.path("data/myid")).unwrap(), "4\n");
        let said = server.initialize("--force").unwrap();
        assert!(
            said.contains("; its number is still to be written to "),
            "{said}"
        );
        assert_eq!(
            server.files(),
            ["data/initialize", "data/version-2", "log/version-2"]
        );
    }

    #[test]
    fn a_number_that_is_there_stays() {
        let server = Server::new();
        fs::create_dir(server.path("data")).unwrap();
        fs::write(server.path("data/myid"), "9\n").unwrap();
        assert!(
            server
                .initialize("")
                .unwrap()
                .ends_with("; its number stays\n")
        );
        assert_eq!(server.files(), EMPTY);
    }

    #[test]
    fn a_failure_leaves_everything_as_it_was() {
        let server = Server::new();
        server.initialize("--myid=3").unwrap();
        fs::write(server.path("data/version-2/snapshot.0"), "").unwrap();
        fs::remove_file(server.path("data/initialize")).unwrap();
        // What should become a file is a directory with something in it.
        fs::create_dir_all(server.path("data/initialize/x")).unwrap();
        let before = server.files();
        let error = server.initialize("--myid=4 --force").unwrap_err();
        assert!(error.starts_with("cannot make "), "{error}");
        assert_eq!(server.files(), before);
        assert_eq!(fs::read_to_string(server.path("data/myid")).unwrap(), "3\n");
    }

    #[test]
    fn the_data_of_a_running_server_is_left_alone() {
        let server = Server::new();
        fs::create_dir(server.path("data")).unwrap();
        let _lock = lock::take(&server.path("data"), &server.path("data"), None).unwrap();
        let error = server.initialize("--force").unwrap_err();
        assert!(
            error.starts_with("another server is running on "),
            "{error}"
        );
    }

    #[test]
    fn nothing_is_removed_that_cannot_be_locked() {
        let server = Server::new();
        server.initialize("--myid=3").unwrap();
        let lock = server.path("log/.zookeeper-entrypoint.lock");
        fs::remove_file(&lock).unwrap();
        std::os::unix::fs::symlink("/dev/null", &lock).unwrap();
        let before = server.files();
        let error = server.initialize("--force").unwrap_err();
        let expected = format!(
            "nothing is removed while another server may be running on it: {} cannot be locked: ",
            server.path("log").display()
        );
        assert!(error.starts_with(&expected), "{error}");
        assert_eq!(server.files(), before);
    }

    #[test]
    fn another_configuration() {
        let server = Server::new();
        let other = server.path("other.cfg");
        let line = format!("--configfile={}", other.display());
        let error = server.initialize(&line).unwrap_err();
        assert!(error.starts_with("cannot read "), "{error}");
        fs::write(&other, "tickTime=1\n").unwrap();
        let error = server.initialize(&line).unwrap_err();
        assert!(error.ends_with("other.cfg names no dataDir"), "{error}");
        let elsewhere = server.path("elsewhere");
        fs::write(&other, format!("dataDir={}\n", elsewhere.display())).unwrap();
        server.initialize(&line).unwrap();
        assert!(elsewhere.join("version-2").is_dir() && elsewhere.join("initialize").is_file());
        assert_eq!(server.files(), [""; 0]);
    }
}
