//! Builds that are killed, and builds that meet.

use std::fs;
use std::time::Instant;

use crate::support::{Behaviour, DEADLINE, Layout, Workspace, fixture, names};

const BUILD: [&str; 4] = ["--quiet", "build", "--version", "3.6.1"];

/// The digest that an undisturbed build gives.
fn undisturbed() -> String {
    let workspace = Workspace::new();
    workspace.zookiln(BUILD).succeed();
    read(&workspace).digest().to_owned()
}

fn read(workspace: &Workspace) -> Layout {
    Layout::read(&workspace.project().join("images/zookeeper-3.6.1"))
}

#[test]
fn a_build_killed_while_it_fetches_is_taken_up_and_leaves_nothing() {
    let workspace = Workspace::new();
    let path = fixture().path("bash_5.2.37-2_arm64.deb");
    workspace.server.answer(path, Behaviour::Stall);
    let child = workspace.zookiln(BUILD).start();
    workspace.server.wait_for(path, 1);
    child.kill();
    assert_ne!(
        workspace.scratch(),
        Vec::<String>::new(),
        "there is something to sweep"
    );
    workspace.server.answer(path, Behaviour::Honest);

    workspace.zookiln(BUILD).succeed();

    assert_eq!(read(&workspace).digest(), undisturbed());
    assert_eq!(workspace.scratch(), Vec::<String>::new());
}

/// Killed as soon as anything of the new image is in the layout: the old image is whole, or the new
/// one is.
#[test]
fn a_build_killed_while_it_writes_leaves_a_whole_image() {
    let workspace = Workspace::new();
    workspace
        .zookiln(BUILD)
        .env("SOURCE_DATE_EPOCH", "1000000000")
        .succeed();
    let layout = workspace.project().join("images/zookeeper-3.6.1");
    let before = names(&layout.join("blobs/sha256"));

    let child = workspace.zookiln(BUILD).start();
    let begun = Instant::now();
    while names(&layout.join("blobs/sha256")) == before {
        assert!(begun.elapsed() < DEADLINE, "nothing is ever written");
        std::thread::yield_now();
    }
    child.kill();

    let archive = [
        "export",
        "images/zookeeper-3.6.1",
        "--as",
        "oci-archive",
        "-o",
        "whole.tar",
    ];
    workspace.zookiln(archive).succeed();
    workspace.zookiln(BUILD).succeed();
    assert_eq!(read(&workspace).digest(), undisturbed());
    assert_eq!(names(&layout), ["blobs", "index.json", "oci-layout"]);
    assert_eq!(workspace.scratch(), Vec::<String>::new());
}

#[test]
fn two_builds_at_once_share_an_empty_cache() {
    let workspace = Workspace::new();
    let path = fixture().path("bash_5.2.37-2_arm64.deb");
    workspace.server.answer(path, Behaviour::Held);
    let start = |output| {
        let arguments = ["--quiet", "build", "--version", "3.6.1", "--output", output];
        workspace.zookiln(arguments).start()
    };

    let children = [start("one"), start("other")];
    // Both are in the middle of it.
    workspace.server.wait_for(path, 2);
    workspace.server.release();
    for child in children {
        child.succeed();
    }

    let digest = |output: &str| {
        Layout::read(&workspace.project().join(output))
            .digest()
            .to_owned()
    };
    assert_eq!(digest("one"), undisturbed());
    assert_eq!(digest("other"), digest("one"));
    assert_eq!(workspace.scratch(), Vec::<String>::new());
}

#[test]
fn two_builds_at_once_into_one_directory_leave_a_whole_image() {
    let workspace = Workspace::new();
    let path = fixture().path("bash_5.2.37-2_arm64.deb");
    workspace.server.answer(path, Behaviour::Held);

    let children = [
        workspace.zookiln(BUILD).start(),
        workspace.zookiln(BUILD).start(),
    ];
    workspace.server.wait_for(path, 2);
    workspace.server.release();
    for child in children {
        child.succeed();
    }

    assert_eq!(read(&workspace).digest(), undisturbed());
}

#[test]
fn a_failed_build_leaves_no_scratch_and_no_half_image() {
    let workspace = Workspace::new();
    let path = fixture().path("bash_5.2.37-2_arm64.deb");
    workspace.server.answer(path, Behaviour::NotFound);

    workspace.zookiln(BUILD).fail();

    assert_eq!(workspace.scratch(), Vec::<String>::new());
    assert!(!workspace.project().join("images").exists());
    // The rest of what was fetched is kept.
    let kept = fs::read_dir(workspace.cache().join("v1/blobs/sha256"))
        .unwrap()
        .count();
    assert!(kept > 5, "{kept} files");
}

#[test]
fn many_builds_at_once_into_an_empty_directory() {
    let workspace = Workspace::new();
    workspace.zookiln(BUILD).succeed();
    for round in 0..20 {
        let output = format!("output{round}");
        fs::create_dir(workspace.project().join(&output)).unwrap();
        let start = || {
            let arguments = [
                "--quiet",
                "build",
                "--version",
                "3.6.1",
                "--output",
                &output,
            ];
            workspace.zookiln(arguments).start()
        };
        let children = [start(), start(), start()];
        for child in children {
            child.succeed();
        }
    }
}
