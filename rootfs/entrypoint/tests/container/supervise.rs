//! PID 1: signals, statuses, orphans.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::harness::{Container, wait_for, wait_for_line};

const SERVE: [&str; 3] = ["entrypoint", "zkServer.sh", "start-foreground"];

#[test]
fn signals_reach_the_server_and_its_status_is_ours() {
    for (signal, name, status) in [
        (Signal::SIGTERM, "TERM", 11),
        (Signal::SIGINT, "INT", 12),
        (Signal::SIGHUP, "HUP", 13),
        (Signal::SIGQUIT, "QUIT", 14),
    ] {
        let container = Container::open();
        container.java(&format!(
            "sleep 60 & trap 'kill $!; exit {status}' {name}; echo up > up; while :; do wait; done"
        ));
        let process = container.start(&SERVE);
        wait_for_line(&container.path("up"));
        process.signal(signal);
        assert_eq!(process.end().code, Some(status), "{name}");
    }
}

#[test]
fn a_server_that_a_signal_ends_is_128_and_its_number() {
    for (signal, status) in [("TERM", 143), ("KILL", 137), ("ABRT", 134)] {
        let container = Container::open();
        container.java(&format!("kill -{signal} $$; sleep 60"));
        assert_eq!(container.serve().code, Some(status), "{signal}");
    }
}

#[test]
fn a_status_that_zookeeper_explains_is_explained() {
    let container = Container::open();
    container.java("exit 4");
    let ended = container.serve();
    assert_eq!(ended.code, Some(4));
    let expected =
        "the server has left with 4: the AdminServer cannot start, its port may be taken\n";
    assert!(ended.stderr.ends_with(expected), "{ended:?}");
}

#[test]
fn orphans_are_reaped_while_the_server_runs() {
    let container = Container::open();
    container.java("(true & echo $! > orphan); echo up > up; exec sleep 60");
    let process = container.start(&SERVE);
    wait_for_line(&container.path("up"));
    let orphan = container
        .path("/proc")
        .join(container.read("orphan").trim());
    wait_for("the orphan to be reaped", || {
        (!orphan.exists()).then_some(())
    });
    process.signal(Signal::SIGTERM);
    assert_eq!(process.end().code, Some(143));
}

#[test]
fn a_signal_during_the_preparation_ends_it() {
    for (signal, status) in [
        (Signal::SIGTERM, Some(143)),
        (Signal::SIGINT, Some(130)),
        // Asks for the threads of a JVM, and there is none.
        (Signal::SIGQUIT, Some(7)),
    ] {
        let container = Container::open();
        let fifo = container.path("fifo");
        mkfifo(&fifo, Mode::S_IRWXU).unwrap();
        fs::create_dir_all(container.path("conf/initdb.d")).unwrap();
        let hook = format!("trap '' TERM INT; read line < {}", fifo.display());
        fs::write(container.path("conf/initdb.d/a.sh"), hook).unwrap();
        container.java("exit 7");
        let process = container.start(&SERVE);
        // Opens once the other side reads, that is, in the middle of the preparation.
        let mut writer = OpenOptions::new().write(true).open(&fifo).unwrap();
        process.signal(signal);
        writer.write_all(b"\n").unwrap();
        drop(writer);
        assert_eq!(process.end().code, status, "{signal}");
        let java = container.path("arguments");
        assert_eq!(java.exists(), status == Some(7), "{signal}");
    }
}

#[test]
fn a_signal_reaches_an_init_hook_and_all_that_it_has_started() {
    for (hook, status) in [
        // The shell waits for its child, so only a signal for both ends it at once.
        ("echo up > up; sleep 60; echo late", 143),
        (
            "trap 'exit 0' TERM; echo up > up; while :; do sleep 0.01; done",
            143,
        ),
        (
            "trap '' TERM; echo up > up; while :; do sleep 0.01; done",
            143,
        ),
    ] {
        let mut container = Container::open();
        container.set("ZOO_STOP_TIMEOUT", "1");
        fs::create_dir_all(container.path("conf/initdb.d")).unwrap();
        let hook = format!("cd {}; {hook}", container.path("").display());
        fs::write(container.path("conf/initdb.d/a.sh"), &hook).unwrap();
        let process = container.start(&SERVE);
        wait_for_line(&container.path("up"));
        process.signal(Signal::SIGTERM);
        let ended = process.end();
        assert_eq!(ended.code, Some(status), "{hook}: {ended:?}");
        assert_eq!(ended.stdout, "");
        assert!(!container.path("arguments").exists(), "{hook}");
        let left = container.files();
        assert!(
            !left.iter().any(|file| file.starts_with("run/")),
            "{left:?}"
        );
    }
}

#[test]
fn a_signal_at_any_moment_ends_the_start_and_leaves_nothing_half_done() {
    let container = || {
        let mut container = Container::open();
        container.set("ENV_DEBUG", "yes");
        container.java("echo $$ > up; exec sleep 60");
        container
    };
    // Each line that a start says is a moment of it.
    let moments = {
        let container = container();
        container.java("exit 0");
        container.serve().stderr.lines().count()
    };
    assert!(moments > 5, "a start says what it does");
    for moment in 1..=moments {
        let container = container();
        let mut process = container.start(&SERVE);
        process.read_lines(moment);
        process.signal(Signal::SIGTERM);
        let ended = process.end();
        assert_eq!(ended.code, Some(143), "{moment}: {ended:?}");
        let half: Vec<String> = container
            .files()
            .into_iter()
            .filter(|file| file.ends_with(".new") || file.starts_with("run/"))
            .collect();
        assert_eq!(half, [""; 0], "{moment}");
        if let Ok(java) = fs::read_to_string(container.path("up")) {
            assert!(!Path::new("/proc").join(java.trim()).exists(), "{moment}");
        }
    }
}

#[test]
fn the_server_starts_with_no_signal_blocked() {
    let container = Container::open();
    // The shell itself looks: it would unblock everything for a program that it starts.
    container.java(
        "while read name value; do case $name in SigBlk:) echo $value > mask;; esac; done < /proc/$$/status",
    );
    container.serve();
    assert_eq!(container.read("mask"), "0000000000000000\n");
}

#[test]
fn the_pid_file_is_there_as_long_as_the_server() {
    let container = Container::open();
    container.java("echo $$ > up; exec sleep 60");
    let process = container.start(&SERVE);
    let pid = wait_for_line(&container.path("up"));
    let file = container.path("run/zookeeper_server.pid");
    let written = wait_for("the pid file", || std::fs::read_to_string(&file).ok());
    assert_eq!(written, pid);
    process.signal(Signal::SIGTERM);
    process.end();
    assert!(!file.exists());
}

#[test]
fn the_report_of_a_crash_is_kept_for_the_user_of_the_server_alone() {
    let container = Container::open();
    container.java(
        r#"for argument in "$@"; do case $argument in -XX:ErrorFile=*) file=${argument#*=};; esac; done
        echo geheim > "${file%\%p.log}7.log"
        exit 134"#,
    );
    let ended = container.serve();
    assert_eq!(ended.code, Some(134), "{ended:?}");
    let report = container.path("log/hs_err_pid7.log");
    let said = format!(
        "zookeeper-entrypoint: Java has crashed: its report, which may have passwords in it, is {} now\n",
        report.display()
    );
    assert!(ended.stderr.contains(&said), "{ended:?}");
    assert_eq!(container.read("log/hs_err_pid7.log"), "geheim\n");
    let mode = fs::metadata(&report).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    let files = container.files();
    assert!(
        !files.iter().any(|file| file.starts_with("run/")),
        "{files:?}"
    );
}
