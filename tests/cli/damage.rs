//! One flipped byte in the cache or in a layout: a warning that names file, expected and found, and
//! another fetch; or an error that does. What is served with other bytes is in `tampered`.

use std::fs;
use std::path::{Path, PathBuf};

use snapbox::{assert_data_eq, str};

use crate::support::{Layout, Run, Workspace, fixture, flipped, sha256, sha512, tarball_path};

fn image(workspace: &Workspace) -> PathBuf {
    workspace.project().join("images/zookeeper-3.6.1")
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
