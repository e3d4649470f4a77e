//! The world outside: every file that a mirror serves. Made once per run of the tests.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::archive::Suite;
use super::deb::{Deb, Package, Packing};
use super::digest::{sha256, sha512};
use super::maven::Jar;
use super::signers::{ARCHIVE, RELEASES_MANAGER};
use super::{jdk, release};

/// Version and jars of each release.
const RELEASES: [(&str, &[&str]); 2] = [
    (
        "3.5.7",
        &[
            "log4j:log4j:1.2.17",
            "org.apache.zookeeper:zookeeper:3.5.7",
            "org.apache.zookeeper:zookeeper-jute:3.5.7",
        ],
    ),
    (
        "3.6.1",
        &[
            "io.netty:netty-common:4.1.48.Final",
            "log4j:log4j:1.2.17",
            "org.apache.zookeeper:zookeeper:3.6.1",
            "org.apache.zookeeper:zookeeper-jute:3.6.1",
        ],
    ),
];

static FIXTURE: LazyLock<Fixture> = LazyLock::new(Fixture::new);

pub(crate) struct Fixture {
    /// What a mirror of everything serves, by path.
    pub(crate) files: Arc<BTreeMap<String, Vec<u8>>>,
    /// Every jar of every release.
    pub(crate) jars: Vec<Jar>,
    main: Vec<Package>,
    /// The same mirror some weeks later.
    pub(crate) later: Later,
}

/// What a security update changes: libc6 2.41-13 takes the place of 2.41-12.
pub(crate) struct Later {
    /// The suite's new lists, and the new packages.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// The old packages.
    pub(crate) gone: Vec<String>,
}

pub(crate) fn fixture() -> &'static Fixture {
    &FIXTURE
}

impl Fixture {
    fn new() -> Self {
        let mut files = BTreeMap::new();
        let main = main_packages();
        main_suite(&main).add_to(&mut files);
        let security: Vec<Package> = both(libc6).into();
        security_suite("Sat, 03 Jan 2026 10:00:00 UTC", &security).add_to(&mut files);
        let mut later = BTreeMap::new();
        let newer: Vec<Package> = both(newer_libc6).into();
        security_suite("Sat, 24 Jan 2026 10:00:00 UTC", &newer).add_to(&mut later);

        let mut all = Vec::new();
        for (version, coordinates) in RELEASES {
            let jars: Vec<Jar> = coordinates.iter().map(|text| Jar::new(text)).collect();
            let tarball = release::tarball(version, &jars);
            let signature = RELEASES_MANAGER.sign_file(&tarball);
            files.insert(format!("{}.asc", tarball_path(version)), signature);
            files.insert(tarball_path(version), tarball);
            all.extend(jars);
        }
        for jar in &all {
            files.insert(jar_path(jar), jar.bytes.clone());
        }
        files.insert("/KEYS".to_owned(), RELEASES_MANAGER.keys());
        Self {
            files: Arc::new(files),
            jars: all,
            main,
            later: Later {
                files: later,
                gone: (security.iter())
                    .map(|package| format!("/debian-security/{}", package.path))
                    .collect(),
            },
        }
    }

    /// The suite `trixie`.
    pub(crate) fn main_suite(&self) -> Suite<'_> {
        main_suite(&self.main)
    }

    /// Its packages, and a `writer` who needs an `editor`, of which there are two.
    pub(crate) fn main_packages_with_two_editors(&self) -> Vec<Package> {
        let mut packages = main_packages();
        packages.extend(both(|architecture| {
            Deb::new("writer", "1", architecture)
                .field("Depends", "editor")
                .build()
        }));
        for name in ["nano", "vim-tiny"] {
            packages.extend(["amd64", "arm64"].map(|architecture| {
                Deb::new(name, "1", architecture)
                    .field("Provides", "editor")
                    .build()
            }));
        }
        packages
    }

    /// The one path whose end is `suffix`.
    pub(crate) fn path(&self, suffix: &str) -> &str {
        let mut found = self.files.keys().filter(|path| path.ends_with(suffix));
        let path = found
            .next()
            .unwrap_or_else(|| panic!("the fixture has no `{suffix}`"));
        assert_eq!(found.next(), None, "`{suffix}` is ambiguous");
        path
    }

    pub(crate) fn bytes(&self, path: &str) -> &[u8] {
        &self.files[path]
    }

    /// `sha256:…` of what is served at `path`.
    pub(crate) fn digest(&self, path: &str) -> String {
        format!("sha256:{}", sha256(self.bytes(path)))
    }

    /// The package list of a suite, by its sum, as an honest client asks for it.
    pub(crate) fn list(&self, suite: &str, architecture: &str) -> &str {
        let directory = format!("/dists/{suite}/main/binary-{architecture}/by-hash/");
        let mut found = self.files.keys().filter(|path| path.contains(&directory));
        found.next().unwrap()
    }

    /// The catalog with its addresses at `server` (`http://127.0.0.1:1234`).
    pub(crate) fn catalog(&self, server: &str) -> String {
        let mut text = include_str!("../fixtures/versions.toml")
            .replace("@SERVER@", server)
            .replace("@ARCHIVE@", &ARCHIVE.fingerprint())
            .replace("@MANAGER@", &RELEASES_MANAGER.fingerprint());
        for (version, _) in RELEASES {
            let tarball = self.bytes(&tarball_path(version)).to_vec();
            text = text
                .replace(&format!("\"@SIZE {version}@\""), &tarball.len().to_string())
                .replace(&format!("@SHA512 {version}@"), &sha512(&tarball));
        }
        text
    }
}

