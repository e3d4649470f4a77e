//! Whose word a lock is made from: Debian's signatures over lists of packages, and those of the
//! managers of ZooKeeper's releases over archives.

use std::collections::BTreeMap;
use std::fs;

use snapbox::{assert_data_eq, str};

use crate::support::{
    ARCHIVE, Behaviour, RELEASES_MANAGER, STRANGER, Server, Snapshot, Suite, Workspace, fixture,
    tarball_path,
};

const IN_RELEASE: &str = "/debian/dists/trixie/InRelease";
const MADE: &str = "Date: Sat, 03 Jan 2026 10:00:00 UTC\n";

/// What the archive signed for `trixie`.
fn signed_text() -> String {
    let main = fixture().main_suite();
    main.add_lists(&mut BTreeMap::new())
}

fn serve(server: &Server, path: &str, content: Vec<u8>) {
    server.add_files(&BTreeMap::from([(path.to_owned(), content)]));
}

fn signed_by_archive(from: &str, to: &str) -> Vec<u8> {
    let text = signed_text();
    assert!(text.contains(from), "{from}");
    ARCHIVE.sign_text(&text.replacen(from, to, 1))
}

/// Each file but the honest one is refused with its reason, and nothing is written.
#[test]
fn an_in_release_that_cannot_be_believed_is_refused() {
    let honest = String::from_utf8(fixture().bytes(IN_RELEASE).to_vec()).unwrap();
    let stranger = STRANGER.fingerprint();
    let table: [(&str, Vec<u8>, String); 13] = [
        ("unsigned", signed_text().into(), "there is no signature".to_owned()),
        ("of a stranger", STRANGER.sign_text(&signed_text()), stranger),
        ("changed", honest.replacen("main/binary", "mine/binary", 1).into(), "bad signature".to_owned()),
        ("with text before", format!("Origin: Evil\n{honest}").into(), "before".to_owned()),
        ("with text after", format!("{honest}Origin: Evil\n").into(), "after".to_owned()),
        ("twice", format!("{honest}{honest}").into(), "after".to_owned()),
        ("cut", honest.as_bytes()[..honest.len() / 2].to_vec(), "envelope".to_owned()),
        (
            "of another distribution",
            signed_by_archive("Origin: Debian", "Origin: Ubuntu"),
            "its origin is `Ubuntu`, not `Debian`".to_owned(),
        ),
        (
            "of another suite",
            signed_by_archive("Codename: trixie", "Codename: bookworm"),
            "its codename is `bookworm`, not `trixie`".to_owned(),
        ),
        ("without a date", signed_by_archive(MADE, ""), "it has no `Date`".to_owned()),
        (
            "of the future",
            signed_by_archive(MADE, "Date: Wed, 03 Jan 2125 10:00:00 UTC\n"),
            "it is of 2125-01-03T10:00:00Z, and the clock of this host says ".to_owned(),
        ),
        (
            "expired",
            signed_by_archive(MADE, &format!("{MADE}Valid-Until: Sat, 10 Jan 2026 10:00:00 UTC\n")),
            "it was valid until 2026-01-10T10:00:00Z".to_owned(),
        ),
        (
            "older than the lock's",
            signed_by_archive(MADE, "Date: Fri, 02 Jan 2026 10:00:00 UTC\n"),
            "it is of 2026-01-02T10:00:00Z, older than the one of 2026-01-03T10:00:00Z that `versions.lock` was written from".to_owned(),
        ),
    ];
    for (what, content, reason) in table {
        let workspace = Workspace::new();
        serve(&workspace.server, IN_RELEASE, content);
        let before = Snapshot::of(&workspace.project());

        let run = workspace.zookiln(["--quiet", "update"]).fail();

        let text = run.transcript();
        assert!(
            text.contains("no InRelease of `trixie` can be believed\n!   `http://mirror.example/debian/dists/trixie/InRelease`: "),
            "{what}: {text}"
        );
        assert!(text.contains(&reason), "{what}: {text}");
        let hint = match what {
            "of a stranger" => "hint: if Debian signs by new keys",
            "of the future" => "hint: set the clock",
            "expired" | "older than the lock's" => "hint: the mirror lags behind",
            _ => "hint: name an honest mirror",
        };
        assert!(text.contains(hint), "{what}: {text}");
        assert_eq!(run.code, Some(1), "{what}");
        assert_eq!(Snapshot::of(&workspace.project()), before, "{what}");
    }
}

