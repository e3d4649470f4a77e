//! Mirrors as they are: one lies, one hangs, one is gone.

use std::time::{Duration, Instant};

use snapbox::{assert_data_eq, str};

use crate::support::{Behaviour, HOST, Layout, Server, Workspace, fixture, flipped, sha256};

/// An address of this host that nobody listens on.
const REFUSED: &str = "http://127.0.0.1:1";

#[test]
fn the_mirrors_of_apt_come_before_those_of_the_catalog() {
    let workspace = Workspace::new();
    let near = Server::start();
    workspace.add_apt_mirror(&near.url());

    workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();

    let packages = |server: &Server| {
        let requests = server.requests();
        requests
            .iter()
            .filter(|path| path.ends_with(".deb"))
            .count()
    };
    assert!(packages(&near) > 0);
    assert_eq!(packages(&workspace.server), 0);
}

#[test]
fn an_honest_mirror_after_a_lying_one_will_do() {
    let workspace = Workspace::new();
    let lying = Server::start();
    workspace.add_apt_mirror(&lying.url());
    let path = fixture().path("bash_5.2.37-2_amd64.deb");
    lying.answer(path, Behaviour::Flipped);

    let run = workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();

    assert_eq!(workspace.server.count(path), 1);
    let found = sha256(&flipped(fixture().bytes(path)));
    let layout = Layout::read(&workspace.project().join("images/zookeeper-3.6.1"));
    let run = run
        .name(&lying.url(), "http://lying.example")
        .name(&fixture().digest(path), "[expected]")
        .name(&format!("sha256:{found}"), "[found]")
        .name(layout.digest(), "[digest]");
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1
images/zookeeper-3.6.1:3.6.1 [digest] (tarball, written)
! warning: `http://lying.example/debian/pool/main/b/bash/bash_5.2.37-2_amd64.deb`: bash_5.2.37-2_amd64.deb: expected [expected], found [found]

"#]]
    );
}

#[test]
fn packages_that_one_mirror_lacks_breaks_off_or_resets_come_from_the_next() {
    for behaviour in [Behaviour::NotFound, Behaviour::Cut, Behaviour::Reset] {
        let workspace = Workspace::new();
        let poor = Server::start();
        workspace.add_apt_mirror(&poor.url());
        let path = fixture().path("bash_5.2.37-2_amd64.deb");
        poor.answer(path, behaviour);

        let run = workspace
            .zookiln(["--quiet", "build", "--version", "3.6.1"])
            .succeed();

        assert_eq!(run.stderr, "", "{behaviour:?}");
        assert!(poor.count(path) >= 1, "{behaviour:?}");
        assert_eq!(workspace.server.count(path), 1, "{behaviour:?}");
    }
}

#[test]
fn a_mirror_of_another_distribution_is_not_asked_for_packages() {
    let workspace = Workspace::new();
    let other = Server::start();
    other.answer("/debian/dists/trixie/InRelease", Behaviour::NotFound);
    other.answer(
        "/debian-security/dists/trixie-security/InRelease",
        Behaviour::NotFound,
    );
    workspace.add_apt_mirror(&other.url());

    workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();

    let requests = other.requests();
    assert!(
        !requests.iter().any(|path| path.ends_with(".deb")),
        "{requests:?}"
    );
}

#[test]
fn a_refused_connection_costs_nothing() {
    let workspace = Workspace::new();
    workspace.add_apt_mirror(REFUSED);
    workspace.edit_catalog(
        &format!("[apache]\nmirrors = [\"{}/dist", workspace.server.url()),
        &format!("[apache]\nmirrors = [\"{REFUSED}/dist"),
    );
    let begun = Instant::now();

    let run = workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();

    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    assert!(run.stdout().contains("(maven, written)"));
    assert_data_eq!(
        run.lines("warning: ").join("\n"),
        str!["warning: cannot fetch `apache-zookeeper-3.6.1-bin.tar.gz`"]
    );
}

#[test]
fn a_mirror_that_hangs_is_waited_for_once() {
    let workspace = Workspace::new();
    let hanging = Server::start();
    hanging.answer_all(Behaviour::Hang);
    workspace.add_apt_mirror(&hanging.url());

    workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .env("ZOOKILN_HTTP_TIMEOUT", "2")
        .succeed();

    // One wait for each of its two archives, at once.
    assert!(hanging.requests().len() <= 2, "{:?}", hanging.requests());
}

#[test]
fn a_mirror_that_stops_in_the_middle_is_waited_for_once() {
    let workspace = Workspace::new();
    let stopping = Server::start();
    workspace.add_apt_mirror(&stopping.url());
    let path = fixture().path("bash_5.2.37-2_amd64.deb");
    stopping.answer(path, Behaviour::Stall);

    workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .env("ZOOKILN_HTTP_TIMEOUT", "2")
        .succeed();

    assert_eq!(stopping.count(path), 1);
    assert_eq!(workspace.server.count(path), 1);
}