fn both(make: fn(&'static str) -> Package) -> [Package; 2] {
    ["amd64", "arm64"].map(make)
}

fn main_packages() -> Vec<Package> {
    [
        base_files,
        old_libc6,
        zlib,
        bash,
        libtinfo,
        busybox,
        jdk::jdk,
        jdk::jre,
    ]
    .into_iter()
    .flat_map(both)
    .collect()
}

fn main_suite(packages: &[Package]) -> Suite<'_> {
    Suite {
        root: "debian",
        name: "trixie",
        date: "Sat, 03 Jan 2026 10:00:00 UTC",
        packages,
    }
}

fn security_suite<'a>(date: &'a str, packages: &'a [Package]) -> Suite<'a> {
    Suite {
        root: "debian-security",
        name: "trixie-security",
        date,
        packages,
    }
}

/// Where the server has a release's archive.
pub(crate) fn tarball_path(version: &str) -> String {
    format!("/dist/zookeeper/zookeeper-{version}/apache-zookeeper-{version}-bin.tar.gz")
}

fn jar_path(jar: &Jar) -> String {
    format!("/maven2/{}", jar.path)
}

fn base_files(architecture: &'static str) -> Package {
    Deb::new("base-files", "13.8", architecture)
        .field("Essential", "yes")
        .file(
            "usr/lib/os-release",
            0o644,
            b"ID=debian\nVERSION_ID=\"13\"\n",
        )
        .link("etc/os-release", "../usr/lib/os-release")
        .file("etc/issue", 0o644, b"left out\n")
        .file("usr/share/man/man5/issue.5", 0o644, b"left out\n")
        .link("bin", "usr/bin")
        .link("lib", "usr/lib")
        .link("sbin", "usr/sbin")
        .link("lib64", "usr/lib64")
        .build()
}

/// What the security suite replaces.
fn old_libc6(architecture: &'static str) -> Package {
    Deb::new("libc6", "2.41-11", architecture)
        .file("usr/share/old", 0o644, b"must not be chosen\n")
        .build()
}

fn libc6(architecture: &'static str) -> Package {
    libc6_of("2.41-12", architecture).build()
}

fn newer_libc6(architecture: &'static str) -> Package {
    libc6_of("2.41-13", architecture)
        .file("usr/share/repaired", 0o644, b"a hole less\n")
        .build()
}

fn libc6_of(version: &'static str, architecture: &'static str) -> Deb {
    let (path, content) = jdk::loader(architecture);
    Deb::new("libc6", version, architecture)
        .packed(Packing::Plain)
        .file(&path, 0o755, content)
        .file("usr/lib/locale/C.utf8", 0o644, b"left out\n")
}

fn zlib(architecture: &'static str) -> Package {
    Deb::new("zlib1g", "1:1.3.1-1", architecture)
        .field("Depends", "libc6 (>= 2.14)")
        .file("lib/libz.so.1.3.1", 0o644, architecture.as_bytes())
        .link("lib/libz.so.1", "libz.so.1.3.1")
        .build()
}

fn bash(architecture: &'static str) -> Package {
    Deb::new("bash", "5.2.37-2", architecture)
        .field("Pre-Depends", "libc6 (>= 2.38), libtinfo6 (>= 6)")
        .field("Depends", "base-files (>= 2.1.12), debianutils (>= 5.6)")
        .file("usr/bin/bash", 0o755, b"bash")
        .build()
}

fn libtinfo(architecture: &'static str) -> Package {
    Deb::new("libtinfo6", "6.5", architecture)
        .field("Depends", "libc6 (>= 2.38)")
        .file("usr/lib/libtinfo.so.6", 0o644, b"tinfo")
        .build()
}

fn busybox(architecture: &'static str) -> Package {
    Deb::new("busybox-static", "1:1.37.0-6", architecture)
        .packed(Packing::Gzip)
        .file("usr/bin/busybox", 0o755, b"busybox")
        .build()
}