#[test]
fn a_mirror_with_a_forged_file_gives_way_to_the_next() {
    let workspace = Workspace::without_lock();
    workspace.install_mvn();
    let forger = Server::start();
    serve(&forger, IN_RELEASE, STRANGER.sign_text(&signed_text()));
    workspace.add_apt_mirror(&forger.url());

    let run = workspace.zookiln(["--quiet", "update"]).succeed();

    let run = run.name(&forger.url(), "http://forger.example");
    let text = run.transcript();
    let stranger = STRANGER.fingerprint();
    let warning = format!(
        "! warning: `http://forger.example/debian/dists/trixie/InRelease`: signed by key {stranger}, which is not known; the next mirror is taken\n"
    );
    assert!(text.ends_with(&warning), "{text}");
}

#[test]
fn a_host_that_does_not_check_valid_until_is_warned() {
    let workspace = Workspace::new();
    let until = "Valid-Until: Sat, 10 Jan 2026 10:00:00 UTC\n";
    let expired = signed_by_archive(MADE, &format!("{MADE}{until}"));
    serve(&workspace.server, IN_RELEASE, expired);
    let setting = "Acquire::Check-Valid-Until \"false\";\n";
    fs::write(workspace.path("apt").join("apt.conf"), setting).unwrap();

    let run = workspace.zookiln(["--quiet", "update"]).succeed();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet update
versions.lock is up to date
! warning: `http://mirror.example/debian/dists/trixie/InRelease`: it was valid until 2026-01-10T10:00:00Z; it is taken, since this host's apt has `Acquire::Check-Valid-Until` switched off

"#]]
    );
}

/// A build that resolves again is no less careful.
#[test]
fn a_build_does_not_resolve_by_a_forged_list() {
    let workspace = Workspace::new();
    let bash = fixture().path("bash_5.2.37-2_amd64.deb");
    workspace.server.answer(bash, Behaviour::NotFound);
    serve(
        &workspace.server,
        IN_RELEASE,
        STRANGER.sign_text(&signed_text()),
    );

    let run = workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .fail();

    assert!(
        run.stderr
            .contains("no InRelease of `trixie` can be believed"),
        "{}",
        run.transcript()
    );
    assert!(
        run.stderr
            .contains("error: cannot fetch `bash_5.2.37-2_amd64.deb`"),
        "{}",
        run.transcript()
    );
    assert!(!workspace.project().join("images").exists());
}

/// The part of the lock that speaks of 3.6.1's archive.
fn locked_release(workspace: &Workspace) -> String {
    let lock = fs::read_to_string(workspace.project().join("versions.lock")).unwrap();
    let (_, rest) = lock
        .split_once("[[release]]\nversion = \"3.6.1\"\n")
        .unwrap();
    rest.split("[[").next().unwrap().to_owned()
}

#[test]
fn update_checks_the_signature_of_a_release_archive_once() {
    let workspace = Workspace::without_lock();
    workspace.install_mvn();
    let signature = format!("{}.asc", tarball_path("3.6.1"));

    workspace.zookiln(["--quiet", "update"]).succeed();

    let manager = RELEASES_MANAGER.fingerprint();
    let expected = format!(
        "[release.signature]\nsigner = \"{manager}\"\nkey = \"{manager}\"\nmade = \"2026-01-03T10:00:00Z\"\n"
    );
    let found = locked_release(&workspace);
    assert!(found.contains(&expected), "{found}");
    let keys = fs::read_to_string(workspace.project().join("versions.keys")).unwrap();
    assert!(keys.contains(&manager), "the manager's key is kept: {keys}");

    workspace.zookiln(["--quiet", "update"]).succeed();
    assert_eq!(workspace.server.count(&signature), 1);
    assert_eq!(workspace.server.count("/KEYS"), 1);
}

