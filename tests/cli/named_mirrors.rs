//! Mirrors that the user names: what forms there are, and that they come first.

use snapbox::{assert_data_eq, str};

use crate::support::{Behaviour, Layout, Run, Server, Snapshot, Workspace, fixture, tarball_path};

/// Builds with these mirrors, ZooKeeper from `source`.
fn build(workspace: &Workspace, source: &str, mirrors: &[String]) -> Run {
    let mut build =
        workspace.zookiln(["--quiet", "build", "--version", "3.6.1", "--source", source]);
    for mirror in mirrors {
        build = build.arg("--mirror").arg(mirror);
    }
    build.run()
}

fn is_of(archive: &str, path: &str) -> bool {
    path.starts_with(&format!("/{archive}/"))
}

#[test]
fn each_archive_can_be_named_apart() {
    for (name, folder, source) in [
        ("apache", "dist", "tarball"),
        ("maven", "maven2", "maven"),
        ("debian", "debian", "maven"),
        ("debian-security", "debian-security", "maven"),
    ] {
        let workspace = Workspace::new();
        let near = Server::start();

        let run = build(
            &workspace,
            source,
            &[format!("{name}={}/{folder}", near.url())],
        );

        assert_eq!(run.code, Some(0), "{}", run.transcript());
        let (own, others) = (near.requests(), workspace.server.requests());
        assert!(
            !own.is_empty() && own.iter().all(|path| is_of(folder, path)),
            "{name}: {own:?}"
        );
        assert!(
            !others.iter().any(|path| is_of(folder, path)),
            "{name}: {others:?}"
        );
    }
}

#[test]
fn a_named_mirror_comes_before_those_of_apt_and_of_the_catalog() {
    let workspace = Workspace::new();
    let [named, apt] = [Server::start(), Server::start()];
    workspace.add_apt_mirror(&apt.url());
    let [everywhere, nowhere, only_public] = [
        fixture().path("bash_5.2.37-2_arm64.deb"),
        fixture().path("base-files_13.8_amd64.deb"),
        fixture().path("bash_5.2.37-2_amd64.deb"),
    ];
    named.answer(nowhere, Behaviour::NotFound);
    named.answer(only_public, Behaviour::NotFound);
    apt.answer(only_public, Behaviour::NotFound);

    let run = build(
        &workspace,
        "maven",
        &[format!("debian={}/debian", named.url())],
    );

    assert_eq!(run.code, Some(0), "{}", run.transcript());
    let asked = |path| [&named, &apt, &workspace.server].map(|server| server.count(path));
    assert_eq!(asked(everywhere), [1, 0, 0]);
    assert_eq!(asked(nowhere), [1, 1, 0]);
    assert_eq!(asked(only_public), [1, 1, 1]);
}

#[test]
fn named_mirrors_are_asked_in_their_order_and_the_variable_comes_last() {
    let workspace = Workspace::new();
    let servers = [
        Server::start(),
        Server::start(),
        Server::start(),
        Server::start(),
    ];
    let path = tarball_path("3.6.1");
    for server in &servers {
        server.answer(&path, Behaviour::NotFound);
    }
    let [first, second, third, fourth] = servers
        .each_ref()
        .map(|server| format!("apache={}/dist", server.url()));

    let run = workspace
        .zookiln([
            "--quiet",
            "build",
            "--version",
            "3.6.1",
            "--source",
            "tarball",
        ])
        .arg("--mirror")
        .arg(&first)
        .arg("--mirror")
        .arg(&second)
        .env("ZOOKILN_MIRROR", format!(" {third}\n{fourth} "))
        .run();

    assert_eq!(run.code, Some(0), "{}", run.transcript());
    assert_eq!(
        servers.each_ref().map(|server| server.count(&path)),
        [1, 1, 1, 1]
    );
    workspace.server.answer(&path, Behaviour::NotFound);
    workspace.empty_cache();
    let run = workspace
        .zookiln([
            "--quiet",
            "build",
            "--version",
            "3.6.1",
            "--source",
            "tarball",
            "-o",
            "new",
        ])
        .arg("--mirror")
        .arg(&first)
        .arg("--mirror")
        .arg(&second)
        .env("ZOOKILN_MIRROR", format!(" {third}\n{fourth} "))
        .fail();
    let addresses: Vec<&str> = run.lines("  `http").to_vec();
    let expected: Vec<String> = servers
        .iter()
        .chain([&workspace.server])
        .map(|server| format!("  `{}{path}`: answered 404 Not Found", server.url()))
        .collect();
    assert_eq!(addresses, expected);
}

