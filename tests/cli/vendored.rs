//! `vendor`: a directory that takes the place of every mirror.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use snapbox::{assert_data_eq, str};
use walkdir::WalkDir;

use crate::support::{Behaviour, Layout, Run, Server, Snapshot, Workspace, fixture, flipped};

const VERSION: [&str; 2] = ["--version", "3.6.1"];

/// The digest that an ordinary build gives, with ZooKeeper from `source`.
fn ordinary(source: &str) -> String {
    let workspace = Workspace::new();
    workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1", "--source", source])
        .succeed();
    digest(&workspace)
}

fn digest(workspace: &Workspace) -> String {
    let layout = Layout::read(&workspace.project().join("images/zookeeper-3.6.1"));
    layout.digest().to_owned()
}

/// Vendors into `directory`, from a machine that is gone afterwards.
fn vendor(directory: &Path, source: &str) {
    let workspace = Workspace::new();
    let directory = directory.to_str().unwrap();
    let [version, number] = VERSION;
    workspace
        .zookiln([
            "--quiet", "vendor", directory, version, number, "--source", source,
        ])
        .succeed();
}

/// Another machine: nothing in its cache, and whoever asks its network waits in vain.
fn elsewhere() -> Workspace {
    let workspace = Workspace::new();
    workspace.server.answer_all(Behaviour::Hang);
    workspace
}

fn build(workspace: &Workspace, mirror: &str) -> Run {
    workspace
        .zookiln([
            "--quiet",
            "build",
            "--version",
            "3.6.1",
            "--offline",
            "--mirror",
            mirror,
        ])
        .run()
}

/// Every file below a directory, by its path from there.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = WalkDir::new(directory).into_iter().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().is_file());
    files
        .map(|entry| {
            let path = entry.path().strip_prefix(directory).unwrap();
            (
                path.to_str().unwrap().to_owned(),
                fs::read(entry.path()).unwrap(),
            )
        })
        .collect()
}

#[test]
fn a_vendored_directory_is_laid_out_as_mirrors_are() {
    let workspace = Workspace::new();

    let run = workspace
        .zookiln(["--quiet", "vendor", "vendor", "--version", "3.6.1"])
        .succeed();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet vendor vendor --version 3.6.1
vendor: 17 files, 1.1 MB, 17 of them written now

"#]]
    );
    let vendored = files(&workspace.project().join("vendor"));
    assert_data_eq!(
        Vec::from_iter(vendored.keys().cloned()).join("\n"),
        str![[r#"
apache/zookeeper/zookeeper-3.6.1/apache-zookeeper-3.6.1-bin.tar.gz
debian-security/pool/main/l/libc6/libc6_2.41-12_amd64.deb
debian-security/pool/main/l/libc6/libc6_2.41-12_arm64.deb
debian/pool/main/b/base-files/base-files_13.8_amd64.deb
debian/pool/main/b/base-files/base-files_13.8_arm64.deb
debian/pool/main/b/bash/bash_5.2.37-2_amd64.deb
debian/pool/main/b/bash/bash_5.2.37-2_arm64.deb
debian/pool/main/b/busybox-static/busybox-static_1.37.0-6_amd64.deb
debian/pool/main/b/busybox-static/busybox-static_1.37.0-6_arm64.deb
debian/pool/main/l/libtinfo6/libtinfo6_6.5_amd64.deb
debian/pool/main/l/libtinfo6/libtinfo6_6.5_arm64.deb
debian/pool/main/o/openjdk-21-jdk-headless/openjdk-21-jdk-headless_21.0.9+10-1_amd64.deb
debian/pool/main/o/openjdk-21-jdk-headless/openjdk-21-jdk-headless_21.0.9+10-1_arm64.deb
debian/pool/main/o/openjdk-21-jre-headless/openjdk-21-jre-headless_21.0.9+10-1_amd64.deb
debian/pool/main/o/openjdk-21-jre-headless/openjdk-21-jre-headless_21.0.9+10-1_arm64.deb
debian/pool/main/z/zlib1g/zlib1g_1.3.1-1_amd64.deb
debian/pool/main/z/zlib1g/zlib1g_1.3.1-1_arm64.deb
"#]]
    );
    for (path, bytes) in vendored {
        let path = format!("/{}", path.replace("apache/", "dist/"));
        assert_eq!(bytes, fixture().bytes(&path), "{path}");
    }
}

#[test]
fn a_vendored_directory_is_enough_to_build_offline() {
    for source in ["tarball", "maven"] {
        let workspace = elsewhere();
        vendor(&workspace.path("vendor"), source);
        let mirror = format!("file:{}", workspace.path("vendor").display());

        let run = build(&workspace, &mirror);

        assert_eq!(run.code, Some(0), "{}", run.transcript());
        assert!(run.stdout().contains(&format!("({source}, written)")));
        assert_eq!(digest(&workspace), ordinary(source));
        assert_eq!(workspace.server.requests(), Vec::<String>::new());
    }
}

#[test]
fn offline_jars_instead_of_the_tarball_are_said_once() {
    let workspace = elsewhere();
    vendor(&workspace.project().join("vendor"), "maven");

    let run = build(&workspace, "file:vendor");

    let run = run.name(&digest(&workspace), "[digest]");
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1 --offline --mirror file:vendor
images/zookeeper-3.6.1:3.6.1 [digest] (maven, written)
! warning: not in the cache, and the build is offline: one file, 632 B
!   apache-zookeeper-3.6.1-bin.tar.gz (632 B)
!   the same jars are taken one by one: where one differs from the tarball's, so does the image's digest

"#]]
    );
}

