//! TLS without a TLS: what is written where, what is refused, and who may read it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use crate::harness::Container;

const PASSWORD: &str = " a \"b\\ü";

/// One with a store for both purposes, and a password.
fn with_stores(side: &str) -> Container {
    let mut container = Container::open();
    let store = container.path("own.p12");
    fs::write(&store, "x").unwrap();
    let store = store.to_str().unwrap().to_owned();
    container
        .set(&format!("ZOO_TLS_{side}_ENABLE"), "yes")
        .set(&format!("ZOO_TLS_{side}_KEYSTORE_FILE"), &store)
        .set(&format!("ZOO_TLS_{side}_KEYSTORE_PASSWORD"), PASSWORD)
        .set(&format!("ZOO_TLS_{side}_TRUSTSTORE_FILE"), &store);
    container
}

fn mode(container: &Container, relative: &str) -> u32 {
    let metadata = fs::metadata(container.path(relative)).unwrap();
    metadata.mode() & 0o7777
}

fn make(container: &Container, relative: &str, mode: u32) {
    fs::set_permissions(container.path(relative), Permissions::from_mode(mode)).unwrap();
}

/// Lays down what the files hold that Java is told of: they go with the server.
const KEEP: &str = "for argument in \"$@\"; do case $argument in
    @*) cat \"${argument#@}\";;
    *passwordPath=*) cat \"${argument#*=}\";;
    esac; done > hidden";

#[test]
fn passwords_of_stores_go_to_the_server_and_nowhere_else() {
    for side in ["CLIENT", "QUORUM"] {
        let container = with_stores(side);
        container.java(KEEP);
        let ended = container.serve();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let key = if side == "CLIENT" {
            "ssl"
        } else {
            "ssl.quorum"
        };
        assert_eq!(
            container.read("hidden"),
            format!("\"-Dzookeeper.{key}.keyStore.password= a \\\"b\\\\ü\"\n")
        );
        let arguments = container.read("arguments");
        assert!(arguments.contains("-Dzookeeper.admin.serverAddress=127.0.0.1\n"));
        for shown in [&arguments, &container.read("conf/zoo.cfg"), &ended.stderr] {
            assert!(!shown.contains(" a \""), "{shown}");
        }
        // Without a password in it, everybody may read it as ever.
        assert_eq!(mode(&container, "conf/zoo.cfg"), 0o644);
    }
}

#[test]
fn from_3_8_on_they_are_in_files_of_their_own() {
    let container = with_stores("CLIENT");
    let lib = container.path("zookeeper/lib");
    fs::rename(
        lib.join("zookeeper-3.6.1.jar"),
        lib.join("zookeeper-3.8.0.jar"),
    )
    .unwrap();
    container.java(KEEP);
    assert_eq!(container.serve().code, Some(0));
    assert_eq!(container.read("hidden"), format!("{PASSWORD}\n"));
    let arguments = container.read("arguments");
    assert!(
        arguments.starts_with("-Dzookeeper.ssl.keyStore.passwordPath=/"),
        "{arguments}"
    );
    assert!(!arguments.contains("serverAddress"), "{arguments}");
}

#[test]
fn a_password_that_is_a_setting_makes_the_file_private() {
    let mut container = Container::open();
    container
        .set("ZOO_CFG_ssl_keyStore_password", "geheim")
        .set("ZOO_CFG_EXTRA", "ssl.trustStore.password=geheim");
    for _ in 0..2 {
        let ended = container.serve();
        assert!(!ended.stderr.contains("geheim"), "{}", ended.stderr);
        assert_eq!(mode(&container, "conf/zoo.cfg"), 0o600);
        assert!(
            container
                .read("conf/zoo.cfg")
                .contains("ssl.keyStore.password=geheim\n")
        );
        let arguments = container.read("arguments");
        assert!(arguments.contains("-Dzookeeper.admin.serverAddress=127.0.0.1\n"));
        assert!(!arguments.contains("geheim"), "{arguments}");
        // The next start mends it, though it is the same file.
        make(&container, "conf/zoo.cfg", 0o644);
    }
    container.set("ZOO_ADMIN_SERVER_ADDRESS", "10.0.0.7");
    container.serve();
    let arguments = container.read("arguments");
    assert!(arguments.contains("-Dzookeeper.admin.serverAddress=10.0.0.7\n"));

    container.set("ZOO_RECONFIG_ENABLED", "yes");
    let ended = container.serve();
    assert!(
        ended
            .stderr
            .contains("everybody can read them: use ZOO_TLS_…"),
        "{}",
        ended.stderr
    );
}

