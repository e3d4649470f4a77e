//! `build --locked`: what the lock names, or nothing.

use snapbox::{assert_data_eq, str};

use crate::support::{Behaviour, Layout, Workspace, fixture, tarball_path};

const LOCKED: [&str; 5] = ["--quiet", "build", "--version", "3.6.1", "--locked"];

fn digest(workspace: &Workspace) -> String {
    let layout = Layout::read(&workspace.project().join("images/zookeeper-3.6.1"));
    layout.digest().to_owned()
}

#[test]
fn a_locked_build_is_the_ordinary_one() {
    let [locked, ordinary] = [Workspace::new(), Workspace::new()];

    locked.zookiln(LOCKED).succeed();

    ordinary
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();
    assert_eq!(digest(&locked), digest(&ordinary));
    let again = ordinary.zookiln(LOCKED).succeed();
    assert!(again.stdout().contains("(tarball, up to date)"));
}

#[test]
fn no_jars_are_taken_for_the_tarball() {
    let workspace = Workspace::new();
    workspace
        .server
        .answer(&tarball_path("3.6.1"), Behaviour::NotFound);

    let run = workspace.zookiln(LOCKED).fail();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1 --locked
! error: cannot fetch `apache-zookeeper-3.6.1-bin.tar.gz`
!   `http://mirror.example/dist/zookeeper/zookeeper-3.6.1/apache-zookeeper-3.6.1-bin.tar.gz`: answered 404 Not Found
! hint: check the network, or take the same jars one by one with `--source maven`
[exit 1]

"#]]
    );
    let requests = workspace.server.requests();
    assert!(
        !requests.iter().any(|path| path.ends_with(".jar")),
        "{requests:?}"
    );
}

#[test]
fn jars_are_taken_where_they_were_asked_for() {
    let workspace = Workspace::new();

    let run = workspace
        .zookiln([
            "--quiet",
            "build",
            "--version",
            "3.6.1",
            "--locked",
            "--source",
            "maven",
        ])
        .succeed();

    assert!(run.stdout().contains("(maven, written)"));
    assert_eq!(workspace.server.count(&tarball_path("3.6.1")), 0);
}

#[test]
fn no_newer_package_is_taken_for_one_that_is_gone() {
    let workspace = Workspace::new();
    let later = &fixture().later;
    workspace.server.add_files(&later.files);
    for path in &later.gone {
        workspace.server.answer(path, Behaviour::NotFound);
    }

    let run = workspace.zookiln(LOCKED).fail();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1 --locked
! error: cannot fetch `libc6_2.41-12_amd64.deb`
!   `http://mirror.example/debian-security/pool/main/l/libc6/libc6_2.41-12_amd64.deb`: answered 404 Not Found
!   `http://mirror.example/snapshot/debian-security/[time]/pool/main/l/libc6/libc6_2.41-12_amd64.deb`: answered 404 Not Found
! cannot fetch `libc6_2.41-12_arm64.deb`
!   `http://mirror.example/debian-security/pool/main/l/libc6/libc6_2.41-12_arm64.deb`: answered 404 Not Found
!   `http://mirror.example/snapshot/debian-security/[time]/pool/main/l/libc6/libc6_2.41-12_arm64.deb`: answered 404 Not Found
! hint: check the network, or run `zookiln update` if the packages have been replaced
[exit 1]

"#]]
    );
    let requests = workspace.server.requests();
    assert!(
        !requests.iter().any(|path| path.contains("/dists/")),
        "{requests:?}"
    );
    assert!(!workspace.project().join("images").exists());
}

#[test]
fn locked_and_offline_go_together() {
    let workspace = Workspace::new();
    workspace
        .zookiln(["--quiet", "fetch", "--version", "3.6.1"])
        .succeed();
    let asked = workspace.server.requests();

    workspace
        .zookiln([
            "--quiet",
            "build",
            "--version",
            "3.6.1",
            "--locked",
            "--offline",
        ])
        .succeed();

    assert_eq!(workspace.server.requests(), asked);
}
