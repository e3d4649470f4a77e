//! Mistakes of a person: one clear error each, with what is possible instead, and nothing written.

use std::fs;

use snapbox::{assert_data_eq, str};

use crate::support::{Run, Snapshot, Workspace};

/// Runs what must fail without a request and without a new file.
fn refused<const N: usize>(workspace: &Workspace, arguments: [&str; N]) -> Run {
    let before = Snapshot::of(&workspace.project());

    let run = workspace.zookiln(arguments).run();

    assert_eq!(Snapshot::of(&workspace.project()), before);
    let requests = workspace.server.requests();
    assert_eq!(requests, Vec::<String>::new());
    run
}

#[test]
fn an_unknown_version() {
    let run = refused(&Workspace::new(), ["build", "--version", "3.6.2"]);

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build --version 3.6.2
! error: unknown version `3.6.2`
! hint: the catalog has 3.5.7, 3.6.1
[exit 1]

"#]]
    );
}

#[test]
fn one_unknown_version_of_two_stops_both() {
    let run = refused(&Workspace::new(), ["build", "--version", "3.6.1", "9"]);

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build --version 3.6.1 9
! error: unknown version `9`
! hint: the catalog has 3.5.7, 3.6.1
[exit 1]

"#]]
    );
}

#[test]
fn no_version() {
    let run = refused(&Workspace::new(), ["build"]);

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build
! error: the following required arguments were not provided:
!   --version <VERSION>...
! 
! Usage: zookiln build --version <VERSION>...
! 
! For more information, try '--help'.
[exit 2]

"#]]
    );
}

#[test]
fn an_unknown_platform() {
    let run = refused(
        &Workspace::new(),
        ["build", "--version", "3.6.1", "--platform", "linux/riscv64"],
    );

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build --version 3.6.1 --platform linux/riscv64
! error: invalid value 'linux/riscv64' for '--platform <PLATFORM>': unknown platform `linux/riscv64`, expected `linux/amd64` or `linux/arm64`
! 
! For more information, try '--help'.
[exit 2]

"#]]
    );
}

#[test]
fn a_platform_that_the_catalog_does_not_have() {
    let workspace = Workspace::new();
    workspace.edit_catalog(
        "platforms = [\"linux/amd64\", \"linux/arm64\"]",
        "platforms = [\"linux/arm64\"]",
    );

    let run = refused(
        &workspace,
        ["build", "--version", "3.6.1", "--platform", "linux/amd64"],
    );

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build --version 3.6.1 --platform linux/amd64
! error: the catalog has no platform `linux/amd64`, only linux/arm64
[exit 2]

"#]]
    );
}

#[test]
fn an_unknown_variant() {
    let run = refused(
        &Workspace::new(),
        ["build", "--version", "3.6.1", "--variant", "slim"],
    );

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build --version 3.6.1 --variant slim
! error: invalid value 'slim' for '--variant <full|distroless>': unknown variant `slim`, expected `full` or `distroless`
! 
! For more information, try '--help'.
[exit 2]

"#]]
    );
}

#[test]
fn an_unknown_source() {
    let run = refused(
        &Workspace::new(),
        ["build", "--version", "3.6.1", "--source", "git"],
    );

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build --version 3.6.1 --source git
! error: invalid value 'git' for '--source <SOURCE>'
!   [possible values: auto, tarball, maven]
! 
! For more information, try '--help'.
[exit 2]

"#]]
    );
}

#[test]
fn an_unknown_option() {
    let run = refused(
        &Workspace::new(),
        ["build", "--version", "3.6.1", "--platfrom", "linux/amd64"],
    );

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build --version 3.6.1 --platfrom linux/amd64
! error: unexpected argument '--platfrom' found
! 
!   tip: a similar argument exists: '--platform'
! 
! Usage: zookiln build --version <VERSION>... --platform <PLATFORM>
! 
! For more information, try '--help'.
[exit 2]

"#]]
    );
}

#[test]
fn no_threads() {
    let run = refused(
        &Workspace::new(),
        ["build", "--version", "3.6.1", "-j", "0"],
    );

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build --version 3.6.1 -j 0
! error: invalid value '0' for '--jobs <N>': number would be zero for non-zero type
! 
! For more information, try '--help'.
[exit 2]

"#]]
    );
}

#[test]
fn a_directory_for_two_images() {
    let run = refused(
        &Workspace::new(),
        ["build", "--version", "3.5.7,3.6.1", "--output", "here"],
    );

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build --version 3.5.7,3.6.1 --output here
! error: `--output` is the directory of one image, and 2 versions were asked for
[exit 2]

"#]]
    );
}

