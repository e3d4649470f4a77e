//! What others ask of PID 1 while the server runs: `zkServer.sh stop`, `restart`, and whoever means harm.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use nix::sys::signal::Signal;

use crate::harness::{Container, Process, wait_for, wait_for_line};

const SERVE: [&str; 3] = ["entrypoint", "zkServer.sh", "start-foreground"];
const STOP: [&str; 2] = ["zkServer.sh", "stop"];
const RESTART: [&str; 2] = ["zkServer.sh", "restart"];

/// Ends by what it is told, which is the same status as the JVM's. Each start adds its number to `starts`.
const LIKE_A_JVM: &str = "echo $$ >> starts; exec sleep 60";

/// When it is told to end it does so only once there is a file `go`.
const SLOW_TO_END: &str = "trap 'echo told > told; told=yes' TERM; echo $$ >> starts; \
                           while [ -z \"$told\" ] || [ ! -e go ]; do sleep 0.01; done; exit 143";

fn started(container: &Container, script: &str) -> Process {
    container.java(script);
    let process = container.start(&SERVE);
    starts(container, 1);
    process
}

/// Waits for the start of that number; the process.
fn starts(container: &Container, number: usize) -> String {
    wait_for("a start", || {
        let starts = fs::read_to_string(container.path("starts")).ok()?;
        let start = starts.split_inclusive('\n').nth(number - 1)?;
        Some(start.strip_suffix('\n')?.to_owned())
    })
}

fn socket(container: &Container) -> PathBuf {
    wait_for("the control socket", || {
        fs::read_dir(container.path("run"))
            .ok()?
            .map(|entry| entry.unwrap().path().join("control"))
            .find(|path| path.exists())
    })
}

#[test]
fn stop_ends_the_server_and_says_so() {
    let container = Container::open();
    let process = started(&container, LIKE_A_JVM);
    let stop = container.run(&STOP);
    assert_eq!(stop.code, Some(0), "{stop:?}");
    assert_eq!(stop.stdout, "Stopping zookeeper ... STOPPED\n");
    assert_eq!(
        stop.stderr,
        "zookeeper-entrypoint: hint: the container ends with its server; a restart policy will start both again\n"
    );
    let ended = process.end();
    assert_eq!(ended.code, Some(143), "{ended:?}");
    assert!(
        ended.stderr.contains("asks for the end of the server\n"),
        "{ended:?}"
    );
    assert_eq!(fs::read_dir(container.path("run")).unwrap().count(), 0);
}

#[test]
fn without_a_server_there_is_nothing_to_stop() {
    let container = Container::open();
    let expected = format!(
        "no zookeeper to stop (could not find file {})\n",
        container.path("run/zookeeper_server.pid").display()
    );
    for words in [&STOP[..], &["entrypoint", "zkServer.sh", "stop"]] {
        let stop = container.run(words);
        assert_eq!((stop.code, &stop.stdout), (Some(0), &expected), "{stop:?}");
    }
    for words in [&RESTART[..], &["entrypoint", "zkServer.sh", "restart"]] {
        let restart = container.run(words);
        assert_eq!((restart.code, &restart.stdout), (Some(1), &expected));
        assert!(restart.stderr.contains("hint: "), "{restart:?}");
    }
    assert!(!container.path("conf").exists());
}

#[test]
fn several_stop_at_once_and_all_of_them_succeed() {
    let container = Container::open();
    let process = started(&container, SLOW_TO_END);
    let stops: Vec<Process> = (0..3).map(|_| container.start(&STOP)).collect();
    wait_for_line(&container.path("told"));
    fs::write(container.path("go"), "").unwrap();
    for stop in stops {
        let stop = stop.end();
        assert_eq!(stop.code, Some(0), "{stop:?}");
    }
    assert_eq!(process.end().code, Some(143));
}