#[test]
fn a_named_mirror_serves_update_too() {
    let workspace = Workspace::without_lock();
    workspace.install_mvn();
    let near = Server::start();

    workspace
        .zookiln(["--quiet", "update"])
        .env("ZOOKILN_MIRROR", format!("debian={}/debian", near.url()))
        .succeed();

    assert!(
        near.requests()
            .iter()
            .any(|path| path.ends_with("/trixie/InRelease"))
    );
    assert!(
        workspace
            .server
            .requests()
            .iter()
            .all(|path| !is_of("debian", path))
    );
}

#[test]
fn a_word_that_names_no_mirror_is_a_mistake() {
    let workspace = Workspace::new();
    let before = Snapshot::of(&workspace.project());
    let mut said = String::new();
    for word in [
        "vendor",
        "./vendor",
        "/srv/vendor",
        "npm=https://repository.example",
        "debian=vendor",
        "debian=",
        "",
        "ftp://user:secret@mirror.example/",
        "maven=ftp://user:secret@mirror.example/",
        "http://user:secret@:80/",
        "https://user:sec ret@mirror example/",
        "user:secret@mirror.example",
        "apache=user:secret@mirror.example",
    ] {
        let run = workspace
            .zookiln(["build", "--version", "3.6.1"])
            .arg("--mirror")
            .arg(word)
            .run();

        assert_eq!(run.code, Some(2), "{word}: {}", run.stderr);
        assert!(
            !run.stderr.contains("secret") && !run.stderr.contains("user"),
            "{}",
            run.stderr
        );
        said.push_str(&run.stderr);
    }
    assert_data_eq!(
        said,
        str![[r#"
error: mirror: `vendor` is no address: write `file:vendor`
error: mirror: `./vendor` is no address: write `file:./vendor`
error: mirror: `/srv/vendor` is no address: write `file:/srv/vendor`
error: mirror: unknown archive `npm`, expected apache, debian, debian-security or maven
error: mirror: `vendor` is no address: write `file:vendor`
error: mirror: an empty address
error: mirror: an empty address
error: mirror: `ftp://mirror.example/`: only http, https and file addresses can be fetched
error: mirror: `ftp://mirror.example/`: only http, https and file addresses can be fetched
error: mirror: `http://:80/` is no address
error: mirror: `https://mirror example/` is no address
error: mirror: `mirror.example`: only http, https and file addresses can be fetched
error: mirror: `mirror.example`: only http, https and file addresses can be fetched

"#]]
    );
    assert_eq!(Snapshot::of(&workspace.project()), before);
    assert_eq!(workspace.server.requests(), Vec::<String>::new());
}

#[test]
fn the_variable_is_read_like_the_option() {
    let run = Workspace::new()
        .zookiln(["build", "--version", "3.6.1"])
        .env(
            "ZOOKILN_MIRROR",
            "file:vendor npm=https://repository.example",
        )
        .run();

    assert_eq!(run.code, Some(2));
    assert_data_eq!(
        run.stderr,
        str![[r#"
error: mirror: unknown archive `npm`, expected apache, debian, debian-security or maven

"#]]
    );
}

#[test]
fn a_password_is_never_shown() {
    let workspace = Workspace::new();
    let near = Server::start();
    near.answer_all(Behaviour::NotFound);
    workspace.server.answer_all(Behaviour::NotFound);
    let mirror = near.url().replace("http://", "http://user:secret@");

    for source in ["auto", "tarball", "maven"] {
        let run = build(&workspace, source, std::slice::from_ref(&mirror));

        assert_eq!(run.code, Some(1));
        assert!(run.stderr.contains(&near.url()), "{}", run.stderr);
        assert!(
            !run.stderr.contains("secret") && !run.stderr.contains("user"),
            "{}",
            run.stderr
        );
    }
    // A mirror that lies is warned of.
    near.answer_all(Behaviour::Flipped);
    workspace.server.answer_all(Behaviour::Honest);
    let run = build(&workspace, "tarball", std::slice::from_ref(&mirror));
    assert!(!run.lines("warning: ").is_empty(), "{}", run.stderr);
    assert!(
        !run.stderr.contains("secret") && !run.stderr.contains("user"),
        "{}",
        run.stderr
    );
}

/// A mirror of jars inside, for those who have one: with this alone nothing public is asked for.
#[test]
fn named_mirrors_of_everything_leave_nothing_for_public_ones() {
    let workspace = Workspace::new();
    let near = Server::start();
    let mirrors = [
        ("apache", "dist"),
        ("maven", "maven2"),
        ("debian", "debian"),
        ("debian-security", "debian-security"),
    ]
    .map(|(name, folder)| format!("{name}={}/{folder}", near.url()));

    let run = build(&workspace, "auto", &mirrors);

    assert_eq!(run.code, Some(0), "{}", run.transcript());
    assert_eq!(workspace.server.requests(), Vec::<String>::new());
    Layout::read(&workspace.project().join("images/zookeeper-3.6.1"));
}
