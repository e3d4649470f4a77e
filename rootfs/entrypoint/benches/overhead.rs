//! What the entrypoint costs, against what others cost who do the same, in one run on one machine.
//!
//!     cargo bench -p entrypoint
//!
//! `ENTRYPOINT` names the binary of an image to measure instead of the one that was just built, which is not
//! linked statically; `ZOOKEEPER_LIB` a `lib` directory of a release, for the client that upstream's
//! `zkServer.sh status` starts. Nothing here fails on a slow machine: the numbers are for people.

#![allow(clippy::unwrap_used, reason = "whatever goes wrong here ends it")]

use std::env;
use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Runs of what takes milliseconds, and of a JVM.
const MANY: usize = 200;
const FEW: usize = 10;

/// What this program says instead of starting a JVM.
const STARTED: &str = "BENCH_STARTED";
const STAY: &str = "BENCH_STAY";

/// An installation without a container.
struct Image {
    root: tempfile::TempDir,
    entrypoint: PathBuf,
}

/// A median and its row of the table.
struct Row {
    name: String,
    value: f64,
}

fn main() {
    if env::args()
        .next()
        .is_some_and(|name| name.ends_with("/java") || name == "java")
    {
        return java();
    }
    // `cargo test` builds this too, and is not asked for a benchmark.
    if !env::args().any(|argument| argument == "--bench") {
        return;
    }
    let image = Image::new();
    println!("entrypoint: {}", image.entrypoint.display());
    starts(&image);
    memory(&image);
    asking(&image);
}

