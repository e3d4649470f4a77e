//! `update` resolves the catalog and writes the lock.

use std::fs;

use snapbox::{assert_data_eq, str};

use crate::support::{Behaviour, Snapshot, Workspace, fixture};

#[test]
fn update_writes_a_lock_that_names_every_input() {
    let workspace = Workspace::without_lock();
    workspace.install_mvn();

    let run = workspace.zookiln(["update"]).succeed();

    assert_data_eq!(
        run.stdout(),
        str![[r#"
input                                           old  new                                       size
apache-zookeeper-3.5.7-bin.tar.gz               -    d19692cfdd50, signed by AE8AA6DCF88EE917  553 B
apache-zookeeper-3.6.1-bin.tar.gz               -    294a67dc8dc7, signed by AE8AA6DCF88EE917  632 B
base-files (base.trixie, linux/amd64)           -    13.8                                      924 B
base-files (base.trixie, linux/arm64)           -    13.8                                      924 B
base.trixie (as the catalog has it)             -    d3e2bad504f1
bash (shell.trixie, linux/amd64)                -    5.2.37-2                                  764 B
bash (shell.trixie, linux/arm64)                -    5.2.37-2                                  760 B
busybox-static (shell.trixie, linux/amd64)      -    1:1.37.0-6                                736 B
busybox-static (shell.trixie, linux/arm64)      -    1:1.37.0-6                                736 B
io.netty:netty-common-4.1.48.Final.jar          -    6b6f5b66f5ea                              56 B
java.21 (as the catalog has it)                 -    d044b7a206e4
layers                                          -    format 1 by zlib-rs 0.6.8
libc6 (base.trixie, linux/amd64)                -    2.41-12                                   11.5 kB
libc6 (base.trixie, linux/arm64)                -    2.41-12                                   11.5 kB
libtinfo6 (shell.trixie, linux/amd64)           -    6.5                                       724 B
libtinfo6 (shell.trixie, linux/arm64)           -    6.5                                       724 B
log4j:log4j-1.2.17.jar                          -    11b9461e013e                              40 B
openjdk-21-jdk-headless (java.21, linux/amd64)  -    21.0.9+10-1                               541.2 kB
openjdk-21-jdk-headless (java.21, linux/arm64)  -    21.0.9+10-1                               541.2 kB
openjdk-21-jre-headless (java.21, linux/amd64)  -    21.0.9+10-1                               948 B
openjdk-21-jre-headless (java.21, linux/arm64)  -    21.0.9+10-1                               952 B
org.apache.zookeeper:zookeeper-3.5.7.jar        -    fc79f358a8bd                              58 B
org.apache.zookeeper:zookeeper-3.6.1.jar        -    11a6a9327156                              58 B
org.apache.zookeeper:zookeeper-jute-3.5.7.jar   -    fb1bc6e2a249                              63 B
org.apache.zookeeper:zookeeper-jute-3.6.1.jar   -    ba79f97fb275                              63 B
shell.trixie (as the catalog has it)            -    1a55453b59ff
trixie (suite of trixie)                        -    2026-01-03T10:00:00Z
trixie-security (suite of trixie)               -    2026-01-03T10:00:00Z
zlib1g (base.trixie, linux/amd64)               -    1:1.3.1-1                                 740 B
zlib1g (base.trixie, linux/arm64)               -    1:1.3.1-1                                 740 B
versions.lock written

"#]]
    );
    let lock = fs::read_to_string(workspace.project().join("versions.lock")).unwrap();
    // The digests are those of what is served, whoever computed them.
    for suffix in [
        "libc6_2.41-12_amd64.deb",
        "jdk-headless_21.0.9+10-1_arm64.deb",
    ] {
        let path = fixture().path(suffix);
        let sha256 = fixture().digest(path).replace("sha256:", "");
        assert!(lock.contains(&format!("sha256 = \"{sha256}\"")), "{suffix}");
        assert!(lock.contains(&format!("size = {}\n", fixture().bytes(path).len())));
    }
    assert!(
        !lock.contains("2.41-11"),
        "the security suite has a newer libc6"
    );
    assert_eq!(workspace.mvn_calls(), 1);
}

#[test]
fn a_second_update_is_up_to_date_and_writes_nothing() {
    let workspace = Workspace::without_lock();
    workspace.install_mvn();
    workspace.zookiln(["--quiet", "update"]).succeed();
    let before = Snapshot::of(&workspace.project());

    let run = workspace.zookiln(["--quiet", "update"]).succeed();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet update
versions.lock is up to date

"#]]
    );
    assert_eq!(Snapshot::of(&workspace.project()), before);
    assert_eq!(
        workspace.mvn_calls(),
        1,
        "pinned jars are not asked for again"
    );
}

#[test]
fn lock_and_keys_lie_beside_the_catalog_that_was_named() {
    let workspace = Workspace::without_lock();
    workspace.install_mvn();
    let elsewhere = workspace.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    for kind in ["toml", "keys"] {
        let from = workspace.project().join(format!("versions.{kind}"));
        fs::rename(from, elsewhere.join(format!("mine.{kind}"))).unwrap();
    }

    let run = workspace
        .zookiln(["--quiet", "update", "--catalog", "../elsewhere/mine.toml"])
        .succeed();

    assert!(run.stdout().ends_with("../elsewhere/mine.lock written\n"));
    assert!(elsewhere.join("mine.lock").is_file());
}

#[test]
fn an_update_shows_what_changes() {
    let workspace = Workspace::new();
    workspace.install_mvn();
    workspace.edit_lock("version = \"13.8\"", "version = \"13.7\"");
    workspace.edit_catalog(
        "packages = [\"bash\", \"busybox-static\"]",
        "packages = [\"bash\"]",
    );

    let run = workspace.zookiln(["--quiet", "update"]).succeed();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet update
input                                       old           new           size
base-files (base.trixie, linux/amd64)       13.7          13.8          924 B
busybox-static (shell.trixie, linux/amd64)  1:1.37.0-6    -             -736 B
busybox-static (shell.trixie, linux/arm64)  1:1.37.0-6    -             -736 B
shell.trixie (as the catalog has it)        1a55453b59ff  15eb097a98ba
versions.lock written

"#]]
    );
}

