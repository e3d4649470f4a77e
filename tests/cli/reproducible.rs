//! The same inputs give the same digest, whatever differs around the build.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use crate::support::{Layout, Run, Workspace, json};

/// The digest of `build --version 3.6.1` where nothing is special.
static ORDINARY: LazyLock<String> = LazyLock::new(|| {
    let workspace = Workspace::new();
    digest(
        &workspace
            .zookiln(["--quiet", "build", "--version", "3.6.1"])
            .succeed(),
    )
});

/// The digest that a run printed.
fn digest(run: &Run) -> String {
    let mut words = run.stdout().split_whitespace();
    let word = words.find(|word| word.starts_with("sha256:"));
    word.unwrap_or_else(|| panic!("{}", run.transcript()))
        .to_owned()
}

#[test]
fn the_printed_digest_is_that_of_the_nested_index() {
    let workspace = Workspace::new();

    let run = workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();

    let layout = Layout::read(&workspace.project().join("images/zookeeper-3.6.1"));
    assert_eq!(digest(&run), layout.digest());
}

#[test]
fn a_deleted_output_comes_back_with_the_same_digest_and_without_a_request() {
    let workspace = Workspace::new();
    workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();
    let asked = workspace.server.requests();
    fs::remove_dir_all(workspace.project().join("images")).unwrap();

    let run = workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();

    assert_eq!(digest(&run), *ORDINARY);
    assert!(run.stdout().contains("written"));
    assert_eq!(workspace.server.requests(), asked);
}

#[test]
fn an_emptied_cache_gives_the_same_digest() {
    let workspace = Workspace::new();
    workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();
    workspace.empty_cache();
    fs::remove_dir_all(workspace.project().join("images")).unwrap();

    let run = workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();

    assert_eq!(digest(&run), *ORDINARY);
}

#[test]
fn the_number_of_threads_does_not_matter() {
    for jobs in ["1", "2", "8"] {
        let workspace = Workspace::new();

        let run = workspace
            .zookiln(["--quiet", "build", "--version", "3.6.1", "-j", jobs])
            .succeed();

        assert_eq!(digest(&run), *ORDINARY, "-j {jobs}");
    }
}

#[test]
fn the_directory_does_not_matter() {
    let workspace = Workspace::new();
    let elsewhere = workspace.path("somewhere else, with blanks");
    fs::create_dir(&elsewhere).unwrap();
    for file in ["versions.toml", "versions.lock"] {
        fs::copy(workspace.project().join(file), elsewhere.join(file)).unwrap();
    }
    let cache = elsewhere.join("a cache");

    let run = workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1", "-o", "an output"])
        .directory(elsewhere.clone())
        .env("ZOOKILN_CACHE", cache)
        .succeed();

    assert_eq!(digest(&run), *ORDINARY);
    assert_eq!(
        Layout::read(&elsewhere.join("an output")).digest(),
        *ORDINARY
    );
}

#[test]
fn a_relative_cache_directory_works() {
    let workspace = Workspace::new();

    let run = workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .env("ZOOKILN_CACHE", "../cache")
        .succeed();

    assert_eq!(digest(&run), *ORDINARY);
}

#[test]
fn the_umask_does_not_matter() {
    for umask in ["000", "077"] {
        let workspace = Workspace::new();

        let run = workspace
            .zookiln(["--quiet", "build", "--version", "3.6.1"])
            .umask(umask)
            .succeed();

        assert_eq!(digest(&run), *ORDINARY, "umask {umask}");
    }
}

#[test]
fn time_zone_language_and_java_options_do_not_matter() {
    let workspace = Workspace::new();

    let run = workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .env("TZ", "Pacific/Kiritimati")
        .env("LANG", "tr_TR.UTF-8")
        .env("LC_ALL", "tr_TR.UTF-8")
        .env("JAVA_TOOL_OPTIONS", "-Dleaks=true")
        .env("JDK_JAVA_OPTIONS", "-Dleaks=true")
        .succeed();

    assert_eq!(digest(&run), *ORDINARY);
}