#[test]
fn an_unknown_key_in_the_catalog() {
    let workspace = Workspace::new();
    workspace.edit_catalog("stop-signal =", "stop-singal =");

    let run = refused(&workspace, ["build", "--version", "3.6.1"]);

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build --version 3.6.1
! error: versions.toml:12:1: unknown field `stop-singal`, expected one of `name`, `entrypoint`, `command`, `working-directory`, `ports`, `volumes`, `stop-signal`, `user`, `environment`, `health-check`, `labels`
! hint: did you mean `stop-signal`?
[exit 1]

"#]]
    );
}

#[test]
fn an_unknown_key_in_a_release() {
    let workspace = Workspace::new();
    workspace.edit_catalog("tags = [\"3.6.1\"", "tag = [\"3.6.1\"");

    let run = refused(&workspace, ["list"]);

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln list
! error: versions.toml:100:1: unknown field `tag`, expected one of `version`, `tags`, `base`, `shell`, `java`, `applets`, `signer`, `tarball`, `maven-lacks`, `exclude`, `jars`
! hint: did you mean `tags`?
[exit 1]

"#]]
    );
}

#[test]
fn a_catalog_that_is_not_toml() {
    let workspace = Workspace::new();
    workspace.edit_catalog("[image.user]", "[image.user");

    let run = refused(&workspace, ["build", "--version", "3.6.1"]);

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build --version 3.6.1
! error: versions.toml:14:12: unclosed table, expected `]`
[exit 1]

"#]]
    );
}

#[test]
fn a_value_that_cannot_be() {
    let workspace = Workspace::new();
    workspace.edit_catalog("base = \"trixie\"", "base = \"sid\"");

    let run = refused(&workspace, ["build", "--version", "3.6.1"]);

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build --version 3.6.1
! error: versions.toml: release 3.5.7 names the unknown `base.sid`
[exit 1]

"#]]
    );
}

#[test]
fn a_catalog_that_is_not_there() {
    let run = refused(
        &Workspace::new(),
        ["build", "--version", "3.6.1", "--catalog", "mine.toml"],
    );

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build --version 3.6.1 --catalog mine.toml
! error: cannot read `mine.toml`: No such file or directory (os error 2)
[exit 1]

"#]]
    );
}

#[test]
fn no_lock() {
    let run = refused(&Workspace::without_lock(), ["build", "--version", "3.6.1"]);

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build --version 3.6.1
! error: `versions.lock` does not exist
! hint: run `zookiln update` to write it
[exit 1]

"#]]
    );
}

#[test]
fn a_lock_that_lacks_a_package() {
    let workspace = Workspace::new();
    workspace.edit_lock("name = \"zlib1g\"", "name = \"zlib0g\"");

    let run = refused(&workspace, ["build", "--version", "3.6.1"]);

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build --version 3.6.1
! error: the lock has no package `zlib1g` of `base.trixie` for linux/amd64
! hint: run `zookiln update`
[exit 1]

"#]]
    );
}

#[test]
fn a_lock_that_lacks_a_jar() {
    let workspace = Workspace::new();
    workspace.edit_lock(
        "org.apache.zookeeper:zookeeper:3.6.1",
        "org.apache.zookeeper:zookeeper:3.6.0",
    );

    let run = refused(&workspace, ["build", "--version", "3.6.1"]);

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build --version 3.6.1
! error: the lock has no jar `org.apache.zookeeper:zookeeper:3.6.1`
! hint: run `zookiln update`
[exit 1]

"#]]
    );
}

#[test]
fn a_lock_that_lacks_the_debian_release() {
    let workspace = Workspace::new();
    let text = fs::read_to_string(workspace.project().join("versions.lock")).unwrap();
    let (before, rest) = text.split_once("[debian.trixie]").unwrap();
    let (_, after) = rest.split_once("[[release]]").unwrap();
    let lock = format!("{before}[[release]]{after}");
    fs::write(workspace.project().join("versions.lock"), lock).unwrap();

    let run = refused(&workspace, ["build", "--version", "3.6.1"]);

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build --version 3.6.1
! error: the lock has no packages of Debian `trixie`
! hint: run `zookiln update`
[exit 1]

"#]]
    );
}

#[test]
fn a_lock_of_a_later_format() {
    let workspace = Workspace::new();
    workspace.edit_lock("\nformat = 2\n", "\nformat = 3\n");

    let run = refused(&workspace, ["build", "--version", "3.6.1"]);

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build --version 3.6.1
! error: versions.lock: format 3, this program reads format 2
! hint: a newer `zookiln` reads it
[exit 1]

"#]]
    );
}