#[test]
fn the_digest_of_a_password_makes_the_file_private() {
    let mut container = Container::open();
    container.set(
        "ZOO_CFG_DigestAuthenticationProvider_superDigest",
        "super:geheim",
    );
    let ended = container.serve();
    assert!(!ended.stderr.contains("geheim"), "{}", ended.stderr);
    assert_eq!(mode(&container, "conf/zoo.cfg"), 0o600);
    let arguments = container.read("arguments");
    assert!(arguments.contains("-Dzookeeper.admin.serverAddress=127.0.0.1\n"));
}

#[test]
fn a_setting_wins_over_a_password_that_it_does_not_show() {
    let mut container = with_stores("CLIENT");
    container.set("ZOO_CFG_ssl_keyStore_password", "anders");
    container.java(KEEP);
    let ended = container.serve();
    assert!(
        ended.stderr.contains(
            "warning: ssl.keyStore.password=*** wins over ZOO_TLS_CLIENT_KEYSTORE_PASSWORD\n"
        ),
        "{}",
        ended.stderr
    );
    assert_eq!(container.read("hidden"), "");
}

#[test]
fn a_kept_file_with_passwords_is_warned_of_and_left_alone() {
    let container = Container::new();
    fs::create_dir(container.path("conf")).unwrap();
    let theirs = format!(
        "dataDir={}\nssl.quorum.keyStore.password=geheim\n",
        container.path("data").display()
    );
    fs::write(container.path("conf/zoo.cfg"), &theirs).unwrap();
    for (permissions, is_warned_of) in [(0o644, true), (0o640, false)] {
        make(&container, "conf/zoo.cfg", permissions);
        let ended = container.serve();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let expected =
            "has passwords, and with its mode 0644 everybody can read them: make it 0600";
        assert_eq!(
            ended.stderr.contains(expected),
            is_warned_of,
            "{}",
            ended.stderr
        );
        assert!(!ended.stderr.contains("geheim"));
        assert_eq!(mode(&container, "conf/zoo.cfg"), permissions);
        assert_eq!(container.read("conf/zoo.cfg"), theirs);
        let arguments = container.read("arguments");
        assert!(arguments.contains("-Dzookeeper.admin.serverAddress=127.0.0.1\n"));
    }
}

#[test]
fn tls_is_never_missing_silently() {
    let container = with_stores("CLIENT");
    assert_eq!(container.serve().code, Some(0));
    let made = container.read("conf/zoo.cfg");
    assert!(made.contains("secureClientPort=3181\n"), "{made}");

    // Somebody has edited the file, and taken that out.
    let edited = made.replace("secureClientPort=3181\n", "");
    fs::write(container.path("conf/zoo.cfg"), &edited).unwrap();
    let ended = container.serve();
    assert_eq!(ended.code, Some(1));
    let path = container.path("conf/zoo.cfg");
    assert_eq!(
        ended.stderr,
        format!(
            "zookeeper-entrypoint: error: ZOO_TLS_CLIENT_ENABLE=yes, and {}, which wins, has no \
             `secureClientPort=3181`: add it there, or remove the file to have it made from the variables\n",
            path.display()
        )
    );
    assert_eq!(container.read("conf/zoo.cfg"), edited);

    // Other stores are theirs to choose.
    let elsewhere = container.path("own.p12").display().to_string();
    let other = made.replace(
        &format!("keyStore.location={elsewhere}"),
        "keyStore.location=/x.p12",
    );
    fs::write(container.path("conf/zoo.cfg"), other).unwrap();
    let ended = container.serve();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended
            .stderr
            .contains("wins; ignored: ZOO_TLS_CLIENT_KEYSTORE_FILE\n"),
        "{}",
        ended.stderr
    );
}

