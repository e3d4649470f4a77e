//! One flipped byte anywhere: an error that names file, expected and found, and an untouched output;
//! or, in the cache, a warning that does and another fetch.

use std::fs;
use std::path::{Path, PathBuf};

use snapbox::{assert_data_eq, str};

use crate::support::{
    Behaviour, Layout, Run, Snapshot, Workspace, fixture, flipped, sha256, sha512, tarball_path,
};

/// A workspace with an image that is older than what a build would write, and an empty cache.
fn with_old_image(source: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1", "--source", source])
        .env("SOURCE_DATE_EPOCH", "1000000000")
        .succeed();
    workspace.empty_cache();
    workspace
}

fn image(workspace: &Workspace) -> PathBuf {
    workspace.project().join("images/zookeeper-3.6.1")
}

/// Serves `path` with a flipped byte and builds: fails, leaves the old image, names both digests.
fn build_with_flipped(workspace: &Workspace, path: &str, source: &str) -> Run {
    workspace.server.answer(path, Behaviour::Flipped);
    let before = Snapshot::of(&image(workspace));

    let run = workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1", "--source", source])
        .fail();

    let after = Snapshot::of(&image(workspace));
    assert_eq!(after.contents(), before.contents());
    let found = sha256(&flipped(fixture().bytes(path)));
    run.name(&fixture().digest(path), "[expected]")
        .name(&format!("sha256:{found}"), "[found]")
}

#[test]
fn a_flipped_byte_in_a_served_package_is_an_error() {
    let workspace = with_old_image("tarball");

    let run = build_with_flipped(
        &workspace,
        fixture().path("bash_5.2.37-2_arm64.deb"),
        "tarball",
    );

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1 --source tarball
! error: cannot fetch `bash_5.2.37-2_arm64.deb`
!   `http://mirror.example/debian/pool/main/b/bash/bash_5.2.37-2_arm64.deb`: bash_5.2.37-2_arm64.deb: expected [expected], found [found]
!   `http://mirror.example/snapshot/debian/[time]/pool/main/b/bash/bash_5.2.37-2_arm64.deb`: answered 404 Not Found
! hint: something on the way gives other bytes: check the network and its proxies, or name an address by `--mirror`
[exit 1]

"#]]
    );
}

#[test]
fn a_flipped_byte_in_a_served_jar_is_an_error() {
    let workspace = with_old_image("maven");

    let run = build_with_flipped(
        &workspace,
        fixture().path("/maven2/org/apache/zookeeper/zookeeper/3.6.1/zookeeper-3.6.1.jar"),
        "maven",
    );

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1 --source maven
! error: cannot fetch one jar: no Maven repository answered, and there is no `mvn` on PATH
!   `http://mirror.example/maven2/org/apache/zookeeper/zookeeper/3.6.1/zookeeper-3.6.1.jar`: zookeeper-3.6.1.jar: expected [expected], found [found]
! hint: install Maven (`apt-get install maven`), or check the network
[exit 1]

"#]]
    );
}

#[test]
fn a_flipped_byte_in_the_served_tarball_is_an_error() {
    let workspace = with_old_image("tarball");
    let path = tarball_path("3.6.1");

    let run = build_with_flipped(&workspace, &path, "tarball");

    let sums = |bytes: &[u8]| format!("sha512:{}", sha512(bytes));
    let honest = fixture().bytes(&path);
    let run = run
        .name(&sums(honest), "[expected]")
        .name(&sums(&flipped(honest)), "[found]");
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1 --source tarball
! error: cannot fetch `apache-zookeeper-3.6.1-bin.tar.gz`
!   `http://mirror.example/dist/zookeeper/zookeeper-3.6.1/apache-zookeeper-3.6.1-bin.tar.gz`: apache-zookeeper-3.6.1-bin.tar.gz: expected [expected], found [found]
! hint: something on the way gives other bytes: check the network and its proxies, or name an address by `--mirror`
[exit 1]

"#]]
    );
}