/// In the place of Java: says when it was started, or stays.
fn java() {
    if env::var_os(STAY).is_some() {
        println!("up");
        io::stdin().read_to_end(&mut Vec::new()).unwrap();
    }
    if let Some(path) = env::var_os(STARTED) {
        fs::write(path, now().as_nanos().to_string()).unwrap();
    }
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

impl Image {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for directory in ["zookeeper/lib", "java/bin"] {
            fs::create_dir_all(root.path().join(directory)).unwrap();
        }
        fs::write(root.path().join("zookeeper/lib/zookeeper-3.6.1.jar"), "").unwrap();
        let java = root.path().join("java/bin/java");
        symlink(env::current_exe().unwrap(), java).unwrap();
        let entrypoint =
            env::var_os("ENTRYPOINT").unwrap_or_else(|| env!("CARGO_BIN_EXE_entrypoint").into());
        Self {
            root,
            entrypoint: entrypoint.into(),
        }
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.root.path().join(relative)
    }

    fn command(&self, program: &Path, words: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .arg0(words[0])
            .args(&words[1..])
            .env_clear()
            .env(
                "PATH",
                format!("{}:/usr/bin:/bin", self.path("java/bin").display()),
            )
            .env("ZOO_ALLOW_ANONYMOUS_LOGIN", "yes")
            .env("ZOO_DAEMON_USER", "0")
            .env("ZOO_DAEMON_GROUP", "0")
            .env("JAVA_HOME", self.path("java"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        for (name, path) in [
            ("ZOO_BASE_DIR", "zookeeper"),
            ("ZOO_CONF_DIR", "conf"),
            ("ZOO_DATA_DIR", "data"),
            ("ZOO_DATA_LOG_DIR", "datalog"),
            ("ZOO_LOG_DIR", "log"),
            ("ZOOPIDFILE", "run/zookeeper_server.pid"),
        ] {
            command.env(name, self.path(path));
        }
        command
    }

    fn server(&self) -> Command {
        self.command(
            &self.entrypoint,
            &["entrypoint", "zkServer.sh", "start-foreground"],
        )
    }

    /// As on a first start.
    fn forget(&self) {
        for directory in ["conf", "data", "datalog", "log", "run"] {
            let _ = fs::remove_dir_all(self.path(directory));
        }
    }

    /// Milliseconds from the start of `command` to the start of Java.
    fn until_java(&self, mut command: Command) -> f64 {
        let started = self.path("started");
        let begin = now();
        assert!(command.env(STARTED, &started).status().unwrap().success());
        let java: u64 = fs::read_to_string(started).unwrap().parse().unwrap();
        milliseconds(Duration::from_nanos(java) - begin)
    }
}

fn starts(image: &Image) {
    let java = image.path("java/bin/java");
    let sh = Path::new("/bin/sh");
    let mut rows = vec![
        Row::median("java alone", MANY, || {
            image.until_java(image.command(&java, &["java"]))
        }),
        Row::median("sh -c 'exec java'", MANY, || {
            image.until_java(image.command(sh, &["sh", "-c", "exec java"]))
        }),
    ];
    if let Some(tini) = installed("tini") {
        rows.push(Row::median("tini", MANY, || {
            let mut command = image.command(&tini, &["tini", "-s", "--", "java"]);
            command.stderr(Stdio::null());
            image.until_java(command)
        }));
    }
    rows.push(Row::median("entrypoint, first start", MANY, || {
        image.forget();
        image.until_java(image.server())
    }));
    rows.push(Row::median("entrypoint, later start", MANY, || {
        image.until_java(image.server())
    }));
    table(
        "start of the container to the start of Java (target: 10 ms)",
        "ms",
        &rows,
    );
}

fn memory(image: &Image) {
    let mut rows = [Vec::new(), Vec::new()];
    let mut measure = |name: &str, command: Command| {
        for (rows, value) in rows.iter_mut().zip(resident(command)) {
            let name = name.to_owned();
            rows.push(Row { name, value });
        }
    };
    if let Some(tini) = installed("tini") {
        measure("tini", image.command(&tini, &["tini", "-s", "--", "java"]));
    }
    measure("entrypoint", image.server());
    let mut json = image.server();
    json.env("ZOO_LOG_FORMAT", "json");
    measure("entrypoint, JSON", json);
    let [all, own] = rows;
    table(
        "resident beside a running server (target: 2048 KiB)",
        "KiB",
        &all,
    );
    table("the same, with shared pages in parts", "KiB", &own);
}

/// Resident memory, in all and in proportion, of a process that keeps a server.
fn resident(mut command: Command) -> [f64; 2] {
    let mut child = command
        .env(STAY, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = [0; 2];
    let stdout = child.stdout.as_mut().unwrap();
    stdout.read_exact(&mut line).unwrap();
    let values = [
        kilobytes(&child, "status", "VmRSS:"),
        kilobytes(&child, "smaps_rollup", "Pss:"),
    ];
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM).unwrap();
    child.wait().unwrap();
    values
}

fn kilobytes(child: &Child, file: &str, field: &str) -> f64 {
    let text = fs::read_to_string(format!("/proc/{}/{file}", child.id())).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn asking(image: &Image) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    thread::spawn(move || serve(&listener));
    image.forget();
    let ask = |words: &[&str]| {
        let mut command = image.command(&image.entrypoint, words);
        timed(command.env("ZOO_PORT_NUMBER", &port))
    };
    let mut rows = vec![
        Row::median("healthcheck", MANY, || ask(&["healthcheck"])),
        Row::median("zkServer.sh status", MANY, || {
            ask(&["zkServer.sh", "status"])
        }),
    ];
    match (installed("java"), env::var("ZOOKEEPER_LIB")) {
        (Some(java), Ok(lib)) => rows.push(Row::median("java FourLetterWordMain", FEW, || {
            let class = "org.apache.zookeeper.client.FourLetterWordMain";
            let path = format!("{lib}/*");
            let words = ["java", "-cp", &path, class, "localhost", &port, "srvr"];
            timed(&mut image.command(&java, &words))
        })),
        (Some(java), Err(_)) => rows.push(Row::median("java -version", FEW, || {
            timed(&mut image.command(&java, &["java", "-version"]))
        })),
        (None, _) => println!("\njava is not installed, so there is nothing to compare with"),
    }
    table("asking a server for its state (target: 5 ms)", "ms", &rows);
}

/// A server as far as `srvr` goes.
fn serve(listener: &TcpListener) {
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let mut word = [0; 4];
        if stream.read_exact(&mut word).is_ok() {
            let _ = stream.write_all(b"Zookeeper version: 3.6.1\nMode: leader\nNode count: 5\n");
        }
    }
}

fn timed(command: &mut Command) -> f64 {
    let begin = Instant::now();
    assert!(command.status().unwrap().success(), "{command:?}");
    milliseconds(begin.elapsed())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn installed(program: &str) -> Option<PathBuf> {
    let found = ["/usr/bin", "/bin"].map(|directory| Path::new(directory).join(program));
    let found = found.into_iter().find(|path| path.exists());
    if found.is_none() {
        println!("\n{program} is not installed");
    }
    found
}

impl Row {
    fn median(name: &str, runs: usize, mut run: impl FnMut() -> f64) -> Self {
        let mut values: Vec<f64> = (0..runs).map(|_| run()).collect();
        values.sort_by(f64::total_cmp);
        Self {
            name: name.to_owned(),
            value: values[runs / 2],
        }
    }
}

/// Every row beside how many times the first one it is.
fn table(title: &str, unit: &str, rows: &[Row]) {
    println!("\n{title}");
    let first = rows.first().map_or(1.0, |row| row.value);
    for Row { name, value } in rows {
        println!("  {name:<28} {value:>9.2} {unit}  x{:.2}", value / first);
    }
}