#[test]
fn the_order_of_versions_and_platforms_does_not_matter() {
    let workspace = Workspace::new();

    let run = workspace
        .zookiln([
            "--quiet",
            "build",
            "--version",
            "3.6.1,3.5.7,3.6.1",
            "--platform",
            "linux/arm64",
            "--platform",
            "linux/amd64,linux/arm64",
        ])
        .succeed();

    assert_eq!(run.stdout().lines().count(), 2);
    assert_eq!(digest(&run), *ORDINARY);
}

#[test]
fn source_date_epoch_lowers_every_time_and_raises_none() {
    let workspace = Workspace::new();
    let build = |epoch: &str| {
        let run = workspace
            .zookiln(["build", "--version", "3.6.1"])
            .env("SOURCE_DATE_EPOCH", epoch)
            .succeed();
        let said = run.lines("`SOURCE_DATE_EPOCH`").join("\n");
        (digest(&run), said, read(&workspace.project()))
    };
    let shown = |time: &str| {
        let run = workspace
            .zookiln(["inspect", "images/zookeeper-3.6.1"])
            .succeed();
        let line = format!("created      {time}\n");
        assert_eq!(run.stdout().matches(&line).count(), 2, "{}", run.stdout());
    };

    let (higher, said, layout) = build("4102444800");
    assert_eq!(higher, *ORDINARY);
    assert_eq!(
        said,
        "`SOURCE_DATE_EPOCH` raises no time: that of the catalog stays, 2026-01-01T00:00:00Z"
    );
    assert_eq!(layout.images[0].config["created"], "2026-01-01T00:00:00Z");
    assert_eq!(recorded(&layout), "1767225600");
    shown("2026-01-01T00:00:00Z");

    let (lower, said, layout) = build("1000000000");
    assert_ne!(lower, *ORDINARY);
    assert_eq!(
        said,
        "`SOURCE_DATE_EPOCH` lowers every time to 2001-09-09T01:46:40Z"
    );
    assert_eq!(recorded(&layout), "1000000000");
    shown("2001-09-09T01:46:40Z");
    for image in &layout.images {
        assert_eq!(image.config["created"], "2001-09-09T01:46:40Z");
        for layer in &image.layers {
            let mut archive = tar::Archive::new(layer.tar.as_slice());
            for entry in archive.entries().unwrap() {
                assert_eq!(entry.unwrap().header().mtime().unwrap(), 1_000_000_000);
            }
        }
    }

    let (empty, said, _) = build("");
    assert_eq!(empty, *ORDINARY);
    assert_eq!(said, "");
}

/// What `index.json` says of the time.
fn recorded(layout: &Layout) -> &str {
    (layout.top["annotations"]["zookiln.created"].as_str()).unwrap()
}

/// Whoever looks before is told as well.
#[test]
fn a_dry_run_says_what_source_date_epoch_comes_to() {
    let workspace = Workspace::new();
    let run = workspace
        .zookiln([
            "build",
            "--version",
            "3.6.1",
            "--dry-run",
            "--format",
            "json",
        ])
        .env("SOURCE_DATE_EPOCH", "1000000000")
        .succeed();
    assert_eq!(
        run.stderr,
        "`SOURCE_DATE_EPOCH` lowers every time to 2001-09-09T01:46:40Z\n"
    );
    let plan = json(&run.stdout);
    assert_eq!(plan["images"][0]["created"], "2001-09-09T01:46:40Z");
}

fn read(project: &Path) -> Layout {
    Layout::read(&project.join("images/zookeeper-3.6.1"))
}

#[test]
fn a_lock_written_again_gives_the_same_digest() {
    let workspace = Workspace::without_lock();
    workspace.install_mvn();
    workspace.zookiln(["--quiet", "update"]).succeed();

    let run = workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();

    assert_eq!(digest(&run), *ORDINARY);
}