#[test]
fn files_that_are_too_short_or_too_long_are_errors() {
    let path = fixture().path("bash_5.2.37-2_amd64.deb");
    let length = fixture().bytes(path).len();
    for behaviour in [Behaviour::Short, Behaviour::Long, Behaviour::Cut] {
        let workspace = Workspace::new();
        workspace.server.answer(path, behaviour);

        let run = workspace
            .zookiln(["--quiet", "build", "--version", "3.6.1"])
            .fail();

        let first = &run.stderr;
        match behaviour {
            Behaviour::Short => {
                assert!(
                    first.contains(&format!(
                        "expected {length} bytes, found {} bytes",
                        length / 2
                    )),
                    "{first}"
                );
            }
            Behaviour::Long => {
                assert!(
                    first.contains(&format!(
                        "expected {length} bytes, found {} bytes",
                        length + 1
                    )),
                    "{first}"
                );
            }
            _ => assert!(
                run.lines("error: ")[0].contains("bash_5.2.37-2_amd64.deb"),
                "{}",
                run.stderr
            ),
        }
        assert!(!image(&workspace).join("index.json").exists());
    }
}

/// Flips a byte of the cached file of `digest`, has it read by a build, and returns what was said.
fn build_with_flipped_cache(workspace: &Workspace, digest: &str) -> Run {
    let cached = workspace.cached(digest);
    let good = fs::read(&cached).unwrap();
    let bad = flipped(&good);
    fs::write(&cached, &bad).unwrap();

    let run = workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();

    assert_eq!(fs::read(cached).unwrap(), good);
    let layout = Layout::read(&image(workspace));
    let (algorithm, hex) = digest.split_once(':').unwrap();
    let found = match algorithm {
        "sha512" => sha512(&bad),
        _ => sha256(&bad),
    };
    run.name(layout.digest(), "[digest]")
        .name(digest, "[expected]")
        .name(hex, "[hex]")
        .name(&format!("{algorithm}:{found}"), "[found]")
}

#[test]
fn a_flipped_byte_in_a_cached_package_is_fetched_again_with_a_warning() {
    let workspace = Workspace::new();
    // Another time makes every layer anew from the cached packages.
    workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .env("SOURCE_DATE_EPOCH", "1000000000")
        .succeed();
    let path = fixture().path("bash_5.2.37-2_arm64.deb");

    let run = build_with_flipped_cache(&workspace, &fixture().digest(path));

    assert_eq!(workspace.server.count(path), 2);
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1
images/zookeeper-3.6.1:3.6.1 [digest] (tarball, written)
! warning: cached file `[CACHE]/v1/blobs/sha256/[hex]`: expected [expected], found [found]; it is fetched or made again

"#]]
    );
}

#[test]
fn a_flipped_byte_in_the_cached_tarball_is_fetched_again_with_a_warning() {
    let workspace = Workspace::new();
    workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .env("SOURCE_DATE_EPOCH", "1000000000")
        .succeed();
    let path = tarball_path("3.6.1");
    let digest = format!("sha512:{}", sha512(fixture().bytes(&path)));

    let run = build_with_flipped_cache(&workspace, &digest);

    assert_eq!(workspace.server.count(&path), 2);
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1
images/zookeeper-3.6.1:3.6.1 [digest] (tarball, written)
! warning: cached file `[CACHE]/v1/blobs/sha512/[hex]`: expected [expected], found [found]; it is fetched or made again

"#]]
    );
}

#[test]
fn a_flipped_byte_in_a_cached_layer_is_made_again_with_a_warning() {
    let workspace = Workspace::new();
    workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();
    let digest = Layout::read(&image(&workspace)).images[1]
        .layer("java")
        .digest
        .clone();
    fs::remove_dir_all(image(&workspace)).unwrap();

    let run = build_with_flipped_cache(&workspace, &digest);

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1
images/zookeeper-3.6.1:3.6.1 [digest] (tarball, written)
! warning: cached file `[CACHE]/v1/blobs/sha256/[hex]`: expected [expected], found [found]; it is fetched or made again

"#]]
    );
}

/// A blob of an image, damaged.
fn flip(path: &Path) -> (String, String) {
    let good = fs::read(path).unwrap();
    let bad = flipped(&good);
    fs::write(path, &bad).unwrap();
    (
        format!("sha256:{}", sha256(&good)),
        format!("sha256:{}", sha256(&bad)),
    )
}

