//! `verify --rebuild`: the image comes again from its inputs, or it is said where it does not.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use crate::support::{
    Behaviour, Edit, Layout, Snapshot, Workspace, fixture, flipped, forge, names, sha256,
    tarball_path,
};

const IMAGE: &str = "images/zookeeper-3.6.1";
const VERIFY: [&str; 4] = ["--quiet", "verify", IMAGE, "--rebuild"];

fn built() -> Workspace {
    let workspace = Workspace::new();
    workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();
    workspace
}

fn image(workspace: &Workspace) -> PathBuf {
    workspace.project().join(IMAGE)
}

fn digest(workspace: &Workspace) -> String {
    Layout::read(&image(workspace)).digest().to_owned()
}

#[test]
fn everything_is_made_anew_and_nothing_of_it_stays() {
    let workspace = built();
    let derived = workspace.cache().join("v1/derived");
    let blobs = workspace.cache().join("v1/blobs");
    let before = (Snapshot::of(&derived), names(&blobs.join("sha256")));
    let asked = workspace.server.requests();

    let run = workspace.zookiln(["verify", IMAGE, "--rebuild"]).succeed();

    assert!(
        run.stdout()
            .ends_with("; built again from tarball: the same)\n"),
        "{}",
        run.transcript()
    );
    let made = run.lines("made layer ");
    assert_eq!(made.len(), 9, "{}", run.transcript());
    assert_eq!(run.lines("warning: "), Vec::<&str>::new());
    assert_eq!(
        (Snapshot::of(&derived), names(&blobs.join("sha256"))),
        before
    );
    assert_eq!(
        workspace.server.requests(),
        asked,
        "the cache has all inputs"
    );
    assert_eq!(workspace.scratch(), Vec::<String>::new());
    assert_eq!(
        names(&workspace.project()),
        ["images", "versions.keys", "versions.lock", "versions.toml"]
    );
}

#[test]
fn each_variant_comes_again_and_one_platform_alone() {
    let workspace = Workspace::new();
    for (arguments, output) in [
        (&["--variant", "distroless"][..], "distroless"),
        (&["--platform", "linux/arm64"], "one-platform"),
    ] {
        let mut build =
            workspace.zookiln(["--quiet", "build", "--version", "3.6.1", "--output", output]);
        for argument in arguments {
            build = build.arg(argument);
        }
        build.succeed();

        workspace
            .zookiln(["--quiet", "verify", "--rebuild"])
            .arg(output)
            .succeed();
    }
}

#[test]
fn the_record_says_source_and_time() {
    let workspace = Workspace::new();
    workspace
        .zookiln([
            "--quiet",
            "build",
            "--version",
            "3.6.1",
            "--source",
            "maven",
        ])
        .env("SOURCE_DATE_EPOCH", "1000000000")
        .succeed();
    workspace.empty_cache();

    let run = workspace.zookiln(VERIFY).succeed();

    assert!(
        run.stdout().contains("built again from maven"),
        "{}",
        run.transcript()
    );
    assert_eq!(workspace.server.count(&tarball_path("3.6.1")), 0);
}

#[test]
fn a_layer_that_somebody_has_replaced_does_not_come_again() {
    let workspace = built();
    let old = Layout::read(&image(&workspace));
    // Every digest fits: only the inputs tell.
    let bash = |tar: Vec<u8>| {
        let position = tar.windows(12).position(|it| it == b"usr/bin/bash");
        let mut tar = tar;
        tar[position.unwrap() + 512] = b'd';
        tar
    };
    forge(&image(&workspace), &[Edit::Tar("shell", bash)]);
    workspace.zookiln(["verify", IMAGE]).succeed();
    let forged = Layout::read(&image(&workspace));

    let run = workspace.zookiln(VERIFY).fail();

    let run = run
        .name(forged.digest(), "[forged]")
        .name(old.digest(), "[image]")
        .name(&forged.images[0].layer("shell").digest, "[forged layer]")
        .name(&old.images[0].layer("shell").digest, "[layer]");
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet verify images/zookeeper-3.6.1 --rebuild
! error: `images/zookeeper-3.6.1`, built again, has another digest: expected [forged], found [image]
!   linux/amd64, layer shell: expected [forged layer], found [layer]
! hint: `--keep DIR` keeps what was built again; then `zookiln diff images/zookeeper-3.6.1 DIR` shows what differs
[exit 1]

"#]]
    );
    assert_eq!(Layout::read(&image(&workspace)).digest(), forged.digest());
}

#[test]
fn a_setting_that_somebody_has_changed_does_not_come_again() {
    let workspace = built();
    let user = |config: &mut Value| config["config"]["User"] = json!("1000");
    forge(&image(&workspace), &[Edit::Config(user)]);

    let run = workspace
        .zookiln(["--quiet", "verify", IMAGE, "--rebuild", "--format", "json"])
        .fail();

    let report: Value = serde_json::from_str(run.stdout()).unwrap();
    let rebuilt = &report["rebuilt"];
    assert_eq!(report["intact"], true);
    assert_eq!(rebuilt["same"], false);
    assert_eq!(rebuilt["changed"], json!([]));
    assert_eq!(rebuilt["source"], "tarball");
    let differences = rebuilt["differences"].as_array().unwrap();
    assert_eq!(differences.len(), 1, "{differences:#?}");
    assert_eq!(differences[0]["platform"], "linux/amd64");
    assert_eq!(differences[0]["part"], "config");
}