#[test]
fn a_directory_is_named_in_any_way() {
    let workspace = elsewhere();
    let directory = workspace.project().join("my inputs");
    vendor(&directory, "tarball");
    let absolute = directory.to_str().unwrap();
    for mirror in [
        "file:my inputs",
        "file:my%20inputs",
        "file:./my inputs/",
        "file:../project/my inputs",
        &format!("file:{absolute}"),
        &format!("file://{}/", absolute.replace(' ', "%20")),
    ] {
        workspace.empty_cache();

        let run = build(&workspace, mirror);

        assert_eq!(run.code, Some(0), "{}", run.transcript());
        fs::remove_dir_all(workspace.project().join("images")).unwrap();
    }
    assert_eq!(workspace.server.requests(), Vec::<String>::new());
}

#[test]
fn a_vendored_directory_behind_a_web_server_is_a_mirror_of_everything() {
    let directory = tempfile::tempdir().unwrap();
    vendor(directory.path(), "tarball");
    let served = files(directory.path())
        .into_iter()
        .map(|(path, bytes)| (format!("/all/{path}"), bytes))
        .collect();
    let server = Server::start();
    server.add_files(&served);
    let workspace = elsewhere();
    let mirror = format!("{}/all", server.url());

    workspace
        .zookiln([
            "--quiet",
            "build",
            "--version",
            "3.6.1",
            "--mirror",
            &mirror,
        ])
        .succeed();

    assert_eq!(digest(&workspace), ordinary("tarball"));
    assert_eq!(workspace.server.requests(), Vec::<String>::new());
    assert!(
        server
            .requests()
            .iter()
            .all(|path| path.starts_with("/all/"))
    );
}

#[test]
fn a_second_vendor_writes_nothing() {
    let workspace = Workspace::new();
    let vendor = ["--quiet", "vendor", "vendor", "--version", "3.6.1"];
    workspace.zookiln(vendor).succeed();
    let before = Snapshot::of(&workspace.project());

    let run = workspace.zookiln(vendor).succeed();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet vendor vendor --version 3.6.1
vendor: 17 files, 1.1 MB, 0 of them written now

"#]]
    );
    assert_eq!(Snapshot::of(&workspace.project()), before);
}

#[test]
fn other_bytes_are_replaced_and_foreign_files_stay() {
    let workspace = Workspace::new();
    let vendor = ["--quiet", "vendor", "vendor", "--version", "3.6.1"];
    workspace.zookiln(vendor).succeed();
    let directory = workspace.project().join("vendor");
    let before = files(&directory);
    let path = fixture().path("bash_5.2.37-2_amd64.deb");
    let package = directory.join(&path[1..]);
    fs::write(&package, flipped(fixture().bytes(path))).unwrap();
    let cut = directory.join(&fixture().path("bash_5.2.37-2_arm64.deb")[1..]);
    fs::write(&cut, "").unwrap();
    let foreign = package.with_file_name("bash_5.2.37-1_amd64.deb");
    fs::write(&foreign, "somebody's").unwrap();

    let run = workspace.zookiln(vendor).succeed();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet vendor vendor --version 3.6.1
vendor: 17 files, 1.1 MB, 2 of them written now

"#]]
    );
    assert_eq!(fs::read(&foreign).unwrap(), b"somebody's");
    fs::remove_file(&foreign).unwrap();
    assert_eq!(files(&directory), before);
}

