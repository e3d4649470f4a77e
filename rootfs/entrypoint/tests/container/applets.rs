//! The commands of the image, by the name the binary is called with.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;

use crate::harness::{Container, Ended};

/// A container whose server answers `srvr` with this, once.
fn answering(answer: &'static str) -> Container {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut container = Container::new();
    container.set(
        "ZOO_PORT_NUMBER",
        &listener.local_addr().unwrap().port().to_string(),
    );
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 4]).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
    });
    container
}

const LEADER: &str = "Zookeeper version: 3.6.1\nMode: leader\n";
const WAITING: &str = "This ZooKeeper instance is not currently serving requests\n";
const SILENCED: &str = "srvr is not executed because it is not in the whitelist.\n";

#[test]
fn status_prints_the_lines_of_upstream() {
    let container = answering(LEADER);
    let config = container.path("conf/zoo.cfg").display().to_string();
    let Ended {
        code,
        stdout,
        stderr,
    } = container.run(&["zkServer.sh", "status"]);
    assert_eq!(code, Some(0));
    assert_eq!(
        stderr,
        format!("ZooKeeper JMX enabled by default\nUsing config: {config}\n")
    );
    let (port, mode) = stdout.split_once('\n').unwrap();
    assert!(
        port.starts_with("Client port found: ") && port.ends_with(". Client address: localhost."),
        "{port}"
    );
    assert_eq!(mode, "Mode: leader\n");

    let waiting = answering(WAITING).run(&["zkServer.sh", "status"]);
    assert_eq!(waiting.code, Some(1));
    assert!(
        waiting
            .stdout
            .ends_with("\nError contacting service. It is probably not running.\n")
    );
    assert_eq!(
        answering(SILENCED).run(&["zkServer.sh", "status"]).code,
        Some(0)
    );
}

#[test]
fn the_port_is_the_one_of_the_configuration() {
    let container = answering(LEADER);
    fs::create_dir(container.path("conf")).unwrap();
    fs::write(container.path("conf/zoo.cfg"), "clientPort=1\n").unwrap();
    let ended = container.run(&["zkServer.sh", "status"]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stdout.starts_with("Client port found: 1. "),
        "{ended:?}"
    );
}

#[test]
fn an_address_and_a_dynamic_file_are_followed() {
    let listener = TcpListener::bind("127.0.0.2:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.read_exact(&mut [0; 4]).unwrap();
            stream.write_all(LEADER.as_bytes()).unwrap();
        }
    });
    let container = Container::new();
    for directory in ["conf", "data"] {
        fs::create_dir(container.path(directory)).unwrap();
    }
    fs::write(container.path("data/myid"), "3\n").unwrap();
    let data = container.path("data").display().to_string();
    let line = format!("server.3=a:1:2:participant;127.0.0.2:{port}");
    fs::write(container.path("conf/zoo.cfg.dynamic.100000000"), &line).unwrap();
    for content in [
        format!("clientPort={port}\nclientPortAddress=127.0.0.2"),
        format!("dataDir={data}\n{line}"),
        format!("dataDir={data}\ndynamicConfigFile=zoo.cfg.dynamic.100000000"),
    ] {
        fs::write(container.path("conf/zoo.cfg"), &content).unwrap();
        let ended = container.run(&["zkServer.sh", "status"]);
        let expected =
            format!("Client port found: {port}. Client address: 127.0.0.2.\nMode: leader\n");
        assert_eq!(ended.stdout, expected, "{content}");
        assert_eq!(container.run(&["healthcheck"]).code, Some(0), "{content}");
    }
}

#[test]
fn only_an_encrypted_port_costs_a_jvm() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut container = Container::new();
    container.set("CLIENT_JVMFLAGS", "-Dzookeeper.ssl.trustStore.location=/t");
    fs::create_dir(container.path("conf")).unwrap();
    let config = format!("secureClientPort={port}\nclientPort=\n");
    fs::write(container.path("conf/zoo.cfg"), config).unwrap();
    let alive = container.run(&["healthcheck", "--liveness"]);
    assert_eq!(
        (alive.code, alive.stdout.as_str()),
        (
            Some(0),
            "alive; whether it serves is not asked on an encrypted port\n"
        )
    );
    assert!(!container.path("arguments").exists());

    container.java("echo Mode: follower");
    let status = container.run(&["zkServer.sh", "status"]);
    let expected = format!(
        "Client port found: {port}. Client address: localhost. Client SSL: true.\nMode: follower\n"
    );
    assert_eq!(status.stdout, expected);
    let arguments = container.read("arguments");
    let expected = format!(
        "\n-Dzookeeper.ssl.trustStore.location=/t\norg.apache.zookeeper.client.FourLetterWordMain\n\
         localhost\n{port}\nsrvr\ntrue\n"
    );
    assert!(arguments.ends_with(&expected), "{arguments}");
    assert_eq!(container.run(&["healthcheck"]).code, Some(0));

    container.java("exit 0");
    let refused = container.run(&["healthcheck"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stdout.contains("CLIENT_JVMFLAGS"), "{refused:?}");
    container.set("ZOO_HC_TIMEOUT", "1").java("exec sleep 60");
    let late = container.run(&["healthcheck"]);
    assert!(late.stdout.ends_with(": timed out\n"), "{late:?}");
}

#[test]
fn status_says_what_jmx_is() {
    let mut container = answering(LEADER);
    container.set("JMXDISABLE", "true");
    let ended = container.run(&["zkServer.sh", "status"]);
    assert!(
        ended.stderr.starts_with("JMX disabled by user request\n"),
        "{ended:?}"
    );
}

