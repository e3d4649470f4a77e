//! What a start writes, keeps, and refuses.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::harness::{Container, wait_for_line};

#[test]
fn a_first_start_writes_the_configuration_and_the_number() {
    let container = Container::open();
    let ended = container.serve();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(
        container.files(),
        [
            "conf/zoo.cfg",
            "data/.zookeeper-entrypoint.lock",
            "data/myid",
            "datalog/.zookeeper-entrypoint.lock"
        ]
    );
    assert_eq!(container.read("data/myid"), "1\n");
    let config = container.read("conf/zoo.cfg");
    let root = container.path("").display().to_string();
    let body = config.split_once('\n').unwrap().1.replace(&root, "/");
    assert_eq!(
        body,
        "tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir=/data\ndataLogDir=/datalog\nclientPort=2181\n\
         maxClientCnxns=60\nmaxCnxns=0\nstandaloneEnabled=false\nadmin.enableServer=true\nadmin.serverPort=8080\n\
         autopurge.purgeInterval=0\nautopurge.snapRetainCount=3\n4lw.commands.whitelist=srvr, mntr\n\
         reconfigEnabled=false\nquorumListenOnAllIPs=false\nserver.1=0.0.0.0:2888:3888;2181\n"
    );
    let arguments = container.read("arguments");
    assert!(arguments.ends_with(&format!(
        "QuorumPeerMain\n{}\n",
        container.path("conf/zoo.cfg").display()
    )));
}

#[test]
fn without_a_word_about_anonymous_clients_nothing_is_written() {
    let container = Container::new();
    let ended = container.serve();
    assert_eq!(ended.code, Some(1));
    assert_eq!(
        ended.stderr,
        "zookeeper-entrypoint: error: set ZOO_ALLOW_ANONYMOUS_LOGIN=yes to let anybody connect (for development), or \
         ZOO_ENABLE_AUTH=yes to ask for a user and a password\n"
    );
    assert!(!container.path("conf").exists() && !container.path("data").exists());
}

#[test]
fn every_problem_is_said_one_line_each_and_nothing_is_written() {
    let mut container = Container::new();
    container
        .set("ZOO_TICK_TIME", "0")
        .set("ZOO_SERVERS", "zoo1 zoo2:2888:2888")
        .set("ZOO_TLS_CLIENT_ENABLE", "yes")
        .set("ZOO_TLS_CLIENT_KEYSTORE_FILE", "/nowhere.p12")
        .set("ZOO_INIT_LIMIT_FILE", "/nowhere");
    let ended = container.serve();
    assert_eq!(ended.code, Some(1));
    let list = "ZOO_SERVERS is `zoo1 zoo2:2888:2888`";
    assert_eq!(
        ended.stderr.lines().collect::<Vec<_>>(),
        [
            "ZOO_TICK_TIME is `0`: allowed is a whole number from 1",
            "ZOO_INIT_LIMIT_FILE names /nowhere, which cannot be read: No such file or directory (os error 2)",
            &format!("{list}: entry `zoo1`: not of the form host:quorum-port:election-port"),
            &format!("{list}: entry `zoo2:2888:2888`: quorum and election port are both 2888"),
            "set ZOO_ALLOW_ANONYMOUS_LOGIN=yes to let anybody connect (for development), or ZOO_ENABLE_AUTH=yes to ask \
             for a user and a password",
            "ZOO_TLS_CLIENT_ENABLE=yes needs ZOO_TLS_CLIENT_TRUSTSTORE_FILE: whose certificates are trusted",
            &format!(
                "ZOO_TLS_CLIENT_KEYSTORE_FILE is /nowhere.p12, which uid {} cannot read (No such file or directory (os \
                 error 2)): mount it there",
                nix::unistd::geteuid()
            ),
        ]
        .map(|line| format!("zookeeper-entrypoint: error: {line}"))
    );
    assert!(!container.path("conf").exists() && !container.path("data").exists());
}

