//! The tools of upstream: what they hand over to Java, and what they do themselves.

use std::fs;
use std::os::unix::fs::MetadataExt;

use nix::sys::signal::Signal;

use crate::harness::{Container, wait_for, wait_for_line};

/// A jar without any entry.
const EMPTY_JAR: [u8; 22] = *b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// A container with a configuration, and data in its directories.
fn with_data() -> Container {
    let container = Container::new();
    for directory in ["conf", "a/version-2", "b/version-2"] {
        fs::create_dir_all(container.path(directory)).unwrap();
    }
    let config = format!(
        "dataDir={}\ndataLogDir={}\n",
        container.path("a").display(),
        container.path("b").display()
    );
    fs::write(container.path("conf/zoo.cfg"), config).unwrap();
    for file in [
        "a/version-2/snapshot.0",
        "a/version-2/snapshot.1f",
        "b/version-2/log.1",
    ] {
        fs::write(container.path(file), "").unwrap();
    }
    container
}

/// What came after the class path.
fn handed_over(container: &Container) -> String {
    let arguments = container.read("arguments");
    let (_, rest) = arguments.split_once("/lib/*\n").unwrap();
    rest.trim_end().replace('\n', " ")
}

#[test]
fn the_version_is_printed_and_nothing_is_prepared() {
    let container = Container::new();
    for words in [
        &["zkServer.sh", "version"][..],
        &["zkServer.sh", "--version"],
        &["zkServer.sh", "-V"],
        &["entrypoint", "--version"],
        &["entrypoint", "-V"],
        &["entrypoint", "zkServer.sh", "version"],
    ] {
        let ended = container.run(words);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(
            ended.stdout, "Apache ZooKeeper, version 3.6.1\n",
            "{words:?}"
        );
    }
    assert_eq!(container.files(), [""; 0]);
    assert!(!container.path("arguments").exists());
}

