//! Packages that the lock names and no mirror has any more.

use std::fs;

use snapbox::{assert_data_eq, str};

use crate::support::{Behaviour, Layout, Workspace, fixture};

const BUILD: [&str; 4] = ["--quiet", "build", "--version", "3.6.1"];
const LIST: &str = "/debian-security/dists/trixie-security/InRelease";

/// A security update has come out, and the pool has lost what it replaces.
fn weeks_pass(workspace: &Workspace) {
    let later = &fixture().later;
    workspace.server.add_files(&later.files);
    for path in &later.gone {
        workspace.server.answer(path, Behaviour::NotFound);
    }
}

fn digest(workspace: &Workspace) -> String {
    let layout = Layout::read(&workspace.project().join("images/zookeeper-3.6.1"));
    layout.digest().to_owned()
}

fn lock(workspace: &Workspace) -> Vec<u8> {
    fs::read(workspace.project().join("versions.lock")).unwrap()
}

/// The digest after `update`.
fn updated() -> String {
    let workspace = Workspace::new();
    weeks_pass(&workspace);
    workspace.zookiln(["--quiet", "update"]).succeed();
    let run = workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1", "--locked"])
        .succeed();
    assert_eq!(run.stderr, "");
    digest(&workspace)
}

#[test]
fn a_build_goes_by_the_packages_of_today_and_says_so() {
    let workspace = Workspace::new();
    weeks_pass(&workspace);
    let before = lock(&workspace);

    let run = workspace.zookiln(BUILD).succeed();

    let run = run.name(&digest(&workspace), "[digest]");
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1
images/zookeeper-3.6.1:3.6.1 [digest] (tarball, written)
! warning: no mirror that answers has all locked packages any more: the build goes by those of today
!   libc6 (base.trixie, linux/amd64): 2.41-12 -> 2.41-13
!   libc6 (base.trixie, linux/arm64): 2.41-12 -> 2.41-13
!   trixie-security (suite of trixie): 2026-01-03T10:00:00Z -> 2026-01-24T10:00:00Z

"#]]
    );
    assert_eq!(lock(&workspace), before);
    assert_eq!(digest(&workspace), updated());
}

#[test]
fn one_platform_that_is_behind_takes_the_other_along() {
    let workspace = Workspace::new();
    weeks_pass(&workspace);
    let arm64 = fixture().path("libc6_2.41-12_arm64.deb");
    workspace.server.answer(arm64, Behaviour::Honest);

    workspace.zookiln(BUILD).succeed();

    assert_eq!(digest(&workspace), updated());
}

#[test]
fn the_snapshot_archive_keeps_the_lock_good() {
    let workspace = Workspace::new();
    weeks_pass(&workspace);
    workspace.server.keep_snapshots();

    let run = workspace.zookiln(BUILD).succeed();

    assert_eq!(run.stderr, "");
    assert_eq!(workspace.server.count(LIST), 0);
    assert_ne!(digest(&workspace), updated());
}

#[test]
fn a_second_build_finds_the_image_of_the_first() {
    let workspace = Workspace::new();
    weeks_pass(&workspace);
    workspace.zookiln(BUILD).succeed();
    let first = digest(&workspace);

    let run = workspace.zookiln(BUILD).succeed();

    assert!(
        run.stdout().contains("(tarball, up to date)"),
        "{}",
        run.transcript()
    );
    assert_eq!(run.lines("warning: ").len(), 1);
    assert_eq!(digest(&workspace), first);
}

#[test]
fn what_the_cache_has_is_not_missed() {
    let workspace = Workspace::new();
    workspace
        .zookiln(["--quiet", "fetch", "--version", "3.6.1"])
        .succeed();
    weeks_pass(&workspace);

    let run = workspace.zookiln(BUILD).succeed();

    assert_eq!(run.stderr, "");
    assert_eq!(workspace.server.count(LIST), 0);
}

#[test]
fn several_versions_share_one_warning() {
    let workspace = Workspace::new();
    weeks_pass(&workspace);

    let run = workspace.zookiln(["--quiet", "build", "--all"]).succeed();

    assert_eq!(run.lines("warning: ").len(), 1);
    assert_eq!(digest(&workspace), updated());
}

#[test]
fn a_package_that_is_gone_while_the_lists_still_name_it_is_the_error_it_was() {
    let workspace = Workspace::new();
    let path = fixture().path("libc6_2.41-12_arm64.deb");
    workspace.server.answer(path, Behaviour::NotFound);
    let before = lock(&workspace);

    let run = workspace.zookiln(BUILD).fail();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1
! error: cannot fetch `libc6_2.41-12_arm64.deb`
!   `http://mirror.example/debian-security/pool/main/l/libc6/libc6_2.41-12_arm64.deb`: answered 404 Not Found
!   `http://mirror.example/snapshot/debian-security/[time]/pool/main/l/libc6/libc6_2.41-12_arm64.deb`: answered 404 Not Found
! hint: check the network, or run `zookiln update` if the packages have been replaced
[exit 1]

"#]]
    );
    assert_eq!(lock(&workspace), before);
    assert!(workspace.server.count(LIST) > 0);
    assert!(!workspace.project().join("images").exists());
}

#[test]
fn where_the_lists_cannot_be_had_the_error_is_still_the_first() {
    let workspace = Workspace::new();
    let path = fixture().path("libc6_2.41-12_arm64.deb");
    workspace.server.answer(path, Behaviour::NotFound);
    workspace.server.answer(LIST, Behaviour::NotFound);

    let run = workspace.zookiln(BUILD).fail();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1
! warning: no newer packages can be found: cannot resolve the packages of Debian `trixie`: cannot fetch InRelease of `trixie-security`
!   `http://mirror.example/debian-security/dists/trixie-security/InRelease`: answered 404 Not Found
! error: cannot fetch `libc6_2.41-12_arm64.deb`
!   `http://mirror.example/debian-security/pool/main/l/libc6/libc6_2.41-12_arm64.deb`: answered 404 Not Found
!   `http://mirror.example/snapshot/debian-security/[time]/pool/main/l/libc6/libc6_2.41-12_arm64.deb`: answered 404 Not Found
! hint: check the network, or run `zookiln update` if the packages have been replaced
[exit 1]

"#]]
    );
}

#[test]
fn silence_is_no_reason_to_take_other_packages() {
    let workspace = Workspace::new();
    let later = &fixture().later;
    workspace.server.add_files(&later.files);
    let time = workspace.lock_time().unwrap();
    for path in &later.gone {
        workspace.server.answer(path, Behaviour::Reset);
        let kept = path.replace("/pool/", &format!("/{time}/pool/"));
        let kept = format!("/snapshot{kept}");
        workspace.server.answer(&kept, Behaviour::Reset);
    }

    workspace.zookiln(BUILD).fail();

    assert_eq!(workspace.server.count(LIST), 0);
}

#[test]
fn a_mirror_that_lies_is_no_reason_to_take_other_packages() {
    let workspace = Workspace::new();
    weeks_pass(&workspace);
    let path = fixture().path("libc6_2.41-12_arm64.deb");
    workspace.server.answer(path, Behaviour::Flipped);

    workspace.zookiln(BUILD).fail();

    assert_eq!(workspace.server.count(LIST), 0);
}

#[test]
fn fetch_and_vendor_keep_to_the_lock() {
    let workspace = Workspace::new();
    weeks_pass(&workspace);

    let run = workspace
        .zookiln(["--quiet", "vendor", "vendor", "--version", "3.6.1"])
        .fail();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet vendor vendor --version 3.6.1
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
    assert_eq!(workspace.server.count(LIST), 0);
}
