//! A container without a container: directories of its own, an environment of its own, a Java of its own.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Longer than anything here takes on the slowest machine.
const DEADLINE: Duration = Duration::from_secs(30);

/// The directories and the environment of a container.
pub(crate) struct Container {
    root: tempfile::TempDir,
    environment: BTreeMap<String, String>,
}

/// A started process; killed with the test if it is still there.
pub(crate) struct Process(Option<Child>);

/// How a process ended, as text.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Container {
    /// One with ZooKeeper 3.6.1 and a Java that leaves with 0 at once.
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut container = Self {
            root,
            environment: BTreeMap::new(),
        };
        fs::create_dir_all(container.path("zookeeper/lib")).unwrap();
        fs::write(container.path("zookeeper/lib/zookeeper-3.6.1.jar"), "").unwrap();
        fs::create_dir_all(container.path("java/bin")).unwrap();
        symlink(
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/container/java"),
            container.path("java/bin/java"),
        )
        .unwrap();
        container.java("exit 0");
        for (name, path) in [
            ("ZOO_BASE_DIR", "zookeeper"),
            ("ZOO_CONF_DIR", "conf"),
            ("ZOO_DATA_DIR", "data"),
            ("ZOO_DATA_LOG_DIR", "datalog"),
            ("ZOO_LOG_DIR", "log"),
            ("ZOOPIDFILE", "run/zookeeper_server.pid"),
            ("JAVA_HOME", "java"),
        ] {
            let path = container.path(path).to_str().unwrap().to_owned();
            container.set(name, &path);
        }
        // As root there is nobody else to be: the directory of the test is root's alone.
        container.set("ZOO_DAEMON_USER", "0");
        container.set("ZOO_DAEMON_GROUP", "0");
        container.set("PATH", "/usr/bin:/bin");
        container
    }

    /// One whose gate is open.
    pub(crate) fn open() -> Self {
        let mut container = Self::new();
        container.set("ZOO_ALLOW_ANONYMOUS_LOGIN", "yes");
        container
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.path().join(relative)
    }

    pub(crate) fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative))
            .unwrap_or_else(|error| panic!("{relative}: {error}"))
    }

    /// Every file of the working directories.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        for directory in ["conf", "data", "datalog", "log", "run"] {
            let entries = fs::read_dir(self.path(directory)).into_iter().flatten();
            files.extend(
                entries
                    .map(|entry| format!("{directory}/{}", entry.unwrap().file_name().display())),
            );
        }
        files.sort();
        files
    }

    /// Makes Java do what a shell script says, after it has written its arguments down.
    pub(crate) fn java(&self, script: &str) {
        fs::write(self.path("script"), script).unwrap();
    }

    /// Starts the binary under the name `words[0]`.
    pub(crate) fn start(&self, words: &[&str]) -> Process {
        let child = Command::new(env!("CARGO_BIN_EXE_entrypoint"))
            .arg0(words[0])
            .args(&words[1..])
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Process(Some(child))
    }

    /// Runs the binary to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Ended {
        self.start(words).end()
    }

    /// Runs a server to its end.
    pub(crate) fn serve(&self) -> Ended {
        self.run(&["entrypoint", "zkServer.sh", "start-foreground"])
    }
}

impl Process {
    /// What it writes, from now on not part of how it ended.
    pub(crate) fn stdout(&mut self) -> ChildStdout {
        self.0.as_mut().unwrap().stdout.take().unwrap()
    }

    /// Waits until it has said so many lines, which are no part of how it ended either; fewer if it ends.
    pub(crate) fn read_lines(&mut self, count: usize) {
        let stderr = self.0.as_mut().unwrap().stderr.as_mut().unwrap();
        let mut lines = 0;
        // Byte by byte: what comes after belongs to the end.
        let mut byte = [0];
        while lines < count && stderr.read(&mut byte).unwrap() == 1 {
            lines += usize::from(byte == *b"\n");
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.id()), signal).unwrap();
    }

    pub(crate) fn id(&self) -> i32 {
        self.0.as_ref().unwrap().id().cast_signed()
    }

    /// Waits for the end. What it prints is small enough for a pipe.
    pub(crate) fn end(mut self) -> Ended {
        let status = wait_for("the end of the process", || {
            self.0.as_mut().unwrap().try_wait().unwrap()
        });
        let child = self.0.take().unwrap();
        let Output { stdout, stderr, .. } = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended {
            code: status.code(),
            stdout: text(stdout),
            stderr: text(stderr),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Waits until `found` finds something.
pub(crate) fn wait_for<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until a file has a whole line.
pub(crate) fn wait_for_line(path: &Path) -> String {
    wait_for(&path.display().to_string(), || {
        fs::read_to_string(path)
            .ok()
            .filter(|text| text.ends_with('\n'))
            .map(|text| text.trim().to_owned())
    })
}
