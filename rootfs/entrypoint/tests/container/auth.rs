//! Passwords on their way to Java, and what is said where they are not what they must be.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::harness::Container;

/// Writes down what the JAAS file says, and its mode.
const SHOW_LOGIN: &str = r#"
for argument in "$@"; do
  case $argument in
    -Djava.security.auth.login.config=*) file=${argument#*=} ;;
  esac
done
cat "${file:-/nowhere}" > jaas
stat -Lc %a "${file:-/nowhere}" > mode
env > environment
"#;

/// One that asks for a password.
fn asking() -> Container {
    let mut container = Container::new();
    container
        .set("ZOO_ENABLE_AUTH", "yes")
        .set("ZOO_SERVER_USERS", "user1,user2")
        .set("ZOO_SERVER_PASSWORDS", r#"ge"heim1, ge\heim2"#);
    container.java(SHOW_LOGIN);
    container
}

fn with_client(container: &mut Container) {
    container
        .set("ZOO_CLIENT_USER", "user1")
        .set("ZOO_CLIENT_PASSWORD", r#"ge"heim1"#);
}

const CLIENT: &str = "Client {\n    org.apache.zookeeper.server.auth.DigestLoginModule required\n    username=\"user1\"\n    \
    password=\"ge\\\"heim1\";\n};\n";

#[test]
fn the_server_finds_its_users_in_a_file_of_its_own() {
    let mut container = asking();
    with_client(&mut container);
    let ended = container.serve();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!format!("{ended:?}").contains("heim"), "{ended:?}");
    let server = "Server {\n    org.apache.zookeeper.server.auth.DigestLoginModule required\n    \
        user_user1=\"ge\\\"heim1\"\n    user_user2=\"ge\\\\heim2\";\n};\n";
    assert_eq!(container.read("jaas"), format!("{server}{CLIENT}"));
    assert_eq!(container.read("mode"), "400\n");
    let config = container.read("conf/zoo.cfg");
    let provider = "org.apache.zookeeper.server.auth.SASLAuthenticationProvider";
    assert!(config.contains(&format!(
        "\nauthProvider.1={provider}\nsessionRequireClientSASLAuth=true\n"
    )));
    for place in ["conf/zoo.cfg", "arguments", "environment"] {
        assert!(!container.read(place).contains("heim"), "{place} tells it");
    }
    // With the server the file goes.
    assert!(
        container
            .files()
            .iter()
            .all(|file| !file.starts_with("run/")),
        "{:?}",
        container.files()
    );
}

#[test]
fn a_client_finds_its_user_in_a_file_without_a_name() {
    let mut container = Container::new();
    container.java(SHOW_LOGIN);
    with_client(&mut container);
    let ended = container.run(&["zkCli.sh", "ls", "/"]);
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (Some(0), ""),
        "{ended:?}"
    );
    assert_eq!(container.read("jaas"), CLIENT);
    assert!(!container.read("arguments").contains("heim"));
    assert!(!container.read("environment").contains("heim"));
    assert_eq!(container.files(), [""; 0]);

    // What the flags name wins.
    let own = container.path("own");
    fs::write(&own, "mine").unwrap();
    let flag = format!("-Djava.security.auth.login.config={}", own.display());
    container.set("CLIENT_JVMFLAGS", &flag);
    container.run(&["zkCli.sh"]);
    assert_eq!(container.read("jaas"), "mine");
    let lib = container.path("zookeeper/lib");
    fs::rename(
        lib.join("zookeeper-3.6.1.jar"),
        lib.join("zookeeper-3.9.4.jar"),
    )
    .unwrap();
    container.run(&["zkCli.sh"]);
    let arguments = container.read("arguments");
    assert!(
        arguments.contains("-Dzookeeper.fips-mode=false\n"),
        "{arguments}"
    );
}

#[test]
fn a_client_without_a_user_takes_the_one_of_the_server_beside_it() {
    let mut container = asking();
    with_client(&mut container);
    container.java("trap 'exit 0' TERM; touch runs; while :; do sleep 0.02; done");
    let server = container.start(&["entrypoint", "zkServer.sh", "start-foreground"]);
    crate::harness::wait_for("the server", || {
        container.path("runs").exists().then_some(())
    });
    container.java(SHOW_LOGIN);
    container
        .set("ZOO_CLIENT_USER", "")
        .set("ZOO_CLIENT_PASSWORD", "");
    container.run(&["zkCli.sh"]);
    assert!(container.read("jaas").ends_with(CLIENT));
    // A file that only root could read, and this is not root.
    container
        .set("ZOO_CLIENT_USER", "user1")
        .set("ZOO_CLIENT_PASSWORD_FILE", "/nowhere");
    fs::remove_file(container.path("jaas")).unwrap();
    let ended = container.run(&["zkCli.sh"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(container.read("jaas").ends_with(CLIENT));
    server.signal(nix::sys::signal::Signal::SIGTERM);
    server.end();

    let ended = container.run(&["zkCli.sh"]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(
        ended.stderr,
        "zookeeper-entrypoint: error: ZOO_CLIENT_PASSWORD_FILE names /nowhere, which cannot be read: No such file or \
         directory (os error 2)\n"
    );
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let mut container = asking();
    container
        .set("ZOO_SERVER_PASSWORDS", "geheim")
        .set("ZOO_CLIENT_USER", "user 1")
        .set("ZOO_TICK_TIME", "0");
    let ended = container.serve();
    assert_eq!(ended.code, Some(1));
    let lines = |stderr: &str| -> Vec<String> { stderr.lines().map(str::to_owned).collect() };
    // What follows from a wrong value is not said.
    assert_eq!(
        lines(&ended.stderr),
        [
            "zookeeper-entrypoint: error: ZOO_TICK_TIME is `0`: allowed is a whole number from 1",
            "zookeeper-entrypoint: error: ZOO_CLIENT_USER is `user 1`: allowed is a name of letters, digits, `_`, `-` \
             and `.`",
        ]
    );
    container.set("ZOO_CLIENT_USER", "user1");
    let ended = container.serve();
    assert_eq!(
        lines(&ended.stderr),
        [
            "zookeeper-entrypoint: error: ZOO_TICK_TIME is `0`: allowed is a whole number from 1",
            "zookeeper-entrypoint: error: ZOO_SERVER_USERS has 2 users and ZOO_SERVER_PASSWORDS has 1 password: one \
             password for each user, without blanks, `,` and `;` in it",
            "zookeeper-entrypoint: error: ZOO_CLIENT_USER is set and ZOO_CLIENT_PASSWORD is not: set both or neither",
        ]
    );
    assert!(!container.path("conf").exists() && !container.path("data").exists());
    let ended = container.run(&["zkCli.sh"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.ends_with("set both or neither\n"), "{ended:?}");
}

#[test]
fn a_password_beside_a_user_is_not_told() {
    let mut container = asking();
    container
        .set("ZOO_SERVER_USERS", "user1:geheim ge!heim,user2:geheim")
        .set("ZOO_CLIENT_USER", "user1:geheim");
    let ended = container.serve();
    assert_eq!(ended.code, Some(1));
    assert!(!format!("{ended:?}").contains("heim"), "{ended:?}");
    let letters = "letters, digits, `_`, `-` and `.`";
    for said in [
        format!("ZOO_SERVER_USERS: `user1:…` is no user: allowed are {letters}"),
        format!("ZOO_CLIENT_USER is `user1:…`: allowed is a name of {letters}"),
    ] {
        let line = format!("zookeeper-entrypoint: error: {said}");
        assert!(ended.stderr.lines().any(|it| it == line), "{ended:?}");
    }
}

#[test]
fn a_file_that_is_kept_and_does_not_protect_ends_the_start() {
    let container = asking();
    fs::create_dir(container.path("conf")).unwrap();
    let config = format!("dataDir={}\n", container.path("data").display());
    fs::write(container.path("conf/zoo.cfg"), &config).unwrap();
    fs::set_permissions(
        container.path("conf/zoo.cfg"),
        Permissions::from_mode(0o600),
    )
    .unwrap();
    let ended = container.serve();
    assert_eq!(ended.code, Some(1));
    let path = container.path("conf/zoo.cfg");
    let provider = "authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider";
    assert_eq!(
        ended.stderr,
        format!(
            "zookeeper-entrypoint: error: ZOO_ENABLE_AUTH=yes, and {}, which wins, has no `{provider}`, no \
             `sessionRequireClientSASLAuth=true`: add it there, or remove the file to have it made from the variables\n",
            path.display()
        )
    );
    assert_eq!(container.read("conf/zoo.cfg"), config);
    assert!(!container.path("arguments").exists());
}

#[test]
fn where_the_first_nodes_cannot_be_closed_it_is_said_how() {
    let container = asking();
    fs::create_dir(container.path("conf")).unwrap();
    let config = format!(
        "dataDir={}\nsecureClientPort=3281\nsessionRequireClientSASLAuth=true\n\
         authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider\n",
        container.path("data").display()
    );
    fs::write(container.path("conf/zoo.cfg"), config).unwrap();
    let ended = container.serve();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let command = "Type as user1 `zkCli.sh -server HOST:3281 setAcl / sasl:user1:cdrwa,sasl:user2:cdrwa` once";
    assert!(ended.stderr.contains(command), "{}", ended.stderr);
}

#[test]
fn a_jaas_file_of_the_users_own_must_have_users() {
    let mut container = asking();
    let own = container.path("own");
    let flag = format!("-Djava.security.auth.login.config={}", own.display());
    container.set("JVMFLAGS", &flag).set("ZOO_TICK_TIME", "0");
    let ended = container.serve();
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.stderr.lines().count(), 2, "{ended:?}");
    assert!(ended.stderr.contains("which cannot be read"), "{ended:?}");
    fs::write(&own, "Server { module required; };").unwrap();
    container.set("ZOO_TICK_TIME", "");
    let ended = container.serve();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(container.read("jaas"), "Server { module required; };");
    assert!(!container.read("arguments").contains("zoo_jaas.conf"));
}