#[test]
fn a_silent_server_costs_the_time_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut container = Container::new();
    let port = listener.local_addr().unwrap().port().to_string();
    container
        .set("ZOO_PORT_NUMBER", &port)
        .set("ZOO_HC_TIMEOUT", "1");
    let ended = container.run(&["healthcheck", "--liveness"]);
    assert_eq!(ended.code, Some(1));
    let expected = format!("no answer from localhost:{port}: ");
    assert!(ended.stdout.starts_with(&expected), "{ended:?}");
}

#[test]
fn healthy_is_serving_and_alive_is_answering() {
    for (answer, ready, alive) in [
        (LEADER, 0, 0),
        (WAITING, 1, 0),
        (SILENCED, 1, 0),
        ("", 1, 1),
    ] {
        assert_eq!(
            answering(answer).run(&["healthcheck"]).code,
            Some(ready),
            "{answer}"
        );
        assert_eq!(
            answering(answer).run(&["healthcheck", "--liveness"]).code,
            Some(alive),
            "{answer}"
        );
    }
    assert_eq!(
        Container::new().run(&["healthcheck", "--alive"]).code,
        Some(2)
    );
}

#[test]
fn the_client_needs_no_configuration_and_passes_no_gate() {
    let mut container = Container::new();
    container
        .set("ZOO_TICK_TIME", "not for clients")
        .set("JVMFLAGS", "-Xmx4g -Da=1");
    container.java("exit 5");
    let ended = container.run(&["entrypoint", "zkCli.sh", "-server", "zoo1:2181", "get", "/"]);
    assert_eq!(ended.code, Some(5), "{ended:?}");
    let arguments = container.read("arguments");
    assert!(
        arguments
            .ends_with("\n-Da=1\norg.apache.zookeeper.ZooKeeperMain\n-server\nzoo1:2181\nget\n/\n")
    );
    assert!(!arguments.contains("-Xm"));
    assert!(!container.path("conf").exists());
}

#[test]
fn anything_else_is_run_as_it_is() {
    let container = Container::new();
    let ended = container.run(&["entrypoint", "/bin/sh", "-c", "echo ok; exit 6"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(6), "ok\n"));
    assert_eq!(
        container.run(&["entrypoint", "no-such-program"]).code,
        Some(127)
    );
    assert_eq!(
        container.run(&["entrypoint", "/bin/healthcheck"]).code,
        Some(127)
    );
    assert_eq!(container.run(&["entrypoint", "/etc"]).code, Some(126));
}

#[test]
fn help_and_wrong_command_lines() {
    let container = Container::new();
    for words in [
        &["entrypoint", "--help"][..],
        &["zkServer.sh", "-h"],
        &["entrypoint", "zkServer.sh", "-?"],
    ] {
        let ended = container.run(words);
        assert_eq!(ended.code, Some(0));
        assert!(
            ended.stdout.contains("Usage: zkServer.sh COMMAND"),
            "{words:?}"
        );
    }
    for words in [
        &["zkCli.sh", "--help"][..],
        &["zkCleanup.sh", "-h"],
        &["zkServer-initialize.sh", "--help"],
        &["healthcheck", "-h"],
        &["entrypoint", "zkCli.sh", "-?"],
    ] {
        let ended = container.run(words);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let name = words.iter().find(|word| **word != "entrypoint").unwrap();
        for part in [format!("\nUsage: {name} "), format!("\nExample: {name} ")] {
            assert!(ended.stdout.contains(&part), "{ended:?}");
        }
    }
    for (words, expected) in [
        (&["zkServer.sh"][..], "no command"),
        (
            &["zkServer.sh", "start-forground"],
            "unknown command `start-forground`",
        ),
        (
            &["zkServer.sh", "start-foreground", "zoo.cfg"],
            "too many arguments",
        ),
        (&["entrypoint"], "no command"),
        (&["entrypoint", "-x"], "unknown command `-x`"),
        (&["zkServer.sh", "stop", "now"], "too many arguments"),
        (
            &["entrypoint", "--version", "x"],
            "unknown command `--version`",
        ),
        (&["zkServer.sh", "version", "x"], "too many arguments"),
        (&["zkServer.sh", "print-cmd", "x"], "too many arguments"),
        (&["zkCleanup.sh"], "`-n COUNT` is missing"),
        (
            &["zkCleanup.sh", "-n", "2"],
            "`-n 2`: a count is a whole number from 3",
        ),
        (
            &["zkServer-initialize.sh", "--myid=0"],
            "`--myid=0`: a number is 1 to 255",
        ),
    ] {
        let ended = container.run(words);
        assert_eq!(ended.code, Some(2), "{words:?}");
        assert!(
            ended
                .stderr
                .starts_with(&format!("zookeeper-entrypoint: error: {expected}\n")),
            "{ended:?}"
        );
    }
    assert!(!container.path("conf").exists());
}

#[test]
fn start_is_the_foreground_for_a_container_and_refused_to_others() {
    let container = Container::open();
    let ended = container.run(&["entrypoint", "zkServer.sh", "start"]);
    assert_eq!(ended.code, Some(0));
    assert!(
        ended
            .stderr
            .starts_with("zookeeper-entrypoint: warning: `start` runs in the foreground"),
        "{ended:?}"
    );
    assert_eq!(container.run(&["zkServer.sh", "start"]).code, Some(1));
}