#[test]
fn what_is_missing_of_tls_is_said_beside_other_mistakes() {
    let mut container = Container::open();
    container
        .set("ZOO_TLS_CLIENT_ENABLE", "yes")
        .set("ZOO_TICK_TIME", "0");
    let errors = |container: &Container| {
        let ended = container.serve();
        assert_eq!(ended.code, Some(1));
        ended.stderr.matches(": error: ").count()
    };
    assert_eq!(errors(&container), 3, "both stores");
    container.set("ZOO_TLS_CLIENT_AUTH", "x");
    assert_eq!(errors(&container), 2, "who knows what is needed");
    container
        .set("ZOO_TLS_CLIENT_AUTH", "")
        .set("ZOO_CFG_EXTRA", "ssl.keyStore.location");
    assert_eq!(errors(&container), 2, "who knows what was meant");
    container.set("ZOO_CFG_EXTRA", "");
    fs::create_dir(container.path("conf")).unwrap();
    let config = format!("dataDir={}\n", container.path("data").display());
    fs::write(container.path("conf/zoo.cfg"), config).unwrap();
    assert_eq!(errors(&container), 2, "the kept file lacks its keys");
}

#[test]
fn settings_cannot_switch_off_what_a_variable_asks_for() {
    let mut container = with_stores("QUORUM");
    container
        .set("ZOO_TLS_QUORUM_CLIENT_AUTH", "need")
        .set("ZOO_CFG_sslQuorum", "false")
        .set("ZOO_CFG_ssl_quorum_clientAuth", "none");
    let ended = container.serve();
    assert_eq!(ended.code, Some(1));
    assert_eq!(
        ended.stderr,
        "zookeeper-entrypoint: error: ZOO_TLS_QUORUM_ENABLE=yes, and zoo.cfg with the settings of ZOO_CFG_… has \
         `sslQuorum=false` instead of `sslQuorum=true`: take that out of ZOO_CFG_EXTRA or ZOO_CFG_…\n\
         zookeeper-entrypoint: error: ZOO_TLS_QUORUM_CLIENT_AUTH=need, and zoo.cfg with the settings of ZOO_CFG_… has \
         `ssl.quorum.clientAuth=none` instead of `ssl.quorum.clientAuth=need`: take that out of ZOO_CFG_EXTRA or \
         ZOO_CFG_…\n"
    );
    assert!(!container.path("conf").exists());
}

#[test]
fn a_client_hides_its_passwords_without_a_file() {
    let mut container = with_stores("CLIENT");
    container.java(KEEP);
    let ended = container.run(&["zkCli.sh", "-server", "zoo1:3181", "ls", "/"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(
        container.read("hidden"),
        "\"-Dzookeeper.ssl.keyStore.password= a \\\"b\\\\ü\"\n"
    );
    let arguments = container.read("arguments");
    assert!(arguments.starts_with("@/proc/self/fd/"), "{arguments}");
    assert!(
        arguments.contains("-Dzookeeper.client.secure=true\n"),
        "{arguments}"
    );
    assert!(!container.path("run").exists());

    fs::remove_file(container.path("own.p12")).unwrap();
    let ended = container.run(&["zkCli.sh", "-server", "zoo1:3181", "ls", "/"]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended
            .stderr
            .contains("error: ZOO_TLS_CLIENT_KEYSTORE_FILE is "),
        "{}",
        ended.stderr
    );
    let ended = container.run(&["zkCli.sh", "-server", "zoo1:2181", "ls", "/"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");

    // The flags name others, and win.
    container.set(
        "CLIENT_JVMFLAGS",
        "-Dzookeeper.ssl.keyStore.location=/a.p12 -Dzookeeper.ssl.trustStore.location=/b.p12",
    );
    let ended = container.run(&["zkCli.sh", "-server", "zoo1:3181", "ls", "/"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}