#[test]
fn the_snapshot_archive_has_what_no_mirror_has_any_more() {
    let workspace = Workspace::new();
    let main = fixture().path("bash_5.2.37-2_amd64.deb");
    let security = fixture().path("libc6_2.41-12_arm64.deb");
    workspace.server.answer(main, Behaviour::NotFound);
    workspace.server.answer(security, Behaviour::NotFound);
    workspace.server.keep_snapshots();

    workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();

    let time = workspace.lock_time().unwrap();
    for (archive, path) in [("debian", main), ("debian-security", security)] {
        let pool = path.strip_prefix(&format!("/{archive}/")).unwrap();
        let kept = format!("/snapshot/{archive}/{time}/{pool}");
        assert_eq!(workspace.server.count(&kept), 1, "{kept}");
    }
}

#[test]
fn a_package_that_not_even_the_snapshot_archive_has() {
    let workspace = Workspace::new();
    let path = fixture().path("bash_5.2.37-2_amd64.deb");
    workspace.server.answer(path, Behaviour::NotFound);

    let run = workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .fail();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1
! error: cannot fetch `bash_5.2.37-2_amd64.deb`
!   `http://mirror.example/debian/pool/main/b/bash/bash_5.2.37-2_amd64.deb`: answered 404 Not Found
!   `http://mirror.example/snapshot/debian/[time]/pool/main/b/bash/bash_5.2.37-2_amd64.deb`: answered 404 Not Found
! hint: check the network, or run `zookiln update` if the packages have been replaced
[exit 1]

"#]]
    );
}

/// To resolve again is an attempt to help: where that fails, too, it is still the package that is
/// missing.
#[test]
fn a_package_that_is_gone_is_named_also_where_it_cannot_be_resolved_again() {
    let workspace = Workspace::new();
    let path = fixture().path("bash_5.2.37-2_amd64.deb");
    workspace.server.answer(path, Behaviour::NotFound);
    let release = "/debian/dists/trixie/InRelease";
    workspace.server.answer(release, Behaviour::NotFound);

    let run = workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .fail();

    assert!(
        run.stderr.contains("bash_5.2.37-2_amd64.deb"),
        "{}",
        run.transcript()
    );
    assert_eq!(run.lines("hint: ").len(), 1, "{}", run.transcript());
}

#[test]
fn no_mirror_at_all_is_one_error_soon() {
    let workspace = Workspace::new();
    let url = workspace.server.url();
    for line in [
        "mirrors = [\"URL/debian\"]",
        "security-mirrors = [\"URL/debian-security\"]",
        "snapshot = \"URL/snapshot\"",
    ] {
        let line = line.replace("URL", &url);
        workspace.edit_catalog(&line, &line.replace(&url, REFUSED));
    }
    let begun = Instant::now();

    let run = workspace
        .zookiln([
            "--quiet",
            "build",
            "--version",
            "3.6.1",
            "--platform",
            "linux/amd64",
            "--variant",
            "distroless",
        ])
        .fail();

    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    let run = run.name(
        &format!("jre-headless_21.0.9+10-1_{HOST}"),
        "jre-headless_21.0.9+10-1_[host]",
    );
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1 --platform linux/amd64 --variant distroless
! error: cannot fetch `base-files_13.8_amd64.deb`
!   `http://127.0.0.1:1/debian/pool/main/b/base-files/base-files_13.8_amd64.deb`: Connection refused (os error 111)
!   `http://127.0.0.1:1/snapshot/debian/[time]/pool/main/b/base-files/base-files_13.8_amd64.deb`: Connection refused (os error 111)
! cannot fetch `libc6_2.41-12_amd64.deb`
!   `http://127.0.0.1:1/debian-security/pool/main/l/libc6/libc6_2.41-12_amd64.deb`: Connection refused (os error 111)
!   `http://127.0.0.1:1/snapshot/debian-security/[time]/pool/main/l/libc6/libc6_2.41-12_amd64.deb`: Connection refused (os error 111)
! cannot fetch `openjdk-21-jdk-headless_21.0.9+10-1_amd64.deb`
!   `http://127.0.0.1:1/debian/pool/main/o/openjdk-21-jdk-headless/openjdk-21-jdk-headless_21.0.9+10-1_amd64.deb`: Connection refused (os error 111)
!   `http://127.0.0.1:1/snapshot/debian/[time]/pool/main/o/openjdk-21-jdk-headless/openjdk-21-jdk-headless_21.0.9+10-1_amd64.deb`: Connection refused (os error 111)
! cannot fetch `openjdk-21-jre-headless_21.0.9+10-1_[host].deb`
!   `http://127.0.0.1:1/debian/pool/main/o/openjdk-21-jre-headless/openjdk-21-jre-headless_21.0.9+10-1_[host].deb`: Connection refused (os error 111)
!   `http://127.0.0.1:1/snapshot/debian/[time]/pool/main/o/openjdk-21-jre-headless/openjdk-21-jre-headless_21.0.9+10-1_[host].deb`: Connection refused (os error 111)
! cannot fetch `zlib1g_1.3.1-1_amd64.deb`
!   `http://127.0.0.1:1/debian/pool/main/z/zlib1g/zlib1g_1.3.1-1_amd64.deb`: Connection refused (os error 111)
!   `http://127.0.0.1:1/snapshot/debian/[time]/pool/main/z/zlib1g/zlib1g_1.3.1-1_amd64.deb`: Connection refused (os error 111)
! hint: check the network, or run `zookiln update` if the packages have been replaced
[exit 1]

"#]]
    );
}
