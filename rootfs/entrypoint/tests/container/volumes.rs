//! Directories, what is in them, and what runs before a server: locks, users, histories, hooks.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::{getegid, geteuid, mkfifo};

use crate::harness::{Container, Ended, wait_for_line};

const SERVE: [&str; 3] = ["entrypoint", "zkServer.sh", "start-foreground"];

/// Files of ZooKeeper's, without content.
fn put(container: &Container, files: &[&str]) {
    for file in files {
        let path = container.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
}

/// Written by another process: while a file is open for writing in this one, a test that starts something at
/// that moment passes it on, and nobody can run it.
fn hook(container: &Container, name: &str, mode: &str, content: &str) {
    let path = container.path("conf/initdb.d").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let script = "printf %s \"$1\" > \"$0\" && chmod \"$2\" \"$0\"";
    let written = Command::new("/bin/sh")
        .args(["-c", script])
        .arg(&path)
        .args([content, mode])
        .status();
    assert!(written.unwrap().success());
}

/// The warnings but those that every test here causes: of anonymous clients, and of no volumes.
fn warnings(container: &Container, ended: &Ended) -> Vec<String> {
    let root = container.path("").display().to_string();
    ended
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("zookeeper-entrypoint: warning: "))
        .filter(|line| {
            !line.starts_with("ZOO_ALLOW_ANONYMOUS_LOGIN=yes") && !line.contains(" on no volume")
        })
        .map(|line| line.replace(&root, "/"))
        .collect()
}

#[test]
fn transaction_logs_in_the_data_directory_stay_there() {
    let mut container = Container::open();
    container.set("ZOO_DATA_LOG_DIR", "");
    put(
        &container,
        &["data/version-2/snapshot.0", "data/version-2/log.1"],
    );
    let ended = container.serve();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let data = container.path("data").display().to_string();
    assert!(
        container
            .read("conf/zoo.cfg")
            .contains(&format!("\ndataLogDir={data}\n"))
    );
    assert_eq!(
        warnings(&container, &ended),
        [
            "the transaction logs stay where they are, in /data/version-2: dataLogDir is the data directory, not \
             /srv/datalog/zookeeper"
        ]
    );
}

#[test]
fn what_may_be_lost_is_said() {
    for (files, servers, expected) in [
        (&["data/version-2/snapshot.0"][..], "", &[][..]),
        (
            &["data/version-2/snapshot.5", "datalog/version-2/log.1"],
            "a:1:2 b:1:2",
            &[],
        ),
        (
            &["data/version-2/snapshot.5"],
            "",
            &[
                "/data has a snapshot (zxid 0x5), but /datalog has no transaction logs: of a backup, or where a volume was \
                 lost, all that was written after the snapshot is missing, so restore both (a member that has only just \
                 joined has none and is fine)",
            ],
        ),
        (
            &[],
            "a:1:2 b:1:2",
            &[
                "/data is empty and there are 2 servers: if one of them has data, start that one first and wait until it \
                 leads, or the data may be lost (a new cluster has none and is fine)",
            ],
        ),
        (
            &["data/version-2/log.1"],
            "",
            &[
                "there are transaction logs in /data/version-2, and ZooKeeper will not start until they are in \
                 /datalog/version-2",
            ],
        ),
    ] {
        let mut container = Container::open();
        container.set("ZOO_SERVERS", servers);
        put(&container, files);
        let ended = container.serve();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(warnings(&container, &ended), expected, "{files:?}");
    }
}

#[test]
fn nothing_that_somebody_has_planted_holds_a_start_up() {
    let container = Container::open();
    for directory in ["conf/.zoo.cfg.new", "data/.myid.new"] {
        fs::create_dir_all(container.path(directory)).unwrap();
    }
    mkfifo(
        &container.path("data/.zookeeper-entrypoint.lock"),
        Mode::S_IRWXU,
    )
    .unwrap();
    let ended = container.serve();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(container.read("data/myid"), "1\n");
    assert!(container.path("conf/zoo.cfg").is_file());
}

