//! Builds that ask no network: from the cache, and from the local Maven repository.

use std::fs;

use snapbox::{assert_data_eq, str};

use crate::support::{
    HOST, Layout, Run, Snapshot, Workspace, fixture, flipped, names, sha512, tarball_path,
};

const BUILD: [&str; 4] = ["--quiet", "build", "--version", "3.6.1"];
const OFFLINE: [&str; 5] = ["--quiet", "build", "--version", "3.6.1", "--offline"];
const FETCH: [&str; 4] = ["--quiet", "fetch", "--version", "3.6.1"];

/// The digest that an ordinary build gives.
fn ordinary() -> String {
    let workspace = Workspace::new();
    workspace.zookiln(BUILD).succeed();
    digest(&workspace)
}

fn digest(workspace: &Workspace) -> String {
    let layout = Layout::read(&workspace.project().join("images/zookeeper-3.6.1"));
    layout.digest().to_owned()
}

/// The package of the JDK's runtime has this host's architecture in its name.
fn for_any_host(run: Run) -> Run {
    run.name(
        &format!("jre-headless_21.0.9+10-1_{HOST}"),
        "jre-headless_21.0.9+10-1_[host]",
    )
}

/// Puts the jars into the local Maven repository, as `mvn` leaves them.
fn fill_local_repository(workspace: &Workspace) {
    for jar in &fixture().jars {
        let path = workspace.path("home/.m2/repository").join(&jar.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &jar.bytes).unwrap();
    }
}

fn cached_tarball(workspace: &Workspace) -> std::path::PathBuf {
    let sum = sha512(fixture().bytes(&tarball_path("3.6.1")));
    workspace.cached(&format!("sha512:{sum}"))
}

#[test]
fn after_a_build_the_same_image_is_built_offline() {
    let workspace = Workspace::new();
    workspace.zookiln(BUILD).succeed();
    let first = digest(&workspace);
    fs::remove_dir_all(workspace.project().join("images")).unwrap();
    let asked = workspace.server.requests();

    workspace.zookiln(OFFLINE).succeed();

    assert_eq!(digest(&workspace), first);
    assert_eq!(workspace.server.requests(), asked);
}