#[test]
fn restart_starts_another_server_in_the_same_container() {
    let mut container = Container::open();
    let tick = container.path("tick");
    fs::write(&tick, "2000\n").unwrap();
    container.set("ZOO_TICK_TIME_FILE", tick.to_str().unwrap());
    let process = started(&container, LIKE_A_JVM);
    fs::write(&tick, "3000\n").unwrap();
    let restart = container.run(&RESTART);
    assert_eq!(restart.code, Some(0), "{restart:?}");
    assert_eq!(
        restart.stdout,
        "Stopping zookeeper ... STOPPED\nStarting zookeeper ... STARTED\n"
    );
    let second = starts(&container, 2);
    let pid_file = container.path("run/zookeeper_server.pid");
    wait_for("the pid file", || {
        (fs::read_to_string(&pid_file).ok()? == second).then_some(())
    });
    assert!(container.read("conf/zoo.cfg").contains("tickTime=3000\n"));
    assert_eq!(container.run(&RESTART).code, Some(0));
    starts(&container, 3);
    process.signal(Signal::SIGTERM);
    assert_eq!(process.end().code, Some(143));
}

#[test]
fn what_cannot_be_prepared_is_refused_and_the_server_stays() {
    let mut container = Container::open();
    let tick = container.path("tick");
    fs::write(&tick, "2000\n").unwrap();
    container.set("ZOO_TICK_TIME_FILE", tick.to_str().unwrap());
    let process = started(&container, LIKE_A_JVM);
    fs::write(&tick, "0\n").unwrap();
    let restart = container.run(&RESTART);
    assert_eq!((restart.code, restart.stdout.as_str()), (Some(1), ""));
    assert_eq!(
        restart.stderr,
        "zookeeper-entrypoint: error: ZOO_TICK_TIME_FILE is `0`: allowed is a whole number from 1\n\
         zookeeper-entrypoint: error: the server that runs stays as it is\n"
    );
    let start = container.run(&["zkServer.sh", "start"]);
    assert!(
        start
            .stderr
            .contains(&format!("as process {}\n", starts(&container, 1))),
        "{start:?}"
    );
    process.signal(Signal::SIGTERM);
    let ended = process.end();
    assert_eq!(ended.code, Some(143));
    assert!(
        ended.stderr.contains("error: ZOO_TICK_TIME_FILE is `0`"),
        "{ended:?}"
    );
    assert_eq!(container.read("starts").lines().count(), 1);
}

#[test]
fn nobody_else_gets_the_data_during_a_restart_and_the_end_wins() {
    let mut container = Container::open();
    let process = started(&container, SLOW_TO_END);
    let restart = container.start(&RESTART);
    wait_for_line(&container.path("told"));
    let pid_file = container.path("run2/zookeeper_server.pid");
    container.set("ZOOPIDFILE", pid_file.to_str().unwrap());
    let other = container.serve();
    assert!(
        other
            .stderr
            .contains("error: another server is running on "),
        "{other:?}"
    );
    process.signal(Signal::SIGTERM);
    fs::write(container.path("go"), "").unwrap();
    let restart = restart.end();
    assert_eq!(restart.code, Some(1), "{restart:?}");
    assert_eq!(process.end().code, Some(143));
    assert_eq!(container.read("starts").lines().count(), 1);
}

#[test]
fn a_server_that_does_not_end_is_killed() {
    let mut container = Container::open();
    container.set("ZOO_STOP_TIMEOUT", "1");
    let process = started(
        &container,
        "trap '' TERM; echo $$ >> starts; while :; do sleep 0.01; done",
    );
    let stop = container.run(&STOP);
    assert_eq!(stop.stdout, "Stopping zookeeper ... STOPPED\n");
    let ended = process.end();
    assert_eq!(ended.code, Some(137));
    assert!(
        ended
            .stderr
            .contains("warning: the server has not ended within 1 s, so it is killed\n"),
        "{ended:?}"
    );
}

#[test]
fn who_says_nothing_or_nonsense_is_in_nobodys_way() {
    let container = Container::open();
    let process = started(&container, LIKE_A_JVM);
    let socket = socket(&container);
    let private = fs::metadata(socket.parent().unwrap())
        .unwrap()
        .permissions();
    assert_eq!(private.mode() & 0o7777, 0o700);
    let silent: Vec<UnixStream> = (0..8)
        .map(|_| UnixStream::connect(&socket).unwrap())
        .collect();
    let mut nonsense = UnixStream::connect(&socket).unwrap();
    nonsense.write_all(&[b'x'; 4096]).unwrap();
    assert!(!matches!(nonsense.read(&mut [0]), Ok(1..)));
    process.signal(Signal::SIGHUP);
    assert_eq!(process.end().code, Some(129));
    drop(silent);
}