#[test]
fn two_servers_do_not_share_transaction_logs() {
    let mut container = Container::open();
    container.java("echo up > up; exec sleep 60");
    let first = container.start(&SERVE);
    wait_for_line(&container.path("up"));
    let other = container.path("other").display().to_string();
    let second = container.set("ZOO_DATA_DIR", &other).serve();
    assert_eq!(second.code, Some(1));
    let expected = format!(
        "error: another server is running on {}: stop it first, or give this one a volume of its own\n",
        container.path("datalog").display()
    );
    assert!(second.stderr.ends_with(&expected), "{second:?}");
    first.signal(Signal::SIGTERM);
    assert_eq!(first.end().code, Some(143));
}

#[test]
fn a_directory_that_cannot_be_written_is_one_line() {
    let mut container = Container::open();
    // Also root may make nothing there.
    container.set("ZOO_DATA_DIR", "/proc/self/fdinfo");
    let ended = container.serve();
    assert_eq!(ended.code, Some(1));
    let errors: Vec<&str> = ended
        .stderr
        .lines()
        .filter(|line| line.contains(": error: "))
        .collect();
    let [error] = errors[..] else {
        panic!("{errors:?}");
    };
    let begin = "zookeeper-entrypoint: error: cannot write to /proc/self/fdinfo (mode 0";
    assert!(error.starts_with(begin), "{error}");
    assert!(error.contains(&format!(" as {}:", geteuid())), "{error}");
    assert!(!container.path("conf/zoo.cfg").exists());
    assert!(!container.path("arguments").exists());
}

#[test]
fn root_prepares_and_gives_itself_up() {
    let mut container = Container::open();
    container
        .set("ZOO_DAEMON_USER", "1000")
        .set("ZOO_DAEMON_GROUP", "1000");
    // The script writes into the root directory of the test.
    fs::set_permissions(container.path(""), Permissions::from_mode(0o777)).unwrap();
    container.java("id -u > who; id -G >> who");
    let ended = container.serve();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    // Anybody else stays who they are.
    let (uid, who) = if geteuid().is_root() {
        (1000, "1000\n1000\n".to_owned())
    } else {
        let groups = Command::new("/usr/bin/id").arg("-G").output().unwrap();
        let groups = String::from_utf8(groups.stdout).unwrap();
        (geteuid().as_raw(), format!("{}\n{groups}", geteuid()))
    };
    assert_eq!(container.read("who"), who);
    for path in ["conf", "conf/zoo.cfg", "data", "data/myid", "datalog"] {
        let metadata = fs::metadata(container.path(path)).unwrap();
        assert_eq!(metadata.uid(), uid, "{path}");
        if metadata.is_dir() {
            let group = if geteuid().is_root() {
                0
            } else {
                getegid().as_raw()
            };
            assert_eq!(
                (metadata.gid(), metadata.mode() & 0o7777),
                (group, 0o775),
                "{path}"
            );
        }
    }
}