#[test]
fn what_was_built_again_is_kept_where_it_is_asked_for() {
    let workspace = built();
    let user = |config: &mut Value| config["config"]["User"] = json!("1000");
    let right = digest(&workspace);
    forge(&image(&workspace), &[Edit::Config(user)]);

    let run = workspace.zookiln(VERIFY).arg("--keep").arg("kept").fail();

    let kept = Layout::read(&workspace.project().join("kept"));
    assert_eq!(kept.digest(), right);
    let hint = format!("hint: `zookiln diff {IMAGE} kept` shows what differs");
    assert_eq!(run.lines("hint: "), [hint]);
}

#[test]
fn nothing_is_kept_in_place_of_something_else() {
    let workspace = built();
    for place in [IMAGE, "."] {
        let run = workspace.zookiln(VERIFY).arg("--keep").arg(place).run();
        assert_eq!(run.code, Some(2), "{}", run.transcript());
    }
    let run = workspace.zookiln(["verify", IMAGE, "--keep", "kept"]).run();
    assert_eq!(run.code, Some(2), "{}", run.transcript());
}

#[test]
fn a_damaged_image_is_not_built_again() {
    let workspace = built();
    let path = image(&workspace).join("oci-layout");
    fs::write(&path, flipped(&fs::read(&path).unwrap())).unwrap();
    workspace.empty_cache();
    let asked = workspace.server.requests();

    workspace.zookiln(VERIFY).fail();

    assert_eq!(workspace.server.requests(), asked);
    assert!(!workspace.cache().exists());
}

/// Something that a person does after a build.
type Change = fn(&Workspace);

#[test]
fn what_has_changed_since_is_said() {
    let catalog = |workspace: &Workspace| {
        workspace.edit_catalog("stop-signal = \"SIGTERM\"", "stop-signal = \"SIGQUIT\"");
    };
    let lock = |workspace: &Workspace| {
        workspace.server.add_files(&fixture().later.files);
        workspace.zookiln(["--quiet", "update"]).succeed();
    };
    let changes: [(&[Change], &str); 3] = [
        (&[catalog], "the catalog is"),
        (&[lock], "the lock is"),
        (&[catalog, lock], "the catalog and the lock are"),
    ];
    for (changes, said) in changes {
        let workspace = built();
        for change in changes {
            change(&workspace);
        }

        let run = workspace.zookiln(VERIFY).fail();

        assert_eq!(
            run.lines("warning: "),
            [format!(
                "warning: {said} not as when the image was built: its digest may not come again"
            )],
        );
        assert!(
            run.stderr.contains("has another digest"),
            "{}",
            run.transcript()
        );
    }
}

#[test]
fn a_change_that_does_not_touch_the_image_is_none() {
    let workspace = built();
    let other = "\"etc/issue*\", \"usr/lib/locale/**\"";
    workspace.edit_catalog(other, "\"usr/lib/locale/**\", \"etc/issue*\"");

    // Other words for the same: the catalog is another one, and the image is not.
    let run = workspace.zookiln(VERIFY).succeed();

    assert_eq!(run.lines("warning: ").len(), 1, "{}", run.transcript());
}

#[test]
fn a_version_that_the_catalog_has_no_more_is_named() {
    let workspace = built();
    let path = workspace.project().join("versions.toml");
    let text = fs::read_to_string(&path).unwrap();
    let (others, _) = text.rsplit_once("[[release]]").unwrap();
    fs::write(&path, others).unwrap();

    let run = workspace.zookiln(VERIFY).fail();

    assert!(
        run.stderr.contains("unknown version `3.6.1`"),
        "{}",
        run.transcript()
    );
}

#[test]
fn without_a_network_the_inputs_come_from_the_cache_or_not_at_all() {
    let workspace = built();
    workspace.zookiln(VERIFY).arg("--offline").succeed();
    workspace.empty_cache();

    let run = workspace.zookiln(VERIFY).arg("--offline").fail();

    assert!(
        run.stderr.contains("cannot build 3.6.1 again"),
        "{}",
        run.transcript()
    );
    assert_eq!(run.stdout(), "");
    assert_eq!(workspace.scratch(), Vec::<String>::new());

    workspace.zookiln(VERIFY).succeed();
}

#[test]
fn a_bad_input_in_the_cache_is_fetched_again() {
    let workspace = built();
    let path = fixture().path("bash_5.2.37-2_arm64.deb");
    let cached = workspace.cached(&fixture().digest(path));
    let bad = flipped(&fs::read(&cached).unwrap());
    fs::write(&cached, &bad).unwrap();

    let run = workspace.zookiln(VERIFY).succeed();

    let warnings = run.lines("warning: ");
    assert_eq!(warnings.len(), 1, "{}", run.transcript());
    assert!(warnings[0].contains(&sha256(&bad)), "{}", run.transcript());
}

#[test]
fn an_interrupted_rebuild_leaves_nothing() {
    let workspace = built();
    workspace.empty_cache();
    let path = fixture().path("bash_5.2.37-2_arm64.deb");
    workspace.server.answer(path, Behaviour::Stall);
    let before = Snapshot::of(&image(&workspace));
    let times = workspace.server.count(path) + 1;
    let child = workspace.zookiln(VERIFY).start();
    workspace.server.wait_for(path, times);

    let (ended_by, said) = child.interrupt("-INT");

    assert_eq!(ended_by, Some(2));
    assert_eq!(said, "interrupted: nothing is left half-written\n");
    assert_eq!(workspace.scratch(), Vec::<String>::new());
    assert!(Snapshot::of(&image(&workspace)) == before);
    assert_eq!(
        names(&workspace.project()),
        ["images", "versions.keys", "versions.lock", "versions.toml"]
    );
}
