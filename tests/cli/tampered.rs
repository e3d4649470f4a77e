//! Inputs that somebody has changed, one kind after the other, as a table: what is said of each. Every
//! row ends with one error and 1, leaves the project as it was, an older image included, and nothing in
//! the cache but what is what its name says.
//!
//! Signed files, and the signatures themselves, are in `signed`; what is changed and can be had again,
//! in `damage`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use snapbox::{assert_data_eq, str};
use walkdir::WalkDir;

use crate::support::{
    Behaviour, STRANGER, Snapshot, Workspace, fixture, flipped, sha256, sha512, tarball_path,
};

/// What is changed, what meets it, and how it is changed.
type Case = (
    &'static str,
    &'static [&'static str],
    Box<dyn Fn(&Workspace)>,
);

const UPDATE: &[&str] = &["update"];
const BUILD: &[&str] = &["build", "--version", "3.6.1"];
const OFFLINE: &[&str] = &["build", "--version", "3.6.1", "--offline"];
const TARBALL: &[&str] = &["build", "--version", "3.6.1", "--source", "tarball"];
const JARS: &[&str] = &["build", "--version", "3.6.1", "--source", "maven"];
const OFFLINE_JARS: &[&str] = &[
    "build",
    "--version",
    "3.6.1",
    "--source",
    "maven",
    "--offline",
];
const BUILD_OTHER: &[&str] = &["build", "--version", "3.5.7"];

const BASH: &str = "bash_5.2.37-2_amd64.deb";
const JAR: &str = "/zookeeper-3.6.1.jar";