/// As root reads it, and nobody else: a file with passwords that somebody has mapped.
#[test]
fn a_configuration_that_only_root_may_read_is_read_from_a_copy() {
    let mut container = Container::new();
    container
        .set("ZOO_DAEMON_USER", "1000")
        .set("ZOO_DAEMON_GROUP", "1000")
        .set("ZOO_HC_TIMEOUT", "1");
    let root = container.path("");
    fs::set_permissions(&root, Permissions::from_mode(0o777)).unwrap();
    fs::create_dir(container.path("conf")).unwrap();
    let config = container.path("conf/zoo.cfg");
    let data = container.path("data").display().to_string();
    // Nobody listens there.
    fs::write(&config, format!("dataDir={data}\nclientPort=1\n")).unwrap();
    let mode = if geteuid().is_root() { 0o600 } else { 0o000 };
    fs::set_permissions(&config, Permissions::from_mode(mode)).unwrap();
    // What the server itself can see: its configuration, and its health.
    let applet = container.path("healthcheck");
    let copied = Command::new("/bin/cp")
        .arg(env!("CARGO_BIN_EXE_entrypoint"))
        .arg(&applet)
        .status();
    assert!(copied.unwrap().success());
    container.set("SEEN", root.to_str().unwrap());
    container.java(
        "for file; do :; done; cat \"$file\" > \"$SEEN/config\"; \"$SEEN/healthcheck\" > \"$SEEN/health\"; exit 0",
    );
    let ended = container.serve();
    if geteuid().is_root() {
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(container.read("config"), container.read("conf/zoo.cfg"));
        let health = container.read("health");
        assert!(
            health.starts_with("no answer from localhost:1: "),
            "{health}"
        );
    } else {
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let expected = format!("error: cannot read {}: Permission denied", config.display());
        assert!(ended.stderr.contains(&expected), "{ended:?}");
    }
    // Reconfiguration replaces the file itself, and must read it.
    let conf = container.path("conf");
    fs::set_permissions(&conf, Permissions::from_mode(0o777)).unwrap();
    fs::set_permissions(&config, Permissions::from_mode(0o600)).unwrap();
    fs::write(
        &config,
        format!("dataDir={data}\nclientPort=1\nreconfigEnabled=true\n"),
    )
    .unwrap();
    fs::set_permissions(&config, Permissions::from_mode(mode)).unwrap();
    let ended = container.serve();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let expected = format!("error: cannot read {}", config.display());
    assert!(ended.stderr.contains(&expected), "{ended:?}");
}

#[test]
fn a_restart_needs_no_more_of_root_than_the_start_had() {
    let mut container = Container::new();
    container
        .set("ZOO_DAEMON_USER", "1000")
        .set("ZOO_DAEMON_GROUP", "1000");
    fs::set_permissions(container.path(""), Permissions::from_mode(0o777)).unwrap();
    fs::create_dir(container.path("conf")).unwrap();
    let config = container.path("conf/zoo.cfg");
    let data = container.path("data").display().to_string();
    fs::write(&config, format!("dataDir={data}\nclientPort=1\n")).unwrap();
    let is_root = geteuid().is_root();
    let mode = if is_root { 0o600 } else { 0o400 };
    fs::set_permissions(&config, Permissions::from_mode(mode)).unwrap();
    container.java("echo up > up; exec sleep 60");
    let server = container.start(&SERVE);
    wait_for_line(&container.path("up"));
    if !is_root {
        // Without root there is no copy, since none was needed.
        fs::set_permissions(&config, Permissions::from_mode(0o000)).unwrap();
    }
    let restart = container.run(&["zkServer.sh", "restart"]);
    assert_eq!(restart.code, Some(i32::from(!is_root)), "{restart:?}");
    server.signal(Signal::SIGTERM);
    let ended = server.end();
    assert_eq!(ended.code, Some(143));
    let expected = if is_root {
        "warning: zoo.cfg can only be read by root".to_owned()
    } else {
        format!("error: cannot read {}: ", config.display())
    };
    assert!(ended.stderr.contains(&expected), "{ended:?}");
}

#[test]
fn data_that_cannot_be_locked_is_said() {
    let container = Container::open();
    fs::create_dir(container.path("data")).unwrap();
    symlink(
        "/dev/null",
        container.path("data/.zookeeper-entrypoint.lock"),
    )
    .unwrap();
    let ended = container.serve();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let [warning] = &warnings(&container, &ended)[..] else {
        panic!("{ended:?}");
    };
    assert!(warning.starts_with("/data cannot be locked: "), "{warning}");
}

#[test]
fn a_pipe_in_the_place_of_a_configuration_holds_no_check_up() {
    let container = Container::new();
    fs::create_dir(container.path("conf")).unwrap();
    mkfifo(&container.path("conf/zoo.cfg"), Mode::S_IRWXU).unwrap();
    for words in [&["healthcheck"][..], &["zkServer-initialize.sh"]] {
        container.run(words);
    }
    assert_eq!(container.run(&["healthcheck"]).code, Some(1));
}

