//! `ZOO_LOG_FORMAT=json`: the log of the container, one object a line.

use std::io::{BufRead, BufReader};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::harness::{Container, wait_for_line};

const SERVE: [&str; 3] = ["entrypoint", "zkServer.sh", "start-foreground"];
const UP: &str = "2026-11-23 00:10:20,097 [myid:1] - INFO  [main:QuorumPeer@752] - up";

fn container(script: &str) -> Container {
    let mut container = Container::open();
    container.set("ZOO_LOG_FORMAT", "json");
    container.java(script);
    container
}

fn records(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect()
}

#[test]
fn every_line_is_an_object_and_the_last_one_is_there() {
    // In one piece, as log4j writes it.
    let container = container(&format!(
        "printf '{UP}\\njava.lang.Exception: why\\n\\tat a.B.c(B.java:1)\\n{UP}\\nno end of line'; \
         echo plain >&2; exit 2"
    ));
    let ended = container.serve();
    assert_eq!(ended.code, Some(2));
    let stdout = records(&ended.stdout);
    assert_eq!(stdout.len(), 3, "{ended:?}");
    assert_eq!(stdout[0]["message"], "up");
    let trace = "java.lang.Exception: why\n\tat a.B.c(B.java:1)";
    assert_eq!(stdout[0]["stack"], trace);
    assert_eq!(stdout[2]["message"], "no end of line");
    let stderr = records(&ended.stderr);
    assert_eq!(stderr[0]["logger"], "entrypoint");
    assert_eq!(stderr[0]["level"], "WARN");
    let plain = serde_json::json!({"message": "plain"});
    assert!(stderr.contains(&plain), "{stderr:?}");
    let last = stderr.last().unwrap()["message"].as_str().unwrap();
    assert!(last.starts_with("the server has left with 2: "), "{last}");
}

#[test]
fn init_hooks_write_objects_too() {
    let container = container("exit 0");
    std::fs::create_dir_all(container.path("conf/initdb.d")).unwrap();
    std::fs::write(container.path("conf/initdb.d/a.sh"), "echo hooked").unwrap();
    let ended = container.serve();
    let hooked = serde_json::json!({"message": "hooked"});
    assert_eq!(records(&ended.stdout), [hooked], "{ended:?}");
}

#[test]
fn errors_of_the_start_are_objects_too() {
    let mut container = container("exit 0");
    let ended = container.set("ZOO_TICK_TIME", "0").serve();
    assert_eq!(ended.code, Some(1));
    assert_eq!(
        records(&ended.stderr)[0],
        serde_json::json!({
            "level": "ERROR",
            "logger": "entrypoint",
            "message": "ZOO_TICK_TIME is `0`: allowed is a whole number from 1",
        })
    );
}

#[test]
fn a_record_is_there_before_the_next_one() {
    let container = container(&format!("echo '{UP}'; exec sleep 60"));
    let mut process = container.start(&SERVE);
    let mut line = String::new();
    BufReader::new(process.stdout())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(records(&line)[0]["message"], "up");
    process.signal(Signal::SIGTERM);
    assert_eq!(process.end().code, Some(143));
}

#[test]
fn signals_are_passed_on_though_nobody_reads_the_log() {
    // More than every buffer on the way.
    let container =
        container("echo up > up; while :; do echo 0123456789abcdef0123456789abcdef; done");
    let process = container.start(&SERVE);
    wait_for_line(&container.path("up"));
    process.signal(Signal::SIGTERM);
    let ended = process.end();
    assert_eq!(ended.code, Some(143));
}

#[test]
fn a_closed_log_ends_nobody() {
    let container =
        container("i=0; while [ $i -lt 9999 ]; do echo 0123456789abcdef; i=$((i+1)); done; exit 7");
    let mut process = container.start(&SERVE);
    drop(process.stdout());
    assert_eq!(process.end().code, Some(7));
}