#[test]
fn a_configuration_that_was_brought_along_is_not_touched() {
    let mut container = Container::new();
    let theirs = format!(
        "# mine\r\ntickTime=3000\ndataDir={}\n",
        container.path("elsewhere").display()
    );
    fs::create_dir(container.path("conf")).unwrap();
    fs::write(container.path("conf/zoo.cfg"), &theirs).unwrap();
    let before = fs::metadata(container.path("conf/zoo.cfg")).unwrap();
    let ended = container.set("ZOO_TICK_TIME", "2000").serve();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let after = fs::metadata(container.path("conf/zoo.cfg")).unwrap();
    assert_eq!(container.read("conf/zoo.cfg"), theirs);
    assert_eq!(
        (before.ino(), before.mode(), before.mtime_nsec()),
        (after.ino(), after.mode(), after.mtime_nsec())
    );
    assert_eq!(container.read("elsewhere/myid"), "1\n");
    assert!(!container.path("data").exists());
    assert!(
        ended
            .stderr
            .contains("wins; ignored: ZOO_TICK_TIME, ZOO_DATA_DIR, ZOO_DATA_LOG_DIR\n"),
        "{ended:?}"
    );
}

#[test]
fn our_configuration_follows_the_variables_until_it_is_edited() {
    let mut container = Container::open();
    container.serve();
    let first = container.read("conf/zoo.cfg");
    let inode = fs::metadata(container.path("conf/zoo.cfg")).unwrap().ino();
    container.serve();
    assert_eq!(
        fs::metadata(container.path("conf/zoo.cfg")).unwrap().ino(),
        inode,
        "written again for nothing"
    );

    container.set("ZOO_TICK_TIME", "3000").serve();
    let second = container.read("conf/zoo.cfg");
    assert!(first.contains("\ntickTime=2000\n") && second.contains("\ntickTime=3000\n"));

    let edited = second.replace("initLimit=10", "initLimit=20");
    fs::write(container.path("conf/zoo.cfg"), &edited).unwrap();
    let ended = container.set("ZOO_TICK_TIME", "4000").serve();
    assert_eq!(container.read("conf/zoo.cfg"), edited);
    assert!(
        ended.stderr.contains("ignored: ZOO_TICK_TIME\n"),
        "{ended:?}"
    );
}

#[test]
fn an_existing_number_is_kept() {
    let mut container = Container::open();
    fs::create_dir(container.path("data")).unwrap();
    fs::write(container.path("data/myid"), "7\n").unwrap();
    container.set(
        "ZOO_SERVERS",
        "\"server.1=a:1:2 server.7=0.0.0.0:2888:3888\"",
    );
    let ended = container.set("ZOO_SERVER_ID", "1").serve();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(container.read("data/myid"), "7\n");
    assert!(
        ended
            .stderr
            .contains("says 7 and wins, ZOO_SERVER_ID is ignored"),
        "{ended:?}"
    );
}

#[test]
fn a_second_server_on_the_same_data_is_refused() {
    let mut container = Container::open();
    container.java("echo $$ > up; exec sleep 60");
    let first = container.start(&["entrypoint", "zkServer.sh", "start-foreground"]);
    wait_for_line(&container.path("up"));
    let second = container.set("ZOO_TICK_TIME", "3000").serve();
    assert_eq!(second.code, Some(1));
    let expected = format!(
        "error: another server is running on {}: stop it first, or give this one a volume of its own\n",
        container.path("data").display()
    );
    assert!(second.stderr.ends_with(&expected), "{second:?}");
    assert!(container.read("conf/zoo.cfg").contains("tickTime=2000\n"));
    let pid = wait_for_line(&container.path("up"));
    let start = container.run(&["zkServer.sh", "start"]);
    assert_eq!(start.code, Some(1));
    assert!(
        start.stderr.contains(&format!(
            "already running in this container, as process {pid}\n"
        )),
        "{start:?}"
    );
    first.signal(nix::sys::signal::SIGTERM);
    assert_eq!(first.end().code, Some(143));
}

#[test]
fn a_missing_java_and_a_wrong_base_directory_are_said() {
    let mut container = Container::open();
    container.set("JAVA_HOME", "/nowhere");
    let ended = container.serve();
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.ends_with(
        "error: cannot start /nowhere/bin/java: No such file or directory (os error 2)\n"
    ));
    let ended = Container::open().set("ZOO_BASE_DIR", "/nowhere").serve();
    assert_eq!(ended.code, Some(1));
    assert!(
        ended
            .stderr
            .ends_with("error: cannot list /nowhere/lib: No such file or directory (os error 2)\n")
    );
}

#[test]
fn debug_lines_only_when_asked_for() {
    let mut container = Container::open();
    assert!(!container.serve().stderr.contains("debug:"));
    let ended = container.set("ENV_DEBUG", "1").serve();
    assert!(ended.stderr.contains("debug: ZooKeeper 3.6.1"), "{ended:?}");
}
