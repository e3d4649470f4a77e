//! Where ZooKeeper's jars come from: the tarball, or one by one.

use std::fs;

use snapbox::{assert_data_eq, str};

use crate::support::{Behaviour, Layout, Workspace, fixture, tarball_path};

fn layer(workspace: &Workspace) -> String {
    let layout = Layout::read(&workspace.project().join("images/zookeeper-3.6.1"));
    layout.images[0].layer("zookeeper").digest.clone()
}

#[test]
fn tarball_and_jars_give_the_same_layer() {
    let from_tarball = Workspace::new();
    let run = from_tarball
        .zookiln([
            "--quiet",
            "build",
            "--version",
            "3.6.1",
            "--source",
            "tarball",
        ])
        .succeed();
    assert!(run.stdout().contains("(tarball, written)"));

    let from_jars = Workspace::new();
    let run = from_jars
        .zookiln([
            "--quiet",
            "build",
            "--version",
            "3.6.1",
            "--source",
            "maven",
        ])
        .succeed();
    assert!(run.stdout().contains("(maven, written)"));

    assert_eq!(layer(&from_tarball), layer(&from_jars));
    let asked_for_jars = |workspace: &Workspace| {
        let requests = workspace.server.requests();
        requests
            .iter()
            .filter(|path| path.ends_with(".jar"))
            .count()
    };
    assert_eq!(asked_for_jars(&from_tarball), 0);
    assert_eq!(asked_for_jars(&from_jars), 4);
    assert_eq!(from_jars.server.count(&tarball_path("3.6.1")), 0);
}

#[test]
fn jars_that_are_left_out_are_in_neither_layer_and_not_asked_for() {
    let build = |source: &str| {
        let workspace = Workspace::new();
        let jars = "jars = [\n  \"io.netty:";
        let kept_out = "maven-lacks = [\"metrics\"]\nexclude = [\"netty-*.jar\"]\n";
        workspace.edit_catalog(jars, &format!("{kept_out}{jars}"));
        let run = workspace
            .zookiln(["--quiet", "build", "--version", "3.6.1", "--source", source])
            .succeed();
        (workspace, run)
    };
    let (from_tarball, run) = build("tarball");
    assert_eq!(run.lines("warning: "), [""; 0]);
    let (from_jars, run) = build("maven");
    assert_eq!(
        run.lines("warning: "),
        [
            "warning: 3.6.1: of single jars it lacks metrics, which no Maven repository has; the release archive has it"
        ]
    );

    assert_eq!(layer(&from_tarball), layer(&from_jars));
    let requests = from_jars.server.requests();
    let jars: Vec<_> = (requests.iter())
        .filter(|path| path.ends_with(".jar"))
        .collect();
    assert_eq!(jars.len(), 3, "{jars:?}");
    assert!(!jars.iter().any(|path| path.contains("netty")), "{jars:?}");
    let shown = from_jars
        .zookiln(["inspect", "images/zookeeper-3.6.1"])
        .succeed();
    for line in [
        "jars     3, all as the lock pins them by Maven",
        "  it lacks `metrics`, which no Maven repository has",
        "  left out: netty-*.jar",
    ] {
        assert!(shown.stdout().lines().any(|it| it == line), "{line}");
    }
}

#[test]
fn a_tarball_of_unknown_size_goes_by_its_digest() {
    let workspace = Workspace::new();
    let tarball = tarball_path("3.6.1");
    let size = fixture().files[&tarball].len();
    workspace.edit_catalog(&format!("tarball.size = {size}\n"), "");
    let name = "apache-zookeeper-3.6.1-bin.tar.gz\"\n";
    workspace.edit_lock(&format!("{name}size = {size}\n"), name);

    let dry = workspace
        .zookiln([
            "build",
            "--version",
            "3.6.1",
            "--dry-run",
            "--format",
            "json",
        ])
        .succeed();
    let dry: serde_json::Value = serde_json::from_str(dry.stdout()).unwrap();
    let files = dry["fetch"].as_array().unwrap().iter();
    let unknown: Vec<_> = files.filter(|file| file["size"].is_null()).collect();
    assert_eq!(unknown.len(), 1, "{unknown:?}");
    assert_eq!(unknown[0]["name"], "apache-zookeeper-3.6.1-bin.tar.gz");

    let run = workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();
    assert!(run.stdout().contains("(tarball, written)"));
    let offline = workspace
        .zookiln([
            "--quiet",
            "build",
            "--version",
            "3.6.1",
            "--variant",
            "distroless",
            "--offline",
        ])
        .succeed();
    assert!(offline.stdout().contains("(tarball, written)"));
}

#[test]
fn auto_takes_the_jars_where_the_tarball_is_not_to_be_had_and_says_so_once() {
    let workspace = Workspace::new();
    workspace
        .server
        .answer(&tarball_path("3.6.1"), Behaviour::NotFound);

    let run = workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();

    assert_eq!(run.lines("warning: ").len(), 1);
    let layout = Layout::read(&workspace.project().join("images/zookeeper-3.6.1"));
    let run = run.name(layout.digest(), "[digest]");
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1
images/zookeeper-3.6.1:3.6.1 [digest] (maven, written)
! warning: cannot fetch `apache-zookeeper-3.6.1-bin.tar.gz`
!   `http://mirror.example/dist/zookeeper/zookeeper-3.6.1/apache-zookeeper-3.6.1-bin.tar.gz`: answered 404 Not Found
!   the same jars are taken one by one: where one differs from the tarball's, so does the image's digest

"#]]
    );

    // What is there already is good enough: the tarball is not asked for again.
    let asked = workspace.server.requests();
    let again = workspace.zookiln(["build", "--version", "3.6.1"]).succeed();
    assert!(again.stdout().contains("(maven, up to date)"));
    assert_eq!(workspace.server.requests(), asked);
}