#[test]
fn what_is_served() {
    let list = || fixture().list("trixie", "amd64");
    let table = check(&[
        (
            "a package list: one bit",
            UPDATE,
            answer(list, Behaviour::Flipped),
        ),
        (
            "a package list: another's",
            UPDATE,
            answer_with(list, || fixture().list("trixie", "arm64")),
        ),
        (
            "a package: one bit",
            BUILD,
            answer(bash, Behaviour::Flipped),
        ),
        (
            "a package: every byte",
            BUILD,
            answer(bash, Behaviour::Replaced),
        ),
        (
            "a package: too short",
            BUILD,
            answer(bash, Behaviour::Short),
        ),
        ("a package: too long", BUILD, answer(bash, Behaviour::Long)),
        (
            "a package: another's",
            BUILD,
            answer_with(base_files, other_base_files),
        ),
        (
            "the tarball: one bit",
            TARBALL,
            answer(tarball, Behaviour::Flipped),
        ),
        (
            "the tarball: another release's",
            TARBALL,
            answer_with(tarball, other_tarball),
        ),
        (
            "the tarball, where jars would do: one bit",
            BUILD,
            answer(tarball, Behaviour::Flipped),
        ),
        ("a jar: one bit", JARS, answer(jar, Behaviour::Flipped)),
        (
            "a jar: another's",
            JARS,
            answer_with(jar, || fixture().path("/zookeeper-3.5.7.jar")),
        ),
    ]);
    assert_data_eq!(
        table,
        str![[r#"
# a package list: one bit
$ zookiln --quiet update
! error: cannot resolve the packages of Debian `trixie`: cannot fetch `trixie main/binary-amd64/Packages.xz`
!   `http://mirror.example/debian/dists/trixie/main/binary-amd64/by-hash/SHA256/[sum]`: trixie main/binary-amd64/Packages.xz: expected sha256:[sum], found sha256:[another sum]
! hint: something on the way gives other bytes: check the network and its proxies, or name an address by `--mirror`
[exit 1]
# a package list: another's
$ zookiln --quiet update
! error: cannot resolve the packages of Debian `trixie`: cannot fetch `trixie main/binary-amd64/Packages.xz`
!   `http://mirror.example/debian/dists/trixie/main/binary-amd64/by-hash/SHA256/[sum]`: trixie main/binary-amd64/Packages.xz: expected 1016 bytes, found 1012 bytes
! hint: something on the way gives other bytes: check the network and its proxies, or name an address by `--mirror`
[exit 1]
# a package: one bit
$ zookiln --quiet build --version 3.6.1
! error: cannot fetch `bash_5.2.37-2_amd64.deb`
!   `http://mirror.example/debian/pool/main/b/bash/bash_5.2.37-2_amd64.deb`: bash_5.2.37-2_amd64.deb: expected sha256:[sum], found sha256:[another sum]
!   `http://mirror.example/snapshot/debian/[time]/pool/main/b/bash/bash_5.2.37-2_amd64.deb`: answered 404 Not Found
! hint: something on the way gives other bytes: check the network and its proxies, or name an address by `--mirror`
[exit 1]
# a package: every byte
$ zookiln --quiet build --version 3.6.1
! error: cannot fetch `bash_5.2.37-2_amd64.deb`
!   `http://mirror.example/debian/pool/main/b/bash/bash_5.2.37-2_amd64.deb`: bash_5.2.37-2_amd64.deb: expected sha256:[sum], found sha256:[another sum]
!   `http://mirror.example/snapshot/debian/[time]/pool/main/b/bash/bash_5.2.37-2_amd64.deb`: answered 404 Not Found
! hint: something on the way gives other bytes: check the network and its proxies, or name an address by `--mirror`
[exit 1]
# a package: too short
$ zookiln --quiet build --version 3.6.1
! error: cannot fetch `bash_5.2.37-2_amd64.deb`
!   `http://mirror.example/debian/pool/main/b/bash/bash_5.2.37-2_amd64.deb`: bash_5.2.37-2_amd64.deb: expected 764 bytes, found 382 bytes
!   `http://mirror.example/snapshot/debian/[time]/pool/main/b/bash/bash_5.2.37-2_amd64.deb`: answered 404 Not Found
! hint: something on the way gives other bytes: check the network and its proxies, or name an address by `--mirror`
[exit 1]
# a package: too long
$ zookiln --quiet build --version 3.6.1
! error: cannot fetch `bash_5.2.37-2_amd64.deb`
!   `http://mirror.example/debian/pool/main/b/bash/bash_5.2.37-2_amd64.deb`: bash_5.2.37-2_amd64.deb: expected 764 bytes, found 765 bytes
!   `http://mirror.example/snapshot/debian/[time]/pool/main/b/bash/bash_5.2.37-2_amd64.deb`: answered 404 Not Found
! hint: something on the way gives other bytes: check the network and its proxies, or name an address by `--mirror`
[exit 1]
# a package: another's
$ zookiln --quiet build --version 3.6.1
! error: cannot fetch `base-files_13.8_amd64.deb`
!   `http://mirror.example/debian/pool/main/b/base-files/base-files_13.8_amd64.deb`: base-files_13.8_amd64.deb: expected sha256:[sum], found sha256:[sum]
!   `http://mirror.example/snapshot/debian/[time]/pool/main/b/base-files/base-files_13.8_amd64.deb`: answered 404 Not Found
! hint: something on the way gives other bytes: check the network and its proxies, or name an address by `--mirror`
[exit 1]
# the tarball: one bit
$ zookiln --quiet build --version 3.6.1 --source tarball
! error: cannot fetch `apache-zookeeper-3.6.1-bin.tar.gz`
!   `http://mirror.example/dist/zookeeper/zookeeper-3.6.1/apache-zookeeper-3.6.1-bin.tar.gz`: apache-zookeeper-3.6.1-bin.tar.gz: expected sha512:[sum], found sha512:[another sum]
! hint: something on the way gives other bytes: check the network and its proxies, or name an address by `--mirror`
[exit 1]
# the tarball: another release's
$ zookiln --quiet build --version 3.6.1 --source tarball
! error: cannot fetch `apache-zookeeper-3.6.1-bin.tar.gz`
!   `http://mirror.example/dist/zookeeper/zookeeper-3.6.1/apache-zookeeper-3.6.1-bin.tar.gz`: apache-zookeeper-3.6.1-bin.tar.gz: expected 632 bytes, found 553 bytes
! hint: something on the way gives other bytes: check the network and its proxies, or name an address by `--mirror`
[exit 1]
# the tarball, where jars would do: one bit
$ zookiln --quiet build --version 3.6.1
! error: cannot fetch `apache-zookeeper-3.6.1-bin.tar.gz`
!   `http://mirror.example/dist/zookeeper/zookeeper-3.6.1/apache-zookeeper-3.6.1-bin.tar.gz`: apache-zookeeper-3.6.1-bin.tar.gz: expected sha512:[sum], found sha512:[another sum]
! hint: something on the way gives other bytes: check the network and its proxies, or name an address by `--mirror`
[exit 1]
# a jar: one bit
$ zookiln --quiet build --version 3.6.1 --source maven
! error: cannot fetch one jar: no Maven repository gave what the lock names, and there is no `mvn` on PATH
!   `http://mirror.example/maven2/org/apache/zookeeper/zookeeper/3.6.1/zookeeper-3.6.1.jar`: zookeeper-3.6.1.jar: expected sha256:[sum], found sha256:[another sum]
! hint: install Maven (`apt-get install maven`), or check the network
[exit 1]
# a jar: another's
$ zookiln --quiet build --version 3.6.1 --source maven
! error: cannot fetch one jar: no Maven repository gave what the lock names, and there is no `mvn` on PATH
!   `http://mirror.example/maven2/org/apache/zookeeper/zookeeper/3.6.1/zookeeper-3.6.1.jar`: zookeeper-3.6.1.jar: expected sha256:[sum], found sha256:[sum]
! hint: install Maven (`apt-get install maven`), or check the network
[exit 1]

"#]]
    );
}

/// Between two runs, the second of which has no network.
#[test]
fn what_is_in_the_cache() {
    let table = check(&[
        (
            "a package: one bit",
            OFFLINE,
            in_cache(BUILD, || fixture().digest(bash())),
        ),
        (
            "a package: another's",
            OFFLINE,
            Box::new(|workspace| {
                in_cache(BUILD, || fixture().digest(base_files()))(workspace);
                let [own, other] = [base_files(), other_base_files()]
                    .map(|path| workspace.cached(&fixture().digest(path)));
                fs::copy(other, own).unwrap();
            }),
        ),
        (
            "the tarball: one bit",
            OFFLINE,
            in_cache(BUILD, || {
                format!("sha512:{}", sha512(fixture().bytes(tarball())))
            }),
        ),
        (
            "a jar: one bit",
            OFFLINE_JARS,
            in_cache(JARS, || fixture().digest(jar())),
        ),
    ]);
    assert_data_eq!(
        table,
        str![[r#"
# a package: one bit
$ zookiln --quiet build --version 3.6.1 --offline
! warning: cached file `[CACHE]/v1/blobs/sha256/[sum]`: expected sha256:[sum], found sha256:[another sum]; it is fetched or made again
! error: cannot build 3.6.1: not in the cache, and the build is offline: one file, 764 B
!   bash_5.2.37-2_amd64.deb (764 B)
! hint: run `zookiln fetch` where there is a network, or name a copy by `--mirror file:DIR`
[exit 1]
# a package: another's
$ zookiln --quiet build --version 3.6.1 --offline
! warning: cached file `[CACHE]/v1/blobs/sha256/[sum]`: expected sha256:[sum], found sha256:[sum]; it is fetched or made again
! error: cannot build 3.6.1: not in the cache, and the build is offline: one file, 924 B
!   base-files_13.8_amd64.deb (924 B)
! hint: run `zookiln fetch` where there is a network, or name a copy by `--mirror file:DIR`
[exit 1]
# the tarball: one bit
$ zookiln --quiet build --version 3.6.1 --offline
! warning: cached file `[CACHE]/v1/blobs/sha512/[sum]`: expected sha512:[sum], found sha512:[another sum]; it is fetched or made again
! error: cannot build 3.6.1: not in the cache, and the build is offline: one file, 632 B
!   apache-zookeeper-3.6.1-bin.tar.gz (632 B)
! hint: run `zookiln fetch` where there is a network, or name a copy by `--mirror file:DIR`
[exit 1]
# a jar: one bit
$ zookiln --quiet build --version 3.6.1 --source maven --offline
! warning: cached file `[CACHE]/v1/blobs/sha256/[sum]`: expected sha256:[sum], found sha256:[another sum]; it is fetched or made again
! error: cannot build 3.6.1: not in the cache, and the build is offline: one file, 58 B
!   zookeeper-3.6.1.jar (58 B)
! hint: run `zookiln fetch` where there is a network, or name a copy by `--mirror file:DIR`
[exit 1]

"#]]
    );
}

#[test]
fn what_is_in_the_lock() {
    let sum = || sha256(fixture().bytes(bash()));
    let size = || fixture().bytes(bash()).len();
    let table = check(&[
        (
            "a package's digest",
            BUILD,
            Box::new(move |workspace| {
                workspace.edit_lock(&sum(), &sha256(b"other"));
            }),
        ),
        (
            "a package's digest: no digest",
            BUILD,
            Box::new(move |workspace| {
                workspace.edit_lock(&sum(), &sum()[1..]);
            }),
        ),
        (
            "a package's size",
            BUILD,
            Box::new(move |workspace| {
                let line = |size| format!("size = {size}\nsha256 = \"{}\"", sum());
                workspace.edit_lock(&line(size()), &line(size() + 1));
            }),
        ),
        (
            "a package's path: another's",
            BUILD,
            Box::new(|workspace| {
                let other = fixture().path("bash_5.2.37-2_arm64.deb");
                workspace.edit_lock(&bash()["/debian/".len()..], &other["/debian/".len()..]);
            }),
        ),
        (
            "a package's path: out of the archive",
            BUILD,
            Box::new(|workspace| {
                workspace.edit_lock(&bash()["/debian/".len()..], "../../etc/passwd");
            }),
        ),
        (
            "the time of the snapshot",
            BUILD,
            Box::new(|workspace| {
                let time = workspace.lock_time().unwrap();
                workspace.edit_lock(&time, "../../20260101T000000Z");
            }),
        ),
        (
            "a set is gone",
            BUILD,
            Box::new(|workspace| without_packages(workspace, "set = \"shell.trixie\"")),
        ),
        (
            "what a set was resolved from",
            BUILD,
            Box::new(|workspace| {
                let lock = fs::read_to_string(workspace.project().join("versions.lock")).unwrap();
                let (_, rest) = lock.split_once("\"java.21\" = \"sha256:").unwrap();
                workspace.edit_lock(&rest[..64], &sha256(b"other"));
            }),
        ),
        (
            "the tarball's digest",
            TARBALL,
            Box::new(|workspace| {
                workspace.edit_lock(&sha512(fixture().bytes(tarball())), &sha512(b"other"));
            }),
        ),
        (
            "a jar's digest",
            JARS,
            Box::new(|workspace| {
                workspace.edit_lock(&sha256(fixture().bytes(jar())), &sha256(b"other"));
            }),
        ),
        (
            "what writes the layers",
            BUILD,
            Box::new(|workspace| {
                workspace.edit_lock("layer-format = ", "layer-format = 1");
            }),
        ),
    ]);
    assert_data_eq!(
        table,
        str![[r#"
# a package's digest
$ zookiln --quiet build --version 3.6.1
! error: cannot fetch `bash_5.2.37-2_amd64.deb`
!   `http://mirror.example/debian/pool/main/b/bash/bash_5.2.37-2_amd64.deb`: bash_5.2.37-2_amd64.deb: expected sha256:[another sum], found sha256:[sum]
!   `http://mirror.example/snapshot/debian/[time]/pool/main/b/bash/bash_5.2.37-2_amd64.deb`: answered 404 Not Found
! hint: something on the way gives other bytes: check the network and its proxies, or name an address by `--mirror`
[exit 1]
# a package's digest: no digest
$ zookiln --quiet build --version 3.6.1
! error: versions.lock:84:10: `aacea59697c6a1ca3853e30ee815934cc5a37e4c34882bf97294c4c486457dc` is not 64 hexadecimal digits
[exit 1]
# a package's size
$ zookiln --quiet build --version 3.6.1
! error: cannot fetch `bash_5.2.37-2_amd64.deb`
!   `http://mirror.example/debian/pool/main/b/bash/bash_5.2.37-2_amd64.deb`: bash_5.2.37-2_amd64.deb: expected 765 bytes, found 764 bytes
!   `http://mirror.example/snapshot/debian/[time]/pool/main/b/bash/bash_5.2.37-2_amd64.deb`: answered 404 Not Found
! hint: something on the way gives other bytes: check the network and its proxies, or name an address by `--mirror`
[exit 1]
# a package's path: another's
$ zookiln --quiet build --version 3.6.1
! error: cannot fetch `bash_5.2.37-2_arm64.deb`
!   `http://mirror.example/debian/pool/main/b/bash/bash_5.2.37-2_arm64.deb`: bash_5.2.37-2_arm64.deb: expected 764 bytes, found 760 bytes
!   `http://mirror.example/snapshot/debian/[time]/pool/main/b/bash/bash_5.2.37-2_arm64.deb`: answered 404 Not Found
! hint: something on the way gives other bytes: check the network and its proxies, or name an address by `--mirror`
[exit 1]
# a package's path: out of the archive
$ zookiln --quiet build --version 3.6.1
! error: versions.lock: package bash: `../../etc/passwd` is no path below an archive
[exit 1]
# the time of the snapshot
$ zookiln --quiet build --version 3.6.1
! error: versions.lock: `snapshot`: `[time]` is no time like `20260101T000000Z`
[exit 1]
# a set is gone
$ zookiln --quiet build --version 3.6.1
! error: the lock has no package `bash` of `shell.trixie` for linux/amd64
! hint: run `zookiln update`
[exit 1]
# what a set was resolved from
$ zookiln --quiet build --version 3.6.1
! error: the lock has no `java.21` as the catalog has it now
! hint: run `zookiln update`
[exit 1]
# the tarball's digest
$ zookiln --quiet build --version 3.6.1 --source tarball
! error: the lock has no release 3.6.1 as the catalog has it now
! hint: run `zookiln update`
[exit 1]
# a jar's digest
$ zookiln --quiet build --version 3.6.1 --source maven
! error: cannot fetch one jar: no Maven repository gave what the lock names, and there is no `mvn` on PATH
!   `http://mirror.example/maven2/org/apache/zookeeper/zookeeper/3.6.1/zookeeper-3.6.1.jar`: zookeeper-3.6.1.jar: expected sha256:[another sum], found sha256:[sum]
! hint: install Maven (`apt-get install maven`), or check the network
[exit 1]
# what writes the layers
$ zookiln --quiet build --version 3.6.1
! error: the lock is for layers of format 11 by zlib-rs 0.6.8, this program writes format 1 by zlib-rs 0.6.8
! hint: build with the `zookiln` that wrote the lock, or run `zookiln update`: every digest changes then
[exit 1]

"#]]
    );
}

#[test]
fn what_is_in_the_catalog() {
    let table = check(&[
        (
            "the tarball's digest",
            TARBALL,
            Box::new(|workspace| {
                workspace.edit_catalog(&sha512(fixture().bytes(tarball())), &sha512(b"other"));
            }),
        ),
        (
            "the tarball's digest, in the lock as well",
            TARBALL,
            Box::new(|workspace| {
                let (from, to) = (sha512(fixture().bytes(tarball())), sha512(b"other"));
                workspace.edit_catalog(&from, &to);
                workspace.edit_lock(&from, &to);
            }),
        ),
        (
            "the tarball's digest, where jars would do",
            BUILD,
            Box::new(|workspace| {
                let (from, to) = (sha512(fixture().bytes(tarball())), sha512(b"other"));
                workspace.edit_catalog(&from, &to);
                workspace.edit_lock(&from, &to);
            }),
        ),
        (
            "the tarball's size",
            TARBALL,
            Box::new(|workspace| {
                let size = fixture().bytes(tarball()).len();
                let line = |size| {
                    format!(
                        "tarball.size = {size}\ntarball.sha512 = \"{}\"",
                        sha512(fixture().bytes(tarball()))
                    )
                };
                workspace.edit_catalog(&line(size), &line(size + 1));
            }),
        ),
        (
            "the signer",
            BUILD_OTHER,
            Box::new(|workspace| {
                let manager = fixture().catalog("");
                let (_, rest) = manager.split_once("signer = \"").unwrap();
                workspace.edit_catalog(&rest[..40], &STRANGER.fingerprint());
            }),
        ),
        (
            "a set's packages",
            BUILD,
            Box::new(|workspace| {
                workspace.edit_catalog("\"busybox-static\"]", "\"busybox\"]");
            }),
        ),
    ]);
    assert_data_eq!(
        table,
        str![[r#"
# the tarball's digest
$ zookiln --quiet build --version 3.6.1 --source tarball
! error: the lock has no release 3.6.1 as the catalog has it now
! hint: run `zookiln update`
[exit 1]
# the tarball's digest, in the lock as well
$ zookiln --quiet build --version 3.6.1 --source tarball
! error: cannot fetch `apache-zookeeper-3.6.1-bin.tar.gz`
!   `http://mirror.example/dist/zookeeper/zookeeper-3.6.1/apache-zookeeper-3.6.1-bin.tar.gz`: apache-zookeeper-3.6.1-bin.tar.gz: expected sha512:[another sum], found sha512:[sum]
! hint: something on the way gives other bytes: check the network and its proxies, or name an address by `--mirror`
[exit 1]
# the tarball's digest, where jars would do
$ zookiln --quiet build --version 3.6.1
! error: cannot fetch `apache-zookeeper-3.6.1-bin.tar.gz`
!   `http://mirror.example/dist/zookeeper/zookeeper-3.6.1/apache-zookeeper-3.6.1-bin.tar.gz`: apache-zookeeper-3.6.1-bin.tar.gz: expected sha512:[another sum], found sha512:[sum]
! hint: something on the way gives other bytes: check the network and its proxies, or name an address by `--mirror`
[exit 1]
# the tarball's size
$ zookiln --quiet build --version 3.6.1 --source tarball
! error: the lock has no release 3.6.1 as the catalog has it now
! hint: run `zookiln update`
[exit 1]
# the signer
$ zookiln --quiet build --version 3.5.7
! error: the lock has no release 3.5.7 as the catalog has it now
! hint: run `zookiln update`
[exit 1]
# a set's packages
$ zookiln --quiet build --version 3.6.1
! error: the lock has no `shell.trixie` as the catalog has it now
! hint: run `zookiln update`
[exit 1]

"#]]
    );
}

fn bash() -> &'static str {
    fixture().path(BASH)
}

fn base_files() -> &'static str {
    fixture().path("base-files_13.8_amd64.deb")
}

/// Of the same size.
fn other_base_files() -> &'static str {
    fixture().path("base-files_13.8_arm64.deb")
}

fn jar() -> &'static str {
    fixture().path(JAR)
}

fn tarball() -> &'static str {
    static PATH: LazyLock<String> = LazyLock::new(|| tarball_path("3.6.1"));
    &PATH
}

fn other_tarball() -> &'static str {
    static PATH: LazyLock<String> = LazyLock::new(|| tarball_path("3.5.7"));
    &PATH
}

/// The file is answered so.
fn answer(path: fn() -> &'static str, behaviour: Behaviour) -> Box<dyn Fn(&Workspace)> {
    Box::new(move |workspace| workspace.server.answer(path(), behaviour))
}

/// The file is answered with the bytes of another.
fn answer_with(path: fn() -> &'static str, other: fn() -> &'static str) -> Box<dyn Fn(&Workspace)> {
    Box::new(move |workspace| {
        let bytes = fixture().bytes(other()).to_vec();
        (workspace.server).add_files(&BTreeMap::from([(path().to_owned(), bytes)]));
    })
}

/// After all was fetched for a build, one bit of a cached file is another.
fn in_cache(build: &'static [&'static str], digest: fn() -> String) -> Box<dyn Fn(&Workspace)> {
    Box::new(move |workspace| {
        let fetch = ["fetch"].iter().chain(&build[1..]);
        (fetch.fold(workspace.zookiln(["--quiet"]), |run, word| run.arg(word))).succeed();
        let cached = workspace.cached(&digest());
        let bytes = fs::read(&cached).unwrap();
        fs::write(&cached, flipped(&bytes)).unwrap();
    })
}

/// Takes every package out of the lock that has such a line.
fn without_packages(workspace: &Workspace, line: &str) {
    let path = workspace.project().join("versions.lock");
    let lock = fs::read_to_string(&path).unwrap();
    let tables: Vec<&str> = lock.split("\n[[").collect();
    let kept: Vec<&str> = (tables.iter().copied())
        .filter(|table| !table.lines().any(|found| found == line))
        .collect();
    assert!(kept.len() < tables.len(), "no package has `{line}`");
    fs::write(path, kept.join("\n[[")).unwrap();
}

/// The transcript of each case, under its name.
fn check(cases: &[Case]) -> String {
    let transcripts = cases.iter().map(|(what, arguments, change)| {
        let workspace = with_old_image();
        change(&workspace);
        let before = Snapshot::of(&workspace.project());

        let run = (arguments.iter())
            .fold(workspace.zookiln(["--quiet"]), |run, word| run.arg(word))
            .fail();

        let text = named(
            &run.name(&workspace.server.url(), "http://mirror.example")
                .transcript(),
        );
        assert_eq!(text.matches("! error: ").count(), 1, "{what}: {text}");
        let after = Snapshot::of(&workspace.project());
        assert_eq!(after.contents(), before.contents(), "{what}");
        workspace.check_cache();
        format!("# {what}\n{text}")
    });
    transcripts.collect()
}

/// A workspace with an image that is older than what a build would write, and an empty cache.
fn with_old_image() -> Workspace {
    static OLD: LazyLock<Workspace> = LazyLock::new(|| {
        let workspace = Workspace::new();
        for version in ["3.5.7", "3.6.1"] {
            workspace
                .zookiln(["--quiet", "build", "--version", version])
                .env("SOURCE_DATE_EPOCH", "1000000000")
                .succeed();
        }
        workspace
    });
    let workspace = Workspace::new();
    copy(
        &OLD.project().join("images"),
        &workspace.project().join("images"),
    );
    workspace
}

fn copy(from: &Path, to: &Path) {
    for entry in WalkDir::new(from) {
        let entry = entry.unwrap();
        let place = to.join(entry.path().strip_prefix(from).unwrap());
        match entry.file_type().is_dir() {
            true => fs::create_dir(place).unwrap(),
            false => drop(fs::copy(entry.path(), place).unwrap()),
        }
    }
}

/// Digests by what they are: `[sum]` of a file as it should be, `[another sum]` of any other.
fn named(text: &str) -> String {
    static KNOWN: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
        let files = fixture().files.values();
        files
            .flat_map(|bytes| [sha256(bytes), sha512(bytes)])
            .collect()
    });
    let mut named = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let is_hex = |letter: char| matches!(letter, '0'..='9' | 'a'..='f');
        let end = rest.find(|letter| !is_hex(letter)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        named.push_str(match word.len() {
            64 | 128 if KNOWN.contains(word) => "[sum]",
            64 | 128 => "[another sum]",
            _ => word,
        });
        let next = after.chars().next().map_or(0, char::len_utf8);
        named.push_str(&after[..next]);
        rest = &after[next..];
    }
    named
}