#[test]
fn a_release_archive_signed_by_somebody_else_is_refused() {
    let tarball = tarball_path("3.6.1");
    let archive = fixture().bytes(&tarball);
    let table = [
        ("a stranger's", STRANGER.sign_file(archive)),
        (
            "another archive's",
            RELEASES_MANAGER.sign_file(b"another archive"),
        ),
        ("no signature", b"-----BEGIN NOTHING-----\n".to_vec()),
        ("an empty one", Vec::new()),
    ];
    for (what, signature) in table {
        let workspace = Workspace::without_lock();
        workspace.install_mvn();
        serve(&workspace.server, &format!("{tarball}.asc"), signature);
        let before = Snapshot::of(&workspace.project());

        let run = workspace
            .zookiln(["--quiet", "update", "--version", "3.6.1"])
            .fail();

        assert!(
            run.stderr
                .contains("error: the signature of `apache-zookeeper-3.6.1-bin.tar.gz` at `"),
            "{what}: {}",
            run.transcript()
        );
        assert!(
            run.stderr.contains("hint: check that `signer`"),
            "{what}: {}",
            run.transcript()
        );
        assert_eq!(Snapshot::of(&workspace.project()), before, "{what}");
    }
}

/// One good release before a bad one: neither the lock nor a key of it is kept.
#[test]
fn nothing_is_kept_of_an_update_that_fails_at_its_last_release() {
    let workspace = Workspace::without_lock();
    workspace.install_mvn();
    let signature = format!("{}.asc", tarball_path("3.6.1"));
    serve(&workspace.server, &signature, STRANGER.sign_file(b"x"));
    let before = Snapshot::of(&workspace.project());

    workspace.zookiln(["--quiet", "update"]).fail();

    assert_eq!(Snapshot::of(&workspace.project()), before);
}

/// Whoever slips another archive in must not get rid of its signature by withholding it.
#[test]
fn a_signature_that_the_lock_has_is_not_given_up() {
    let workspace = Workspace::new();
    let signature = format!("{}.asc", tarball_path("3.6.1"));
    workspace.server.answer(&signature, Behaviour::NotFound);
    let size = fixture().bytes(&tarball_path("3.6.1")).len();
    workspace.edit_lock(&format!("size = {size}\n"), "size = 7\n");
    let before = Snapshot::of(&workspace.project());

    let run = workspace.zookiln(["--quiet", "update"]).fail();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet update
! error: `apache-zookeeper-3.6.1-bin.tar.gz` is another than the lock has a signature for, and its own cannot be checked
!   no address gives `apache-zookeeper-3.6.1-bin.tar.gz.asc`
!     `http://mirror.example/dist/zookeeper/zookeeper-3.6.1/apache-zookeeper-3.6.1-bin.tar.gz.asc`: answered 404 Not Found
! hint: name a mirror that has the signature by `--mirror apache=ADDRESS`, or put the archive in the catalog back
[exit 1]

"#]]
    );
    assert_eq!(Snapshot::of(&workspace.project()), before);
}

/// A signer who lost the catalog's trust has vouched for nothing.
#[test]
fn a_lock_by_a_signer_that_the_catalog_no_longer_names_is_refused() {
    let workspace = Workspace::new();
    let signers = format!("signers = [\"{}\"]", ARCHIVE.fingerprint());
    let others = format!("signers = [\"{}\"]", STRANGER.fingerprint());
    workspace.edit_catalog(&signers, &others);

    let run = workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .fail();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1
! error: the lock has no suite `trixie` signed by whom the catalog names now
! hint: run `zookiln update`
[exit 1]

"#]]
    );
    let run = workspace.zookiln(["--quiet", "update"]).fail();
    assert!(
        run.stderr.contains("hint: if Debian signs by new keys"),
        "{}",
        run.transcript()
    );
}