#[test]
fn the_tarball_alone_fails_where_it_is_not_to_be_had() {
    let workspace = Workspace::new();
    workspace
        .server
        .answer(&tarball_path("3.6.1"), Behaviour::NotFound);

    let run = workspace
        .zookiln([
            "--quiet",
            "build",
            "--version",
            "3.6.1",
            "--source",
            "tarball",
        ])
        .fail();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1 --source tarball
! error: cannot fetch `apache-zookeeper-3.6.1-bin.tar.gz`
!   `http://mirror.example/dist/zookeeper/zookeeper-3.6.1/apache-zookeeper-3.6.1-bin.tar.gz`: answered 404 Not Found
! hint: check the network, or take the same jars one by one with `--source maven`
[exit 1]

"#]]
    );
}

#[test]
fn another_source_than_the_recorded_one_is_built_anew() {
    let workspace = Workspace::new();
    let build = |source: &str| {
        let run = workspace
            .zookiln(["--quiet", "build", "--version", "3.6.1", "--source", source])
            .succeed();
        run.stdout().to_owned()
    };

    assert!(build("tarball").contains("(tarball, written)"));
    assert!(build("auto").contains("(tarball, up to date)"));
    assert!(build("maven").contains("(maven, written)"));
    assert!(build("auto").contains("(maven, up to date)"));
}

#[test]
fn the_local_repository_comes_before_any_mirror() {
    let workspace = Workspace::new();
    for jar in &fixture().jars {
        let path = workspace
            .path("home")
            .join(".m2/repository")
            .join(&jar.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &jar.bytes).unwrap();
    }

    workspace
        .zookiln([
            "--quiet",
            "build",
            "--version",
            "3.6.1",
            "--source",
            "maven",
        ])
        .succeed();

    let requests = workspace.server.requests();
    assert!(
        !requests.iter().any(|path| path.ends_with(".jar")),
        "{requests:?}"
    );
}

#[test]
fn a_wrong_jar_of_the_local_repository_is_passed_over_with_a_warning() {
    let workspace = Workspace::new();
    let jar = fixture()
        .jars
        .iter()
        .find(|jar| jar.file_name == "zookeeper-3.6.1.jar")
        .unwrap();
    let path = workspace
        .path("home")
        .join(".m2/repository")
        .join(&jar.path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, b"something else").unwrap();

    let run = workspace
        .zookiln([
            "--quiet",
            "build",
            "--version",
            "3.6.1",
            "--source",
            "maven",
        ])
        .succeed();

    let layout = Layout::read(&workspace.project().join("images/zookeeper-3.6.1"));
    let run = run
        .name(layout.digest(), "[digest]")
        .name(&jar.bytes.len().to_string(), "[size]");
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1 --source maven
images/zookeeper-3.6.1:3.6.1 [digest] (maven, written)
! warning: `[DIRECTORY]/home/.m2/repository/org/apache/zookeeper/zookeeper/3.6.1/zookeeper-3.6.1.jar` is passed over: zookeeper-3.6.1.jar: expected [size] bytes, found 14 bytes

"#]]
    );
}

#[test]
fn one_call_of_mvn_brings_all_jars_that_no_mirror_has() {
    let workspace = Workspace::new();
    workspace.install_mvn();
    for jar in &fixture().jars {
        let path = format!("/maven2/{}", jar.path);
        workspace.server.answer(&path, Behaviour::NotFound);
    }

    workspace
        .zookiln([
            "--quiet",
            "build",
            "--version",
            "3.6.1",
            "--source",
            "maven",
        ])
        .succeed();

    assert_eq!(workspace.mvn_calls(), 1);
}

#[test]
fn jars_that_nobody_has_are_one_error() {
    let workspace = Workspace::new();
    workspace.edit_catalog("/maven2\"", "/nothing\"");

    let run = workspace
        .zookiln([
            "--quiet",
            "build",
            "--version",
            "3.6.1",
            "--source",
            "maven",
        ])
        .fail();

    // Which of the mirror's answers came first is left open.
    assert_eq!(run.lines("  `http").len(), 3);
    let first = run.stderr.lines().next().unwrap();
    assert_eq!(
        first,
        "error: cannot fetch 4 jars: no Maven repository gave what the lock names, and there is no `mvn` on PATH"
    );
    assert_data_eq!(
        run.lines("hint: ").join("\n"),
        str!["hint: install Maven (`apt-get install maven`), or check the network"]
    );
}

#[test]
fn a_failing_mvn_is_quoted() {
    let workspace = Workspace::new();
    workspace.install_mvn();
    workspace.edit_catalog("/maven2\"", "/nothing\"");
    fs::remove_dir_all(workspace.path("repository/io")).unwrap();

    let run = workspace
        .zookiln([
            "--quiet",
            "build",
            "--version",
            "3.6.1",
            "--source",
            "maven",
        ])
        .fail();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1 --source maven
! error: `mvn` could not fetch 4 jars: exit status: 1
!   [ERROR] Could not find artifact io.netty:netty-common:jar:4.1.48.Final
[exit 1]

"#]]
    );
}

#[test]
fn a_tarball_with_other_bytes_is_an_error_and_no_reason_to_take_the_jars() {
    let workspace = Workspace::new();
    workspace
        .server
        .answer(&tarball_path("3.6.1"), Behaviour::Flipped);

    let run = workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .fail();

    assert_eq!(run.lines("error: ").len(), 1);
}