#[test]
fn a_failed_update_leaves_the_lock_as_it_was() {
    let workspace = Workspace::new();
    workspace.server.answer_all(Behaviour::NotFound);
    let before = Snapshot::of(&workspace.project());

    let run = workspace.zookiln(["--quiet", "update"]).fail();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet update
! error: cannot resolve the packages of Debian `trixie`: cannot fetch InRelease of `trixie`
!   `http://mirror.example/debian/dists/trixie/InRelease`: answered 404 Not Found
! hint: check the network and its proxies, or name mirrors by `--mirror debian=ADDRESS` and `--mirror debian-security=ADDRESS`
[exit 1]

"#]]
    );
    assert_eq!(Snapshot::of(&workspace.project()), before);
}

#[test]
fn an_update_without_mvn_says_what_to_install() {
    let workspace = Workspace::without_lock();

    let run = workspace.zookiln(["--quiet", "update"]).fail();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet update
! error: cannot fetch 6 jars: there is no `mvn` on PATH
! hint: install Maven (`apt-get install maven`), or check the network
[exit 1]

"#]]
    );
    assert!(!workspace.project().join("versions.lock").exists());
}

#[test]
fn an_update_outside_of_a_checkout_says_where_to_run_it() {
    let workspace = Workspace::new();

    let run = workspace
        .zookiln(["update"])
        .directory(workspace.path("home"))
        .fail();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln update
! error: there is no `versions.toml` here: run this in a checkout, or name a catalog with `--catalog`
[exit 1]

"#]]
    );
}

#[test]
fn an_unknown_package_is_named() {
    let workspace = Workspace::new();
    workspace.edit_catalog("\"zlib1g\"", "\"zlib2g\"");

    let run = workspace.zookiln(["--quiet", "update"]).fail();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet update
! error: cannot resolve the packages of Debian `trixie`: `base.trixie` for linux/amd64: `zlib2g`: not found in `trixie`, `trixie-security`
! hint: check the spelling, and that the suite and component have it
[exit 1]

"#]]
    );
}

#[test]
fn a_check_writes_nothing_and_fails_where_the_lock_would_change() {
    let workspace = Workspace::new();
    workspace.install_mvn();
    let run = workspace
        .zookiln(["--quiet", "update", "--check"])
        .succeed();
    assert_eq!(run.stdout(), "versions.lock is up to date\n");

    workspace.edit_lock("version = \"13.8\"", "version = \"13.7\"");
    let before = Snapshot::of(&workspace.project());

    let run = workspace.zookiln(["--quiet", "update", "--check"]).fail();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet update --check
input                                  old   new   size
base-files (base.trixie, linux/amd64)  13.7  13.8  924 B
! error: `versions.lock` is not up to date
! hint: run `zookiln update` and commit what it writes
[exit 1]

"#]]
    );
    assert_eq!(Snapshot::of(&workspace.project()), before);
}

/// A CI job that only looks needs neither a lock nor leave to write.
#[test]
fn a_check_without_a_lock_fails_and_leaves_no_keys() {
    let workspace = Workspace::without_lock();
    workspace.install_mvn();
    let before = Snapshot::of(&workspace.project());

    let run = workspace.zookiln(["--quiet", "update", "--check"]).fail();

    assert!(
        run.stderr
            .contains("error: `versions.lock` is not up to date")
    );
    assert_eq!(Snapshot::of(&workspace.project()), before);
}

#[test]
fn an_update_of_one_version_leaves_the_jars_of_the_others() {
    let workspace = Workspace::without_lock();
    workspace.install_mvn();

    workspace
        .zookiln(["--quiet", "update", "--version", "3.5.7"])
        .succeed();

    let lock = fs::read_to_string(workspace.project().join("versions.lock")).unwrap();
    assert!(lock.contains("org.apache.zookeeper:zookeeper:3.5.7"));
    assert!(!lock.contains("3.6.1"));

    let run = workspace
        .zookiln(["--quiet", "update", "--version", "9.9.9"])
        .fail();
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet update --version 9.9.9
! error: unknown version `9.9.9`
! hint: the catalog has 3.5.7, 3.6.1
[exit 1]

"#]]
    );
}

#[test]
fn a_lock_of_an_older_format_is_written_anew() {
    let workspace = Workspace::new();
    workspace.install_mvn();
    let lock = workspace.project().join("versions.lock");
    let before = fs::read_to_string(&lock).unwrap();
    fs::write(&lock, "format = 1\n[[jar]]\n").unwrap();

    let run = workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .fail();
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1
! error: versions.lock: format 1, this program reads format 2
! hint: run `zookiln update`, which writes it anew
[exit 1]

"#]]
    );

    let run = workspace.zookiln(["--quiet", "update"]).succeed();
    assert_eq!(
        run.lines("warning: "),
        [
            "warning: versions.lock: format 1, this program reads format 2; all of it is resolved anew"
        ]
    );
    let after = fs::read_to_string(&lock).unwrap();
    let time = |lock: &str| lock.split("snapshot = ").nth(1).unwrap()[..18].to_owned();
    assert_eq!(after.replace(&time(&after), &time(&before)), before);
}