#[test]
fn a_signature_that_is_not_to_be_had_is_a_warning() {
    let workspace = Workspace::without_lock();
    workspace.install_mvn();
    for version in ["3.5.7", "3.6.1"] {
        let signature = format!("{}.asc", tarball_path(version));
        workspace.server.answer(&signature, Behaviour::NotFound);
    }

    let run = workspace.zookiln(["--quiet", "update"]).succeed();

    let text = run.transcript();
    let warning = text.split_once("! warning: ").unwrap().1;
    assert_data_eq!(
        warning.to_owned(),
        str![[r#"
the signatures of these release archives were not checked, their SHA-512 vouches alone:
!   apache-zookeeper-3.5.7-bin.tar.gz: no address gives `apache-zookeeper-3.5.7-bin.tar.gz.asc`
!     `http://mirror.example/dist/zookeeper/zookeeper-3.5.7/apache-zookeeper-3.5.7-bin.tar.gz.asc`: answered 404 Not Found
!   apache-zookeeper-3.6.1-bin.tar.gz: no address gives `apache-zookeeper-3.6.1-bin.tar.gz.asc`
!     `http://mirror.example/dist/zookeeper/zookeeper-3.6.1/apache-zookeeper-3.6.1-bin.tar.gz.asc`: answered 404 Not Found

"#]]
    );
    assert!(!locked_release(&workspace).contains("signature"));

    // As soon as it is there, the next one has it.
    let signature = format!("{}.asc", tarball_path("3.6.1"));
    workspace.server.answer(&signature, Behaviour::Honest);
    workspace.zookiln(["--quiet", "update"]).succeed();
    assert!(locked_release(&workspace).contains("[release.signature]"));
}

/// What the lock was written for is not built for another signer.
#[test]
fn a_catalog_with_another_signer_needs_another_lock() {
    let workspace = Workspace::new();
    let manager = RELEASES_MANAGER.fingerprint();
    let release = format!("applets = [\"healthcheck\", \"zkServer.sh\"]\nsigner = \"{manager}\"");
    let catalog = fs::read_to_string(workspace.project().join("versions.toml")).unwrap();
    let catalog = catalog.replace(
        &release,
        &release.replace(&manager, &STRANGER.fingerprint()),
    );
    fs::write(workspace.project().join("versions.toml"), catalog).unwrap();

    let run = workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .fail();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1
! error: the lock has no release 3.6.1 as the catalog has it now
! hint: run `zookiln update`
[exit 1]

"#]]
    );
}

/// Two packages answer one name: a person chooses, in the catalog.
#[test]
fn a_name_that_several_packages_provide_is_refused_until_the_catalog_chooses() {
    let workspace = Workspace::new();
    workspace.install_mvn();
    let packages = fixture().main_packages_with_two_editors();
    let mut files = BTreeMap::new();
    let suite = Suite {
        date: "Sun, 04 Jan 2026 10:00:00 UTC",
        packages: &packages,
        ..fixture().main_suite()
    };
    suite.add_to(&mut files);
    workspace.server.add_files(&files);
    workspace.edit_catalog(
        "packages = [\"bash\", \"busybox-static\"]",
        "packages = [\"bash\", \"busybox-static\", \"writer\"]",
    );

    let run = workspace.zookiln(["--quiet", "update"]).fail();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet update
! error: cannot resolve the packages of Debian `trixie`: `shell.trixie` for linux/amd64: `writer` → `editor`: provided by `nano`, `vim-tiny`
! hint: choose one in the catalog's table `choices`, for example `editor = "nano"`
[exit 1]

"#]]
    );

    workspace.edit_catalog(
        "unwanted = [",
        "choices = { editor = \"vim-tiny\" }\nunwanted = [",
    );
    let run = workspace.zookiln(["--quiet", "update"]).succeed();
    assert!(
        run.stdout()
            .contains("vim-tiny (shell.trixie, linux/amd64)"),
        "{}",
        run.transcript()
    );
    assert!(!run.stdout().contains("nano"), "{}", run.transcript());
}