#[test]
fn a_lock_for_layers_of_another_format() {
    let workspace = Workspace::new();
    workspace.edit_lock("layer-format = 1", "layer-format = 7");

    let run = refused(&workspace, ["build", "--version", "3.6.1"]);

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build --version 3.6.1
! error: the lock is for layers of format 7 by zlib-rs 0.6.8, this program writes format 1 by zlib-rs 0.6.8
! hint: build with the `zookiln` that wrote the lock, or run `zookiln update`: every digest changes then
[exit 1]

"#]]
    );
}

#[test]
fn an_output_below_a_file() {
    let workspace = Workspace::new();
    fs::write(workspace.project().join("file"), "text").unwrap();

    let run = refused(
        &workspace,
        [
            "--quiet",
            "build",
            "--version",
            "3.6.1",
            "--output",
            "file/image",
        ],
    );

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1 --output file/image
! error: cannot read `file/image`: Not a directory (os error 20)
[exit 1]

"#]]
    );
}

#[test]
fn an_output_where_nobody_can_write() {
    // Not even root makes directories there.
    let run = refused(
        &Workspace::new(),
        [
            "--quiet",
            "build",
            "--version",
            "3.6.1",
            "--output",
            "/proc/image",
        ],
    );

    // The system words it differently for root.
    let errors = run.lines("error: ");
    assert_eq!((errors.len(), run.code), (1, Some(1)), "{}", run.stderr);
    assert!(errors[0].contains("`/proc"), "{}", run.stderr);
}

#[test]
fn an_output_with_foreign_files() {
    let workspace = Workspace::new();
    fs::create_dir(workspace.project().join("mine")).unwrap();
    fs::write(workspace.project().join("mine/letter.txt"), "dear").unwrap();

    let run = refused(
        &workspace,
        ["--quiet", "build", "--version", "3.6.1", "--output", "mine"],
    );

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1 --output mine
! error: `mine` is not empty and not an image that zookiln has written
! hint: name an empty directory, or one that a build has written
[exit 1]

"#]]
    );
}

#[test]
fn a_cache_below_a_file() {
    let workspace = Workspace::new();
    fs::write(workspace.path("file"), "text").unwrap();

    let run = workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .env("ZOOKILN_CACHE", workspace.path("file/cache"))
        .fail();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1
! error: cannot open the cache: `ZOOKILN_CACHE` names another place: cannot create `[DIRECTORY]/file/cache/v1`: Not a directory (os error 20)
[exit 1]

"#]]
    );
}

#[test]
fn a_time_that_is_none() {
    let workspace = Workspace::new();
    for epoch in ["yesterday", "0", "-1"] {
        let run = workspace
            .zookiln(["build", "--version", "3.6.1"])
            .env("SOURCE_DATE_EPOCH", epoch)
            .fail();

        let expected =
            format!("error: `SOURCE_DATE_EPOCH={epoch}` is not a number of seconds above 0\n");
        assert_eq!(run.stderr, expected);
    }
}

#[test]
fn a_directory_that_is_no_layout() {
    let workspace = Workspace::new();

    let run = refused(&workspace, ["inspect", "."]);

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln inspect .
! error: `.` is not an image layout: it has no `oci-layout`
! hint: `zookiln build` writes one
[exit 1]

"#]]
    );
}

#[test]
fn a_mirror_that_is_no_directory_is_told_before_anything_is_fetched() {
    let workspace = Workspace::new();
    let run = workspace
        .zookiln(["fetch", "--version", "3.6.1", "--mirror", "file:nowhere"])
        .run();
    assert_eq!(workspace.server.requests(), Vec::<String>::new());
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln fetch --version 3.6.1 --mirror file:nowhere
! error: mirror: `file://[PROJECT]/nowhere/` is no directory
[exit 2]

"#]]
    );
}

#[test]
fn nothing_is_written_into_the_cache_but_by_the_cache() {
    let workspace = Workspace::new();
    let inside = workspace.cache().join("v1/work/image");
    let inside = inside.to_str().unwrap();
    for arguments in [
        ["build", "--version", "3.6.1", "--output", inside],
        ["vendor", inside, "--version", "3.6.1", "--quiet"],
    ] {
        let run = workspace.zookiln(arguments).fail();
        assert!(
            run.stderr
                .contains("is in the cache: name another directory"),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn a_proxy_that_is_no_address_is_an_error_and_not_a_way_around_it() {
    let workspace = Workspace::new();
    let run = workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .env("http_proxy", "user:secret@garbage: x")
        .fail();
    assert_eq!(workspace.server.requests(), Vec::<String>::new());
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1
! error: `http_proxy` is no address of a proxy
[exit 1]

"#]]
    );
}