#[test]
fn after_a_fetch_either_variant_is_built_offline() {
    let workspace = Workspace::new();

    let run = workspace.zookiln(["fetch", "--version", "3.6.1"]).succeed();

    assert_data_eq!(
        for_any_host(run).transcript(),
        str![[r#"
$ zookiln fetch --version 3.6.1
16 files in the cache, 1.1 MB
! fetched apache-zookeeper-3.6.1-bin.tar.gz, 632 B
! fetched base-files_13.8_amd64.deb, 924 B
! fetched base-files_13.8_arm64.deb, 924 B
! fetched bash_5.2.37-2_amd64.deb, 764 B
! fetched bash_5.2.37-2_arm64.deb, 760 B
! fetched busybox-static_1.37.0-6_amd64.deb, 736 B
! fetched busybox-static_1.37.0-6_arm64.deb, 736 B
! fetched libc6_2.41-12_amd64.deb, 11.5 kB
! fetched libc6_2.41-12_arm64.deb, 11.5 kB
! fetched libtinfo6_6.5_amd64.deb, 724 B
! fetched libtinfo6_6.5_arm64.deb, 724 B
! fetched openjdk-21-jdk-headless_21.0.9+10-1_amd64.deb, 541.2 kB
! fetched openjdk-21-jdk-headless_21.0.9+10-1_arm64.deb, 541.2 kB
! fetched openjdk-21-jre-headless_21.0.9+10-1_[host].deb, 948 B
! fetched zlib1g_1.3.1-1_amd64.deb, 740 B
! fetched zlib1g_1.3.1-1_arm64.deb, 740 B
! fetched 16 files, 1.1 MB

"#]]
    );
    assert_eq!(
        names(&workspace.project()),
        ["versions.keys", "versions.lock", "versions.toml"]
    );
    let asked = workspace.server.requests();
    workspace.zookiln(OFFLINE).succeed();
    let distroless = [
        "build",
        "--version",
        "3.6.1",
        "--variant",
        "distroless",
        "--offline",
    ];
    workspace.zookiln(distroless).succeed();
    assert_eq!(digest(&workspace), ordinary());
    assert_eq!(workspace.server.requests(), asked);
}

#[test]
fn a_second_fetch_asks_for_nothing() {
    let workspace = Workspace::new();
    let first = workspace.zookiln(FETCH).succeed();
    let asked = workspace.server.requests();

    let second = workspace.zookiln(FETCH).succeed();

    assert_eq!(second.stdout(), first.stdout());
    assert_eq!(workspace.server.requests(), asked);
}

#[test]
fn fetching_offline_says_whether_all_is_there() {
    let workspace = Workspace::new();
    let offline = ["--quiet", "fetch", "--version", "3.6.1", "--offline"];
    workspace.zookiln(offline).fail();
    let online = workspace.zookiln(FETCH).succeed();

    let run = workspace.zookiln(offline).succeed();

    assert_eq!(run.stdout(), online.stdout());
}

#[test]
fn an_empty_cache_is_one_error_that_names_all_that_is_missing() {
    let workspace = Workspace::new();
    let before = Snapshot::of(&workspace.project());

    let run = workspace.zookiln(OFFLINE).fail();

    assert_eq!(Snapshot::of(&workspace.project()), before);

    assert_data_eq!(
        for_any_host(run).transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1 --offline
! error: not in the cache, and the build is offline: 16 files, 1.1 MB
!   apache-zookeeper-3.6.1-bin.tar.gz, or its jars one by one (632 B)
!   base-files_13.8_amd64.deb (924 B)
!   base-files_13.8_arm64.deb (924 B)
!   bash_5.2.37-2_amd64.deb (764 B)
!   bash_5.2.37-2_arm64.deb (760 B)
!   busybox-static_1.37.0-6_amd64.deb (736 B)
!   busybox-static_1.37.0-6_arm64.deb (736 B)
!   libc6_2.41-12_amd64.deb (11.5 kB)
!   libc6_2.41-12_arm64.deb (11.5 kB)
!   libtinfo6_6.5_amd64.deb (724 B)
!   libtinfo6_6.5_arm64.deb (724 B)
!   openjdk-21-jdk-headless_21.0.9+10-1_amd64.deb (541.2 kB)
!   openjdk-21-jdk-headless_21.0.9+10-1_arm64.deb (541.2 kB)
!   openjdk-21-jre-headless_21.0.9+10-1_[host].deb (948 B)
!   zlib1g_1.3.1-1_amd64.deb (740 B)
!   zlib1g_1.3.1-1_arm64.deb (740 B)
! hint: run `zookiln fetch` where there is a network, or name a copy by `--mirror file:DIR`
[exit 1]

"#]]
    );
    assert_eq!(workspace.server.requests(), Vec::<String>::new());
    for algorithm in ["sha256", "sha512"] {
        let blobs = workspace.cache().join("v1/blobs").join(algorithm);
        assert_eq!(names(&blobs), Vec::<String>::new());
    }
}

#[test]
fn an_image_that_is_up_to_date_needs_no_cache() {
    let workspace = Workspace::new();
    workspace.zookiln(BUILD).succeed();
    workspace.empty_cache();

    let run = workspace.zookiln(OFFLINE).succeed();

    assert!(run.stdout().contains("up to date"));
    assert!(!workspace.cache().exists());
}

#[test]
fn offline_the_jars_of_the_local_repository_stand_for_the_tarball() {
    let workspace = Workspace::new();
    workspace.zookiln(FETCH).succeed();
    fs::remove_file(cached_tarball(&workspace)).unwrap();
    fill_local_repository(&workspace);
    let asked = workspace.server.requests();

    let run = workspace.zookiln(OFFLINE).succeed();

    let run = run.name(&digest(&workspace), "[digest]");
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1 --offline
images/zookeeper-3.6.1:3.6.1 [digest] (maven, written)
! warning: not in the cache, and the build is offline: one file, 632 B
!   apache-zookeeper-3.6.1-bin.tar.gz (632 B)
!   the same jars are taken one by one: where one differs from the tarball's, so does the image's digest

"#]]
    );
    assert_eq!(workspace.server.requests(), asked);
}

#[test]
fn offline_a_damaged_tarball_is_an_error_and_no_reason_to_take_the_jars() {
    let workspace = Workspace::new();
    workspace.zookiln(FETCH).succeed();
    fill_local_repository(&workspace);
    let cached = cached_tarball(&workspace);
    let bytes = fixture().bytes(&tarball_path("3.6.1"));
    fs::write(&cached, flipped(bytes)).unwrap();

    let run = workspace.zookiln(OFFLINE).fail();

    let run = run
        .name(&cached.display().to_string(), "[FILE]")
        .name(&sha512(bytes), "[expected]")
        .name(&sha512(&flipped(bytes)), "[found]");
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1 --offline
! warning: cached file `[FILE]`: expected sha512:[expected], found sha512:[found]; it is fetched or made again
! error: cannot build 3.6.1: not in the cache, and the build is offline: one file, 632 B
!   apache-zookeeper-3.6.1-bin.tar.gz (632 B)
! hint: run `zookiln fetch` where there is a network, or name a copy by `--mirror file:DIR`
[exit 1]

"#]]
    );
}

#[test]
fn offline_a_damaged_layer_is_made_again_from_its_inputs() {
    let workspace = Workspace::new();
    workspace.zookiln(BUILD).succeed();
    let first = digest(&workspace);
    let layout = Layout::read(&workspace.project().join("images/zookeeper-3.6.1"));
    let layer = workspace.cached(&layout.images[0].layer("shell").digest);
    let bytes = fs::read(&layer).unwrap();
    fs::write(&layer, flipped(&bytes)).unwrap();
    fs::remove_dir_all(workspace.project().join("images")).unwrap();

    let run = workspace.zookiln(OFFLINE).succeed();

    assert_eq!(run.lines("warning: ").len(), 1, "{}", run.stderr);
    assert_eq!(digest(&workspace), first);
}