#[test]
fn a_flipped_byte_in_a_document_of_a_layout_is_refused_and_mended() {
    let workspace = Workspace::new();
    let build = ["--quiet", "build", "--version", "3.6.1"];
    workspace.zookiln(build).succeed();
    let layout = Layout::read(&image(&workspace));
    let digest = layout.digest().to_owned();
    let manifest = layout.images[0].manifest["config"]["digest"]
        .as_str()
        .unwrap()
        .to_owned();
    let (expected, found) = flip(&layout.blob_path(&manifest));
    let named = |run: Run| {
        run.name(&expected, "[expected]")
            .name(&expected["sha256:".len()..], "[hex]")
            .name(&found, "[found]")
            .transcript()
    };

    let inspect = workspace
        .zookiln(["inspect", "images/zookeeper-3.6.1"])
        .fail();
    assert_data_eq!(
        named(inspect),
        str![[r#"
$ zookiln inspect images/zookeeper-3.6.1
! error: blob `images/zookeeper-3.6.1/blobs/sha256/[hex]`: expected [expected], found [found]
! hint: remove the directory and build the image anew
[exit 1]

"#]]
    );
    let export = workspace
        .zookiln([
            "export",
            "images/zookeeper-3.6.1",
            "--as",
            "oci-archive",
            "-o",
            "out.tar",
        ])
        .fail();
    assert_data_eq!(
        named(export),
        str![[r#"
$ zookiln export images/zookeeper-3.6.1 --as oci-archive -o out.tar
! error: cannot export to `out.tar`: blob `images/zookeeper-3.6.1/blobs/sha256/[hex]`: expected [expected], found [found]
! hint: remove the directory and build the image anew
[exit 1]

"#]]
    );
    assert!(!workspace.project().join("out.tar").exists());

    let run = workspace.zookiln(build).succeed();
    assert!(run.stdout().contains("written"));
    assert_eq!(Layout::read(&image(&workspace)).digest(), digest);
}

#[test]
fn a_flipped_byte_in_a_layer_of_a_layout_is_not_exported() {
    let workspace = Workspace::new();
    workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();
    let layout = Layout::read(&image(&workspace));
    let layer = layout.images[0].layer("java").digest.clone();
    let (expected, found) = flip(&layout.blob_path(&layer));

    let run = workspace
        .zookiln([
            "export",
            "images/zookeeper-3.6.1",
            "--as",
            "oci-archive",
            "-o",
            "out.tar",
        ])
        .fail();

    let error = run.lines("error: ").join("\n");
    assert!(
        error.contains(&expected) && error.contains(&found),
        "{error}"
    );
    assert_eq!(
        crate::support::names(&workspace.project()),
        ["images", "versions.keys", "versions.lock", "versions.toml"]
    );
}

#[test]
fn a_missing_or_cut_layer_of_a_layout_is_mended() {
    let workspace = Workspace::new();
    let build = ["--quiet", "build", "--version", "3.6.1"];
    workspace.zookiln(build).succeed();
    let layout = Layout::read(&image(&workspace));
    let java = layout.blob_path(&layout.images[0].layer("java").digest);
    let base = layout.blob_path(&layout.images[0].layer("base").digest);
    fs::remove_file(java).unwrap();
    fs::write(base, b"cut").unwrap();

    workspace.zookiln(build).succeed();

    assert_eq!(Layout::read(&image(&workspace)).digest(), layout.digest());
}

#[test]
fn several_bad_files_in_the_cache_are_all_mended() {
    let workspace = Workspace::new();
    workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .env("SOURCE_DATE_EPOCH", "1000000000")
        .succeed();
    for name in [
        "base-files_13.8_amd64",
        "bash_5.2.37-2_amd64",
        "bash_5.2.37-2_arm64",
    ] {
        let path = fixture().path(&format!("{name}.deb"));
        let cached = workspace.cached(&fixture().digest(path));
        fs::write(&cached, flipped(fixture().bytes(path))).unwrap();
    }

    let run = workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();

    assert_eq!(run.lines("warning: cached file").len(), 3);
}
