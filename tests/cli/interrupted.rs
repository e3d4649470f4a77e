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

#[test]
fn an_interrupted_build_leaves_nothing_and_ends_by_the_signal() {
    for (signal, number) in [("-INT", 2), ("-TERM", 15)] {
        let workspace = Workspace::new();
        let path = fixture().path("bash_5.2.37-2_arm64.deb");
        workspace.server.answer(path, Behaviour::Stall);
        let child = workspace.zookiln(BUILD).start();
        workspace.server.wait_for(path, 1);

        let (ended_by, said) = child.interrupt(signal);

        assert_eq!(ended_by, Some(number));
        assert_eq!(said, "interrupted: nothing is left half-written\n");
        assert_eq!(workspace.scratch(), Vec::<String>::new());
        assert_eq!(
            names(&workspace.project()),
            ["versions.keys", "versions.lock", "versions.toml"]
        );
        workspace.server.answer(path, Behaviour::Honest);
        workspace.zookiln(BUILD).succeed();
        assert_no_trace(&workspace);
    }
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

/// Every moment of a cold build, in fifty steps of its length, each hit at random.
#[test]
fn a_build_killed_at_any_moment_is_taken_up_and_leaves_nothing() {
    const MOMENTS: u32 = 50;
    let workspace = Workspace::new();
    let start_afresh = || {
        workspace.empty_cache();
        let images = workspace.project().join("images");
        if images.exists() {
            fs::remove_dir_all(images).unwrap();
        }
    };
    start_afresh();
    let begun = Instant::now();
    workspace.zookiln(BUILD).succeed();
    let length = begun.elapsed();
    let expected = read(&workspace).digest().to_owned();
    let seed = match std::env::var("ZOOKILN_TEST_SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => fastrand::u64(..),
    };
    let mut random = fastrand::Rng::with_seed(seed);

    for step in 0..MOMENTS {
        let moment = length.mul_f64((f64::from(step) + random.f64()) / f64::from(MOMENTS));
        eprintln!("ZOOKILN_TEST_SEED={seed}: killed after {moment:?} of {length:?}");
        start_afresh();
        let child = workspace.zookiln(BUILD).start();
        // Nothing is waited for: the moment is what is tested.
        std::thread::sleep(moment);
        child.kill();

        let run = workspace.zookiln(BUILD).succeed();

        assert_eq!(run.lines("warning: "), Vec::<&str>::new());
        assert_eq!(read(&workspace).digest(), expected);
        assert_no_trace(&workspace);
    }
}

/// There is nothing but catalog, lock and a layout, and a cache that nobody uses.
fn assert_no_trace(workspace: &Workspace) {
    let project = workspace.project();
    assert_eq!(
        names(&project),
        ["images", "versions.keys", "versions.lock", "versions.toml"]
    );
    assert_eq!(names(&project.join("images")), ["zookeeper-3.6.1"]);
    let layout = project.join("images/zookeeper-3.6.1");
    assert_eq!(names(&layout), ["blobs", "index.json", "oci-layout"]);
    assert_eq!(names(&layout.join("blobs")), ["sha256"]);
    let cache = workspace.cache().join("v1");
    for directory in ["work", "claims"] {
        assert_eq!(names(&cache.join(directory)), Vec::<String>::new());
    }
    for (directory, length) in [("blobs/sha256", 64), ("blobs/sha512", 128)] {
        for name in names(&cache.join(directory)) {
            assert!(name.len() == length, "{directory}/{name}");
        }
    }
}

/// Waits until so many builds have opened the cache: each has a directory and its lock.
fn wait_for_builds(workspace: &Workspace, builds: usize) {
    let work = workspace.cache().join("v1/work");
    let begun = Instant::now();
    while !work.exists() || names(&work).len() < 2 * builds {
        assert!(begun.elapsed() < DEADLINE, "there are no {builds} builds");
        std::thread::yield_now();
    }
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
    wait_for_builds(&workspace, children.len());
    workspace.server.wait_for(path, 1);
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