#[test]
fn the_command_line_is_printed_without_its_secrets() {
    let mut container = Container::new();
    container
        .set("ZOO_SUPER_USER_PASSWORD", "geheim")
        .set("ZOO_TICK_TIME", "not of its concern")
        .set("ZOO_HEAP_SIZE", "64");
    let ended = container.run(&["zkServer.sh", "print-cmd"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let begin = format!(
        "{} '-Dzookeeper.DigestAuthenticationProvider.superDigest=***' -Xms64m -Xmx64m ",
        container.path("java/bin/java").display()
    );
    assert!(ended.stdout.starts_with(&begin), "{ended:?}");
    let end = format!(
        "/zookeeper/lib/*' org.apache.zookeeper.server.quorum.QuorumPeerMain {}\n",
        container.path("conf/zoo.cfg").display()
    );
    assert!(ended.stdout.ends_with(&end), "{ended:?}");
    assert_eq!(container.files(), [""; 0]);

    container.set("ZOO_HEAP_SIZE", "much");
    let ended = container.run(&["zkServer.sh", "print-cmd"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
}

#[test]
fn nobody_becomes_root_by_a_slip() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: only root has anything to give up");
        return;
    }
    let mut container = with_data();
    container.set("ZOO_DAEMON_USER", "zokeeper");
    let ended = container.run(&["zkCli.sh", "ls", "/"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let expected = "cannot give up root: ZOO_DAEMON_USER is `zokeeper`: there is no such user\n";
    assert!(ended.stderr.ends_with(expected), "{ended:?}");
    assert!(!container.path("arguments").exists());
}

#[test]
fn a_restart_knows_a_secret_whose_file_only_root_could_read() {
    let mut container = Container::open();
    let password = container.path("password");
    fs::write(&password, "secret\n").unwrap();
    container.set(
        "ZOO_SUPER_USER_PASSWORD_FILE",
        &password.display().to_string(),
    );
    container.java("trap 'exit 0' TERM; echo $$ > up; while :; do sleep 0.01; done");
    let process = container.start(&["entrypoint", "zkServer.sh", "start-foreground"]);
    let first = wait_for_line(&container.path("up"));
    // The tests have no other user to be, but for whom reads it this is the same.
    fs::remove_file(&password).unwrap();
    let restart = container.run(&["zkServer.sh", "restart"]);
    assert_eq!(restart.code, Some(0), "{restart:?}");
    wait_for("the next server", || {
        (wait_for_line(&container.path("up")) != first).then_some(())
    });
    let arguments = container.read("arguments");
    let file = arguments.lines().next().unwrap().strip_prefix('@').unwrap();
    assert!(fs::read_to_string(file).unwrap().contains("lK75jTNcA"));
    process.signal(Signal::SIGTERM);
    let ended = process.end();
    let warning = "password, which cannot be read: No such file or directory (os error 2): what it held before";
    assert!(ended.stderr.contains(warning), "{ended:?}");
    assert!(!ended.stderr.contains("secret"), "{ended:?}");
}

#[test]
fn the_super_user_is_known_to_java_alone() {
    for by_file in [false, true] {
        let mut container = Container::open();
        if by_file {
            fs::write(container.path("password"), "secret\n").unwrap();
            let path = container.path("password").display().to_string();
            container.set("ZOO_SUPER_USER_PASSWORD_FILE", &path);
        } else {
            container.set("ZOO_SUPER_USER_PASSWORD", "secret");
        }
        container.java("env > environment; echo up > up; exec sleep 60");
        let process = container.start(&["entrypoint", "zkServer.sh", "start-foreground"]);
        wait_for_line(&container.path("up"));
        let arguments = container.read("arguments");
        let file = arguments.lines().next().unwrap().strip_prefix('@').unwrap();
        assert_eq!(
            fs::read_to_string(file).unwrap(),
            "\"-Dzookeeper.DigestAuthenticationProvider.superDigest=super:lK75jTNcA+U9vtVEw5vB51mj/w4=\"\n"
        );
        assert_eq!(fs::metadata(file).unwrap().mode() & 0o7777, 0o400);
        assert!(!arguments.contains("lK75") && !arguments.contains("secret"));
        assert!(!container.read("environment").contains("=secret"));
        process.signal(Signal::SIGTERM);
        let ended = process.end();
        assert!(!ended.stderr.contains("secret"), "{ended:?}");
        assert!(!fs::exists(file).unwrap());
    }
}

#[test]
fn a_cleanup_is_of_the_configured_directories() {
    let container = with_data();
    container.java("echo Removing file; exit 7");
    let ended = container.run(&["entrypoint", "zkCleanup.sh", "-n", "3"]);
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (Some(7), "Removing file\n")
    );
    let (a, b) = (container.path("a"), container.path("b"));
    let expected = format!(
        "org.apache.zookeeper.server.PurgeTxnLog {} {} -n 3",
        b.display(),
        a.display()
    );
    assert_eq!(handed_over(&container), expected);

    let unused = Container::new().run(&["zkCleanup.sh", "-n", "3"]);
    assert_eq!(unused.code, Some(1));
    assert!(
        unused
            .stderr
            .contains("error: nothing to clean up: there is no "),
        "{unused:?}"
    );
}

#[test]
fn the_toolkits_find_the_files_of_the_server() {
    let container = with_data();
    let snapshot = container
        .path("a/version-2/snapshot.1f")
        .display()
        .to_string();
    let log = container.path("b/version-2/log.1").display().to_string();
    let formatter = "org.apache.zookeeper.server.SnapshotFormatter";
    let toolkit = "org.apache.zookeeper.server.persistence.TxnLogToolkit";
    for (words, expected) in [
        (
            &["zkSnapShotToolkit.sh"][..],
            format!("{formatter} {snapshot}"),
        ),
        (
            &["zkSnapShotToolkit.sh", "-d", "snapshot.1f"],
            format!("{formatter} -d {snapshot}"),
        ),
        (
            &["zkSnapShotToolkit.sh", "/elsewhere/snapshot.1"],
            format!("{formatter} /elsewhere/snapshot.1"),
        ),
        (&["zkTxnLogToolkit.sh", "log.1"], format!("{toolkit} {log}")),
        (&["zkTxnLogToolkit.sh", "-r"], format!("{toolkit} -r")),
        (
            &[
                "zkSnapshotComparer.sh",
                "-l",
                "snapshot.1f",
                "-r",
                "x",
                "-b",
                "1",
                "-n",
                "1",
            ],
            format!("org.apache.zookeeper.server.SnapshotComparer -l {snapshot} -r x -b 1 -n 1"),
        ),
        (
            &[
                "zkSnapshotRecursiveSummaryToolkit.sh",
                "snapshot.1f",
                "/",
                "2",
            ],
            format!("org.apache.zookeeper.server.SnapshotRecursiveSummary {snapshot} / 2"),
        ),
    ] {
        let ended = container.run(words);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(handed_over(&container), expected, "{words:?}");
    }
    for name in [
        "zkSnapShotToolkit.sh",
        "zkTxnLogToolkit.sh",
        "zkSnapshotComparer.sh",
        "zkSnapshotRecursiveSummaryToolkit.sh",
    ] {
        let help = container.run(&[name, "--help"]);
        assert_eq!(help.code, Some(0));
        assert!(
            help.stdout.contains(&format!("\nExample: {name} ")),
            "{help:?}"
        );
    }
}

#[test]
fn a_toolkit_that_the_release_lacks_is_said_so() {
    let container = with_data();
    let jar = container.path("zookeeper/lib/zookeeper-3.6.1.jar");
    fs::write(jar, EMPTY_JAR).unwrap();
    let ended = container.run(&["entrypoint", "zkSnapshotComparer.sh"]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(
        ended.stderr,
        "zookeeper-entrypoint: error: ZooKeeper 3.6.1 has no `zkSnapshotComparer.sh`: \
         org.apache.zookeeper.server.SnapshotComparer is not part of it\n"
    );
    assert!(!container.path("arguments").exists());
}

#[test]
fn a_data_directory_is_initialized_by_variables_or_by_a_configuration() {
    let container = Container::new();
    let ended = container.run(&["entrypoint", "zkServer-initialize.sh", "--myid=7"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(container.read("data/myid"), "7\n");
    for path in ["data/initialize", "data/version-2", "datalog/version-2"] {
        assert!(container.path(path).exists(), "{path}");
    }
    let again = container.run(&["zkServer-initialize.sh"]);
    assert_eq!(again.code, Some(1));
    assert!(
        again.stderr.ends_with("; `--force` removes it\n"),
        "{again:?}"
    );

    let container = with_data();
    let ended = container.run(&["zkServer-initialize.sh", "--force"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(container.path("a/initialize").exists());
    assert!(!container.path("b/version-2/log.1").exists());
}

#[test]
fn a_running_server_keeps_its_data() {
    let container = Container::open();
    container.java("echo up > up; exec sleep 60");
    let process = container.start(&["entrypoint", "zkServer.sh", "start-foreground"]);
    wait_for_line(&container.path("up"));
    let ended = container.run(&["zkServer-initialize.sh", "--force"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended
            .stderr
            .contains("error: the server of this container runs on "),
        "{ended:?}"
    );
    assert!(container.path("data/myid").exists());
    process.signal(Signal::SIGTERM);
    process.end();
}