#[test]
fn more_versions_are_added() {
    let workspace = Workspace::new();
    workspace
        .zookiln(["--quiet", "vendor", "vendor", "--version", "3.6.1"])
        .succeed();

    let run = workspace
        .zookiln(["--quiet", "vendor", "vendor", "--all"])
        .succeed();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet vendor vendor --all
vendor: 18 files, 1.1 MB, 1 of them written now

"#]]
    );
}

#[test]
fn a_damaged_cached_input_is_not_vendored() {
    let workspace = Workspace::new();
    workspace
        .zookiln(["--quiet", "fetch", "--version", "3.6.1"])
        .succeed();
    let path = fixture().path("bash_5.2.37-2_amd64.deb");
    let cached = workspace.cached(&fixture().digest(path));
    fs::write(&cached, flipped(fixture().bytes(path))).unwrap();

    workspace
        .zookiln(["--quiet", "vendor", "vendor", "--version", "3.6.1"])
        .succeed();

    let vendored = workspace.project().join("vendor").join(&path[1..]);
    assert_eq!(fs::read(vendored).unwrap(), fixture().bytes(path));
}

#[test]
fn a_directory_that_cannot_be_written_is_known_before_anything_is_fetched() {
    let workspace = Workspace::new();
    fs::write(workspace.project().join("file"), "text").unwrap();
    for directory in ["file", "file/vendor", "/proc/vendor"] {
        let run = workspace
            .zookiln(["--quiet", "vendor", directory, "--version", "3.6.1"])
            .fail();

        // The system words it differently for root.
        let errors = run.lines("error: ");
        let expected = format!(
            "error: cannot write to `{}`: ",
            directory.replace("/vendor", "")
        );
        assert!(
            errors.len() == 1 && errors[0].starts_with(&expected),
            "{}",
            run.stderr
        );
        assert_eq!(workspace.server.requests(), Vec::<String>::new());
    }
}

#[test]
fn what_a_vendored_directory_lacks_is_listed_offline() {
    let workspace = elsewhere();
    let directory = workspace.project().join("vendor");
    vendor(&directory, "tarball");
    for name in ["bash_5.2.37-2_amd64.deb", "bash_5.2.37-2_arm64.deb"] {
        fs::remove_file(directory.join(&fixture().path(name)[1..])).unwrap();
    }

    let run = build(&workspace, "file:vendor");

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1 --offline --mirror file:vendor
! error: not in the cache, and the build is offline: 2 files, 1.5 kB
!   bash_5.2.37-2_amd64.deb (764 B)
!   bash_5.2.37-2_arm64.deb (760 B)
! hint: run `zookiln fetch` where there is a network, or name a copy by `--mirror file:DIR`
[exit 1]

"#]]
    );
    assert_eq!(workspace.server.requests(), Vec::<String>::new());
}

#[test]
fn what_a_vendored_directory_lacks_is_fetched_elsewhere() {
    let workspace = Workspace::new();
    let directory = workspace.project().join("vendor");
    vendor(&directory, "tarball");
    let path = fixture().path("bash_5.2.37-2_amd64.deb");
    fs::remove_file(directory.join(&path[1..])).unwrap();

    workspace
        .zookiln([
            "--quiet",
            "build",
            "--version",
            "3.6.1",
            "--mirror",
            "file:vendor",
        ])
        .succeed();

    assert_eq!(workspace.server.requests(), [path]);
}

#[test]
fn a_vendored_file_with_other_bytes_is_not_believed() {
    let workspace = elsewhere();
    let directory = workspace.project().join("vendor");
    vendor(&directory, "tarball");
    let path = fixture().path("bash_5.2.37-2_amd64.deb");
    fs::write(directory.join(&path[1..]), flipped(fixture().bytes(path))).unwrap();

    let run = build(&workspace, "file:vendor");

    let run = run.name(&fixture().digest(path), "[expected]").name(
        &crate::support::sha256(&flipped(fixture().bytes(path))),
        "[found]",
    );
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1 --offline --mirror file:vendor
! error: cannot fetch `bash_5.2.37-2_amd64.deb`
!   `file://[PROJECT]/vendor/debian/pool/main/b/bash/bash_5.2.37-2_amd64.deb`: bash_5.2.37-2_amd64.deb: expected [expected], found sha256:[found]
!   `http://mirror.example/debian/pool/main/b/bash/bash_5.2.37-2_amd64.deb`: not asked, since the build is offline
!   `http://mirror.example/snapshot/debian/[time]/pool/main/b/bash/bash_5.2.37-2_amd64.deb`: not asked, since the build is offline
! hint: something on the way gives other bytes: check the network and its proxies, or name an address by `--mirror`
[exit 1]

"#]]
    );
}