#[test]
fn a_running_server_keeps_its_data_also_where_it_could_not_lock_it() {
    let container = Container::open();
    fs::create_dir(container.path("data")).unwrap();
    symlink(
        "/dev/null",
        container.path("data/.zookeeper-entrypoint.lock"),
    )
    .unwrap();
    container.java("echo up > up; exec sleep 60");
    let server = container.start(&SERVE);
    wait_for_line(&container.path("up"));
    for words in [
        &["zkServer-initialize.sh"][..],
        &["zkServer-initialize.sh", "--force"],
    ] {
        let ended = container.run(words);
        assert_eq!(ended.code, Some(1));
        let expected = format!(
            "zookeeper-entrypoint: error: the server of this container runs on {}: stop it first\n",
            container.path("data").display()
        );
        assert_eq!(ended.stderr, expected);
    }
    server.signal(Signal::SIGTERM);
    assert_eq!(server.end().code, Some(143));
}

#[test]
fn hooks_run_once_before_the_first_start() {
    let mut container = Container::open();
    container.set("OUT", container.path("out").to_str().unwrap());
    hook(
        &container,
        "20-second",
        "755",
        "#!/bin/sh\necho second >> $OUT\n",
    );
    hook(
        &container,
        "10-first.sh",
        "644",
        "echo first $ZOO_TICK_TIME >> $OUT; cat; echo said\n",
    );
    container.set("ZOO_TICK_TIME", "3000");
    container.java("echo java >> $OUT");
    let ended = container.serve();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(container.read("out"), "first 3000\nsecond\njava\n");
    assert_eq!(ended.stdout, "said\n");
    assert!(ended.stderr.contains("running the init hook "), "{ended:?}");
    assert_eq!(container.serve().code, Some(0));
    assert_eq!(container.read("out"), "first 3000\nsecond\njava\njava\n");
    // Another data directory has not been initialised.
    container.set("ZOO_DATA_DIR", container.path("other").to_str().unwrap());
    container.serve();
    assert!(
        container
            .read("out")
            .ends_with("java\njava\nfirst 3000\nsecond\njava\n")
    );
}

#[test]
fn a_failing_hook_ends_the_start() {
    let container = Container::open();
    hook(&container, "10-fails", "755", "#!/bin/sh\nexit 7\n");
    hook(
        &container,
        "20-never",
        "755",
        "#!/bin/sh\ntouch \"$0.ran\"\n",
    );
    for _ in 0..2 {
        let ended = container.serve();
        assert_eq!(ended.code, Some(1));
        let hook = container.path("conf/initdb.d/10-fails");
        let expected = format!("error: the init hook {} has left with 7\n", hook.display());
        assert!(ended.stderr.ends_with(&expected), "{ended:?}");
    }
    assert!(!container.path("conf/initdb.d/20-never.ran").exists());
    assert!(!container.path("arguments").exists());
    hook(&container, "10-fails", "755", "#!/bin/sh\nexit 0\n");
    assert_eq!(container.serve().code, Some(0));
    assert!(container.path("conf/initdb.d/20-never.ran").exists());
}

#[test]
fn a_signal_ends_a_hook_and_the_start() {
    let container = Container::open();
    hook(
        &container,
        "10-waits",
        "755",
        "#!/bin/sh\necho up > \"$0.up\"\nexec sleep 60\n",
    );
    hook(
        &container,
        "20-never",
        "755",
        "#!/bin/sh\ntouch \"$0.ran\"\n",
    );
    let process = container.start(&SERVE);
    wait_for_line(&container.path("conf/initdb.d/10-waits.up"));
    process.signal(Signal::SIGTERM);
    assert_eq!(process.end().code, Some(143));
    assert!(!container.path("conf/initdb.d/20-never.ran").exists());
    assert!(!container.path("data/.zookeeper-entrypoint.hooks").exists());
    assert!(!Path::new(&container.path("arguments")).exists());
}
